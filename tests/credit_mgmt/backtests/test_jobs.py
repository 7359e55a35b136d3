"""The job kind `backtest_rules`: what it looks at, and that it survives what jobs survive (`ux` 3.10)."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from credit_mgmt.backtests import jobs as backtest_jobs
from credit_mgmt.backtests import looking, outcomes
from credit_mgmt.backtests.reading import purge_backtests
from credit_mgmt.decisions import stored_decision
from credit_mgmt.models import Backtest, BacktestRow, DecisionRecord, RuleVersion
from credit_mgmt.rules import activate_rule, delete_rule, discard_draft, draft_rule
from customers import jobs
from customers.models import Job, JobItem
from tests import factories as make
from tests.credit_mgmt.backtests.world import (
    CHECKED,
    NOTHING,
    NOW,
    TODAY,
    a_customer,
    check,
    draft_of,
    invoice,
    orders_of,
    rows,
    run,
    start,
)
from tests.factories_credit import ACTOR, BlockingRuleFactory

pytestmark = pytest.mark.django_db

DAY = dt.timedelta(days=1)
FIRST_DAY = TODAY - 179 * DAY


class Killed(BaseException):
    """A worker's death, as far as one process can act it."""


@pytest.fixture
def rule() -> RuleVersion:
    return BlockingRuleFactory(type="days_overdue", days=60, name="DO-07")


@pytest.fixture
def draft(rule: RuleVersion) -> str:
    """Holds from 30 days overdue on."""
    draft_of(rule, days=30)
    return str(rule.rule_id)


def counts(backtest: Backtest) -> tuple[int, int, int]:
    orders = backtest.totals["orders"]
    return orders["now"], orders["then"], orders["difference"]


