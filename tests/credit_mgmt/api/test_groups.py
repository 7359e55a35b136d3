"""Customer credit groups as a client of `api.md` meets them (`domain 3.4`)."""

from decimal import Decimal
from typing import Any

import pytest

from credit_mgmt.models import LimitHistory, Parameters
from customers.models import Customer
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
    assert local.get("credit-groups/G1")["credit_limit"] is None
    stranger = client("stranger", "viewer", make.LegalEntityFactory(code="FRMF").pk)
    stranger.get("credit-groups/G1").is_(404)


class TestSuggestions:
    """domain 3.4: the system looks for the same account number and the same party in the other legal entities"""

    @pytest.fixture
    def elsewhere(self, api: Api) -> Any:
        german = make.LegalEntityFactory(code="DEMF")
        party = make.PartyFactory(number="P-1")
        Customer.objects.filter(account="US-1").update(party=party)
        make.CustomerFactory(legal_entity=german, account="US-1", name="Same number")
        make.CustomerFactory(legal_entity=german, account="DE-7", party=party, name="Same party")
        make.CustomerFactory(legal_entity=german, account="DE-8", name="Nobody's kin")
        make.CustomerFactory(account="US-1B", party=party, name="The same entity")
        return german

    def test_name_the_same_party_and_the_same_account_elsewhere(self, api: Api, elsewhere: Any) -> None:
        api.put("credit-groups/G1", GROUP).is_(201)
        found = api.get("credit-groups/G1/members/suggestions").is_(200)["results"]
        assert [(one["customer"], one["because"], one["of"], one["credit_group"]) for one in found] == [
            ("DEMF:DE-7", "same_party", "USMF:US-1", None),
            ("DEMF:US-1", "same_account", "USMF:US-1", None),
        ]

    def test_of_a_customer_who_is_about_to_join(self, api: Api, elsewhere: Any) -> None:
        api.put("credit-groups/G1", {**GROUP, "members": []}).is_(201)
        assert api.get("credit-groups/G1/members/suggestions").is_(200)["results"] == []
        found = api.get("credit-groups/G1/members/suggestions?customer=USMF:US-1").is_(200)["results"]
        assert [one["customer"] for one in found] == ["DEMF:DE-7", "DEMF:US-1"]

    def test_stay_within_the_entities_of_who_asks(self, api: Api, elsewhere: Any) -> None:
        api.put("credit-groups/G1", GROUP).is_(201)
        local = client("local", "viewer", "USMF")
        assert local.get("credit-groups/G1/members/suggestions").is_(200)["results"] == []


class TestMembership:
    def test_joins_and_leaves_are_of_those_named(self, api: Api) -> None:
        api.put("credit-groups/G1", GROUP).is_(201)
        changed = api.post("credit-groups/G1/members", {"join": ["USMF:US-2"], "leave": ["USMF:US-1"]}).is_(200)
        assert changed["members"] == ["USMF:US-2"]
        assert expiry(api, "US-2") == "2026-12-31"

    @pytest.mark.parametrize(
        ("body", "problem"),
        [
            ({"join": ["USMF:NOBODY"]}, ("join", "unknown_reference")),
            ({"leave": ["USMF:US-2"]}, ("leave", "not_a_member")),
            ({"join": ["USMF:US-3"]}, ("join", "in_other_group")),
        ],
    )
    def test_that_cannot_be_changes_nothing(self, api: Api, body: dict[str, Any], problem: tuple[str, str]) -> None:
        api.put("credit-groups/G1", GROUP).is_(201)
        credit.customer_with_limit("1", account="US-3")
        api.put("credit-groups/G2", {**GROUP, "members": ["USMF:US-3"]}).is_(201)
        assert api.post("credit-groups/G1/members", body).is_(400).problem == [problem]
        assert api.get("credit-groups/G1").is_(200)["members"] == ["USMF:US-1"]

    def test_takes_a_right_that_clerks_have_not(self, api: Api) -> None:
        api.put("credit-groups/G1", GROUP).is_(201)
        assert client("clerk", "credit_clerk").post("credit-groups/G1/members", {"leave": ["USMF:US-1"]}).status == 403
        client("manager", "credit_manager").post("credit-groups/G1/members", {"leave": ["USMF:US-1"]}).is_(200)

    def test_can_be_seen_before(self, api: Api) -> None:
        api.put("credit-groups/G1", GROUP).is_(201)
        make.InvoiceFactory(customer=Customer.objects.get(account="US-2"), amount=Decimal(4000))
        before = api.get("credit-groups/G1/credit").is_(200)
        after = api.post("credit-groups/G1/members/preview", {"join": ["USMF:US-2"]}).is_(200)
        assert (before["exposure"], after["exposure"], after["available"]) == ("0.00", "4000.00", "11000.00")
        assert api.get("credit-groups/G1").is_(200)["members"] == ["USMF:US-1"]
