"""`POST jobs {kind: "import"}` (`api.md`): many objects of one resource in the background, each by itself."""

from typing import Any

import pytest

from customers import jobs
from customers.edge import importing
from customers.models import Customer
from tests.api_client import Api, client, everything

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("company")]


def a_row(account: str, **fields: Any) -> dict[str, Any]:
    return {"key": f"USMF:{account}", "name": account, "currency": "USD", **fields}


def start(api: Api, *rows: Any, resource: str = "customers") -> Any:
    return api.post("jobs", {"kind": "import", "parameters": {"resource": resource, "rows": list(rows)}})


def run(api: Api, *rows: Any, resource: str = "customers") -> Any:
    started = start(api, *rows, resource=resource).is_(202)
    jobs.run_job(started["id"])
    return api.get(f"jobs/{started['id']}").is_(200)


def test_each_row_succeeds_or_fails_by_itself() -> None:
    api = everything()
    done = run(api, a_row("I-1"), a_row("I-2", currency="XXX"), {"key": "nonsense"}, a_row("I-3", colour="red"))
    assert (done["status"], done["parameters"]) == ("finished", {"resource": "customers", "rows": 4})
    result = done["result"]
    assert (result["created"], result["updated"], result["unchanged"]) == (1, 0, 0)
    assert [(one["index"], one["field"], one["code"]) for one in result["failed"]][:1] == [
        (1, "currency", "unknown_reference")
    ]
    assert {one["index"] for one in result["failed"]} == {1, 2, 3}
    assert Customer.objects.filter(account__startswith="I-").values_list("account", flat=True).get() == "I-1"


def test_the_same_rows_again_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "PIECE", 2)
    api, rows = everything(), [a_row(f"I-{n}") for n in range(5)]
    assert run(api, *rows)["result"]["created"] == 5
    again = run(api, *rows)["result"]
    assert (again["created"], again["unchanged"], again["failed"]) == (0, 5, [])


@pytest.mark.parametrize(
    ("parameters", "field", "code"),
    [
        ({}, "parameters.resource", "invalid_choice"),
        ({"resource": "jobs", "rows": [{}]}, "parameters.resource", "invalid_choice"),
        ({"resource": "customers"}, "parameters.rows", "invalid"),
        ({"resource": "customers", "rows": []}, "parameters.rows", "invalid"),
        ({"resource": "customers", "rows": [{}] * 10_001}, "parameters.rows", "too_many"),
        ({"resource": "customers", "rows": [{}], "file": "x"}, "parameters.file", "unknown_field"),
    ],
)
def test_what_is_no_import_is_refused_at_once(parameters: dict[str, Any], field: str, code: str) -> None:
    answer = everything().post("jobs", {"kind": "import", "parameters": parameters}).is_(400)
    assert answer.problem == [(field, code)]


def test_who_may_not_feed_brings_nothing_in() -> None:
    assert start(client("reader", "viewer"), a_row("I-1")).status == 403
    german = client("german", "integration", "DEMF")
    failed = run(german, a_row("I-1"))["result"]["failed"]
    assert [one["code"] for one in failed] == ["not_found"]
    assert not Customer.objects.filter(account="I-1").exists()


def test_every_fed_resource_can_be_brought_in() -> None:
    assert {"customers", "sales-orders", "invoices", "payments", "exchange-rates", "policies"} <= set(
        importing.importable()
    )
