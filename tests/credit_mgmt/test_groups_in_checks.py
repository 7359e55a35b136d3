"""Customers that share one limit, through the database (`domain 3.4`)."""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from credit_mgmt.credit_groups.standing import overview_of
from credit_mgmt.engine.decision import Decision
from credit_mgmt.exposure import position_of
from credit_mgmt.limits import set_limit
from credit_mgmt.models import LimitHistory, Parameters
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


@pytest.mark.parametrize(
    ("member", "skip", "amount", "named"),
    [
        ({"limit": "10000"}, False, "10000.01", "own"),
        ({"limit": "20000"}, False, "15000.01", "group"),
        ({"limit": "20000"}, False, "20000.01", "group"),
        ({"limit": "0", "mandatory": True}, False, "0.01", "own"),
        ({"limit": "0", "unlimited": True}, False, "15000.01", "group"),
        ({"limit": "0", "unlimited": True}, True, "15000.01", None),
        ({"limit": "0", "unlimited": True, "mandatory": True}, False, "15000.01", "group"),
        ({"limit": "0"}, True, "15000.01", "group"),
    ],
)
def test_the_group_is_tested_first_and_then_the_customer(  # noqa: PLR0917 - a row of the table
    decide: Decide, parameters: Callable[..., None], member: dict[str, Any], skip: bool, amount: str, named: str | None
) -> None:
    """domain 3.4: first against the group and, if that is sufficient, then against its own limit; the first one above
    its limit is what the decision names"""
    parameters(unlimited_customers_skip_the_group_limit=skip)
    BlockingRuleFactory()
    group = make.CustomerCreditGroupFactory()
    customer = make.CustomerFactory(credit_group=group)
    flags = {name: value for name, value in member.items() if name != "limit"}
    give_limit(customer, member["limit"], **flags)
    give_limit(group, "15000")
    reasons = decide(make.SalesOrderFactory(customer=customer, amount=Decimal(amount))).reasons
    assert [reason.evidence["kind"] for reason in reasons] == ([named] if named else [])


@pytest.mark.parametrize(("own", "stopped_above"), [("10000", "10000"), ("20000", "20000"), ("0", "0")])
def test_without_group_checking_only_the_own_limit_binds(
    decide: Decide, parameters: Callable[..., None], own: str, stopped_above: str
) -> None:
    """domain 3.4: the parameter *check customer credit groups credit limit* off; an own limit of 0 is no credit then"""
    parameters(check_customer_credit_groups_credit_limit=False)
    BlockingRuleFactory()
    group = make.CustomerCreditGroupFactory()
    customer = make.CustomerFactory(credit_group=group)
    give_limit(customer, own)
    give_limit(group, "1")
    most = Decimal(stopped_above)
    assert not decide(make.SalesOrderFactory(customer=customer, amount=most)).holds
    assert decide(make.SalesOrderFactory(customer=customer, amount=most + Decimal("0.01"))).holds


def test_three_members_in_three_entities_with_three_currencies(decide: Decide) -> None:
    """domain 3.4: converted with the rate type and today of the checked order's legal entity: 500 + 300 + 100 USD in
    the default rates, 800 + 600 + 100 in those of the British entity"""
    group = make.CustomerCreditGroupFactory()
    members = {}
    for code, currency, rate, british in (("DEMF", "EUR", "1.25", "2.00"), ("GBMF", "GBP", "1.50", "3.00")):
        unit = make.CurrencyFactory(code=currency)
        entity = make.LegalEntityFactory(code=code, accounting_currency=unit)
        for rate_type, value in (("default", rate), ("british", british)):
            make.ExchangeRateFactory(rate_type=rate_type, from_currency=unit, rate=Decimal(value))
        members[code] = make.CustomerFactory(credit_group=group, legal_entity=entity)
    members["USMF"] = make.CustomerFactory(credit_group=group)
    a_row = Parameters.objects.get(legal_entity=None)
    a_row.pk, a_row.legal_entity_id, a_row.credit_limit_exchange_rate_type = None, "GBMF", "british"
    a_row.save()
    a_row.checkpoints.create(document="confirmation", posting=True)
    give_limit(group, "1500")
    for code, amount in (("DEMF", "400"), ("GBMF", "200"), ("USMF", "100")):
        make.InvoiceFactory(customer=members[code], amount=Decimal(amount))
    BlockingRuleFactory()
    measured = {
        code: decide(make.SalesOrderFactory(customer=members[code], amount=Decimal(1000))).reasons[0].evidence
        for code in ("USMF", "GBMF")
    }
    assert (measured["USMF"]["measured"], measured["GBMF"]["measured"]) == ("1900.00", "4500.00")
    assert measured["GBMF"]["currency"] == "USD"


def test_the_overdue_amount_stays_the_customers_own(decide: Decide) -> None:
    """domain 3.4: days overdue of any member are the largest over all members; the overdue amount is its own"""
    group = make.CustomerCreditGroupFactory(use_member_days_overdue=True)
    punctual, late = (make.CustomerFactory(credit_group=group) for _ in range(2))
    give_limit(group, "1000")
    make.InvoiceFactory(customer=late, amount=Decimal(900), due_date=TODAY - dt.timedelta(days=9))
    BlockingRuleFactory(type="overdue_amount", amount=Decimal(1), currency_id="USD", threshold_percent=Decimal(1))
    assert not decide(make.SalesOrderFactory(customer=punctual, amount=Decimal(50))).holds
    assert decide(make.SalesOrderFactory(customer=late, amount=Decimal(50))).holds


def test_the_aged_balances_of_the_members_add_up() -> None:
    """domain 3.3, 3.4: per member and in total, in the group's currency"""
    make.ExchangeRateFactory()
    german = make.LegalEntityFactory(code="DEMF", accounting_currency=make.CurrencyFactory(code="EUR"))
    group = make.CustomerCreditGroupFactory()
    here = make.CustomerFactory(credit_group=group)
    there = make.CustomerFactory(credit_group=group, legal_entity=german)
    for customer, amount, days in ((here, 100, 0), (here, 40, 31), (there, 400, 31), (there, 80, 100)):
        make.InvoiceFactory(customer=customer, amount=Decimal(amount), due_date=TODAY - dt.timedelta(days=days))
    make.PaymentFactory(customer=here, amount=Decimal(50))
    overview = overview_of(group.pk, TODAY)
    assert [bucket.amount for bucket in overview.ageing] == [100, 0, 540, 0, 100, -50]
    assert [[bucket.amount for bucket in member.ageing] for member in overview.members] == [
        [0, 0, 500, 0, 100, 0], [100, 0, 40, 0, 0, -50],
    ]  # fmt: skip
    assert overview.exposure == 690
