"""Measures of `ux.md` 5 that a page alone shows: 2, the row says why; 9, honest progress."""

import datetime as dt
import html
import re
from functools import partial

import pytest

from credit_mgmt import messages
from customers import clock, jobs
from customers.jobs import run_job
from customers.models import Job
from holds import evaluation
from holds.models import Hold
from tests.engine.test_messages import CASES
from tests.factories_holds import a_customer, an_order, held
from tests.holds.pages import rows

pytestmark = pytest.mark.django_db(transaction=True)


def text_of(page: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", page)).split())


class TestMeasure2:
    """Why an order is held is visible in its row: every valid reason with its number, no click."""

    def test_every_reason_stands_in_the_row_with_its_number(self, clerk):
        customer = a_customer()
        chips = {}
        for decision, chip, _ in CASES:
            [reason] = decision.reasons
            drawn = messages.reason_chip(reason)
            known = {"type": reason.type, "text": drawn.text, "number": drawn.number, "valid": True}
            hold = rows.a_hold(an_order(customer), reasons=(reason.type,), chips=[known])
            chips[hold.number] = chip
        assert len({decision.reasons[0].type for decision, *_ in CASES}) >= 12
        page = clerk.get("/holds/?per=200").content.decode()
        for number, chip in chips.items():
            row = page.partition(f'id="row-{number}"')[2].partition("</tr>")[0]
            assert chip in text_of(row), chip

    def test_five_reasons_are_five_chips_and_none_is_called_multiple(self, clerk):
        drawn = [messages.reason_chip(decision.reasons[0]) for decision, *_ in CASES[:5]]
        chips = [{"type": "limit_used", "text": chip.text, "number": chip.number, "valid": True} for chip in drawn]
        rows.a_hold(an_order(a_customer()), chips=chips)
        page = text_of(clerk.get("/holds/").content.decode())
        assert all(chip.text in page for chip in drawn)
        assert "Multiple" not in page


class TestMeasure9:
    """A long operation shows at once how far it is; cancelling leaves a correct list; the result can be read later."""

    @pytest.fixture
    def job(self, clerk, monkeypatch) -> Job:
        monkeypatch.setattr(evaluation, "cut", partial(evaluation.cut, size=1))
        for number in range(3):
            held(an_order(a_customer(f"US-{number}", limit="100"), "400"))
        clerk.post("/holds/evaluate/", {"scope": "all"})
        return Job.objects.get()

    def test_progress_is_there_before_a_worker_is_and_counts_as_it_goes(self, clerk, job):
        before = clerk.get(f"/jobs/{job.pk}/").content.decode()
        assert "<progress" in before
        assert "waiting" in text_of(before).lower()
        run_job(job.pk, budget=dt.timedelta(0))
        assert jobs.progress(job).total == 3
        during = clerk.get(f"/jobs/{job.pk}/")
        panel = during.context["job"]
        assert (panel["done"], panel["total"], panel["percent"]) == (1, 3, 33)
        assert panel["left"], "how long it still takes is said"

    def test_cancelling_leaves_what_is_done_and_nothing_half_done(self, clerk, job):
        run_job(job.pk, budget=dt.timedelta(0))
        clerk.post(f"/jobs/{job.pk}/cancel/")
        run_job(job.pk)
        progress = jobs.progress(job)
        assert (progress.done, progress.skipped, progress.open) == (1, 2, 0)
        assert Hold.objects.filter(status="active").count() == 3
        assert clerk.get("/holds/").status_code == 200

    def test_the_result_is_readable_after_ninety_days(self, clerk, job):
        run_job(job.pk)
        ago = clock.now() - dt.timedelta(days=90)
        Job.objects.filter(pk=job.pk).update(created_at=ago, started_at=ago, finished_at=ago)
        jobs.sweep_jobs(now=clock.now())
        page = text_of(clerk.get(f"/jobs/{job.pk}/").content.decode())
        assert "3 of 3" in page
        assert "Finished" in page
