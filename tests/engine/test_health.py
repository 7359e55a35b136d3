"""Rule health (`ux` 3.10): what is found of rules, and the law that an idle rule can be taken out."""

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from credit_mgmt.engine.decide import decide_queue
from credit_mgmt.engine.decision import Decision
from credit_mgmt.engine.facts import Action, CheckpointSetting, Level, LimitType, Policy, Rule, RuleType
from credit_mgmt.engine.health import Code, Finding, Population, examine, examine_one, idle_rules
from customers.money import Rates
from tests.engine.build import TODAY, policy, rule
from tests.engine.worlds import ACCOUNTS, UNITS, World, made, worlds

YESTERDAY, TOMORROW = TODAY - dt.timedelta(days=1), TODAY + dt.timedelta(days=1)
PEOPLE = Population(
    currencies={"USMF": "USD", "DEMF": "EUR"},
    rates=dict.fromkeys(("USMF", "DEMF"), Rates({("EUR", "USD"): Decimal("1.1")}, UNITS)),
    members=frozenset({("WHOLESALE", "USMF"), ("RETAIL", "DEMF")}),
)


def found(*rules: Rule, people: Population = PEOPLE, **parameters: Any) -> list[tuple[str, str]]:
    """What is found of these rules: the rule's name and the code."""
    findings = examine(policy(*rules, **parameters), people, today=TODAY)
    return [(finding.rule.name, finding.code.value) for finding in findings]


def block(level: str = "all", type: str = "days_overdue", **values: Any) -> Rule:
    values.setdefault("name", f"B-{level}")
    return rule(type, "blocking", level, **values)


def exclude(level: str = "all", type: str = "days_overdue", **values: Any) -> Rule:
    values.setdefault("name", f"E-{level}")
    return rule(type, "exclusion", level, **values)


HEALTHY: dict[str, list[Rule]] = {
    "domain 4.3: block above 61 days, but one customer up to 100": [block(days=61), exclude("table", days=100)],
    "a narrower rule that is stricter": [block(days=60), block("group", days=30)],
    "a narrower rule that is looser, but an exclusion stands between": [
        block("group", days=90),
        exclude("group", days=100),
        block(days=60),
    ],
    "a narrower rule that is looser, but one between may lack its rate": [
        block("group", "sales_order", amount=200),
        block(type="sales_order", amount=150, currency="EUR", name="EUR"),
        block(type="sales_order", amount=100, name="USD"),
    ],
    "the same values for two legal entities": [
        block(days=60, name="US", legal_entity="USMF"),
        block(days=60, name="DE", legal_entity="DEMF"),
    ],
    "one rule after the other": [
        block(days=60, name="now", valid_to=TODAY),
        block(days=60, name="later", valid_from=TOMORROW),
    ],
    "the same amount in two currencies": [
        block(type="sales_order", amount=100, name="USD"),
        block(type="sales_order", amount=100, currency="EUR", name="EUR", legal_entity="DEMF"),
    ],
    "an exclusion over a rule in another currency": [
        block(type="sales_order", amount=100),
        exclude("table", "sales_order", amount=50, currency="EUR"),
    ],
    "the same status is excused for a group": [
        block(type="account_status", account_status="WATCH"),
        exclude("group", "account_status", account_status="WATCH"),
    ],
    "an outright release of a status frees nobody else": [
        exclude(type="account_status", account_status="KEY", release_sales_order=True)
    ],
}


@pytest.mark.parametrize("rules", HEALTHY.values(), ids=HEALTHY)
def test_nothing_is_found_of_rules_that_do_what_they_say(rules: list[Rule]) -> None:
    assert found(*rules) == []