class TestWhatIsLookedAt:
    def test_a_rule_tried_against_itself_is_what_was_decided(self, rule: RuleVersion) -> None:
        BlockingRuleFactory()
        orders = [order for late in (0, 45, 70) for order in orders_of(a_customer(late), [100] * 5)]
        check([*orders, *orders_of(a_customer(limit=NOTHING), [100] * 4)])
        backtest = run(start(rule=str(rule.rule_id)))
        held = {
            record.order_id
            for record in DecisionRecord.objects.all()
            if str(rule.rule_id) in {reason.rule for reason in stored_decision(record).reasons}
        }
        assert {row.order_id for row in rows(backtest)} == held
        assert counts(backtest) == (5, 5, 0)

    def test_an_order_counts_once_however_many_documents_were_posted(self, draft: str) -> None:
        orders = orders_of(a_customer(45), [100] * 2)
        check(orders)
        check(orders, CHECKED + DAY, document="packing_slip")
        check(orders, CHECKED + 2 * DAY, document="invoice")
        backtest = run(start(rule=draft))
        assert counts(backtest) == (0, 2, 2)
        assert {(row.checkpoint, row.date) for row in rows(backtest)} == {("confirmation", CHECKED)}

    def test_the_first_decision_of_a_document_speaks_and_evaluations_do_not(self, draft: str) -> None:
        customer = a_customer(45)
        first, later = orders_of(customer, [100] * 2)
        check([first, later])
        check([later], CHECKED + DAY)
        check([first], CHECKED + DAY, kind="evaluation")
        backtest = run(start(rule=draft))
        assert {row.date for row in rows(backtest)} == {CHECKED}

    @pytest.mark.parametrize(
        ("day", "counted"), [(FIRST_DAY - DAY, 0), (FIRST_DAY, 1), (TODAY, 1), (TODAY + DAY, 0)]
    )  # fmt: skip
    def test_both_ends_of_the_period_count(self, draft: str, day: dt.date, counted: int) -> None:
        check(orders_of(a_customer(45, on=day), [100]), day)
        assert run(start(rule=draft)).totals["data"]["orders"] == counted

    def test_point_of_sale_knows_no_rules(self, draft: str) -> None:
        orders = orders_of(a_customer(45), [100])
        check(orders)
        type(orders[0]).objects.update(order_type="pos")
        assert run(start(rule=draft)).totals["data"]["orders"] == 0

    def test_some_customers_alone(self, draft: str) -> None:
        wanted, payer = a_customer(45), a_customer(45)
        pays = a_customer(invoice_account=payer)
        check([*orders_of(wanted, [1]), *orders_of(pays, [2]), *orders_of(a_customer(45), [3])])
        backtest = run(start(rule=draft, customers=[wanted.key, payer.key]))
        assert sorted(row.order.amount for row in rows(backtest)) == [1, 2]

    def test_values_are_in_the_currency_of_the_legal_entity(self, draft: str) -> None:
        make.ExchangeRateFactory(from_currency__code="EUR", to_currency__code="USD", rate=Decimal("1.10"))
        orders = orders_of(a_customer(45, currency=make.CurrencyFactory(code="EUR")), [100])
        check(orders)
        [row] = rows(run(start(rule=draft)))
        assert (row.currency, row.value) == ("USD", 110)

    def test_a_currency_that_no_rule_had_then_has_its_rate_of_that_day(self) -> None:
        rule = BlockingRuleFactory(type="sales_order", amount=1000, currency_id=make.CurrencyFactory(code="USD").pk)
        make.ExchangeRateFactory(from_currency__code="GBP", to_currency__code="USD", rate=Decimal("2"))
        check(orders_of(a_customer(), [150, 250]))
        draft_of(rule, amount=Decimal(100), currency="GBP")
        [row] = rows(run(start(rule=str(rule.rule_id))))
        assert (row.order.amount, row.stopped_now, row.stopped_then) == (250, False, True)

    def test_what_was_never_decided_here_is_rebuilt_and_counted_apart(self, draft: str) -> None:
        stored, *unknown = orders_of(a_customer(45), [100, 200, 300])
        check([stored])
        for order in unknown:
            invoice(order, CHECKED + 30 * DAY, date=CHECKED)
        backtest = run(start(rule=draft))
        data = backtest.totals["data"]
        assert (data["orders"], data["exact"], data["rebuilt"], data["not_rebuildable"]) == (3, 1, 2, 0)
        assert {row.order.amount: row.decision is None for row in rows(backtest)} == {100: False, 200: True, 300: True}

    def test_what_cannot_be_rebuilt_is_left_out_and_said(self, draft: str) -> None:
        customer = a_customer(45, currency=make.CurrencyFactory(code="EUR"))  # and no rate from it
        BlockingRuleFactory()
        [order] = orders_of(customer, [100])
        invoice(order, CHECKED + 30 * DAY, date=CHECKED)
        backtest = run(start(rule=draft))
        assert backtest.totals["data"]["not_rebuildable"] == 1
        assert rows(backtest) == []

    def test_a_period_without_orders_says_so(self, draft: str) -> None:
        backtest = run(start(rule=draft))
        assert (backtest.job.status, backtest.totals["data"]["orders"], backtest.history_from) == ("finished", 0, None)


