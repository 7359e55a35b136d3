"""Sales orders (`ux.md` 3.19 and domain 5): the list, one order with its lines, documents and decisions."""

import datetime as dt
from typing import Any

from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse

from credit_mgmt import display, messages
from credit_mgmt.decisions import stored_decision
from credit_mgmt.engine.schedule import next_documents
from credit_mgmt.flags import set_by, who_took_it_out
from credit_mgmt.masking import Mask
from credit_mgmt.models import Clearance, Commitment, DecisionRecord
from customers import access
from customers.access import Action
from customers.listing import Address, page_of, sort_keys
from customers.models import Document, SalesOrder, SalesOrderLine
from customers.numbers import grouped
from customers.views import PageView
from holds.forms import DocumentForm
from holds.models import Hold
from holds.pages.facts import order_facts
from holds.pages.jobs import names_of
from holds.words import chips_of, status_of

Item = dict[str, Any]
DECISIONS = 20
SORTS = {
    "order": "number", "customer": "customer__name", "value": "amount", "ship": "requested_ship_date",
    "documents": "document_status",
}  # fmt: skip
COLUMNS = (
    ("order", "Order", ""), ("customer", "Customer", ""), ("", "Currency", ""), ("value", "Value", "right"),
    ("ship", "Ship", ""), ("documents", "Documents", ""), ("", "Credit", ""),
)  # fmt: skip
VIEWS: dict[str, tuple[str, Q]] = {
    "open": (
        "Open",
        ~Q(document_status=SalesOrder.DocumentStatus.INVOICE) & ~Q(credit_status=SalesOrder.CreditStatus.CANCELLED),
    ),
    "on-hold": ("On hold", Q(credit_status=SalesOrder.CreditStatus.ON_HOLD)),
    "rejected": ("Rejected", Q(credit_status=SalesOrder.CreditStatus.REJECTED)),
    "all": ("All", Q()),
}
CREDIT_BADGES = {
    "on_hold": "held", "passed": "passed", "released": "released", "rejected": "rejected", "cancelled": "cancelled",
    "not_checked": "not_checked",
}  # fmt: skip


def order_or_404(page: PageView, legal_entity: str, number: str) -> SalesOrder:
    """The order of the address, as far as the reader may see it."""
    visible = access.scoped(SalesOrder.objects.all(), page.actor, Action.VIEW)
    related = ("customer", "payer", "legal_entity", "payment_terms", "cash_discount")
    order = visible.filter(legal_entity=legal_entity, number=number).select_related(*related).first()
    if order is None:
        raise Http404(f"Order {legal_entity}:{number} was not found.")
    return order


class OrderListPage(PageView):
    """GET `/orders/`."""

    looks = Action.VIEW
    section = "orders"

    def get(self, request: HttpRequest) -> HttpResponse:
        """Orders by number, newest first, or as the address asks."""
        address = Address(request.GET, rows=self.rows)
        slug = request.GET.get("view", "open")
        slug = slug if slug in VIEWS else "open"
        rows = access.scoped(SalesOrder.objects.all(), self.actor).filter(VIEWS[slug][1] & _search(address.one("q")))
        rows = _customer(rows, address.one("customer"))
        sort, keys = sort_keys(request.GET.get("sort", ""), SORTS, ("-order",), "id")
        page = page_of(
            rows.select_related("customer"),
            keys,
            per=address.per,
            after=request.GET.get("after", ""),
            before=request.GET.get("before", ""),
        )
        return self.page(
            "holds/orders.html",
            {
                "rows": [{"order": order, "badge": CREDIT_BADGES[order.credit_status]} for order in page.rows],
                "tabs": [
                    {"label": label, "url": address.url(view=name), "active": name == slug}
                    for name, (label, _) in VIEWS.items()
                ],
                "search": {
                    "name": "q",
                    "value": address.one("q"),
                    "placeholder": "Order or customer",
                    "label": "Search orders",
                },
                "hidden": [
                    {"name": key, "value": request.GET[key]}
                    for key in ("view", "customer", "sort")
                    if key in request.GET
                ],
                "chips": _chips(address),
                "columns": address.heads(COLUMNS, sort),
                "pager": address.pager(page),
            },
        )


