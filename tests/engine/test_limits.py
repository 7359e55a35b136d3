"""Limits, exposure and credit groups (`domain 3`)."""

from decimal import Decimal
from typing import Any

import pytest

from credit_mgmt.engine.decision import Outcome
from credit_mgmt.engine.exposure import Book, cover_counted, group_limit, total_limit
from credit_mgmt.engine.facts import CoverPart, CustomerPosition, LimitType, Part
from tests.engine.build import CUSTOMER, check, group, money, order, policy_of, position, rule, setting, types

FULL = rule("limit_used", threshold_percent=100)
G1 = "group:G1"
HALF = policy_of(50_000, percent=50)
INCLUDED = policy_of(50_000, percent=50, in_exposure=True)


@pytest.mark.parametrize(
    ("values", "total"),
    [
        ({"limit": 100_000}, 100_000),
        # domain 3.1, worked: policy 50,000 at 50 % -> 125,000; the same included in exposure -> 75,000.
        ({"limit": 100_000, "cover": (HALF,)}, 125_000),
        ({"limit": 100_000, "cover": (INCLUDED,)}, 75_000),
        ({"limit": 100_000, "cover": (policy_of(50_000, amount=30_000), HALF)}, 155_000),
        ({"limit": 100_000, "cover": (INCLUDED, HALF)}, 100_000),
        ({"limit": 100_000, "temporary_limit": 20_000}, 20_000),
        ({"limit": 100_000, "temporary_limit": 0}, 0),
        ({"limit": 100_000, "temporary_limit": 20_000, "cover": (HALF,)}, 45_000),
        ({"limit": 10_000, "cover": (INCLUDED,)}, 0),
        ({"limit": 0}, 0),
    ],
)
def test_the_total_limit_is_base_or_temporary_plus_cover_and_never_below_zero(values: dict, total: int) -> None:
    """domain 3.1."""
    assert total_limit(position(**values), setting().rates) == total


@pytest.mark.parametrize(
    ("part", "counts"),
    [
        (policy_of("100.05", percent=50), "50.03"),  # half a cent is rounded up
        (policy_of("100.03", percent="33.3333"), "33.34"),
        (policy_of(101, percent=50, currency="JPY"), "51"),
        (policy_of("100.05", amount="12.34"), "12.34"),
        (policy_of(100, amount=0), "0"),
        (policy_of(100, percent=100, in_exposure=True), "0"),
        (policy_of("100.05", percent=50, in_exposure=True), "-50.02"),
    ],
)
def test_a_policy_counts_its_percentage_rounded_or_its_amount_less_what_exposure_includes(
    part: CoverPart, counts: str
) -> None:
    """domain 1, 3.1."""
    assert cover_counted(part, setting().rates.minor_units[part.currency]) == Decimal(counts)


def test_cover_in_another_currency_is_added_up_there_and_converted_once() -> None:
    """domain 1, 3.1: two policies of 0.50 EUR at 1.11 are 1.11, not twice 0.56."""
    twice = (policy_of("0.50", currency="EUR"), policy_of("0.50", currency="EUR"))
    assert total_limit(position(cover=twice), setting(EUR_USD="1.11").rates) == Decimal("100001.11")


def test_cover_without_a_rate_holds_the_order_where_a_limit_is_tested_and_nowhere_else() -> None:
    """domain 4.9: it is neither nothing nor all of it; also where the limit alone would do."""
    covered = position(cover=(policy_of(50_000, currency="EUR"),))
    held = check(order(1), covered, FULL)
    assert types(held) == ("cannot_be_evaluated",)
    assert held.reasons[0].evidence["missing_rates"] == "EUR>USD"
    assert held.figures is not None
    assert (held.figures["total_limit"], held.figures["missing_rate"]) == (None, "EUR>USD")
    assert check(order(1), covered, FULL, where=setting(EUR_USD="1.10")).outcome is Outcome.PASSED
    days = rule("days_overdue", days=1)
    assert check(order(1), covered, days, check_credit_limit=False).outcome is Outcome.PASSED


def test_cover_never_raises_a_group_and_a_temporary_limit_replaces_its_limit() -> None:
    """domain 3.1, 3.4."""
    covered = position(cover=(policy_of(50_000),), group=G1)
    assert group_limit(group(covered, limit=15_000)) == 15_000
    assert group_limit(group(covered, limit=15_000, temporary_limit=40_000)) == 40_000


PARTS = (Part("USD", balance=money(1_000), delivered=money(200), ordered=money(30)),)


@pytest.mark.parametrize(
    ("limit_type", "without"),
    [
        (LimitType.BALANCE, 1_000),
        (LimitType.BALANCE_PACKING_SLIP, 1_200),
        (LimitType.BALANCE_ALL, 1_230),
        (LimitType.NONE, 1_230),
    ],
)
def test_exposure_has_the_parts_of_the_credit_limit_type(limit_type: LimitType, without: int) -> None:
    """domain 3.2; the order itself counts in full, whatever the type."""
    customer = position(parts=PARTS, limit_type=limit_type)
    exposure = Book([customer]).exposure(order(7), customer, setting().rates)
    assert exposure == (without, without + 7)


