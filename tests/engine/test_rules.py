"""What each rule type measures, and how it compares (`domain 4.3`)."""

import datetime as dt
from decimal import Decimal
from typing import Any, ClassVar

import pytest

from credit_mgmt.engine import rules
from credit_mgmt.engine.case import Case
from credit_mgmt.engine.decision import Decision, Outcome, Verdict
from credit_mgmt.engine.facts import LimitType, Rule
from tests.engine.build import CUSTOMER, TODAY, check, group, order, policy, policy_of, position, rule, setting, types

G1 = "group:G1"


def ago(days: int) -> dt.date:
    return TODAY - dt.timedelta(days=days)


def verdicts(decision: Decision) -> dict[str, str]:
    return {line.name or line.type: line.verdict for line in decision.trace}


@pytest.mark.parametrize(("days", "held"), [(80, False), (100, False), (101, True), (61, False)])
def test_block_above_61_days_and_exclude_one_customer_up_to_100(days: int, held: bool) -> None:
    """domain 4.3: 80 and 100 days pass, 101 is stopped."""
    decision = check(
        None,
        position(days_overdue=days),
        rule("days_overdue", days=61),
        rule("days_overdue", "exclusion", "table", days=100),
    )
    assert decision.holds is held


@pytest.mark.parametrize(("days", "held"), [(61, False), (62, True)])
def test_equal_is_not_above(days: int, held: bool) -> None:
    """domain 4.3: all comparisons are strict."""
    assert check(None, position(days_overdue=days), rule("days_overdue", days=61)).holds is held


LIMIT_CASES: list[tuple[str, dict[str, Any], dict[str, Any], dict[str, Any], bool]] = [
    # name, rule, position, order, blocks
    ("at the threshold", {"threshold_percent": 80}, {"balance": 79_000}, {}, False),
    ("a cent above", {"threshold_percent": 80}, {"balance": "79000.01"}, {}, True),
    ("above 100 %", {"threshold_percent": 120}, {"balance": 119_000}, {}, False),
    ("0 % of anything", {"threshold_percent": 0}, {"balance": 0}, {}, True),
    ("a negative exposure", {"threshold_percent": 0}, {"balance": -1_000}, {}, False),
    ("an unlimited customer", {"threshold_percent": 1}, {"balance": 10**9, "unlimited": True}, {}, False),
    ("prepaid terms", {"threshold_percent": 1}, {"balance": 10**9}, {"uses_credit": False}, False),
    ("cover counts", {"threshold_percent": 100}, {"balance": 124_000, "cover": (policy_of(25_000),)}, {}, False),
    ("what is left of the order", {"threshold_percent": 100}, {"balance": 99_500}, {"uninvoiced": 500}, False),
]


@pytest.mark.parametrize(("values", "account", "facts", "blocks"), [case[1:] for case in LIMIT_CASES],
                         ids=[case[0] for case in LIMIT_CASES])  # fmt: skip
def test_credit_limit_used(values: dict, account: dict, facts: dict, blocks: bool) -> None:
    """domain 4.3: exposure after the order > percentage × total credit limit."""
    assert check(order(**facts), position(**account), rule("limit_used", **values)).holds is blocks


OVERDUE_CASES: list[tuple[str, dict[str, Any], dict[str, Any], bool]] = [
    ("both above", {}, {"overdue": 1_001, "balance": 50_000}, True),
    ("the amount equal", {}, {"overdue": 1_000, "balance": 50_000}, False),
    ("the exposure equal", {}, {"overdue": 1_001, "balance": 49_000}, False),
    ("only the exposure above", {}, {"overdue": 10, "balance": 90_000}, False),
    ("unlimited: only the amount", {}, {"overdue": 1_001, "balance": 10, "unlimited": True}, True),
    ("unlimited: the amount equal", {}, {"overdue": 1_000, "balance": 10, "unlimited": True}, False),
    ("no threshold", {"threshold_percent": None}, {"overdue": 1_001, "balance": 10}, True),
]


