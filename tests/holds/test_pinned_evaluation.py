"""An evaluation goes by the rules with which it started, to its end, whatever is changed meanwhile (`domain 7`)."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, transaction

from credit_mgmt import decisions, pinning, policies
from credit_mgmt.models import Clearance, DecisionRecord, Parameters, PinnedSetup, RuleVersion
from credit_mgmt.rules.saving import save_rule
from customers import clock, jobs
from customers.models import Job, PaymentTerms, Reason, SalesOrder
from holds import evaluation
from holds.evaluation import start_evaluation
from holds.models import Hold
from holds.posting import post_documents
from tests.factories_holds import NOW, SYSTEM, a_customer, a_rule, an_entity, an_order, parameters, reasons, today

pytestmark = pytest.mark.django_db
HOLDS, CUSTOMERS = 300, 30


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluation, "CHUNK", 50)
    monkeypatch.setattr(evaluation.cut, "__defaults__", (50,))
    an_entity()
    reasons()


def three_hundred_holds(**order: Any) -> RuleVersion:
    """Thirty customers with ten orders each, all stopped by one rule on the order's amount."""
    rule = a_rule("sales_order", amount=100, currency_id="USD")
    customers = [a_customer(f"US-{number}", limit=None) for number in range(CUSTOMERS)]
    orders = [an_order(customers[number % CUSTOMERS], "101", **order).pk for number in range(HOLDS)]
    post_documents(orders=orders, document="confirmation", actor=SYSTEM, at=NOW, today=today)
    assert Hold.objects.filter(status="active").count() == HOLDS
    return rule


def work_on_one_part(job: Job) -> None:
    """One worker takes one part, and is gone."""
    assert jobs.run_job(job.pk, at=_ticking(), budget=dt.timedelta(0)) is True


def _ticking():
    seconds = iter(range(10**6))
    return lambda: NOW + dt.timedelta(seconds=next(seconds))


def finish(job: Job) -> dict:
    """Another process, which remembers nothing, does the rest."""
    policies._cached = None
    pinning._read.cache_clear()
    decisions._stored_policy.cache_clear()
    jobs.run_job(job.pk, at=_ticking())
    job.refresh_from_db()
    assert job.status == "finished"
    return jobs.result(job)


def test_a_rule_that_is_changed_meanwhile_changes_nothing_of_the_run() -> None:
    rule = three_hundred_holds()
    job = start_evaluation(parameters={}, actor=SYSTEM, now=NOW)
    work_on_one_part(job)
    version = policies.current_policy().version
    save_rule(rule=rule.rule_id, values={"amount": Decimal(1_000)}, actor=SYSTEM, at=NOW, replace=False)

    result = finish(job)

    assert (result["evaluated"], result["ready"], result["changes"]) == (HOLDS, 0, [])
    job.refresh_from_db()
    assert result["rules"] == {"version": version, "as_of": job.pinned["as_of"], "changed_since": True}
    assert set(DecisionRecord.objects.filter(kind="evaluation").values_list("policy", flat=True)) == {version}

    again = start_evaluation(parameters={}, actor=SYSTEM, now=NOW + dt.timedelta(hours=1))
    result = finish(again)
    assert (result["ready"], result["rules"]["changed_since"]) == (HOLDS, False)


def test_a_parameter_that_is_changed_meanwhile_releases_nothing_of_the_run() -> None:
    three_hundred_holds().delete()
    job = start_evaluation(parameters={}, actor=SYSTEM, now=NOW)
    work_on_one_part(job)
    parameters(
        automatically_release="without_posting",
        automatic_release_reason=Reason.objects.get(type="release", code="AUTO"),
    )

    result = finish(job)

    assert (result["ready"], result["released"], result["rules"]["changed_since"]) == (HOLDS, 0, True)


def test_a_parameter_that_is_taken_away_meanwhile_still_releases_to_the_end() -> None:
    """Also the grace days of a release are those of then."""
    three_hundred_holds().delete()
    row = parameters(
        automatically_release="without_posting",
        automatic_release_reason=Reason.objects.get(type="release", code="AUTO"),
    )
    row.checkpoints.filter(posting=True).update(grace_days=3)
    job = start_evaluation(parameters={}, actor=SYSTEM, now=NOW)
    work_on_one_part(job)
    Parameters.objects.update(automatically_release="no", automatic_release_reason=None)
    row.checkpoints.update(grace_days=None)

    result = finish(job)

    assert (result["released"], result["rules"]["changed_since"]) == (HOLDS, True)
    assert Clearance.objects.filter(grace_until=clock.today("UTC") + dt.timedelta(days=3)).count() == HOLDS


def test_a_rank_that_is_changed_meanwhile_is_compared_as_it_was() -> None:
    """domain 4.6: ranks are reference data and move no policy clock; they are pinned all the same."""
    PaymentTerms.objects.create(code="N90", rank=9, net_days=90)
    PaymentTerms.objects.filter(code="N30").update(rank=1)
    three_hundred_holds(payment_terms_id="N90").delete()
    parameters(check_when_payment_terms_are_increased=True)
    SalesOrder.objects.update(payment_terms_id="N90")
    for customer in {order.customer for order in SalesOrder.objects.select_related("customer")}:
        customer.payment_terms_id = "N30"
        customer.save(update_fields=["payment_terms"])
    job = start_evaluation(parameters={}, actor=SYSTEM, now=NOW)
    work_on_one_part(job)
    PaymentTerms.objects.filter(code="N90").update(rank=1)

    result = finish(job)

    assert Hold.objects.filter(reason_codes=["payment_terms_changed"]).count() == HOLDS
    assert (result["ready"], result["rules"]["changed_since"]) == (0, True)

    again = finish(start_evaluation(parameters={}, actor=SYSTEM, now=NOW + dt.timedelta(hours=1)))
    assert (again["ready"], again["rules"]["changed_since"]) == (HOLDS, False)


def test_saving_the_same_once_more_is_no_change() -> None:
    """Every write moves the policy clock; what a person is told is whether anything is different."""
    rule = three_hundred_holds()
    job = start_evaluation(parameters={}, actor=SYSTEM, now=NOW)
    work_on_one_part(job)
    rule.save()
    assert finish(job)["rules"]["changed_since"] is False


def test_what_was_pinned_is_the_whole_setup_and_is_kept_once() -> None:
    a_rule()
    parameters("USMF", release_tolerance_percent=Decimal("2.5"), ignore_open_items_below=Decimal("0.4"))
    first, second = pinning.pin_setup(at=NOW), pinning.pin_setup(at=NOW + dt.timedelta(hours=1))
    assert first["setup"] == second["setup"]
    assert PinnedSetup.objects.count() == 1
    kept, now = pinning.pinned_setup(first), policies.current_setup()
    assert kept is not None
    assert kept.policy == now.policy
    assert kept.rows.keys() == now.rows.keys()
    for entity, row in now.rows.items():
        for field in Parameters._meta.concrete_fields:
            assert field.value_from_object(kept.rows[entity]) == field.value_from_object(row), field.name
    assert pinning.pinned_setup({}) is None


def test_what_was_pinned_is_never_changed() -> None:
    a_rule()
    pinning.pin_setup(at=NOW)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        PinnedSetup.objects.update(parameters="{}")
