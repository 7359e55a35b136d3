"""The card of a customer (`ux.md` 3.6): an overview of its credit with its orders and holds."""

import datetime as dt
from typing import Any

from django.db.models import F, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse

from credit_mgmt.exposure import Position
from credit_mgmt.flags import flags_set, set_by
from credit_mgmt.limits.components import components_of
from credit_mgmt.limits.history import people_in, with_approver
from credit_mgmt.masking import Mask
from credit_mgmt.models import CreditAccount, LimitHistory
from credit_mgmt.standing import standing_of
from customers import access
from customers.access import Action
from customers.models import Customer, SalesOrder
from customers.orders import OPEN_ORDERS
from customers.views import PageView
from holds.history import timeline_of
from holds.models import Hold
from holds.pages.jobs import names_of
from holds.pages.limit_ways import ways_for_customer
from holds.pages.panel_contents import document_urls
from holds.pages.position import ageing, limit_stack, position_bar, used
from holds.pages.telling import told
from holds.standing_forces import in_force
from holds.words import chips_of, status_of

Item = dict[str, Any]
SHOWN = 12
EVENTS = 8
PANELS = {
    "limits": "Limits", "invoices": "Invoices", "payments": "Payments", "orders": "Orders", "cover": "Cover",
    "groups": "Groups",
    "timeline": "Timeline", "notes": "Notes and files",
}  # fmt: skip
"""What stands under the tabs of a customer's card beside the overview, in their order."""


class CustomerPage(PageView):
    """GET `/customers/NL01/C-10427/`."""

    looks = Action.VIEW_EXPOSURE
    section = "customers"

    def get(self, request: HttpRequest, legal_entity: str, account: str) -> HttpResponse:
        """The overview: limit, exposure, overdue, holds, orders, history."""
        customer = customer_or_404(self, legal_entity, account)
        today = self.today(customer.legal_entity.time_zone)
        standing = standing_of(customer, today, mask=Mask(self.actor))
        position = standing.position
        panels = f"{reverse('customer', args=[legal_entity, account])}panels"
        urls = document_urls(lambda name, query: f"{panels}/{name}/{query}")
        holds = self._holds(customer)
        orders, count = self._orders(customer)
        history = _history(customer)
        return self.page(
            "customers/card.html",
            {
                "customer": customer,
                "position": position,
                "figures": _figures(position, holds, today),
                "exposure": _bar(position, urls, binds=standing.own_limit_binds),
                "missing_rate": (position.missing_rate or "").replace(">", " to "),
                "limit": limit_stack(
                    position, components_of(customer, position, standing.setting.rates), binds=standing.own_limit_binds
                ),
                "ageing": ageing(position, f"{panels}/invoices/"),
                "events": told(timeline_of(customer, mask=Mask(self.actor), per=EVENTS).rows),
                "tabs": customer_tabs(customer, "overview"),
                "pinned": getattr(customer, "pinned_note", None),
                **standing_banner(self, customer),
                "timeline_url": f"{panels}/timeline/",
                "holds": holds[:SHOWN],
                "hold_count": len(holds),
                "orders": orders,
                "order_count": count,
                "history": history,
                "names": names_of(people_in(history)),
                "facts": _facts(customer),
                "actions": self._actions(customer),
                "today": today,
            },
        )

    def _holds(self, customer: Customer) -> list[Item]:
        rows = access.scoped(Hold.objects.all(), self.actor).filter(payer=customer, status=Hold.Status.ACTIVE)
        rows, mask = rows.select_related("order").order_by("ship_date", "number"), Mask(self.actor)
        return [{"hold": hold, "chips": chips_of(hold, mask), "status": status_of(hold)} for hold in rows]

    def _orders(self, customer: Customer) -> tuple[list[SalesOrder], int]:
        rows = access.scoped(SalesOrder.objects.all(), self.actor).filter(OPEN_ORDERS, payer=customer)
        return list(rows.order_by("requested_ship_date", "number")[:SHOWN]), rows.count()

    def _actions(self, customer: Customer) -> list[Item]:
        entity = customer.legal_entity_id
        actions = ways_for_customer(self, customer)
        if self.may(Action.EVALUATE, entity):
            url = f"{reverse('hold-evaluate')}?customer={customer.key}"
            actions.append({"label": "Evaluate holds", "url": url, "icon": "refresh-cw", "dialog": True})
        if self.may(Action.FORCE_HOLD, entity):
            url = f"{reverse('hold-force')}?customer={customer.key}"
            actions.append({"label": "Force hold…", "url": url, "icon": "hand"})
        return actions


def standing_banner(page: PageView, customer: Customer) -> Item:
    """That new orders are forced on hold, and the way to end it for who may."""
    standing = in_force([customer], page.today_of).get(customer.pk)
    if standing is None:
        return {}
    whose = standing.customer
    ends = page.may(Action.FORCE_HOLD, whose.legal_entity_id)
    url = reverse("customer-new-orders", args=[whose.legal_entity_id, whose.account])
    return {"standing": standing, "end_url": url if ends else ""}