@pytest.mark.parametrize(("values", "account", "blocks"), [case[1:] for case in OVERDUE_CASES],
                         ids=[case[0] for case in OVERDUE_CASES])  # fmt: skip
def test_overdue_amount(values: dict, account: dict, blocks: bool) -> None:
    """domain 4.3: overdue amount > 1,000 and exposure after the order (1,000) > 50 % of the limit."""
    wanted = {"amount": 1_000, "threshold_percent": 50, **values}
    tested = rule("overdue_amount", **{key: value for key, value in wanted.items() if value is not None})
    assert check(None, position(**account), tested).holds is blocks


@pytest.mark.parametrize(
    ("exclusion", "account", "excused"),
    [
        ({"amount": 5_000}, {"overdue": 5_000, "balance": 90_000}, True),
        ({"amount": 5_000}, {"overdue": 5_001, "balance": 90_000}, False),
        ({"amount": 5_000, "threshold_percent": 91}, {"overdue": 5_000, "balance": 90_000}, True),
        ({"amount": 5_000, "threshold_percent": 90}, {"overdue": 5_000, "balance": 90_000}, False),
        ({"amount": 5_000, "threshold_amount": 91_000}, {"overdue": 5_000, "balance": 90_000}, True),
        ({"amount": 5_000, "threshold_amount": 90_999}, {"overdue": 5_000, "balance": 90_000}, False),
        ({"amount": 5_000, "threshold_amount": 90_999}, {"overdue": 9, "balance": 90_000, "unlimited": True}, False),
        ({"amount": 5_000, "threshold_percent": 1}, {"overdue": 9, "balance": 90_000, "unlimited": True}, True),
    ],
)
def test_an_overdue_amount_exclusion_excuses_within_both_of_its_values(
    exclusion: dict, account: dict, excused: bool
) -> None:
    """domain 4.3: overdue ≤ its amount and, if it has a threshold, exposure after the order ≤ threshold."""
    block = rule("overdue_amount", name="block", amount=0, threshold_percent=0)
    decision = check(
        None, position(**account), block, rule("overdue_amount", "exclusion", "table", name="excuse", **exclusion)
    )
    assert (verdicts(decision)["excuse"] == Verdict.EXCUSED) is excused


def test_the_threshold_of_overdue_amount_looks_at_the_group_first() -> None:
    """domain 4.3: either one exceeding is enough, and the decision says which."""
    member = position(overdue=2_000, balance=2_000, limit=100_000, group=G1)
    other = position("USMF:US-002", balance=80_000, group=G1)
    tested = rule("overdue_amount", amount=1_000, threshold_percent=50)
    decision = check(None, member, tested, groups=(group(member, other, limit=100_000),))
    [reason] = decision.reasons
    assert (reason.account, reason.evidence["exposure"], reason.evidence["exposure_threshold"]) == (
        G1, "83000.00", "50000.00",
    )  # fmt: skip


def test_the_overdue_amount_stays_the_customers_own_in_a_group() -> None:
    """domain 3.4: only the days overdue may be any member's."""
    member = position(overdue=0, group=G1)
    late = position("USMF:US-002", balance=90_000, overdue=90_000, days_overdue=200, group=G1)
    shared = (group(member, late, limit=10**6, use_member_days_overdue=True),)
    assert check(None, member, rule("overdue_amount", amount=0), groups=shared).outcome is Outcome.PASSED


@pytest.mark.parametrize(("flag", "held"), [(True, True), (False, False)])
def test_days_overdue_of_any_member_count_where_the_group_says_so(flag: bool, held: bool) -> None:
    """domain 3.4."""
    member = position(days_overdue=5, group=G1)
    late = position("USMF:US-002", days_overdue=70, oldest_overdue="INV-9", group=G1)
    shared = (group(member, late, use_member_days_overdue=flag),)
    decision = check(None, member, rule("days_overdue", days=61), groups=shared)
    assert decision.holds is held
    if held:
        assert decision.reasons[0].account == "USMF:US-002"
        assert decision.reasons[0].evidence["document"] == "INV-9"