@pytest.mark.parametrize("limit_type", list(LimitType))
def test_an_order_that_counts_already_counts_itself_exactly_once(limit_type: LimitType) -> None:
    """domain 3.2: the same figures, whether its 30 ordered and 20 delivered are part of the facts or not."""
    this = {"uninvoiced": 50, "delivered": 20}
    counted = position(parts=(Part("USD", money(1_000), money(220), money(60)),), limit_type=limit_type)
    alone = position(parts=(Part("USD", money(1_000), money(200), money(30)),), limit_type=limit_type)
    rates = setting().rates
    assert Book([counted]).exposure(order(50, counted=True, **this), counted, rates) == Book([alone]).exposure(
        order(50, **this), alone, rates
    )


def test_an_order_on_terms_that_use_no_credit_counts_nothing() -> None:
    """domain 3.2, 2."""
    customer = position(balance=900)
    prepaid = order(5_000, uses_credit=False, counted=True)
    assert Book([customer]).exposure(prepaid, customer, setting().rates) == (900, 900)


def test_unapplied_payments_make_room_and_exposure_may_be_negative() -> None:
    """domain 3.2."""
    decision = check(order(100_500), position(balance=-600), FULL)
    assert decision.outcome is Outcome.PASSED
    assert decision.figures is not None
    assert decision.figures["exposure_without"] == "-600.00"


@pytest.mark.parametrize(
    ("own", "stopped_above"),
    [
        ({"limit": 10_000}, 10_000),
        ({"limit": 20_000}, 15_000),
        ({"limit": 0, "mandatory": True}, 0),
        ({"limit": 0, "unlimited": True}, 15_000),
        ({"limit": 0}, 15_000),
    ],
)
def test_the_table_of_3_4(own: dict, stopped_above: int) -> None:
    """domain 3.4: what stops a member of a group with a limit of 15,000."""
    member = position(group=G1, **own)
    shared = group(member, limit=15_000)
    if stopped_above:
        assert check(order(stopped_above), member, FULL, groups=(shared,)).outcome is Outcome.PASSED
    stopped = check(order(Decimal(stopped_above) + Decimal("0.01")), member, FULL, groups=(shared,))
    assert types(stopped) == ("limit_used",)
    assert stopped.reasons[0].account == (G1 if stopped_above == 15_000 else CUSTOMER)


def test_without_a_group_a_limit_of_zero_stops_every_order() -> None:
    """domain 3.4, last row; domain 2: 0 means no credit."""
    assert types(check(order("0.01"), position(limit=0), FULL)) == ("limit_used",)


def test_unlimited_customers_skip_the_group_only_with_the_parameter() -> None:
    """domain 3.4, fourth row."""
    member = position(limit=0, unlimited=True, group=G1)
    shared = (group(member, limit=15_000),)
    assert check(order(1_000_000), member, FULL, groups=shared, unlimited_skips_group=True).outcome is Outcome.PASSED
    assert types(check(order(1_000_000), member, FULL, groups=shared)) == ("limit_used",)


def test_with_group_checking_off_only_the_own_limit_counts() -> None:
    """domain 3.4: a limit of 0 then has nothing that stands in for it."""
    rich, poor = position(limit=20_000, group=G1), position(limit=0, group=G1)
    off: dict[str, Any] = {"check_group_limit": False}
    assert check(order(18_000), rich, FULL, groups=(group(rich, limit=15_000),), **off).outcome is Outcome.PASSED
    assert types(check(order(1), poor, FULL, groups=(group(poor, limit=15_000),), **off)) == ("limit_used",)


def test_a_temporary_limit_of_zero_is_a_limit_that_somebody_set() -> None:
    """domain 3.1, 3.4: it is tested, and stops the member whatever room the group has."""
    member = position(limit=0, temporary_limit=0, group=G1)
    decision = check(order(1), member, FULL, groups=(group(member, limit=15_000),))
    assert [reason.account for reason in decision.reasons] == [CUSTOMER]


def test_group_exposure_is_the_sum_of_its_members_in_the_groups_currency() -> None:
    """domain 3.4: each member by the type of its own legal entity, a member with type none counts as all."""
    payer = position(balance=1_000, group=G1)
    european = CustomerPosition(
        "DEMF:DE-1", 2, "DEMF", "EUR", parts=(Part("EUR", money(100), money(20), money(3)),), group=G1,
        limit_type=LimitType.BALANCE,
    )  # fmt: skip
    open_ended = CustomerPosition(
        "GBMF:GB-1", 3, "GBMF", "GBP", parts=(Part("GBP", money(10), money(20), money(30)),), group=G1,
        limit_type=LimitType.NONE,
    )  # fmt: skip
    in_credit = position("USMF:US-002", balance=-50, group=G1)
    shared = group(payer, european, open_ended, in_credit)
    exposure = Book([], [shared]).group_exposure(order(7), payer, shared, setting(EUR_USD="1.10", GBP_USD="1.25").rates)
    assert exposure == (1_000 + 110 + 75 - 50, 1_000 + 110 + 75 - 50 + 7)


