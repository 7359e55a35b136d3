"""Fit to headroom (`ux` 3.1): the drawn example, other ways of choosing, receipts, groups, a release of what fits."""

import datetime as dt
from decimal import Decimal

import pytest

from credit_mgmt.models import RuleVersion
from customers.models import CustomerTransaction
from holds.forced import force_hold
from holds.headroom import By, Scope, fit_holds, promises_of
from holds.models import Hold
from holds.releases import release_holds
from tests.factories_holds import (
    DAY,
    NOW,
    a_customer,
    a_group,
    a_rule,
    a_user,
    an_entity,
    an_invoice,
    an_order,
    held,
    reasons,
    today,
)

pytestmark = pytest.mark.django_db
DAYS = {"24": dt.date(2026, 11, 24), "25": dt.date(2026, 11, 25), "27": dt.date(2026, 11, 27)}


@pytest.fixture(autouse=True)
def _world(db):
    an_entity()
    reasons()


def stopped(customer, *orders: tuple[str, str]) -> list[Hold]:
    """Orders by value and ship day that a rule stopped which is gone again, so that only the limit is in the way."""
    rule = a_rule("sales_order", amount=Decimal(1), currency_id="USD", name=f"SO-{RuleVersion.objects.count() + 1}")
    holds = [held(an_order(customer, value, requested_ship_date=DAYS[day])) for value, day in orders]
    RuleVersion.objects.filter(pk=rule.pk).update(state="retired")
    return holds


DRAWN = (("24300", "24"), ("6900", "24"), ("2140", "24"), ("3900", "25"), ("9400", "27"))


def harbour_lane():
    """The customer of ux 3.1: a free limit of 6,250.00."""
    customer = a_customer("C-10427", limit="210000")
    an_invoice(customer, "203750")
    holds = stopped(customer, *DRAWN)
    a_rule(name="CLU-03")
    return customer, holds


def fit(customer, **options):
    scope = options.pop("scope", None) or Scope.of_payer(customer)
    return fit_holds(scope, **{"by": By.SHIP, "actor": a_user(), "today": today, **options})


def placed(found) -> list[str]:
    return [f"{row.hold.amount:.0f}" for row in found.chosen]


def test_the_drawn_example():
    """Ux 3.1: free 6,250.00; 2,140.00 and 3,900.00 fit, the others are short by what the drawing says."""
    customer, _ = harbour_lane()
    found = fit(customer)
    assert (found.free, found.to_place, found.total, found.left) == (6250, 6250, 6040, 210)
    shown = [(f"{row.hold.amount:.0f}", row.fits, row.fits and row.running, row.short) for row in found.rows]
    assert shown == [
        ("2140", True, Decimal(2140), None),
        ("6900", False, False, Decimal("6690.00")),
        ("24300", False, False, Decimal("24090.00")),
        ("3900", True, Decimal(6040), None),
        ("9400", False, False, Decimal("9190.00")),
    ]


def test_most_orders_and_highest_value():
    customer, _ = harbour_lane()
    assert placed(fit(customer, by=By.MOST_ORDERS)) == ["2140", "3900"]
    customer = a_customer("C-2", limit="10000")
    RuleVersion.objects.update(state="retired")
    stopped(customer, ("4000", "24"), ("5000", "25"), ("6000", "27"))
    a_rule()
    assert placed(fit(customer, by=By.SHIP)) == ["4000", "5000"]
    assert placed(fit(customer, by=By.VALUE)) == ["6000", "4000"]


def test_an_expected_receipt_makes_room_and_clears_what_is_overdue():
    customer, _ = harbour_lane()
    found = fit(customer, receipt=Decimal(18500))
    assert (found.free, found.receipt, found.to_place) == (6250, 18500, 24750)
    assert placed(found) == ["2140", "6900", "3900", "9400"]
    late = a_customer("C-3", limit="9000")
    an_invoice(late, "700", due=DAY - dt.timedelta(30))
    a_rule("days_overdue", days=10, name="DO-07")
    hold = held(an_order(late, "400"))
    assert not fit(late).chosen
    assert [row.hold for row in fit(late, receipt=Decimal(700)).chosen] == [hold]


def test_a_rule_may_be_set_aside_but_not_the_limit():
    late = a_customer("C-3", limit="9000")
    an_invoice(late, "700", due=DAY - dt.timedelta(30))
    rule = a_rule("days_overdue", days=10, name="DO-07")
    a_rule()
    hold = held(an_order(late, "400"))
    big = held(an_order(late, "8500"))
    found = fit(late)
    assert not found.chosen
    assert [(reason.type, reason.evidence["rule_name"]) for reason in found.may_set_aside] == [
        ("days_overdue", "DO-07")
    ]
    found = fit(late, aside=[("days_overdue", str(rule.rule_id))])
    assert [row.hold for row in found.chosen] == [hold]
    short = next(row for row in found.rows if row.hold == big)
    assert (short.short, short.against) == (Decimal("600.00"), ())


def test_a_credit_group_is_fitted_as_one():
    group = a_group("G1", limit="1000")
    one, two = (a_customer(name, limit="9000", credit_group=group) for name in ("C-1", "C-2"))
    first = stopped(one, ("700", "24"))
    second = stopped(two, ("600", "25"), ("300", "27"))
    a_rule()
    found = fit(None, scope=Scope.of_group(group))
    assert [row.hold for row in found.chosen] == [first[0], second[1]]
    assert (found.free, found.total, found.left) == (1000, 1000, 0)


def test_what_waits_for_a_person_is_left_out_and_what_is_out_of_sight_is_not_there():
    customer, holds = harbour_lane()
    force_hold(order=holds[2].order_id, reason="DISPUTE", actor=a_user(), at=NOW, today=today)
    found = fit(customer)
    assert found.left_out == (holds[2],)
    assert placed(found) == ["3900"]
    an_entity("DEMF", "EUR")
    assert fit(customer, actor=a_user("german", entity="DEMF")).rows == ()


def test_what_was_proposed_can_be_released_and_fits():
    """Released in that order, the exposure stays within the limit: asked again, exactly the rest is left."""
    customer, _ = harbour_lane()
    found = fit(customer)
    ids = [row.hold.pk for row in found.chosen]
    release_holds(ids=ids, mode="with_posting", reason="PAID", actor=a_user(), at=NOW, today=today)
    again = fit(customer)
    assert (again.free, again.chosen) == (found.left, ())


def test_unlimited_customers_have_room_for_everything():
    customer = a_customer("C-9", limit=None)
    stopped(customer, ("90000", "24"))
    found = fit(customer)
    assert (found.free, found.left, len(found.chosen)) == (None, None, 1)


def test_asking_changes_nothing_and_costs_few_queries(django_assert_max_num_queries):
    customer, holds = harbour_lane()
    actor = a_user()
    with django_assert_max_num_queries(18):
        fit(customer, actor=actor, receipt=Decimal(100))
    assert {hold.version for hold in Hold.objects.all()} == {1}
    assert len(holds) == 5


def test_promises_are_added_up_by_day():
    customer, _ = harbour_lane()
    thursday = dt.date(2026, 11, 26)
    for number, (day, amount) in enumerate([(thursday, 18000), (thursday, 500), (DAY - dt.timedelta(1), 7)]):
        invoice = an_invoice(customer, "20000", number=f"P-{number}")
        CustomerTransaction.objects.filter(pk=invoice.pk).update(promised_on=day, promised_amount=amount)
    assert [(promise.on, promise.amount) for promise in promises_of(customer, DAY)] == [(thursday, 18500)]