@pytest.mark.parametrize(("overdue", "excused"), [(2_500, True), ("2500.01", False)])
def test_a_days_overdue_exclusion_may_be_by_amount(overdue: Any, excused: bool) -> None:
    """domain 4.3, 4.4: it excuses, as the reference document says, though its value type differs."""
    decision = check(
        None,
        position(days_overdue=90, overdue=overdue),
        rule("days_overdue", days=61),
        rule("days_overdue", "exclusion", "table", amount=2_500),
    )
    assert decision.holds is not excused


def test_an_amount_of_another_currency_is_compared_in_the_rules() -> None:
    """domain 4.3: the order's amount, in the rule's currency; the rates are the entity's of that day."""
    limit = rule("sales_order", amount=1_000, currency="EUR")
    where = setting(EUR_USD="1.10")
    assert not check(order("1100.00"), None, limit, where=where).holds
    assert check(order("1100.01"), None, limit, where=setting(EUR_USD="1.09")).holds


def test_the_whole_order_counts_for_the_sales_order_rule() -> None:
    """domain 4.3: not what is left of it."""
    assert types(check(order(5_000, uninvoiced=10), None, rule("sales_order", amount=4_999))) == ("sales_order",)


@pytest.mark.parametrize(
    ("account", "days", "parameters", "held"),
    [
        ({"expires_on": ago(0)}, 0, {}, False),
        ({"expires_on": ago(1)}, 0, {}, True),
        ({"expires_on": ago(10)}, 10, {}, False),
        ({"expires_on": ago(11)}, 10, {}, True),
        ({"expires_on": ago(-5)}, 0, {}, False),
        ({"expires_on": None}, 0, {}, False),
        ({"expires_on": None}, 999, {"ignore_expiry_when_blank": False}, True),
        ({"expires_on": ago(50), "temporary_limit": 10**6}, 0, {}, False),
        ({"expires_on": ago(50), "unlimited": True}, 0, {}, False),
        ({"expires_on": None, "unlimited": True}, 0, {"ignore_expiry_when_blank": False}, False),
    ],
)
def test_credit_limit_expired(account: dict, days: int, parameters: dict, held: bool) -> None:
    """domain 4.3, 2: blank by the parameter, never while a temporary limit is active, never for unlimited."""
    assert check(None, position(**account), rule("limit_expired", days=days), **parameters).holds is held


@pytest.mark.parametrize("ignore", [True, False])
def test_a_blank_expiration_date_never_excuses(ignore: bool) -> None:
    """domain 4.3: a figure that is missing never excuses."""
    exclusion = rule("limit_expired", "exclusion", "table", name="excuse", days=999, release_sales_order=True)
    decision = check(None, position(expires_on=None), exclusion, ignore_expiry_when_blank=ignore)
    assert verdicts(decision)["excuse"] == Verdict.WITHIN


@pytest.mark.parametrize(
    ("own", "shared", "parameters", "account"),
    [
        ({"expires_on": ago(5)}, {"expires_on": ago(20)}, {}, G1),
        ({"expires_on": ago(20)}, {"expires_on": ago(5)}, {}, CUSTOMER),
        ({"expires_on": ago(20)}, {"expires_on": ago(30), "temporary_limit": 10**6}, {}, CUSTOMER),
        ({"expires_on": ago(30), "temporary_limit": 10**6}, {"expires_on": ago(20)}, {}, G1),
        ({"expires_on": ago(5)}, {"expires_on": ago(20)}, {"check_group_limit": False}, CUSTOMER),
        ({"unlimited": True, "expires_on": ago(9)}, {"expires_on": ago(20)}, {}, G1),
    ],
)
def test_of_own_and_group_expiration_the_worse_counts(own: dict, shared: dict, parameters: dict, account: str) -> None:
    """domain 4.3: with group checking on, each judged with its own temporary limit."""
    member = position(group=G1, **own)
    groups = (group(member, limit=10**6, **shared),)
    decision = check(None, member, rule("limit_expired", days=0), groups=groups, **parameters)
    assert [reason.account for reason in decision.reasons] == [account]


