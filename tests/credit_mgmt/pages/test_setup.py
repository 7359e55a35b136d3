"""The setup pages (`ux.md` 3.11): read by all, changed by administrators, one service call each."""

import datetime as dt

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from credit_mgmt.models import Parameters
from credit_mgmt.parameter_setup import parameters_version, save_parameters
from customers import setup
from customers.models import AccountStatus, CashDiscount, PaymentTerms, Reason, Role
from holds.forced import force_hold
from tests.factories_holds import NOW, SYSTEM, a_customer, a_rule, a_user, an_entity, an_order, held, reasons, today

pytestmark = pytest.mark.django_db
ADMINISTRATOR = Role.CREDIT_ADMINISTRATOR
KINDS = ("reasons", "account-statuses", "credit-management-groups", "payment-terms", "cash-discounts")
KEYS = {
    "reasons": "hold:DISPUTE", "account-statuses": "WATCH", "credit-management-groups": "RETAIL",
    "payment-terms": "N30", "cash-discounts": "D2",
}  # fmt: skip
PAGES = (
    "/setup/", "/setup/parameters/", "/setup/parameters/default/", "/setup/parameters/USMF/", "/setup/checkpoints/",
    "/setup/checkpoints/?entity=USMF", *(f"/setup/{kind}/" for kind in KINDS),
    *(f"/setup/{kind}/{key}/" for kind, key in KEYS.items()),
)  # fmt: skip


def signed_in(role: str, entity: str | None = None) -> Client:
    client = Client()
    actor = a_user(f"{role}-{entity or 'all'}", role, entity)
    client.force_login(get_user_model().objects.get(username=actor.name))
    return client


def shown(answer) -> str:
    return " ".join(answer.content.decode().split())


def add(kind: str, **values) -> str:
    return setup.add_record(kind=kind, values=values, actor=SYSTEM)


@pytest.fixture
def world() -> None:
    an_entity()
    an_entity("NL01", "EUR")
    reasons()
    add("account-statuses", code="WATCH", description="Watched")
    add("credit-management-groups", code="RETAIL", description="Shops")
    add("cash-discounts", code="D2", rank=1)
    for code, rank in (("N30", 1), ("N60", 2), ("N90", 3)):
        PaymentTerms.objects.update_or_create(code=code, defaults={"rank": rank})


@pytest.fixture
def administrator(world) -> Client:
    return signed_in(ADMINISTRATOR)


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("role", [Role.SALES_VIEWER, Role.CREDIT_CLERK, ADMINISTRATOR])
def test_every_page_opens_for_who_may_see_and_offers_saving_to_administrators(world, role, page):
    answer = signed_in(role).get(page)
    assert answer.status_code == 200
    assert ("Save" in shown(answer) or "Add" in shown(answer)) is (
        role == ADMINISTRATOR and page not in ("/setup/", "/setup/parameters/")
    )


@pytest.mark.parametrize("role", [role for role in Role.values if role != ADMINISTRATOR])
def test_only_administrators_change_anything(world, role):
    client = signed_in(role)
    record = "/setup/account-statuses/WATCH/"
    for address, values in (
        ("/setup/account-statuses/", {"code": "NEW", "processing_hold": "none"}),
        (record, {"description": "Mine", "processing_hold": "all", "seen": "1"}),
        (f"{record}open/", {"open": "0", "seen": "1"}),
        (f"{record}delete/", {"seen": "1"}),
        ("/setup/payment-terms/N30/move/", {"way": "up", "seen": "1"}),
        ("/setup/checkpoints/", {"seen": "0", "confirmation-posting": "on"}),
    ):
        assert client.post(address, values).status_code == 403, address
    assert [change.version for change in setup.history_of("account-statuses", "WATCH")] == [1]
    assert not AccountStatus.objects.filter(code="NEW").exists()


class TestTheOverview:
    def test_has_a_line_for_each_page(self, administrator):
        save_parameters(legal_entity="NL01", values={"require_review_date": True}, actor=SYSTEM)
        answer = shown(administrator.get("/setup/"))
        for words in ("3 of 5 on, no grace days; NL01 by itself", "1 hold, 3 release, 0 status", "NL01 differs",
                      "3 open, each with a rank"):  # fmt: skip
            assert words in answer

    def test_says_what_is_missing_and_where_it_is_put_right(self, administrator):
        Reason.objects.filter(type="release").update(legal_entity="NL01")
        answer = shown(administrator.get("/setup/"))
        assert "Not ready to go live" in answer
        assert "USMF has no release reason: nobody can release a hold there." in answer
        assert "NL01 has no release reason" not in answer
        assert 'href="/setup/reasons/"' in answer

    def test_with_nothing_missing_it_says_so(self, administrator):
        chosen = {"modified_order_reason": "GONE", "cancelled_order_reason": "GONE"}
        save_parameters(legal_entity=None, values=chosen, actor=SYSTEM)
        assert "Ready to go live." in shown(administrator.get("/setup/"))

    def test_of_a_legal_entity_shows_nothing_of_another(self, world):
        Reason.objects.filter(type="release").update(legal_entity="USMF")
        assert "NL01" not in shown(signed_in(ADMINISTRATOR, "USMF").get("/setup/"))


