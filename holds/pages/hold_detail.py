"""One hold (`ux.md` 3.2): why, how bad, what would clear it, what happened before; and the actions on it."""

import datetime as dt
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.contrib.postgres.aggregates import JSONBAgg
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce, JSONObject
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse

from credit_mgmt import display
from credit_mgmt.decisions import stored_decision
from credit_mgmt.limits.components import components_of
from credit_mgmt.masking import Mask
from credit_mgmt.standing import CreditStanding
from customers import access
from customers.access import Action
from customers.views import PageView
from holds.history import timeline_of
from holds.masked import masked
from holds.models import Attachment, CustomerNote, Hold, HoldEvent, HoldReason
from holds.pages import hold_blocks as blocks
from holds.pages.facts import order_facts
from holds.pages.hold_actions import actions_of, small_actions_of, steps_of
from holds.pages.panel_contents import document_urls
from holds.pages.position import ageing, limit_stack
from holds.pages.telling import told
from holds.words import actor_words, chips_of, status_of

Item = dict[str, Any]
RELATED = (
    "order", "order__customer", "order__legal_entity", "payer", "payer__account_status", "payer__pinned_note__note",
    "legal_entity", "assignee", "release_reason", "forced_reason", "look",
)  # fmt: skip
REASON_COLUMNS = ("id", "type", "rule", "level", "account", "evidence", "message", "valid", "cleared_at")
OTHERS = 8
EVENTS = 8
PANELS = {
    "trace": "Rule trace", "orders": "Order history", "invoices": "Invoices", "payments": "Payments",
    "timeline": "Timeline", "notes": "Notes and files", "audit": "Audit",
}  # fmt: skip
"""What stands under the tabs of a hold, in their order."""


def hold_or_404(number: str, page: PageView) -> Hold:
    """The hold with that number, as far as the reader may see it, with its reasons (`reasons_of`) and with how many
    `notes` and files there are; one query."""
    visible = access.scoped(Hold.objects.all(), page.actor)
    hold = _told(_counted(visible.filter(number=number))).select_related(*RELATED).first()
    if hold is None:
        raise Http404(f"Hold {number} was not found.")
    return hold


def _counted(holds: QuerySet[Hold]) -> QuerySet[Hold]:
    sources = (
        HoldEvent.objects.filter(hold=OuterRef("pk"), type="noted").order_by().values("hold"),
        CustomerNote.objects.filter(customer=OuterRef("payer")).order_by().values("customer"),
        Attachment.objects.filter(customer=OuterRef("payer")).order_by().values("customer"),
    )
    counts = [Coalesce(Subquery(rows.annotate(count=Count("pk")).values("count")), 0) for rows in sources]
    return holds.annotate(notes=counts[0] + counts[1] + counts[2])


def _told(holds: QuerySet[Hold]) -> QuerySet[Hold]:
    when = HoldEvent.objects.filter(hold=OuterRef("hold"), at=OuterRef("cleared_at")).order_by("-version")
    reason = JSONObject(**{name: name for name in REASON_COLUMNS}, causes=Subquery(when.values("data__causes")[:1]))
    rows = HoldReason.objects.filter(hold=OuterRef("pk")).order_by().values("hold")
    return holds.annotate(reason_rows=Subquery(rows.annotate(all=JSONBAgg(reason, order_by="pk")).values("all")))


def reasons_of(hold: Hold) -> list[HoldReason]:
    """The reasons that `hold_or_404` read with the hold; a cleared one knows its `causes`."""
    return [_reason_of(hold, dict(row)) for row in getattr(hold, "reason_rows", None) or []]


def _reason_of(hold: Hold, row: Item) -> HoldReason:
    causes, cleared_at = row.pop("causes"), row.pop("cleared_at")
    reason = HoldReason(hold=hold, cleared_at=dt.datetime.fromisoformat(cleared_at) if cleared_at else None, **row)
    reason.causes = causes or []  # type: ignore[attr-defined]  # what an event said, kept beside the row
    return reason