def test_account_status_and_terms_match_by_name() -> None:
    """domain 4.3: a blocking rule blocks when it matches, an exclusion then excuses."""
    status = rule("account_status", account_status="WATCH")
    terms = rule("payment_terms", payment_terms="N90")
    assert types(check(order(payment_terms="N90"), position(account_status="WATCH"), status, terms)) == (
        "account_status", "payment_terms",
    )  # fmt: skip
    assert not check(order(payment_terms="N30"), position(account_status="OK"), status, terms).holds
    assert not check(order(payment_terms=None), position(account_status=None), status, terms).holds
    excused = check(
        order(payment_terms="N90"), None, terms, rule("payment_terms", "exclusion", "table", payment_terms="N90")
    )
    assert not excused.holds


def test_with_credit_limit_type_none_limits_are_not_tested() -> None:
    """domain 3.2: limit used, exceeded credit limit, and the threshold of overdue amount; the trace says so."""
    decision = check(
        order(10**6),
        position(limit_type=LimitType.NONE, overdue=2_000, balance=2_000),
        rule("limit_used", threshold_percent=1),
        rule("overdue_amount", amount=1_000, threshold_percent=100),
        limit_type=LimitType.NONE,
        exceeding_is_error=True,
    )
    assert types(decision) == ("overdue_amount",)
    assert {line.type: line.why for line in decision.trace} == {
        "overdue_amount": "threshold_limit_type_none",
        "limit_used": "limit_type_none",
        "limit_exceeded": "limit_type_none",
    }
    assert decision.figures is not None
    assert decision.figures["total_limit"] == "100000.00"


def test_terms_that_use_no_credit_skip_the_limit_but_not_the_other_rules() -> None:
    """domain 2: not limit-tested, but the other rules run."""
    decision = check(
        order(10**6, uses_credit=False),
        position(overdue=2_000, balance=10**6, days_overdue=99),
        rule("limit_used", threshold_percent=1),
        rule("overdue_amount", amount=1_000, threshold_percent=100),
        rule("days_overdue", days=1),
        rule("sales_order", amount=5),
        exceeding_is_error=True,
    )
    assert types(decision) == ("days_overdue", "overdue_amount", "sales_order")


@pytest.mark.parametrize(
    ("aim", "concerned"),
    [
        ({}, True),
        ({"legal_entity": "USMF"}, True),
        ({"legal_entity": "DEMF"}, False),
        ({"risk_group": "HIGH"}, True),
        ({"risk_group": "LOW"}, False),
        ({"level": "group"}, True),
        ({"level": "group", "credit_management_group": "RETAIL"}, False),
        ({"level": "group", "credit_management_group": None}, False),
        ({"level": "group", "risk_group": "LOW"}, False),
        ({"level": "table"}, True),
        ({"level": "table", "customer": "USMF:US-002"}, False),
        ({"level": "table", "customer": None}, False),
        ({"active": False}, False),
        ({"valid_from": ago(0)}, True),
        ({"valid_from": ago(-1)}, False),
        ({"valid_to": ago(0)}, True),
        ({"valid_to": ago(1)}, False),
        ({"valid_from": ago(5), "valid_to": ago(-5), "legal_entity": "USMF", "risk_group": "HIGH"}, True),
    ],
)
def test_a_rule_concerns_an_order_when_all_of_its_aim_matches(aim: dict, concerned: bool) -> None:
    """domain 4.2: legal entity, valid-for target and risk group of the invoice account; active and in its dates."""
    customer = position(credit_management_group="WHOLESALE", risk_group="HIGH", days_overdue=99)
    decision = check(None, customer, rule("days_overdue", **{"level": "all", "days": 1, **aim}))
    assert decision.holds is concerned
    assert [line.type for line in decision.trace][:1] == (["days_overdue"] if concerned else ["limit_exceeded"])


