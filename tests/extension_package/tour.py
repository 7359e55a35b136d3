"""What a process sees in which the package is installed: run by `test_extension.py`, told as JSON on the last line.

The package stands on the path with its dist-info, and is found and loaded as any installed one is. Nothing here names a
class of it.
"""

import datetime as dt
import json
import sys
from typing import Any

import django

django.setup()

from django.contrib.auth import get_user_model  # noqa: E402 - after the setup, as in any script
from django.test import Client  # noqa: E402
from django.test.utils import setup_test_environment  # noqa: E402

from credit_mgmt import checks  # noqa: E402
from credit_mgmt.decisions import explained, replay, stored_decision  # noqa: E402
from credit_mgmt.messages import reason_chip, reason_message, remedy_message  # noqa: E402
from credit_mgmt.models import DecisionRecord  # noqa: E402
from credit_mgmt.rules import activate_rule  # noqa: E402
from customers.access import system_actor  # noqa: E402
from customers.models import SalesOrder  # noqa: E402
from holds.models import Hold  # noqa: E402
from holds.posting import post_document  # noqa: E402
from tests.api_client import client  # noqa: E402

NOW = dt.datetime(2026, 11, 20, 9, 0, tzinfo=dt.UTC)
SYSTEM = system_actor("tour")
DRAFT = {
    "name": "Large orders", "action": "blocking", "valid_for": "all", "threshold_percent": "30",
    "why": "No order is to eat up the limit.",
}  # fmt: skip


def day(legal_entity: str) -> dt.date:
    """The business date of the tour."""
    return NOW.date()


def main() -> dict[str, Any]:
    """From an empty ladder to a hold and what would clear it."""
    setup_test_environment()
    seen: dict[str, Any] = {}
    browser = Client()
    browser.force_login(get_user_model().objects.get(username="administrator"))
    api = client("tour", ["credit_administrator", "integration", "credit_clerk"])
    order = SalesOrder.objects.get(number="SO-1")

    def page(address: str) -> str:
        answer = browser.get(address)
        assert answer.status_code == 200, (address, answer.status_code)
        return " ".join(answer.content.decode().split())

    seen["among the types"] = "Order share" in page("/rules/new/")
    editor = page("/rules/new/?type=order_share")
    seen["in the editor"] = (
        "the order is" in editor and "% of the total credit limit" in editor and 'name="days"' not in editor
    )
    refused = browser.post("/rules/new/?type=order_share", {**DRAFT, "threshold_percent": "-1"})
    seen["the editor refuses"] = refused.status_code
    saved = browser.post("/rules/new/?type=order_share", DRAFT)
    seen["the editor saves"] = saved.status_code
    [rule] = api.get("blocking-rules?type=order_share").is_(200)["results"]
    seen["by the API"] = [rule["type"], rule["threshold_percent"], rule["state"]]
    api.post("blocking-rules", {"type": "order_share", "days": 3}).is_(400)
    activate_rule(rule=rule["id"], why="tried", actor=SYSTEM, at=NOW)
    ladder = page("/rules/")
    seen["in the ladder"] = "Order share" in ladder and rule["code"] in ladder
    said = "the order is more than 30 % of the total credit limit"
    seen["as a sentence"] = said in ladder or said in page(f"/rules/{rule['code']}/")

    posting = post_document(order=order.pk, document="confirmation", actor=SYSTEM, at=NOW, today=day)
    hold = Hold.objects.get(order=order)
    seen["outcome"] = posting.outcome
    [reason] = posting.decision.reasons
    seen["chip"], seen["why"] = list(reason_chip(reason)), reason_message(reason)
    seen["on the list"] = "Order share" in page("/holds/")
    seen["on the hold"] = reason_message(reason).split(";")[0] in page(f"/holds/{hold.number}/")
    seen["in the tester"] = "Order share" in page(f"/rules/test/?order={order.key}&in_any_case=on")
    typed = page("/rules/test/?customer=USMF:US-001&amount=300&currency=USD")
    seen["the tester passes 300"] = "Passed" in typed
    decision = checks.ask_about(
        order.pk, order_type=order.order_type, checkpoint="confirmation", as_of={"USMF": NOW.date()}
    )
    seen["remedies"] = [remedy_message(remedy) for remedy in decision.remedies]
    seen["remedies by the API"] = [
        remedy["action"]
        for remedy in api.post(f"sales-orders/{order.key}/check", {"document": "confirmation"}).is_(200)["remedies"]
    ]
    record = DecisionRecord.objects.get(order=order)
    seen["replays"] = replay(record) == stored_decision(record)
    seen["explained later"] = len(explained(record).remedies)
    return seen


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main()) + "\n")
