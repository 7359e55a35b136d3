"""`limit-adjustments` (`api.md`): a client that makes, generates, submits and posts; bad input named at its line."""

import base64
import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from credit_mgmt.journals.approval import decide_journals, require_approval
from customers.models import Role
from tests import factories as make
from tests.api_client import Api, client, everything
from tests.factories_credit import ACTOR, AT, account_of, customer_with_limit, give_limit
from tests.factories_holds import a_user
from tests.workbooks import a_workbook

pytestmark = pytest.mark.django_db
UNTIL = "2027-12-31"


@pytest.fixture(autouse=True)
def _day(settings) -> None:
    settings.CREDIT_TODAY = dt.date(2026, 3, 1)


@pytest.fixture
def api() -> Api:
    return everything()


def a_line(account: str = "C-1", new_limit: str = "200.00", **fields: object) -> dict[str, object]:
    return {"customer": f"USMF:{account}", "new_limit": new_limit, "new_to": UNTIL, **fields}


def a_journal(*lines: dict[str, object], **fields: object) -> dict[str, object]:
    return {"legal_entity": "USMF", "type": "credit_limit", "lines": list(lines), **fields}


def made(api: Api, *lines: dict[str, object], **fields: object) -> str:
    return str(api.post("limit-adjustments", a_journal(*lines, **fields)).is_(201)["number"])


class TestALife:
    def test_of_a_journal_from_draft_to_posted(self, api: Api) -> None:
        customer = customer_with_limit("100", account="C-1")
        answer = api.post("limit-adjustments", a_journal(a_line(), description="November review")).is_(201)
        assert (answer["number"], answer["status"], answer["line_count"]) == ("USMF-000001", "draft", 1)
        assert (answer["increase"], answer["decrease"]) == ("100.00", "0.00")
        [line] = answer["lines"]
        assert (line["customer"], line["current_limit"], line["new_limit"]) == ("USMF:C-1", "100.00", "200.00")
        assert api.post("limit-adjustments/USMF-000001/submit").is_(200)["status"] == "approved"
        posted = api.post("limit-adjustments/USMF-000001/post").is_(200)
        assert (posted["status"], posted["posted_by_name"]) == ("posted", "everything")
        assert account_of(customer).limit_amount == 200
        assert api.get("customers/USMF:C-1").is_(200)["credit_limit"] == "200.00"
        again = api.post("limit-adjustments/USMF-000001/post").is_(409)
        assert again["code"] == "already_posted"
        [entry] = api.get("limit-history?source=journal").is_(200)["results"]
        assert (entry["journal"], entry["journal_line"], entry["limit"]) == ("USMF-000001", 1, "200.00")

    def test_says_in_the_limit_history_who_approved_it(self, api: Api) -> None:
        customer_with_limit("100", account="C-1")
        require_approval(subject="journal", legal_entity=None, required=True, actor=ACTOR)
        number = made(api, a_line())
        api.post(f"limit-adjustments/{number}/submit").is_(200)
        approver = a_user("vera", Role.CREDIT_MANAGER)
        decide_journals(journals=[number], approved=True, actor=approver, at=AT)
        api.post(f"limit-adjustments/{number}/post").is_(200)
        [entry] = api.get(f"limit-history?approved_by={approver.reference}").is_(200)["results"]
        assert (entry["journal"], entry["approved_by"], entry["approved_by_name"]) == (
            number, approver.reference, "vera"
        )  # fmt: skip
        [entry] = api.get("limit-history?source=feed").is_(200)["results"]
        assert (entry["approved_by"], entry["approved_by_name"]) == ("", "")

    def test_of_a_temporary_limit_and_its_reversal(self, api: Api) -> None:
        customer_with_limit("100", account="C-1")
        number = made(api, a_line(new_from="2026-03-01", new_to="2026-03-31"), type="temporary_credit_limit")
        api.post(f"limit-adjustments/{number}/post").is_(200)
        assert api.get("customers/USMF:C-1/credit").is_(200)["temporary_limit"] == "200.00"
        reversal = api.post(f"limit-adjustments/{number}/reverse").is_(201)
        assert (reversal["reverses"], reversal["origin"]) == (number, "reversal")
        api.post(f"limit-adjustments/{reversal['number']}/post").is_(200)
        assert api.get("customers/USMF:C-1/credit").is_(200)["temporary_limit"] is None

    def test_a_draft_is_rewritten_and_cancelled(self, api: Api) -> None:
        customer_with_limit("100", account="C-1")
        customer_with_limit("100", account="C-2")
        path = f"limit-adjustments/{made(api, a_line(), description='First')}"
        answer = api.patch(path, {"lines": [a_line("C-2", "300.00")]}).is_(200)
        assert (answer["description"], [line["customer"] for line in answer["lines"]]) == ("First", ["USMF:C-2"])
        answer = api.put(path, {"legal_entity": "USMF", "type": "credit_limit", "description": "Second"}).is_(200)
        assert (answer["description"], answer["line_count"], answer["increase"]) == ("Second", 0, "0.00")
        assert api.patch(path, {"type": "temporary_credit_limit"}).is_(400).problem == [("type", "immutable")]
        assert api.patch(path, {"version": 1}).is_(409)["code"] == "stale"
        assert api.post(f"{path}/cancel").is_(200)["status"] == "cancelled"
        assert api.patch(path, {"description": "Third"}).is_(409)["code"] == "journal_cancelled"

    def test_lists_and_lines_are_paged(self, api: Api) -> None:
        lines = [a_line(customer_with_limit("1", account=f"C-{n}").account) for n in range(3)]
        numbers = [made(api, *lines), made(api)]
        answer = api.get("limit-adjustments?status=draft&ordering=number").is_(200)
        assert [row["number"] for row in answer["results"]] == numbers
        page = api.get(f"limit-adjustments/{numbers[0]}/lines?page_size=2").is_(200)
        assert [row["number"] for row in page["results"]] == [1, 2]
        assert [row["number"] for row in api.get(page["next"]).is_(200)["results"]] == [3]
        assert api.get("limit-adjustments?customer=USMF:C-1").is_(200)["results"][0]["number"] == numbers[0]


