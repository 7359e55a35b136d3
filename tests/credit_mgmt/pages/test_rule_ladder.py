"""The ladders of rules (`ux.md` 3.10): the order of the engine, what overrides what, who decides, and how often."""

import datetime as dt
import io
from decimal import Decimal

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from openpyxl import load_workbook

from credit_mgmt.models import BlockingRule, RuleState, RuleVersion
from credit_mgmt.rules import change_rule, draft_rule, start_shadow
from customers.models import CreditManagementGroup, Role
from holds.releases import release_hold
from tests.factories_holds import (
    DAY,
    NOW,
    SYSTEM,
    a_customer,
    a_rule,
    a_user,
    an_entity,
    an_invoice,
    an_order,
    held,
    parameters,
    post,
    reasons,
    today,
)

pytestmark = pytest.mark.django_db


def signed_in(role: str = Role.CREDIT_ADMINISTRATOR, entity: str | None = None) -> Client:
    client = Client()
    actor = a_user(f"{role}-{entity or 'all'}", role, entity)
    client.force_login(get_user_model().objects.get(username=actor.name))
    return client


@pytest.fixture(autouse=True)
def _world(settings):
    settings.CREDIT_TODAY = DAY
    an_entity()
    reasons()
    parameters()


@pytest.fixture
def administrator() -> Client:
    return signed_in()


def shown(answer) -> str:
    return " ".join(answer.content.decode().split())


def rows(answer, kind: str = "days_overdue") -> list[dict]:
    return next((ladder["rows"] for ladder in answer.context["ladders"] if ladder["type"] == kind), [])


def codes(answer, kind: str = "days_overdue") -> list[str]:
    return [row["code"] for row in rows(answer, kind)]


def a_ladder() -> dict[str, RuleVersion]:
    """Rules of days overdue at every level."""
    group = CreditManagementGroup.objects.create(code="WHOLESALE", description="Wholesale")
    customer = a_customer(credit_management_group=group)
    of_group = {"valid_for": "group", "credit_management_group": group}
    made = (
        a_rule("days_overdue", name="DO-01", days=60),
        a_rule("days_overdue", name="DO-07", days=10, **of_group),
        a_rule("days_overdue", name="EX-01", action="exclusion", days=100, valid_for="table", customer=customer),
        a_rule("days_overdue", name="EX-09", action="exclusion", days=90),
    )
    return {version.rule.code: version for version in made}


def test_the_rows_are_levels_as_bands_in_the_order_of_the_engine(administrator):
    a_ladder()
    answer = administrator.get("/rules/")
    assert codes(answer) == ["EX-01", "DO-07", "DO-01", "EX-09"]
    assert [row.get("is_first", False) for row in rows(answer)] == [True, True, True, False]
    assert "Read from the top: rules for one customer, then rules for a group" in shown(answer)


def test_an_exclusion_says_what_it_overrides_and_what_is_wrong_with_it(administrator):
    a_ladder()
    answer = administrator.get("/rules/")
    assert [row["overrides"] for row in rows(answer)] == ["DO-01 and DO-07", "", "", ""]
    assert [finding.title for finding in rows(answer)[3]["findings"]] == ["Same level"]
    page = shown(answer)
    assert "overrides DO-01 and DO-07" in page
    assert "DO-01 has the level of the exclusion EX-09, and is looked at first: it never overrides." in page
    assert "Rule health 1" in page


def test_show_for_a_customer_greys_what_cannot_apply_and_marks_what_decides(administrator):
    a_ladder()
    other = a_customer("US-002")
    an_invoice(other, "100", due=DAY - dt.timedelta(days=70))
    answer = administrator.get("/rules/?for=USMF:US-002")
    assert [(row["code"], row["greyed"], row["decides"]) for row in rows(answer)] == [
        ("EX-01", True, ""),
        ("DO-07", True, ""),
        ("DO-01", False, "Held"),
        ("EX-09", False, ""),
    ]
    answer = administrator.get("/rules/?for=USMF:US-001")
    assert rows(answer)[0]["decides"] == "Excused"
    assert "There is no customer USMF:NOBODY" in shown(administrator.get("/rules/?for=USMF:NOBODY"))


