"""What stands under the tabs of a hold and of a customer: receivables, orders, timeline, audit (`ux.md` 3.2, 3.6).

Each function reads one page of one table; the number of its queries does not depend on the rows.
"""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.http import QueryDict
from django.urls import reverse

from credit_mgmt.drilldown import ORDERS, RECEIVABLES, Behind, documents_of
from credit_mgmt.masking import Mask
from customers import access
from customers.listing import Address, Key, page_of
from customers.models import Customer, CustomerTransaction, Settlement
from customers.views import PageView
from holds.history import KINDS, timeline_of
from holds.models import Attachment, CustomerNote, Hold, HoldEvent, PinnedNote
from holds.order_history import orders_since, past_orders
from holds.pages.telling import told
from holds.words import REASONS, actor_words, chips_of, event_words

Item = dict[str, Any]
PARTS = {
    "open": "All open", "overdue": "Overdue", "not_due": "Not due", "1-30": "1–30 days", "31-60": "31–60 days",
    "61-90": "61–90 days", "over 90": "Over 90 days", "unapplied": "Unapplied",
}  # fmt: skip
ORDER_PARTS = {"": "Last 24 months", "delivered": "Delivered, not invoiced", "ordered": "Open, not delivered"}


@dataclass(frozen=True, slots=True)
class Subject:
    """What the tabs are about: a customer's credit today, and one hold where they belong to one."""

    page: PageView
    customer: Customer
    today: dt.date
    hold: Hold | None
    params: QueryDict

    @property
    def address(self) -> Address:
        """The query of the panel."""
        return Address(self.params)

    @property
    def without(self) -> int | None:
        """The order that the bar of this hold draws apart: while it is on hold it is among no other documents."""
        return self.hold.order_id if self.hold is not None and self.hold.status == Hold.Status.ACTIVE else None

    def url(self, panel: str, query: str = "") -> str:
        """The address of one of the panels."""
        if self.hold is not None:
            return reverse("hold-panel", args=[self.hold.number, panel]) + query
        key = [self.customer.legal_entity_id, self.customer.account]
        return reverse("customer-panel", args=[*key, panel]) + query


def document_urls(url: Callable[[str, str], str]) -> dict[str, str]:
    """Where each segment of the exposure bar leads: to the documents that add up to it."""
    receivables = {part: url("invoices", f"?part={part}") for part in ("overdue", "not_due", "unapplied")}
    return receivables | {part: url("orders", f"?part={part}") for part in ORDERS}


# --- tables ----------------------------------------------------------------------------------------------------------


def invoices(subject: Subject) -> Item:
    """What is open, by due item; narrowed to a segment of the bar or an ageing bucket by `part`."""
    address = subject.address
    part = address.one("part") if address.one("part") in {*RECEIVABLES, *PARTS} else "open"
    behind = documents_of(subject.customer, subject.today).receivables(part)
    page = _page(behind.rows.select_related("transaction"), (Key("due_date"), Key("id")), address)
    rows = [_due_item(item, subject.today) for item in page.rows]
    return {
        "rows": rows,
        "total": _total(behind),
        "part": part,
        "differs": part in ("overdue", "not_due"),
        "filters": _filters(subject, "invoices", PARTS, part),
        "pager": address.pager(page),
    }


def _due_item(item: Any, today: dt.date) -> Item:
    days = (today - item.due_date).days
    return {"item": item, "transaction": item.transaction, "days": days if item.open_amount > 0 and days > 0 else None}


def _total(behind: Behind) -> Item:
    """The foot of a list: each currency once, and all of it in the accounting currency."""
    several = len(behind.subtotals) > 1 or any(line.currency != behind.currency for line in behind.subtotals)
    return {"lines": behind.subtotals if several else (), "amount": behind.total, "currency": behind.currency,
            "missing_rate": (behind.missing_rate or "").replace(">", " to ")}  # fmt: skip


