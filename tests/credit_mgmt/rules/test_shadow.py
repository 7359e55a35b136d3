"""A version in shadow is looked at by the very check that decides, changes nothing, and is counted (`ux` 3.10)."""

from collections.abc import Callable
from typing import Any

import pytest

from credit_mgmt import checks, decisions
from credit_mgmt.engine.decision import Decision, InShadow, Outcome
from credit_mgmt.models import BlockingRule, DecisionRecord, RuleState, RuleVersion, ShadowResult
from customers.models import SalesOrder
from tests import factories as make
from tests.factories_credit import ACTOR, AT, TODAY, BlockingRuleFactory

pytestmark = pytest.mark.django_db
Decide = Callable[..., Decision]


@pytest.fixture(autouse=True)
def _no_limit_tests(parameters: Callable[..., None]) -> None:
    parameters(check_credit_limit_for_sales_order=False)
    make.CurrencyFactory()


def above(amount: int, name: str, state: RuleState = RuleState.ACTIVE, **values: Any) -> RuleVersion:
    """A rule that stops orders above an amount."""
    return BlockingRuleFactory(type="sales_order", amount=amount, currency_id="USD", name=name, state=state, **values)


def an_order(amount: int) -> SalesOrder:
    return make.SalesOrderFactory(amount=amount)


def test_a_new_rule_in_shadow_holds_nothing_and_says_what_it_would_hold(decide: Decide) -> None:
    shadow = above(100, "SO-09", RuleState.SHADOW)
    decision = decide(an_order(500))
    assert not decision.holds
    assert not decision.reasons
    assert decision.in_shadow == (InShadow(str(shadow.rule_id), "SO-09", 1, Outcome.HELD, ("sales_order",)),)
    assert decide(an_order(100)).in_shadow == ()


@pytest.mark.parametrize(
    ("active", "shadow", "amount", "expected"),
    [
        (300, 100, 50, []),
        (300, 100, 200, [("passed", "held")]),
        (300, 100, 500, [("held", "held")]),  # it would stop it too: that is what a shadow count counts
        (100, 300, 200, [("held", "passed")]),  # looser: the order would pass
        (100, 300, 50, []),
    ],
)
def test_a_new_version_in_shadow_is_compared_with_the_one_that_counts(
    decide: Decide, active: int, shadow: int, amount: int, expected: list[tuple[str, str]]
) -> None:
    version = above(active, "SO-01")
    above(shadow, "SO-01-2", RuleState.SHADOW, rule=version.rule, number=2)
    decision = decide(an_order(amount))
    assert decision.holds is (amount > active)
    assert [(decision.outcome, found.outcome) for found in decision.in_shadow] == expected


def test_a_narrower_version_in_shadow_lets_pass_whom_it_does_not_concern(decide: Decide) -> None:
    """The version that counts concerns everyone, the one in shadow a group: others would pass."""
    version = above(100, "SO-01")
    group = make.CreditManagementGroupFactory()
    above(
        100, "SO-01-2", RuleState.SHADOW, rule=version.rule, number=2, valid_for="group", credit_management_group=group
    )
    assert [found.outcome for found in decide(an_order(500)).in_shadow] == ["passed"]


def test_an_exclusion_in_shadow_says_what_it_would_let_pass(decide: Decide) -> None:
    above(100, "SO-01")
    above(1000, "SX-01", RuleState.SHADOW, action="exclusion", release_sales_order=True)
    decision = decide(an_order(500))
    assert decision.holds
    assert [(found.name, found.outcome) for found in decision.in_shadow] == [("SX-01", "passed")]


def test_each_version_in_shadow_is_asked_on_its_own(decide: Decide) -> None:
    above(100, "SO-01", RuleState.SHADOW)
    above(200, "SO-02", RuleState.SHADOW)
    assert [found.name for found in decide(an_order(150)).in_shadow] == ["SO-01"]
    assert [found.name for found in decide(an_order(500)).in_shadow] == ["SO-01", "SO-02"]


def record(*orders: SalesOrder, kind: str = "posting") -> list[DecisionRecord]:
    requests = [checks.Request(order.pk, "confirmation") for order in orders]
    checked = checks.check(requests, as_of={"USMF": TODAY}, evidence=True)
    ids = decisions.record_decisions(checked, kind=kind, actor=ACTOR, at=AT)
    return list(DecisionRecord.objects.filter(pk__in=ids))


class TestCounting:
    """What is written down when a decision is stored."""

    def test_an_order_counts_once_however_often_it_is_checked(self) -> None:
        shadow = above(100, "SO-09", RuleState.SHADOW)
        large, small = an_order(500), an_order(50)
        for kind in ("posting", "evaluation", "posting"):
            record(large, small, kind=kind)
        [result] = ShadowResult.objects.all()
        assert (result.version, result.order, result.was, result.would) == (shadow, large, "passed", "held")
        assert (result.checkpoint, result.date) == ("confirmation", TODAY)

    def test_without_versions_in_shadow_there_is_no_query_more(self, count_queries: Callable[..., int]) -> None:
        above(100, "SO-01")
        order = an_order(500)
        record(order)
        requests = [checks.Request(order.pk, "confirmation")]
        checked = checks.check(requests, as_of={"USMF": TODAY}, evidence=True)
        store = lambda: decisions.record_decisions(checked, kind="posting", actor=ACTOR, at=AT)  # noqa: E731
        assert count_queries(store) == 1

    @pytest.mark.parametrize("kind", ["posting", "evaluation"])
    def test_a_decision_with_shadows_replays_to_itself(self, kind: str) -> None:
        above(100, "SO-09", RuleState.SHADOW)
        [stored] = record(an_order(500), kind=kind)
        RuleVersion.objects.update(state="retired")
        assert decisions.replay(stored) == decisions.stored_decision(stored)
        assert decisions.stored_decision(stored).in_shadow

    def test_a_rule_that_was_ended_in_shadow_says_nothing_more(self, decide: Decide) -> None:
        above(100, "SO-09", RuleState.SHADOW, shadow_to=TODAY.replace(year=TODAY.year - 1))
        assert decide(an_order(500)).in_shadow == ()
        assert BlockingRule.objects.count() == 1