class TestParameters:
    def test_all_entities_say_who_differs_and_an_entity_says_from_what(self, administrator):
        save_parameters(legal_entity="NL01", values={"require_review_date": True}, actor=SYSTEM)
        assert "the day may be left out. NL01 differs." in shown(administrator.get("/setup/parameters/default/"))
        assert "All entities: No." in shown(administrator.get("/setup/parameters/NL01/"))
        assert "Require a review date" in shown(administrator.get("/setup/parameters/"))

    def test_a_switch_says_what_it_touches(self, administrator):
        a_rule(name="LU-01")
        held(an_order(a_customer(limit="100"), "400"))
        answer = shown(administrator.get("/setup/parameters/USMF/"))
        assert "Touches 1 open hold." in answer
        assert "Touches 1 customer." in answer

    def test_what_a_colleague_changed_is_not_overwritten_and_what_was_typed_stays(self, administrator):
        form = administrator.get("/setup/parameters/default/").context["form"]
        values = {
            field.name: field.value() for field in form if field.value() is not None and field.value() is not False
        }
        save_parameters(legal_entity=None, values={"dso_1_months": 24}, actor=SYSTEM)
        values |= {"dso_2_months": "3"}
        answer = administrator.post("/setup/parameters/default/", values)
        assert answer.status_code == 409
        assert "changed it since you opened it" in shown(answer)
        assert "DSO 1, months: 24" in shown(answer)
        assert 'name="dso_2_months" value="3"' in shown(answer)
        values["seen"] = str(parameters_version(None))
        assert administrator.post("/setup/parameters/default/", values).status_code == 302
        row = Parameters.objects.get(legal_entity=None)
        assert (row.dso_1_months, row.dso_2_months) == (12, 3)

    def test_the_history_says_who_changed_what(self, administrator):
        save_parameters(legal_entity=None, values={"require_review_date": True}, actor=a_user("ada", ADMINISTRATOR))
        answer = shown(administrator.get("/setup/parameters/default/"))
        assert "Require a review date: no → yes" in answer
        assert "ada" in answer


MATRIX = {"confirmation-posting": "on", "packing_slip-posting": "on", "invoice-posting": "on"}
WRONG: dict[str, tuple[dict[str, str], str]] = {
    "odd grace names the odd one": (
        {"confirmation-grace_days": "5", "packing_slip-grace_days": "2"}, "At odds: invoice",
    ),
    "days without their checkbox": ({"picking_list-grace_days": "2"}, "Grace days at picking_list need their checkbox"),
    "negative days": ({"invoice-grace_days": "-1"}, "Give 0 to 366 days"),
    "too many days": ({"invoice-grace_days": "400"}, "Give 0 to 366 days"),
    "no number": ({"invoice-grace_days": "soon"}, "Enter a whole number"),
}  # fmt: skip


