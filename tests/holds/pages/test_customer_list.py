"""The list of customers (`ux.md` 3.6): columns, views, filters, sorting, selection, file; queries that do not grow."""

import csv
import datetime as dt
import io
from decimal import Decimal

import pytest

from credit_mgmt import figures
from customers import clock
from customers.models import Customer, CustomerTransaction, ListLayout, SavedView
from holds.customer_list.columns import COLUMNS, VIEWS
from tests.factories_credit import give_limit, give_temporary_limit
from tests.factories_holds import DAY, a_customer, a_group, an_entity, an_invoice, an_order, held

pytestmark = pytest.mark.django_db


def accounts(answer) -> list[str]:
    return [row["customer"].account for row in answer.context["rows"]]


def heads(answer) -> list[str]:
    return [head["label"] for head in answer.context["heads"]]


def refresh() -> None:
    figures.refresh(today={"USMF": DAY}, at=clock.now, budget=dt.timedelta(seconds=30))


def test_it_takes_eight_queries_whatever_it_shows(clerk, django_assert_max_num_queries):
    for number in range(30):
        an_invoice(a_customer(f"US-{number:02}", limit="100"), "10", due=DAY)
    held(an_order(a_customer("US-99", limit="1"), "400"))
    refresh()
    clerk.get("/customers/")
    for query in ("", "?view=over-limit", "?view=with-holds", "?q=US-0&sort=-used", f"?cols={','.join(COLUMNS)}"):
        with django_assert_max_num_queries(8):
            assert clerk.get(f"/customers/{query}").status_code == 200


def test_every_column_can_be_shown_and_says_what_the_customer_has(clerk):
    customer = a_customer(
        "US-001", limit="1000", next_review_date=DAY, last_review_date=DAY, country="NL", excluded=True
    )
    give_temporary_limit(customer, "5000", DAY, DAY)
    page = clerk.get(f"/customers/?cols={','.join(COLUMNS)}")
    assert heads(page) == [column.label for column in COLUMNS.values()]
    shown = page.content.decode()
    for words in ("US-001", "1,000.00", "5,000.00", "NL", "excluded"):
        assert words in shown, words


def test_the_last_payment_is_the_newest_that_did_not_bounce(clerk):
    customer = a_customer("US-001", limit="1000")
    for number, (days, bounced) in enumerate(((9, None), (3, None), (1, DAY))):
        CustomerTransaction.objects.create(
            legal_entity=customer.legal_entity, series="payment", number=f"P-{number}", kind="payment", amount=10,
            customer=customer, date=DAY - dt.timedelta(days=days), currency=customer.currency, reversed_on=bounced,
        )  # fmt: skip
    row = clerk.get("/customers/?cols=account,paid").context["rows"][0]
    assert row["customer"].last_payment == DAY - dt.timedelta(days=3)


def test_columns_and_views_are_kept_by_the_machine_of_all_lists(clerk):
    a_customer("US-001", limit="1000")
    names = ["account", "name", "paid", *(name for name in COLUMNS if name not in ("account", "name", "paid"))]
    answer = clerk.post("/customers/columns/", {"from": "", "order": names, "cols": ["name", "paid"]})
    assert answer.headers["Location"] == "/customers/"
    assert heads(clerk.get("/customers/")) == ["Account", "Name", "Last payment"]
    assert ListLayout.objects.get().list == "customers"
    answer = clerk.post("/customers/views/new/", {"from": "holds=yes&sort=-used", "label": "Held ones"}, follow=True)
    assert SavedView.objects.get().list == "customers"
    assert [tab["label"] for tab in answer.context["tabs"] if tab["active"]] == ["Held ones"]
    assert "Held ones" not in {tab["label"] for tab in clerk.get("/holds/").context["tabs"]}


class TestByFigures:
    @pytest.fixture
    def customers(self):
        for account, limit, owed in (("A", "1000", "900"), ("B", "100", "150"), ("C", "1000", "100"), ("D", None, "9")):
            an_invoice(a_customer(account, limit=limit), owed, due=DAY - dt.timedelta(days=5))
        a_customer("E", limit="10")
        refresh()

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ("view=over-limit", ["B"]),
            ("sort=-used", ["B", "A", "C", "E", "D"]),
            ("sort=-exposure", ["A", "B", "C", "D", "E"]),
            ("used_min=50&used_max=100", ["A"]),
            ("over=no", ["A", "C", "D", "E"]),
        ],
    )  # fmt: skip
    def test_the_list_is_sorted_and_narrowed(self, clerk, customers, query, expected):
        assert accounts(clerk.get(f"/customers/?{query}")) == expected

    def test_it_says_of_when_they_are_and_shows_rows_as_they_are_now(self, clerk, customers):
        an_invoice(Customer.objects.get(account="C"), "5000", due=DAY)
        page = clerk.get("/customers/?sort=-used")
        assert "Sorted and filtered by figures of" in page.content.decode()
        assert accounts(page)[2] == "C"
        assert page.context["rows"][2]["position"].total == Decimal(5100)
        assert "Sorted and filtered" not in clerk.get("/customers/").content.decode()


