"""One hold (`ux.md` 3.2): why, how bad, what would clear it, what happened before; and the actions on it."""

import datetime as dt
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse

from credit_mgmt import display
from credit_mgmt.checks import check_order
from credit_mgmt.engine.decision import Decision
from credit_mgmt.exposure import position_of
from customers import access
from customers.access import Action
from customers.views import PageView
from holds.models import Hold, HoldEvent, HoldReason
from holds.pages.facts import order_facts
from holds.pages.position import ageing, limit_stack, position_bar
from holds.recording import FORCED, POSTING_FAILED
from holds.releases import REINSTATE_WITHIN
from holds.words import ORDER, REASONS, actor_words, chips_of, status_of, timeline

Item = dict[str, Any]
RELATED = (
    "order", "order__customer", "order__legal_entity", "payer", "payer__account_status", "legal_entity", "assignee",
    "release_reason", "forced_reason", "last_decision",
)  # fmt: skip
OTHERS = 8
EVENTS = 40


def hold_or_404(number: str, page: PageView) -> Hold:
    """The hold with that number, as far as the reader may see it."""
    visible = access.scoped(Hold.objects.all(), page.actor, Action.VIEW)
    hold = visible.filter(number=number).select_related(*RELATED).first()
    if hold is None:
        raise Http404(f"Hold {number} was not found.")
    return hold


