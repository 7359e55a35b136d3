"""Every documented field of a list can be asked for (`api.md` Conventions), and what is asked is what comes."""

from typing import Any

import pytest
from rest_framework import serializers

from credit_mgmt.conf.api import assembled
from customers.edge.fields import JsonField
from customers.edge.people import NameOfField
from tests.api_client import Api, everything
from tests.factories_holds import (
    a_customer,
    a_group,
    a_rule,
    a_user,
    an_entity,
    an_invoice,
    an_order,
    held,
    parameters,
    post,
    reasons,
)

LISTS: dict[str, Any] = {
    prefix: view for prefix, view, _ in assembled().registry if isinstance(getattr(view, "filters", None), dict)
}  # fmt: skip
MADE_UP: dict[str, set[str]] = {
    "decisions": {"not_checked_because", "not_checked_message"},
    "backtests": {"days", "history_from"},
    "blocking-rules": {"risk_group"},
    "customers": {"credit_limit_currency"},
    "jobs": {"done", "failed", "skipped", "total"},
}
"""Fields that are worked out of others for each answer: no column holds them."""
PARTS = (serializers.BaseSerializer, serializers.ListField, serializers.SerializerMethodField, JsonField, NameOfField)


def fields_of(view: Any) -> set[str]:
    """The fields that a person would filter by: those that hold one value, which somebody wrote down."""
    fields = view.serializer_class().fields
    return {
        name for name, field in fields.items()
        if not isinstance(field, PARTS)
    }  # fmt: skip


@pytest.mark.parametrize("prefix", sorted(LISTS))
def test_every_documented_field_is_a_filter(prefix: str) -> None:
    view = LISTS[prefix]
    assert fields_of(view) - set(view.filters) - MADE_UP.get(prefix, set()) == set()


@pytest.fixture
def api() -> Api:
    an_entity()
    return everything()


@pytest.mark.django_db
class TestWhatComes:
    def of(self, api: Api, path: str) -> list[str]:
        return api.get(path).is_(200).keys

    def test_own_keys_are_asked_for_once_or_several_times(self, api: Api) -> None:
        for account in ("US-1", "US-2", "US-3"):
            an_order(a_customer(account), number=f"SO-{account}")
        assert self.of(api, "customers?key=USMF:US-2") == ["USMF:US-2"]
        assert self.of(api, "customers?key=USMF:US-1&key=USMF:US-3") == ["USMF:US-1", "USMF:US-3"]
        assert self.of(api, "sales-orders?key=USMF:SO-US-2") == ["USMF:SO-US-2"]
        assert self.of(api, "customers?key=DEMF:US-2") == []
        assert api.get("customers?key=US-2").is_(400).problem == [("key", "invalid_key")]

    def test_invoices_reasons_and_groups_by_key(self, api: Api) -> None:
        invoice = an_invoice(a_customer(), "10")
        an_invoice(a_customer("US-2"), "10")
        reasons()
        a_group("G1")
        a_group("G2")
        assert self.of(api, f"invoices?key={invoice.key}") == [invoice.key]
        assert self.of(api, f"payments?key={invoice.key}") == []
        assert self.of(api, "reasons?key=release:PAID") == ["release:PAID"]
        assert self.of(api, "credit-groups?key=G2") == ["G2"]

    def test_holds_by_note_by_who_and_by_decision(self, api: Api) -> None:
        a_rule()
        clerk = a_user()
        first = held(an_order(a_customer("US-1", limit="1")), actor=clerk)
        second = held(an_order(a_customer("US-2", limit="2")))
        api.patch(f"holds/{first.pk}", {"note": "case 4411"}).is_(200)

        def ids(query: str) -> list[str]:
            return [row["id"] for row in api.get(f"holds?{query}&ordering=number").is_(200)["results"]]

        assert ids("note=case+4411") == [str(first.pk)]
        assert ids("note=") == [str(second.pk)]
        assert ids(f"held_by={clerk.reference}") == [str(first.pk)]
        assert ids(f"decision={second.decision_id}") == [str(second.pk)]
        assert ids("invoice_account=USMF:US-2") == [str(second.pk)]
        assert ids("version_min=2") == [str(first.pk)]
        assert ids("used_percent_min=20000") == [str(first.pk), str(second.pk)]
        assert ids(f"id={first.pk}&id={second.pk}") == [str(first.pk), str(second.pk)]

    def test_decisions_by_who_and_policy_and_limits_by_what_they_were(self, api: Api) -> None:
        clerk = a_user()
        made = post(an_order(a_customer(limit="1000")), actor=clerk)
        post(an_order(a_customer("US-2", limit="500")))
        rows = api.get(f"decisions?actor={clerk.reference}").is_(200)["results"]
        assert [row["id"] for row in rows] == [str(made.decision_id)]
        version = rows[0]["policy_version"]
        assert api.get(f"decisions?policy_version_max={version - 1}").is_(200)["results"] == []
        [entry] = api.get("limit-history?limit_max=500&currency=USD").is_(200)["results"]
        assert entry["customer"] == "USMF:US-2"

    def test_parameters_by_key_and_by_what_they_say(self, api: Api) -> None:
        reasons()
        parameters("USMF", decision_retention_days=30, posting="external")

        def keys(query: str) -> list[str]:
            return [row["key"] for row in api.get(f"parameters?{query}").is_(200)["results"]]

        assert sorted(keys("key=default&key=USMF")) == ["USMF", "default"]
        assert keys("key=default") == ["default"]
        assert keys("posting=external") == keys("decision_retention_days_max=399") == ["USMF"]
        assert keys("automatic_release_reason=PAID") == []

    def test_a_job_by_its_id(self, api: Api) -> None:
        made = [api.post("jobs", {"kind": "purge_decisions"}).is_(202)["id"] for _ in range(2)]
        assert [row["id"] for row in api.get(f"jobs?id={made[0]}").is_(200)["results"]] == made[:1]
        assert api.get("jobs?id=nonsense").is_(400).problem == [("id", "invalid")]
