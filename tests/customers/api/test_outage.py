"""What is answered when something is down: never a decision, always a problem document (`reliability.md` 1.7, F15)."""

from typing import Any

import pytest
from django.db import OperationalError

from customers.errors import NotDecided
from tests.api_client import Api, everything

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("company")]


@pytest.fixture
def api() -> Api:
    return everything()


def failing(problem: Exception) -> Any:
    def fail(*_: Any, **__: Any) -> None:
        raise problem

    return fail


def test_a_database_without_answer_is_not_decided_and_may_be_asked_again(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("customers.edge.authentication.holder_of_token", failing(OperationalError("server closed")))
    answer = api.get("customers").is_(503)
    assert (answer["code"], answer["proceed"]) == ("not_decided", False)
    assert int(answer.headers["Retry-After"]) > 0
    assert "server closed" not in str(answer.body)


def test_a_service_that_could_not_decide_says_when_to_ask_again(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("customers.api.jobs.jobs.start_job", failing(NotDecided("The account is busy.", retry_after=7)))
    answer = api.post("jobs", {"kind": "toy"}, key="k-1").is_(503)
    assert (answer["code"], answer.headers["Retry-After"]) == ("not_decided", "7")


def test_a_fault_tells_nothing_and_is_a_problem_document_too(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("customers.api.jobs.jobs.start_job", failing(RuntimeError("secret")))
    api.http.raise_request_exception = False
    answer = api.post("jobs", {"kind": "toy"}).is_(500)
    assert answer["code"] == "server_error"
    assert "secret" not in str(answer.body)
