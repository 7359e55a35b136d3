"""Amounts in the event feed have the currency's decimals (`api.md` Conventions)."""

import pytest

from customers.models import Currency, OutboxEvent
from holds.releases import release_hold
from tests.factories_holds import NOW, a_customer, a_rule, a_user, an_entity, an_invoice, an_order, held, reasons, today

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("currency", "units", "amount", "over"),
    [("USD", 2, "400.00", "300.00"), ("JPY", 0, "400", "300"), ("BHD", 3, "400.000", "300.000")],
)
def test_what_is_told_of_a_hold_has_the_decimals_of_its_currency(currency, units, amount, over):
    Currency.objects.create(code=currency, minor_units=units)
    customer = a_customer(limit="100", entity=an_entity(currency=currency))
    reasons()
    a_rule()
    hold = held(an_order(customer, "400"))
    release_hold(id=hold.pk, mode="without_posting", reason="PAID", actor=a_user(), at=NOW, today=today)
    placed = OutboxEvent.objects.get(type="hold_placed").data
    assert (placed["amount"], placed["currency"]) == (amount, currency)
    figures = OutboxEvent.objects.get(type="released").data["figures"]
    assert (figures["amount"], figures["over_limit"], figures["currency"]) == (amount, over, currency)


def test_an_overdue_amount_too():
    customer = a_customer(limit="100")
    reasons()
    a_rule()
    an_invoice(customer, "50", due=NOW.date().replace(day=1))
    hold = held(an_order(customer, "400"))
    release_hold(id=hold.pk, mode="without_posting", reason="PAID", actor=a_user(), at=NOW, today=today)
    figures = OutboxEvent.objects.get(type="released").data["figures"]
    assert (figures["overdue_amount"], figures["used_percent"]) == ("50.00", "450.00")
