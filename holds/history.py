"""What happened to a customer's credit, in one line of time: holds, decisions, evaluations, payments, limits, notes and
files (`ux.md` 3.2, Timeline).

One statement whatever the number of kinds: each source gives its newest rows, and only as many as the page shows. It
reads evidence as it was written; who acted is named as it was recorded.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.contrib.auth import get_user_model
from django.db.models import CharField, DateTimeField, F, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast, Coalesce, Concat, JSONObject, LPad, NullIf

from credit_mgmt.masking import Mask
from credit_mgmt.models import CoverChange, CoverPolicy, DecisionRecord, LimitHistory
from customers.models import Customer, CustomerTransaction, ProfileChange
from holds.events import EventType
from holds.models import Attachment, CustomerNote, Hold, HoldEvent, StandingForce

DECISIONS = (EventType.RELEASED, EventType.REINSTATED, EventType.REJECTED, EventType.REOPENED, EventType.CANCELLED)
EVALUATIONS = (EventType.REASON_ADDED, EventType.REASON_CLEARED, EventType.READY, EventType.NOT_READY)
KINDS = {
    "holds": "Holds",
    "decisions": "Decisions",
    "evaluations": "Evaluations",
    "payments": "Payments",
    "limits": "Limits",
    "profile": "Status and profile",
    "notes": "Notes and files",
}
"""What the timeline can be narrowed to."""

_COLUMNS = ("happened", "told_by", "ident", "by", "by_name", "about")


class Happening(NamedTuple):
    """One line of the timeline; `source` says what is `about`, `ident` makes the order total."""

    at: dt.datetime
    source: str
    ident: str
    actor: str
    actor_name: str
    about: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Chapter:
    """A page of the timeline, newest first, and the cursor of the next older one."""

    rows: Sequence[Happening]
    after: str


def timeline_of(
    payer: Customer, *, mask: Mask, hold: Hold | None = None, kind: str = "", after: str = "", per: int = 25
) -> Chapter:
    """What happened to the credit of `payer`; evaluations that changed nothing are told of `hold` alone. One query.

    Changes of its credit group's limit only where `mask` lets them be seen, which may take another one.
    """
    sources = [rows for part, rows in _sources(payer, hold, mask) if not kind or part == kind]
    since = _read(after)
    pages = [_page(rows, since, per) for rows in sources]
    several = len(pages) > 1
    found = pages[0].union(*pages[1:], all=True).order_by("-happened", "-ident")[: per + 1] if several else pages[0]
    rows = [Happening(*row) for row in found]
    more = len(rows) > per
    return Chapter(rows[:per], f"{rows[per - 1].at.isoformat()}~{rows[per - 1].ident}" if more else "")


def _read(after: str) -> tuple[dt.datetime, str] | None:
    """The cursor, or None for one that cannot be read: it came from another list."""
    moment, _, ident = after.partition("~")
    try:
        at = dt.datetime.fromisoformat(moment)
    except ValueError:
        return None
    return (at, ident) if at.tzinfo is not None and "\0" not in ident else None


def _page(rows: Any, since: tuple[dt.datetime, str] | None, per: int) -> Any:
    if since is not None:
        rows = rows.filter(Q(happened__lt=since[0]) | Q(happened=since[0], ident__lt=since[1]))
    return rows.order_by("-happened", "-ident").values_list(*_COLUMNS)[: per + 1]


def _sources(payer: Customer, hold: Hold | None, mask: Mask) -> list[tuple[str, QuerySet[Any]]]:
    """The rows by kind; a kind may have several sources."""
    events = HoldEvent.objects.filter(hold__payer=payer)
    told = (*DECISIONS, *EVALUATIONS, EventType.NOTED)
    files = JSONObject(file=_text("pk"), name="name")
    profile = JSONObject(before="before", after="after")
    standing = StandingForce.objects.filter(customer=payer)
    ended, enders = F("ended_at"), (F("ended_by"), F("ended_by_name"))
    new_orders = JSONObject(until=_text("until"), reason="reason__code", note="note")
    return [
        ("holds", _events(events.exclude(type__in=told))),
        ("holds", _written(standing, "new_orders", new_orders)),
        ("holds", _told(standing.exclude(ended_at=None), "new_orders_end", ended, enders, new_orders)),
        ("decisions", _events(events.filter(type__in=DECISIONS))),
        ("evaluations", _events(events.filter(type__in=EVALUATIONS))),
        *([("evaluations", _evaluations(hold))] if hold is not None else []),
        ("payments", _payments(payer)),
        ("limits", _limits(payer, mask)),
        ("limits", _cover(payer)),
        ("profile", _written(ProfileChange.objects.filter(customer=payer), "profile", profile)),
        ("notes", _events(events.filter(type=EventType.NOTED))),
        ("notes", _written(CustomerNote.objects.filter(customer=payer), "note", JSONObject(text="text"))),
        ("notes", _written(Attachment.objects.filter(customer=payer), "file", files)),
    ]


def _text(path: str) -> Cast:
    return Cast(path, CharField())


def _told(rows: QuerySet[Any], source: str, happened: Any, by: Any, about: JSONObject) -> QuerySet[Any]:
    """The columns that all sources have in common; `by` is (who, name)."""
    told: QuerySet[Any] = rows.annotate(
        happened=happened,
        told_by=Value(source, output_field=CharField()),
        ident=Concat(Value(source), LPad(_text("pk"), 36, Value("0")), output_field=CharField()),
        by=by[0],
        by_name=by[1],
        about=about,
    )
    return told


_SIGNED = (F("actor"), F("actor_name"))


def _events(events: QuerySet[HoldEvent]) -> QuerySet[HoldEvent]:
    about = JSONObject(type="type", hold="hold__number", order="hold__order__number", data="data")
    return _told(events, "event", F("at"), _SIGNED, about)


def _written(rows: QuerySet[Any], source: str, about: JSONObject) -> QuerySet[Any]:
    return _told(rows, source, F("at"), _SIGNED, about)


def _evaluations(hold: Hold) -> QuerySet[DecisionRecord]:
    """Evaluations that changed nothing of the hold: those that changed something are events."""
    changes = HoldEvent.objects.filter(hold=hold).values("at")
    seen = DecisionRecord.objects.filter(order=hold.order_id, kind=DecisionRecord.Kind.EVALUATION, at__gte=hold.held_at)
    about = JSONObject(outcome="outcome", hold=Value(hold.number), order=Value(hold.order.number))
    return _told(seen.exclude(at__in=changes), "evaluation", F("at"), (F("actor"), _name_of("actor")), about)


def _payments(payer: Customer) -> QuerySet[CustomerTransaction]:
    """Payments by their date; who entered them is the ERP's knowledge."""
    payments = CustomerTransaction.objects.filter(customer=payer, kind=CustomerTransaction.Kind.PAYMENT)
    about = JSONObject(number="number", amount=_text("amount"), currency="currency_id", reversed_on="reversed_on")
    nobody = Value("", output_field=CharField())
    return _told(payments, "payment", Cast("date", DateTimeField()), (nobody, nobody), about)


