"""A temporary limit stands in for the base limit from its first to its last day (`domain 3.1`, `4.3`)."""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from credit_mgmt.checks import check_order
from credit_mgmt.exposure import position_of
from credit_mgmt.limits import set_limit
from credit_mgmt.limits.temporary import Withdrawal, withdraw_temporary_limits
from credit_mgmt.loading import load_book
from customers.models import Customer, CustomerCreditGroup, SalesOrder
from tests import factories as make
from tests.factories_credit import (
    ACTOR,
    AT,
    TODAY,
    BlockingRuleFactory,
    account_of,
    customer_with_limit,
    give_limit,
    give_temporary_limit,
)

pytestmark = pytest.mark.django_db


def day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def total_limit_on(customer: Customer, text: str) -> Decimal | None:
    return position_of(customer, day(text)).total_limit


@pytest.mark.parametrize(
    ("first", "last", "inside", "outside"),
    [
        ("2026-03-10", "2026-03-20", ["2026-03-10", "2026-03-15", "2026-03-20"], ["2026-03-09", "2026-03-21"]),
        ("2026-03-10", "2026-03-10", ["2026-03-10"], ["2026-03-09", "2026-03-11"]),
        ("2026-04-01", "2026-04-30", ["2026-04-01", "2026-04-30"], ["2026-03-31", "2026-05-01"]),
        ("2028-02-01", "2028-02-29", ["2028-02-29"], ["2028-01-31", "2028-03-01"]),
        ("2028-02-29", "2029-02-28", ["2028-02-29", "2029-02-28"], ["2028-02-28", "2029-03-01"]),
        ("2026-12-31", "2027-01-01", ["2026-12-31", "2027-01-01"], ["2026-12-30", "2027-01-02"]),
    ],
)
def test_it_is_in_force_from_its_first_to_its_last_day(
    first: str, last: str, inside: list[str], outside: list[str]
) -> None:
    """domain 3.1, from <= date <= to: month ends and leap days too"""
    customer = customer_with_limit("100000")
    give_temporary_limit(customer, "120000", day(first), day(last))
    assert {total_limit_on(customer, text) for text in inside} == {Decimal(120000)}
    assert {total_limit_on(customer, text) for text in outside} == {Decimal(100000)}


def test_it_replaces_a_higher_base_limit_too() -> None:
    """domain 3.1: instead of it"""
    customer = customer_with_limit("100000")
    give_temporary_limit(customer, "20000", TODAY, TODAY)
    position = position_of(customer, TODAY)
    assert (position.base_limit, position.temporary_limit, position.total_limit) == (100_000, 20_000, 20_000)


def test_each_of_several_holds_on_its_own_days() -> None:
    customer = customer_with_limit("100")
    give_temporary_limit(customer, "300", day("2026-05-01"), day("2026-05-31"))
    give_temporary_limit(customer, "200", day("2026-04-01"), day("2026-04-30"))
    days = ("2026-03-31", "2026-04-30", "2026-05-01", "2026-06-01")
    assert [total_limit_on(customer, text) for text in days] == [100, 200, 300, 100]


def test_what_was_taken_back_held_until_the_day_before() -> None:
    customer = customer_with_limit("100")
    limit = give_temporary_limit(customer, "300", day("2026-03-01"), day("2026-03-31"))
    withdraw_temporary_limits(
        withdrawals=[Withdrawal(limit.pk, journal="ADJ-2")], actor=ACTOR, at=AT, as_of=day("2026-03-10")
    )
    days = ("2026-03-09", "2026-03-10", "2026-03-31")
    assert [total_limit_on(customer, text) for text in days] == [300, 100, 100]


def test_asked_about_a_day_before_the_base_limit_changed_it_still_replaces_what_was() -> None:
    """domain 1: limits in force on the day"""
    customer = customer_with_limit("100")
    give_temporary_limit(customer, "300", day("2026-03-05"), day("2026-03-06"))
    account = account_of(customer).pk
    set_limit(account=account, limit_amount=Decimal(500), source="feed", actor=ACTOR, at=AT, as_of=day("2026-03-10"))
    days = ("2026-03-04", "2026-03-05", "2026-03-07", "2026-03-10")
    assert [total_limit_on(customer, text) for text in days] == [100, 300, 100, 500]


