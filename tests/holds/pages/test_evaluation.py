"""Evaluate for release on pages (`ux.md` 3.5): what is evaluated, how far it is, what came out."""

import datetime as dt
from functools import partial

import pytest
from django.db.models import F

from customers.jobs import run_job
from customers.models import Job, Reason, Role
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
    parameters,
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
        "Evaluated": 1, "As before": 0, "Ready": 1, "Released": 0, "Fewer reasons": 0, "New reason": 0, "Failed": 0,
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


def run_of(clerk, **given) -> Job:
    clerk.post("/holds/evaluate/", given)
    job = Job.objects.order_by("-created_at")[0]
    run_job(job.pk)
    job.refresh_from_db()
    return job


class TestPreview:
    def box(self, answer) -> bool:
        return bool(answer.context["form"]["preview"].value())

    def test_is_the_default_for_everything_and_for_nothing_else(self, clerk, late):
        assert self.box(clerk.get("/holds/evaluate/"))
        assert not self.box(clerk.get("/holds/evaluate/", {"hold": late.number}))
        assert self.box(clerk.get("/holds/evaluate/", {"hold": late.number, "scope": "all"}))
        # As htmx asks when another scope is chosen: what was decided for a scope stays decided.
        kept = {"hold": late.number, "scope": "all", "preview_for": "all"}
        assert not self.box(clerk.get("/holds/evaluate/", kept))
        assert self.box(clerk.get("/holds/evaluate/", {**kept, "preview_for": "selected"}))

    def test_of_everything_is_made_where_the_box_was_never_seen_for_it(self, clerk, late):
        """Without a script the box stands as it was for the scope with which the page came."""
        clerk.post("/holds/evaluate/", {"hold": late.number, "scope": "all", "preview_for": "selected"})
        assert Job.objects.get().parameters == {"preview": True}

    def test_is_not_made_where_the_box_was_taken_off(self, clerk, late):
        clerk.post("/holds/evaluate/", {"scope": "all", "preview_for": "all"})
        assert Job.objects.get().parameters == {}

    def test_shows_what_would_change_and_is_applied_with_one_button(self, clerk, late):
        job = run_of(clerk, scope="all", preview="on", preview_for="all")
        page = shown(clerk.get(f"/jobs/{job.pk}/"))
        assert "What would change" in page
        assert "SO-LATE" in page
        assert "/holds/release/" not in page
        assert f'action="/jobs/{job.pk}/apply/"' in page
        assert not Hold.objects.get(pk=late.pk).ready_to_release
        answer = clerk.post(f"/jobs/{job.pk}/apply/")
        real = Job.objects.get(follows=job)
        assert answer.headers["Location"] == f"/jobs/{real.pk}/"
        run_job(real.pk)
        page = shown(clerk.get(f"/jobs/{real.pk}/"))
        assert "What changed" in page
        assert f'href="/jobs/{job.pk}/"' in page
        assert "The preview said" not in page
        assert Hold.objects.get(pk=late.pk).ready_to_release

    def test_that_came_out_differently_is_said(self, clerk, late):
        job = run_of(clerk, scope="all", preview="on", preview_for="all")
        a_rule("sales_order", amount=1, currency_id="USD")
        clerk.post(f"/jobs/{job.pk}/apply/")
        real = Job.objects.get(follows=job)
        run_job(real.pk)
        assert "The preview said: ready." in shown(clerk.get(f"/jobs/{real.pk}/"))

    def test_that_is_too_old_is_made_again(self, clerk, late):
        job = run_of(clerk, scope="all", preview="on", preview_for="all")
        Job.objects.filter(pk=job.pk).update(finished_at=F("finished_at") - dt.timedelta(minutes=11))
        page = shown(clerk.get(f"/jobs/{job.pk}/"))
        assert "too old to be applied" in page
        assert "/apply/" not in page
        assert "preview again, then apply" in shown(clerk.post(f"/jobs/{job.pk}/apply/", follow=True))
        clerk.post(f"/jobs/{job.pk}/repeat/")
        assert Job.objects.exclude(pk=job.pk).get().parameters == {"preview": True}


def test_a_second_start_leads_to_the_run_that_is_under_way(clerk, late):
    first = clerk.post("/holds/evaluate/", {"scope": "all", "preview_for": "all"})
    second = clerk.post("/holds/evaluate/", {"scope": "all", "preview_for": "all"}, follow=True)
    assert Job.objects.count() == 1
    assert second.redirect_chain[0][0] == first.headers["Location"]
    assert "under way already" in shown(second)


def test_the_table_is_filtered_by_its_columns_and_says_why(clerk, late):
    job = run_of(clerk, scope="all", preview_for="all")
    page = clerk.get(f"/jobs/{job.pk}/?now=none&value_min=100")
    assert [row["order"] for row in page.context["changes"]] == ["SO-LATE"]
    assert {chip["label"] for chip in page.context["chips"]} == {"Now: no reason", "Value from 100"}
    page = clerk.get(f"/jobs/{job.pk}/?value_min=9999")
    assert "No holds match these filters." in shown(page)
    assert "is not an amount" in shown(clerk.get(f"/jobs/{job.pk}/?value_min=lots"))
    assert clerk.get(f"/jobs/{job.pk}/?page=99999999999&cause=%27").status_code == 200


def test_a_run_that_changed_nothing_says_so(clerk, world):
    held(an_order(a_customer("US-001", limit="100"), "400", "SO-1"))
    job = run_of(clerk, scope="all", preview_for="all")
    assert "Nothing changed." in shown(clerk.get(f"/jobs/{job.pk}/"))


def test_what_failed_is_tried_again_with_one_button(clerk, late, monkeypatch):
    monkeypatch.setattr("holds.evaluation.record_checked", lambda *_, **__: 1 / 0)
    clerk.post("/holds/evaluate/", {"scope": "all", "preview_for": "all"})
    job = Job.objects.get()
    for minute in range(0, 40, 10):
        then = job.created_at + dt.timedelta(minutes=minute)
        run_job(job.pk, at=partial(dt.datetime.fromisoformat, then.isoformat()))
    page = shown(clerk.get(f"/jobs/{job.pk}/"))
    assert "Retry failed" in page
    assert "ZeroDivisionError" in page
    monkeypatch.undo()
    answer = clerk.post(f"/jobs/{job.pk}/retry/")
    again = Job.objects.get(follows=job)
    assert answer.headers["Location"] == f"/jobs/{again.pk}/"
    run_job(again.pk)
    assert Hold.objects.get(pk=late.pk).ready_to_release


def test_the_dialog_says_what_happens_to_ready_holds_and_that_rules_changed(clerk, late):
    page = shown(clerk.get("/holds/evaluate/"))
    assert "Holds that become ready wait for a person to release them." in page
    assert "Rules or parameters changed." not in page
    parameters(
        automatically_release="with_posting",
        automatic_release_reason=Reason.objects.get(type="release", code="AUTO"),
    )
    page = shown(clerk.get("/holds/evaluate/"))
    assert "are released and posted, reason AUTO" in page
    assert "1 hold was last evaluated under earlier ones." in page


def test_a_viewer_starts_nothing_with_the_buttons_of_a_run(clerk, late, sign_in):
    job = run_of(clerk, scope="all", preview="on", preview_for="all")
    viewer = sign_in(Role.VIEWER)
    assert "/apply/" not in shown(viewer.get(f"/jobs/{job.pk}/"))
    for act in ("apply", "retry", "repeat"):
        assert viewer.post(f"/jobs/{job.pk}/{act}/").status_code == 403
    assert Job.objects.count() == 1