class TestCheckpoints:
    def test_are_saved_for_a_legal_entity_of_its_own(self, administrator):
        days = {f"{name}-grace_days": "2" for name in ("confirmation", "packing_slip", "invoice")}
        answer = administrator.post("/setup/checkpoints/?entity=NL01", {**MATRIX, **days, "seen": "0"}, follow=True)
        assert "Checkpoints saved." in shown(answer)
        rows = Parameters.objects.get(legal_entity="NL01").checkpoints
        assert set(rows.filter(posting=True).values_list("document", "grace_days")) == {
            ("confirmation", 2), ("packing_slip", 2), ("invoice", 2),
        }  # fmt: skip
        assert Parameters.objects.get(legal_entity=None).checkpoints.exclude(grace_days=None).count() == 0

    @pytest.mark.parametrize(("typed", "words"), WRONG.values(), ids=WRONG)
    def test_what_is_wrong_is_said_and_what_was_typed_stays(self, administrator, typed, words):
        answer = administrator.post("/setup/checkpoints/", {**MATRIX, **typed, "seen": "0"})
        assert answer.status_code == 422
        assert words in shown(answer)
        for name, value in typed.items():
            assert f'name="{name}" value="{value}"' in shown(answer)
        assert setup.version_of("parameters", "default") == 0

    def test_trying_shows_what_the_engine_says_and_saves_nothing(self, administrator):
        """the figures of ux 3.11, with the grace days that Invoice lacks there"""
        days = {"confirmation-grace_days": "5", "packing_slip-grace_days": "2", "invoice-grace_days": "2"}
        tried = {"try-confirmation": "2026-11-20", "try-packing_slip": "2026-11-23", "try-invoice": "2026-11-26"}
        answer = administrator.post("/setup/checkpoints/", {**MATRIX, **days, **tried, "seen": "0", "do": "try"})
        assert [item["checked"] for item in answer.context["tried"]] == [True, False, True]
        assert "not checked, grace until 25 Nov" in shown(answer)
        assert [step for _, step in answer.context["meaning"][0]["steps"]] == [
            "day 1 posted, checked", "days 2 to 6 not checked", "day 7 next posting is checked again",
        ]  # fmt: skip
        assert setup.version_of("parameters", "default") == 0

    def test_documents_are_tried_in_their_order(self, administrator):
        tried = {"try-confirmation": "2026-11-20", "try-invoice": "2026-11-19"}
        answer = administrator.post("/setup/checkpoints/", {**MATRIX, **tried, "seen": "0", "do": "try"})
        assert "Documents are posted in their order" in shown(answer)
        assert answer.context["tried"] == []

    def test_who_reads_may_try_too(self, world):
        tried = {"try-confirmation": "2026-11-20", "try-invoice": "2026-11-21", "do": "try"}
        answer = signed_in(Role.CREDIT_CLERK).post("/setup/checkpoints/", tried)
        assert [item["checked"] for item in answer.context["tried"]] == [True, True]

    def test_holds_of_the_last_thirty_days_stand_beside_each(self, administrator, settings):
        settings.CREDIT_TODAY = NOW.date()
        a_rule(name="LU-01")
        hold = held(an_order(a_customer(limit="100"), "400"))
        old = held(an_order(a_customer("US-002", limit="100"), "400"))
        type(hold).objects.filter(pk=old.pk).update(held_at=NOW - dt.timedelta(days=31))
        counts = {
            row["form"].document: row["counts"] for row in administrator.get("/setup/checkpoints/").context["rows"]
        }
        assert (counts["confirmation"].placed, counts["confirmation"].again) == (1, 0)
        assert counts["invoice"].placed == 0

    def test_another_screens_changes_are_not_overwritten(self, administrator):
        save_parameters(
            legal_entity=None, values={"checkpoints": [{"document": "invoice", "posting": True}]}, actor=SYSTEM
        )
        answer = administrator.post("/setup/checkpoints/", {**MATRIX, "seen": "0"})
        assert answer.status_code == 409
        assert "There now: Confirmation: off; Packing slip: off." in shown(answer)

    def test_of_a_legal_entity_out_of_scope_are_not_there(self, world):
        assert signed_in(ADMINISTRATOR, "USMF").get("/setup/checkpoints/?entity=NL01").status_code == 404