class HoldPage(PageView):
    """GET `/holds/H-000123/`; `?at=hold` shows what was found when the order was stopped."""

    looks = Action.VIEW
    section = "holds"

    def get(self, request: HttpRequest, number: str) -> HttpResponse:
        """The page: what was decided, and what the same check says now."""
        hold = hold_or_404(number, self)
        standing = blocks.standing_now(self, hold)
        others = self._others(hold)
        wide = request.GET.get("held") == "1"
        held_orders = standing.would_use([other.order_id for other in others]) if wide else None
        context = {
            **why_context(self, hold, standing),
            "actions": actions_of(self, hold, back=self._here(hold)),
            **_credit(hold, standing, held_orders),
            **self._around(hold, others),
            "with_held": wide,
        }
        if request.GET.get("at") == "hold" and hold.decision_id is not None:
            context |= _then(hold, standing, Mask(self.actor))
        return self.page("holds/detail.html", context)

    def _around(self, hold: Hold, others: list[Hold]) -> Item:
        """What stands beside the three blocks: order, work, other holds, the last events, the tabs."""
        today, mask = self.today(hold.legal_entity.time_zone), Mask(self.actor)
        return {
            "owner": (hold.assignee.get_full_name() or hold.assignee.get_username()) if hold.assignee else "",
            "facts": order_facts(hold.order, hold.legal_entity.accounting_currency_id, hold.amount),
            "others": [
                {"hold": other, "chips": chips_of(other, mask), "status": status_of(other)} for other in others[:OTHERS]
            ],
            "other_count": len(others),
            "fit_url": self._fit_url(hold) if others else "",
            "events": told(timeline_of(hold.payer, mask=mask, hold=hold, per=EVENTS).rows, hold=hold.number),
            "tabs": tabs_of(hold, "trace"),
            "small_actions": small_actions_of(self, hold, back=self._here(hold)),
            "bulk_actions": _bulk_actions(self, hold),
            "warnings": closing(hold),
            "list_url": reverse("hold-list"),
            "place": steps_of(hold.number, self.request.GET["from"]) if "from" in self.request.GET else None,
            "today": today,
            "now_url": self._without("at"),
            "then_url": self._with(at="hold") if hold.decision_id is not None else "",
            "held_url": self._without("held") if self.request.GET.get("held") == "1" else self._with(held="1"),
        }

    def _fit_url(self, hold: Hold) -> str:
        """Where the orders of this customer are chosen that its free limit carries; nothing for who may not release."""
        if not self.may(Action.RELEASE, hold.legal_entity_id):
            return ""
        return f"{reverse('hold-fit')}?{urlencode({'customer': hold.payer.key, 'next': self._here(hold)})}"

    def _here(self, hold: Hold) -> str:
        """Where a dialog leads back to: this page, with the list that it came from."""
        here, listed = reverse("hold-detail", args=[hold.number]), self.request.GET.get("from", "")
        return f"{here}?{urlencode({'from': listed})}" if listed else here

    def _with(self, **values: str) -> str:
        query = self.request.GET.copy()
        for key, value in values.items():
            query[key] = value
        return f"?{query.urlencode()}"

    def _without(self, key: str) -> str:
        query = self.request.GET.copy()
        query.pop(key, None)
        return f"?{query.urlencode()}" if query else self.request.path

    def _others(self, hold: Hold) -> list[Hold]:
        rows = access.scoped(Hold.objects.all(), self.actor).filter(payer=hold.payer, status=Hold.Status.ACTIVE)
        return list(rows.exclude(pk=hold.pk).select_related("order").order_by("ship_date", "number")[:200])


def why_context(page: PageView, hold: Hold, standing: CreditStanding) -> Item:
    """Why, what clears it and what can be done: what the page and the peek have in common."""
    mask = Mask(page.actor)
    reasons = [masked(row, mask) for row in reasons_of(hold)]
    decision = standing.decision
    return {
        "hold": hold,
        "status": status_of(hold),
        "reasons": blocks.why(hold, reasons),
        "decision": decision,
        "remedies": blocks.remedies(page, hold, standing),
        "forced_only": blocks.forced_only(hold, reasons),
        "recheck": blocks.recheck(hold, reasons, decision, page.now),
        "stale": standing.decision is not None
        and hold.looked_at is not None
        and page.now - hold.looked_at > blocks.STALE_AFTER,
        "missing_rate": blocks.missing_rate(standing),
        "actions": actions_of(page, hold),
        "pinned": getattr(hold.payer, "pinned_note", None),
    }


