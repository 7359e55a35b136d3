"""The list of credit groups (`ux.md` 3.9): filters, sorting, a file, many limits; figures for who may see them."""

import csv
import datetime as dt
import io
from decimal import Decimal

import pytest

from credit_mgmt import figures
from credit_mgmt.models import CreditAccount, LimitHistory, LimitJournal
from customers import clock
from customers.models import CustomerCreditGroup, ExchangeRate, Job, Role
from holds.group_list.columns import COLUMNS, VIEWS
from tests.factories_credit import give_limit
from tests.factories_holds import (
    DAY,
    a_customer,
    a_group,
    an_entity,
    an_invoice,
    an_order,
    held,
    parameters,
)

pytestmark = pytest.mark.django_db
NEXT = dt.date(2027, 6, 30)


def numbers(answer) -> list[str]:
    return [row["group"].number for row in answer.context["rows"]]


def refresh() -> None:
    figures.refresh(today={"USMF": DAY}, at=clock.now, budget=dt.timedelta(seconds=30))


@pytest.fixture
def groups(world):
    """G-1 uses 90 of 100, G-2 150 of 100, G-3 (of USMF and NLMF) 10 of 1,000."""
    ExchangeRate.objects.create(
        rate_type="default", from_currency_id="USD", to_currency=an_entity("NLMF", "EUR").accounting_currency, rate=1,
        valid_from=DAY,
    )  # fmt: skip
    for number, limit, owed in (("G-1", "100", "90"), ("G-2", "100", "150"), ("G-3", "1000", "10")):
        group = a_group(number, limit)
        an_invoice(a_customer(f"C-{number}", limit="0", credit_group=group), owed, due=DAY)
    a_customer("N-1", limit="0", entity=an_entity("NLMF", "EUR"), credit_group=group, next_review_date=DAY)
    give_limit(CustomerCreditGroup.objects.get(pk="G-2"), "100", expires_on=DAY + dt.timedelta(days=10))
    refresh()


def test_it_takes_eight_queries_whatever_it_shows(groups, clerk, django_assert_max_num_queries):
    for query in ("", "?view=over-limit", "?sort=-used", f"?cols={','.join(COLUMNS)}", "?entity=NLMF"):
        clerk.get(f"/groups/{query}")
        with django_assert_max_num_queries(8):
            assert clerk.get(f"/groups/{query}").status_code == 200


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["G-1", "G-2", "G-3"]),
        ("q=g-2", ["G-2"]),
        ("used_min=90", ["G-1", "G-2"]),
        ("used_max=50", ["G-3"]),
        ("over=yes", ["G-2"]),
        ("limit_min=500", ["G-3"]),
        ("entity=NLMF", ["G-3"]),
        ("expires_max=%2B30d", ["G-2"]),
        ("review_max=%2B0d", ["G-3"]),
        ("holds=yes", []),
        ("sort=-used", ["G-2", "G-1", "G-3"]),
        ("sort=exposure", ["G-3", "G-1", "G-2"]),
        ("sort=-members", ["G-3", "G-1", "G-2"]),
    ],
)
def test_it_is_narrowed_and_sorted(groups, clerk, query, expected):
    assert numbers(clerk.get(f"/groups/?{query}")) == expected


@pytest.mark.parametrize("view", [view.slug for view in VIEWS])
def test_every_shipped_view_answers(groups, clerk, view):
    assert clerk.get(f"/groups/?view={view}").status_code == 200


class TestWhoSeesOneEntityOnly:
    """decision 41: who may not read a number is not told it in halves"""

    @pytest.fixture
    def local(self, groups, sign_in):
        return sign_in(entity="USMF")

    @pytest.mark.parametrize("query", ["used_min=0", "used_max=99", "limit_min=1", "over=no", "over=yes"])
    def test_neither_narrows_by_figures(self, local, query):
        assert "G-3" not in numbers(local.get(f"/groups/?{query}"))

    @pytest.mark.parametrize("sort", ["used", "-used", "limit", "-limit", "exposure", "-exposure"])
    def test_nor_sorts_by_them(self, local, sort):
        assert numbers(local.get(f"/groups/?sort={sort}"))[-1] == "G-3"

    def test_nor_reads_them_in_the_file(self, local):
        rows = list(csv.reader(io.StringIO(local.get("/groups/export/?format=csv").content.decode("utf-8-sig"))))
        by_number = {row[0]: row for row in rows}
        assert by_number["G-3"][3:7] == ["", "", "", ""]
        assert by_number["G-1"][5] == "90.00"
        assert by_number["G-3"][7] == "1"


def test_the_file_has_the_rows_of_the_list(groups, clerk):
    answer = clerk.get("/groups/export/?sort=-used&cols=group,limit,exposure,used,members,entities&format=csv")
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert rows == [
        ["Group", "Limit USD", "Exposure USD", "Used %", "Members", "Entities"],
        ["G-2", "100.00", "150.00", "150.00", "1", "USMF"],
        ["G-1", "100.00", "90.00", "90.00", "1", "USMF"],
        ["G-3", "1000.00", "10.00", "1.00", "2", "NLMF, USMF"],
    ]