class TestFiles:
    def send(self, api: Api, number: str, content: bytes, **fields: object) -> Any:
        body = {"content": base64.b64encode(content).decode(), **fields}
        return api.post(f"limit-adjustments/{number}/import", body)

    @pytest.mark.parametrize(
        "content",
        [a_workbook([["Account", "Limit", "To"], ["C-1", 200, dt.date(2027, 12, 31)]]), b"C-1;200,00;2027-12-31"],
    )
    def test_rows_become_lines(self, api: Api, content: bytes) -> None:
        customer_with_limit("100", account="C-1")
        answer = self.send(api, made(api), content, version=1).is_(200)
        assert [(line["customer"], line["new_limit"], line["new_to"]) for line in answer["lines"]] == [
            ("USMF:C-1", "200.00", UNTIL)
        ]

    def test_a_wrong_row_is_named_and_none_is_added(self, api: Api) -> None:
        customer_with_limit("100", account="C-1")
        number = made(api)
        answer = self.send(api, number, a_workbook([["C-1", 5, UNTIL], ["C-9", 5, UNTIL]])).is_(400)
        assert answer.problem == [("lines[1].customer", "unknown_reference")]
        assert api.get(f"limit-adjustments/{number}").is_(200)["line_count"] == 0

    @pytest.mark.parametrize(
        ("body", "expected"),
        [
            ({}, ("content", "required")),
            ({"content": "?"}, ("content", "invalid")),
            ({"content": "A" * (8 * 1024 * 1024)}, ("content", "too_large")),
            ({"content": "UEsDBA=="}, ("file", "invalid")),
            ({"content": "QzE=", "style": "roman"}, ("style", "invalid_choice")),
        ],
    )
    def test_what_is_no_file_is_refused(self, api: Api, body: dict[str, object], expected: tuple[str, str]) -> None:
        make.LegalEntityFactory()
        assert expected in api.post(f"limit-adjustments/{made(api)}/import", body).is_(400).problem


