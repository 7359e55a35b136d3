"""Holds by rule (`ux` 3.10): how often a rule stopped orders, and how often for nothing."""

import datetime as dt

import pytest

from customers.models import Role
from holds.evaluation import evaluate
from holds.models import Hold
from holds.releases import release_hold
from holds.rule_counts import Held, holds_by_rule
from tests.factories_holds import (
    NOW,
    SYSTEM,
    a_customer,
    a_rule,
    a_user,
    an_entity,
    an_invoice,
    an_order,
    held,
    paid,
    reasons,
    today,
)

pytestmark = pytest.mark.django_db
LATER = NOW + dt.timedelta(hours=1)


@pytest.fixture(autouse=True)
def _reasons():
    an_entity()
    an_entity("DEMF", "EUR")
    reasons()


def let_go(hold: Hold) -> None:
    release_hold(id=hold.pk, mode="without_posting", reason="PAID", actor=a_user(), at=LATER, today=today)


def counted(rule, now: dt.datetime = LATER) -> Held:
    return holds_by_rule(SYSTEM, now=now).get(str(rule.rule_id), Held())


def test_a_release_of_what_still_stands_is_a_release_as_it_is():
    rule = a_rule("sales_order", amount=300, currency_id="USD")
    customer = a_customer(limit=None)
    let_go(held(an_order(customer, "400")))
    held(an_order(customer, "500"))
    assert counted(rule) == Held(held=2, decided=1, as_is=1)
    assert counted(rule).as_is_percent == 100


def test_a_release_of_what_was_cleared_before_is_none():
    rule = a_rule("days_overdue", days=5)
    customer = a_customer(limit=None)
    invoice = an_invoice(customer, "100", due=NOW.date() - dt.timedelta(days=20))
    hold = held(an_order(customer, "400"))
    paid(invoice)
    evaluate(hold_ids=[hold.pk], actor=SYSTEM, at=LATER, today={"USMF": NOW.date()})
    let_go(hold)
    assert counted(rule) == Held(held=1, decided=1, as_is=0)
    assert counted(rule).as_is_percent == 0


def test_a_hold_of_two_rules_counts_for_each_and_once():
    one = a_rule("sales_order", name="SO-1", amount=300, currency_id="USD")
    other = a_rule("payment_terms", name="PT-1", payment_terms_id="N30")
    held(an_order(a_customer(limit=None), "400"))
    assert counted(one) == counted(other) == Held(held=1)
    assert counted(one).as_is_percent is None


def test_what_is_older_than_30_days_is_not_looked_at():
    rule = a_rule("sales_order", amount=300, currency_id="USD")
    hold = held(an_order(a_customer(limit=None), "400"))
    assert counted(rule, NOW + dt.timedelta(days=30)).held == 1
    assert counted(rule, NOW + dt.timedelta(days=31)).held == 0
    let_go(hold)
    assert counted(rule, NOW + dt.timedelta(days=31)).held == 0


def test_a_reader_counts_the_holds_of_their_entities(django_assert_num_queries):
    rule = a_rule("sales_order", amount=300, currency_id="USD")
    held(an_order(a_customer(limit=None), "400"))
    reader = a_user("local", Role.VIEWER, "USMF")
    with django_assert_num_queries(1):
        assert holds_by_rule(reader, now=LATER)[str(rule.rule_id)].held == 1
    assert holds_by_rule(a_user("far", Role.VIEWER, "DEMF"), now=LATER) == {}
