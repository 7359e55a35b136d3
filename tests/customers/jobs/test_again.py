"""What failed is tried again by a job that follows; what is under way is joined (`ux.md` 3.5)."""

import dataclasses
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connections

from customers import jobs
from customers.access import Actor, Grant, NotAllowed
from customers.errors import NotFound, Refused
from customers.jobs import kinds
from customers.models import Job, JobItem, LegalEntity, Role
from tests.customers.jobs import toy
from tests.factories import LegalEntityFactory
from tests.reliability.races import answers, race

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def one_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """The toy, one run per legal entity at a time."""
    monkeypatch.setitem(kinds._kinds, "toy", dataclasses.replace(kinds.kind_of("toy"), one_run=True))


@pytest.fixture
def poisoned() -> Job:
    """A job that ended with two dead entries."""
    job = toy.start(poison=[3, 7])
    for minute in range(12):
        toy.run(job, toy.NOW + minute * (toy.LATER - toy.NOW))
    job.refresh_from_db()
    assert job.status == "finished"
    return job


def someone(*entities: str) -> Actor:
    return Actor("user", 0, "Someone", tuple(Grant(Role.CREDIT_ADMINISTRATOR, entity) for entity in entities))


class TestRetry:
    def test_works_on_what_failed_and_on_nothing_else(self, poisoned: Job) -> None:
        assert toy.made() == [0, 1, 2, 4, 5, 6, 8, 9]
        again = jobs.retry_job(job_id=poisoned.pk, actor=toy.SYSTEM, now=toy.LATER)
        assert again.follows == poisoned
        Job.objects.filter(pk=again.pk).update(parameters={**again.parameters, "poison": []})
        toy.run(again, toy.LATER)
        again.refresh_from_db()
        assert again.status == "finished"
        assert jobs.result(again) == {"made": 2, "numbers": [3, 7]}
        assert toy.made() == list(range(10))
        assert [item["id"] for item in jobs.result(poisoned)["failed"]] == [3, 7], "the first run stays as it was"

    def test_asked_twice_at_once_is_one_job(self, poisoned: Job) -> None:
        def ask() -> Job:
            return jobs.retry_job(job_id=poisoned.pk, actor=toy.SYSTEM, now=toy.LATER)

        first, *others = answers(race([ask] * 4))
        assert {job.pk for job in others} == {first.pk}

    def test_of_a_job_that_could_not_be_planned_starts_it_again(self) -> None:
        job = toy.start(size=0)
        for _ in range(3):
            toy.run(job)
        job.refresh_from_db()
        assert job.status == "failed"
        again = jobs.retry_job(job_id=job.pk, actor=toy.SYSTEM, now=toy.LATER)
        assert (again.status, again.planned_at, again.follows) == ("queued", None, job)

    def test_is_refused_while_the_job_lives_and_where_nothing_failed(self) -> None:
        job = toy.start()
        with pytest.raises(Refused) as live:
            jobs.retry_job(job_id=job.pk, actor=toy.SYSTEM, now=toy.LATER)
        toy.run(job)
        with pytest.raises(Refused) as well:
            jobs.retry_job(job_id=job.pk, actor=toy.SYSTEM, now=toy.LATER)
        assert (live.value.code, well.value.code) == ("job_live", "nothing_failed")
        assert Job.objects.count() == 1

    def test_is_for_who_may_do_it_in_all_its_legal_entities(self, poisoned: Job) -> None:
        LegalEntityFactory(code="AA01")
        with pytest.raises(NotFound):
            jobs.retry_job(job_id=poisoned.pk, actor=someone("AA01"), now=toy.LATER)
        Job.objects.filter(pk=poisoned.pk).update(legal_entities=["AA01"])
        viewer = Actor("user", 0, "Someone", (Grant(Role.VIEWER, "AA01"),))
        with pytest.raises(NotAllowed):
            jobs.retry_job(job_id=poisoned.pk, actor=viewer, now=toy.LATER)
        assert jobs.retry_job(job_id=poisoned.pk, actor=someone("AA01"), now=toy.LATER).legal_entities == ["AA01"]


@pytest.mark.usefixtures("one_run")
class TestOneRunPerLegalEntity:
    @pytest.fixture(autouse=True)
    def entities(self) -> Iterator[None]:
        for code in ("AA01", "BB01", "CC01"):
            LegalEntityFactory(code=code)
        yield
        connections.close_all()

    def start(self, *entities: str, actor: Actor | None = None, **parameters: Any) -> Job:
        return toy.start(actor or (someone(*entities) if entities else toy.SYSTEM), **parameters)

    def test_a_second_start_joins_the_running_one(self) -> None:
        first = self.start("AA01", "BB01")
        both = someone("AA01", "BB01")
        assert self.start(actor=both).pk == first.pk
        assert self.start(actor=both, legal_entity="AA01").pk == first.pk
        toy.run(first)
        assert self.start(actor=both).pk != first.pk

    def test_starts_at_once_are_one_run(self) -> None:
        started = answers(race([lambda: self.start("AA01").pk] * 6))
        assert len(set(started)) == Job.objects.count() == 1

    def test_other_parameters_are_another_run(self) -> None:
        assert self.start("AA01").pk != self.start("AA01", size=5).pk

    def test_what_runs_for_some_is_started_for_the_others_only(self) -> None:
        self.start("BB01")
        assert self.start("AA01", "BB01").legal_entities == ["AA01"]
        wanted = set(LegalEntity.objects.values_list("pk", flat=True)) - {"AA01", "BB01"}
        assert set(self.start().legal_entities or ()) == wanted

    def test_a_run_for_all_is_everybodys_who_may_see_it(self) -> None:
        run = self.start()
        assert self.start().pk == run.pk

    @pytest.mark.parametrize("running", [(), ("AA01", "BB01")])
    def test_a_run_that_one_may_not_see_is_not_done_twice_either(self, running) -> None:
        self.start(*running)
        with pytest.raises(Refused, match="under way, 0 % of it done") as problem:
            self.start("AA01")
        assert problem.value.code == "already_running"
        assert self.start("AA01", size=5).legal_entities == ["AA01"], "with other parameters it is another run"


def test_lists_that_are_known_need_no_planning(poisoned: Job) -> None:
    again = jobs.retry_job(job_id=poisoned.pk, actor=toy.SYSTEM, now=toy.LATER)
    items = JobItem.objects.filter(job=again).order_by("position")
    assert list(items.values_list("payload", "position")) == [([3], 0), ([7], 1)]
