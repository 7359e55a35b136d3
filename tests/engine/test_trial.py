"""Rules on trial: which orders another rule would stop, and which are stopped anyway (`ux` 3.10)."""

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given

from credit_mgmt.engine.codec import decode, stored_facts
from credit_mgmt.engine.condense import Facts
from credit_mgmt.engine.decide import decide
from credit_mgmt.engine.exposure import Book
from credit_mgmt.engine.facts import Action, Checkpoint, CustomerPosition, Level, Policy, Question, Rule
from credit_mgmt.engine.trial import NOTHING, Seen, trial_of
from tests.engine import build
from tests.engine.worlds import World, a_rule, made, worlds

STOPPED, NEW, GONE = Seen(True, True), Seen(False, True), Seen(True, False)
OLD = build.rule("days_overdue", days=60, id="DO")
DRAFT = replace(OLD, days=30)
LIMIT = build.rule("limit_used", threshold_percent=100, id="LU")
LATE_60, LATE_45 = {"days_overdue": 70}, {"days_overdue": 45}


def facts_of(policy: Policy, customer: CustomerPosition | None = None, **order: Any) -> Facts:
    book, question = Book([customer or build.position()]), Question(Checkpoint.CONFIRMATION)
    stored = stored_facts(book, build.order(**order), policy=policy, question=question, setting=build.setting())
    return decode(Facts, stored)


def seen(drafts: list[Rule], *rules: Rule, **customer: Any) -> Seen:
    policy = build.policy(*rules)
    return trial_of(policy, drafts).look(facts_of(policy, build.position(**customer)))


@pytest.mark.parametrize(
    ("rules", "drafts", "customer", "expected"),
    [
        pytest.param([OLD], [DRAFT], LATE_60, STOPPED, id="both versions stop it"),
        pytest.param([OLD], [DRAFT], LATE_45, NEW, id="only the draft stops it"),
        pytest.param([DRAFT], [OLD], LATE_45, GONE, id="only the version in force stops it"),
        pytest.param([OLD], [DRAFT], {}, NOTHING, id="neither stops it"),
        pytest.param([], [DRAFT], LATE_45, NEW, id="a rule that is not there yet"),
        pytest.param([replace(OLD, active=False)], [DRAFT], LATE_60, NEW, id="a rule that is switched off"),
        pytest.param(
            [OLD, LIMIT], [DRAFT], {**LATE_45, "balance": 200_000}, NEW._replace(otherwise=True),
            id="the limit stops it too: no new work",
        ),
        pytest.param([OLD, LIMIT], [DRAFT], {"balance": 200_000}, NOTHING, id="stopped by another rule alone"),
        pytest.param(
            [OLD, replace(OLD, id="D2", days=40)], [DRAFT], LATE_45, NEW._replace(otherwise=True),
            id="of two rules that both block the tried one is meant",
        ),
        pytest.param(
            [OLD], [replace(DRAFT, valid_from=build.TODAY + dt.timedelta(days=1))], LATE_45, NEW,
            id="a draft that starts tomorrow",
        ),
        pytest.param(
            [OLD], [replace(DRAFT, customer="USMF:US-002", level=Level.TABLE)], LATE_60, GONE,
            id="a draft aimed at somebody else",
        ),
        pytest.param([OLD], [OLD], LATE_60, STOPPED, id="the same rule"),
        pytest.param([OLD, replace(DRAFT, shadow=True)], [DRAFT], LATE_45, NEW, id="a shadow stops nothing now"),
        pytest.param([OLD], [replace(DRAFT, shadow=True)], LATE_45, NEW, id="a version in shadow can be tried"),
    ],
)  # fmt: skip
def test_a_blocking_rule(rules: list[Rule], drafts: list[Rule], customer: dict[str, Any], expected: Seen) -> None:
    assert seen(drafts, *rules, **customer) == expected


def exclusion(days: int, **values: Any) -> Rule:
    return build.rule("days_overdue", "exclusion", "table", days=days, id="EX", **values)


@pytest.mark.parametrize(
    ("drafts", "customer", "expected"),
    [
        pytest.param([exclusion(100)], LATE_60, GONE, id="it lets through what the rule stops"),
        pytest.param([exclusion(100)], {"days_overdue": 101}, STOPPED, id="it does not reach so far"),
        pytest.param([exclusion(100)], {}, NOTHING, id="there was nothing to excuse"),
        pytest.param(
            [exclusion(100)], {**LATE_60, "balance": 200_000}, STOPPED, id="it stays held for another reason"
        ),
        pytest.param(
            [exclusion(100, release_sales_order=True)], {**LATE_60, "balance": 200_000},
            GONE._replace(released_then=True), id="one that releases the order frees it of everything",
        ),
        pytest.param(
            [exclusion(100, release_sales_order=True)], {}, Seen(released_then=True),
            id="and orders that had nothing to excuse are no longer checked",
        ),
    ],
)  # fmt: skip
def test_an_exclusion_shows_in_the_outcome(drafts: list[Rule], customer: dict[str, Any], expected: Seen) -> None:
    assert seen(drafts, OLD, LIMIT, **customer) == expected


@given(worlds())
def test_rules_tried_against_themselves_change_nothing(world: World) -> None:
    """The outcome now is the production decision's, whatever is tried, and then it is the same."""
    rules = tuple(replace(rule, valid_from=None, valid_to=None) for rule in world.policy.rules)
    policy = replace(world.policy, rules=rules)
    trial = trial_of(policy, [rule for rule in rules if rule.active][:3])
    for order, question, setting in world.items:
        facts = decode(Facts, stored_facts(world.book(), order, policy=policy, question=question, setting=setting))
        found = trial.look(facts)
        outcome = decide(world.book(), order, policy=policy, question=question, setting=setting)
        assert found.stopped_now == found.stopped_then
        assert found.released_now == found.released_then
        assert found.stopped_now <= outcome.holds
        if not trial.by_rule:
            assert found.stopped_now == outcome.holds


@given(worlds(), made(lambda random: a_rule(random, (Action.BLOCKING,))))
def test_what_is_tried_never_hides_what_something_else_holds(world: World, draft: Rule) -> None:
    """*Otherwise* is exactly: held by the policy without the tried rule."""
    trial = trial_of(world.policy, [draft])
    for order, question, setting in world.items:
        facts = decode(Facts, stored_facts(world.book(), order, policy=trial.then, question=question, setting=setting))
        found = trial.look(facts)
        if trial.by_rule and found.says_something:
            without = decide(world.book(), order, policy=trial.without, question=question, setting=setting)
            assert found.otherwise == without.holds