class TestBulkChanges:
    def test_lines_are_changed_together_and_taken_back(self, api: Api) -> None:
        for account in ("C-1", "C-2"):
            customer_with_limit("100", account=account)
        path = f"limit-adjustments/{made(api, a_line('C-1'), a_line('C-2', '300.00'))}"
        changed = {"lines": [2], "adjustment": "10", "value_type": "percentage", "new_to": "2028-01-31"}
        answer = api.post(f"{path}/adjust", changed).is_(200)
        assert [(line["new_limit"], line["new_to"]) for line in answer["lines"]] == [
            ("200.00", UNTIL), ("330.00", "2028-01-31")
        ]  # fmt: skip
        answer = api.post(f"{path}/undo").is_(200)
        assert [line["new_limit"] for line in answer["lines"]] == ["200.00", "300.00"]
        assert api.post(f"{path}/undo").is_(409)["code"] == "nothing_to_undo"

    def test_what_cannot_be_is_named(self, api: Api) -> None:
        customer_with_limit("100", account="C-1")
        path = f"limit-adjustments/{made(api, a_line())}"
        assert api.post(f"{path}/adjust", {}).is_(400).problem == [("adjustment", "required")]
        below = {"adjustment": "-300", "value_type": "fixed"}
        assert api.post(f"{path}/adjust", below).is_(400).problem == [("lines[1].new_limit", "not_adjusted")]


class TestBadInput:
    """Issue 4: each named at its line, nothing posted."""

    @pytest.mark.parametrize(
        ("line", "expected"),
        [
            ({**a_line(), "credit_group": "G1"}, ("lines[1].customer", "customer_and_group")),
            ({"new_limit": "1.00", "new_to": UNTIL}, ("lines[1].customer", "required")),
            (a_line("NOBODY"), ("lines[1].customer", "unknown_reference")),
            (
                {"credit_group": "G9", "new_limit": "1.00", "new_to": UNTIL},
                ("lines[1].credit_group", "unknown_reference"),
            ),
            ({"customer": "DEMF:C-1", "new_limit": "1.00", "new_to": UNTIL}, ("lines[1].customer", "other_entity")),
            ({"customer": "USMF:C-1", "new_to": UNTIL}, ("lines[1].new_limit", "required")),
            ({"customer": "USMF:C-1", "new_limit": "1.00"}, ("lines[1].new_to", "required")),
            (a_line(new_limit="1.005"), ("lines[1].new_limit", "too_many_decimals")),
            (a_line(new_limit="1,000.00"), ("lines[1].new_limit", "invalid")),
            (a_line(new_limit="NaN"), ("lines[1].new_limit", "not_a_number")),
            (a_line(new_to="31.12.2027"), ("lines[1].new_to", "invalid")),
            (a_line(limit="5"), ("lines[1].limit", "unknown_field")),
        ],
    )  # fmt: skip
    def test_what_is_no_line_is_refused_at_once(self, api: Api, line: dict[str, object], expected: object) -> None:
        customer_with_limit("100", account="C-1")
        answer = api.post("limit-adjustments", a_journal(a_line(), line)).is_(400)
        assert answer.problem == [expected]
        assert api.get("limit-adjustments").is_(200)["results"] == []

    @pytest.mark.parametrize(
        ("line", "expected"),
        [
            (a_line("C-2", "-1.00"), ("lines[1].new_limit", "negative")),
            (a_line("C-2", new_from="2026-03-01", new_to="2026-02-28"), ("lines[1].new_to", "to_before_from")),
            (a_line("C-2", new_to="2026-02-28"), ("lines[1].new_to", "to_in_the_past")),
            (a_line("C-2", "500.01"), ("lines[1].new_limit", "above_eligible")),
        ],
    )
    def test_what_must_not_be_posted_is_named_and_nothing_is(
        self, api: Api, line: dict[str, object], expected: tuple[str, str], parameters: Callable[..., None]
    ) -> None:
        parameters(enforce_eligible_credit_limit="refuse")
        sound = customer_with_limit("100", account="C-1")
        customer_with_limit("100", account="C-2", eligible_credit_limit=500)
        number = made(api, a_line(), line)
        answer = api.post(f"limit-adjustments/{number}/post").is_(409)
        assert answer["code"] == "lines_refused"
        assert expected in answer.problem
        assert account_of(sound).limit_amount == 100
        shown = api.get(f"limit-adjustments/{number}").is_(200)
        assert (shown["status"], shown["lines"][1]["problem"]) == ("draft", "error")
        assert expected[1] in [found["code"] for found in shown["lines"][1]["findings"]]

    def test_a_limit_that_changed_since_is_stale_until_the_line_is_refreshed(self, api: Api) -> None:
        customer = customer_with_limit("100", account="C-1")
        number = made(api, a_line())
        give_limit(customer, "155")
        assert api.post(f"limit-adjustments/{number}/post").is_(409)["code"] == "stale"
        [line] = api.post(f"limit-adjustments/{number}/refresh").is_(200)["lines"]
        assert (line["current_limit"], line["problem"]) == ("155.00", "")
        api.post(f"limit-adjustments/{number}/post").is_(200)

    def test_overlapping_temporary_limits_refuse_each_other(self, api: Api) -> None:
        customer_with_limit("100", account="C-1")
        periods = [("2026-03-01", "2026-03-31"), ("2026-03-31", "2026-04-30")]
        lines = [a_line(new_from=first, new_to=last) for first, last in periods]
        number = made(api, *lines, type="temporary_credit_limit")
        answer = api.post(f"limit-adjustments/{number}/post").is_(409)
        assert answer.problem == [("lines[0].new_from", "overlaps_line"), ("lines[1].new_from", "overlaps_line")]

    def test_a_journal_says_what_it_is_and_does_not_number_itself(self, api: Api) -> None:
        make.LegalEntityFactory()
        for body, expected in (
            ({"type": "credit_limit"}, ("legal_entity", "required")),
            ({"legal_entity": "USMF"}, ("type", "required")),
            ({"legal_entity": "NONE", "type": "credit_limit"}, ("legal_entity", "unknown_reference")),
            (a_journal(number="USMF-000009"), ("number", "read_only")),
            (a_journal(description="x" * 101), ("description", "too_long")),
        ):
            assert api.post("limit-adjustments", body).is_(400).problem == [expected]
        assert made(api) == "USMF-000001"
        api.put("limit-adjustments/USMF-000002", a_journal()).is_(404)

    def test_an_empty_journal_is_not_posted(self, api: Api) -> None:
        make.LegalEntityFactory()
        assert api.post(f"limit-adjustments/{made(api)}/post").is_(409)["code"] == "journal_is_empty"