def payments(subject: Subject) -> Item:
    """Payments, newest first, with what each settled and how long after the invoice; two queries."""
    address = subject.address
    entries = CustomerTransaction.objects.filter(
        customer=subject.customer, kind=CustomerTransaction.Kind.PAYMENT
    ).order_by("pk")  # fmt: skip
    page = _page(entries, (Key("date", True), Key("id", True)), address)
    settled: dict[int, list[Settlement]] = {}
    uses = Settlement.objects.filter(credit__transaction__in=[row.pk for row in page.rows], debit__isnull=False)
    for use in uses.select_related("credit", "debit__transaction").order_by("date", "pk"):
        settled.setdefault(use.credit.transaction_id, []).append(use)
    return {"rows": [_payment(row, settled.get(row.pk, [])) for row in page.rows], "pager": address.pager(page)}


def _payment(row: CustomerTransaction, uses: list[Settlement]) -> Item:
    """A reversed settlement stands as a negative one; what nets to nothing settled nothing."""
    amounts: dict[str, Decimal] = {}
    taken = 0
    for use in uses:
        invoice = use.debit.transaction if use.debit is not None else row
        amounts[invoice.number] = amounts.get(invoice.number, Decimal(0)) + use.amount
        taken = max(taken, (use.date - invoice.date).days)
    return {
        "payment": row,
        "settled": [{"number": number, "amount": amount} for number, amount in amounts.items() if amount],
        "taken": taken if uses else None,
    }


def orders(subject: Subject) -> Item:
    """Orders of the last 24 months and what became of them; with `part`, those behind a segment of the bar."""
    address = subject.address
    part = address.one("part")
    if part in ORDERS:
        behind = documents_of(subject.customer, subject.today).orders(part, without=subject.without)
        page = _page(behind.rows, (Key("requested_ship_date"), Key("id")), address)
        more: Item = {"documents": page.rows, "total": _total(behind)}
    else:
        part = ""
        mask = Mask(subject.page.actor)
        page = _page(orders_since(subject.customer, subject.today), (Key("id", True),), address)
        more = {"rows": [_past(past, mask) for past in past_orders(page.rows, subject.today)]}
    return {**more, "part": part, "filters": _filters(subject, "orders", ORDER_PARTS, part),
            "pager": address.pager(page)}  # fmt: skip


def _past(past: Any, mask: Mask) -> Item:
    hold = past.hold
    return {
        "past": past,
        "order": past.order,
        "hold": hold,
        "chips": chips_of(hold, mask) if hold else [],
        "date": hold.held_at.date() if hold and past.first_seen is None else past.first_seen,
    }


def _page(rows: Any, keys: tuple[Key, ...], address: Address) -> Any:
    after, before = (address.params.get(name, "") for name in ("after", "before"))
    return page_of(rows, keys, per=min(address.per, 50), after=after, before=before)


def _filters(subject: Subject, panel: str, parts: Mapping[str, str], chosen: str) -> list[Item]:
    return [
        {"label": label, "url": subject.url(panel, f"?part={part}" if part else ""), "active": part == chosen}
        for part, label in parts.items()
    ]


# --- time ------------------------------------------------------------------------------------------------------------


def timeline(subject: Subject) -> Item:
    """Everything that happened to the customer's credit, newest first; one query."""
    kind = subject.address.one("kind")
    kind = kind if kind in KINDS else ""
    chapter = timeline_of(
        subject.customer, mask=Mask(subject.page.actor), hold=subject.hold, kind=kind,
        after=subject.params.get("after", ""),
    )  # fmt: skip
    filters = [{"label": "Everything", "url": subject.url("timeline"), "active": not kind}]
    filters += [
        {"label": label, "url": subject.url("timeline", f"?kind={name}"), "active": name == kind}
        for name, label in KINDS.items()
    ]
    events = told(chapter.rows, hold=subject.hold.number if subject.hold else "")
    return {"events": events, "filters": filters, "pager": {"older_url": _with_after(subject, chapter.after)}}


def _with_after(subject: Subject, cursor: str) -> str:
    """The address of the next older page; `Address.url` drops the cursor, as a new filter starts from the first."""
    if not cursor:
        return ""
    query = subject.params.copy()
    query["after"] = cursor
    return f"?{query.urlencode()}"


