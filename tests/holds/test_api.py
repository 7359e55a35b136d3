"""Holds and order actions, as a client of `api.md` meets them."""

import datetime as dt
import uuid

import pytest

from customers.models import Reason, Role, SalesOrder
from holds.models import Hold, HoldEvent
from tests.api_client import Api, client, everything
from tests.factories_holds import DAY, a_customer, a_rule, an_entity, an_order, parameters, reasons

pytestmark = pytest.mark.django_db


@pytest.fixture
def api(settings) -> Api:
    settings.CREDIT_TODAY = DAY
    an_entity()
    reasons()
    a_rule()
    return everything()


def stopped(api: Api, account: str = "US-001", **fields) -> tuple[str, dict]:
    """An order that was put on hold through the API, and its hold."""
    order = an_order(a_customer(account, limit="1000"), "1400", **fields)
    answer = api.post(f"sales-orders/{order.key}/post", {"document": "confirmation"}).is_(200)
    assert answer["outcome"] == "held"
    return order.key, answer["hold"]


def test_posting_answers_with_decision_and_hold(api: Api):
    key, hold = stopped(api, requested_ship_date=dt.date(2026, 12, 1))
    assert hold["sales_order"] == key
    assert (hold["customer"], hold["legal_entity"], hold["amount"], hold["currency"]) == (
        "USMF:US-001", "USMF", "1400.00", "USD",
    )  # fmt: skip
    assert (hold["status"], hold["reason"], hold["forced"], hold["ready_to_release"]) == (
        "active",
        "limit_used",
        False,
        False,
    )
    [reason] = hold["reasons"]
    assert (reason["type"], reason["valid"], reason["evidence"]["measured"]) == ("limit_used", True, "1400.00")
    again = api.post(f"sales-orders/{key}/post", {"document": "confirmation"}).is_(200)
    assert (again["outcome"], again["hold"]["id"]) == ("held", hold["id"])
    assert again["decision"]["id"] == hold["decision"]
    assert again["decision"]["reasons"][0]["type"] == "limit_used"
    order = api.get(f"sales-orders/{key}").is_(200)
    assert (order["document_status"], order["credit_status"]) == ("open", "on_hold")


def test_a_held_posting_says_what_would_clear_it(api: Api):
    order = an_order(a_customer(limit="1000"), "1400")
    question = api.post(f"sales-orders/{order.key}/check", {"document": "confirmation"}).is_(200)
    for _ in range(2):  # the second answer is the hold that is there
        answer = api.post(f"sales-orders/{order.key}/post", {"document": "confirmation"}).is_(200)
        assert answer["decision"]["remedies"] == question["remedies"] != []
        stored = api.get(f"decisions/{answer['decision']['id']}").is_(200).body
        assert {name: stored[name] for name in answer["decision"]} == answer["decision"]


def test_posting_what_passes(api: Api):
    order = an_order(a_customer(limit="1000"))
    answer = api.post(f"sales-orders/{order.key}/post", {"document": "confirmation"}).is_(200)
    assert (answer["outcome"], answer["hold"]) == ("posted", None)
    assert answer["decision"]["outcome"] == "passed"
    assert answer["decision"]["id"] is not None
    second = api.post(f"sales-orders/{order.key}/post", {"document": "confirmation"})
    assert second.is_(409)["code"] == "already_posted"
    early = api.post(f"sales-orders/{order.key}/post", {"document": "invoice"})
    assert early.is_(409)["code"] == "out_of_order"


def test_a_check_is_a_question(api: Api):
    order = an_order(a_customer(limit="1000"), "1400")
    decision = api.post(f"sales-orders/{order.key}/check", {"document": "confirmation"}).is_(200)
    assert (decision["id"], decision["outcome"]) == (None, "held")
    assert decision["remedies"]
    assert not Hold.objects.exists()
    other_day = api.post(f"sales-orders/{order.key}/check", {"document": "confirmation", "date": "2026-01-01"}).is_(200)
    assert other_day["date"] == "2026-01-01"


def test_a_check_of_an_order_of_the_counter_looks_at_the_limit_only(api: Api):
    parameters(message_when_exceeding_credit_limit="error")
    order = an_order(a_customer(limit="1000"), "1400", order_type="pos")
    decision = api.post(f"sales-orders/{order.key}/check", {"document": "confirmation"}).is_(200)
    assert [reason["type"] for reason in decision["reasons"]] == ["limit_exceeded"]
    refused = api.post(f"sales-orders/{order.key}/post", {"document": "confirmation"}).is_(200)
    assert (refused["outcome"], refused["hold"]) == ("refused", None)


