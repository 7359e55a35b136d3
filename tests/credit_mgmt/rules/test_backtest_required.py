"""Where the parameter asks for it, a draft counts only after a fresh backtest of that draft (`ux` 5, measure 12)."""

import datetime as dt
import uuid
from typing import Any

import pytest

from credit_mgmt import rules
from credit_mgmt.models import Backtest, Parameters, RuleVersion
from customers.errors import Refused
from customers.models import Job
from tests.factories_credit import ACTOR, AT, TODAY

pytestmark = pytest.mark.django_db
SIGNED: dict[str, Any] = {"actor": ACTOR, "at": AT}


@pytest.fixture
def draft() -> RuleVersion:
    """A draft, where a backtest is asked for."""
    Parameters.objects.update(require_backtest_before_activation=True)
    return rules.draft_rule(values={"type": "days_overdue", "days": 60}, **SIGNED)


def backtest(draft: RuleVersion, *, number: int = 1, days_ago: int = 0, finished: bool = True, **job: Any) -> None:
    """A run that tried this version, so long ago."""
    at = AT - dt.timedelta(days=days_ago) + dt.timedelta(seconds=1)
    run = Job.objects.create(kind="backtest_rules", actor="x", created_at=at, status="finished", **job)
    Backtest.objects.create(
        job=run, created_at=at, finished_at=at if finished else None, actor="x", first_day=TODAY, last_day=TODAY,
        versions=[{"rule": str(draft.rule_id), "tried": number}], policy_version=1, policy="{}", drafts="[]",
        by_rule=True, totals={} if finished else None,
    )  # fmt: skip


def activate(rule: uuid.UUID, at: dt.datetime = AT) -> RuleVersion:
    return rules.activate_rule(rule=rule, why="Needed", actor=ACTOR, at=at)


def refused(rule: uuid.UUID, at: dt.datetime = AT) -> bool:
    """Whether activating it is refused for want of a backtest."""
    try:
        activate(rule, at)
    except Refused as problem:
        return problem.code == "needs_backtest"
    return False


def test_a_fresh_backtest_of_this_very_draft_lets_it_count(draft: RuleVersion) -> None:
    backtest(draft)
    assert activate(draft.rule_id).active


def test_without_one_it_stays_a_draft(draft: RuleVersion) -> None:
    assert refused(draft.rule_id)
    assert RuleVersion.objects.get().state == "draft"


def test_one_that_is_not_finished_is_none(draft: RuleVersion) -> None:
    backtest(draft, finished=False)
    assert refused(draft.rule_id)


def test_one_of_another_version_is_none(draft: RuleVersion) -> None:
    backtest(draft, number=2)
    assert refused(draft.rule_id)


def test_seven_days_are_fresh_and_eight_are_not(draft: RuleVersion) -> None:
    backtest(draft)
    assert refused(draft.rule_id, AT + dt.timedelta(days=8))
    assert not refused(draft.rule_id, AT + dt.timedelta(days=7))


def test_a_draft_that_was_changed_since_is_another_one(draft: RuleVersion) -> None:
    backtest(draft)
    later = AT + dt.timedelta(hours=1)
    rules.change_rule(rule=draft.rule_id, values={"days": 20}, actor=ACTOR, at=later)
    assert refused(draft.rule_id, later)


def test_what_counted_before_comes_back_without_one_and_a_discarded_draft_does_not(draft: RuleVersion) -> None:
    backtest(draft)
    activate(draft.rule_id)
    rules.change_rule(rule=draft.rule_id, values={"days": 20}, **SIGNED)
    rules.discard_draft(rule=draft.rule_id, **SIGNED)
    rules.retire_rule(rule=draft.rule_id, why="Over", **SIGNED)
    with pytest.raises(Refused, match="has no backtest of the last 7 days"):
        rules.restore_version(rule=draft.rule_id, number=2, why="x", **SIGNED)
    assert rules.restore_version(rule=draft.rule_id, number=1, why="Needed after all", **SIGNED).active