class TestGenerate:
    HOW = {"source": "customers", "adjustment": "10", "value_type": "percentage", "new_to": UNTIL}

    def test_previews_and_then_adds_the_lines(self, api: Api) -> None:
        for n, limit in enumerate(["100", "200", "0"], start=1):
            customer_with_limit(limit, account=f"C-{n}")
        customer_with_limit("50", account="C-4", excluded=True)
        path = f"limit-adjustments/{made(api)}"
        preview = api.post(f"{path}/generate", {**self.HOW, "round_off": "50", "preview": True}).is_(200)
        assert [line["new_limit"] for line in preview["lines"]] == ["100.00", "200.00", "0.00"]
        left_out = {"reason": "excluded", "count": 1, "message": "excluded from credit management"}
        assert (preview["found"], preview["added"], preview["left_out"]) == (4, 3, [left_out])
        assert api.get(path).is_(200)["line_count"] == 0
        api.post(f"{path}/generate", self.HOW).is_(200)
        shown = api.get(path).is_(200)
        assert [(line["customer"], line["new_limit"]) for line in shown["lines"]] == [
            ("USMF:C-1", "110.00"), ("USMF:C-2", "220.00"), ("USMF:C-3", "0.00"),
        ]  # fmt: skip
        again = api.post(f"{path}/generate", self.HOW).is_(200)
        assert (again["added"], {row["reason"]: row["count"] for row in again["left_out"]}) == (
            0, {"in_journal": 3, "excluded": 1},
        )  # fmt: skip

    def test_takes_the_filter_and_relative_dates(self, api: Api) -> None:
        give_limit(make.CustomerFactory(account="C-1"), "100", expires_on=dt.date(2026, 1, 31))
        customer_with_limit("100", account="D-1")
        how = {
            **self.HOW,
            "dates": "relative",
            "to_offset_months": 1,
            "filter": {"account_from": "C", "account_to": "D"},
        }
        del how["new_to"]
        api.post(f"limit-adjustments/{made(api)}/generate", how).is_(200)
        [line] = api.get("limit-adjustments/USMF-000001").is_(200)["lines"]
        assert (line["customer"], line["new_to"]) == ("USMF:C-1", "2026-02-28")

    @pytest.mark.parametrize(
        ("change", "expected"),
        [
            ({"source": "orders"}, ("source", "invalid_choice")),
            ({"adjustment": None}, ("adjustment", "required")),
            ({"new_to": None}, ("new_to", "required")),
            ({"round_off": "0"}, ("round_off", "out_of_range")),
            ({"include_limits": False}, ("include_limits", "required")),
            ({"source": "groups", "filter": {"country": "US"}}, ("filter.country", "unknown_field")),
            ({"filter": {"colour": "red"}}, ("filter.colour", "unknown_field")),
        ],
    )
    def test_names_what_it_cannot_read(self, api: Api, change: dict[str, object], expected: object) -> None:
        make.LegalEntityFactory()
        body = {name: value for name, value in {**self.HOW, **change}.items() if value is not None}
        assert api.post(f"limit-adjustments/{made(api)}/generate", body).is_(400).problem == [expected]


