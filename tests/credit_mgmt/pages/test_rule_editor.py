"""The editor of a rule and its versions (`ux.md` 3.10): a sentence with inputs, a draft beside it, a way back."""

from decimal import Decimal

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from credit_mgmt.engine.rules import types
from credit_mgmt.models import BlockingRule, RuleVersion
from credit_mgmt.rules import activate_rule, change_rule, start_shadow
from credit_mgmt.rules.wording import reads_as
from customers.models import AccountStatus, CreditManagementGroup, Role
from tests.factories_holds import DAY, NOW, SYSTEM, a_customer, a_rule, a_user, an_entity, parameters

pytestmark = pytest.mark.django_db
NEW = {"name": "Late payers", "action": "blocking", "valid_for": "all", "days": "45", "why": "Audit finding 2026-3"}


def signed_in(role: str = Role.CREDIT_ADMINISTRATOR, entity: str | None = None) -> Client:
    client = Client()
    actor = a_user(f"{role}-{entity or 'all'}", role, entity)
    client.force_login(get_user_model().objects.get(username=actor.name))
    return client


@pytest.fixture(autouse=True)
def _world(settings):
    settings.CREDIT_TODAY = DAY
    an_entity()
    parameters()
    AccountStatus.objects.create(code="WATCH", description="Watch")


@pytest.fixture
def administrator() -> Client:
    return signed_in()


def shown(answer) -> str:
    return " ".join(answer.content.decode().split())


def the_version(state: str = "draft") -> RuleVersion:
    return RuleVersion.objects.get(state=state)


VALUES: dict[str, dict[str, str]] = {
    "days_overdue": {"days": "45"},
    "account_status": {"account_status": "WATCH"},
    "payment_terms": {"payment_terms": "N30"},
    "limit_expired": {"days": "3"},
    "overdue_amount": {"amount": "100", "currency": "USD", "threshold_percent": "80"},
    "sales_order": {"amount": "1000", "currency": "USD"},
    "limit_used": {"threshold_percent": "100"},
}


@pytest.mark.parametrize("kind", VALUES)
def test_every_type_is_written_in_the_same_sentence(administrator, kind):
    page = shown(administrator.get(f"/rules/new/?type={kind}"))
    for name in dict.fromkeys((*types[kind].blocking_values, *types[kind].exclusion_values)):
        assert f'name="{name}"' in page
    values = {**NEW, **VALUES[kind]}
    answer = administrator.post(f"/rules/new/?type={kind}", values, follow=True)
    assert "It holds nothing until it is activated." in shown(answer)
    assert the_version().type == kind
    assert reads_as(the_version()).startswith("Orders of every customer are stopped when ")


READ = [
    (
        {"days": 30},
        "Orders of every customer are stopped when the oldest unpaid invoice is more than 30 days past due.",
    ),
    (
        {"action": "exclusion", "days": 100, "legal_entity_id": "USMF"},
        "Orders of every customer in USMF are not stopped by broader rules on days overdue while the oldest unpaid "
        "invoice is up to 100 days past due.",
    ),
    (
        {"action": "exclusion", "amount": Decimal(2500), "currency_id": "USD", "release_sales_order": True},
        "Orders of every customer pass while all that is overdue is up to 2,500.00 USD: no other rule or check is "
        "looked at.",
    ),
]


@pytest.mark.parametrize(("values", "sentence"), READ)
def test_a_rule_reads_as_a_sentence(values, sentence):
    assert reads_as(a_rule("days_overdue", **values)) == sentence


def test_an_amount_and_a_percentage_are_joined():
    rule = a_rule("overdue_amount", amount=Decimal(500), currency_id="USD", threshold_percent=Decimal("62.5"))
    assert reads_as(rule).endswith(
        "when the overdue amount is more than 500.00 USD and with the order more than 62.5\N{NO-BREAK SPACE}% of the "
        "total credit limit is used."
    )


def test_a_draft_stands_beside_what_counts(administrator):
    a_rule("days_overdue", name="DO-01", days=60)
    answer = administrator.post("/rules/DO-01/", {**NEW, "revision": "0"}, follow=True)
    assert [(version.number, version.state) for version, _ in answer.context["standing"]] == [
        (1, "active"),
        (2, "draft"),
    ]
    assert (the_version("active").days, the_version().days) == (60, 45)
    assert "Draft of version 2" in shown(answer)