def customer_or_404(page: PageView, legal_entity: str, account: str) -> Customer:
    """The customer of the address, as far as the reader may see it."""
    visible = access.scoped(Customer.objects.all(), page.actor, page.looks)
    related = (
        "legal_entity",
        "account_status",
        "status_reason",
        "invoice_account",
        "credit_group",
        "credit_account",
        "credit_controller",
        "pinned_note__note",
    )
    customer = visible.filter(legal_entity=legal_entity, account=account).select_related(*related).first()
    if customer is None:
        raise Http404(f"Customer {legal_entity}:{account} was not found.")
    return customer


def customer_tabs(customer: Customer, active: str) -> list[Item]:
    """The tabs of a customer's card: the overview, and a panel each."""
    key = [customer.legal_entity_id, customer.account]
    overview = {
        "label": "Overview",
        "url": reverse("customer", args=key),
        "active": active == "overview",
        "whole": True,
    }
    panels = [
        {"label": label, "url": reverse("customer-panel", args=[*key, name]), "active": name == active}
        for name, label in PANELS.items()
    ]
    return [{**tab, "key": str(number)} for number, tab in enumerate([overview, *panels], start=1)]


def _bar(position: Position, urls: dict[str, str], *, binds: bool) -> Item | None:
    """The exposure bar with the way to its documents; a limit that is not tested has no tick (`domain 3.4`)."""
    bar = position_bar(position)
    if bar is None:
        return None
    return {**bar, "urls": urls, "limit": bar["limit"] if binds else None}


def _figures(position: Position, holds: list[Item], today: dt.date) -> list[Item]:
    """The strip of head figures."""
    unit, share = position.currency, used(position)
    return [
        {
            "label": "Total limit",
            "value": "unlimited" if position.unlimited else position.total_limit,
            "kind": "limit",
            "unit": unit,
            "hint": unit,
        },
        {"label": "Exposure", "value": position.total, "kind": "amount", "unit": unit},
        {"label": "Free", "value": position.available, "kind": "amount", "unit": unit},
        {
            "label": "Used",
            "value": share,
            "kind": "percent",
            "tone": "late" if share is not None and share > 100 else "",
        },
        {
            "label": "Overdue",
            "value": position.overdue_amount,
            "kind": "amount",
            "unit": unit,
            "tone": "late" if position.overdue_amount else "",
        },
        {"label": "Days overdue", "value": position.days_overdue, "kind": "days"},
        {"label": "Open holds", "value": len(holds), "kind": "count"},
        {
            "label": "Limit to",
            "value": position.expires_on,
            "kind": "date",
            "tone": "late" if position.expires_on and position.expires_on < today else "",
        },
    ]


def _history(customer: Customer) -> list[LimitHistory]:
    rows: QuerySet[LimitHistory] = LimitHistory.objects.filter(account__customer=customer)
    return list(with_approver(rows).select_related("temporary_limit").order_by(F("sequence").desc())[:SHOWN])


def _facts(customer: Customer) -> list[Item]:
    """Who the customer is, as far as credit is concerned."""
    status = customer.account_status
    holding = (
        f"Processing hold: {status.get_processing_hold_display().lower()}"
        if status and status.processing_hold != "none"
        else ""
    )
    items: list[Item] = [
        {
            "label": "Account status",
            "value": (status.description or status.code) if status else "None",
            "hint": holding,
        },
        {"label": "Credit management group", "value": customer.credit_management_group_id},
        {
            "label": "Customer credit group",
            "value": customer.credit_group_id,
            "hint": "shares one limit" if customer.credit_group_id else "",
        },
        {"label": "Terms of payment", "value": customer.payment_terms_id, "kind": "doc"},
        {
            "label": "Credit controller",
            "value": str(customer.credit_controller.get_full_name() or customer.credit_controller)
            if customer.credit_controller
            else "",
        },
        {"label": "Customer since", "value": customer.customer_since, "kind": "date"},
        {"label": "Next review", "value": customer.next_review_date, "kind": "date"},
    ]
    payer = customer.invoice_account
    if payer is not None:
        url = reverse("customer", args=[payer.legal_entity_id, payer.account])
        items.insert(0, {"label": "Invoice account", "value": payer.name, "hint": "its credit is used", "url": url})
    return items + _flags(customer)


def _flags(customer: Customer) -> list[Item]:
    """What takes the customer's orders out of checks, or changes what its limit means, and who set it."""
    flags = flags_set(customer)
    known = (
        ("excluded", "Credit management", "Excluded"),
        ("unlimited", "Limit", "Unlimited"),
        ("mandatory", "Limit in a group", "Mandatory"),
    )
    items: list[Item] = [
        {"label": label, "value": words, "hint": set_by(flags[name])} for name, label, words in known if name in flags
    ]
    ignored = flags.get("ignore_until")
    if ignored is not None:
        items.append({"label": "Ignored until", "value": ignored.value, "kind": "date", "hint": set_by(ignored)})
    return items


def account_of(customer: Customer) -> CreditAccount | None:
    """The customer's credit account, if it has one yet."""
    return getattr(customer, "credit_account", None)
