"""Figures by which lists are sorted: those of the position, worked out again when something changed (`ux.md` 3.6)."""

import datetime as dt
from decimal import Decimal

import pytest

from credit_mgmt import figures
from credit_mgmt.models import AccountFigures, CreditAccount
from tests.factories_credit import give_limit
from tests.factories_holds import DAY, a_customer, a_group, an_invoice

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 11, 20, 9, tzinfo=dt.UTC)
BUDGET = dt.timedelta(seconds=30)


def refresh(at: dt.datetime = NOW, day: dt.date = DAY) -> int:
    return figures.refresh(today={"USMF": day}, at=lambda: at, budget=BUDGET)


def kept(customer) -> AccountFigures:
    return AccountFigures.objects.get(account__customer=customer)


def test_they_are_those_of_the_position():
    customer = a_customer("US-001", limit="1000")
    an_invoice(customer, "1250.00", due=DAY - dt.timedelta(days=12))
    refresh()
    found = kept(customer)
    assert (found.exposure, found.over_limit, found.used_percent) == (Decimal(1250), Decimal(250), Decimal(125))
    assert (found.overdue_amount, found.days_overdue, found.as_of) == (Decimal(1250), 12, DAY)


def test_what_is_within_its_limit_is_over_by_nothing_and_no_credit_has_no_percentage():
    within, none, free = a_customer("A", limit="100"), a_customer("B", limit="0"), a_customer("C", limit=None)
    for customer in (within, none, free):
        an_invoice(customer, "10", due=DAY)
    refresh()
    assert [kept(one).over_limit for one in (within, none, free)] == [None, Decimal(10), None]
    assert [kept(one).used_percent for one in (within, none, free)] == [Decimal(10), None, None]


def test_a_group_has_those_of_its_members_together():
    group = a_group("G1", "1000")
    for account in ("A", "B"):
        an_invoice(a_customer(account, limit="0", credit_group=group), "600", due=DAY - dt.timedelta(days=3))
    refresh()
    found = AccountFigures.objects.get(account__group="G1")
    assert (found.exposure, found.over_limit, found.used_percent) == (Decimal(1200), Decimal(200), Decimal(120))
    assert (found.overdue_amount, found.days_overdue) == (Decimal(1200), 3)


class TestAgain:
    @pytest.fixture
    def customer(self):
        customer = a_customer("US-001", limit="1000")
        refresh()
        return customer

    def test_nothing_is_done_while_nothing_changed(self, customer):
        assert refresh(NOW + dt.timedelta(minutes=5)) == 0

    def test_what_was_marked_is(self, customer):
        an_invoice(customer, "100", due=DAY)
        figures.outdated([customer.pk])
        assert refresh() == 1
        assert kept(customer).exposure == Decimal(100)

    def test_what_used_credit_since_is(self, customer):
        CreditAccount.objects.filter(customer=customer).update(version=7)
        assert refresh() == 1
        assert refresh() == 0

    def test_the_group_of_a_marked_customer_is(self):
        group = a_group("G1", "1000")
        member = a_customer("A", limit="0", credit_group=group)
        refresh()
        an_invoice(member, "100", due=DAY)
        figures.outdated([member.pk])
        refresh()
        assert AccountFigures.objects.get(account__group=group).exposure == Decimal(100)

    def test_what_is_an_hour_old_or_of_yesterday_is(self, customer):
        give_limit(customer, "2000")
        assert refresh(NOW + figures.OLD + dt.timedelta(seconds=1)) == 1
        assert refresh(NOW + figures.OLD + dt.timedelta(seconds=2), DAY + dt.timedelta(days=1)) == 1

    def test_it_stops_when_its_time_is_over(self, customer):
        moments = iter(NOW + dt.timedelta(seconds=20 * n) for n in range(99))
        for number in range(3):
            a_customer(f"N-{number}", limit="1")
        figures_before, figures.CHUNK = figures.CHUNK, 1
        try:
            done = figures.refresh(today={"USMF": DAY}, at=lambda: next(moments), budget=dt.timedelta(seconds=50))
        finally:
            figures.CHUNK = figures_before
        assert 0 < done < 3


def test_the_number_of_statements_does_not_depend_on_the_number_of_accounts(django_assert_max_num_queries):
    for number in range(3):
        a_customer(f"A-{number}", limit="10")
    with django_assert_max_num_queries(30) as few:
        refresh()
    AccountFigures.objects.all().delete()
    for number in range(20):
        a_customer(f"B-{number}", limit="10")
    with django_assert_max_num_queries(len(few)):
        refresh()