PITFALLS: dict[str, tuple[list[Rule], list[tuple[str, str]]]] = {
    "an exclusion at the level of what it should override": (
        [block(days=60), exclude(days=90)],
        [("E-all", "same_level")],
    ),
    "an exclusion of a group beside the rule of the group": (
        [block("group", days=60), exclude("group", days=90)],
        [("E-group", "same_level")],
    ),
    "an exclusion that nothing stands below": ([exclude("table", days=90)], [("E-table", "overrides_nothing")]),
    "an exclusion of another type": (
        [block(days=60), exclude("table", "sales_order", amount=100)],
        [("E-table", "overrides_nothing")],
    ),
    "an exclusion of another legal entity": (
        [block(days=60, legal_entity="DEMF"), exclude("table", days=90)],
        [("E-table", "overrides_nothing")],
    ),
    "an exclusion tighter than the rule": (
        [block(days=60), exclude("table", days=30)],
        [("E-table", "excuses_nothing_blocked")],
    ),
    "an exclusion of another status": (
        [block(type="account_status", account_status="WATCH"), exclude("group", "account_status", account_status="OK")],
        [("E-group", "excuses_nothing_blocked")],
    ),
    "an exclusion by amount over a rule by days": (
        [block(days=60), exclude("table", amount=2_500)],
        [("E-table", "other_figure")],
    ),
    "the same rule twice": ([block(days=60, name="DO-1"), block(days=60, name="DO-2")], [("DO-2", "duplicate")]),
    "the same exclusion twice": (
        [block(days=60), exclude("table", days=90, name="E-1"), exclude("table", days=90, name="E-2")],
        [("E-2", "duplicate")],
    ),
    "a looser rule beside a stricter one": (
        [block(days=60, name="DO-1"), block(days=30, name="DO-2")],
        [("DO-1", "never_decides")],
    ),
    "a narrower rule looser than the broader one": (
        [block("group", days=90), block(days=60)],
        [("B-group", "looser_than_broader")],
    ),
    "an exclusion that an outright release makes needless": (
        [block(days=60), exclude("table", days=80), exclude(days=90, release_sales_order=True)],
        [("E-table", "released_anyway"), ("E-all", "releases_outright")],
    ),
    "an outright release also frees those with nothing overdue": (
        [block(days=60), exclude("table", days=100, release_sales_order=True)],
        [("E-table", "releases_outright")],
    ),
    "a group without members": (
        [block("group", days=5, credit_management_group="NOBODY")],
        [("B-group", "group_without_members")],
    ),
    "a group with members in another legal entity only": (
        [block("group", days=5, credit_management_group="RETAIL", legal_entity="USMF")],
        [("B-group", "group_without_members")],
    ),
    "a rule that ended": ([block(days=60, valid_to=YESTERDAY)], [("B-all", "ended")]),
    "a currency without a rate": (
        [block(type="sales_order", amount=100, currency="GBP", legal_entity="USMF")],
        [("B-all", "no_rate")],
    ),
}


@pytest.mark.parametrize(("rules", "expected"), PITFALLS.values(), ids=PITFALLS)
def test_a_pitfall_is_found(rules: list[Rule], expected: list[tuple[str, str]]) -> None:
    assert found(*rules) == expected


def test_an_inactive_rule_neither_has_findings_nor_is_the_cause_of_any() -> None:
    assert found(block(days=60, active=False, name="old"), block(days=60)) == []


@pytest.mark.parametrize("parameters", [{"check_credit_limit": False}, {"limit_type": LimitType.NONE}], ids=str)
def test_limit_rules_are_idle_while_limits_are_not_tested(parameters: dict[str, Any]) -> None:
    """Domain 4.5, 3.2."""
    rules = [block(type="limit_used", threshold_percent=100), block(days=60)]
    assert found(*rules, **parameters) == [("B-all", "limit_check_off")]


def test_a_rule_whose_entities_have_no_checkpoint_is_never_asked() -> None:
    off = {"confirmation": CheckpointSetting()}
    assert found(block(days=60), checkpoints=off) == [("B-all", "no_checkpoint")]
    assert found(block(days=60), checkpoints={"invoice": CheckpointSetting(pro_forma=True)}) == []


def test_a_release_that_lets_many_orders_through_says_how_many() -> None:
    release = exclude(type="account_status", account_status="KEY", release_sales_order=True)
    many = replace(PEOPLE, released_percent={release.id: Decimal("12.5")})
    [finding] = examine(policy(release), many, today=TODAY)
    assert (finding.code, finding.figures) == (Code.RELEASES_MANY, {"percent": "12.5"})
    assert found(release, people=replace(PEOPLE, released_percent={release.id: Decimal(5)})) == []


def test_a_finding_names_the_rules_that_make_it_so() -> None:
    broad = block(days=60)
    [finding] = examine(policy(block("group", days=90), broad), PEOPLE, today=TODAY)
    assert finding == Finding(Code.LOOSER_THAN_BROADER, block("group", days=90), (broad,))
    assert finding.idle


def test_a_draft_is_looked_at_in_the_place_of_its_version_in_force() -> None:
    """Its own active version is no duplicate of it."""
    active = block(days=60)
    known = policy(active, exclude("table", days=100))
    assert examine_one(replace(active, active=False), known, PEOPLE, today=TODAY) == []
    draft = replace(exclude("table", days=100), days=30, active=False)
    assert [finding.code for finding in examine_one(draft, known, PEOPLE, today=TODAY)] == [
        Code.EXCUSES_NOTHING_BLOCKED
    ]


