"""Policies, guarantees and their types through the API (`api.md` Resources, `domain 2`)."""

import uuid
from typing import Any

import pytest

from customers.models import Party
from tests import factories as make
from tests import factories_credit as credit
from tests.api_client import Api, client, everything

pytestmark = pytest.mark.django_db

POLICY: dict[str, Any] = {
    "customer": "USMF:US-1", "identifier": "insurance", "type": "TURNOVER", "insurer": "ATLAS",
    "coverage_type": "DELIVERED", "identification": "P-7781", "effective_on": "2026-01-01",
    "expires_on": "2026-12-31", "value": "50000.00", "currency": "USD", "update_percent": "50",
    "included_in_exposure": False,
}  # fmt: skip


@pytest.fixture
def cover(settings: Any) -> Api:
    """A customer with a limit of 100,000, and what policies refer to."""
    settings.CREDIT_TODAY = credit.TODAY
    make.LegalEntityFactory(code="DEMF")
    api = everything()
    credit.customer_with_limit("100000", account="US-1")
    Party.objects.create(number="ATLAS", name="Atlas Insurance")
    api.put("policy-types/TURNOVER", {"identifier": "insurance", "description": "Whole turnover"}).is_(201)
    api.put("policy-types/BANK", {"identifier": "guarantee"}).is_(201)
    api.put("coverage-types/DELIVERED", {"description": "From delivery on"}).is_(201)
    return api


def shown_total(api: Api, day: str = "2026-03-01") -> tuple[str, str]:
    credit_now = api.get(f"customers/USMF:US-1/credit?date={day}").is_(200).body
    return credit_now["insurance_and_guarantees"], credit_now["total_limit"]


def test_a_policy_raises_the_total_limit_while_it_is_in_force(cover: Api) -> None:
    """domain 3.1, worked: 100,000 and 50,000 at 50 % -> 125,000; included in exposure -> 75,000."""
    made = cover.post("policies", POLICY).is_(201)
    assert {name: made[name] for name in POLICY} == POLICY
    assert made["update_amount"] is None
    assert shown_total(cover) == ("25000.00", "125000.00")
    assert shown_total(cover, "2027-01-01") == ("0.00", "100000.00")
    cover.patch(f"policies/{made['id']}", {"included_in_exposure": True}).is_(200)
    assert shown_total(cover) == ("-25000.00", "75000.00")
    cover.call("DELETE", f"policies/{made['id']}").is_(204)
    assert shown_total(cover) == ("0.00", "100000.00")
    cover.get(f"policies/{made['id']}").is_(404)


def test_put_is_safe_to_repeat_and_gives_what_is_left_out_its_default(cover: Api) -> None:
    address = f"policies/{uuid.uuid4()}"
    assert cover.put(address, POLICY).is_(201).body == cover.put(address, POLICY).is_(200).body
    fewer = {name: value for name, value in POLICY.items() if name not in {"insurer", "identification"}}
    assert cover.put(address, fewer).is_(200)["insurer"] is None
    assert cover.get("policies?customer=USMF:US-1&expires_on_max=2026-12-31").is_(200).keys == [address[9:]]
    assert cover.get("policies?identifier=guarantee").is_(200).keys == []


def test_bad_input_names_the_field_and_changes_nothing(cover: Api) -> None:
    cases: list[tuple[dict[str, Any], tuple[str, str]]] = [
        ({"update_percent": "101"}, ("update_percent", "out_of_range")),
        ({"update_percent": None, "update_amount": "50000.01"}, ("update_amount", "above_value")),
        ({"update_amount": "1.00"}, ("update_amount", "ambiguous")),
        ({"identifier": "guarantee", "type": "BANK"}, ("coverage_type", "only_for_insurance")),
        ({"value": "NaN"}, ("value", "not_a_number")),
        ({"insurer": "NOBODY"}, ("insurer", "unknown_reference")),
        ({"status": "in_force"}, ("status", "unknown_field")),
    ]
    for wrong, error in cases:
        assert cover.post("policies", POLICY | wrong).is_(400).problem == [error]
    assert cover.get("policies").is_(200).keys == []


def test_in_a_bulk_call_each_policy_succeeds_or_fails_on_its_own(cover: Api) -> None:
    rows = [POLICY, POLICY | {"update_percent": "101"}, POLICY | {"id": str(uuid.uuid4()), "value": "10.00"}]
    report = cover.post("policies/bulk", rows).is_(200)
    assert [row["status"] for row in report["results"]] == ["created", "failed", "created"]
    assert report["results"][1]["errors"][0]["field"] == "update_percent"
    assert report["results"][2]["key"] == rows[2]["id"]
    assert shown_total(cover) == ("25005.00", "125005.00")
    cover.post("policies/bulk?atomic=true", rows).is_(400)
    assert shown_total(cover) == ("25005.00", "125005.00")


def test_types_in_use_keep_their_kind(cover: Api) -> None:
    cover.post("policies", POLICY).is_(201)
    assert cover.put("policy-types/TURNOVER", {"identifier": "guarantee"}).is_(409)["code"] == "in_use"
    cover.put("policy-types/BANK", {"identifier": "insurance"}).is_(200)


def test_others_see_policies_of_their_legal_entities_and_change_them_by_right(cover: Api) -> None:
    made = cover.post("policies", POLICY).is_(201)
    address = f"policies/{made['id']}"
    clerk, stranger = client("clerk", "credit_clerk", "USMF"), client("stranger", "credit_manager", "DEMF")
    assert clerk.get(address).is_(200)["value"] == "50000.00"
    clerk.patch(address, {"value": "1.00"}).is_(403)
    sales = client("sales", "sales_viewer", "USMF")
    sales.get("policies").is_(403)
    stranger.get(address).is_(404)
    stranger.call("DELETE", address).is_(404)
    stranger.patch(address, {"value": "1.00"}).is_(404)
    stranger.post("policies", POLICY).is_(404)
    assert stranger.get("policies").is_(200).keys == []
