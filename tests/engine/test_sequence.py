"""The sequence of the check (`domain 4.1`, `4.4` to `4.9`), beside a model of it that knows no engine."""

import itertools
from dataclasses import replace
from decimal import Decimal
from typing import Any, NamedTuple

import pytest

from credit_mgmt.engine.decision import Decision, NotChecked, Outcome, Verdict
from credit_mgmt.engine.facts import CheckpointSetting, CoverPart, Part, Rule, Standing
from tests.engine.build import TODAY, check, group, money, order, policy, position, rule, setting, types

LEVELS = ("table", "group", "all")
TYPES = (
    "days_overdue",
    "account_status",
    "payment_terms",
    "limit_expired",
    "overdue_amount",
    "sales_order",
    "limit_used",
)


class Said(NamedTuple):
    """A rule, and what its own test says: for status and terms, `hits` means that it matches."""

    type: str
    exclusion: bool
    level: str
    hits: bool
    release: bool = False

    @property
    def excuses(self) -> bool:
        matching = self.type in ("account_status", "payment_terms")
        return self.exclusion and (self.hits if matching else not self.hits)


def model(rules: list[Said], *, limit_check: bool, error: bool, over_limit: bool) -> list[str]:
    """The sequence of domain 4.4 and 4.5, written down once more, for comparison only."""
    run = [said for said in rules if limit_check or said.type != "limit_used"]
    if any(said.excuses and said.release for said in run):
        return []
    reasons = []
    for kind in TYPES:
        for level in LEVELS:
            here = [said for said in run if said.type == kind and said.level == level]
            if any(said.hits and not said.exclusion for said in here):
                reasons.append(kind)
                break
            if any(said.excuses for said in here):
                break
    if limit_check and error and over_limit:
        reasons.append("limit_exceeded")
    return reasons


HIT: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    # Values with which the test hits, and does not, for the customer and the order below.
    "days_overdue": ({"days": 10}, {"days": 90}),
    "account_status": ({"account_status": "WATCH"}, {"account_status": "OTHER"}),
    "payment_terms": ({"payment_terms": "N90"}, {"payment_terms": "N30"}),
    "limit_expired": ({"days": 1}, {"days": 90}),
    "overdue_amount": ({"amount": 10, "threshold_percent": 1}, {"amount": 10**6, "threshold_percent": 900}),
    "sales_order": ({"amount": 10}, {"amount": 10**6}),
    "limit_used": ({"threshold_percent": 1}, {"threshold_percent": 900}),
}


def real(said: Said, number: int) -> Rule:
    """The rule of the engine that says the same."""
    values = HIT[said.type][0 if said.hits else 1]
    action = "exclusion" if said.exclusion else "blocking"
    return rule(said.type, action, said.level, name=f"R{number}", release_sales_order=said.release, **values)


def decided(rules: list[Said], *, over_limit: bool = False, **parameters: Any) -> Decision:
    """The engine's decision for a customer and an order that every `hits` is true of."""
    customer = position(
        days_overdue=50,
        overdue=5_000,
        balance=150_000 if over_limit else 50_000,
        account_status="WATCH",
        credit_management_group="WHOLESALE",
        expires_on=TODAY.replace(day=1),
    )
    return check(
        order(1_000, payment_terms="N90"),
        customer,
        *[real(said, number) for number, said in enumerate(rules)],
        **parameters,
    )