@pytest.mark.parametrize("view", [view.slug for view in VIEWS])
def test_every_shipped_view_answers(clerk, view):
    a_customer("US-001", limit="10")
    assert clerk.get(f"/customers/?view={view}").status_code == 200


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("q=us-00", ["US-001", "US-002"]),
        ("credit=limited", ["US-001"]),
        ("credit=none&credit=unlimited", ["US-002", "ZZ"]),
        ("limit_min=500", ["US-001"]),
        ("expires_max=%2B40d", ["US-001"]),
        ("credit_group=G1", ["US-002"]),
        ("country=nl", ["ZZ"]),
        ("holds=no&temporary=no", ["US-001", "US-002", "ZZ"]),
        ("controller=me", []),
        ("cover=no", ["US-001", "US-002", "ZZ"]),
    ],
)
def test_filters(clerk, query, expected):
    give_limit(a_customer("US-001"), "1000", expires_on=DAY + dt.timedelta(days=40))
    a_customer("US-002", limit="0", credit_group=a_group())
    a_customer("ZZ", limit=None, country="NL")
    assert accounts(clerk.get(f"/customers/?{query}")) == expected


def test_what_cannot_be_read_is_said_and_ignored(clerk):
    a_customer("US-001")
    page = clerk.get("/customers/?used_min=lots&cols=account,password&over=perhaps")
    assert accounts(page) == ["US-001"]
    shown = page.content.decode()
    for words in ("not an amount", "“password” is not a known column", "“perhaps” is not a known over"):
        assert words in shown


class TestSelection:
    @pytest.fixture
    def customers(self):
        return [a_customer(f"US-{number:02}") for number in range(30)]

    def test_all_that_match_can_be_taken_and_survive_paging(self, clerk, customers):
        a_customer("ZZ")
        page = clerk.get("/customers/?q=US-&per=25")
        assert page.context["select_all"]["label"] == "Select all 30 that match"
        page = clerk.get("/customers/selection/?from=q%3DUS-%26per%3D25&all=1", follow=True)
        assert (page.context["picked"]["count"], page.context["picked"]["elsewhere"]) == (30, 5)
        token = page.context["picked"]["token"]
        dialog = clerk.get(f"/customers/bulk/review/?selected={token}&was=USMF:US-00")
        assert len(dialog.context["chosen"].customers) == 29

    def test_what_is_ticked_is_kept_on_the_next_page(self, clerk, customers):
        page = clerk.get("/customers/selection/?from=per%3D25&customer=USMF:US-00&then=%3Fper%3D25", follow=True)
        assert page.context["picked"]["count"] == 1
        token = page.context["picked"]["token"]
        page = clerk.get(f"/customers/selection/?from=per%3D25&selected={token}&was=USMF:US-00", follow=True)
        assert page.context["picked"]["count"] == 0

    def test_a_selection_of_somebody_else_is_nobodys(self, clerk, client, customers):
        taken = clerk.get("/customers/selection/?from=&all=1", follow=True).context["picked"]["token"]
        answer = clerk.get(f"/customers/bulk/review/?selected={taken[:-1]}0")
        assert answer.status_code == 409


def test_the_file_has_the_rows_of_the_list(clerk):
    an_invoice(
        a_customer(
            "US-001",
            limit="1000",
        ),
        "300",
        due=DAY,
    )
    a_customer("US-002", limit=None)
    answer = clerk.get("/customers/export/?cols=account,name,total,exposure,used&format=csv")
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert rows == [
        ["Account", "Name", "Total limit USD", "Exposure USD", "Used %"],
        ["US-001", "Customer US-001", "1000.00", "300.00", "30.00"],
        ["US-002", "Customer US-002", "Unlimited", "0.00", ""],
    ]


def test_customers_of_other_legal_entities_are_not_there(sign_in):
    a_customer("US-001")
    a_customer("NL-001", entity=an_entity("NL01", "EUR"))
    client = sign_in(entity="USMF")
    assert accounts(client.get("/customers/")) == ["US-001"]
    rows = client.get("/customers/export/?format=csv").content.decode()
    assert "NL-001" not in rows