def audit(subject: Subject) -> Item:
    """Every event of the hold as it was recorded, with what stood there before; nobody can change one."""
    hold = subject.hold
    events, mask = HoldEvent.objects.filter(hold=hold).order_by("-version"), Mask(subject.page.actor)
    page = _page(events, (Key("version", True),), subject.address)
    return {"rows": [_audited(event, mask) for event in page.rows], "pager": subject.address.pager(page)}


def _audited(event: HoldEvent, mask: Mask) -> Item:
    before = event.data.get("before") if isinstance(event.data.get("before"), Mapping) else {}
    now = {key: value for key, value in event.data.items() if key not in {"before", "job"}}
    now = now | {"figures": _figures(now["figures"], mask)} if "figures" in now else now
    if event.from_status != event.to_status:
        before, now = {"status": event.from_status or "none", **before}, {"status": event.to_status, **now}
    changes = [
        {"name": _words(key), "before": _said(before.get(key)), "after": _said(now.get(key))}
        for key in [*now, *(key for key in before if key not in now)]
        if now.get(key) not in (None, "", [], {}) or before.get(key) not in (None, "", [], {})
    ]
    return {"event": event, "words": event_words(event), "who": actor_words(event.actor, event.actor_name),
            "changes": changes}  # fmt: skip


def _figures(figures: Mapping[str, Any], mask: Mask) -> Item:
    """The figures of a release, without those that are a credit group's and not the reader's to see."""
    gone = ("over_limit", "used_percent") if mask.hides_group(figures.get("limiting_group")) else ()
    return {key: value for key, value in figures.items() if key not in gone}


def _words(key: str) -> str:
    return key.replace("_", " ").capitalize()


def _said(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(REASONS.get(str(item), str(item)) for item in value)
    if isinstance(value, Mapping):
        return ", ".join(
            f"{_words(key).lower()} {_said(item)}" for key, item in value.items() if item not in (None, "")
        )
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)


# --- notes and files -------------------------------------------------------------------------------------------------


def notes(subject: Subject) -> Item:
    """Notes on this hold and on the customer, and the files kept with them; four queries."""
    customer, hold = subject.customer, subject.hold
    pinned = PinnedNote.objects.filter(customer=customer).first()
    written = CustomerNote.objects.filter(customer=customer).order_by("-at", "-pk")[:100]
    files = Attachment.objects.filter(customer=customer).defer("content").select_related("hold").order_by("-at", "pk")
    on_hold = HoldEvent.objects.filter(hold=hold, type="noted").order_by("-version")[:100] if hold is not None else ()
    return {
        "pinned": pinned,
        "customer_notes": [_note(note, pinned) for note in written],
        "hold_notes": [
            {"text": event.data.get("note", ""), "who": actor_words(event.actor, event.actor_name), "at": event.at}
            for event in on_hold
        ],
        "files": [
            {"file": file, "who": actor_words(file.actor, file.actor_name), "url": reverse("file", args=[file.pk])}
            for file in files[:100]
        ],
        "may_write": subject.page.may(access.Action.WORK_HOLDS, customer.legal_entity_id),
        **_forms(subject),
    }


def _note(note: CustomerNote, pinned: PinnedNote | None) -> Item:
    return {
        "note": note,
        "who": actor_words(note.actor, note.actor_name),
        "pinned": pinned is not None and pinned.note_id == note.pk,
    }


def _forms(subject: Subject) -> Item:
    """Where the forms of the panel lead."""
    key = [subject.customer.legal_entity_id, subject.customer.account]
    hold = subject.hold
    return {
        "note_url": reverse("customer-note", args=key),
        "pin_url": reverse("customer-pin", args=key),
        "file_url": reverse("hold-files", args=[hold.number]) if hold else reverse("customer-files", args=key),
        "hold_note_url": reverse("hold-note", args=[hold.number]) if hold else "",
        "back": subject.url("notes"),
    }