KINDS = st.sampled_from([*RuleType, RuleType.DAYS_OVERDUE, RuleType.OVERDUE_AMOUNT, RuleType.SALES_ORDER])


def crowded(random: Random, kind: RuleType) -> Rule:
    """A rule that is likely to be aimed like another, with one of two values."""
    action, level = random.choice(list(Action)), random.choice(list(Level))
    return Rule(
        id=f"R{random.randint(0, 10**9)}",
        name="",
        type=kind,
        action=action,
        level=level,
        customer=random.choice(ACCOUNTS[2:]) if level is Level.TABLE else None,
        credit_management_group=random.choice(["WHOLESALE", "RETAIL"]) if level is Level.GROUP else None,
        risk_group=random.choice([None, None, "HIGH"]),
        legal_entity=random.choice([None, None, "USMF"]),
        release_sales_order=action is Action.EXCLUSION and random.random() < 0.15,
        valid_from=random.choice([None, None, YESTERDAY, TOMORROW]),
        valid_to=random.choice([None, None, None, YESTERDAY, TODAY]),
        **crowded_values(random, kind, exclusion=action is Action.EXCLUSION),
    )


def crowded_values(random: Random, kind: RuleType, *, exclusion: bool) -> dict[str, Any]:
    days = {"days": random.choice([10, 30])}
    money = {"amount": Decimal(random.choice([5, 1_000])), "currency": random.choice(["USD", "USD", "USD", "GBP"])}
    percent = {"threshold_percent": Decimal(random.choice([1, 50, 100]))}
    rarely = exclusion and random.random() < 0.3
    values: dict[RuleType, dict[str, Any]] = {
        RuleType.DAYS_OVERDUE: money if rarely else days,
        RuleType.LIMIT_EXPIRED: days,
        RuleType.ACCOUNT_STATUS: {"account_status": random.choice(["WATCH", "OK"])},
        RuleType.PAYMENT_TERMS: {"payment_terms": random.choice(["N30", "N90"])},
        RuleType.LIMIT_USED: percent,
        RuleType.SALES_ORDER: money,
        RuleType.OVERDUE_AMOUNT: {**money, **({"threshold_amount": Decimal(2_000)} if rarely else percent)},
    }
    return values[kind]


CROWDS = KINDS.flatmap(
    lambda kind: st.lists(
        made(lambda random: crowded(random, kind)), min_size=2, max_size=9, unique_by=lambda one: one.id
    )
)


def people_of(world: World) -> Population:
    """What the world's rules are aimed at."""
    grouped = ((one.credit_management_group, one.legal_entity) for one in world.positions)
    members = frozenset((group, entity) for group, entity in grouped if group is not None)
    rates = {setting.legal_entity: setting.rates for _, _, setting in world.items}
    return Population({"USMF": "USD", "DEMF": "EUR"}, rates, members)


def said(decision: Decision) -> tuple[object, ...]:
    """The decision without the names of the rules that made it."""
    reasons = [(reason.type, reason.account if reason.type != "limit_used" else None) for reason in decision.reasons]
    return decision.outcome, decision.not_checked_because, [kind for kind, _ in reasons], len(decision.warnings)


@given(worlds(ruleset=CROWDS))
def test_without_the_idle_rules_every_decision_is_the_same(world: World) -> None:
    """All of them at once, whatever the customers and the orders: same outcome, same kinds of reasons."""
    idle = idle_rules(examine(world.policy, people_of(world), today=TODAY))
    event(f"{len(idle)} idle")
    fewer = replace(world.policy, rules=tuple(one for one in world.policy.rules if one.id not in idle))
    with_all = decide_queue(world.book(), world.items, policy=world.policy)
    without = decide_queue(world.book(), world.items, policy=fewer)
    assert [said(decision) for decision in with_all] == [said(decision) for decision in without]


@given(worlds(ruleset=CROWDS))
def test_rules_that_remain_have_no_idle_findings_left(world: World) -> None:
    """Health is done in one go: what is found is not hidden behind other findings."""
    people = people_of(world)
    idle = idle_rules(examine(world.policy, people, today=TODAY))
    fewer = replace(world.policy, rules=tuple(one for one in world.policy.rules if one.id not in idle))
    assert not idle_rules(examine(fewer, people, today=TODAY))


def test_one_empty_policy_is_healthy() -> None:
    assert examine(Policy(1, (), {}), PEOPLE, today=TODAY) == []