class TestRecords:
    def test_one_is_added_at_the_top(self, administrator):
        values = {"type": "release", "code": "PHONE", "description": "By phone", "legal_entity": "NL01",
                  "customer_wording": "As agreed", "requires_note": "on"}  # fmt: skip
        assert "Reason release:PHONE added." in shown(administrator.post("/setup/reasons/", values, follow=True))
        reason = Reason.objects.get(code="PHONE")
        assert (reason.legal_entity_id, reason.requires_note, reason.open) == ("NL01", True, True)

    @pytest.mark.parametrize(
        ("kind", "values", "words"),
        [
            ("account-statuses", {"code": "WATCH", "processing_hold": "none"}, "WATCH exists already"),
            ("account-statuses", {"code": "X" * 21, "processing_hold": "none"}, "at most 20 characters"),
            ("account-statuses", {"code": "TWO WORDS", "processing_hold": "none"}, "Use 1 to 20 letters"),
            ("credit-management-groups", {"code": "X" * 11}, "at most 10 characters"),
            ("payment-terms", {"code": "N5", "net_days": "-5"}, "Give a whole number from 0"),
            ("cash-discounts", {"code": "D9", "percent": "101"}, "Give a number from 0 to 100"),
            ("reasons", {"type": "undo", "code": "R"}, "Select a valid choice"),
        ],
    )
    def test_bad_input_is_named_beside_its_field_and_what_was_typed_stays(self, administrator, kind, values, words):
        answer = administrator.post(f"/setup/{kind}/", values)
        assert answer.status_code == 422
        assert words in shown(answer)
        assert f'value="{values["code"]}"' in shown(answer)

    def test_an_administrator_of_one_entity_sets_up_its_reasons_only(self, world):
        local = signed_in(ADMINISTRATOR, "USMF")
        assert local.post("/setup/reasons/", {"type": "hold", "code": "ALL", "legal_entity": ""}).status_code == 422
        assert local.post("/setup/reasons/", {"type": "hold", "code": "NL", "legal_entity": "NL01"}).status_code == 422
        assert local.post("/setup/reasons/", {"type": "hold", "code": "US", "legal_entity": "USMF"}).status_code == 302
        assert local.post("/setup/account-statuses/", {"code": "X", "processing_hold": "none"}).status_code == 403
        add("reasons", type="hold", code="DUTCH", legal_entity="NL01")
        assert local.get("/setup/reasons/hold:DUTCH/").status_code == 404
        assert "DUTCH" not in shown(local.get("/setup/reasons/"))

    def test_one_is_changed_on_its_page(self, administrator):
        values = {"description": "Closely watched", "processing_hold": "invoice", "seen": "1"}
        answer = administrator.post("/setup/account-statuses/WATCH/", values, follow=True)
        assert "Account status WATCH saved." in shown(answer)
        assert "Stops: none → invoice" in shown(administrator.get("/setup/account-statuses/WATCH/"))

    def test_a_conflict_names_what_is_there_and_keeps_what_was_typed(self, administrator):
        setup.change_record(
            kind="account-statuses",
            key="WATCH",
            values={"description": "Theirs"},
            seen=1,
            actor=a_user("ada", ADMINISTRATOR),
        )
        values = {"description": "Mine", "processing_hold": "none", "seen": "1"}
        answer = administrator.post("/setup/account-statuses/WATCH/", values)
        assert answer.status_code == 409
        assert "ada changed it since you opened it." in shown(answer)
        assert "There now: Description: Theirs." in shown(answer)
        assert 'value="Mine"' in shown(answer)
        administrator.post("/setup/account-statuses/WATCH/", {**values, "seen": "2"})
        assert AccountStatus.objects.get(code="WATCH").description == "Mine"

    def test_who_uses_it_stands_in_the_list_and_on_its_page(self, administrator):
        customer = a_customer(limit="1000")
        customer.account_status_id = "WATCH"
        customer.save()
        a_rule("account_status", name="AS-01", account_status_id="WATCH")
        [group] = administrator.get("/setup/account-statuses/").context["groups"]
        assert [row["used"] for row in group["rows"]] == ["1 customer, rule AS-01"]
        assert 'href="/customers/?status=WATCH"' in shown(administrator.get("/setup/account-statuses/WATCH/"))

    def test_open_holds_that_use_a_reason_are_counted_before_it_is_changed(self, administrator):
        order = an_order(a_customer(limit="1000"), "10")
        force_hold(order=order.pk, reason="DISPUTE", actor=SYSTEM, at=NOW, today=today)
        answer = shown(administrator.get("/setup/reasons/hold:DISPUTE/"))
        assert "1 open hold uses this reason" in answer

    def test_one_is_closed_and_opened_again(self, administrator):
        seen = str(setup.version_of("reasons", "hold:DISPUTE"))
        answer = administrator.post("/setup/reasons/hold:DISPUTE/open/", {"open": "0", "seen": seen}, follow=True)
        assert "is closed: it stays where it is used" in shown(answer)
        assert "Open again" in shown(answer)
        administrator.post("/setup/reasons/hold:DISPUTE/open/", {"open": "1", "seen": str(int(seen) + 1)})
        assert Reason.objects.get(code="DISPUTE").open

    def test_the_reason_that_a_parameter_names_stays_open(self, administrator):
        save_parameters(legal_entity=None, values={"cancelled_order_reason": "GONE"}, actor=SYSTEM)
        seen = str(setup.version_of("reasons", "release:GONE"))
        answer = administrator.post("/setup/reasons/release:GONE/open/", {"open": "0", "seen": seen}, follow=True)
        assert "GONE is the cancelled order reason in the parameters of all legal entities" in shown(answer)
        assert Reason.objects.get(code="GONE").open

    def test_what_is_used_is_not_deleted_and_the_page_says_so(self, administrator):
        a_rule("account_status", name="AS-01", account_status_id="WATCH")
        page = administrator.get("/setup/account-statuses/WATCH/delete/")
        assert "Close it for new use instead" in shown(page)
        answer = administrator.post("/setup/account-statuses/WATCH/delete/", {"seen": "1"})
        assert answer.status_code == 409
        assert AccountStatus.objects.filter(code="WATCH").exists()

    def test_what_is_not_used_is_deleted(self, administrator):
        answer = administrator.post("/setup/cash-discounts/D2/delete/", {"seen": "1"}, follow=True)
        assert "Cash discount D2 deleted. Its history stays." in shown(answer)
        assert not CashDiscount.objects.exists()

    @pytest.mark.parametrize("address", ["/setup/spoons/", "/setup/reasons/DISPUTE/", "/setup/payment-terms/NONE/"])
    def test_what_is_not_there_is_not_found(self, administrator, address):
        assert administrator.get(address).status_code == 404


