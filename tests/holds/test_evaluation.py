"""Evaluate for release (`domain 7`): as a service and as a job."""

import datetime as dt
import uuid
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from credit_mgmt.models import Commitment, DecisionRecord
from customers import jobs
from customers.access import OutOfScope
from customers.errors import InvalidInput
from customers.models import OutboxEvent, Reason, Role
from holds.evaluation import (
    CHUNK,
    KIND,
    cut,
    evaluate,
    plan,
    read_parameters,
    start_evaluation,
    start_scheduled_evaluation,
    work,
)
from holds.forced import force_hold
from holds.models import Hold, HoldEvent
from holds.orders import report_posting_failed
from holds.releases import release_hold
from tests.factories_holds import (
    DAY,
    NOW,
    SYSTEM,
    a_customer,
    a_group,
    a_rule,
    a_user,
    an_entity,
    an_invoice,
    an_order,
    held,
    paid,
    parameters,
    post,
    reasons,
    today,
)

pytestmark = pytest.mark.django_db
LATER = NOW + dt.timedelta(hours=2)


class Days(dict):
    def __missing__(self, key):
        return DAY


@pytest.fixture(autouse=True)
def _world():
    an_entity()
    reasons()
    a_rule()


def evaluate_all(**options):
    ids = list(Hold.objects.filter(status="active").order_by("held_at", "pk").values_list("pk", flat=True))
    values = {"hold_ids": ids, "actor": SYSTEM, "at": LATER, "today": Days(), **options}
    return evaluate(**values)


def numbers(result) -> dict:
    return {name: result[name] for name in ("evaluated", "cleared", "ready", "released")}


def automatic(mode: str) -> None:
    parameters(automatically_release=mode, automatic_release_reason=Reason.objects.get(type="release", code="AUTO"))


def test_nothing_changes_where_nothing_changed():
    hold = held(an_order(a_customer(limit="100")))
    result = evaluate_all()
    assert numbers(result) == {"evaluated": 1, "cleared": 0, "ready": 0, "released": 0}
    assert result["changes"] == result["failed"] == []
    again = Hold.objects.get(pk=hold.pk)
    assert again.version == 1
    assert again.evaluated_at == LATER
    assert again.last_decision_id != hold.last_decision_id
    assert DecisionRecord.objects.get(pk=str(again.last_decision_id)).kind == "evaluation"
    assert HoldEvent.objects.count() == 1


def test_a_reason_that_no_longer_applies_loses_its_check_mark_and_regains_it():
    """Domain 7."""
    a_rule("days_overdue", days=10)
    customer = a_customer(limit="1000")
    invoice = an_invoice(customer, "700", due=DAY - dt.timedelta(days=30))
    hold = held(an_order(customer, "400"))
    assert hold.reason_codes == ["days_overdue", "limit_used"]
    a_third = an_invoice(customer, "700")
    paid(invoice)
    result = evaluate_all()
    assert numbers(result) == {"evaluated": 1, "cleared": 1, "ready": 0, "released": 0}
    hold.refresh_from_db(fields=["reason_codes", "version", "overdue_amount", "ready_to_release"])
    assert (hold.reason_codes, hold.version, hold.overdue_amount, hold.ready_to_release) == (
        ["limit_used"],
        2,
        0,
        False,
    )
    cleared = hold.reasons.get(type="days_overdue")
    assert (cleared.valid, cleared.cleared_at) == (False, LATER)
    assert [(chip["type"], chip["valid"]) for chip in Hold.objects.get().chips] == [
        ("limit_used", True), ("days_overdue", False),
    ]  # fmt: skip
    event = HoldEvent.objects.get(version=2)
    assert (event.type, event.data["cleared"], event.data["added"]) == ("reason_cleared", ["days_overdue"], [])

    an_invoice(customer, "10", due=DAY - dt.timedelta(days=20))
    evaluate_all()
    again = hold.reasons.get(type="days_overdue")
    assert (again.pk, again.valid, again.cleared_at, again.evidence["measured"]) == (cleared.pk, True, None, "20")
    assert HoldEvent.objects.get(version=3).type == "reason_added"
    assert a_third.pk


def test_a_new_reason_is_added():
    customer = a_customer(limit="100")
    held(an_order(customer, "400"))
    a_rule("sales_order", amount=Decimal(300), currency_id="USD")
    evaluate_all()
    hold = Hold.objects.get()
    assert hold.reason_codes == ["limit_used", "sales_order"]
    assert hold.reasons.get(type="sales_order").added_at == LATER


