"""`Idempotency-Key`: one effect, one answer, also for racers on real connections (`reliability.md` C11, C12, F10)."""

import datetime as dt
import threading
from collections import Counter
from typing import Any

import pytest
from django.db import connections

from customers import clock
from customers.edge import idempotency
from customers.models import AccessGrant, IdempotencyKey, Job, Party
from tests.api_client import Api, client, everything
from tests.customers.jobs import toy

JOB = {"kind": "toy", "parameters": {"numbers": [1]}}


@pytest.fixture
def api(company: None) -> Api:
    return everything()


@pytest.mark.django_db
class TestOneCaller:
    def test_the_same_call_again_returns_the_first_answer_and_does_nothing(self, api: Api) -> None:
        first = api.post("jobs", JOB, key="k-1").is_(202)
        again = api.post("jobs", JOB, key="k-1").is_(202)
        assert first.body == again.body
        assert again.headers["Location"] == first.headers["Location"]
        assert again.headers["Idempotent-Replayed"] == "true"
        assert Job.objects.count() == 1

    def test_without_a_key_or_with_another_it_is_another_call(self, api: Api) -> None:
        api.post("jobs", JOB).is_(202)
        api.post("jobs", JOB).is_(202)
        api.post("jobs", JOB, key="k-2").is_(202)
        assert Job.objects.count() == 3

    @pytest.mark.parametrize(
        ("method", "path", "body"),
        [
            ("POST", "jobs", {"kind": "toy", "parameters": {"numbers": [2]}}),
            ("POST", "jobs?x=1", JOB),
            ("PUT", "parties/P-1", JOB),
        ],
    )
    def test_another_call_with_the_same_key_is_refused(self, api: Api, method: str, path: str, body: Any) -> None:
        api.post("jobs", JOB, key="k-1").is_(202)
        assert api.call(method, path, body, key="k-1").is_(422)["code"] == "idempotency_key_reused"

    def test_a_key_belongs_to_its_caller(self, api: Api) -> None:
        api.post("jobs", JOB, key="k-1").is_(202)
        client("other", "credit_administrator").post("jobs", JOB, key="k-1").is_(202)
        assert Job.objects.count() == 2

    def test_what_was_refused_is_not_kept_so_that_a_repeat_is_a_new_attempt(self, api: Api) -> None:
        api.put("parties/P-1", {}, key="k-1").is_(400)
        api.patch("parties/P-1", {"name": "A"}, key="k-2").is_(404)
        assert not IdempotencyKey.objects.exists()
        api.put("parties/P-1", {"name": "A"}, key="k-1").is_(201)
        api.patch("parties/P-1", {"name": "A"}, key="k-2").is_(200)

    @pytest.mark.parametrize("key", ["", "two words", "x" * 201, "ä"])
    def test_a_key_is_printable_and_short(self, api: Api, key: str) -> None:
        api.post("jobs", JOB, key=key).is_(400)
        assert not Job.objects.exists()

    def test_the_right_is_checked_before_the_replay(self, api: Api) -> None:
        api.post("jobs", JOB, key="k-1").is_(202)
        AccessGrant.objects.exclude(role="viewer").delete()
        api.post("jobs", JOB, key="k-1").is_(404)
        AccessGrant.objects.all().delete()
        api.post("jobs", JOB, key="k-1").is_(403)

    def test_a_key_is_forgotten_after_thirty_days(self, api: Api) -> None:
        api.post("jobs", JOB, key="k-1").is_(202)
        IdempotencyKey.objects.update(created_at=clock.now() - dt.timedelta(days=31))
        api.post("jobs", JOB, key="k-1").is_(202)
        assert Job.objects.count() == 2
        IdempotencyKey.objects.update(created_at=clock.now() - dt.timedelta(days=31))
        assert idempotency.purge(now=clock.now()) == 1

    def test_a_key_does_nothing_to_calls_that_change_nothing(self, api: Api) -> None:
        api.call("GET", "customers", key="k-1").is_(200)
        assert not IdempotencyKey.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_eight_racers_with_one_key_have_one_effect(api: Api) -> None:
    rounds = 20
    for number in range(rounds):
        answers = _race(8, lambda key=f"k-{number}": api.post("jobs", JOB, key=key))
        counted = Counter(answer.status for answer in answers)
        assert set(counted) <= {202, 409}
        assert len({answer["id"] for answer in answers if answer.status == 202}) == 1
        assert {answer["code"] for answer in answers if answer.status == 409} <= {"in_flight"}
    assert Job.objects.count() == rounds
    assert toy.finished == []


@pytest.mark.django_db(transaction=True)
def test_an_effect_that_fails_leaves_no_key(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        Party.objects.create(number="P-1", name="half an effect")
        raise RuntimeError("the worker died")

    with monkeypatch.context() as patch:
        patch.setattr("customers.api.jobs.jobs.start_job", fail)
        with pytest.raises(RuntimeError):
            api.post("jobs", JOB, key="k-1")
    assert not Party.objects.exists()
    assert not IdempotencyKey.objects.exists()
    api.post("jobs", JOB, key="k-1").is_(202)


def _race(racers: int, call: Any) -> list[Any]:
    answers: list[Any] = []
    gate = threading.Barrier(racers)

    def run() -> None:
        gate.wait(10)
        answers.append(call())
        connections.close_all()

    threads = [threading.Thread(target=run) for _ in range(racers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return answers
