"""The tab *Limits* of a customer's card (`ux.md` 3.6): stack, calendar, temporary limits, eligibility, history."""

import datetime as dt
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse

from credit_mgmt.conversions import conversion_of
from credit_mgmt.flags import flags_set, set_by
from credit_mgmt.limits.components import LOOK_BACK, components_of, still_told, temporary_component
from credit_mgmt.limits.eligibility import warning_of
from credit_mgmt.limits.history import people_in, with_approver
from credit_mgmt.limits.strip import month_start, period_strip
from credit_mgmt.masking import Mask
from credit_mgmt.models import LimitHistory, TemporaryLimit
from credit_mgmt.standing import CreditStanding, standing_of
from customers.access import Action
from customers.listing import Key, page_of
from customers.models import Customer
from holds.pages.jobs import names_of
from holds.pages.limit_ways import ways_for_customer
from holds.pages.panel_contents import Subject
from holds.pages.position import KINDS, limit_stack, stack_line

Item = dict[str, Any]
HISTORY = 25
STRIP_BEFORE, STRIP_MONTHS = 3, 15
"""The calendar begins so many months before today, and shows so many."""


def limits(subject: Subject) -> Item:
    """Everything about the limit; the number of queries does not depend on what there is."""
    customer, today = subject.customer, subject.today
    standing = standing_of(customer, today, mask=Mask(subject.page.actor))
    position = standing.position
    account = getattr(customer, "credit_account", None)
    start = month_start(today, -STRIP_BEFORE)
    components = components_of(customer, position, standing.setting.rates, since=start)
    shown = still_told(components, position.as_of - LOOK_BACK)
    return {
        "limit": limit_stack(position, shown, binds=standing.own_limit_binds),
        "converted": _converted(standing, customer),
        "strip": period_strip(components, start=start, months=STRIP_MONTHS, today=today),
        "strip_labels": KINDS,
        "temporary": temporary_rows(customer, today),
        "flags": _flags(standing, customer),
        "review": _review(customer),
        "above_eligible": warning_of(account, today) if account is not None else "",
        **_urls(subject),
        **history(subject),
    }


def _converted(standing: CreditStanding, customer: Customer) -> Item | None:
    """The total limit in the customer's own currency, with the rate and its date; nothing where it is the same."""
    position = standing.position
    if customer.currency_id == position.currency or position.total_limit is None:
        return None
    conversion = conversion_of(position.currency, customer.currency_id, customer.legal_entity_id, position.as_of)
    amount = conversion.of(position.total_limit) if conversion is not None else None
    return {"amount": amount, "currency": customer.currency_id, "of": position.currency, "conversion": conversion}


def temporary_rows(customer: Customer, today: dt.date) -> list[Item]:
    """All temporary limits of a customer, newest first, with what has become of each."""
    limits = TemporaryLimit.objects.filter(account__customer=customer).order_by("-valid_from", "-pk")
    return [{"limit": limit, "status": stack_line(temporary_component(limit), today)} for limit in limits]


def _flags(standing: CreditStanding, customer: Customer) -> list[Item]:
    """The flags that change what the limit means, in plain words."""
    position = standing.position
    flags = flags_set(customer)
    known = (
        (
            position.unlimited,
            "unlimited",
            "Unlimited",
            "No limit is tested for this customer; temporary limits do not count.",
        ),
        (
            position.mandatory,
            "mandatory",
            "Mandatory limit",
            "The own limit is tested in a credit group too, even if it is 0.",
        ),
        (customer.excluded, "excluded", "Excluded", "Credit management checks no order of this customer."),
    )
    hints = {name: set_by(flag) for name, flag in flags.items()}
    return [{"label": label, "value": words, "hint": hints.get(name, "")} for on, name, label, words in known if on]


def _review(customer: Customer) -> list[Item]:
    """What the customer may be given at most, and when its limit is looked at."""
    currency = customer.eligible_credit_limit_currency_id or ""
    eligible: Decimal | None = customer.eligible_credit_limit
    return [
        {"label": "Eligible limit", "value": eligible, "kind": "amount", "unit": currency, "hint": currency},
        {"label": "Eligible since", "value": customer.eligible_credit_limit_date, "kind": "date"},
        {"label": "Last review", "value": customer.last_review_date, "kind": "date"},
        {"label": "Next review", "value": customer.next_review_date, "kind": "date"},
    ]


def _urls(subject: Subject) -> Item:
    """Where the limit and the review are changed, for who may."""
    customer, page = subject.customer, subject.page
    may_edit = page.may(Action.EDIT_CREDIT_PROFILE, customer.legal_entity_id)
    return {
        "edit_url": reverse("customer-review", args=[customer.legal_entity_id, customer.account]) if may_edit else "",
        "ways": ways_for_customer(page, customer),
    }


def history(subject: Subject) -> Item:
    """A page of the limit history, newest first."""
    address = subject.address
    rows: QuerySet[LimitHistory] = LimitHistory.objects.filter(account__customer=subject.customer)
    entries = with_approver(rows.select_related("temporary_limit"))
    after, before = (address.params.get(name, "") for name in ("after", "before"))
    page = page_of(
        entries.order_by("pk"), (Key("sequence", True), Key("id", True)), per=HISTORY, after=after, before=before
    )
    return {
        "history": page.rows,
        "names": names_of(people_in(page.rows)),
        "pager": address.pager(page),
    }
