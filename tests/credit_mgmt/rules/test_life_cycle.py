"""The life of a rule: draft, shadow, active, retired, restored; what it said once it counted stays (`ux` 3.10)."""

import datetime as dt
import uuid
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from credit_mgmt import rules
from credit_mgmt.models import BlockingRule, PolicyClock, RuleEvent, RuleState, RuleVersion
from credit_mgmt.policies import current_policy
from customers.access import Actor, Grant, NotAllowed
from customers.errors import InvalidInput, NotFound, Refused
from tests import factories as make
from tests.factories_credit import ACTOR, AT, TODAY, BlockingRuleFactory

pytestmark = pytest.mark.django_db
LATE = {"type": "days_overdue", "days": 60, "why": "Terms and conditions"}
SIGNED: dict[str, Any] = {"actor": ACTOR, "at": AT}


@pytest.fixture
def rule() -> uuid.UUID:
    """A draft: sixty days."""
    return rules.draft_rule(values=LATE, **SIGNED).rule_id


def states(rule: uuid.UUID) -> list[tuple[int, str]]:
    """Numbers and states of its versions, latest first."""
    return list(RuleVersion.objects.filter(rule=rule).order_by("-number").values_list("number", "state"))


def activate(rule: uuid.UUID) -> RuleVersion:
    return rules.activate_rule(rule=rule, why="Needed", **SIGNED)


def shadow(rule: uuid.UUID, days: int = 14) -> RuleVersion:
    return rules.start_shadow(rule=rule, days=days, why="Try it", today=TODAY, **SIGNED)


def change(rule: uuid.UUID, **values: Any) -> RuleVersion:
    return rules.change_rule(rule=rule, values=values, **SIGNED)


def test_a_draft_counts_nothing_until_it_is_activated(rule: uuid.UUID) -> None:
    before = PolicyClock.objects.get().version
    assert current_policy().rules == ()
    change(rule, days=45)
    assert PolicyClock.objects.get().version == before
    activate(rule)
    [counting] = current_policy().rules
    assert (counting.name, counting.days, counting.version, counting.shadow) == ("DO-01", 45, 1, False)


def test_a_change_is_a_draft_beside_what_counts_and_takes_its_place_when_activated(rule: uuid.UUID) -> None:
    activate(rule)
    draft = change(rule, days=30)
    assert (draft.number, draft.why) == (2, "")
    assert states(rule) == [(2, "draft"), (1, "active")]
    assert [each.days for each in current_policy().rules] == [60]
    activate(rule)
    assert states(rule) == [(2, "active"), (1, "retired")]
    assert [each.days for each in current_policy().rules] == [30]


def test_a_rule_in_shadow_is_part_of_the_policy_until_its_last_day_and_then_may_count(rule: uuid.UUID) -> None:
    assert shadow(rule, days=14).shadow_to == TODAY + dt.timedelta(days=13)
    [looked_at] = current_policy().rules
    assert (looked_at.shadow, looked_at.valid_to) == (True, TODAY + dt.timedelta(days=13))
    activate(rule)
    [counting] = current_policy().rules
    assert (counting.shadow, counting.valid_to) == (False, None)


def test_a_later_draft_in_shadow_takes_the_place_of_the_one_before(rule: uuid.UUID) -> None:
    shadow(rule)
    change(rule, days=45)
    shadow(rule)
    assert states(rule) == [(2, "shadow"), (1, "retired")]


def test_retiring_leaves_nothing_that_counts_and_keeps_the_draft(rule: uuid.UUID) -> None:
    activate(rule)
    change(rule, days=45)
    rules.retire_rule(rule=rule, why="Not needed", **SIGNED)
    assert states(rule) == [(2, "draft"), (1, "retired")]
    assert current_policy().rules == ()


def test_a_version_from_before_counts_again_as_a_new_one_in_one_action(rule: uuid.UUID) -> None:
    activate(rule)
    change(rule, days=30, legal_entity=make.LegalEntityFactory().pk)
    activate(rule)
    back = rules.restore_version(rule=rule, number=1, why="Thirty was too strict", **SIGNED)
    assert (back.number, back.days, back.legal_entity_id, back.why) == (3, 60, None, "Thirty was too strict")
    assert states(rule) == [(3, "active"), (2, "retired"), (1, "retired")]


def test_every_step_says_who_when_and_why(rule: uuid.UUID) -> None:
    change(rule, days=45)
    shadow(rule)
    activate(rule)
    change(rule, days=30)
    rules.discard_draft(rule=rule, **SIGNED)
    rules.retire_rule(rule=rule, why="Over", **SIGNED)
    told = RuleEvent.objects.order_by("pk").values_list("version__number", "step", "why")
    assert list(told) == [
        (1, "drafted", "Terms and conditions"),
        (1, "changed", "Terms and conditions"),
        (1, "shadowed", "Try it"),
        (1, "activated", "Needed"),
        (2, "drafted", ""),
        (2, "discarded", ""),
        (1, "retired", "Over"),
    ]
    assert set(RuleEvent.objects.values_list("actor", "at")) == {(ACTOR.reference, AT)}