def test_a_hold_is_released_and_taken_back(api: Api):
    key, hold = stopped(api)
    path = f"holds/{hold['id']}"
    assert api.post(f"{path}/release", {"mode": "without_posting"}).is_(400)["errors"][0]["field"] == "reason"
    stale = api.post(f"{path}/release", {"mode": "without_posting", "reason": "PAID", "version": 7})
    assert stale.is_(409)["code"] == "stale"
    released = api.post(
        f"{path}/release", {"mode": "without_posting", "reason": "PAID", "note": "ok", "version": 1}
    ).is_(200)
    assert (released["status"], released["release_reason"], released["release_mode"]) == (
        "released",
        "PAID",
        "without_posting",
    )
    assert api.post(f"{path}/release", {"mode": "with_posting", "reason": "PAID"}).is_(409)["code"] == "hold_not_active"
    assert api.post(f"{path}/reinstate", {}).is_(200)["status"] == "active"
    assert api.post(f"{path}/release", {"mode": "with_posting", "reason": "PAID"}).is_(200)["status"] == "released"
    assert api.get(f"sales-orders/{key}").is_(200)["document_status"] == "confirmation"


def test_a_reason_of_another_entity_is_bad_input(api: Api):
    an_entity("DEMF", "EUR")
    Reason.objects.create(type="release", code="GERMAN", legal_entity_id="DEMF")
    _, hold = stopped(api)
    bad = api.post(f"holds/{hold['id']}/release", {"mode": "with_posting", "reason": "GERMAN"})
    assert bad.is_(400)["errors"][0]["field"] == "reason"
    assert HoldEvent.objects.count() == 1


def test_a_hold_is_rejected_and_its_order_reopened(api: Api):
    key, hold = stopped(api)
    assert api.post(f"holds/{hold['id']}/reject", {"note": "no"}).is_(200)["status"] == "rejected"
    assert api.post(f"sales-orders/{key}/post", {"document": "confirmation"}).is_(409)["code"] == "rejected"
    assert api.post(f"sales-orders/{key}/reopen", {}).is_(200)["credit_status"] == "not_checked"
    assert api.post(f"sales-orders/{key}/cancel", {}).is_(200)["credit_status"] == "cancelled"


def test_many_are_released_rejected_and_assigned(api: Api):
    ids = [stopped(api, f"US-{n}")[1]["id"] for n in range(4)]
    nobody = str(uuid.uuid4())
    released = api.post(
        "holds/release",
        {"ids": [ids[0], ids[1], nobody], "mode": "without_posting", "reason": "PAID", "versions": {ids[0]: 1}},
    ).is_(200)
    assert released["succeeded"] == ids[:2]
    assert [(failure["id"], failure["code"]) for failure in released["failed"]] == [(nobody, "not_found")]
    assert api.post("holds/reject", {"ids": [ids[2]]}).is_(200)["succeeded"] == [ids[2]]
    assert api.post("holds/assign", {"ids": [ids[3]], "assignee": None}).is_(200)["succeeded"] == [ids[3]]
    api.post("holds/release", {"ids": [], "mode": "without_posting", "reason": "PAID"}).is_(400)


def test_review_date_and_note_are_edited_in_the_list(api: Api):
    _, hold = stopped(api)
    path = f"holds/{hold['id']}"
    changed = api.patch(path, {"review_date": "2026-12-24", "note": "called"}).is_(200)
    assert (changed["review_date"], changed["note"], changed["version"]) == ("2026-12-24", "called", 3)
    api.patch(path, {"status": "released"}).is_(400)
    api.patch(path, {"assignee": "nobody", "note": "lost"}).is_(400)
    assert api.get(path).is_(200)["note"] == "called"


def test_holds_are_listed_and_filtered(api: Api):
    _, first = stopped(api, "US-1")
    key, second = stopped(api, "US-2")
    api.post(f"holds/{first['id']}/reject", {}).is_(200)

    def found(query: str) -> list[str]:
        return [row["id"] for row in api.get(f"holds?{query}").is_(200)["results"]]

    assert set(found("")) == {first["id"], second["id"]}  # every status
    assert found("status=active") == [second["id"]]
    assert found("status=rejected") == [first["id"]]
    assert found("customer=USMF:US-2") == [second["id"]]
    assert found(f"sales_order={key}") == [second["id"]]
    assert set(found("reason=limit_used")) == {first["id"], second["id"]}
    assert found("reason=forced") == found("ready_to_release=true") == found("legal_entity=DEMF") == []
    assert set(found("ordering=-amount")) == {first["id"], second["id"]}
    api.get("holds?colour=red").is_(400)
    api.get("holds?reason=weather").is_(400)


