"""Evaluate for release on pages (`ux.md` 3.5): what is evaluated, how far it is, what came out."""

import datetime as dt

import pytest

from customers.jobs import run_job
from customers.models import Job, Role
from holds.models import Hold
from tests.factories_holds import (
    DAY,
    a_customer,
    a_rule,
    an_entity,
    an_invoice,
    an_order,
    held,
    paid,
)

pytestmark = pytest.mark.django_db(transaction=True)


def shown(answer) -> str:
    return answer.content.decode()


@pytest.fixture
def late(world) -> Hold:
    """A hold for an overdue invoice, which has been paid since."""
    a_rule("days_overdue", days=45)
    customer = a_customer("US-LATE", limit="9000")
    invoice = an_invoice(customer, "500", due=DAY - dt.timedelta(days=67))
    hold = held(an_order(customer, "250", "SO-LATE"))
    paid(invoice)
    return hold


def test_the_narrowest_scope_is_offered_first(clerk, late):
    other = held(an_order(a_customer("US-001", limit="100"), "400", "SO-1"))
    scopes = (
        clerk.get("/holds/evaluate/", {"hold": [late.number, other.number]}).context["form"].fields["scope"].choices
    )
    assert [name for name, _ in scopes] == ["selected", "all"]
    page = clerk.get("/holds/evaluate/", {"hold": late.number})
    assert [name for name, _ in page.context["form"].fields["scope"].choices] == ["selected", "customer", "all"]
    page = clerk.get("/holds/evaluate/?reason=days_overdue")
    assert "1 hold of the list as it is filtered" in shown(page)
    page = clerk.get("/holds/evaluate/?customer=USMF:US-LATE")
    assert "All holds of Customer US-LATE" in shown(page)


def test_a_run_tells_how_far_it_is_and_what_changed(clerk, late):
    answer = clerk.post("/holds/evaluate/", {"hold": late.number, "scope": "selected"})
    job = Job.objects.get()
    assert answer.headers["Location"] == f"/jobs/{job.pk}/"
    assert job.parameters["holds"] == [str(late.pk)]
    waiting = shown(clerk.get(f"/jobs/{job.pk}/"))
    assert "Waiting for a worker." in waiting
    assert 'hx-trigger="fast-tick from:body"' in waiting
    run_job(job.pk)
    page = clerk.get(f"/jobs/{job.pk}/")
    assert "fast-tick" not in shown(page)
    assert {tally["label"]: tally["value"] for tally in page.context["job"]["tallies"]} == {
        "Evaluated": 1, "Reasons cleared": 1, "Ready to release": 1, "Released": 0, "Failed": 0,
    }  # fmt: skip
    assert "SO-LATE" in shown(page)
    assert "/holds/release/" in shown(page)
    assert "SO-LATE" not in [row["order"] for row in clerk.get(f"/jobs/{job.pk}/?outcome=worse").context["changes"]]
    assert "All open holds" in shown(page)


def test_htmx_gets_the_panel_alone(clerk, late):
    clerk.post("/holds/evaluate/", {"hold": late.number, "scope": "selected"})
    job = Job.objects.get()
    part = shown(clerk.get(f"/jobs/{job.pk}/", headers={"HX-Request": "true"}))
    assert "<!DOCTYPE" not in part
    assert 'id="job"' in part


def test_a_run_is_cancelled_after_a_question(clerk, late):
    clerk.post("/holds/evaluate/", {"scope": "all"})
    job = Job.objects.get()
    assert "Cancel the job" in shown(clerk.get(f"/jobs/{job.pk}/cancel/"))
    assert Job.objects.get().status == "queued"
    answer = clerk.post(f"/jobs/{job.pk}/cancel/", follow=True)
    assert "Cancelled" in shown(answer)
    assert "already; only a live one can be cancelled" in shown(clerk.post(f"/jobs/{job.pk}/cancel/", follow=True))


def test_runs_are_listed_and_counted_in_the_top_bar(clerk, late):
    assert "No runs here." in shown(clerk.get("/jobs/"))
    clerk.post("/holds/evaluate/", {"scope": "all"})
    page = shown(clerk.get("/jobs/"))
    assert "Evaluate for release" in page
    assert "Jobs 1" in page
    assert "Evaluate for release" in shown(clerk.get("/jobs/?status=running"))
    assert "No runs here." in shown(clerk.get("/jobs/?status=failed"))


def test_runs_of_other_legal_entities_do_not_exist(clerk, late, sign_in):
    clerk.post("/holds/evaluate/", {"scope": "all"})
    an_entity("DE01", "EUR")
    stranger = sign_in(entity="DE01")
    assert stranger.get(f"/jobs/{Job.objects.get().pk}/").status_code == 404
    assert "No runs here." in shown(stranger.get("/jobs/"))


def test_a_viewer_cannot_start_an_evaluation(sign_in, late):
    viewer = sign_in(Role.VIEWER)
    assert viewer.get("/holds/evaluate/").status_code == 403
    assert viewer.post("/holds/evaluate/", {"scope": "all"}).status_code == 403
    assert "/holds/evaluate/" not in shown(viewer.get("/holds/"))
    assert not Job.objects.exists()