def test_an_order_that_no_rule_concerns_passes_and_the_trace_says_so() -> None:
    """domain 4.4: nothing blocks; the decision says that nothing was there to block."""
    decision = check()
    assert decision.outcome is Outcome.PASSED
    assert [(line.type, line.why) for line in decision.trace][-1] == ("no_rule", "no_rule_concerns")


def test_a_rule_without_its_value_holds_and_never_excuses() -> None:
    """domain 4.9: it can't be evaluated, and says which value it lacks."""
    decision = check(None, position(), rule("days_overdue", name="DO-1"))
    [reason] = decision.reasons
    assert reason.type == "cannot_be_evaluated"
    assert reason.evidence["cause"] == "rule DO-1 has no number of days"
    assert not check(None, position(), rule("days_overdue", "exclusion", name="EX-1")).holds


class _Weekend:
    """A rule type of another package: orders are held on weekends."""

    type: ClassVar[str] = "weekend"
    blocking_values: ClassVar[tuple[str, ...]] = ("days",)
    exclusion_values: ClassVar[tuple[str, ...]] = ("days",)
    is_limit_check: ClassVar[bool] = False

    def read(self, rule: Rule, case: Case) -> rules.Reading:
        exceeds = case.as_of.weekday() >= 5
        evidence = {"measured": case.as_of.strftime("%A"), "threshold": "weekdays"} if exceeds else None
        return rules.Reading(exceeds, not exceeds, case.as_of.strftime("%A"), "weekdays", None, None, evidence)


def test_a_rule_type_is_added_by_one_class_and_one_registration(monkeypatch: pytest.MonkeyPatch) -> None:
    """architecture, Extension."""
    monkeypatch.setattr(rules, "types", dict(rules.types))
    monkeypatch.setattr("credit_mgmt.engine.ladder.types", rules.types)
    rules.load_rule_types([lambda: _Weekend, lambda: _Weekend])
    weekend = Rule("W", "W", "weekend", rule("sales_order", amount=1).action, rule("sales_order", amount=1).level)
    assert types(check(None, None, weekend)) == ("weekend",)  # TODAY is a Saturday.
    assert not check(None, None, weekend, where=setting(TODAY + dt.timedelta(days=2))).holds
    with pytest.raises(ValueError, match="registered already"):
        rules.register(_Weekend)


def test_a_rule_whose_type_is_not_installed_is_an_error_that_names_it() -> None:
    """Fail closed: such a policy decides nothing."""
    gone = Rule("W", "W", "weekend", rule("sales_order", amount=1).action, rule("sales_order", amount=1).level)
    with pytest.raises(LookupError, match="no rule type is registered for weekend"):
        check(None, None, gone)


def test_every_rule_type_names_the_values_that_it_reads() -> None:
    """architecture, Extension: forms and API follow from the class."""
    fields = set(Rule.__dataclass_fields__)
    assert list(rules.types) == [
        "days_overdue", "account_status", "payment_terms", "limit_expired", "overdue_amount", "sales_order",
        "limit_used",
    ]  # fmt: skip
    assert all({*test.blocking_values, *test.exclusion_values} <= fields for test in rules.types.values())


def test_a_reason_is_made_of_the_very_numbers_that_were_compared() -> None:
    """style A 3."""
    [reason] = check(
        order(24_300), position(balance=203_750, limit=210_000), rule("limit_used", threshold_percent=100)
    ).reasons
    evidence = reason.evidence
    assert Decimal(evidence["measured"]) - Decimal(evidence["threshold"]) == Decimal(evidence["over"])
    assert (evidence["measured"], evidence["threshold"], evidence["percent"]) == ("228050.00", "210000.00", "108.5952")
    assert policy().version == 1
