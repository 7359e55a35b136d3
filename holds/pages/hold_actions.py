"""What a reader may do with one hold, as buttons: the same on its page, in the peek and after somebody else decided."""

from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from customers.access import Action
from customers.views import PageView
from holds.models import Hold
from holds.releases import REINSTATE_WITHIN

Item = dict[str, Any]


def actions_of(page: PageView, hold: Hold, *, back: str = "") -> list[Item]:
    """The decisions; what is not possible in this case says why. `back` is where a dialog leads on to."""
    if hold.status != Hold.Status.ACTIVE:
        return _closed_actions(page, hold)
    entity = hold.legal_entity_id
    query = _query(hold, back)
    actions: list[Item] = []
    if page.may(Action.RELEASE, entity):
        release = _button("Release…", reverse("hold-release") + query, "check", "r")
        release["primary"] = True
        if hold.forced and not page.may(Action.RELEASE_FORCED, entity):
            release["disabled_because"] = "A credit manager releases a forced hold."
        actions.append(release)
    if page.may(Action.REJECT, entity):
        actions.append(_button("Reject…", reverse("hold-reject") + query, "x", "d"))
    if page.may(Action.WORK_HOLDS, entity):
        actions.append(_button("Snooze…", reverse("hold-snooze") + query, "clock", "h"))
        if hold.snoozed_until is not None:
            actions.append(_button("Wake", reverse("hold-wake") + query, "activity", ""))
    if page.may(Action.EVALUATE, entity):
        url = reverse("hold-evaluate") + f"?hold={hold.number}"
        actions.append(_button("Evaluate", url, "refresh-cw", "e"))
    if page.may(Action.FORCE_HOLD, entity) and not hold.forced:
        actions.append(_button("Force hold…", reverse("order-force", args=[entity, hold.order.number]), "hand", ""))
    return actions


def small_actions_of(page: PageView, hold: Hold, *, back: str = "") -> list[Item]:
    """Working the hold: whose it is, when to look again, what to remember."""
    if not page.may(Action.WORK_HOLDS, hold.legal_entity_id) or hold.status != Hold.Status.ACTIVE:
        return []
    named = [hold.number]
    actions = [
        _button("Assign…", reverse("hold-assign") + _query(hold, back), "user", "a"),
        *_claim(page, hold, back),
        _button("Review date…", reverse("hold-review", args=named), "calendar", ""),
        _button("Add note…", reverse("hold-note", args=named), "message-square", "n"),
    ]
    return [{**action, "quiet": True} for action in actions]


def _claim(page: PageView, hold: Hold, back: str) -> list[Item]:
    """Taking a hold that is somebody else's, or nobody's."""
    if hold.assignee_id == page.actor.user_id:
        return []
    return [_button("Take", reverse("hold-claim") + _query(hold, back), "user-check", "m")]


def _query(hold: Hold, back: str) -> str:
    """The hold, and where the dialog leads on to, as one value however many keys that address has."""
    return "?" + urlencode({"hold": hold.number, "next": back or reverse("hold-detail", args=[hold.number])})


def _button(label: str, url: str, icon: str, key: str) -> Item:
    return {"label": label, "url": url, "icon": icon, "dialog": True, "shortcut": key}


def _closed_actions(page: PageView, hold: Hold) -> list[Item]:
    """A release without posting can be taken back by the same person for a while (`domain 6`)."""
    mine = hold.decided_by == page.actor.reference and hold.release_mode == Hold.Mode.WITHOUT_POSTING
    if hold.status != Hold.Status.RELEASED or not mine:
        return []
    url = reverse("hold-reinstate", args=[hold.number])
    action: Item = {"label": "Take release back", "url": url, "post": True, "icon": "undo-2"}
    if hold.decided_at is None or page.now - hold.decided_at > REINSTATE_WITHIN:
        action["disabled_because"] = "A release can be taken back for 15 minutes."
    return [action]


def step_url(number: str, way: str, listed: str) -> str:
    """The address of the hold beside `number`."""
    return f"{reverse('hold-step', args=[number, way])}?{urlencode({'from': listed})}"


def steps_of(number: str, listed: str) -> Item:
    """The ways to the holds beside `number` before anybody has looked whether there are any."""
    return {
        "previous": step_url(number, "previous", listed),
        "next": step_url(number, "next", listed),
        "text": "",
        "fill_url": f"{reverse('hold-place', args=[number])}?{urlencode({'from': listed})}",
        "back": f"{reverse('hold-list')}{f'?{listed}' if listed else ''}",
    }