def test_only_new_numbers_are_no_event_but_are_shown():
    customer = a_customer(limit="1000")
    an_invoice(customer, "700")
    held(an_order(customer, "400"))
    an_invoice(customer, "100")
    assert evaluate_all()["changes"] == []
    hold = Hold.objects.get()
    assert (hold.version, hold.over_limit) == (1, 200)
    assert hold.reasons.get().evidence["measured"] == "1200.00"


def test_ready_orders_take_credit_for_those_after_them_oldest_first():
    """Domain 7: each released order using its credit before the next one is looked at; ready is an estimate."""
    customer = a_customer(limit="1000")
    invoice = an_invoice(customer, "1000")
    young = held(an_order(customer, "600"), at=NOW + dt.timedelta(minutes=1))
    old = held(an_order(customer, "600"), at=NOW)
    paid(invoice)
    result = evaluate_all()
    assert numbers(result) == {"evaluated": 2, "cleared": 1, "ready": 1, "released": 0}
    assert Hold.objects.get(pk=old.pk).ready_to_release
    assert Hold.objects.get(pk=old.pk).reason_codes == []
    assert not Hold.objects.get(pk=young.pk).ready_to_release
    assert [change["outcome"] for change in result["changes"]] == ["ready"]
    assert OutboxEvent.objects.filter(type="ready_to_release").count() == 1
    assert not Commitment.objects.exists()


def test_twice_is_once():
    customer = a_customer(limit="1000")
    invoice = an_invoice(customer, "1000")
    for _ in range(3):
        held(an_order(customer, "600"))
    paid(invoice)
    evaluate_all()
    before = list(Hold.objects.order_by("pk").values_list("pk", "version", "ready_to_release", "reason_codes"))
    events = HoldEvent.objects.count()
    result = evaluate_all()
    assert result["changes"] == []
    assert list(Hold.objects.order_by("pk").values_list("pk", "version", "ready_to_release", "reason_codes")) == before
    assert HoldEvent.objects.count() == events


def test_a_hold_that_was_ready_is_held_again_when_the_credit_is_gone():
    customer = a_customer(limit="1000")
    invoice = an_invoice(customer, "1000")
    hold = held(an_order(customer, "600"))
    paid(invoice)
    evaluate_all()
    an_invoice(customer, "800")
    evaluate_all()
    hold = Hold.objects.get(pk=hold.pk)
    assert (hold.ready_to_release, hold.reason_codes) == (False, ["limit_used"])
    assert HoldEvent.objects.get(version=3).type == "no_longer_ready"


@pytest.mark.parametrize(
    ("mode", "document", "next_says"),
    [("without_posting", "open", "cleared_by_release"), ("with_posting", "confirmation", None)],
)
def test_ready_orders_are_released_as_the_parameter_says(mode, document, next_says):
    """Domain 7: no, without posting, with posting; with the reason to release automatically."""
    automatic(mode)
    customer = a_customer(limit="1000")
    invoice = an_invoice(customer, "1000")
    order = an_order(customer, "600")
    second = an_order(customer, "600")
    hold, waiting = held(order), held(second)  # the same moment: the older order goes first
    paid(invoice)
    result = evaluate_all()
    assert numbers(result) == {"evaluated": 2, "cleared": 1, "ready": 0, "released": 1}
    order.refresh_from_db()
    assert (order.document_status, order.credit_status) == (document, "released")
    hold = Hold.objects.get(pk=hold.pk)
    assert (hold.status, hold.release_mode, hold.release_reason.code, hold.decided_by) == (
        "released", mode, "AUTO", "system:evaluation",
    )  # fmt: skip
    assert Commitment.objects.filter(order=order).exists()
    assert Hold.objects.get(pk=waiting.pk).reason_codes == ["limit_used"]
    if next_says:
        assert post(order).decision.not_checked_because == next_says
    assert numbers(evaluate_all()) == {"evaluated": 1, "cleared": 0, "ready": 0, "released": 0}