class TestManyLimits:
    GIVEN = {"value_type": "percentage", "adjustment": "10", "new_to": NEXT}

    def test_become_lines_of_todays_draft(self, groups, clerk):
        answer = clerk.post("/groups/bulk/limit/", {"group": ["G-1", "G-2"], "way": "journal", **self.GIVEN})
        found = LimitJournal.objects.get()
        assert answer.headers["Location"] == f"/journals/{found.number}/"
        assert set(found.lines.values_list("group", "new_limit")) == {("G-1", Decimal(110)), ("G-2", Decimal(110))}
        assert CreditAccount.objects.get(group="G-1").limit_amount == Decimal(100)

    def test_change_at_once_where_editing_by_hand_is_allowed(self, groups, manager):
        parameters(allow_manual_editing_of_credit_limits=True)
        manager.post("/groups/bulk/limit/", {"group": ["G-1", "G-2"], "way": "at_once", **self.GIVEN})
        found = CreditAccount.objects.filter(group__in=["G-1", "G-2"])
        assert set(found.values_list("limit_amount", "expires_on")) == {(Decimal(110), NEXT)}
        last = LimitHistory.objects.filter(account__group="G-1").latest("sequence")
        assert (last.source, last.limit_amount) == ("manual", Decimal(110))

    def test_at_once_is_not_offered_where_it_is_not(self, groups, manager):
        dialog = manager.get("/groups/bulk/limit/?group=G-1")
        assert [way for way, _ in dialog.context["form"].fields["way"].choices] == ["journal"]
        answer = manager.post("/groups/bulk/limit/", {"group": ["G-1"], "way": "at_once", **self.GIVEN})
        assert answer.status_code == 422

    def test_each_fails_by_itself_and_says_why(self, groups, manager):
        parameters(allow_manual_editing_of_credit_limits=True)
        given = {"value_type": "fixed", "adjustment": "-500", "new_to": NEXT}
        answer = manager.post("/groups/bulk/limit/", {"group": ["G-1", "G-3"], "way": "at_once", **given})
        assert answer.status_code == 422
        assert "1 limit changed." in answer.content.decode()
        assert "would fall below zero" in answer.content.decode()
        assert answer.context["chosen"].numbers == ["G-1"]
        assert CreditAccount.objects.get(group="G-3").limit_amount == Decimal(500)

    def test_all_that_match_can_be_chosen(self, groups, clerk):
        page = clerk.get("/groups/selection/?from=used_min%3D50&all=1", follow=True)
        dialog = clerk.get(f"/groups/bulk/limit/?selected={page.context['picked']['token']}")
        assert dialog.context["chosen"].numbers == ["G-1", "G-2"]

    def test_who_only_looks_may_not(self, groups, sign_in):
        assert sign_in(Role.AUDITOR).get("/groups/bulk/limit/?group=G-1").status_code == 403


class TestThePageOfAGroup:
    def test_held_orders_are_added_on_demand_and_it_says_so(self, groups, clerk):
        held(an_order(a_customer("C-9", limit="0", credit_group_id="G-1"), "60", number="SO-9"))
        plain, added = clerk.get("/groups/G-1/"), clerk.get("/groups/G-1/?held=yes")
        assert plain.context["it"].exposure == Decimal(90)
        assert added.context["it"].exposure == Decimal(150)
        assert added.context["it"].used == Decimal(150)
        assert "Orders on hold are counted, too." in added.content.decode()
        assert "Orders on hold are counted" not in plain.content.decode()

    def test_held_orders_are_not_added_twice_where_all_open_orders_count(self, groups, clerk):
        held(an_order(a_customer("C-9", limit="0", credit_group_id="G-1"), "60", number="SO-9"))
        parameters(open_orders_that_use_credit="all")
        assert clerk.get("/groups/G-1/?held=yes").context["it"].exposure == Decimal(150)

    def test_members_are_checked_again_by_a_job(self, groups, clerk):
        hold = held(an_order(a_customer("C-9", limit="0", credit_group_id="G-1"), "60", number="SO-9"))
        held(an_order(a_customer("C-8", limit="1"), "60", number="SO-8"))
        answer = clerk.post("/groups/G-1/recheck/")
        job = Job.objects.get(kind="evaluate_for_release")
        assert answer.headers["Location"] == f"/jobs/{job.pk}/"
        assert job.parameters["holds"] == [str(hold.pk)]

    def test_nothing_on_hold_is_said(self, groups, clerk):
        answer = clerk.post("/groups/G-2/recheck/")
        assert answer.status_code == 409
        assert "No order of a member" in answer.content.decode()

    def test_members_are_a_file(self, groups, clerk, sign_in):
        rows = list(csv.reader(io.StringIO(clerk.get("/groups/G-3/members.csv").content.decode("utf-8-sig"))))
        assert rows[0][:7] == ["Entity", "Account", "Name", "Currency", "Own limit", "Own exposure", "Exposure in USD"]
        assert [row[:2] for row in rows[1:]] == [["NLMF", "N-1"], ["USMF", "C-G-3"]]
        mine = sign_in(entity="USMF").get("/groups/G-3/members.csv").content.decode()
        assert "N-1" not in mine