class OrderPage(PageView):
    """GET `/orders/NL01/SO-104233/`."""

    looks = Action.VIEW
    section = "orders"

    def get(self, request: HttpRequest, legal_entity: str, number: str) -> HttpResponse:
        """The order: what it is, what was decided, what comes next."""
        order = order_or_404(self, legal_entity, number)
        knows = self.may(Action.VIEW_EXPOSURE, legal_entity)
        visible = access.scoped(Hold.objects.filter(order=order), self.actor)
        holds = list(visible.select_related("order", "payer").order_by("-held_at", "number"))
        active = next((hold for hold in holds if hold.status == Hold.Status.ACTIVE), None)
        today, mask = self.today(order.legal_entity.time_zone), Mask(self.actor)
        return self.page(
            "holds/order.html",
            {
                "order": order,
                "badge": CREDIT_BADGES[order.credit_status],
                "active": active,
                "active_chips": chips_of(active, mask) if active else [],
                "holds": [{"hold": hold, "chips": chips_of(hold, mask), "status": status_of(hold)} for hold in holds],
                "lines": [_line(line) for line in order.lines.order_by("number")],
                "facts": order_facts(order, order.legal_entity.accounting_currency_id, None),
                "documents": documents_of(order),
                "credit": _credit(order, today) if knows else [],
                "decisions": self._decisions(order, mask) if knows else [],
                "knows": knows,
                "panel_url": reverse("order-credit-panel", args=[legal_entity, number]),
                "form": DocumentForm(documents=open_documents(order)),
                "counter": sold_at_the_counter(order),
                "may_post": self._may_post(order),
                "may_check": self.may(Action.CHECK, legal_entity) and bool(open_documents(order)),
                "post_url": reverse("order-post", args=[legal_entity, number]),
                "check_url": reverse("order-check", args=[legal_entity, number]),
                "actions": self._actions(order, active),
                "today": today,
            },
        )

    def _may_post(self, order: SalesOrder) -> bool:
        return self.may(Action.POST_DOCUMENT, order.legal_entity_id) and bool(open_documents(order))

    def _actions(self, order: SalesOrder, active: Hold | None) -> list[Item]:
        """What the reader may do with the order; what is not possible in this case says why."""
        entity, key = order.legal_entity_id, [order.legal_entity_id, order.number]
        actions: list[Item] = []
        if self.may(Action.FORCE_HOLD, entity) and order.is_open:
            action: Item = {
                "label": "Force hold…",
                "url": reverse("order-force", args=key),
                "icon": "hand",
                "dialog": True,
            }
            if active and active.forced:
                action["disabled_because"] = "Already forced."
            elif sold_at_the_counter(order):
                action["disabled_because"] = "Orders of this type are never put on hold."
            actions.append(action)
        if order.credit_status == SalesOrder.CreditStatus.REJECTED and self.may(Action.REOPEN, entity):
            actions.append(
                {"label": "Reopen…", "url": reverse("order-reopen", args=key), "icon": "rotate-cw", "dialog": True}
            )
        if self.may(Action.CANCEL_ORDER, entity) and order.is_open:
            actions.append(
                {"label": "Cancel order…", "url": reverse("order-cancel", args=key), "icon": "slash", "dialog": True}
            )
        return actions

    def _decisions(self, order: SalesOrder, mask: Mask) -> list[Item]:
        """What was decided about the order, newest first, each with its trace."""
        records = list(DecisionRecord.objects.filter(order=order).order_by("-at", "pk")[:DECISIONS])
        names = names_of(record.actor for record in records)
        decisions = [mask.decision(stored_decision(record)) for record in records]
        # Who set a flag is known of the flag as it stands: of the newest decision.
        because = decisions[0].not_checked_because if decisions else None
        who = set_by(who_took_it_out(order, because)) if because else ""
        return [
            {
                "record": record,
                "words": display.outcome_words(decision) + (f", {who}" if who and place == 0 else ""),
                "reasons": [messages.reason_message(reason) for reason in decision.reasons],
                "warnings": [messages.reason_message(reason) for reason in decision.warnings],
                "steps": display.trace_steps(decision.trace),
                "by": names[record.actor],
            }
            for place, (record, decision) in enumerate(zip(records, decisions, strict=True))
        ]


def _line(line: SalesOrderLine) -> Item:
    """A line with its quantities as people write them: no zeros behind the last digit."""
    quantities = {name: grouped(getattr(line, name).normalize()) for name in ("quantity", "delivered", "invoiced")}
    return {"line": line, **quantities}


def open_documents(order: SalesOrder) -> list[str]:
    """The documents that can be posted next: the engine's order of documents, for an order that is open."""
    if not order.is_open or order.credit_status == SalesOrder.CreditStatus.REJECTED:
        return []
    return [document.value for document in next_documents(order.document_status)]


def sold_at_the_counter(order: SalesOrder) -> bool:
    """Whether the order is checked against the total limit only, and never put on hold (`domain 4.8`)."""
    return order.order_type != SalesOrder.Type.SALES


def documents_of(order: SalesOrder) -> list[Item]:
    """The documents of the order in their order: posted, next, or still to come."""
    posted = Document.values.index(order.document_status) if order.document_status in Document.values else -1
    following = open_documents(order)
    states = []
    for position, (value, label) in enumerate(Document.choices):
        state = "posted" if position <= posted else "next" if value in following else "later"
        states.append({"label": label, "state": state, "awaiting": order.awaiting_document == value})
    return states


def _credit(order: SalesOrder, today: dt.date) -> list[Item]:
    """The credit that the order uses, and what its last pass or release lets it do."""
    items: list[Item] = [
        {"label": "Left to invoice", "value": order.uninvoiced_amount, "kind": "amount", "unit": order.currency_id}
    ]
    commitment = Commitment.objects.filter(order=order).first()
    words = "Uses credit" if commitment else "Uses no credit"
    items.append(
        {
            "label": "Credit",
            "value": words,
            "hint": "since it was approved" if commitment else "not approved, or on hold",
        }
    )
    clearance = Clearance.objects.filter(order=order).first()
    if clearance is None:
        return items
    if clearance.grace_until and clearance.grace_until >= today:
        items.append({"label": "Grace until", "value": clearance.grace_until, "kind": "date"})
    if clearance.cleared_document:
        items.append({"label": "Cleared by release", "value": str(Document(clearance.cleared_document).label)})
    return items


def _search(text: str) -> Q:
    if not text:
        return Q()
    return Q(number__icontains=text) | Q(customer__name__icontains=text) | Q(customer__account__iexact=text)


def _customer(rows: Any, key: str) -> Any:
    entity, _, account = key.partition(":")
    return (
        rows.filter(Q(customer__account=account) | Q(payer__account=account), legal_entity=entity) if account else rows
    )


def _chips(address: Address) -> list[Item]:
    words = {"q": "Search", "customer": "Customer"}
    return [
        {"label": f"{label}: {value}", "remove_url": address.without(key, value)}
        for key, label in words.items()
        for value in address.params.getlist(key)
        if value
    ]