def test_an_order_passes_on_the_last_day_and_is_held_on_the_next() -> None:
    BlockingRuleFactory(threshold_percent=Decimal(100))
    customer = customer_with_limit("100")
    give_temporary_limit(customer, "250", TODAY, TODAY)
    order = make.SalesOrderFactory(customer=customer, amount=250)

    def held(on: dt.date) -> bool:
        return check_order(order.pk, checkpoint="confirmation", as_of={order.legal_entity_id: on}).holds

    assert (held(TODAY), held(TODAY + dt.timedelta(days=1))) == (False, True)


class TestAnExpiredLimit:
    """domain 4.3: while a temporary limit is active the limit is not expired"""

    @pytest.fixture(autouse=True)
    def rule(self, db: None) -> None:
        BlockingRuleFactory(type="limit_expired", days=0)

    @pytest.mark.parametrize(("last", "held"), [(TODAY, False), (TODAY - dt.timedelta(days=1), True)])
    def test_of_the_customer(self, decide: Callable[..., Any], last: dt.date, held: bool) -> None:
        customer = customer_with_limit("100")
        give_limit(customer, "100", expires_on=TODAY - dt.timedelta(days=30))
        give_temporary_limit(customer, "100", last - dt.timedelta(days=5), last)
        assert decide(make.SalesOrderFactory(customer=customer, amount=5)).holds is held

    @pytest.mark.parametrize(("whose", "held"), [("group", False), ("customer", True)])
    def test_of_a_group_is_judged_with_the_groups_own(self, decide: Callable[..., Any], whose: str, held: bool) -> None:
        group = make.CustomerCreditGroupFactory()
        customer = make.CustomerFactory(credit_group=group)
        give_limit(customer, "100", expires_on=TODAY + dt.timedelta(days=30))
        give_limit(group, "100")
        give_limit(group, "100", expires_on=TODAY - dt.timedelta(days=30))
        give_limit(customer, "100", expires_on=TODAY + dt.timedelta(days=30))
        owners: dict[str, Customer | CustomerCreditGroup] = {"group": group, "customer": customer}
        give_temporary_limit(owners[whose], "100", TODAY, TODAY)
        assert decide(make.SalesOrderFactory(customer=customer, amount=5)).holds is held


def test_a_group_has_temporary_limits_of_its_own() -> None:
    group = make.CustomerCreditGroupFactory()
    customer = make.CustomerFactory(credit_group=group)
    give_limit(group, "15000")
    give_temporary_limit(group, "40000", TODAY, TODAY)
    book = load_book(payer_ids=[customer.pk], as_of=TODAY)
    [found] = book.groups.values()
    assert (found.limit, found.temporary_limit) == (15_000, 40_000)
    assert book.positions[customer.key].temporary_limit is None


def test_unlimited_wins() -> None:
    """domain 2"""
    customer = make.CustomerFactory()
    give_limit(customer, "0", unlimited=True)
    give_temporary_limit(customer, "5", TODAY, TODAY)
    assert position_of(customer, TODAY).total_limit is None


def test_it_costs_no_further_query(count_queries: Callable[[Callable[[], Any]], int]) -> None:
    customer = customer_with_limit("100")
    other = customer_with_limit("100")
    give_temporary_limit(customer, "250", TODAY, TODAY)

    def check(order: SalesOrder) -> Callable[[], Any]:
        return lambda: check_order(order.pk, checkpoint="confirmation", as_of={order.legal_entity_id: TODAY})

    orders = [make.SalesOrderFactory(customer=whose, amount=5) for whose in (customer, other)]
    check(orders[0])()
    assert count_queries(check(orders[0])) == count_queries(check(orders[1])) <= 4