class TestBeginning:
    def test_with_nothing_set_up_a_set_is_shown_and_made_at_once(self, administrator):
        Reason.objects.all().delete()
        page = shown(administrator.get("/setup/reasons/"))
        assert "Set up these 7" in page
        assert "INSOLVENCY</b> Signs of insolvency · hold · needs a note" in page
        assert "7 set up." in shown(administrator.post("/setup/reasons/", {"starters": "1"}, follow=True))
        assert Reason.objects.filter(open=True, legal_entity=None).count() == 7

    def test_where_something_is_set_up_nothing_is_added(self, administrator):
        assert "Set up these" not in shown(administrator.get("/setup/reasons/"))
        answer = administrator.post("/setup/account-statuses/", {"starters": "1"}, follow=True)
        assert "Something is set up already" in shown(answer)
        assert AccountStatus.objects.count() == 1

    def test_only_who_sets_up_for_all_begins(self, world):
        Reason.objects.all().delete()
        local = signed_in(ADMINISTRATOR, "USMF")
        assert "Set up these" not in shown(local.get("/setup/reasons/"))
        assert local.post("/setup/reasons/", {"starters": "1"}).status_code == 403
        assert not Reason.objects.exists()


class TestRanks:
    def test_the_ladder_says_what_is_checked(self, administrator):
        [group] = administrator.get("/setup/payment-terms/").context["groups"]
        assert [(row["key"], row["easier"]) for row in group["rows"]] == [
            ("N90", ""), ("N60", "N90"), ("N30", "N60 and N90"),
        ]  # fmt: skip

    def test_a_step_says_which_changes_it_checks_now(self, administrator):
        answer = administrator.post("/setup/payment-terms/N30/move/", {"way": "up", "seen": "1"}, follow=True)
        assert "N30 moved. Now checked: N60 → N30. No longer: N30 → N60." in shown(answer)
        assert list(PaymentTerms.objects.order_by("rank").values_list("code", flat=True)) == ["N60", "N30", "N90"]

    def test_at_the_end_nothing_happens(self, administrator):
        answer = administrator.post("/setup/payment-terms/N90/move/", {"way": "up", "seen": "3"}, follow=True)
        assert "It stands at the end already." in shown(answer)

    def test_from_an_old_screen_it_is_refused(self, administrator):
        answer = administrator.post("/setup/payment-terms/N30/move/", {"way": "up", "seen": "9"}, follow=True)
        assert "was changed since you opened the page" in shown(answer)


@pytest.mark.parametrize(
    ("page", "most"),
    [
        ("/setup/", 20), ("/setup/parameters/", 8), ("/setup/parameters/default/", 16), ("/setup/checkpoints/", 16),
        *((f"/setup/{kind}/", 8) for kind in KINDS),
    ],
)  # fmt: skip
def test_pages_ask_as_much_however_much_there_is(administrator, page, most):
    administrator.get(page)
    few = queries(administrator, page)
    for number in range(12):
        an_entity(f"LE{number:02}", "EUR")
        save_parameters(legal_entity=f"LE{number:02}", values={"dso_1_months": 7}, actor=SYSTEM)
        add("reasons", type="hold", code=f"R{number}", legal_entity=f"LE{number:02}")
        add("account-statuses", code=f"S{number}")
        add("credit-management-groups", code=f"G{number}")
        add("payment-terms", code=f"T{number}", rank=number)
        add("cash-discounts", code=f"D{number}0", rank=number)
    many = queries(administrator, page)
    assert many <= max(few, most)
    assert many <= most


def queries(client: Client, page: str) -> int:
    client.get(page)  # policy and rates are cached
    with CaptureQueriesContext(connection) as captured:
        assert client.get(page).status_code == 200
    return len(captured)
