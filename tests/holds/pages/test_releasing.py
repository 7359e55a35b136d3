"""The release dialog in full (`ux.md` 3.3): what follows is said before, and asked again where it has changed."""

from collections import Counter
from decimal import Decimal

import pytest

from customers import jobs
from customers.errors import InvalidInput, Refused
from customers.models import Job, Reason, SalesOrder
from holds import posting
from holds.forced import force_hold
from holds.models import Hold
from tests.factories_credit import give_limit
from tests.factories_holds import (
    NOW,
    a_customer,
    a_group,
    a_user,
    an_entity,
    an_invoice,
    an_order,
    held,
    parameters,
    today,
)

pytestmark = pytest.mark.django_db
RELEASE = {"mode": "without_posting", "reason": "PAID"}


def a_hold(account: str = "US-001", amount: str = "400", **customer) -> Hold:
    return held(an_order(a_customer(account, limit="100", **customer), amount))


def shown(answer) -> str:
    return " ".join(answer.content.decode().split())


def numbers(*holds: Hold) -> list[str]:
    return [hold.number for hold in holds]


def fresh(hold: Hold) -> Hold:
    return Hold.objects.get(pk=hold.pk)


def sent(answer, **values) -> dict:
    """What the dialog would send."""
    seen = [f"{key}={exposure}" for key, exposure in answer.context["after"].exposures.items()]
    chosen = [hold.number for hold in answer.context["chosen"].active]
    return {"hold": chosen, "version": answer.context["versions"], "seen": seen, **RELEASE, **values}


def test_it_says_who_is_within_the_limit_afterwards_and_who_is_over(clerk):
    """Two orders of one customer, each of which would fit, do not together; figures of the decision itself."""
    customer = a_customer("US-001", limit="100")
    both = [held(an_order(customer, amount)) for amount in ("400", "500")]
    give_limit(customer, Decimal(600))
    fits = a_hold("US-002")
    give_limit(fits.payer, Decimal(4000))
    answer = clerk.get("/holds/release/", {"hold": numbers(*both, fits)})
    page = shown(answer)
    assert "1 customer within the limit" in page
    assert "1 over</b>: Customer US-001 150 %" in page
    assert answer.context["after"].exposures == {"USMF:US-001": "900.00", "USMF:US-002": "400.00"}


def test_a_group_that_is_the_tighter_limit_is_named(clerk):
    group = a_group(limit="300")
    hold = held(an_order(a_customer("US-001", limit="5000", credit_group=group), "400"))
    assert "Customer US-001 (group) 133 %" in shown(clerk.get("/holds/release/", {"hold": hold.number}))


def test_figures_that_moved_since_the_dialog_was_opened_are_asked_about_once_more(clerk):
    hold = a_hold()
    values = sent(clerk.get("/holds/release/", {"hold": hold.number}), note="bank confirmed")
    an_invoice(hold.payer, "50")
    answer = clerk.post("/holds/release/", values)
    assert answer.status_code == 409
    page = shown(answer)
    assert "The figures have changed since you opened this" in page
    assert "bank confirmed" in page
    assert fresh(hold).status == "active"
    assert clerk.post("/holds/release/", sent(answer)).status_code == 302
    assert fresh(hold).status == "released"


def test_a_change_within_a_per_cent_asks_nothing(clerk):
    hold = a_hold()
    values = sent(clerk.get("/holds/release/", {"hold": hold.number}))
    an_invoice(hold.payer, "3.90")
    assert clerk.post("/holds/release/", values).status_code == 302
    assert fresh(hold).status == "released"


def test_a_forced_hold_among_others_is_left_out_unless_its_box_is_ticked(manager):
    plain, forced = a_hold("US-001"), a_hold("US-002")
    force_hold(order=forced.order_id, reason="DISPUTE", note="4411", actor=a_user("mira"), at=NOW, today=today)
    opened = manager.get("/holds/release/", {"hold": numbers(plain, forced)})
    assert "1 was forced and stays on hold" in shown(opened)
    assert "Release the forced one too" in shown(opened)
    answer = manager.post("/holds/release/", sent(opened), follow=True)
    assert "1 hold released. 1 forced left out." in shown(answer)
    assert (fresh(plain).status, fresh(forced).status) == ("released", "active")


def test_ticked_it_is_released_too(manager):
    plain, forced = a_hold("US-001"), a_hold("US-002")
    force_hold(order=forced.order_id, reason="DISPUTE", actor=a_user("mira"), at=NOW, today=today)
    opened = manager.get("/holds/release/", {"hold": numbers(plain, forced)})
    manager.post("/holds/release/", sent(opened, forced_too="on"))
    assert (fresh(plain).status, fresh(forced).status) == ("released", "released")


def test_what_was_used_last_is_offered_again(clerk):
    first, second = a_hold("US-001"), a_hold("US-002")
    Reason.objects.create(type="release", code="CALLED", description="Customer called")
    clerk.post("/holds/release/", {"hold": first.number, "mode": "with_posting", "reason": "CALLED"})
    form = clerk.get("/holds/release/", {"hold": second.number}).context["form"]
    assert (form.initial["mode"], form.initial["reason"]) == ("with_posting", "CALLED")


def test_how_is_not_asked_where_nothing_was_being_posted(manager):
    order = an_order(a_customer())
    force_hold(order=order.pk, reason="DISPUTE", actor=a_user("mira"), at=NOW, today=today)
    hold = Hold.objects.get(order=order)
    answer = manager.get("/holds/release/", {"hold": hold.number})
    assert "radio-card" not in shown(answer)
    manager.post("/holds/release/", sent(answer))
    assert fresh(hold).status == "released"