def test_holds_are_found_by_the_label_that_they_show(api: Api):
    key, held = stopped(api, "US-1")
    _, other = stopped(api, "US-2")

    def found(label: str) -> list[str]:
        return [row["id"] for row in api.get(f"holds?reason={label}").is_(200)["results"]]

    assert api.post(f"sales-orders/{key}/force-hold", {"reason": "DISPUTE"}).is_(200)["reason"] == "multiple"
    assert (found("multiple"), found("ready_to_release")) == ([held["id"]], [])
    Hold.objects.filter(pk=other["id"]).update(ready_to_release=True, reason_codes=[])
    assert (found("multiple"), found("ready_to_release")) == ([held["id"]], [other["id"]])


def test_a_forced_hold(api: Api):
    order = an_order(a_customer())
    hold = api.post(f"sales-orders/{order.key}/force-hold", {"reason": "DISPUTE", "note": "case 1"}).is_(200)
    assert (hold["reason"], hold["forced"], hold["forced_reason"], hold["decision"]) == (
        "forced",
        True,
        "DISPUTE",
        None,
    )
    again = api.post(f"sales-orders/{order.key}/post", {"document": "confirmation"}).is_(200)
    assert (again["outcome"], again["decision"]) == ("held", None)


def test_the_erp_reports(api: Api):
    parameters(posting="external")
    order = an_order(a_customer())
    path = f"sales-orders/{order.key}"
    assert api.post(f"{path}/posted", {"document": "confirmation"}).is_(409)["code"] == "not_cleared"
    assert api.post(f"{path}/post", {"document": "confirmation"}).is_(200)["outcome"] == "cleared"
    assert (
        api.post(f"{path}/posting-failed", {"document": "confirmation", "message": "x"}).is_(200)["document_status"]
        == "open"
    )
    api.post(f"{path}/post", {"document": "confirmation"}).is_(200)
    assert api.post(f"{path}/posted", {"document": "confirmation"}).is_(200)["document_status"] == "confirmation"


def test_a_fed_change_looks_at_the_hold_again(api: Api):
    key, hold = stopped(api)
    lines = [{"number": 1, "item": "", "quantity": "1", "unit_price": "900.00"}]
    api.patch(f"sales-orders/{key}", {"lines": lines}).is_(200)
    assert api.get(f"holds/{hold['id']}").is_(200)["reason"] == "ready_to_release"


def test_an_evaluation_is_started_as_a_job(api: Api):
    _, hold = stopped(api)
    job = api.post("jobs", {"kind": "evaluate_for_release", "parameters": {"holds": [hold["id"]]}}).is_(202)
    assert (job["kind"], job["status"]) == ("evaluate_for_release", "queued")
    api.post("jobs", {"kind": "evaluate_for_release", "parameters": {"colour": "red"}}).is_(400)


def test_out_of_scope_is_not_found_and_without_the_right_not_allowed(api: Api):
    key, hold = stopped(api)
    an_entity("DEMF", "EUR")
    abroad = client("abroad", Role.CREDIT_CLERK, "DEMF")
    for method, path, body in _calls(key, hold["id"]):
        assert getattr(abroad, method)(path, body).status == 404, path
    erp = client("erp", Role.INTEGRATION, "USMF")
    for path in (f"holds/{hold['id']}/release", f"holds/{hold['id']}/reject", f"sales-orders/{key}/reopen"):
        assert erp.post(path, {"mode": "with_posting", "reason": "PAID"}).status == 403, path
    assert SalesOrder.objects.get().credit_status == "on_hold"


def _calls(key: str, hold: str) -> list[tuple[str, str, dict]]:
    return [
        ("post", f"sales-orders/{key}/check", {"document": "confirmation"}),
        ("post", f"sales-orders/{key}/post", {"document": "confirmation"}),
        ("post", f"sales-orders/{key}/force-hold", {"reason": "DISPUTE"}),
        ("post", f"sales-orders/{key}/cancel", {}),
        ("post", f"holds/{hold}/release", {"mode": "with_posting", "reason": "PAID"}),
        ("post", f"holds/{hold}/reject", {}),
        ("post", f"holds/{hold}/reinstate", {}),
        ("patch", f"holds/{hold}", {"note": "x"}),
    ]