@pytest.mark.parametrize(
    ("step", "code"),
    [
        (lambda rule: rules.retire_rule(rule=rule, why="x", **SIGNED), "not_active"),
        (lambda rule: rules.restore_version(rule=rule, number=1, why="x", **SIGNED), "not_retired"),
        (lambda rule: (activate(rule), activate(rule)), "no_draft"),
        (lambda rule: (activate(rule), shadow(rule)), "no_draft"),
        (lambda rule: (activate(rule), rules.discard_draft(rule=rule, **SIGNED)), "no_draft"),
        (lambda rule: (activate(rule), rules.delete_rule(rule=rule, actor=ACTOR)), "in_use"),
        (lambda rule: (shadow(rule), rules.delete_rule(rule=rule, actor=ACTOR)), "in_use"),
        (lambda rule: rules.change_rule(rule=rule, values={}, revision=7, **SIGNED), "stale"),
    ],
)
def test_a_step_that_cannot_be_taken_now_is_refused(
    rule: uuid.UUID, step: Callable[[uuid.UUID], object], code: str
) -> None:
    with pytest.raises(Refused) as refused:
        step(rule)
    assert refused.value.code == code


def test_nothing_is_restored_over_a_draft_that_is_being_worked_on(rule: uuid.UUID) -> None:
    activate(rule)
    change(rule, days=30)
    activate(rule)
    change(rule, days=20)
    with pytest.raises(Refused, match="has a draft: activate or discard it first"):
        rules.restore_version(rule=rule, number=1, why="x", **SIGNED)


@pytest.mark.parametrize(
    ("step", "field", "code"),
    [
        (lambda rule: rules.activate_rule(rule=rule, why=" ", **SIGNED), "why", "required"),
        (lambda rule: rules.activate_rule(rule=rule, why="x" * 301, **SIGNED), "why", "too_long"),
        (lambda rule: shadow(rule, days=0), "days", "out_of_range"),
        (lambda rule: shadow(rule, days=367), "days", "out_of_range"),
        (lambda rule: change(rule, type="limit_used"), "type", "fixed"),
        (lambda rule: change(rule, code="DO-99"), "code", "fixed"),
        (lambda rule: change(rule, why="x" * 301), "why", "too_long"),
        (lambda rule: change(rule, name="x" * 41), "name", "too_long"),
        (lambda rule: rules.draft_rule(values={**LATE, "code": "do 1"}, **SIGNED), "code", "invalid"),
        (lambda rule: rules.draft_rule(values={**LATE, "code": "DO-01"}, **SIGNED), "code", "taken"),
    ],
)
def test_what_is_wrong_is_named_with_its_remedy(
    rule: uuid.UUID, step: Callable[[uuid.UUID], object], field: str, code: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        step(rule)
    [problem] = refused.value.errors
    assert (problem.field, problem.code) == (field, code)
    assert problem.message.endswith(".")


def test_codes_count_by_the_initials_of_the_type(rule: uuid.UUID) -> None:
    rules.draft_rule(values={**LATE, "code": "do-07"}, **SIGNED)
    rules.draft_rule(values=LATE, **SIGNED)
    rules.draft_rule(values={"type": "limit_used", "threshold_percent": Decimal(100)}, **SIGNED)
    assert sorted(BlockingRule.objects.values_list("code", flat=True)) == ["DO-01", "DO-07", "DO-08", "LU-01"]


def test_steps_need_the_right_in_every_entity_that_the_rule_is_or_will_be_for(rule: uuid.UUID) -> None:
    """domain 13: setup; a rule for all entities needs it in all"""
    make.LegalEntityFactory()
    one = Actor("user", 1, "one", (Grant("credit_administrator", "USMF"),))
    clerk = Actor("user", 2, "clerk", (Grant("credit_clerk", None), Grant("credit_manager", None)))
    for actor in (one, clerk):
        for step in (
            lambda by=actor: rules.activate_rule(rule=rule, why="x", actor=by, at=AT),
            lambda by=actor: rules.change_rule(rule=rule, values={"legal_entity": "USMF"}, actor=by, at=AT),
            lambda by=actor: rules.discard_draft(rule=rule, actor=by, at=AT),
            lambda by=actor: rules.delete_rule(rule=rule, actor=by),
        ):
            with pytest.raises(NotAllowed):
                step()
    with pytest.raises(NotFound):
        activate(uuid.uuid4())


class TestTheDatabase:
    """What no path can do, raw SQL neither."""

    @pytest.fixture
    def counted(self) -> RuleVersion:
        version: RuleVersion = BlockingRuleFactory(type="days_overdue", days=60)
        RuleEvent.objects.create(version=version, step="activated", actor="x", at=AT)
        return version

    @pytest.mark.parametrize(
        ("statement", "why"),
        [
            ("UPDATE credit_mgmt_ruleversion SET days = 1", "make a new version"),
            ("UPDATE credit_mgmt_ruleversion SET number = 2", "make a new version"),
            ("UPDATE credit_mgmt_ruleversion SET state = 'draft'", "does not become draft"),
            ("UPDATE credit_mgmt_ruleversion SET state = 'shadow'", "does not become shadow"),
            ("DELETE FROM credit_mgmt_ruleversion", "that counted is kept"),
            ("DELETE FROM credit_mgmt_ruleevent", "append-only"),
            ("UPDATE credit_mgmt_ruleevent SET why = 'other'", "append-only"),
        ],
    )
    def test_what_counted_is_neither_changed_nor_lost(self, counted: RuleVersion, statement: str, why: str) -> None:
        with pytest.raises(IntegrityError, match=why), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)

    @pytest.mark.parametrize("state", [RuleState.DRAFT, RuleState.SHADOW, RuleState.ACTIVE])
    def test_there_is_at_most_one_of_each(self, counted: RuleVersion, state: RuleState) -> None:
        for number in (2, 3):
            copy = {"rule": counted.rule, "number": number, "state": state, "days": 1, "threshold_percent": None}
            if number == 3 or state == RuleState.ACTIVE:
                with pytest.raises(IntegrityError, match=f"one_{state}_version"), transaction.atomic():
                    BlockingRuleFactory(**copy)
            else:
                BlockingRuleFactory(**copy)