def test_it_says_what_is_posted_and_until_when_nothing_is_checked(clerk):
    grace = {"posting": True, "grace_days": 5}
    parameters("USMF", checkpoints={"confirmation": grace, "packing_slip": grace, "invoice": grace})
    page = shown(clerk.get("/holds/release/", {"hold": numbers(a_hold("US-001"), a_hold("US-002"))}))
    assert "2 confirmations, with the settings of the original attempt" in page
    assert "not checked again before 26 Nov (USMF, confirmation)" in page


def test_a_missing_rate_is_said_and_stops_nobody(clerk):
    an_entity("DEMF", "EUR")
    hold = a_hold()
    SalesOrder.objects.filter(pk=hold.order_id).update(currency_id="EUR")
    answer = clerk.get("/holds/release/", {"hold": hold.number})
    assert "an exchange rate is missing" in shown(answer)
    clerk.post("/holds/release/", {"hold": hold.number, **RELEASE})
    assert fresh(hold).status == "released"


# --- many -------------------------------------------------------------------------------------------------------------


def many(count: int) -> list[Hold]:
    customer = a_customer("US-MANY", limit="1")
    return [held(an_order(customer, "10")) for _ in range(count)]


def run(job: Job) -> Job:
    jobs.run_job(job.pk)
    job.refresh_from_db()
    return job


def test_sixty_are_released_and_posted_in_the_background_and_one_in_the_middle_fails_alone(clerk, monkeypatch):
    """`ux` 3.3, issue: progress, an outcome for each, each atomic, one failing does not stop the rest."""
    holds = many(60)
    bad = holds[30]
    move = posting.move_documents

    def fails_for_one(call, orders):
        if any(order.pk == bad.order_id for order in orders):
            raise Refused("posting_failed", "The posting failed: the printer is on fire.")
        return move(call, orders)

    monkeypatch.setattr("holds.releases.move_documents", fails_for_one)
    opened = clerk.get("/holds/release/", {"hold": numbers(*holds)})
    assert "In the background, with progress" in shown(opened)
    answer = clerk.post("/holds/release/", sent(opened, mode="with_posting"))
    job = Job.objects.get(kind="release_holds")
    assert answer.headers["Location"] == f"/jobs/{job.pk}/"
    assert set(Hold.objects.values_list("status", flat=True)) == {"active"}
    run(job)
    result = jobs.result(job)
    assert (job.status, result["released"], jobs.progress(job).total) == ("finished", 59, 60)
    assert [(item["id"], item["code"]) for item in result["failed"]] == [(str(bad.pk), "posting_failed")]
    assert Counter(change["outcome"] for change in result["changes"]) == {"released": 59, "failed": 1}
    assert Hold.objects.filter(status="released", release_mode="with_posting").count() == 59
    assert (fresh(bad).status, fresh(bad).version) == ("active", 1)
    statuses = SalesOrder.objects.exclude(pk=bad.order_id).values_list("document_status", flat=True)
    assert set(statuses) == {"confirmation"}
    assert SalesOrder.objects.get(pk=bad.order_id).document_status == "open"
    page = shown(clerk.get(f"/jobs/{job.pk}/"))
    assert "the printer is on fire" in page
    assert holds[3].order.number in page
    assert "H-0" not in page.split("Started with")[1].split("</section>")[0]
    monkeypatch.setattr("holds.releases.move_documents", move)
    clerk.post(f"/jobs/{job.pk}/retry/")
    second = run(Job.objects.get(follows=job))
    assert (jobs.result(second)["released"], fresh(bad).release_mode) == (1, "with_posting")


def test_a_job_run_again_releases_nothing_twice(clerk):
    holds = many(3)
    values = {"holds": [str(hold.pk) for hold in holds], "mode": "without_posting", "reason": "PAID"}
    first = jobs.start_job("release_holds", values, actor=a_user("clerk"), now=NOW)
    second = jobs.start_job("release_holds", values, actor=a_user("clerk"), now=NOW)
    run(first)
    again = jobs.result(run(second))
    assert again["released"] == 0
    assert {item["code"] for item in again["failed"]} == {"hold_not_active"}
    assert set(Hold.objects.values_list("version", flat=True)) == {2}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"holds": []}, "parameters.holds"),
        ({"holds": ["x"]}, "parameters.holds"),
        ({"mode": "quickly"}, "parameters.mode"),
        ({"reason": "NOPE"}, "reason"),
        ({"review_date": "soon"}, "parameters.review_date"),
        ({"versions": [1]}, "parameters.versions"),
        ({"speed": 9}, "parameters.speed"),
    ],
)
def test_what_the_job_is_given_is_checked_before_it_starts(world, change, field):
    values = {"holds": [str(Hold().pk)], "mode": "without_posting", "reason": "PAID", **change}
    with pytest.raises(InvalidInput) as problem:
        jobs.start_job("release_holds", values, actor=a_user("clerk"), now=NOW)
    assert problem.value.errors[0].field == field
    assert not Job.objects.exists()


def test_looking_at_many_costs_few_queries(clerk, django_assert_max_num_queries):
    holds = many(40)
    with django_assert_max_num_queries(26):
        clerk.get("/holds/release/", {"hold": numbers(*holds)})