def test_what_can_not_be_posted_stays_ready_and_the_result_says_why():
    automatic("with_posting")
    customer = a_customer(limit="1000")
    invoice = an_invoice(customer, "1000")
    order = an_order(customer, "600", document_status="confirmation")
    hold = held(order, "packing_slip")
    type(order).objects.filter(pk=order.pk).update(document_status="packing_slip")
    paid(invoice)
    result = evaluate_all()
    assert numbers(result)["ready"] == 1
    assert [(failed["id"], failed["code"]) for failed in result["failed"]] == [(str(hold.pk), "posting_failed")]
    assert Hold.objects.get(pk=hold.pk).status == "active"


def test_a_forced_hold_becomes_ready_and_waits_for_a_person():
    """Domain 6: never released automatically; evaluation can make it ready to release."""
    automatic("without_posting")
    order = an_order(a_customer(limit="1000"), "600")
    hold = force_hold(order=order.pk, reason="DISPUTE", actor=a_user(), at=NOW, today=today)
    assert numbers(evaluate_all()) == {"evaluated": 1, "cleared": 0, "ready": 1, "released": 0}
    hold = Hold.objects.get(pk=hold.pk)
    assert (hold.status, hold.ready_to_release, hold.reason_codes) == ("active", True, ["forced"])
    release_hold(
        id=hold.pk,
        mode="without_posting",
        reason="PAID",
        actor=a_user("boss", Role.CREDIT_MANAGER),
        at=NOW,
        today=today,
    )


def test_what_is_in_workflow_is_checked_again_but_not_released():
    automatic("without_posting")
    customer = a_customer(limit="1000")
    invoice = an_invoice(customer, "1000")
    hold = held(an_order(customer, "600"))
    Hold.objects.filter(pk=hold.pk).update(workflow_state="submitted")
    paid(invoice)
    assert numbers(evaluate_all()) == {"evaluated": 1, "cleared": 1, "ready": 1, "released": 0}
    hold = Hold.objects.get(pk=hold.pk)
    assert (hold.status, hold.ready_to_release, hold.workflow_state) == ("active", True, "submitted")


def test_a_failed_posting_is_not_forgotten_by_an_evaluation():
    parameters(posting="external")
    automatic("with_posting")
    order = an_order(a_customer(limit="100"))
    hold = held(order)
    release_hold(id=hold.pk, mode="with_posting", reason="PAID", actor=a_user(), at=NOW, today=today)
    report_posting_failed(order=order.pk, document="confirmation", message="x", actor=SYSTEM, at=NOW, today=today)
    assert numbers(evaluate_all()) == {"evaluated": 1, "cleared": 0, "ready": 0, "released": 0}
    assert "posting_failed" in Hold.objects.get(status="active").reason_codes


def test_an_evaluation_of_a_hold_that_was_decided_meanwhile_leaves_it_out():
    hold = held(an_order(a_customer(limit="100")))
    release_hold(id=hold.pk, mode="without_posting", reason="PAID", actor=a_user(), at=NOW, today=today)
    assert numbers(evaluate_all(hold_ids=[hold.pk])) == {"evaluated": 0, "cleared": 0, "ready": 0, "released": 0}


def test_evaluating_n_orders_at_once_equals_one_by_one():
    """Law 1 at the service level, with releases between them."""
    automatic("without_posting")
    outcomes = []
    for run in ("at once", "one by one"):
        group = a_group(f"G{len(run)}", limit="1500")
        customers = [a_customer(f"{run[:3].strip()}-{n}", limit="1000", credit_group=group) for n in range(3)]
        invoice = an_invoice(customers[0], "5000", due=DAY - dt.timedelta(days=1))
        amounts = ["600", "500", "300", "900", "100", "250"]
        made = [
            held(an_order(customers[n % 3], amount), at=NOW + dt.timedelta(minutes=n))
            for n, amount in enumerate(amounts)
        ]
        paid(invoice)
        ids = [hold.pk for hold in made]
        for some in [ids] if run == "at once" else [[one] for one in ids]:
            evaluate(hold_ids=some, actor=SYSTEM, at=LATER, today=Days())
        outcomes.append([Hold.objects.get(pk=pk).status for pk in ids])
    assert outcomes[0] == outcomes[1]
    assert set(outcomes[0]) == {"active", "released"}


