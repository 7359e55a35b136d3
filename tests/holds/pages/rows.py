"""Rows for page tests, written as the services would leave them: the database checks that they are consistent."""

import datetime as dt
import itertools
from decimal import Decimal
from typing import Any

from django.contrib.auth import get_user_model
from django.db import transaction

from customers.models import AccessGrant, Currency, Customer, LegalEntity, PaymentTerms, Reason, Role, SalesOrder
from holds.models import Hold, HoldEvent, HoldReason

NOW = dt.datetime(2026, 11, 20, 9, 14, tzinfo=dt.UTC)
TODAY = NOW.date()
PASSWORD = "correct horse battery"
numbers = itertools.count(104_000)


def an_entity(code: str = "NL01", currency: str = "EUR", time_zone: str = "Europe/Amsterdam") -> LegalEntity:
    """A legal entity with its currency."""
    Currency.objects.get_or_create(code=currency)
    return LegalEntity.objects.create(
        code=code, name=f"Entity {code}", accounting_currency_id=currency, time_zone=time_zone
    )


def a_user(name: str = "marta", role: str = Role.CREDIT_CLERK, entity: LegalEntity | None = None, **fields: Any) -> Any:
    """A user with one role, in one legal entity or in all."""
    user = get_user_model().objects.create_user(name, password=PASSWORD, **fields)
    AccessGrant.objects.create(user=user, role=role, legal_entity=entity)
    return user


def a_customer(
    entity: LegalEntity, account: str = "C-10427", name: str = "Harbour Lane Foods BV", **fields: Any
) -> Customer:
    """A customer of `entity`, in its currency."""
    return Customer.objects.create(
        legal_entity=entity, account=account, name=name, currency=entity.accounting_currency, **fields
    )


def an_order(customer: Customer, amount: str = "24300.00", number: str = "", **fields: Any) -> SalesOrder:
    """An open sales order; `amount` in its currency."""
    terms, _ = PaymentTerms.objects.get_or_create(code="N30", defaults={"net_days": 30})
    values = {"currency": customer.currency, "payment_terms": terms, "uninvoiced_amount": Decimal(amount), **fields}
    return SalesOrder.objects.create(
        legal_entity=customer.legal_entity,
        number=number or f"SO-{next(numbers)}",
        customer=customer,
        payer=customer,
        amount=Decimal(amount),
        **values,
    )


CHIP = {"type": "limit_used", "text": "Limit", "number": "109 %", "valid": True}


def a_hold(order: SalesOrder, *, reasons: tuple[str, ...] = ("limit_used",), chips: Any = None, **fields: Any) -> Hold:
    """An active hold of `order` with `reasons`, and its first event."""
    held_at = fields.pop("held_at", NOW - dt.timedelta(days=3))
    values = {
        "payer": order.payer,
        "legal_entity": order.legal_entity,
        "checkpoint": "confirmation",
        "held_at": held_at,
        "held_by": "system:posting",
        "currency": order.legal_entity.accounting_currency_id,
        "amount": order.amount,
        "ship_date": dt.date(2026, 11, 24),
        "over_limit": Decimal("18050.00"),
        "used_percent": Decimal("108.60"),
        "overdue_amount": Decimal("41200.00"),
        "reason_codes": sorted(reasons),
        "evaluated_at": held_at,
        "posting_request": {"document": "confirmation", "pro_forma": False, "actor": "system:posting"},
        "chips": chips if chips is not None else [{**CHIP, "type": code} for code in reasons],
        **fields,
    }
    with transaction.atomic():
        hold = Hold.objects.create(order=order, **values)
        HoldEvent.objects.create(
            hold=hold,
            version=1,
            type="placed",
            from_status="",
            to_status="active",
            actor="system:posting",
            actor_name="posting",
            at=held_at,
        )
        HoldReason.objects.bulk_create(
            HoldReason(hold=hold, type=code, message=f"Reason {code} in words.", added_at=held_at) for code in reasons
        )
    SalesOrder.objects.filter(pk=order.pk).update(credit_status=SalesOrder.CreditStatus.ON_HOLD)
    return Hold.objects.get(pk=hold.pk)


def a_reason(code: str = "PAID", kind: str = "release", entity: LegalEntity | None = None, text: str = "") -> Reason:
    """A reason of `kind`, of one legal entity or shared by all."""
    return Reason.objects.create(type=kind, code=code, description=text or code.capitalize(), legal_entity=entity)
