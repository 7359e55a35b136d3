"""Many customers at once (`ux.md` 3.6, Bulk): each succeeds or fails by itself, and both are said."""

import datetime as dt
from decimal import Decimal

import pytest

from credit_mgmt import many_customers
from credit_mgmt.models import CreditAccount, LimitJournal
from customers.jobs import run_job
from customers.jobs.reading import result
from customers.models import AccountStatus, CreditManagementGroup, Customer, Job, ProfileChange, Reason, Role
from tests.factories_holds import DAY, a_customer, an_entity

pytestmark = pytest.mark.django_db
NEXT = dt.date(2027, 3, 1)


def keys(*customers: Customer) -> list[str]:
    return [customer.key for customer in customers]


def submit(client, what: str, customers, **fields):
    return client.post(f"/customers/bulk/{what}/", {"customer": keys(*customers), **fields})


@pytest.fixture
def two():
    return [a_customer("US-001"), a_customer("US-002")]


def test_review_dates_are_set(clerk, two):
    assert submit(clerk, "review", two, next_review_date=NEXT).status_code == 302
    assert {one.next_review_date for one in Customer.objects.all()} == {NEXT}


def test_reviewed_is_today_and_the_next_one_a_year_on_unless_chosen(clerk, two):
    dialog = clerk.get(f"/customers/bulk/reviewed/?customer={two[0].key}")
    assert dialog.context["form"].initial["next_review_date"] == DAY.replace(year=DAY.year + 1)
    submit(clerk, "reviewed", two, next_review_date=NEXT)
    found = set(Customer.objects.values_list("last_review_date", "next_review_date"))
    assert found == {(DAY, NEXT)}


def test_the_management_group_is_set_and_recorded_with_who_did_it(clerk, two):
    CreditManagementGroup.objects.create(code="KEY", description="Key accounts")
    submit(clerk, "group", two, credit_management_group="KEY")
    assert set(Customer.objects.values_list("credit_management_group", flat=True)) == {"KEY"}
    assert set(ProfileChange.objects.values_list("actor_name", flat=True)) == {"clerk"}


def test_the_status_needs_a_reason(clerk, two):
    AccountStatus.objects.create(code="WATCH")
    Reason.objects.create(type="status", code="LATE")
    answer = submit(clerk, "status", two, account_status="WATCH")
    assert answer.status_code == 422
    submit(clerk, "status", two, account_status="WATCH", status_reason="LATE")
    assert set(Customer.objects.values_list("account_status", "status_reason__code")) == {("WATCH", "LATE")}


def test_what_fails_is_named_with_its_cause_and_stays_chosen_alone(clerk, two):
    Customer.objects.filter(pk=two[1].pk).update(last_review_date=NEXT + dt.timedelta(days=1))
    answer = submit(clerk, "review", two, next_review_date=NEXT)
    assert answer.status_code == 422
    shown = answer.content.decode()
    assert "1 customer changed." in shown
    assert "is before the last one" in shown
    assert answer.context["chosen"].keys == [two[1].key]
    assert Customer.objects.get(pk=two[0].pk).next_review_date == NEXT


class TestAddToJournal:
    def test_lines_go_into_todays_draft_and_once_each(self, clerk, two):
        fields = {"value_type": "percentage", "adjustment": "10", "new_to": NEXT}
        answer = submit(clerk, "journal", two[:1], **fields)
        journal = LimitJournal.objects.get()
        assert answer.headers["Location"] == f"/journals/{journal.number}/"
        answer = clerk.post("/customers/bulk/journal/", {"customer": keys(*two), **fields}, follow=True)
        assert "1 line added" in answer.content.decode()
        assert "already in this journal" in answer.content.decode()
        assert list(journal.lines.order_by("number").values_list("new_limit", flat=True)) == [Decimal(1100)] * 2
        assert set(CreditAccount.objects.values_list("limit_amount", flat=True)) == {Decimal(1000)}

    def test_each_legal_entity_has_its_own(self, clerk, two):
        theirs = a_customer("NL-1", entity=an_entity("NL01", "EUR"))
        submit(clerk, "journal", [*two, theirs], value_type="fixed", adjustment="5", new_to=NEXT)
        assert set(LimitJournal.objects.values_list("legal_entity", "line_count")) == {("USMF", 2), ("NL01", 1)}

    def test_what_cannot_be_read_is_said_and_nothing_is_made(self, clerk, two):
        answer = submit(clerk, "journal", two, value_type="fixed", adjustment="lots", new_to=NEXT)
        assert answer.status_code == 422
        assert not LimitJournal.objects.exists()


@pytest.mark.parametrize("what", ["journal", "review", "reviewed", "group", "status"])
def test_who_only_looks_may_not(sign_in, what, two):
    client = sign_in(Role.AUDITOR)
    assert client.get(f"/customers/bulk/{what}/?customer={two[0].key}").status_code == 403
    assert "bulk" not in client.get("/customers/").content.decode()


def test_customers_of_other_legal_entities_cannot_be_chosen(sign_in, two):
    theirs = a_customer("NL-1", entity=an_entity("NL01", "EUR"))
    client = sign_in(entity="USMF")
    submit(client, "review", [two[0], theirs], next_review_date=NEXT)
    assert set(Customer.objects.filter(next_review_date=NEXT)) == {two[0]}


class TestInTheBackground:
    @pytest.fixture(autouse=True)
    def _few(self, monkeypatch):
        monkeypatch.setattr("holds.pages.customer_bulk.AT_ONCE", 1)
        monkeypatch.setattr(many_customers, "CHUNK", 1)

    @pytest.mark.django_db(transaction=True)
    def test_a_job_changes_each_and_says_what_failed(self, clerk, two):
        Customer.objects.filter(pk=two[1].pk).update(last_review_date=NEXT + dt.timedelta(days=1))
        answer = submit(clerk, "review", two, next_review_date=NEXT)
        job = Job.objects.get()
        assert answer.headers["Location"] == f"/jobs/{job.pk}/"
        run_job(job.pk)
        found = result(job)
        assert found["changed"] == 1
        assert [one["id"] for one in found["failed"]] == [two[1].key]
        assert "is before the last one" in found["failed"][0]["message"]


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({}, "parameters.customers"),
        ({"customers": ["USMF:US-1"]}, "values"),
        ({"customers": ["USMF:US-1"], "values": {"excluded": True}}, "values.excluded"),
        ({"customers": ["USMF:US-1"], "values": {"next_review_date": "soon"}}, "values.next_review_date"),
        ({"customers": [], "values": {"next_review_date": "2027-01-01"}}, "parameters.customers"),
        ({"holds": []}, "parameters.holds"),
    ],
)
def test_bad_parameters_of_the_job_are_named(given, field):
    from customers.errors import InvalidInput

    with pytest.raises(InvalidInput) as refused:
        many_customers.read_parameters(given)
    assert refused.value.errors[0].field == field