def test_who_sees_no_exposure_is_not_told_what_decides():
    a_ladder()
    page = shown(signed_in(Role.SALES_VIEWER).get("/rules/?for=USMF:US-001"))
    assert "There is no customer USMF:US-001 whose exposure you may see." in page
    assert "Show for" not in page
    assert "Tester" not in page


def test_holds_of_30_days_and_the_share_released_as_is(administrator):
    a_rule("sales_order", name="SO-01", amount=300, currency_id="USD")
    customer = a_customer(limit=None)
    hold = held(an_order(customer, "400"))
    held(an_order(customer, "500"))
    release_hold(id=hold.pk, mode="without_posting", reason="PAID", actor=a_user(), at=NOW, today=today)
    [row] = rows(administrator.get("/rules/"), "sales_order")
    assert (row["holds"].held, row["holds"].as_is_percent) == (2, 100)


def test_a_version_in_shadow_counts_in_brackets_and_a_draft_stands_beside(administrator):
    active = a_rule("sales_order", name="SO-01", amount=3_000, currency_id="USD")
    change_rule(rule=active.rule_id, values={"amount": Decimal(300)}, actor=SYSTEM, at=NOW)
    start_shadow(rule=active.rule_id, days=14, why="See.", actor=SYSTEM, at=NOW, today=DAY)
    change_rule(rule=active.rule_id, values={"amount": Decimal(100)}, actor=SYSTEM, at=NOW)
    post(an_order(a_customer(limit=None), "400"))
    answer = administrator.get("/rules/")
    found = [(row["version"].number, row["version"].state, row["shadow_held"]) for row in rows(answer, "sales_order")]
    assert found == [(1, "active", None), (2, "shadow", 1), (3, "draft", None)]
    assert "(1)" in shown(answer)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("type=days_overdue", ["EX-01", "DO-07", "DO-01", "EX-09"]),
        ("type=sales_order", []),
        ("level=group", ["DO-07"]),
        ("level=group&level=table", ["EX-01", "DO-07"]),
        ("effect=exclusion", ["EX-01", "EX-09"]),
        ("effect=release", []),
        ("group=WHOLESALE", ["DO-07"]),
        ("entity=USMF", ["EX-01"]),
        ("finding=any", ["EX-09"]),
        ("finding=none&effect=exclusion", ["EX-01"]),
        ("q=us-001", ["EX-01"]),
        ("q=ex", ["EX-01", "EX-09"]),
        ("state=draft", []),
        ("state=retired", ["OLD-1"]),
    ],
)
def test_filters_narrow_by_address(administrator, query, expected):
    a_ladder()
    a_rule("days_overdue", name="OLD-1", days=5, state=RuleState.RETIRED)
    assert codes(administrator.get(f"/rules/?{query}")) == expected


def test_checks_of_changed_orders_are_told_with_where_they_are_on(administrator):
    parameters(check_when_payment_terms_are_increased=True)
    parameters("USMF", check_when_settlement_discount_is_increased=True)
    page = shown(administrator.get("/rules/"))
    a_rule()
    page = shown(administrator.get("/rules/"))
    assert "terms raised <b>on, off in USMF</b>, discount raised <b>off, on in USMF</b>" in page


def test_without_a_rule_three_are_offered_and_drafted_at_once(administrator):
    page = shown(administrator.get("/rules/"))
    assert "Draft these three" in page
    assert "Orders of every customer are stopped when the oldest unpaid invoice is more than 60 days past due." in page
    assert "Draft these three" not in shown(signed_in(Role.VIEWER).get("/rules/"))
    answer = administrator.post("/rules/start/", follow=True)
    assert "Drafted: DO-01, LE-01, LU-01." in shown(answer)
    assert {version.state for version in RuleVersion.objects.all()} == {"draft"}
    assert administrator.post("/rules/start/").status_code == 409
    assert BlockingRule.objects.count() == 3


def test_many_rules_are_retired_each_by_itself(administrator):
    ladder = a_ladder()
    draft_rule(
        values={"type": "sales_order", "amount": Decimal(5), "currency": "USD", "code": "SO-9"}, actor=SYSTEM, at=NOW
    )
    dialog = administrator.get("/rules/retire/?rule=DO-01&rule=EX-09&rule=SO-9")
    assert "Retire 2 rules" in shown(dialog)
    assert administrator.post("/rules/retire/", {"rule": ["DO-01"]}).status_code == 422
    answer = administrator.post(
        "/rules/retire/", {"rule": ["DO-01", "EX-09", "SO-9"], "why": "Not wanted."}, follow=True
    )
    assert "Retired: DO-01, EX-09." in shown(answer)
    assert RuleVersion.objects.get(pk=ladder["DO-01"].pk).state == "retired"


