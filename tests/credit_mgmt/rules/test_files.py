"""Rules from a file: what differs is shown, what differs is drafted, and nothing else happens (`ux` 3.10)."""

from decimal import Decimal

import pytest
from django.contrib.auth import get_user_model
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from credit_mgmt import rules
from credit_mgmt.models import RuleVersion
from credit_mgmt.rules.files import differences, draft_differences, read_rules
from customers.access import Actor, Grant, NotAllowed
from customers.errors import InvalidInput
from customers.models import Role
from tests import factories as make
from tests.factories_credit import ACTOR, AT
from tests.factories_holds import a_user, an_entity

pytestmark = pytest.mark.django_db
HEAD = "rule,type,action,days,amount,currency,release_sales_order,valid_from,why\n"


@pytest.fixture(autouse=True)
def late() -> RuleVersion:
    """DO-01 counts: sixty days."""
    make.CurrencyFactory()
    draft = rules.draft_rule(values={"type": "days_overdue", "days": 60, "name": "Late"}, actor=ACTOR, at=AT)
    return rules.activate_rule(rule=draft.rule_id, why="Needed", actor=ACTOR, at=AT)


def file(*lines: str) -> bytes:
    return (HEAD + "\n".join(lines) + "\n").encode()


def test_a_file_that_says_the_same_differs_in_nothing() -> None:
    assert differences(read_rules(file("DO-01,days_overdue,blocking,60,,,,,another reason")), actor=ACTOR) == []


def test_differences_name_each_field_before_and_after() -> None:
    found = differences(
        read_rules(file("DO-01,days_overdue,,45,,,,2026-04-01,", ",sales_order,,,500,USD,,,")), actor=ACTOR
    )
    assert [(item.row.code, item.version is None) for item in found] == [("DO-01", False), ("", True)]
    assert [name for name, _, _ in found[0].fields] == ["days", "valid_from"]
    assert found[0].fields[0] == ("days", 60, 45)


def test_what_differs_is_drafted_and_what_counts_goes_on_counting() -> None:
    drafts = draft_differences(
        read_rules(
            file("do-01,days_overdue,blocking,45,,,,,stricter", "SO-77,sales_order,exclusion,,500.00,USD,yes,,")
        ),
        actor=ACTOR,
        at=AT,
    )
    assert [(draft.rule.code, draft.number, draft.state) for draft in drafts] == [
        ("DO-01", 2, "draft"),
        ("SO-77", 1, "draft"),
    ]
    assert (drafts[1].amount, drafts[1].release_sales_order, drafts[1].action) == (Decimal(500), True, "exclusion")
    assert RuleVersion.objects.get(state="active").days == 60


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (["DO-01,days_overdue,,many,,,,,"], "Line 2, days: “many” is no whole number of days."),
        (["DO-01,sales_order,,,1,USD,,,"], "Line 2, type: Rule DO-01 is of type days overdue"),
        (["DO-01,days_overdue,,-1,,,,,"], "Line 2, days: “-1” is no whole number of days."),
        ([",limit_used,,,,,,,"], "Line 2, threshold_percent: Give the threshold percent."),
        ([",sales_order,,,x,USD,,,"], "Line 2, amount: “x” is no number."),
        ([",days_overdue,,5,,,maybe,,"], "Line 2, release_sales_order: “maybe” is neither true nor false."),
        ([",days_overdue,,5,,,,1 April,"], "Line 2, valid_from: “1 April” is no date."),
        (["DO-01,days_overdue,,5,,,,,", "do-01,days_overdue,,6,,,,,"], "Line 3, rule: Rule DO-01 stands in line 2"),
        ([], "Give 1 to 1,000 rules"),
    ],
)
def test_what_is_wrong_is_named_by_line_and_column_and_nothing_is_drafted(lines: list[str], words: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        draft_differences(read_rules(file(*lines)), actor=ACTOR, at=AT)
    assert words in str(refused.value)
    assert RuleVersion.objects.count() == 1


def test_nobodys_draft_is_overwritten(late: RuleVersion) -> None:
    rules.change_rule(rule=late.rule_id, values={"days": 50}, actor=ACTOR, at=AT)
    with pytest.raises(InvalidInput, match="Rule DO-01 has a draft: activate or discard it first"):
        draft_differences(read_rules(file("DO-01,days_overdue,,45,,,,,")), actor=ACTOR, at=AT)
    assert RuleVersion.objects.get(state="draft").days == 50


def test_the_file_of_somebody_who_may_not_set_up_changes_nothing() -> None:
    clerk = Actor("user", 2, "clerk", (Grant("credit_clerk", None),))
    with pytest.raises(NotAllowed):
        draft_differences(read_rules(file("DO-01,days_overdue,,45,,,,,")), actor=clerk, at=AT)


def test_on_the_page_the_differences_come_first_and_then_the_drafts() -> None:
    an_entity()
    client = Client()
    client.force_login(get_user_model()._default_manager.get(pk=a_user("admin", Role.CREDIT_ADMINISTRATOR).id))
    upload = {"file": make_upload(file("DO-01,days_overdue,blocking,45,,,,,"))}
    answer = client.post("/rules/import/", upload)
    assert "1 of 1 rule differs" in answer.content.decode()
    assert not RuleVersion.objects.filter(state="draft").exists()
    client.post("/rules/import/", {"content": answer.context["content"], "draft": "1"})
    assert RuleVersion.objects.get(state="draft").days == 45
    assert client.post("/rules/import/", {"draft": "1"}).status_code == 422


def make_upload(content: bytes) -> SimpleUploadedFile:
    """A file as a browser sends it."""
    return SimpleUploadedFile("rules.csv", content, content_type="text/csv")