def test_why_is_asked_and_what_was_typed_is_kept(administrator):
    answer = administrator.post("/rules/new/?type=days_overdue", {**NEW, "why": "", "days": "77"})
    assert answer.status_code == 422
    assert answer.context["form"].errors["why"] == ["This field is required."]
    assert 'value="77"' in shown(answer)
    assert not BlockingRule.objects.exists()


BAD: list[tuple[dict[str, str], str, str]] = [
    ({"days": ""}, "days", "Give the"),
    ({"days": "-1"}, "days", "greater than or equal to 0"),
    ({"valid_for": "group"}, "credit_management_group", "needs a"),
    ({"valid_for": "table", "customer": "USMF:NOBODY"}, "customer", "There is no customer"),
    ({"valid_for": "table", "customer": "USMF:US-001", "legal_entity": "DEMF"}, "customer", "is not of legal entity"),
    ({"release_sales_order": "on"}, "release_sales_order", "Only exclusions release"),
    ({"amount": "5", "days": ""}, "currency", "currency"),
    ({"valid_from": "2026-12-01", "valid_to": "2026-11-01"}, "valid_to", "on or after the first"),
]


@pytest.mark.parametrize(("change", "field", "words"), BAD)
def test_what_is_wrong_is_said_beside_its_field(administrator, change, field, words):
    an_entity("DEMF", "EUR")
    a_customer()
    answer = administrator.post("/rules/new/?type=days_overdue", {**NEW, **change})
    assert answer.status_code == 422
    assert words in answer.context["form"].errors[field][0]
    assert not BlockingRule.objects.exists()


def test_whom_the_sentence_is_not_about_is_left_out(administrator):
    """The input that does not show keeps what was typed; what is saved is what the sentence says."""
    CreditManagementGroup.objects.create(code="W")
    values = {**NEW, "valid_for": "group", "credit_management_group": "W", "customer": "USMF:US-001"}
    administrator.post("/rules/new/?type=days_overdue", values)
    assert (the_version().credit_management_group_id, the_version().customer_id) == ("W", None)


def test_a_draft_that_changed_meanwhile_is_not_overwritten(administrator):
    rule = a_rule("days_overdue", name="DO-01", days=60)
    change_rule(rule=rule.rule_id, values={"days": 50}, actor=SYSTEM, at=NOW)
    answer = administrator.post("/rules/DO-01/", {**NEW, "revision": "0"})
    assert answer.status_code == 409
    assert "was changed meanwhile" in shown(answer)
    assert 'value="45"' in shown(answer)
    assert the_version().days == 50


def test_what_is_typed_is_read_back_with_what_would_be_found(administrator):
    a_rule("days_overdue", name="DO-01", days=60)
    typed = {"type": "days_overdue", "name": "Late", "action": "exclusion", "valid_for": "all", "days": "90"}
    page = shown(administrator.get("/rules/reads/", typed))
    assert "Reads as: “Orders of every customer are not stopped by broader rules on days overdue" in page
    assert "DO-01 has the level of the exclusion This rule" in page
    assert RuleVersion.objects.count() == 1
    assert shown(administrator.get("/rules/reads/", {"type": "days_overdue", "days": "x"})) == ""
    assert signed_in(Role.VIEWER).get("/rules/reads/", typed).status_code == 403


def test_the_draft_of_a_rule_is_not_its_own_duplicate(administrator):
    a_rule("days_overdue", name="DO-01", days=60)
    typed = {
        "type": "days_overdue",
        "name": "Late",
        "rule": "DO-01",
        "action": "blocking",
        "valid_for": "all",
        "days": "60",
    }
    assert "Duplicate" not in shown(administrator.get("/rules/reads/", typed))
    assert "Duplicate" in shown(administrator.get("/rules/reads/", {**typed, "rule": ""}))