def test_the_number_of_statements_does_not_depend_on_the_number_of_holds():
    counts = []
    for count in (3, 30):
        customer = a_customer(f"US-{count}", limit="1000")
        invoice = an_invoice(customer, "1000")
        ids = [held(an_order(customer, "20")).pk for _ in range(count)]
        evaluate(hold_ids=ids, actor=SYSTEM, at=NOW, today=Days())  # warm
        paid(invoice)
        with CaptureQueriesContext(connection) as captured:
            evaluate(hold_ids=ids, actor=SYSTEM, at=LATER, today=Days())
        counts.append(len(captured))
    assert counts[0] == counts[1]


# --- the job ----------------------------------------------------------------------------------------------------------


def run(parameters_: dict, actor=None):
    job = start_evaluation(parameters=parameters_, actor=actor or a_user(), now=NOW)
    for item in plan(job):
        work(job, item, SYSTEM)
    return job


@pytest.mark.parametrize("given", [{"holds": []}, {"holds": ["x"]}, {"holds": "all"}, {"customer": "USMF:NOBODY"},
                                   {"legal_entity": "NOWHERE"}, {"everything": True}])  # fmt: skip
def test_bad_parameters_start_nothing(given):
    with pytest.raises(InvalidInput):
        start_evaluation(parameters=given, actor=a_user(), now=NOW)


def test_parameters_are_kept_as_given():
    one = str(uuid.uuid4())
    assert read_parameters({"holds": [one]}) == {"holds": [one]}
    a_customer("US-9")
    assert read_parameters({"customer": "USMF:US-9"}) == {"customer": "USMF:US-9", "legal_entity": "USMF"}


def test_a_job_is_about_all_holds_some_holds_one_customer_or_one_entity():
    abroad = an_entity("DEMF", "EUR")
    first = held(an_order(a_customer("US-1", limit="1")))
    second = held(an_order(a_customer("US-2", limit="1")))
    third = held(an_order(a_customer("DE-1", limit="1", entity=abroad)))

    def planned(parameters_: dict, actor=None) -> set[str]:
        job = start_evaluation(parameters=parameters_, actor=actor or a_user(), now=NOW)
        found = {hold for item in plan(job) for hold in item}
        jobs.cancel_job(job_id=job.pk, actor=SYSTEM, now=NOW)  # or the next one would join it
        return found

    assert planned({}) == {str(hold.pk) for hold in (first, second, third)}
    assert planned({"holds": [str(second.pk)]}) == {str(second.pk)}
    assert planned({"customer": "USMF:US-1"}) == {str(first.pk)}
    assert planned({"legal_entity": "DEMF"}) == {str(third.pk)}
    # Nobody evaluates what they may not see.
    at_home = a_user("home", entity="USMF")
    assert planned({}, at_home) == {str(first.pk), str(second.pk)}
    assert planned({"holds": [str(third.pk)]}, at_home) == set()
    with pytest.raises(OutOfScope):
        planned({"customer": "DEMF:DE-1"}, at_home)


def test_shared_credit_is_never_cut_apart():
    rows = [(uuid.uuid4(), payer, f"G{payer % 3}" if payer % 2 else None) for payer in range(40) for _ in range(25)]
    items = list(cut(rows, size=100))
    where: dict = {}
    by_id = {str(pk): ("g", group) if group else ("p", payer) for pk, payer, group in rows}
    for number, item in enumerate(items):
        for hold in item:
            assert where.setdefault(by_id[hold], number) == number
    assert sum(len(item) for item in items) == 1000
    assert CHUNK >= 100


def test_a_run_through_the_job_machinery_adds_up():
    customer = a_customer(limit="1000")
    invoice = an_invoice(customer, "1000")
    held(an_order(customer, "600"))
    held(an_order(a_customer("US-2", limit="1")))
    paid(invoice)
    job = run({})
    assert jobs.kind_of(KIND).fold([]) == {
        "evaluated": 0, "cleared": 0, "ready": 0, "released": 0, "failed": [], "changes": [],
    }  # fmt: skip
    assert Hold.objects.filter(ready_to_release=True).count() == 1
    assert job.kind == KIND


def test_the_hourly_run_is_written_once_and_skips_while_one_is_live():
    """Reliability J06."""
    first = start_scheduled_evaluation(now=NOW)
    assert start_scheduled_evaluation(now=NOW + dt.timedelta(minutes=5)).pk == first.pk
    skipped = start_scheduled_evaluation(now=NOW + dt.timedelta(hours=1))
    assert skipped.status == "cancelled"
    assert "still at work" in skipped.message
