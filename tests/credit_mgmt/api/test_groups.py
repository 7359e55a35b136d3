"""Customer credit groups as a client of `api.md` meets them (`domain 3.4`)."""

from typing import Any

import pytest

from credit_mgmt.models import LimitHistory, Parameters
from tests import factories as make
from tests import factories_credit as credit
from tests.api_client import Api, client, everything

pytestmark = pytest.mark.django_db

GROUP = {"currency": "USD", "credit_limit": "15000.00", "credit_limit_to": "2026-12-31", "members": ["USMF:US-1"]}


@pytest.fixture
def api(settings: Any) -> Api:
    settings.CREDIT_TODAY = credit.TODAY
    for account in ("US-1", "US-2"):
        credit.customer_with_limit("10000", account=account)
    return everything()


def expiry(api: Api, account: str) -> Any:
    return api.get(f"customers/USMF:{account}").is_(200)["credit_limit_expires_on"]


def test_a_group_is_made_with_its_limit_and_members(api: Api) -> None:
    made = api.put("credit-groups/G1", GROUP).is_(201)
    assert made.body == {
        "key": "G1", "number": "G1", "description": "", "use_member_days_overdue": False, **GROUP,
    }  # fmt: skip
    assert api.put("credit-groups/G1", GROUP).is_(200).body == made.body
    assert api.get("credit-groups").is_(200)["results"] == [made.body]
    standing = api.get("customers/USMF:US-1/credit").is_(200)["group"]
    assert (standing["number"], standing["limit"], standing["available"]) == ("G1", "15000.00", "15000.00")


def test_who_joins_takes_over_the_groups_date_and_so_does_a_later_change(api: Api) -> None:
    Parameters.objects.update(allow_manual_editing_of_credit_limits=True)
    api.put("credit-groups/G1", GROUP).is_(201)
    assert (expiry(api, "US-1"), expiry(api, "US-2")) == ("2026-12-31", None)
    api.patch("credit-groups/G1", {"members": ["USMF:US-1", "USMF:US-2"]}).is_(200)
    assert expiry(api, "US-2") == "2026-12-31"
    api.patch("credit-groups/G1", {"credit_limit_to": "2027-06-30"}).is_(200)
    assert (expiry(api, "US-1"), expiry(api, "US-2")) == ("2027-06-30", "2027-06-30")
    sources = LimitHistory.objects.filter(account__customer__account="US-2").order_by("sequence")
    assert list(sources.values_list("source", flat=True)) == ["feed", "group", "group"]


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ({**GROUP, "credit_limit_to": None}, ("credit_limit_to", "null")),
        ({"currency": "USD", "credit_limit": "1.00"}, ("credit_limit_to", "required")),
        ({**GROUP, "credit_limit": "-1.00"}, ("credit_limit", "out_of_range")),
        ({**GROUP, "credit_limit": "NaN"}, ("credit_limit", "not_a_number")),
        ({**GROUP, "members": ["USMF:NOBODY"]}, ("members[0]", "unknown_reference")),
        ({**GROUP, "currency": "XXX"}, ("currency", "unknown_reference")),
    ],
)
def test_a_group_that_means_nothing_is_refused(api: Api, body: dict[str, Any], problem: tuple[str, str]) -> None:
    refused = api.put("credit-groups/G1", body).is_(400).problem
    assert [field for field, _ in refused] == [problem[0]]
    api.get("credit-groups/G1").is_(404)
    assert expiry(api, "US-1") is None


def test_a_groups_limit_changes_by_hand_only_where_the_default_row_allows_it(api: Api) -> None:
    api.put("credit-groups/G1", GROUP).is_(201)
    refused = api.patch("credit-groups/G1", {"credit_limit": "1.00"}).is_(400)
    assert refused.problem == [("credit_limit", "manual_editing_off")]
    assert api.put("credit-groups/G1", {**GROUP, "currency": "EUR"}).is_(400).problem == [("currency", "fixed")]


def test_a_group_needs_rights_in_all_its_members_entities(api: Api) -> None:
    make.CustomerFactory(legal_entity=make.LegalEntityFactory(code="DEMF"), account="DE-1")
    api.put("credit-groups/G1", {**GROUP, "members": ["USMF:US-1", "DEMF:DE-1"]}).is_(201)
    local = client("local", ["credit_administrator"], "USMF")
    assert local.get("credit-groups/G1").is_(200)["members"] == ["USMF:US-1"]
    assert local.patch("credit-groups/G1", {"members": ["USMF:US-1"]}).status in {403, 404}
    stranger = client("stranger", "viewer", make.LegalEntityFactory(code="FRMF").pk)
    stranger.get("credit-groups/G1").is_(404)