def test_parameters_that_matter_are_said(administrator):
    parameters(ignore_limit_expired_when_date_is_blank=False, check_credit_limit_for_sales_order=False)
    assert "always counts as expired" in shown(administrator.get("/rules/new/?type=limit_expired"))
    assert "such rules are not run" in shown(administrator.get("/rules/new/?type=limit_used"))


def test_readers_see_what_it_says_and_nothing_to_change():
    a_rule("days_overdue", name="DO-01", days=60)
    reader = signed_in(Role.VIEWER)
    page = shown(reader.get("/rules/DO-01/"))
    assert "more than 60 days past due" in page
    assert "Save draft" not in page
    assert "Retire" not in page
    assert reader.post("/rules/DO-01/", NEW).status_code == 403
    assert reader.get("/rules/new/").status_code == 403


def test_a_new_rule_begins_with_its_type(administrator):
    page = shown(administrator.get("/rules/new/"))
    assert '<a href="?type=days_overdue">Days overdue</a>' in page
    assert administrator.get("/rules/new/?type=nonsense").status_code == 404


def a_changed_rule() -> BlockingRule:
    rule = a_rule("days_overdue", name="DO-01", days=60).rule
    change_rule(
        rule=rule.pk, values={"days": 45, "why": "Late payers"}, actor=a_user("vera", Role.CREDIT_ADMINISTRATOR), at=NOW
    )
    activate_rule(rule=rule.pk, why="Agreed", actor=SYSTEM, at=NOW)
    return rule


def test_versions_say_what_changed_by_whom_and_why(administrator):
    a_changed_rule()
    answer = administrator.get("/rules/DO-01/versions/")
    latest, first = answer.context["rows"]
    assert [tuple(item) for item in latest["differences"]] == [("Days", "60", "45")]
    assert first["is_first"]
    page = shown(answer)
    assert "“Agreed”" in page
    assert "“Late payers”" in page


def test_a_version_of_before_is_restored_in_one_action(administrator):
    a_changed_rule()
    answer = administrator.get("/rules/DO-01/versions/1/")
    assert [tuple(item) for item in answer.context["differences"]] == [("Days", "60", "45")]
    assert "Restore…" in shown(answer)
    administrator.post("/rules/DO-01/versions/1/restore/", {"why": "It stopped too many."})
    active = the_version("active")
    assert (active.number, active.days) == (3, 60)
    assert "What stands today says the same." in shown(administrator.get("/rules/DO-01/versions/1/"))


def test_readers_read_versions_and_restore_none():
    a_changed_rule()
    reader = signed_in(Role.VIEWER)
    assert "Restore…" not in shown(reader.get("/rules/DO-01/versions/"))
    assert "Restore…" not in shown(reader.get("/rules/DO-01/versions/1/"))
    assert reader.get("/rules/DO-01/versions/9/").status_code == 404


def test_the_pages_of_a_rule_cost_few_queries(administrator, django_assert_max_num_queries):
    rule = a_changed_rule()
    for days in range(30, 40):
        change_rule(rule=rule.pk, values={"days": days}, actor=SYSTEM, at=NOW)
        activate_rule(rule=rule.pk, why="Again", actor=SYSTEM, at=NOW)
    administrator.get("/rules/DO-01/")
    with django_assert_max_num_queries(13):
        administrator.get("/rules/DO-01/")
    with django_assert_max_num_queries(7):
        administrator.get("/rules/DO-01/versions/")


def test_activating_says_what_would_be_found_and_that_it_was_not_backtested(administrator):
    a_rule("days_overdue", name="DO-01", days=60)
    administrator.post("/rules/new/?type=days_overdue", {**NEW, "action": "exclusion", "days": "90"})
    page = shown(administrator.get("/rules/DO-02/activate/"))
    assert "This version was not backtested" in page
    assert "DO-01 has the level of the exclusion DO-02" in page


def test_activating_without_a_draft_is_about_the_version_in_shadow(administrator):
    rule = a_rule("days_overdue", name="DO-01", days=60).rule
    change_rule(rule=rule.pk, values={"days": 45}, actor=SYSTEM, at=NOW)
    start_shadow(rule=rule.pk, days=14, why="See.", actor=SYSTEM, at=NOW, today=DAY)
    assert "more than 45 days past due" in shown(administrator.get("/rules/DO-01/activate/"))
