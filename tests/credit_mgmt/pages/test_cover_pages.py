"""Insurance and guarantees on pages (`ux.md` 3.6, 3.11): the register, the customer's tab, forms, and who may."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from credit_mgmt.exposure import position_of
from credit_mgmt.models import CoverageType, CoverPolicy, PolicyType
from customers.models import Customer, Party, Role
from tests import factories as make
from tests.factories_credit import TODAY, customer_with_limit, insure
from tests.factories_holds import a_user
from tests.workbooks import a_workbook

pytestmark = pytest.mark.django_db
CARD = "/customers/USMF/US-1/panels/cover/"
NEW = {
    "type": "TURNOVER", "insurer": "ATLAS", "coverage_type": "DELIVERED", "identification": "P-7781",
    "effective_on": "2026-01-01", "expires_on": "2026-12-31", "value": "50000", "currency": "USD",
    "update_percent": "50", "update_amount": "",
}  # fmt: skip


def signed_in(role: str, entity: str | None = None) -> Client:
    client = Client()
    actor = a_user(f"{role}-{entity or 'all'}", role, entity)
    client.force_login(get_user_model().objects.get(username=actor.name))
    return client


@pytest.fixture
def customer(settings: Any) -> Customer:
    settings.CREDIT_TODAY = TODAY
    PolicyType.objects.create(code="TURNOVER", identifier="insurance")
    PolicyType.objects.create(code="BANK", identifier="guarantee")
    CoverageType.objects.create(code="DELIVERED")
    Party.objects.create(number="ATLAS", name="Atlas Insurance")
    return customer_with_limit("100000", account="US-1", name="Adatum")


@pytest.fixture
def manager(customer: Customer) -> Client:
    return signed_in(Role.CREDIT_MANAGER, "USMF")


def shown(answer: Any) -> str:
    text: str = answer.content.decode()
    return text


def test_a_policy_is_entered_changed_ended_and_removed(manager: Client, customer: Customer) -> None:
    answer = manager.post("/cover/new/?customer=USMF:US-1", NEW, follow=True)
    assert "Saved." in shown(answer)
    assert "Atlas Insurance" in shown(answer)
    policy = CoverPolicy.objects.get()
    assert (policy.identifier, policy.customer) == ("insurance", customer)
    assert position_of(customer, TODAY).total_limit == 125_000
    manager.post(f"/cover/{policy.pk}/", {**NEW, "included_in_exposure": "on"})
    assert position_of(customer, TODAY).total_limit == 75_000
    assert "Last day" in shown(manager.get(f"/cover/{policy.pk}/end/"))
    manager.post(f"/cover/{policy.pk}/end/", {"last_day": "2026-02-28"})
    assert position_of(customer, TODAY).total_limit == 100_000
    assert "Expired" in shown(manager.get(CARD))
    manager.post(f"/cover/{policy.pk}/remove/")
    assert not CoverPolicy.objects.exists()


@pytest.mark.parametrize(
    ("typed", "field", "said"),
    [
        ({"update_percent": "101"}, "update_percent", "from 0 to 100"),
        ({"update_amount": "1"}, "update_amount", "either the percentage or the fixed amount"),
        ({"update_percent": "", "update_amount": "50000.01"}, "update_amount", "give at most that"),
        ({"type": "BANK"}, "coverage_type", "Only insurances"),
        ({"expires_on": "2025-12-31"}, "expires_on", "ends before it starts"),
        ({"insurer": "NOBODY"}, "insurer", "There is no party NOBODY"),
        ({"value": "a lot"}, "value", "number"),
        ({"type": ""}, "type", "required"),
    ],
)
def test_bad_input_is_said_beside_its_field_and_nothing_typed_is_lost(
    manager: Client, typed: dict[str, str], field: str, said: str
) -> None:
    answer = manager.post("/cover/new/?customer=USMF:US-1", {**NEW, **typed})
    assert answer.status_code == 422
    assert [name for name in answer.context["form"].errors] == [field]
    assert said in " ".join(answer.context["form"].errors[field])
    assert "P-7781" in shown(answer)
    assert not CoverPolicy.objects.exists()


def test_the_timeline_tells_who_entered_changed_and_removed_a_policy(manager: Client, customer: Customer) -> None:
    """ux 3.2, Timeline: limit changes, each with its actor."""
    manager.post("/cover/new/?customer=USMF:US-1", NEW)
    policy = CoverPolicy.objects.get()
    manager.post(f"/cover/{policy.pk}/", {**NEW, "update_percent": "62.5", "identification": "P-2"})
    manager.post(f"/cover/{policy.pk}/remove/")
    events = manager.get("/customers/USMF/US-1/panels/timeline/?kind=limits").context["events"]
    who = "by credit_manager-USMF"
    assert [(event["text"], event["detail"], event["actor"]) for event in events[:3]] == [
        ("Insurance P-2 removed", "50,000.00 USD, counts 62.5 %, 2026-01-01 to 2026-12-31", who),
        ("Policy P-2 changed", "number P-7781 → P-2, counts % 50 → 62.5", who),
        ("Insurance P-7781 entered", "50,000.00 USD, counts 50 %, 2026-01-01 to 2026-12-31", who),
    ]


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("value=50000&update_percent=50", "50 % of 50,000.00: 25,000.00 USD counts. The limit rises by it."),
        ("value=50000&update_percent=50&included_in_exposure=on",
         "50 % of 50,000.00: 25,000.00 USD counts. Less the whole value 50,000.00: the limit changes by −25,000.00."),
        ("value=100.05&update_amount=12.5", "A fixed amount: 12.50 USD counts. The limit rises by it."),
        ("value=50000&update_percent=101", ""),
        ("value=50000&update_amount=50001", ""),
        ("value=NaN&update_percent=50", ""),
        ("value=&update_percent=", ""),
    ],
)  # fmt: skip
def test_the_sum_is_worked_out_while_one_types(manager: Client, typed: str, said: str) -> None:
    """ux 3.11"""
    assert shown(manager.get(f"/cover/worked/?currency=USD&{typed}")) == said


def test_without_a_customer_in_the_address_the_form_asks_for_one(manager: Client, customer: Customer) -> None:
    assert manager.post("/cover/new/", {**NEW, "customer": "USMF:NOBODY"}).context["form"].errors.keys() == {"customer"}
    manager.post("/cover/new/", {**NEW, "customer": customer.key})
    assert CoverPolicy.objects.get().customer == customer


class TestTheRegister:
    def test_shows_what_is_in_force_today_and_what_each_view_is_for(self, manager: Client, customer: Customer) -> None:
        for number, first, last in (
            ("RUNS", "2026-01-01", "2026-12-31"), ("ENDS", "2026-01-01", "2026-03-20"),
            ("COMES", "2026-04-01", "2026-12-31"), ("PAST", "2025-01-01", "2026-02-28"),
        ):  # fmt: skip
            first_day, last_day = dt.date.fromisoformat(first), dt.date.fromisoformat(last)
            insure(customer, identification=number, effective_on=first_day, expires_on=last_day)
        views = {"in-force": ["ENDS", "RUNS"], "expiring": ["ENDS"], "not-yet": ["COMES"], "expired": ["PAST"]}
        for view, numbers in views.items():
            rows = manager.get(f"/cover/?view={view}").context["rows"]
            assert [row["policy"].identification for row in rows] == numbers, view
        assert "19 d left" in shown(manager.get("/cover/?view=expiring"))

    def test_is_narrowed_by_kind_entity_customer_and_text(self, manager: Client, customer: Customer) -> None:
        insure(customer, identification="A")
        insure(customer, identification="B", identifier="guarantee")
        insure(customer_with_limit("1", account="US-2", name="Zeta"), identification="C")
        for query, numbers in {
            "kind=guarantee": "B", "customer=USMF:US-2": "C", "q=zeta": "C", "entity=USMF&kind=insurance": "AC",
        }.items():  # fmt: skip
            rows = manager.get(f"/cover/?{query}").context["rows"]
            assert "".join(sorted(row["policy"].identification for row in rows)) == numbers, query

    def test_says_that_a_rate_is_missing(self, manager: Client, customer: Customer) -> None:
        make.CurrencyFactory(code="SEK")
        insure(customer, currency_id="SEK")
        assert "no rate SEK to USD" in shown(manager.get("/cover/"))

    def test_costs_the_same_for_one_and_for_many(self, manager: Client, customer: Customer) -> None:
        insure(customer)
        manager.get("/cover/")
        with CaptureQueriesContext(connection) as one:
            manager.get("/cover/")
        for _ in range(5):
            insure(customer)
        with CaptureQueriesContext(connection) as many:
            manager.get("/cover/")
        assert len(many) == len(one)


class TestWhoMay:
    def test_clerks_read_and_change_nothing(self, customer: Customer) -> None:
        """ux Permission contract: credit groups, cover."""
        policy = insure(customer, identification="P-1")
        clerk = signed_in(Role.CREDIT_CLERK, "USMF")
        for address in (CARD, "/cover/"):
            page = shown(clerk.get(address))
            assert "P-1" in page
            assert f"/cover/{policy.pk}/" not in page
            assert "/cover/new/" not in page
        for address in (f"/cover/{policy.pk}/", f"/cover/{policy.pk}/end/", f"/cover/{policy.pk}/remove/"):
            assert clerk.get(address).status_code == clerk.post(address).status_code == 403

    def test_others_do_not_see_it_at_all(self, customer: Customer) -> None:
        policy = insure(customer, identification="P-1")
        make.LegalEntityFactory(code="DEMF")
        stranger = signed_in(Role.CREDIT_MANAGER, "DEMF")
        assert "P-1" not in shown(stranger.get("/cover/?view=all"))
        for address in (f"/cover/{policy.pk}/", f"/cover/{policy.pk}/end/", "/cover/new/?customer=USMF:US-1", CARD):
            assert stranger.get(address).status_code == 404, address
        sales = signed_in(Role.SALES_VIEWER, "USMF")
        assert sales.get("/cover/").status_code == sales.get(CARD).status_code == 403

    def test_types_are_set_up_by_an_administrator_of_all_legal_entities(self, customer: Customer) -> None:
        administrator = signed_in(Role.CREDIT_ADMINISTRATOR)
        sent = {"code": "SINGLE", "identifier": "insurance", "description": "Single buyer"}
        assert "SINGLE saved" in shown(administrator.post("/cover/types/policy-types/new/", sent, follow=True))
        assert "exists already" in shown(administrator.post("/cover/types/policy-types/new/", sent))
        administrator.post("/cover/types/policy-types/SINGLE/", {**sent, "description": "One buyer"})
        assert PolicyType.objects.get(code="SINGLE").description == "One buyer"
        insure(customer)
        moved = administrator.post("/cover/types/policy-types/ANY-insurance/", {"identifier": "guarantee"})
        assert moved.status_code == 409
        assert "is used by policies and guarantees" in shown(moved)
        assert administrator.get("/cover/types/nothing/new/").status_code == 404
        manager = signed_in(Role.CREDIT_MANAGER)
        assert "SINGLE" in shown(manager.get("/cover/types/"))
        assert manager.get("/cover/types/policy-types/SINGLE/").status_code == 403


class TestFiles:
    @staticmethod
    def sent(text: str) -> dict[str, Any]:
        return {"file": SimpleUploadedFile("cover.csv", text.encode(), content_type="text/csv")}

    HEADS = ("customer", "type", "effective_on", "expires_on", "value", "currency", "update_percent",
             "included_in_exposure")  # fmt: skip

    def workbook(self, *rows: tuple[Any, ...]) -> dict[str, Any]:
        return {"file": SimpleUploadedFile("cover.xlsx", a_workbook([self.HEADS, *rows]))}

    def test_a_workbook_comes_in_as_it_is_typed(self, manager: Client, customer: Customer) -> None:
        days = (dt.date(2026, 1, 1), dt.date(2026, 12, 31))
        row = ("USMF:US-1", "TURNOVER", *days, 50000, "USD", 12.5, False)
        manager.post("/cover/import/", self.workbook(row))
        policy = CoverPolicy.objects.get()
        assert (policy.effective_on, policy.expires_on, policy.value) == (*days, 50_000)
        assert (policy.update_percent, policy.included_in_exposure) == (Decimal("12.5"), False)

    @pytest.mark.parametrize(
        ("changed", "said"),
        [
            ({6: {"number": 0.5, "format": "0%"}}, "Line 2, update_percent: The cell is a percentage"),
            ({2: 46023}, "Line 2, effective_on: “46023” is no date"),
            ({4: {"formula": "=1/0", "value": "#DIV/0!"}}, "Line 2, value: The cell holds the error #DIV/0!"),
        ],
    )
    def test_a_cell_that_is_not_what_it_should_be_is_named(
        self, manager: Client, customer: Customer, changed: dict[int, Any], said: str
    ) -> None:
        good = ("USMF:US-1", "TURNOVER", dt.date(2026, 1, 1), dt.date(2026, 12, 31), 50000, "USD", 50, False)
        row = tuple(changed.get(place, cell) for place, cell in enumerate(good))
        answer = manager.post("/cover/import/", self.workbook(row))
        assert said in " ".join(answer.context["form"].errors["file"])
        assert not CoverPolicy.objects.exists()

    def test_what_is_taken_out_and_brought_in_again_changes_nothing(self, manager: Client, customer: Customer) -> None:
        insure(customer, identification="=1+1", update_percent="33.3333")
        insure(customer, "70", identifier="guarantee", update_amount="12.5", included_in_exposure=True)
        taken = manager.get("/cover/?format=csv")
        assert taken["Content-Disposition"] == 'attachment; filename="cover.csv"'
        text = taken.content.decode("utf-8-sig")
        assert "'=1+1" in text
        answer = manager.post("/cover/import/", self.sent(text), follow=True)
        assert "0 policies entered, 0 changed, 2 unchanged." in shown(answer)
        narrowed = manager.get("/cover/?format=csv&kind=guarantee").content.decode("utf-8-sig")
        assert len(narrowed.splitlines()) == 2

    def test_rows_without_id_are_new_policies(self, manager: Client, customer: Customer) -> None:
        text = (
            "customer,type,effective_on,expires_on,value,currency,update_percent,included_in_exposure\n"
            "USMF:US-1,TURNOVER,2026-01-01,2026-12-31,50000.00,USD,50,no\n"
        )
        manager.post("/cover/import/", self.sent(text))
        assert position_of(customer, TODAY).total_limit == 125_000

    @pytest.mark.parametrize(
        ("row", "said"),
        [
            ("USMF:US-1,TURNOVER,2026-01-01,2026-12-31,50000,USD,101", "Line 3, update_percent: Give a number from 0"),
            ("USMF:US-1,TURNOVER,01/02/2026,2026-12-31,50000,USD,50", "Line 3, effective_on: “01/02/2026” is no date"),
            ('USMF:US-1,TURNOVER,2026-01-01,2026-12-31,"50,000",USD,50', "Line 3, value: “50,000” is no number"),
            ("USMF:GONE,TURNOVER,2026-01-01,2026-12-31,50000,USD,50", "Line 3, customer: There is no customer"),
            ("USMF:US-1,TURNOVER,2026-01-01,,50000,USD,50", "Line 3, expires_on: This is required"),
            ("USMF:US-1,TURNOVER,2026-01-01,2026-12-31,NaN,USD,50", "Line 3, value: Give a finite number"),
            ("USMF:US-1,TURNOVER", "Line 3"),
        ],
    )
    def test_a_bad_line_is_named_and_nothing_comes_in(self, manager: Client, row: str, said: str) -> None:
        good = "USMF:US-1,TURNOVER,2026-01-01,2026-12-31,50000,USD,50"
        text = f"customer,type,effective_on,expires_on,value,currency,update_percent\n{good}\n{row}\n"
        answer = manager.post("/cover/import/", self.sent(text))
        assert answer.status_code == 422
        assert said in " ".join(answer.context["form"].errors["file"])
        assert not CoverPolicy.objects.exists()

    @pytest.mark.parametrize(
        ("text", "said"),
        [("", "empty"), ("customer,type\n", "effective_on"), ("\x00\n", "customer")],
    )
    def test_a_file_that_is_none_is_refused(self, manager: Client, text: str, said: str) -> None:
        answer = manager.post("/cover/import/", self.sent(text))
        assert answer.status_code == 422
        assert said in shown(answer)

    def test_an_unknown_column_is_named(self, manager: Client) -> None:
        text = "customer,type,effective_on,expires_on,value,currency,rating\nUSMF:US-1,TURNOVER,,,,,A\n"
        assert "There is no column rating" in shown(manager.post("/cover/import/", self.sent(text)))


def test_the_limit_stack_has_a_line_for_each_policy_and_says_why_one_is_off(
    manager: Client, customer: Customer
) -> None:
    """ux 3.2: components not in effect stay visible, with the reason."""
    insure(customer, identification="P-1", update_percent="40")
    insure(customer, identification="P-2", included_in_exposure=True, update_amount="0")
    insure(customer, identification="P-3", identifier="guarantee", effective_on=dt.date(2026, 4, 1))
    insure(customer, identification="P-4", expires_on=dt.date(2026, 2, 20))
    insure(customer, identification="P-5", expires_on=dt.date(2026, 1, 20))
    limit = manager.get("/customers/USMF/US-1/").context["limit"]
    lines = [(line["label"], line["amount"], line["off"]) for line in limit["lines"][1:]]
    assert ("Insurance 40 %", Decimal(20_000), "") in lines
    assert ("Insurance fixed, included in exposure", Decimal(-50_000), "") in lines
    assert ("Guarantee 50 %", Decimal(25_000), "not before 1\xa0Apr") in lines
    assert ("Insurance 50 %", Decimal(25_000), "expired 20\xa0Feb") in lines
    assert len(lines) == 4
    assert limit["total"] == 70_000


class TestMany:
    @pytest.fixture
    def three(self, customer: Customer) -> list[CoverPolicy]:
        return [insure(customer, identification=f"P-{number}") for number in range(3)]

    def test_end_on_a_day_each_by_itself(self, manager: Client, three: list[CoverPolicy]) -> None:
        CoverPolicy.objects.filter(pk=three[2].pk).update(expires_on=TODAY)
        day = TODAY + dt.timedelta(days=20)
        answer = manager.post("/cover/bulk/end/", {"policy": [one.pk for one in three], "expires_on": day})
        assert answer.status_code == 422
        assert "2 policies changed." in shown(answer)
        assert "It ends on" in shown(answer)
        assert [one.pk for one in answer.context["chosen"]] == [three[2].pk]
        assert CoverPolicy.objects.filter(expires_on=day).count() == 2

    def test_get_other_dates_and_keep_what_is_left_empty(self, manager: Client, three: list[CoverPolicy]) -> None:
        day = TODAY + dt.timedelta(days=700)
        manager.post("/cover/bulk/dates/", {"policy": [one.pk for one in three[:2]], "expires_on": day})
        found = CoverPolicy.objects.filter(expires_on=day)
        assert set(found.values_list("effective_on", flat=True)) == {three[0].effective_on}
        assert found.count() == 2

    @pytest.mark.parametrize(
        ("what", "given", "words"),
        [
            ("dates", {}, "Give a first day, a last day, or both."),
            ("dates", {"expires_on": "soon"}, "Enter a valid date"),
            ("end", {}, "This field is required"),
            ("dates", {"effective_on": "2030-01-01"}, "0 policies"),
        ],
    )
    def test_bad_input_is_said_and_changes_nothing(
        self, manager: Client, three: list[CoverPolicy], what: str, given: dict[str, str], words: str
    ) -> None:
        before = list(CoverPolicy.objects.order_by("pk").values_list("effective_on", "expires_on"))
        answer = manager.post(f"/cover/bulk/{what}/", {"policy": [three[0].pk], **given})
        assert answer.status_code == 422
        assert words in shown(answer) or answer.context.get("outcomes")
        assert list(CoverPolicy.objects.order_by("pk").values_list("effective_on", "expires_on")) == before

    def test_only_who_may_edit_cover_is_offered_it(self, three: list[CoverPolicy]) -> None:
        client = signed_in(Role.CREDIT_CLERK)
        assert "bulk" not in shown(client.get("/cover/"))
        assert client.get(f"/cover/bulk/end/?policy={three[0].pk}").status_code == 403


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("value_min=60000", 1),
        ("value_max=60000", 1),
        ("to_max=2026-06-30", 1),
        ("to_min=2026-07-01", 1),
        ("from_min=2026-02-01", 0),
        ("exposure=yes", 1),
        ("type=ANY-guarantee", 1),
        ("currency=JPY", 0),
        ("value_min=lots", 2),
    ],
)
def test_the_register_is_narrowed(manager: Client, customer: Customer, query: str, count: int) -> None:
    insure(customer, "50000", expires_on=dt.date(2026, 6, 30))
    insure(customer, "70000", identifier="guarantee", included_in_exposure=True)
    page = manager.get(f"/cover/?view=all&{query}")
    assert len(page.context["rows"]) == count
    if "lots" in query:
        assert "not an amount" in shown(page)
