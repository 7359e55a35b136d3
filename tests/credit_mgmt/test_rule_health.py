"""Rule health over what is set up (`ux` 3.10): rules in force together, drafts as if they were."""

import datetime as dt
from typing import Any

import pytest

from credit_mgmt.engine.health import Code
from credit_mgmt.models import RuleVersion
from credit_mgmt.rules import change_rule, draft_rule, start_shadow
from credit_mgmt.rules.health import findings_of
from credit_mgmt.rules.reading import live_versions
from customers.models import CreditManagementGroup, ExchangeRate, Role
from tests.factories_holds import DAY, NOW, SYSTEM, a_customer, a_rule, a_user, an_entity, an_order, parameters, post

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _world():
    an_entity()
    parameters()


def found(**options: Any) -> list[tuple[str, str]]:
    actor = options.pop("actor", SYSTEM)
    findings = findings_of(list(live_versions(actor)), actor=actor, today=options.pop("today", DAY), **options)
    return [(finding.rule.name, finding.code.value) for finding in findings]


def code_of(version: RuleVersion) -> str:
    return version.rule.code


def drafted(**values: Any) -> RuleVersion:
    return draft_rule(values={"type": "days_overdue", **values}, actor=SYSTEM, at=NOW)


def test_rules_in_force_are_judged_together():
    stays, twin = a_rule("days_overdue", days=60), a_rule("days_overdue", name="twin", days=60)
    assert [code_of(stays), found()] == ["days_overdue", [(code_of(twin), "duplicate")]]


def test_a_draft_is_judged_in_the_place_of_its_version():
    rule = a_rule("days_overdue", days=60)
    change_rule(rule=rule.rule_id, values={"days": 50}, actor=SYSTEM, at=NOW)
    assert found() == []
    draft = drafted(action="exclusion", days=90)
    assert found() == [(code_of(draft), "same_level")]
    start_shadow(rule=draft.rule_id, days=14, why="See first.", actor=SYSTEM, at=NOW, today=DAY)
    assert found() == [(code_of(draft), "same_level")]


def test_a_draft_that_waits_is_old_after_30_days():
    draft = drafted(days=60)
    assert found(today=DAY + dt.timedelta(days=30)) == []
    assert found(today=DAY + dt.timedelta(days=31)) == [(code_of(draft), "old_draft")]


def test_members_are_counted_where_the_rule_counts():
    group = CreditManagementGroup.objects.create(code="W")
    aimed = {"valid_for": "group", "credit_management_group": group}
    rule = a_rule("days_overdue", days=60, legal_entity_id="USMF", **aimed)
    an_entity("DEMF", "EUR")
    a_customer("DE-1", entity=an_entity("DEMF", "EUR"), credit_management_group=group)
    assert found() == [(code_of(rule), "group_without_members")]
    a_customer("US-1", credit_management_group=group)
    assert found() == []


def test_a_currency_needs_a_rate_of_today():
    an_entity("DEMF", "EUR")
    rule = a_rule("sales_order", amount=10, currency_id="EUR", legal_entity_id="USMF")
    assert found() == [(code_of(rule), "no_rate")]
    ExchangeRate.objects.create(
        rate_type="default", from_currency_id="EUR", to_currency_id="USD", rate=1, valid_from=DAY
    )
    assert found() == []


def test_what_was_released_outright_of_late_is_told():
    release = a_rule("payment_terms", payment_terms_id="N30", action="exclusion", release_sales_order=True)
    for number in range(3):
        post(an_order(a_customer(f"US-{number}"), "400"))
    assert found() == []
    assert found(sampled=True) == [(code_of(release), Code.RELEASES_MANY)]
    an_entity("FAR")
    assert found(sampled=True, actor=a_user("far", Role.VIEWER, "FAR")) == []


def test_the_number_of_queries_does_not_depend_on_the_rules(django_assert_max_num_queries):
    for number in range(12):
        a_rule("days_overdue", name=f"DO-{number}", days=60 + number)
    found(sampled=True)
    with django_assert_max_num_queries(9):
        found(sampled=True)
