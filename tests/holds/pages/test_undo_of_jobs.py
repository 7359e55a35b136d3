"""What a job did is taken back from *my recent actions* and from its own page, as one act (`ux.md` 3.0)."""

import pytest

from customers import clock, jobs
from customers.models import Job
from holds.models import Hold
from tests.factories_holds import a_customer, a_user, an_order, held, post

pytestmark = pytest.mark.django_db(transaction=True)


def shown(answer) -> str:
    return " ".join(answer.content.decode().split())


@pytest.fixture
def job(world) -> Job:
    """Three holds released by a job of the clerk."""
    ids = [str(held(an_order(a_customer(f"US-{n}", limit="1"), "400", f"SO-{n}")).pk) for n in (1, 2, 3)]
    given = {"holds": ids, "mode": "without_posting", "reason": "PAID"}
    started = jobs.start_job("release_holds", given, actor=a_user("clerk"), now=clock.now())
    jobs.run_job(started.pk)
    return started


def undo_address(job: Job) -> str:
    return f"/holds/undo/{job.pk}/"


def statuses() -> list[str]:
    return list(Hold.objects.order_by("number").values_list("status", flat=True))


def test_a_job_is_one_entry_with_one_undo(clerk, job):
    [act] = clerk.get("/holds/recent/").context["acts"]
    assert (act["words"], act["undo_url"]) == (
        "Released, 3 holds · reason PAID · document confirmation",
        undo_address(job),
    )


def test_its_page_offers_undo_to_who_started_it(clerk, manager, job):
    assert f'action="{undo_address(job)}"' in shown(clerk.get(f"/jobs/{job.pk}/"))
    assert undo_address(job) not in shown(manager.get(f"/jobs/{job.pk}/"))


def test_it_is_asked_first_and_taken_back_on_the_spot(clerk, job):
    assert "Take this back" in shown(clerk.get(undo_address(job)))
    assert "3 holds taken back." in shown(clerk.post(undo_address(job), follow=True))
    assert statuses() == ["active"] * 3
    assert undo_address(job) not in shown(clerk.get(f"/jobs/{job.pk}/"))
    assert "This can no longer be taken back" in shown(clerk.get(undo_address(job)))


def test_what_could_not_be_taken_back_is_said(clerk, job):
    post(Hold.objects.get(order__number="SO-1").order, "confirmation")
    page = shown(clerk.post(undo_address(job), follow=True))
    assert "2 holds taken back." in page
    assert "A document of order USMF:SO-1 was posted since; the release stands." in page


def test_many_are_taken_back_in_the_background_with_an_outcome_for_each(clerk, job, monkeypatch):
    monkeypatch.setattr("holds.pages.recent.UNDO_AT_ONCE", 2)
    post(Hold.objects.get(order__number="SO-1").order, "confirmation")
    answer = clerk.post(undo_address(job))
    back = Job.objects.get(kind="undo_holds")
    assert answer.headers["Location"] == f"/jobs/{back.pk}/"
    jobs.run_job(back.pk)
    assert statuses() == ["released", "active", "active"]
    page = clerk.get(f"/jobs/{back.pk}/")
    assert [(item["label"], item["count"]) for item in page.context["outcomes"]] == [
        ("All", 3),
        ("Failed", 1),
        ("Taken back", 2),
    ]
    [row] = clerk.get(f"/jobs/{back.pk}/?outcome=failed").context["changes"]
    assert (row["order"], row["message"]) == (
        "SO-1",
        "A document of order USMF:SO-1 was posted since; the release stands.",
    )
    assert page.context["failed"] == [], "said once, in the rows"
    assert "Retry failed" in shown(page)


def test_somebody_elses_job_cannot_be_taken_back(manager, job):
    assert manager.get(undo_address(job)).status_code == 404
    assert manager.post(undo_address(job)).status_code == 404
    assert statuses() == ["released"] * 3


def test_a_job_that_did_nothing_to_a_hold_has_nothing_to_take_back(clerk, world):
    assert clerk.get("/holds/undo/6f1fd1a0-0000-4000-8000-000000000000/").status_code == 404