def _limits(payer: Customer, mask: Mask) -> QuerySet[LimitHistory]:
    """Changes of the customer's limit, and of its group's where they may be seen."""
    mine = Q(account__customer=payer)
    if payer.credit_group_id is not None and not mask.hides_group(payer.credit_group_id):
        mine |= Q(account__group=payer.credit_group_id)
    about = JSONObject(
        previous=_text("previous_limit"), limit=_text("limit_amount"), previous_unlimited="previous_unlimited",
        unlimited="unlimited", expires_on="expires_on", currency="account__currency_id", group="account__group_id",
        source="source", journal="journal", note="note", kind="kind", temporary=_text("temporary_limit__amount"),
        valid_from="temporary_limit__valid_from", valid_to="temporary_limit__valid_to",
    )  # fmt: skip
    return _told(LimitHistory.objects.filter(mine), "limit", F("at"), (F("actor"), _name_of("actor")), about)


def _cover(payer: Customer) -> QuerySet[CoverChange]:
    """Changes of the customer's policies and guarantees, which change its total limit; each by its number of today."""
    known = CoverPolicy.objects.filter(pk=OuterRef("policy_id")).values("identification")[:1]
    about = JSONObject(number=Subquery(known), before="before", after="after")
    return _written(CoverChange.objects.filter(customer=payer), "cover", about)


def _name_of(column: str) -> Combinable:
    """The name of the person behind a reference like `user:7`, where only the reference was recorded."""
    people = get_user_model().objects.annotate(reference=Concat(Value("user:"), _text("pk"), output_field=CharField()))
    name = Coalesce(
        NullIf(Concat("first_name", Value(" "), "last_name", output_field=CharField()), Value(" ")), F("username")
    )
    found = people.filter(reference=OuterRef(column)).annotate(shown=name).values("shown")[:1]
    return Coalesce(Subquery(found, output_field=CharField()), Value(""), output_field=CharField())
