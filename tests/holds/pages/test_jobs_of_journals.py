"""What the page of a run says of journals: what was left out and why, what failed, and the way to put it right."""

import datetime as dt

import pytest

from customers import clock, jobs
from customers.models import Job, Role
from tests.factories_holds import DAY, a_customer, a_user
from tests.factories_journals import a_journal, line

pytestmark = pytest.mark.django_db(transaction=True)


def shown(answer) -> str:
    return " ".join(answer.content.decode().split())


def run(kind: str, given: dict) -> Job:
    job = jobs.start_job(kind, given, actor=a_user("manager", Role.CREDIT_MANAGER), now=clock.now())
    jobs.run_job(job.pk)
    return job


@pytest.fixture
def wrong(world):
    """A draft with a line that ends before it begins."""
    customer = a_customer()
    late = line(customer, 2000, new_from=DAY + dt.timedelta(days=9), new_to=DAY + dt.timedelta(days=2))
    return a_journal(late, actor=a_user("manager", Role.CREDIT_MANAGER), at=clock.now())


def test_a_journal_that_could_not_be_posted_leads_to_its_wrong_lines_and_is_tried_again(manager, wrong):
    job = run("post_journal", {"journal": wrong.number})
    answer = manager.get(f"/jobs/{job.pk}/")
    page = shown(answer)
    assert [item["id"] for item in answer.context["failed"]] == [wrong.number], answer.context["failed"]
    assert f'href="/journals/{wrong.number}/?show=error">Journal {wrong.number}</a>' in page
    assert "Retry failed" in page
    wrong.lines.update(new_from=DAY)
    answer = manager.post(f"/jobs/{job.pk}/retry/")
    again = Job.objects.get(follows=job)
    assert answer.headers["Location"] == f"/jobs/{again.pk}/"
    jobs.run_job(again.pk)
    assert type(wrong).objects.get(pk=wrong.pk).status == "posted"


def test_lines_that_were_not_generated_are_counted_by_reason(manager, world):
    a_customer("US-001", limit="1000")
    a_customer("US-002", limit=None)
    draft = a_journal(actor=a_user("manager", Role.CREDIT_MANAGER), at=clock.now())
    given = {"journal": draft.number, "source": "customers", "adjustment": "10", "value_type": "percentage"}
    given |= {"dates": "absolute", "new_to": "2027-12-31"}
    job = run("generate_journal_lines", given)
    page = manager.get(f"/jobs/{job.pk}/")
    tallies = {tally["label"]: tally["value"] for tally in page.context["job"]["tallies"]}
    assert (tallies["Added"], tallies["Left out: unlimited"]) == (1, 1)
    assert f"Journal {draft.number}</a>" in shown(page)
