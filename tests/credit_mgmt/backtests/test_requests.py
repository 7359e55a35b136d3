"""What a backtest may be asked: each refusal names the field and the remedy, and starts nothing."""

from typing import Any

import pytest

from credit_mgmt.models import RuleVersion
from customers.access import Actor, Grant, NotAllowed
from customers.errors import InvalidInput
from customers.models import Job, Role
from tests import factories as make
from tests.credit_mgmt.backtests.world import TODAY, a_customer, draft_of, start
from tests.factories_credit import BlockingRuleFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def rule() -> RuleVersion:
    """DO-07 of USMF, with a draft; DO-08 of DEMF; DO-09 of both."""
    make.LegalEntityFactory(code="USMF")
    make.LegalEntityFactory(code="DEMF")
    values = {"type": "days_overdue", "days": 60}
    rule: RuleVersion = BlockingRuleFactory(name="DO-07", legal_entity_id="USMF", **values)
    draft_of(rule, days=30)
    BlockingRuleFactory(name="DO-08", legal_entity_id="DEMF", **values)
    BlockingRuleFactory(name="DO-09", **values)
    a_customer(account="US-1")
    a_customer(account="DE-1", legal_entity=make.LegalEntityFactory(code="DEMF"))
    return rule


def of(entity: str | None) -> Actor:
    return Actor("user", 1, "mira", (Grant(Role.CREDIT_ADMINISTRATOR, entity),))


@pytest.mark.parametrize(
    ("given", "field", "code"),
    [
        ({}, "rule", "required"),
        ({"rule": "DO-07", "versions": ["DO-07/1"]}, "rule", "required"),
        ({"rule": "DO-77"}, "rule", "unknown"),
        ({"rule": "DO-08"}, "rule", "unknown"),  # of a legal entity that the actor does not see
        ({"rule": 7}, "rule", "unknown"),
        ({"versions": []}, "versions", "invalid"),
        ({"versions": "DO-07/1"}, "versions", "invalid"),
        ({"versions": [7]}, "versions", "invalid"),
        ({"versions": ["DO-07/1"] * 51}, "versions", "too_many"),
        ({"versions": ["DO-09/1", "DO-07/3"]}, "versions[1]", "unknown"),
        ({"versions": ["DO-07"]}, "versions[0]", "unknown"),
        ({"versions": ["DO-07/1", "DO-07/2"]}, "versions[1]", "duplicate"),
        ({"rule": "DO-07", "days": 0}, "days", "out_of_range"),
        ({"rule": "DO-07", "days": 10_000}, "days", "out_of_range"),
        ({"rule": "DO-07", "days": "180"}, "days", "out_of_range"),
        ({"rule": "DO-07", "days": True}, "days", "out_of_range"),
        ({"rule": "DO-07", "to": "2026-11-21"}, "to", "in_the_future"),
        ({"rule": "DO-07", "to": "soon"}, "to", "invalid"),
        ({"rule": "DO-07", "legal_entity": "DEMF"}, "legal_entity", "unknown"),
        ({"rule": "DO-07", "legal_entity": "NOPE"}, "legal_entity", "unknown"),
        ({"rule": "DO-07", "customers": "USMF:US-1"}, "customers", "invalid"),
        ({"rule": "DO-07", "customers": ["USMF:US-1", "USMF:US-2"]}, "customers[1]", "unknown"),
        ({"rule": "DO-07", "customers": ["DEMF:DE-1"]}, "customers[0]", "unknown"),
        ({"rule": "DO-07", "customers": ["USMF:US-1"] * 1001}, "customers", "too_many"),
        ({"rule": "DO-07", "weeks": 3}, "weeks", "unknown_field"),
    ],
)
def test_what_is_refused(rule: RuleVersion, given: dict[str, Any], field: str, code: str) -> None:
    with pytest.raises(InvalidInput) as problem:
        start(of("USMF"), **given)
    assert [(error.field, error.code) for error in problem.value.errors] == [(f"parameters.{field}", code)]
    assert not Job.objects.exists()


@pytest.mark.parametrize(
    ("given", "field"),
    [({"legal_entity": "DEMF"}, "legal_entity"), ({"customers": ["DEMF:DE-1"]}, "customers[0]")],
)
def test_a_rule_of_one_legal_entity_is_tried_there(rule: RuleVersion, given: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as problem:
        start(of(None), rule="DO-07", **given)
    assert [(error.field, error.code) for error in problem.value.errors] == [(f"parameters.{field}", "other_entity")]


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ({"rule": "DO-07"}, {"versions": ["DO-07/2"], "days": 180, "to": TODAY.isoformat(), "legal_entity": "USMF"}),
        ({"rule": "DO-09"}, {"versions": ["DO-09/1"], "days": 180, "to": TODAY.isoformat()}),
        (
            {"versions": ["DO-09/1", "DO-07/1"], "days": 30, "to": "2026-01-31", "customers": ["USMF:US-1"]},
            {"versions": ["DO-07/1", "DO-09/1"], "days": 30, "to": "2026-01-31", "customers": ["USMF:US-1"]},
        ),
    ],
)
def test_what_is_stored(rule: RuleVersion, given: dict[str, Any], stored: dict[str, Any]) -> None:
    """A rule means its draft; and a rule of one legal entity is tried on the orders of that one"""
    assert start(of(None), **{"to": None, **given}).parameters == stored


def test_what_was_stored_can_be_asked_again(rule: RuleVersion) -> None:
    first = start(of(None), rule="DO-07", customers=["USMF:US-1"])
    assert start(of(None), **first.parameters).parameters == first.parameters


def test_who_sees_no_exposure_asks_for_none(rule: RuleVersion) -> None:
    sales = Actor("user", 1, "sol", (Grant(Role.SALES_VIEWER, None),))
    with pytest.raises(NotAllowed):
        start(sales, rule="DO-09")
