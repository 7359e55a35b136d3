"""Rules and parameters on pages (`ux.md` 3.10, `domain 4.2`, `10`): read by all, changed by administrators."""

from decimal import Decimal

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from credit_mgmt.models import BlockingRule, Parameters, RuleEvent, RuleVersion
from customers.models import Reason, Role
from tests.factories_holds import a_customer, a_rule, a_user, an_entity, reasons

pytestmark = pytest.mark.django_db


def signed_in(role: str, entity: str | None = None) -> Client:
    client = Client()
    actor = a_user(f"{role}-{entity or 'all'}", role, entity)
    client.force_login(get_user_model().objects.get(username=actor.name))
    return client


@pytest.fixture
def administrator() -> Client:
    an_entity()
    reasons()
    return signed_in(Role.CREDIT_ADMINISTRATOR)


def shown(answer) -> str:
    return answer.content.decode()


NEW = {"name": "Late payers", "action": "blocking", "valid_for": "all", "days": "45", "why": "Audit"}


def test_rules_stand_in_the_order_in_which_they_are_looked_at(administrator):
    """Domain 4.4: customer, group, all; within a level blocking rules before exclusions."""
    customer = a_customer()
    a_rule("days_overdue", name="ALL-BLOCK", days=60)
    a_rule("days_overdue", name="ALL-EXCLUDE", action="exclusion", days=90)
    a_rule("days_overdue", name="ONE-EXCLUDE", action="exclusion", valid_for="table", customer=customer, days=100)
    [group] = administrator.get("/rules/").context["ladders"]
    assert [row["code"] for row in group["rows"]] == ["ONE-EXCLUDE", "ALL-BLOCK", "ALL-EXCLUDE"]
    assert [row["when"] for row in group["rows"]] == ["up to 100 d overdue", "above 60 d overdue", "up to 90 d overdue"]


def test_a_rule_is_made_changed_and_switched_off(administrator):
    answer = administrator.post("/rules/new/?type=days_overdue", NEW, follow=True)
    assert "Draft of DO-01 saved. It holds nothing until it is activated." in shown(answer)
    draft = RuleVersion.objects.get()
    assert (draft.type, draft.days, draft.action, draft.state) == ("days_overdue", 45, "blocking", "draft")
    administrator.post("/rules/DO-01/", {**NEW, "days": "30", "legal_entity": "USMF", "revision": "1"})
    draft = RuleVersion.objects.get()
    assert (draft.days, draft.legal_entity_id) == (30, "USMF")
    administrator.post("/rules/DO-01/activate/", {"why": "Audit finding 2026-3"})
    assert "Active" in shown(administrator.get("/rules/"))
    administrator.post("/rules/DO-01/retire/", {"why": "No longer needed"})
    assert "Retired" in shown(administrator.get("/rules/"))
    steps = list(RuleEvent.objects.order_by("pk").values_list("step", "why"))
    assert steps[2:] == [("activated", "Audit finding 2026-3"), ("retired", "No longer needed")]


def test_a_draft_that_somebody_else_changed_is_not_overwritten(administrator):
    administrator.post("/rules/new/?type=days_overdue", NEW)
    administrator.post("/rules/DO-01/", {**NEW, "days": "30", "revision": "1"})
    answer = administrator.post("/rules/DO-01/", {**NEW, "days": "90", "revision": "1"})
    assert answer.status_code == 409
    assert "was changed meanwhile" in shown(answer)
    assert 'value="90"' in shown(answer)
    assert RuleVersion.objects.get().days == 30


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"days": ""}, "Days: Give the"),
        ({"days": "many"}, "Days: Enter a whole number."),
        ({"valid_for": "table"}, "Customer: "),
        ({"valid_for": "table", "customer": "USMF:NOBODY"}, "Customer: "),
        ({"release_sales_order": "on"}, "Release the order outright: Only exclusions release the sales order."),
        ({"valid_from": "2026-12-01", "valid_to": "2026-11-01"}, "Valid to: "),
        ({"name": ""}, "Name: This field is required."),
    ],
)
def test_what_is_wrong_is_said_beside_its_field_and_nothing_is_saved(administrator, change, words):
    answer = administrator.post("/rules/new/?type=days_overdue", {**NEW, **change})
    assert answer.status_code == 422
    assert words in shown(answer)
    assert not BlockingRule.objects.exists()


@pytest.mark.parametrize("role", [Role.VIEWER, Role.CREDIT_CLERK, Role.CREDIT_MANAGER, Role.AUDITOR])
def test_others_read_rules_and_parameters_and_change_nothing(administrator, role):
    rule = a_rule()
    reader = signed_in(role)
    page = shown(reader.get(f"/rules/{rule.rule.code}/"))
    assert "more than 100\N{NO-BREAK SPACE}% of the total credit limit is used" in page
    assert "Save draft" not in page
    assert "New rule" not in shown(reader.get("/rules/"))
    assert reader.get("/rules/new/?type=days_overdue").status_code == 403
    assert reader.post(f"/rules/{rule.rule.code}/", {**NEW, "threshold_percent": "50"}).status_code == 403
    assert reader.post(f"/rules/{rule.rule.code}/retire/").status_code == 403
    assert "Save parameters" not in shown(reader.get("/setup/parameters/default/"))
    assert reader.post("/setup/parameters/default/", {}).status_code in (403, 422)
    rule = RuleVersion.objects.get()
    assert rule.threshold_percent == Decimal(100)
    assert rule.active


def test_an_administrator_of_one_entity_does_not_change_what_all_share(administrator):
    rule = a_rule()
    local = signed_in(Role.CREDIT_ADMINISTRATOR, "USMF")
    assert "Save draft" not in shown(local.get(f"/rules/{rule.rule.code}/"))
    assert local.post("/rules/new/?type=days_overdue", NEW).status_code == 403
    answer = local.post("/rules/new/?type=days_overdue", {**NEW, "legal_entity": "USMF"})
    assert answer.status_code == 302


def form_of(client: Client, address: str) -> dict[str, str]:
    """What the form of the page would send unchanged."""
    sent: dict[str, str] = {}
    for field in client.get(address).context["form"]:
        value = field.value()
        if value is True:
            sent[field.html_name] = "on"
        elif value is not None and value is not False:
            sent[field.html_name] = str(value)
    return sent


def test_parameters_are_saved_for_a_legal_entity_of_its_own(administrator):
    values = {
        **form_of(administrator, "/setup/parameters/USMF/"),
        "automatically_release": "without_posting",
    }
    answer = administrator.post("/setup/parameters/USMF/", values)
    assert answer.status_code == 422
    assert "Reason to release automatically:" in shown(answer)
    assert not Parameters.objects.filter(legal_entity="USMF").exists()
    chosen = Reason.objects.get(type="release", code="AUTO")
    answer = administrator.post(
        "/setup/parameters/USMF/", {**values, "automatic_release_reason": str(chosen.pk)}, follow=True
    )
    assert "Parameters saved." in shown(answer)
    row = Parameters.objects.get(legal_entity="USMF")
    assert (row.automatically_release, row.automatic_release_reason) == ("without_posting", chosen)
    assert {item.document for item in row.checkpoints.filter(posting=True)} == {
        "confirmation",
        "packing_slip",
        "invoice",
    }


def test_parameters_of_other_legal_entities_are_not_there(administrator):
    an_entity("DE01", "EUR")
    local = signed_in(Role.CREDIT_ADMINISTRATOR, "USMF")
    assert local.get("/setup/parameters/DE01/").status_code == 404
    assert "DE01" not in shown(local.get("/setup/parameters/"))