class TestRights:
    """domain 13: a clerk makes journals, a credit manager posts them, a viewer sees them."""

    def test_by_role(self) -> None:
        customer_with_limit("100", account="C-1")
        clerk, manager = client("clerk", "credit_clerk", "USMF"), client("manager", "credit_manager", "USMF")
        viewer, integration = client("viewer", "viewer"), client("erp", "integration")
        number = made(clerk, a_line())
        for api in (clerk, viewer, integration):
            api.post(f"limit-adjustments/{number}/post").is_(403)
        for api in (viewer, integration):
            api.post("limit-adjustments", a_journal()).is_(403)
            api.get(f"limit-adjustments/{number}").is_(200)
        manager.post(f"limit-adjustments/{number}/post").is_(200)

    def test_out_of_scope_is_not_found(self) -> None:
        make.LegalEntityFactory(code="DEMF")
        customer_with_limit("100", account="C-1")
        number = made(everything(), a_line())
        stranger = client("stranger", "credit_manager", "DEMF")
        for call in (stranger.get, stranger.patch):
            call(f"limit-adjustments/{number}", *([{}] if call == stranger.patch else [])).is_(404)
        stranger.post(f"limit-adjustments/{number}/post").is_(404)
        assert stranger.get("limit-adjustments").is_(200)["results"] == []
        stranger.post("limit-adjustments", a_journal()).is_(404)

    def test_a_group_line_needs_grants_in_all_member_entities(self) -> None:
        group = make.CustomerCreditGroupFactory(number="G1")
        give_limit(group, "1000")
        customer_with_limit("0", credit_group=group)
        customer_with_limit("0", credit_group=group, legal_entity=make.LegalEntityFactory(code="DEMF"))
        line: dict[str, object] = {"credit_group": "G1", "new_limit": "2000.00", "new_to": UNTIL}
        one = client("one", "credit_manager", "USMF")
        assert one.post("limit-adjustments", a_journal(line)).is_(400).problem == [
            ("lines[0].credit_group", "not_allowed")
        ]
        both = client("both", "credit_manager", "USMF", "DEMF")
        number = made(both, line)
        [shown] = one.get(f"limit-adjustments/{number}").is_(200)["lines"]
        assert (shown["credit_group"], shown["current_limit"], shown["new_limit"]) == ("G1", None, None)
        one.post(f"limit-adjustments/{number}/post").is_(403)
        both.post(f"limit-adjustments/{number}/post").is_(200)
        assert account_of(group).limit_amount == 2000