def _credit(hold: Hold, standing: CreditStanding, held_orders: Decimal | None) -> Item:
    """Exposure, limit, ageing and trace as of now."""
    decision, position = standing.decision, standing.position
    figures = decision.figures if decision is not None else None
    return {
        "exposure": blocks.exposure(standing, segment_urls(hold), held_orders=held_orders),
        "with_order": figures is not None and figures.get("exposure_after") is not None,
        "group": display.group_figures(figures),
        "limit": limit_stack(
            position, components_of(hold.payer, position, standing.setting.rates), binds=standing.own_limit_binds
        ),
        "ageing": ageing(position, reverse("hold-panel", args=[hold.number, "invoices"])),
        "steps": display.trace_steps(decision.trace) if decision is not None else [],
    }


def segment_urls(hold: Hold) -> dict[str, str]:
    """Where the segments of the bar of a hold lead: to the documents that add up to each."""
    urls = document_urls(lambda panel, query: reverse("hold-panel", args=[hold.number, panel]) + query)
    return {**urls, "this_order": reverse("order", args=[hold.legal_entity_id, hold.order.number])}


def _then(hold: Hold, standing: CreditStanding, mask: Mask) -> Item:
    """The page as it was when the order was stopped: reasons, figures and trace of the stored decision."""
    record = hold.decision
    if record is None:
        return {}
    then = mask.decision(stored_decision(record))
    bar = display.exposure_bar(then.figures)
    if bar is not None and not bar["unlimited"] and not standing.own_limit_binds:
        bar["limit"] = None
    return {
        "at_hold": record,
        "reasons": blocks.why_then(hold, then),
        "exposure": bar,
        "with_order": True,
        "group": display.group_figures(then.figures),
        "steps": display.trace_steps(then.trace),
        "compared": blocks.compared(then, standing.decision),
        "reasons_compared": blocks.reasons_compared(then, standing.decision),
    }


def tabs_of(hold: Hold, active: str) -> list[Item]:
    """The tabs under a hold; the rule trace is on the page itself."""
    return [
        {
            "label": label,
            "url": reverse("hold-panel", args=[hold.number, name]),
            "active": name == active,
            "count": getattr(hold, "notes", None) or None if name == "notes" else None,
            "key": str(number),
        }
        for number, (name, label) in enumerate(PANELS.items(), start=1)
    ]


def _bulk_actions(page: PageView, hold: Hold) -> list[Item]:
    """What can be done with several holds of the customer at once."""
    known = (
        (Action.RELEASE, "Release…", "hold-release", "check"),
        (Action.REJECT, "Reject…", "hold-reject", "x"),
        (Action.EVALUATE, "Evaluate…", "hold-evaluate", "refresh-cw"),
    )
    return [
        {"label": label, "url": reverse(name), "icon": icon}
        for action, label, name, icon in known
        if page.may(action, hold.legal_entity_id)
    ]


def closing(hold: Hold) -> list[Item]:
    """How a closed hold ended: by whom, how and why. One query, or none."""
    if hold.status == Hold.Status.ACTIVE:
        return []
    words = {"released": "Released", "rejected": "Rejected", "cancelled": "Cancelled with its order"}
    how = f", {hold.get_release_mode_display().lower()}" if hold.release_mode else ""
    event = HoldEvent.objects.filter(hold=hold, to_status=hold.status).order_by("-version").first()
    who = actor_words(hold.decided_by, event.actor_name if event else "") if hold.decided_by else ""
    reason = hold.release_reason
    text = f"Reason: {reason.description or reason.code}." if reason else ""
    note = str(event.data.get("note") or "") if event else ""
    said = " ".join(filter(None, (text, f"“{note}”" if note else "")))
    return [{"title": f"{words[hold.status]}{how} {who}".strip(), "text": said, "at": hold.decided_at}]