KINDS = [
    (exclusion, level, hits, release)
    for level in LEVELS
    for exclusion, release in ((False, False), (True, False), (True, True))
    for hits in (True, False)
]
SAME_TYPE = [
    [Said(kind, one[0], one[1], one[2], one[3]), Said(kind, other[0], other[1], other[2], other[3])]
    for kind in ("days_overdue", "account_status")
    for one, other in itertools.product(KINDS, KINDS)
]
ACROSS_TYPES = [
    [Said(TYPES[number % 7], *one), Said(TYPES[(number + 1 + number // 7) % 7], *other)]
    for number, (one, other) in enumerate(itertools.product(KINDS, KINDS))
]
THREE = [
    [Said(kind, False, "all", True), Said(kind, True, level, hits, release), Said(kind, False, other, hit)]
    for kind in TYPES
    for level in ("table", "group")
    for hits, release in ((True, False), (False, False), (False, True))
    for other, hit in (("table", False), ("group", True))
]


@pytest.mark.parametrize("rules", [*SAME_TYPE, *ACROSS_TYPES, *THREE], ids=lambda rules: "+".join(map(_name, rules)))
def test_the_sequence_of_4_4_is_the_models(rules: list[Said]) -> None:
    """domain 4.4: more than a thousand tables of two and three rules."""
    decision = decided(rules)
    assert list(types(decision)) == model(rules, limit_check=True, error=False, over_limit=False)
    assert_every_rule_is_in_the_trace_once(rules, decision)


@pytest.mark.parametrize("limit_check", [True, False])
@pytest.mark.parametrize("error", [True, False])
@pytest.mark.parametrize("over_limit", [True, False])
@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_the_limit_itself_is_the_models(limit_check: bool, error: bool, over_limit: bool, kind: tuple) -> None:
    """domain 4.5: with the parameter off, credit-limit-used rules are not run, released exclusions among them."""
    rules = [Said("limit_used", False, "all", True), Said("limit_used", *kind)]
    decision = decided(rules, over_limit=over_limit, check_credit_limit=limit_check, exceeding_is_error=error)
    assert list(types(decision)) == model(rules, limit_check=limit_check, error=error, over_limit=over_limit)
    released = limit_check and any(said.excuses and said.release for said in rules)
    warned = limit_check and over_limit and not error and not released
    assert [warning.type for warning in decision.warnings] == (["limit_exceeded"] if warned else [])
    assert_every_rule_is_in_the_trace_once(rules, decision)


def assert_every_rule_is_in_the_trace_once(rules: list[Said], decision: Decision) -> None:
    names = sorted(line.name for line in decision.trace if line.name is not None)
    assert names == sorted(f"R{number}" for number in range(len(rules)))


def _name(said: Said) -> str:
    kind = ("x!" if said.release else "x") if said.exclusion else "b"
    return f"{said.type}.{said.level}.{kind}{'+' if said.hits else '-'}"


def test_a_release_exclusion_skips_every_other_check() -> None:
    """domain 4.4.1: no other rule or check (4.5, 4.6) is looked at, and the trace says who released it."""
    decision = check(
        order(10**6, terms_rank=9, default_terms_rank=1),
        position(days_overdue=500),
        rule("sales_order", "exclusion", "table", name="EX-1", amount=10**6, release_sales_order=True),
        rule("days_overdue", name="DO-1", days=1),
        exceeding_is_error=True,
        check_terms=True,
    )
    assert (decision.outcome, decision.warnings) == (Outcome.PASSED, ())
    assert [(line.name, line.verdict, line.why) for line in decision.trace] == [
        ("EX-1", Verdict.RELEASED, None),
        ("DO-1", Verdict.SKIPPED, "released_by:EX-1"),
    ]


def test_all_types_are_looked_at_so_that_all_reasons_are_known() -> None:
    """domain 4.4.3."""
    everything = [Said(kind, False, "all", True) for kind in TYPES]
    assert types(decided(everything, over_limit=True, exceeding_is_error=True)) == (*TYPES, "limit_exceeded")


def test_a_reason_names_rule_level_and_account() -> None:
    """domain 4: every rule that was looked at, the figures it compared, and the verdict."""
    [reason] = decided([Said("days_overdue", False, "group", True)]).reasons
    assert (reason.rule, reason.level, reason.account) == ("R0", "group", "USMF:US-001")
    assert reason.evidence == {"measured": "50", "threshold": "10", "over": "40", "rule_name": "R0"}


def test_exceeding_the_limit_of_the_group_is_an_error_of_the_group() -> None:
    """domain 4.5: 100 %, group first."""
    member = position(balance=10, group="group:G1")
    decision = check(order(1_000), member, groups=(group(member, limit=1_000),), exceeding_is_error=True)
    [reason] = decision.reasons
    assert (reason.type, reason.account, reason.evidence["over"]) == ("limit_exceeded", "group:G1", "10.00")


RANKS = [
    # domain 4.6: rank now, rank at the last pass or release (None: no such), default rank, held
    (2, None, 1, True),
    (1, None, 1, False),
    (1, None, 2, False),
    (2, 2, 1, False),
    (3, 2, 9, True),
    (None, None, 1, False),
    (2, None, None, False),
]


@pytest.mark.parametrize(("now", "before", "default", "held"), RANKS)
def test_terms_made_easier_since_the_last_pass_or_release_hold(
    now: int | None, before: int | None, default: int | None, held: bool
) -> None:
    """domain 4.6: only with the parameter on; a term without a rank is not compared. The same for discounts."""
    since = None if before is None else Standing(money(1_000), terms_rank=before, discount_rank=before)
    terms = order(terms_rank=now, default_terms_rank=default, standing=since)
    assert types(check(terms, check_terms=True)) == (("payment_terms_changed",) if held else ())
    assert not check(terms).holds
    discount = order(discount_rank=now, default_discount_rank=default, standing=since)
    assert types(check(discount, check_discount=True)) == (("settlement_discount_changed",) if held else ())
    assert not check(discount).holds


ON_HOLD: list[tuple[str, str, dict[str, Any], dict[str, Any], bool]] = [
    # domain 4.7: processing hold, checkpoint, facts of the order, parameters, held
    ("all", "confirmation", {}, {}, True),
    ("all", "invoice", {}, {}, True),
    ("invoice", "invoice", {}, {}, True),
    ("invoice", "packing_slip", {}, {}, False),
    ("none", "invoice", {}, {}, False),
    ("all", "confirmation", {}, {"checkpoints": {}}, True),
    ("all", "confirmation", {"customer_excluded": True}, {}, True),
    ("all", "confirmation", {"ignore_until": TODAY}, {}, True),
    ("all", "confirmation", {"standing": Standing(money(1_000), grace_until=TODAY)}, {}, True),
    ("all", "confirmation", {"intercompany": True}, {}, False),
    ("all", "confirmation", {"excluded": True}, {}, False),
]


@pytest.mark.parametrize(("hold", "checkpoint", "facts", "parameters", "held"), ON_HOLD)
def test_an_account_on_hold_is_tested_before_anything_else(
    hold: str, checkpoint: str, facts: dict, parameters: dict, held: bool
) -> None:
    """domain 4.7: only an intercompany or excluded order skips it."""
    customer = position(processing_hold=hold, account_status="STOP")
    decision = check(order(**facts), customer, checkpoint=checkpoint, **parameters)
    assert types(decision) == (("account_on_hold",) if held else ())


def test_a_pro_forma_of_an_account_on_hold_is_stopped_where_pro_formas_are_checked() -> None:
    """domain 4.7: the processing hold stops postings, and a pro forma is none."""
    stopped = position(processing_hold="all", account_status="STOP")
    checked = {"confirmation": CheckpointSetting(posting=True, pro_forma=True)}
    assert check(None, stopped, pro_forma=True).not_checked_because is NotChecked.CHECKPOINT_OFF
    assert types(check(None, stopped, pro_forma=True, checkpoints=checked)) == ("account_on_hold",)
    assert types(check(None, stopped, pro_forma=True, evaluation=True)) == ("account_on_hold",)


def test_a_release_exclusion_does_not_free_an_account_on_hold() -> None:
    """domain 4.7."""
    free = rule("sales_order", "exclusion", amount=10**6, release_sales_order=True)
    customer = position(processing_hold="all", account_status="STOP", days_overdue=99)
    assert types(check(None, customer, free, rule("days_overdue", days=1))) == ("account_on_hold",)


NOT_CHECKED: list[tuple[dict[str, Any], dict[str, Any], NotChecked]] = [
    # domain 4.1, in its order: the first that is true answers.
    ({"intercompany": True, "excluded": True}, {}, NotChecked.INTERCOMPANY),
    ({"excluded": True, "customer_excluded": True}, {}, NotChecked.ORDER_EXCLUDED),
    ({"customer_excluded": True, "ignore_until": TODAY}, {}, NotChecked.CUSTOMER_EXCLUDED),
    ({"ignore_until": TODAY}, {"checkpoints": {}}, NotChecked.IGNORED_UNTIL),
    ({"ignore_until": TODAY.replace(day=20)}, {"checkpoints": {}}, NotChecked.CHECKPOINT_OFF),
    ({"standing": Standing(money(1_000), cleared_document="confirmation", grace_until=TODAY)}, {},
     NotChecked.CLEARED_BY_RELEASE),
    ({"standing": Standing(money(1_000), grace_until=TODAY)}, {}, NotChecked.GRACE),
]  # fmt: skip


@pytest.mark.parametrize(("facts", "parameters", "because"), NOT_CHECKED)
def test_an_order_that_is_not_checked_says_why(facts: dict, parameters: dict, because: NotChecked) -> None:
    """domain 4.1."""
    decision = check(order(**facts), position(days_overdue=99), rule("days_overdue", days=1), **parameters)
    assert (decision.outcome, decision.not_checked_because) == (Outcome.NOT_CHECKED, because)
    assert [(line.type, line.why) for line in decision.trace] == [("not_checked", because.value)]
    assert [draw.amount for draw in decision.draws] == [1_000]


@pytest.mark.parametrize(("facts", "parameters", "because"), NOT_CHECKED)
def test_an_evaluation_looks_again_whatever_the_checkpoint_grace_or_clearance_say(
    facts: dict, parameters: dict, because: NotChecked
) -> None:
    """domain 7: but an order or a customer that is not checked at all still is not."""
    decision = check(
        order(**facts), position(days_overdue=99), rule("days_overdue", days=1), evaluation=True, **parameters
    )
    document = {NotChecked.CHECKPOINT_OFF, NotChecked.CLEARED_BY_RELEASE, NotChecked.GRACE}
    assert decision.outcome is (Outcome.HELD if because in document else Outcome.NOT_CHECKED)


def test_pro_forma_has_its_own_checkpoint() -> None:
    """domain 5.1."""
    late, block = position(days_overdue=99), rule("days_overdue", days=1)
    only_pro_forma = {"confirmation": CheckpointSetting(posting=False, pro_forma=True)}
    assert check(None, late, block, pro_forma=True, checkpoints=only_pro_forma).holds
    assert not check(None, late, block, checkpoints=only_pro_forma).holds


def cause(decision: Decision) -> str:
    [reason] = decision.reasons
    assert reason.type == "cannot_be_evaluated"
    return reason.evidence["cause"]


def test_an_order_without_a_rate_is_held_with_the_cause_in_words() -> None:
    """domain 4.9; even where no rule asks for the amount, as it would draw credit in another currency."""
    decision = check(order(currency="GBP"), None, rule("days_overdue", days=1))
    assert cause(decision) == "no exchange rate from GBP to USD on 2026-11-21"
    assert decision.reasons[0].evidence["missing_rates"] == "GBP>USD"
    assert decision.draws == ()


def test_a_missing_rate_of_a_rule_holds_only_where_its_figure_is_needed() -> None:
    """domain 4.9."""
    limit = rule("sales_order", amount=1, currency="EUR")
    assert cause(check(None, None, limit)) == "no exchange rate from USD to EUR on 2026-11-21"
    assert types(check(order(currency="EUR", uses_credit=False), None, limit)) == ("sales_order",)


def test_a_missing_rate_never_excuses_and_an_exclusion_never_holds() -> None:
    """domain 4.3, law 4."""
    unknown = {"amount": 10**9, "currency": "EUR"}
    free = rule("sales_order", "exclusion", "table", name="EX", release_sales_order=True, **unknown)
    assert not check(None, None, free).holds
    decision = check(None, None, free, rule("sales_order", amount=1))
    assert types(decision) == ("sales_order",)
    assert next((line.name, line.verdict) for line in decision.trace) == ("EX", Verdict.UNKNOWN)


def test_a_customer_that_owes_in_a_currency_without_a_rate_is_held_once_a_limit_is_tested() -> None:
    """domain 4.9."""

    customer = position(parts=(Part("GBP", money(5)),))
    assert cause(check(None, customer, rule("limit_used", threshold_percent=100)))
    assert not check(None, customer, rule("days_overdue", days=1), check_credit_limit=False).holds


def test_missing_parameters_or_positions_hold() -> None:
    """domain 4.9: never passed silently."""
    assert cause(check(None, None, legal_entity="DEMF")) == "there are no credit parameters for legal entity USMF"
    assert "customer USMF:US-009 was not loaded" in cause(check(order(payer="USMF:US-009")))
    assert "credit group group:G9" in cause(check(None, position(group="group:G9")))
    stranger = group(position("USMF:US-002", group="group:G1"))
    assert "without its member USMF:US-001" in cause(check(None, position(group="group:G1"), groups=(stranger,)))


@pytest.mark.parametrize("number", ["NaN", "sNaN", "Infinity", "-Infinity"])
def test_nan_never_gets_in(number: str) -> None:
    """Such an order or account is held, and the rest of the queue is decided."""

    bad = Decimal(number)
    assert "is not a number" in cause(check(replace(order(), amount=bad)))
    assert "is not a number" in cause(check(replace(order(), uninvoiced=bad)))
    assert "is not a number" in cause(check(None, replace(position(), limit=bad)))
    assert "is not a number" in cause(check(None, position(cover=(CoverPart("USD", bad, percent=Decimal(1)),))))
    member = position(group="group:G1")
    assert "is not a number" in cause(check(None, member, groups=(replace(group(member), limit=bad),)))


def test_an_order_of_the_default_row_uses_its_parameters() -> None:
    """domain 2: a row per legal entity; a default row for all."""
    both = policy(legal_entity=None)
    assert both.parameters_of("USMF") is both.parameters[None]
    assert check(where=setting()).outcome is Outcome.PASSED
