"""The timeline in words: each happening as the component `timeline` draws it."""

import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.urls import reverse

from credit_mgmt.models import LimitHistory
from credit_mgmt.templatetags.formats import amount, limit_amount
from customers.numbers import grouped
from holds.history import Happening
from holds.words import EVENTS, actor_words, details_of

Item = dict[str, Any]
SOURCES = dict(LimitHistory.Source.choices)
_AMOUNT = re.compile(r"-?\d+\.\d{4}")
OUTCOMES = {"held": "still held", "passed": "nothing would hold it", "not_checked": "not checked"}


def told(happenings: Sequence[Happening], *, hold: str = "") -> list[Item]:
    """What happened, newest first; what happened to other holds than the one numbered `hold` names its order."""
    return [_told(happening, hold) for happening in happenings]


def _told(happening: Happening, hold: str) -> Item:
    item = _WORDS[happening.source](happening.about, hold)
    return {"at": happening.at, "actor": _actor(happening), **item}


def _actor(happening: Happening) -> str:
    """Who did it: always named, also where only a feed can have."""
    if not happening.actor:
        return "reported by the ERP"
    return actor_words(happening.actor, happening.actor_name)


def _event(about: Mapping[str, Any], hold: str) -> Item:
    words, icon, tone = EVENTS.get(about["type"], (str(about["type"]).replace("_", " ").capitalize(), "", ""))
    item: Item = {"icon": icon or "circle-dot", "tone": tone, "text": words, "detail": details_of(about["data"])}
    if about["hold"] == hold:
        return item
    return {**item, "text": f"{words}: {about['order']}", "url": reverse("hold-detail", args=[about["hold"]])}


def _evaluation(about: Mapping[str, Any], hold: str) -> Item:
    outcome = OUTCOMES.get(about["outcome"], about["outcome"])
    return {"icon": "refresh-cw", "tone": "", "text": f"Evaluated: {outcome}", "detail": "nothing changed"}


def _payment(about: Mapping[str, Any], hold: str) -> Item:
    value = f"{amount(Decimal(about['amount']), about['currency'])} {about['currency']}"
    text = f"Payment {about['number']}, {value}"
    if about["reversed_on"]:
        return {"icon": "undo-2", "tone": "failed", "text": text, "detail": f"reversed on {about['reversed_on']}"}
    return {"icon": "banknote", "tone": "ready", "text": text, "detail": ""}


def _limit(about: Mapping[str, Any], hold: str) -> Item:
    def said(value: str, unlimited: bool) -> str:
        return "unlimited" if unlimited else str(limit_amount(Decimal(value), about["currency"]))

    before, now = said(about["previous"], about["previous_unlimited"]), said(about["limit"], about["unlimited"])
    of_group = f" of group {about['group']}" if about["group"] else ""
    whose = f"Limit{of_group}"
    text = f"{whose} {before} → {now}" if before != now else f"{whose} {now}"
    until = f"to {about['expires_on']}" if about["expires_on"] else ""
    if about["kind"] != LimitHistory.Kind.LIMIT:
        taken_back = " taken back" if about["kind"] == LimitHistory.Kind.WITHDRAWN else ""
        text = f"Temporary limit{of_group} {said(about['temporary'], False)}{taken_back}"
        until = f"{about['valid_from']} to {about['valid_to']}"
    source = about["journal"] or str(SOURCES.get(about["source"], about["source"])).lower()
    note = f"“{about['note']}”" if about["note"] else ""
    detail = " · ".join(filter(None, (source, until, note)))
    return {"icon": "scale", "tone": "", "text": text, "detail": detail}


COVER = {
    "type": "type", "insurer": "insurer", "coverage_type": "coverage type", "identification": "number",
    "effective_on": "from", "expires_on": "to", "value": "value", "currency": "currency", "update_percent": "counts %",
    "update_amount": "counts", "included_in_exposure": "in exposure",
}  # fmt: skip
"""The fields of a policy as its changes name them."""


def _cover(about: Mapping[str, Any], hold: str) -> Item:
    before, after = about["before"], about["after"]
    number = about["number"] or (after or before).get("identification") or "without number"
    if before and after:
        changes = [
            f"{words} {_plain(before[name])} → {_plain(after[name])}" for name, words in COVER.items() if name in after
        ]
        return {"icon": "shield", "tone": "", "text": f"Policy {number} changed", "detail": ", ".join(changes)}
    policy = after or before
    kind, done = str(policy["identifier"]).capitalize(), "entered" if after else "removed"
    worth = f"{amount(Decimal(policy['value']), policy['currency'])} {policy['currency']}"
    share = f"{_plain(policy['update_percent'])} %" if policy["update_percent"] else _plain(policy["update_amount"])
    detail = f"{worth}, counts {share}, {policy['effective_on']} to {policy['expires_on']}"
    return {"icon": "shield", "tone": "", "text": f"{kind} {number} {done}", "detail": detail}


def _plain(value: Any) -> str:
    """A recorded value as people read it; amounts and percentages were recorded as texts with four decimals."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str) and _AMOUNT.fullmatch(value):
        return grouped(Decimal(value).normalize())
    return "none" if value in {None, ""} else str(value)


PROFILE = {
    "account_status": "Account status",
    "credit_management_group": "Credit management group",
    "credit_group": "Customer credit group",
    "excluded": "Excluded from credit management",
    "ignore_until": "Ignored until",
}


def _profile(about: Mapping[str, Any], hold: str) -> Item:
    def said(value: Any) -> str:
        if isinstance(value, bool):
            return "yes" if value else "no"
        return "none" if value is None else str(value)

    changes = [
        f"{words} {said(about['before'].get(name))} → {said(about['after'].get(name))}"
        for name, words in PROFILE.items()
        if name in about["after"]
    ]
    return {"icon": "pencil", "tone": "", "text": ", ".join(changes), "detail": ""}


def _note(about: Mapping[str, Any], hold: str) -> Item:
    return {"icon": "message-square", "tone": "", "text": "Note on the customer", "detail": f"“{about['text']}”"}


def _file(about: Mapping[str, Any], hold: str) -> Item:
    return {
        "icon": "file-text",
        "tone": "",
        "text": about["name"],
        "url": reverse("file", args=[about["file"]]),
        "detail": "file added",
    }


def _new_orders(about: Mapping[str, Any], hold: str) -> Item:
    text = f"New orders are forced on hold until {about['until']}"
    return {"icon": "hand", "tone": "forced", "text": text, "detail": _why(about)}


def _new_orders_end(about: Mapping[str, Any], hold: str) -> Item:
    text = f"New orders are no longer forced on hold (it was until {about['until']})"
    return {"icon": "undo-2", "tone": "", "text": text, "detail": _why(about)}


def _why(about: Mapping[str, Any]) -> str:
    return " · ".join(filter(None, (about["reason"], f"“{about['note']}”" if about["note"] else "")))


_WORDS: dict[str, Callable[[Mapping[str, Any], str], Item]] = {
    "event": _event,
    "evaluation": _evaluation,
    "payment": _payment,
    "limit": _limit,
    "cover": _cover,
    "profile": _profile,
    "note": _note,
    "file": _file,
    "new_orders": _new_orders,
    "new_orders_end": _new_orders_end,
}
