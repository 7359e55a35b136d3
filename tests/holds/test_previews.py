"""Previews, what they lead to, and why holds changed (`ux.md` 3.5, `domain 7`)."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from credit_mgmt.models import BlockingRule, RuleVersion
from credit_mgmt.rules.saving import save_rule
from customers import clock, jobs, marks
from customers.errors import InvalidInput, NotFound, Refused
from customers.imports import upsert
from customers.marks import CauseKind
from customers.models import Customer, CustomerMark, CustomerTransaction, Job, OutboxEvent, Reason, Role
from holds import evaluation
from holds.causes import cause_words
from holds.evaluation import evaluate, read_parameters, start_evaluation, work
from holds.models import Hold, HoldEvent
from holds.outcomes import Filter, outcomes
from holds.reevaluation import recheck_marked
from holds.releases import release_hold
from tests.api_client import client
from tests.factories_credit import give_limit
from tests.factories_holds import (
    DAY,
    NOW,
    SYSTEM,
    a_customer,
    a_rule,
    a_user,
    an_entity,
    an_order,
    held,
    parameters,
    post,
    reasons,
    today,
)

pytestmark = pytest.mark.django_db(transaction=True)
TABLES = (
    "holds_hold", "holds_holdreason", "holds_holdevent", "customers_outboxevent", "customers_salesorder",
    "customers_customertransaction", "customers_dueitem", "credit_mgmt_commitment", "credit_mgmt_credituse",
    "credit_mgmt_creditaccount", "credit_mgmt_decisionrecord", "customers_customermark",
)  # fmt: skip


@pytest.fixture(autouse=True)
def _world(settings):
    settings.CREDIT_TODAY = DAY
    an_entity()
    reasons()
    a_rule()


def contents() -> dict[str, list[str]]:
    """Every row of every table that an evaluation may write."""
    found = {}
    with connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"SELECT t::text FROM {table} t ORDER BY 1")
            found[table] = [row for (row,) in cursor.fetchall()]
    return found


def automatic(mode: str) -> None:
    parameters(automatically_release=mode, automatic_release_reason=Reason.objects.get(type="release", code="AUTO"))


def run(at: dt.datetime | None = None, **given: Any) -> Job:
    job = start_evaluation(parameters=given, actor=a_user(), now=NOW)
    jobs.run_job(job.pk, at=(lambda: at) if at else clock.now)
    job.refresh_from_db()
    assert job.status == "finished", job.message
    return job


def pay(customer: Customer, amount: str, number: str = "P-1") -> None:
    row = {"key": f"USMF:{number}", "customer": customer.key, "date": DAY, "currency": "USD", "amount": Decimal(amount)}
    [result] = upsert("payments", [row], actor=SYSTEM, today=today, atomic=True)
    assert not result.errors


def two_holds() -> tuple[Hold, Hold]:
    """Two orders of one customer, one of which a payment of 500 will clear."""
    customer = a_customer("US-1", limit="100")
    return held(an_order(customer, "400", "SO-1")), held(an_order(customer, "450", "SO-2"))


def rows(job: Job, **values: Any) -> list[dict[str, Any]]:
    return outcomes(job, Filter(values)).rows


class TestAPreview:
    @pytest.mark.parametrize("mode", ["no", "without_posting", "with_posting"])
    def test_says_what_the_evaluation_would_do_and_changes_nothing(self, mode):
        first, _ = two_holds()
        if mode != "no":
            automatic(mode)
        pay(first.payer, "500")
        before = contents()
        preview = run(preview=True)
        assert contents() == before
        real = run()
        assert contents() != before
        assert rows(preview) == rows(real)
        said, done = jobs.result(preview), jobs.result(real)
        assert said.pop("rules")["version"] == done.pop("rules")["version"]
        assert said == done
        [row] = rows(preview)
        assert (row["sales_order"], row["outcome"]) == ("USMF:SO-1", "ready" if mode == "no" else "released")
        assert (row["amount"], row["currency"], row["legal_entity"]) == ("400.00", "USD", "USMF")

    def test_that_posts_invoices_uses_up_no_number(self):
        customer = a_customer(limit="100")
        hold = held(an_order(customer, "400", document_status="packing_slip"), "invoice")
        automatic("with_posting")
        pay(customer, "500")
        for preview in (True, True, False):
            assert jobs.result(run(preview=preview))["released"] == 1
        first = CustomerTransaction.objects.get(sales_order=hold.order)
        post(an_order(customer, "1", document_status="packing_slip"), "invoice")
        second = CustomerTransaction.objects.filter(kind="invoice").exclude(pk=first.pk).get()
        assert int(second.number.removeprefix("CM-I")) == int(first.number.removeprefix("CM-I")) + 1

    def test_is_applied_by_a_job_that_follows_it(self):
        first, second = two_holds()
        pay(first.payer, "500")
        preview = run(preview=True, holds=[str(first.pk)])
        job = start_evaluation(parameters={"applies": str(preview.pk)}, actor=a_user(), now=clock.now())
        assert job.follows == preview
        assert job.parameters == {"holds": [str(first.pk)], "applies": str(preview.pk)}
        jobs.run_job(job.pk)
        assert Hold.objects.get(pk=first.pk).ready_to_release
        assert Hold.objects.get(pk=second.pk).version == 1

    def test_is_not_applied_when_it_is_older_than_ten_minutes(self):
        two_holds()
        preview = run(preview=True)
        assert preview.finished_at is not None
        late = preview.finished_at + dt.timedelta(minutes=10, seconds=1)
        with pytest.raises(Refused) as refusal:
            start_evaluation(parameters={"applies": str(preview.pk)}, actor=a_user(), now=late)
        assert refusal.value.code == "preview_too_old"
        in_time = late - dt.timedelta(seconds=1)
        assert start_evaluation(parameters={"applies": str(preview.pk)}, actor=a_user(), now=in_time).follows == preview

    def test_is_applied_when_it_has_finished_and_only_a_preview_is(self):
        two_holds()
        waiting = start_evaluation(parameters={"preview": True}, actor=a_user(), now=NOW)
        real = run()
        for job, code in ((waiting, "preview_not_finished"), (real, "not_a_preview")):
            with pytest.raises(Refused) as refusal:
                start_evaluation(parameters={"applies": str(job.pk)}, actor=a_user(), now=clock.now())
            assert refusal.value.code == code

    def test_of_somebody_elses_legal_entity_cannot_be_applied(self):
        two_holds()
        preview = run(preview=True)
        an_entity("DE01", "EUR")
        with pytest.raises(NotFound):
            start_evaluation(
                parameters={"applies": str(preview.pk)}, actor=a_user("de", Role.CREDIT_CLERK, "DE01"), now=clock.now()
            )

    @pytest.mark.parametrize(
        ("given", "field", "code"),
        [
            ({"preview": "yes"}, "parameters.preview", "invalid"),
            ({"applies": "nonsense"}, "parameters.applies", "invalid"),
            ({"applies": "0b9f1c52-0000-4000-8000-000000000000", "legal_entity": "USMF"}, "parameters.legal_entity",
             "not_with_applies"),
            ({"speed": 3}, "parameters.speed", "unknown_field"),
        ],
    )  # fmt: skip
    def test_bad_parameters_are_named(self, given, field, code):
        with pytest.raises(InvalidInput) as refusal:
            read_parameters(given)
        assert [(error.field, error.code) for error in refusal.value.errors] == [(field, code)]


class TestWhatFailed:
    @pytest.fixture
    def failing(self, monkeypatch) -> Hold:
        """A hold that becomes ready and whose posting fails."""
        first, _ = two_holds()
        automatic("with_posting")
        pay(first.payer, "500")

        def fails(holds, locked, terms, *, setup):
            assert locked.orders
            assert terms.cause == "evaluation"
            return {hold.pk: Refused("posting_failed", "The posting failed: the ledger is closed.") for hold in holds}

        monkeypatch.setattr(evaluation, "release_all", fails)
        return first

    def test_is_an_outcome_with_its_message_and_is_retried_alone(self, failing, monkeypatch):
        job = run()
        [row] = rows(job)
        assert (row["outcome"], row["message"]) == ("failed", "The posting failed: the ledger is closed.")
        assert Hold.objects.get(pk=failing.pk).ready_to_release
        monkeypatch.undo()
        again = jobs.retry_job(job_id=job.pk, actor=a_user(), now=clock.now())
        assert [item.payload for item in again.items.all()] == [[str(failing.pk)]]
        jobs.run_job(again.pk)
        assert [row["outcome"] for row in rows(again)] == ["released"]
        with pytest.raises(Refused, match="Nothing failed"):
            jobs.retry_job(job_id=again.pk, actor=a_user(), now=clock.now())

    def test_is_not_retried_once_somebody_released_it(self, failing, monkeypatch):
        job = run()
        monkeypatch.undo()
        release_hold(id=failing.pk, mode="without_posting", reason="PAID", actor=a_user(), at=clock.now(), today=today)
        with pytest.raises(Refused, match="Nothing failed"):
            jobs.retry_job(job_id=job.pk, actor=a_user(), now=clock.now())


class TestCauses:
    def event(self, hold: Hold) -> HoldEvent:
        return HoldEvent.objects.filter(hold=hold).order_by("-version")[0]

    def test_the_payment_that_asked_for_the_evaluation_stands_in_the_evidence_and_in_the_feed(self, monkeypatch):
        monkeypatch.setattr(marks, "QUIET", dt.timedelta(0))
        first, _ = two_holds()
        CustomerMark.objects.all().delete()
        pay(first.payer, "500", "P-55102")
        recheck_marked(at=clock.now, today={"USMF": DAY})
        causes = [{"kind": "payment", "subject": "USMF:P-55102"}]
        assert self.event(first).data["causes"] == causes
        assert OutboxEvent.objects.get(key=f"hold:{first.pk}:2").data["causes"] == causes
        assert cause_words(causes) == "payment P-55102"

    def test_a_whole_run_names_what_is_marked_and_not_looked_at_yet(self):
        first, _ = two_holds()
        give_limit(first.payer, "500")
        [row] = rows(run())
        assert row["causes"][-1] == {"kind": "limit_raised", "subject": "USMF:US-1"}
        assert cause_words(row["causes"][-1:]) == "limit of US-1 raised"

    def test_a_rule_that_went_is_named_where_nothing_else_happened(self):
        two_holds()
        CustomerMark.objects.all().delete()
        RuleVersion.objects.update(state="retired")
        assert [row["causes"] for row in rows(run())] == [[{"kind": "rules", "subject": ""}]] * 2

    def test_a_new_day_is_named(self, settings):
        a_rule("limit_expired", days=0)
        customer = a_customer("US-2", limit="9000")
        give_limit(customer, "9000", expires_on=DAY)
        for rule in BlockingRule.objects.filter(type="limit_used"):
            save_rule(rule=rule.pk, values={"threshold_percent": Decimal(1)}, actor=SYSTEM, at=NOW, replace=False)
        hold = held(an_order(customer, "400"))
        CustomerMark.objects.all().delete()
        later = DAY + dt.timedelta(days=1)
        evaluate(hold_ids=[hold.pk], actor=SYSTEM, at=NOW, today={"USMF": later})
        assert self.event(hold).data["causes"] == [{"kind": "date", "subject": later.isoformat()}]

    def test_every_kind_has_words(self):
        for kind in CauseKind:
            assert "X-1" in cause_words([{"kind": kind.value, "subject": "USMF:X-1"}])
        assert cause_words([{"kind": "unheard of", "subject": "X"}]) == ""


class TestTheTable:
    @pytest.fixture
    def job(self) -> Job:
        """Ready, worse and better holds, in two legal entities."""
        first, _ = two_holds()
        pay(first.payer, "500")
        germany = an_entity("DE01", "EUR")
        parameters("DE01")
        other = held(an_order(a_customer("DE-1", limit="100", entity=germany), "700", "SO-DE"))
        a_rule("sales_order", amount=Decimal(600), currency_id="EUR", legal_entity_id="DE01")
        assert other.reason_codes == ["limit_used"]
        return run()

    @pytest.mark.parametrize(
        ("values", "orders"),
        [
            ({}, ["USMF:SO-1", "DE01:SO-DE"]),
            ({"outcome": "ready"}, ["USMF:SO-1"]),
            ({"outcome": "worse"}, ["DE01:SO-DE"]),
            ({"entity": "DE01"}, ["DE01:SO-DE"]),
            ({"before": "limit_used"}, ["USMF:SO-1", "DE01:SO-DE"]),
            ({"now": "none"}, ["USMF:SO-1"]),
            ({"now": "sales_order"}, ["DE01:SO-DE"]),
            ({"cause": "payment"}, ["USMF:SO-1"]),
            ({"cause": "rules"}, []),
            ({"value_min": Decimal(500)}, ["DE01:SO-DE"]),
            ({"value_max": Decimal(500), "outcome": "worse"}, []),
        ],
    )
    def test_is_filtered_by_every_column(self, job, values, orders):
        found = outcomes(job, Filter(values))
        assert sorted(row["sales_order"] for row in found.rows) == sorted(orders)
        assert found.matching == len(orders)
        assert found.counts["outcome"] == {"ready": 1, "worse": 1}
        assert found.counts["now"] == {"none": 1, "limit_used": 1, "sales_order": 1}
        assert found.counts["entity"] == {"USMF": 1, "DE01": 1}

    def test_reasons_have_the_number_that_matters(self, job):
        [row] = rows(job, outcome="ready")
        assert row["before_words"] != []
        assert "%" in row["before_words"][0]
        assert row["now_words"] == []


def test_a_second_start_joins_the_run_that_is_under_way():
    two_holds()
    first = start_evaluation(parameters={}, actor=a_user(), now=NOW)
    assert start_evaluation(parameters={}, actor=a_user(), now=NOW).pk == first.pk
    assert start_evaluation(parameters={"legal_entity": "USMF"}, actor=a_user(), now=NOW).pk == first.pk
    assert start_evaluation(parameters={"preview": True}, actor=a_user(), now=NOW).pk != first.pk
    assert Job.objects.count() == 2


def test_an_item_of_a_preview_is_taken_back_inside_the_transaction_of_the_worker():
    first, _ = two_holds()
    pay(first.payer, "500")
    job = Job(kind="evaluate_for_release", parameters={"preview": True}, created_at=NOW)
    before = contents()
    assert work(job, [str(first.pk)], SYSTEM)["ready"] == 1
    assert contents() == before


def test_through_the_api_a_preview_is_made_followed_and_applied():
    first, _ = two_holds()
    pay(first.payer, "500")
    clerk = client("clerk", "credit_clerk")
    asked = clerk.post("jobs", {"kind": "evaluate_for_release", "parameters": {"preview": True}}).is_(202)
    clerk.post("jobs", {"kind": "evaluate_for_release", "parameters": {"applies": asked["id"]}}).is_(409)
    jobs.run_job(asked["id"])
    [change] = clerk.get(f"jobs/{asked['id']}").is_(200)["result"]["changes"]
    assert (change["sales_order"], change["outcome"]) == ("USMF:SO-1", "ready")
    assert clerk.get(f"holds/{first.pk}").is_(200)["ready_to_release"] is False
    applied = clerk.post("jobs", {"kind": "evaluate_for_release", "parameters": {"applies": asked["id"]}}).is_(202)
    assert applied["follows"] == asked["id"]
    jobs.run_job(applied["id"])
    assert clerk.get(f"jobs/{applied['id']}").is_(200)["result"]["ready"] == 1
    assert clerk.get(f"holds/{first.pk}").is_(200)["ready_to_release"] is True
