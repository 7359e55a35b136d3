"""The runs (`ux.md` 3.5, 3.14): what they changed, which are stuck, how one hears that one has ended, who sees them."""

import datetime as dt
import json

import pytest

from customers import clock
from customers.jobs import run_job, start_job
from customers.models import Job, JobItem, Role
from holds.force_many import KIND as FORCE
from holds.models import Hold
from tests.factories_holds import a_customer, a_user, an_entity, an_order, held

pytestmark = pytest.mark.django_db(transaction=True)


def shown(answer) -> str:
    return " ".join(answer.content.decode().split())


def a_job(name: str = "manager", orders: int = 2) -> Job:
    customer = a_customer("US-001")
    for _ in range(orders):
        an_order(customer, "100")
    parameters = {"customers": ["USMF:US-001"], "reason": "DISPUTE"}
    return start_job(FORCE, parameters, actor=a_user(name, Role.CREDIT_MANAGER), now=clock.now())


def badge(client, *jobs: Job, url: str = "https://credit.example/holds/"):
    address = "/jobs/badge/?" + "&".join(f"job={job.pk}" for job in jobs)
    return client.get(address, headers={"HX-Request": "true", "HX-Current-URL": url})


def toast(answer) -> dict:
    return json.loads(answer.headers["HX-Trigger"])["toast"]


class TestTheList:
    def test_says_how_much_each_run_changed(self, manager, clerk):
        run_job(a_job().pk)
        held(an_order(a_customer("US-002", limit="1"), "400"))
        clerk.post("/holds/evaluate/", {"scope": "all", "preview": "on"})
        run_job(Job.objects.get(kind="evaluate_for_release").pk)
        rows = {row["title"]: row["changed"] for row in manager.get("/jobs/").context["rows"]}
        assert rows == {"Force hold": 2, "Evaluate for release (preview)": None}

    def test_costs_the_same_however_many_runs(self, manager, django_assert_max_num_queries):
        for _ in range(5):
            Job.objects.create(kind=FORCE, actor="system:x", created_at=clock.now(), parameters={})
        with django_assert_max_num_queries(11):
            manager.get("/jobs/")


class TestAnEvaluation:
    def test_says_by_which_rules_it_went_and_whether_they_changed_meanwhile(self, clerk):
        held(an_order(a_customer("US-001", limit="1"), "400"))
        clerk.post("/holds/evaluate/", {"scope": "all"})
        job = Job.objects.get(kind="evaluate_for_release")
        run_job(job.pk)
        job.refresh_from_db()
        page = shown(clerk.get(f"/jobs/{job.pk}/"))
        assert f", version {job.pinned['version']}." in page
        assert "With rules as of" in page
        [item] = JobItem.objects.filter(job=job)
        item.result["rules"]["changed_since"] = True
        item.save(update_fields=["result"])
        page = shown(clerk.get(f"/jobs/{job.pk}/"))
        assert f", version {job.pinned['version']}; rules changed since, evaluate again." in page


class TestAStuckRun:
    def stuck(self, **item) -> Job:
        job = a_job()
        long_ago = clock.now() - dt.timedelta(minutes=3)
        Job.objects.filter(pk=job.pk).update(
            status="running", created_at=long_ago, started_at=long_ago, planned_at=long_ago
        )
        values = {"status": "waiting", "claimed_at": long_ago, **item}
        JobItem.objects.create(job=job, position=0, payload=[1], size=1, **values)
        return job

    def test_is_named_as_such_with_a_way_to_go_on(self, manager):
        job = self.stuck()
        assert "Stuck" in shown(manager.get("/jobs/"))
        page = shown(manager.get(f"/jobs/{job.pk}/"))
        assert "No worker has given a sign of life for two minutes." in page
        assert "A worker was called." in shown(manager.post(f"/jobs/{job.pk}/restart/", follow=True))

    @pytest.mark.parametrize("sign", ["claimed", "held"])
    def test_is_none_while_a_worker_gives_signs_of_life(self, manager, sign):
        now = clock.now()
        later = now + dt.timedelta(minutes=9)
        held_now = {"status": "leased", "leased_until": later, "lease_token": "0" * 32}
        self.stuck(**(held_now if sign == "held" else {"claimed_at": now}))
        assert "Stuck" not in shown(manager.get("/jobs/"))

    def test_is_restarted_by_who_may_do_what_it_does(self, manager, sign_in):
        job = self.stuck()
        auditor = sign_in(Role.AUDITOR)
        assert "Restart" not in shown(auditor.get(f"/jobs/{job.pk}/"))
        assert auditor.post(f"/jobs/{job.pk}/restart/").status_code == 403

    def test_has_ended_meanwhile_is_said(self, manager):
        job = a_job()
        run_job(job.pk)
        assert "start it again instead" in shown(manager.post(f"/jobs/{job.pk}/restart/", follow=True))


class TestTheBadge:
    def test_asks_what_has_become_of_the_readers_jobs_and_says_it_once(self, manager):
        job = a_job()
        page = shown(manager.get("/holds/"))
        assert "Jobs 1" in page
        assert f"/jobs/badge/?job={job.pk}" in page
        assert "Jobs 1" in shown(badge(manager, job))
        assert "HX-Trigger" not in badge(manager, job).headers
        run_job(job.pk)
        answer = badge(manager, job)
        assert toast(answer) == {"text": "Force hold finished, 2 changed.", "tone": "success"}
        assert f'href="/jobs/{job.pk}/"' in shown(answer)
        assert "hx-get" not in shown(answer), "what has ended is not asked for again"
        assert "jobs-running" not in shown(manager.get("/holds/"))

    def test_says_nothing_on_the_page_of_that_job(self, manager):
        job = a_job()
        run_job(job.pk)
        assert "HX-Trigger" not in badge(manager, job, url=f"https://credit.example/jobs/{job.pk}/").headers

    def test_is_of_the_readers_own_jobs(self, manager, clerk):
        job = a_job()
        run_job(job.pk)
        assert "HX-Trigger" not in badge(clerk, job).headers
        assert manager.get("/jobs/badge/?job=nonsense").status_code == 200


def test_cancelling_is_asked_for_by_a_key(manager):
    page = shown(manager.get(f"/jobs/{a_job().pk}/"))
    assert 'data-dialog data-key="c" aria-keyshortcuts="c"' in page


def test_a_sales_viewer_sees_no_runs_as_they_name_figures(sign_in, clerk):
    held(an_order(a_customer("US-002", limit="1"), "400"))
    clerk.post("/holds/evaluate/", {"scope": "all"})
    job = Job.objects.get()
    run_job(job.pk)
    sales = sign_in(Role.SALES_VIEWER)
    for address in ("/jobs/", f"/jobs/{job.pk}/", f"/jobs/{job.pk}/cancel/"):
        assert sales.get(address).status_code == 403
    assert ">Jobs<" not in shown(sales.get("/orders/"))


def test_an_evaluation_of_all_entities_is_not_done_twice_by_who_cannot_see_it(clerk, sign_in):
    held(an_order(a_customer("US-002", limit="1"), "400"))
    clerk.post("/holds/evaluate/", {"scope": "all"})
    an_entity("DEMF", "EUR")
    american = sign_in(entity="USMF")
    answer = american.post("/holds/evaluate/", {"scope": "all"})
    assert answer.status_code == 409
    assert "A run for these and further legal entities is under way, 0 % of it done." in shown(answer)
    assert Job.objects.count() == Hold.objects.count() == 1
