"""Backtests through the API: started as a job, read as a table, and order by order (`api.md` Jobs, `ux` 3.10)."""

import uuid
from typing import Any

import pytest

from credit_mgmt.models import BacktestRow
from customers import jobs
from customers.access import POLICY, Action
from customers.models import Role
from tests import factories as make
from tests.api_client import Api, client, everything
from tests.credit_mgmt.backtests.world import NOW, TODAY, a_customer, check, draft_of, orders_of
from tests.factories_credit import BlockingRuleFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def api(settings: Any) -> Api:
    settings.CREDIT_TODAY = TODAY
    rule = BlockingRuleFactory(type="days_overdue", days=60, name="DO-07")
    check([*orders_of(a_customer(70), [100]), *orders_of(a_customer(45), [200, 300]), *orders_of(a_customer(), [50])])
    draft_of(rule, days=30)
    return everything()


def finished(api: Api, **parameters: Any) -> str:
    job = api.post("jobs", {"kind": "backtest_rules", "parameters": {"rule": "DO-07", **parameters}}).is_(202)
    jobs.run_job(job["id"], at=lambda: NOW)
    return str(job["id"])


def test_is_a_job_whose_result_is_read_by_its_id(api: Api) -> None:
    made = finished(api)
    job = api.get(f"jobs/{made}").is_(200)
    assert (job["status"], job["done"], job["total"]) == ("finished", 4, 4)
    assert job["result"] == {
        "orders": 4, "exact": 4, "rebuilt": 0, "not_rebuildable": 0, "stopped_now": 1, "stopped_then": 3
    }  # fmt: skip
    backtest = api.get(f"backtests/{made}").is_(200)
    assert (backtest["status"], backtest["days"], backtest["last_day"]) == ("finished", 180, TODAY.isoformat())
    [rule] = backtest["rules"]
    assert (rule["key"], rule["now"], rule["tried"], rule["state"]) == ("DO-07/2", 1, 2, "draft")
    totals = backtest["totals"]
    assert totals["orders"] == {"now": 1, "then": 3, "difference": 2}
    assert totals["values"] == [{"currency": "USD", "now": "100.00", "then": "600.00", "difference": "500.00"}]
    assert sum(line["then"] for line in totals["became"].values()) == 3


def test_the_orders_behind_a_figure(api: Api) -> None:
    made = finished(api)
    rows = api.get(f"backtest-orders?backtest={made}&stopped_now=false&stopped_then=true").is_(200)["results"]
    assert [(row["value"], row["became"], row["otherwise"]) for row in rows] == [
        ("300.00", "unknown", False), ("200.00", "unknown", False),
    ]  # fmt: skip
    assert {row["backtest"] for row in rows} == {made}
    one = api.get(f"decisions/{rows[0]['decision']}").is_(200)
    assert one["order"] == rows[0]["sales_order"]


def test_before_it_has_finished_there_are_no_totals(api: Api) -> None:
    job = api.post("jobs", {"kind": "backtest_rules", "parameters": {"rule": "DO-07"}}).is_(202)
    api.get(f"backtests/{job['id']}").is_(404)  # not begun
    jobs.run_job(job["id"], at=lambda: NOW)
    assert [row["id"] for row in api.get("backtests").is_(200)["results"]] == [job["id"]]


@pytest.mark.parametrize(
    ("parameters", "field"),
    [({"days": 0}, "parameters.days"), ({"days": 10_000}, "parameters.days"), ({"rule": "NO-1"}, "parameters.rule")],
)
def test_what_is_refused_names_the_field(api: Api, parameters: dict[str, Any], field: str) -> None:
    body = {"kind": "backtest_rules", "parameters": {"rule": "DO-07", **parameters}}
    assert [error["field"] for error in api.post("jobs", body).is_(400)["errors"]] == [field]


@pytest.mark.parametrize("role", Role.values)
def test_who_sees_exposure_asks_and_reads(api: Api, role: str) -> None:
    made, somebody = finished(api), client("somebody", role)
    allowed = role in POLICY[Action.VIEW_EXPOSURE]
    for path in ("backtests", f"backtests/{made}", "backtest-orders"):
        assert somebody.get(path).status == (200 if allowed else 403)
    body = {"kind": "backtest_rules", "parameters": {"rule": "DO-07"}}
    assert somebody.post("jobs", body).status == (202 if allowed else 403)


def test_of_other_legal_entities_there_is_nothing(api: Api) -> None:
    make.LegalEntityFactory(code="DEMF")
    made, german = finished(api), client("german", ["viewer"], "DEMF")
    german.get(f"backtests/{made}").is_(404)
    assert german.get("backtests").is_(200)["results"] == []
    assert BacktestRow.objects.count() == 3
    assert german.get(f"backtest-orders?backtest={made}").is_(200)["results"] == []


@pytest.mark.parametrize("path", [f"backtests/{uuid.UUID(int=7)}", "backtests/none"])
def test_what_there_is_not_is_not_found(api: Api, path: str) -> None:
    api.get(path).is_(404)