class HoldPage(PageView):
    """GET `/holds/H-000123/`."""

    looks = Action.VIEW
    section = "holds"

    def get(self, request: HttpRequest, number: str) -> HttpResponse:
        """The page: what was decided, and what the same check says now."""
        hold = hold_or_404(number, self)
        today = self.today(hold.legal_entity.time_zone)
        position = position_of(hold.payer, today)
        reasons = list(HoldReason.objects.filter(hold=hold).order_by("-valid", "added_at", "pk"))
        decision = self._now(hold, today)
        figures = decision.figures if decision else None
        return self.page(
            "holds/detail.html",
            {
                "hold": hold,
                "status": status_of(hold),
                "reasons": [_reason(reason, hold) for reason in _by_severity(reasons)],
                "decision": decision,
                "remedies": display.remedy_rows(decision) if decision else [],
                "owner": (hold.assignee.get_full_name() or hold.assignee.get_username()) if hold.assignee else "",
                "forced_only": hold.forced and not any(row.valid and row.type != FORCED for row in reasons),
                "exposure": display.exposure_bar(figures) if figures else position_bar(position),
                "with_order": bool(figures),
                "group": display.group_figures(figures),
                "limit": limit_stack(position, today),
                "ageing": ageing(position),
                "steps": display.trace_steps(decision.trace) if decision else [],
                "facts": order_facts(hold.order, hold.legal_entity.accounting_currency_id, hold.amount),
                "others": self._others(hold),
                "events": timeline(_events(hold)),
                "actions": self._actions(hold),
                "small_actions": self._small_actions(hold),
                "warnings": self._warnings(hold),
                "today": today,
            },
        )

    def _now(self, hold: Hold, today: dt.date) -> Decision | None:
        """What the very same check says now, with what would clear it; nothing for a hold that is closed."""
        if hold.status != Hold.Status.ACTIVE:
            return None
        return check_order(
            hold.order_id,
            checkpoint=hold.checkpoint,
            pro_forma=hold.pro_forma,
            as_of={hold.legal_entity_id: today},
            evaluation=True,
            with_remedies=True,
        )

    def _others(self, hold: Hold) -> list[Item]:
        rows = access.scoped(Hold.objects.all(), self.actor).filter(payer=hold.payer, status=Hold.Status.ACTIVE)
        rows = rows.exclude(pk=hold.pk).select_related("order").order_by("ship_date", "number")[: OTHERS + 1]
        return [{"hold": other, "chips": chips_of(other), "status": status_of(other)} for other in rows]

    def _actions(self, hold: Hold) -> list[Item]:
        """What the reader may do with the hold; what is not possible in this case says why."""
        entity = hold.legal_entity_id
        if hold.status != Hold.Status.ACTIVE:
            return self._closed_actions(hold)
        query = f"?hold={hold.number}&next={reverse('hold-detail', args=[hold.number])}"
        actions: list[Item] = []
        if self.may(Action.RELEASE, entity):
            release: Item = {
                "label": "Release…",
                "url": reverse("hold-release") + query,
                "icon": "check",
                "primary": True,
                "dialog": True,
                "shortcut": "r",
            }
            if hold.forced and not self.may(Action.RELEASE_FORCED, entity):
                release["disabled_because"] = "A credit manager releases a forced hold."
            actions.append(release)
        if self.may(Action.REJECT, entity):
            actions.append(
                {
                    "label": "Reject…",
                    "url": reverse("hold-reject") + query,
                    "icon": "x",
                    "dialog": True,
                    "shortcut": "d",
                }
            )
        if self.may(Action.EVALUATE, entity):
            url = reverse("hold-evaluate") + f"?hold={hold.number}"
            actions.append({"label": "Evaluate", "url": url, "icon": "refresh-cw", "dialog": True, "shortcut": "e"})
        if self.may(Action.FORCE_HOLD, entity) and not hold.forced:
            url = reverse("order-force", args=[entity, hold.order.number])
            actions.append({"label": "Force hold…", "url": url, "icon": "hand", "dialog": True})
        return actions

    def _closed_actions(self, hold: Hold) -> list[Item]:
        """A release without posting can be taken back by the same person for a while (`domain 6`)."""
        mine = hold.decided_by == self.actor.reference and hold.release_mode == Hold.Mode.WITHOUT_POSTING
        if hold.status != Hold.Status.RELEASED or not mine:
            return []
        action: Item = {
            "label": "Take release back",
            "url": reverse("hold-reinstate", args=[hold.number]),
            "post": True,
            "icon": "undo-2",
        }
        if hold.decided_at is None or self.now - hold.decided_at > REINSTATE_WITHIN:
            action["disabled_because"] = "A release can be taken back for 15 minutes."
        return [action]

    def _small_actions(self, hold: Hold) -> list[Item]:
        """Working the hold: whose it is, when to look again, what to remember."""
        if not self.may(Action.WORK_HOLDS, hold.legal_entity_id) or hold.status != Hold.Status.ACTIVE:
            return []
        query = f"?hold={hold.number}&next={reverse('hold-detail', args=[hold.number])}"
        return [
            {
                "label": "Assign…",
                "url": reverse("hold-assign") + query,
                "icon": "user",
                "dialog": True,
                "shortcut": "a",
                "quiet": True,
            },
            {
                "label": "Review date…",
                "url": reverse("hold-review", args=[hold.number]),
                "icon": "calendar",
                "dialog": True,
                "quiet": True,
            },
            {
                "label": "Add note…",
                "url": reverse("hold-note", args=[hold.number]),
                "icon": "message-square",
                "dialog": True,
                "shortcut": "n",
                "quiet": True,
            },
        ]

    def _warnings(self, hold: Hold) -> list[Item]:
        if hold.status == Hold.Status.ACTIVE:
            return []
        words = {"released": "Released", "rejected": "Rejected", "cancelled": "Cancelled with its order"}
        how = f", {hold.get_release_mode_display().lower()}" if hold.release_mode else ""
        event = HoldEvent.objects.filter(hold=hold, version=hold.version).first()
        who = actor_words(hold.decided_by, event.actor_name if event else "") if hold.decided_by else ""
        reason = (
            f"Reason: {hold.release_reason.description or hold.release_reason.code}." if hold.release_reason else ""
        )
        return [{"title": f"{words[hold.status]}{how} {who}".strip(), "text": reason, "at": hold.decided_at}]


def _by_severity(reasons: list[HoldReason]) -> list[HoldReason]:
    return sorted(
        reasons, key=lambda row: (not row.valid, ORDER.index(row.type) if row.type in ORDER else len(ORDER), row.pk)
    )


def _events(hold: Hold) -> list[HoldEvent]:
    return list(HoldEvent.objects.filter(hold=hold).order_by("-version")[:EVENTS])


def _reason(reason: HoldReason, hold: Hold) -> Item:
    """One reason: its sentence as it was written with the figures that were compared."""
    rule_name = reason.evidence.get("rule_name", "")
    return {
        "title": REASONS.get(reason.type, reason.type),
        "sentence": reason.message,
        "rule": f"Rule {rule_name}" if rule_name else "",
        "rule_url": reverse("rule-edit", args=[reason.rule]) if reason.rule else "",
        "level": display.LEVELS.get(reason.level, ""),
        "cleared": not reason.valid,
        "cleared_text": f"Cleared {reason.cleared_at:%-d %b %H:%M}. It was: {reason.message}"
        if reason.cleared_at
        else "",
        "tone": {FORCED: "forced", POSTING_FAILED: "failed"}.get(reason.type, ""),
    }
