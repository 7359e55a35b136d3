"""Master data by the API: closed, deleted while nothing uses it, with its history; each with the right to set up."""

import pytest

from customers.access import POLICY, Action
from customers.models import AccountStatus, Role
from tests.api_client import Api, client, everything

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("company")]


@pytest.fixture
def api() -> Api:
    return everything()


@pytest.mark.parametrize("role", Role.values)
def test_only_who_sets_up_closes_and_deletes(api: Api, role: str) -> None:
    api.put("account-statuses/WATCH", {"description": "Watched"}).is_(201)
    somebody = client("somebody", role)
    allowed = role in POLICY[Action.SETUP]
    assert somebody.patch("account-statuses/WATCH", {"open": False}).status == (200 if allowed else 403)
    assert AccountStatus.objects.get(code="WATCH").open is not allowed
    assert somebody.get("account-statuses/WATCH/history").status == (200 if role in POLICY[Action.VIEW] else 403)
    assert somebody.call("DELETE", "account-statuses/WATCH").status == (204 if allowed else 403)


def test_a_put_leaves_closed_what_is_closed(api: Api) -> None:
    api.put("reasons/release:PAID", {"open": False, "requires_note": True, "customer_wording": "Thank you"}).is_(201)
    reason = api.put("reasons/release:PAID", {"description": "Paid by wire"}).is_(200)
    assert (reason["open"], reason["requires_note"], reason["customer_wording"]) == (False, True, "Thank you")
    assert api.get("reasons?open=false").keys == ["release:PAID"]


@pytest.mark.parametrize(
    ("path", "profile"),
    [
        ("account-statuses/WATCH", {"account_status": "WATCH"}),
        ("credit-management-groups/WATCH", {"credit_management_group": "WATCH"}),
        ("reasons/status:WATCH", {"status_reason": "WATCH"}),
    ],
)
def test_what_is_closed_is_refused_where_it_is_chosen(api: Api, path: str, profile: dict[str, str]) -> None:
    api.put(path, {"open": False}).is_(201)
    [field] = profile
    assert api.patch("customers/USMF:US-001", profile).is_(400).problem == [(field, "closed")]
    api.patch(path, {"open": True}).is_(200)
    api.patch("customers/USMF:US-001", profile).is_(200)


def test_what_is_used_is_not_deleted_and_the_answer_says_by_whom(api: Api) -> None:
    api.patch("customers/USMF:US-001", {"payment_terms": "N30"}).is_(200)
    answer = api.call("DELETE", "payment-terms/N30").is_(409)
    assert answer["code"] == "in_use"
    assert "used by customers: close it instead" in answer["detail"]


def test_what_is_not_there_is_not_deleted(api: Api) -> None:
    for path in ("payment-terms/NONE", "reasons/hold:NONE", "reasons/NONE"):
        api.call("DELETE", path).is_(404)


def test_the_history_says_who_changed_what(api: Api) -> None:
    api.put("cash-discounts/D5", {"percent": "5", "rank": 1}).is_(201)
    api.patch("cash-discounts/D5", {"rank": 3}).is_(200)
    latest, first = api.get("cash-discounts/D5/history").is_(200).body
    assert (latest["version"], latest["before"], latest["after"]) == (2, {"rank": 1}, {"rank": 3})
    assert first["after"]["code"] == "D5"
    assert latest["actor"].startswith("client:")


def test_the_reason_of_another_legal_entity_is_not_there(api: Api) -> None:
    api.put("reasons/hold:US", {"legal_entity": "USMF"}).is_(201)
    german = client("german", "credit_administrator", "DEMF")
    for method, path in (("DELETE", "reasons/hold:US"), ("GET", "reasons/hold:US/history")):
        german.call(method, path).is_(404)
    german.patch("reasons/hold:US", {"open": False}).is_(404)