class TestJob:
    @pytest.fixture(autouse=True)
    def pieces(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(backtest_jobs, "PIECE", 4)

    def test_killed_and_resumed_it_is_the_same(self, draft: str, monkeypatch: pytest.MonkeyPatch) -> None:
        check(orders_of(a_customer(45), [100] * 10))
        whole = run(start(rule=draft))
        job, write = start(rule=draft), outcomes.outcomes_of
        left = iter([False, True])

        def dies(*args: Any, **options: Any) -> Any:
            if next(left, False):
                raise Killed
            return write(*args, **options)

        monkeypatch.setattr(looking, "outcomes_of", dies)
        with pytest.raises(Killed):
            jobs.run_job(job.pk, at=lambda: NOW)
        assert BacktestRow.objects.filter(backtest_id=job.pk).count() == 4
        jobs.run_job(job.pk, at=lambda: NOW + dt.timedelta(hours=1))
        resumed = Backtest.objects.get(job=job)
        assert resumed.totals == whole.totals
        assert len(rows(resumed)) == 10

    def test_cancelled_it_keeps_no_totals(self, draft: str) -> None:
        check(orders_of(a_customer(45), [100] * 10))
        job = start(rule=draft)
        jobs.cancel_job(job_id=job.pk, actor=ACTOR, now=NOW)
        jobs.run_job(job.pk, at=lambda: NOW)
        assert not Backtest.objects.filter(job=job, totals__isnull=False).exists()

    def test_a_draft_that_was_discarded_before_it_began_is_tried_all_the_same(
        self, rule: RuleVersion, draft: str
    ) -> None:
        check(orders_of(a_customer(45), [100]))
        job = start(rule=draft)
        discard_draft(rule=rule.rule_id, actor=ACTOR, at=NOW)
        assert counts(run(job)) == (0, 1, 1)

    def test_a_rule_that_was_deleted_before_it_began_fails_the_job(self) -> None:
        version = draft_rule(values={"type": "days_overdue", "days": 30}, actor=ACTOR, at=NOW)
        job = start(rule=version.rule.code)
        delete_rule(rule=version.rule_id, actor=ACTOR)
        jobs.run_job(job.pk, at=lambda: NOW)
        job.refresh_from_db()
        assert (job.status, "deleted" in job.message) == (Job.Status.FAILED, True)

    def test_a_rule_that_changes_meanwhile_changes_nothing(self, rule: RuleVersion, draft: str) -> None:
        check(orders_of(a_customer(70), [100] * 10))
        job = start(rule=draft)
        jobs.run_job(job.pk, at=lambda: NOW, budget=dt.timedelta(seconds=-1))  # plans, and does one piece
        assert JobItem.objects.filter(job=job, status=JobItem.Status.WAITING).exists()
        draft_of(rule, days=500)
        activate_rule(rule=rule.rule_id, why="a test", actor=ACTOR, at=NOW)
        assert counts(run(job)) == (10, 10, 0)

    def test_what_failed_is_tried_again_and_added(self, draft: str, monkeypatch: pytest.MonkeyPatch) -> None:
        check(orders_of(a_customer(45), [100] * 6))
        with monkeypatch.context() as broken:
            broken.setattr(looking, "outcomes_of", lambda *_, **__: 1 / 0)
            job = start(rule=draft)
            jobs.run_job(job.pk, at=lambda: NOW)
        job.refresh_from_db()
        assert job.status == Job.Status.FAILED
        again = jobs.retry_job(job_id=job.pk, actor=ACTOR, now=NOW)
        jobs.run_job(again.pk, at=lambda: NOW)
        backtest = Backtest.objects.get(job=job)
        assert counts(backtest) == (0, 6, 6)
        assert backtest.totals["data"]["orders"] == 6

    def test_what_could_not_be_planned_is_begun_by_the_retry(self, draft: str, monkeypatch: pytest.MonkeyPatch) -> None:
        check(orders_of(a_customer(45), [100] * 2))
        with monkeypatch.context() as broken:
            broken.setattr(backtest_jobs, "orders_in", lambda _: 1 / 0)
            job = start(rule=draft)
            for _ in range(3):
                jobs.run_job(job.pk, at=lambda: NOW)
        again = jobs.retry_job(job_id=job.pk, actor=ACTOR, now=NOW)
        assert counts(run(again)) == (0, 2, 2)

    def test_pieces_need_the_same_statements_whatever_their_size(
        self, draft: str, monkeypatch: pytest.MonkeyPatch, count_queries: Any
    ) -> None:
        check(orders_of(a_customer(45), [100] * 40))
        found = []
        for size in (2, 40):
            monkeypatch.setattr(backtest_jobs, "PIECE", size)
            job = start(rule=draft)
            jobs.run_job(job.pk, at=lambda: NOW, budget=dt.timedelta(seconds=-1))
            payload = JobItem.objects.filter(job=job).earliest("position").payload
            BacktestRow.objects.all().delete()
            found.append(count_queries(lambda: backtest_jobs.work(job, payload, ACTOR)))  # noqa: B023
        assert found[0] == found[1]


def test_after_ninety_days_a_backtest_goes(draft: str) -> None:
    check(orders_of(a_customer(45), [100]))
    run(start(rule=draft))
    assert purge_backtests(now=NOW + dt.timedelta(days=90)) == 0
    assert purge_backtests(now=NOW + dt.timedelta(days=90, seconds=1)) == 1
    assert not BacktestRow.objects.exists()
