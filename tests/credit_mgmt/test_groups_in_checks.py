"""Customers that share one limit, through the database (`domain 3.4`)."""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal

import pytest

from credit_mgmt.engine.decision import Decision
from credit_mgmt.exposure import position_of
from credit_mgmt.limits import set_limit
from credit_mgmt.models import LimitHistory
from customers.models import SalesOrder
from tests import factories as make
from tests.factories_credit import (
    ACTOR,
    AT,
    TODAY,
    BlockingRuleFactory,
    account_of,
    approve,
    customer_with_limit,
    give_limit,
)

pytestmark = pytest.mark.django_db

Decide = Callable[[SalesOrder], Decision]


@pytest.mark.parametrize(
    ("own", "flags", "group", "stopped_above"),
    [
        ("10000", {}, "15000", "10000"),
        ("20000", {}, "15000", "15000"),
        ("0", {"mandatory": True}, "15000", "0"),
        ("0", {"unlimited": True}, "15000", "15000"),
        ("0", {}, "15000", "15000"),
        ("0", {}, None, "0"),
    ],
)
def test_the_table_of_own_limit_and_group_limit(
    decide: Decide, own: str, flags: dict[str, bool], group: str | None, stopped_above: str
) -> None:
    """domain 3.4, the table: 100 % and no other exposure"""
    BlockingRuleFactory(threshold_percent=Decimal(100))
    credit_group = make.CustomerCreditGroupFactory() if group else None
    customer = make.CustomerFactory(credit_group=credit_group)
    give_limit(customer, own, **flags)
    if credit_group:
        give_limit(credit_group, group or "0")
    most = Decimal(stopped_above)
    assert not decide(make.SalesOrderFactory(customer=customer, amount=most)).holds
    assert decide(make.SalesOrderFactory(customer=customer, amount=most + Decimal("0.01"))).holds


def test_an_unlimited_customer_may_skip_the_group(decide: Decide, parameters: Callable[..., None]) -> None:
    """domain 3.4: what Dynamics >= 10.0.21 does"""
    parameters(unlimited_customers_skip_the_group_limit=True)
    BlockingRuleFactory(threshold_percent=Decimal(100))
    group = make.CustomerCreditGroupFactory()
    customer = make.CustomerFactory(credit_group=group)
    give_limit(customer, "0", unlimited=True)
    give_limit(group, "15000")
    assert not decide(make.SalesOrderFactory(customer=customer, amount=Decimal(1_000_000))).holds


def test_a_groups_exposure_is_its_members_in_its_currency_across_legal_entities(decide: Decide) -> None:
    """domain 3.4: converted with the rate type and today of the checked order's legal entity"""
    make.ExchangeRateFactory()  # 1 EUR = 1.25 USD
    group = make.CustomerCreditGroupFactory()
    german = make.LegalEntityFactory(code="DEMF", accounting_currency=make.CurrencyFactory(code="EUR"))
    here = make.CustomerFactory(credit_group=group)
    there = make.CustomerFactory(credit_group=group, legal_entity=german)
    give_limit(group, "1000")
    make.InvoiceFactory(customer=there, amount=Decimal(400))  # 500 USD
    approve(make.SalesOrderFactory(customer=there, amount=Decimal(80)))  # 100 USD
    make.PaymentFactory(customer=here, amount=Decimal(50))  # negative, and counts as it is
    BlockingRuleFactory()
    decision = decide(make.SalesOrderFactory(customer=here, amount=Decimal("450.01")))
    assert decision.reasons[0].account == f"group:{group.pk}"
    assert decision.reasons[0].evidence["measured"] == "1000.01"
    assert not decide(make.SalesOrderFactory(customer=here, amount=Decimal(450))).holds
    standing = position_of(here, TODAY).group
    assert standing is not None
    assert (standing.limit, standing.exposure, standing.available) == (1000, 550, 450)


def test_days_overdue_of_any_member_are_the_largest_where_the_group_says_so(decide: Decide) -> None:
    """domain 3.4"""
    group = make.CustomerCreditGroupFactory(use_member_days_overdue=True)
    punctual = make.CustomerFactory(credit_group=group)
    late = make.CustomerFactory(credit_group=group)
    give_limit(group, "100000")
    make.InvoiceFactory(customer=late, number="OLD", due_date=TODAY - dt.timedelta(days=70))
    BlockingRuleFactory(type="days_overdue", days=60)
    order = make.SalesOrderFactory(customer=punctual)
    [reason] = decide(order).reasons
    assert (reason.account, reason.evidence["measured"], reason.evidence["document"]) == (late.key, "70", "OLD")
    group.use_member_days_overdue = False
    group.save()
    assert not decide(order).holds


def test_a_later_change_of_the_groups_date_is_its_members(parameters: Callable[..., None]) -> None:
    """domain 3.4: through limit history"""
    group = make.CustomerCreditGroupFactory()
    member, stranger = make.CustomerFactory(credit_group=group), customer_with_limit("10")
    account_of(member)
    account = give_limit(group, "1000")
    until = TODAY + dt.timedelta(days=90)
    set_limit(account=account.pk, expires_on=until, source="feed", actor=ACTOR, at=AT, as_of=TODAY)
    assert account_of(member).expires_on == until
    assert LimitHistory.objects.get(account=account_of(member)).source == "group"
    assert account_of(stranger).expires_on is None