def test_the_first_limit_that_is_exceeded_is_named_the_groups_first() -> None:
    """domain 3.4, 4.3."""
    member = position(limit=5_000, group=G1)
    decision = check(order(6_000), member, FULL, groups=(group(member, limit=5_500),))
    assert [(reason.account, reason.evidence["kind"]) for reason in decision.reasons] == [(G1, "group")]
    roomy = check(order(6_000), member, FULL, groups=(group(member, limit=50_000),))
    assert [(reason.account, reason.evidence["kind"]) for reason in roomy.reasons] == [(CUSTOMER, "own")]


def test_rates_are_those_of_the_checked_orders_legal_entity() -> None:
    """domain 3.4: the same group has another exposure seen from another entity."""
    member = position("DEMF:DE-1", currency="EUR", balance=0, group=G1, limit=1_000_000)
    shared = (group(member, limit=1_100),)
    facts = order(1_000, payer="DEMF:DE-1", legal_entity="DEMF", currency="EUR")
    passes = check(facts, member, FULL, groups=shared, where=setting(legal_entity="DEMF", EUR_USD="1.10"))
    assert passes.outcome is Outcome.PASSED
    stopped = check(facts, member, FULL, groups=shared, where=setting(legal_entity="DEMF", EUR_USD="1.11"))
    assert types(stopped) == ("limit_used",)


def test_a_rate_may_lead_through_the_accounting_currency() -> None:
    """An entity keeps rates to its own currency; the group's currency is reached through it."""
    member = position(limit=1_000_000, group=G1)
    shared = (group(member, limit=1_000, currency="EUR"),)
    decision = check(
        order(700, currency="GBP"), member, FULL, groups=shared, where=setting(GBP_USD="1.50", EUR_USD="1.05")
    )
    assert decision.outcome is Outcome.PASSED
    draws = {draw.account: (draw.amount, draw.currency) for draw in decision.draws}
    assert draws == {CUSTOMER: (Decimal("1050.00"), "USD"), G1: (Decimal("1000.00"), "EUR")}


def test_figures_add_up_and_name_the_tighter_limit() -> None:
    """ux 3.1, 3.2: the page's own example, 228,050 of 210,000 = 108.6 %, over by 18,050, free 6,250."""
    parts = (Part("USD", money(152_400), money(18_750), money(32_600), overdue=money(41_200)),)
    figures = check(order(24_300), position(parts=parts, limit=210_000, days_overdue=67), FULL).figures
    assert figures == {
        "currency": "USD", "total_limit": "210000.00", "exposure_without": "203750.00", "exposure_after": "228050.00",
        "overdue_amount": "41200.00", "days_overdue": "67", "over_limit": "18050.00", "free_limit": "6250.00",
        "used_percent": "108.5952", "tighter": "own", "overdue": "41200.00", "not_due": "111200.00",
        "delivered": "18750.00", "ordered": "32600.00", "this_order": "24300.00",
    }  # fmt: skip


def test_figures_of_an_unlimited_customer_have_no_limit_and_no_use() -> None:
    """ux 3.2: unlimited, no tick."""
    figures = check(order(24_300), position(unlimited=True), FULL).figures
    assert figures is not None
    assert [figures[name] for name in ("total_limit", "over_limit", "free_limit", "used_percent", "tighter")] == [
        None, None, None, None, None,
    ]  # fmt: skip


def test_the_group_is_the_tighter_limit_when_it_has_less_room() -> None:
    """ux 3.1: the tighter of own and group limit."""
    member = position(balance=40_000, limit=100_000, group=G1)
    other = position("USMF:US-002", balance=50_000, group=G1)
    figures = check(order(5_000), member, FULL, groups=(group(member, other, limit=90_000),)).figures
    assert figures is not None
    assert (figures["tighter"], figures["over_limit"], figures["free_limit"]) == ("group", "5000.00", "0.00")
    assert figures["group_exposure_after"] == "95000.00"


def test_what_an_order_draws_is_what_is_left_of_it_in_each_accounts_currency() -> None:
    """architecture, Commitment; domain 2: prepaid orders draw nothing."""
    member = position(group=G1)
    shared = (group(member, currency="EUR"),)
    drawn = check(order(1_000, uninvoiced=220), member, groups=shared, where=setting(EUR_USD="1.10")).draws
    assert [(draw.account, draw.amount) for draw in drawn] == [(CUSTOMER, 220), (G1, 200)]
    prepaid = check(order(1_000, uses_credit=False), member, groups=shared, where=setting(EUR_USD="1.10")).draws
    assert [draw.amount for draw in prepaid] == [0, 0]