def test_a_local_administrator_retires_what_is_theirs_and_is_told_of_the_rest():
    a_rule("days_overdue", name="SHARED", days=60)
    a_rule("days_overdue", name="LOCAL", days=90, legal_entity_id="USMF")
    answer = signed_in(Role.CREDIT_ADMINISTRATOR, "USMF").post(
        "/rules/retire/", {"rule": ["SHARED", "LOCAL"], "why": "Not wanted."}, follow=True
    )
    assert "Retired: LOCAL." in shown(answer)
    assert "Not retired:" in shown(answer)
    assert set(RuleVersion.objects.filter(state="active").values_list("rule__code", flat=True)) == {"SHARED"}


def test_the_export_is_what_the_import_takes_and_says_nothing_new(administrator):
    a_ladder()
    file = administrator.get("/rules/export/?format=csv")
    assert file["Content-Type"].startswith("text/csv")
    assert [line.split(",")[0] for line in file.content.decode().split()[:1]] == ["rule"]
    upload = io.BytesIO(file.content)
    upload.name = "rules.csv"
    assert "Nothing differs" in shown(administrator.post("/rules/import/", {"file": upload}))
    book = administrator.get("/rules/export/?format=xlsx&effect=blocking").content
    sheet = load_workbook(io.BytesIO(book)).active
    assert [row[0] for row in sheet.iter_rows(values_only=True)] == ["rule", "DO-07", "DO-01"]


def test_rules_of_other_entities_are_neither_shown_nor_exported():
    an_entity("DEMF", "EUR")
    a_rule("days_overdue", name="SECRET", days=60, legal_entity_id="DEMF")
    a_rule("days_overdue", name="OPEN", days=90)
    local = signed_in(Role.VIEWER, "USMF")
    assert codes(local.get("/rules/")) == ["OPEN"]
    assert "SECRET" not in shown(local.get("/rules/health/"))
    assert b"SECRET" not in local.get("/rules/export/").content
    assert local.get("/rules/SECRET/").status_code == 404


def test_every_finding_has_one_way_out(administrator):
    a_ladder()
    a_rule("limit_used", name="LU-01")
    parameters(check_credit_limit_for_sales_order=False)
    draft = draft_rule(values={"type": "days_overdue", "days": 60, "code": "DO-99"}, actor=SYSTEM, at=NOW)
    answer = administrator.get("/rules/health/")
    found = {(row["code"], row["said"].title): row["fix"]["label"] for row in answer.context["rows"]}
    assert found == {
        ("EX-09", "Same level"): "Retire…",
        ("LU-01", "Limit check off"): "Parameters",
        (draft.rule.code, "Duplicate"): "Discard draft…",
    }
    readers = signed_in(Role.VIEWER).get("/rules/health/")
    assert all(row["fix"] is None for row in readers.context["rows"])


def test_healthy_rules_are_good_news(administrator):
    a_rule("days_overdue", days=60)
    assert "Nothing is wrong with the rules." in shown(administrator.get("/rules/health/"))


def test_queries_do_not_grow_with_the_rules(administrator, django_assert_max_num_queries):
    a_ladder()
    for number in range(30):
        a_rule("sales_order", name=f"SO-{number}", amount=number + 1, currency_id="USD", legal_entity_id="USMF")
    administrator.get("/rules/")
    with django_assert_max_num_queries(15):
        administrator.get("/rules/")
    with django_assert_max_num_queries(11):
        administrator.get("/rules/health/")


def test_a_page_shows_200_rows_and_says_how_many_more(administrator, monkeypatch):
    monkeypatch.setattr("credit_mgmt.pages.rule_ladder.MOST_ROWS", 3)
    a_ladder()
    answer = administrator.get("/rules/")
    assert len(codes(answer)) == 3
    assert "1 more rule matches: filter to see it." in shown(answer)
