"""What is done with many journals of the list (`ux.md` 3.7): each by itself, and both lists said."""

from typing import Any

import pytest
from django.test import Client

from credit_mgmt.journals import jobs as journal_jobs
from credit_mgmt.journals.approval import require_approval
from credit_mgmt.journals.many import KIND, act_on_journals
from credit_mgmt.models import LimitJournal
from customers import jobs
from customers.errors import InvalidInput
from customers.models import Customer, Job, Role
from tests.credit_mgmt.pages.journals.desk import limit_of, shown, signed_in
from tests.factories_credit import ACTOR, AT, customer_with_limit
from tests.factories_journals import a_journal, line, post, today

pytestmark = pytest.mark.django_db


def statuses() -> list[str]:
    return list(LimitJournal.objects.order_by("sequence").values_list("status", flat=True))


@pytest.fixture
def three(customer: Customer) -> list[str]:
    """A sound draft, one with an error, and one without lines."""
    other = customer_with_limit("10", account="US-2")
    return [a_journal(line(customer, 1500)).number, a_journal(line(other, -1)).number, a_journal().number]


class TestPostingMany:
    def test_posts_those_that_can_be_and_names_the_others_with_why(
        self, manager: Client, three: list[str], customer: Customer
    ) -> None:
        page = shown(manager.get("/journals/many/post/", {"journal": three}))
        assert "Post 3 journals" in page
        answer = manager.post("/journals/many/post/", {"journal": three})
        assert answer.status_code == 409
        page = shown(answer)
        assert f"Posted: {three[0]}." in page
        assert "2 not:" in page
        assert "1 errors in the lines" in page
        assert "has no lines: add some first" in page
        assert [value for name, value in answer.context["chosen"].kept] == three[1:]
        assert statuses() == ["posted", "draft", "draft"]
        assert limit_of(customer) == 1500

    def test_is_for_who_may_post(self, clerk: Client, three: list[str]) -> None:
        page = shown(clerk.post("/journals/many/post/", {"journal": three[:1]}))
        assert "1 not:" in page
        assert statuses()[0] == "draft"
        assert "Post…" not in shown(clerk.get("/journals/"))
        assert signed_in(Role.VIEWER, "USMF").post("/journals/many/post/", {"journal": three}).status_code == 403

    def test_of_many_or_long_ones_is_a_job_with_an_outcome_for_each(
        self, manager: Client, three: list[str], monkeypatch: Any
    ) -> None:
        monkeypatch.setattr("credit_mgmt.pages.journal_many.LINES_AT_ONCE", 1)
        address = manager.post("/journals/many/post/", {"journal": three})["Location"]
        job = Job.objects.get()
        assert address == f"/jobs/{job.pk}/"
        assert (job.kind, job.parameters) == (KIND, {"act": "post", "journals": three})


class TestSubmittingAndCancelling:
    def test_submits_each(self, clerk: Client, three: list[str]) -> None:
        require_approval(subject="journal", legal_entity=None, required=True, actor=ACTOR)
        clerk.post("/journals/many/submit/", {"journal": three[:1]})
        assert statuses() == ["in_workflow", "draft", "draft"]

    def test_cancels_drafts_and_leaves_what_is_none(self, clerk: Client, three: list[str], customer: Customer) -> None:
        post(LimitJournal.objects.get(number=three[0]))
        page = shown(clerk.post("/journals/cancel/", {"journal": three}))
        assert f"Cancelled: {three[1]}, {three[2]}." in page
        assert "is posted and never changes" in page
        assert statuses() == ["posted", "cancelled", "cancelled"]

    def test_does_nothing_else(self, clerk: Client, three: list[str]) -> None:
        assert clerk.get("/journals/many/delete/").status_code == 404
        with pytest.raises(InvalidInput):
            act_on_journals(act="delete", journals=three, actor=ACTOR, at=AT, today=today)


class TestSelecting:
    def test_survives_paging_and_takes_all_that_match(self, clerk: Client, three: list[str]) -> None:
        kept = clerk.get("/journals/selection/", {"from": "status=draft", "journal": three[:1], "then": "?per=25"})
        assert "selected=" in kept["Location"]
        token = kept["Location"].partition("selected=")[2]
        put = {"from": "status=draft", "journal": three[1:2], "selected": token}
        more = clerk.get("/journals/selection/", put)["Location"]
        page = clerk.get(more)
        assert page.context["picked"]["count"] == 2
        everything = clerk.get("/journals/selection/", {"from": "status=draft", "all": "1"})["Location"]
        found = clerk.get(everything)
        assert (found.context["picked"]["count"], found.context["picked"]["everything"]) == (3, True)
        token = everything.partition("selected=")[2]
        clerk.post("/journals/cancel/", {"selected": token, "was": ",".join(three), "journal": three[2]})
        assert statuses() == ["draft", "draft", "cancelled"]

    def test_says_when_it_is_forgotten(self, clerk: Client, three: list[str]) -> None:
        gone = clerk.post("/journals/cancel/", {"selected": "8a2c8dd2-7f6c-4b04-9a1a-111111111111"})
        assert gone.status_code == 409

    def test_chosen_journals_are_had_as_a_file(self, clerk: Client, three: list[str]) -> None:
        answer = clerk.get("/journals/export-chosen/", {"journal": three[:2]})
        assert answer["Location"] == f"/journals/export/?journal={three[0]}&journal={three[1]}&format=xlsx"
        text = clerk.get(answer["Location"].replace("xlsx", "csv")).content.decode("utf-8-sig")
        assert [row.split(",")[0] for row in text.splitlines()] == ["Journal", *three[:2]]
        assert clerk.get("/journals/export-chosen/")["Location"] == "/journals/"


@pytest.mark.django_db(transaction=True)
def test_the_job_does_each_journal_by_itself(customer: Customer) -> None:
    journal_jobs.register()
    good, bad = a_journal(line(customer, 1500)), a_journal()
    job = jobs.start_job(KIND, {"act": "post", "journals": [good.number, bad.number]}, actor=ACTOR, now=AT)
    jobs.run_job(job.pk)
    job.refresh_from_db()
    result = jobs.result(job)
    assert result["done"] == 1
    assert [(one["id"], one["code"]) for one in result["failed"]] == [(bad.number, "journal_is_empty")]
    assert statuses() == ["posted", "draft"]
