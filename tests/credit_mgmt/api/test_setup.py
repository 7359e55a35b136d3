"""Rules, parameters, credit checks and decisions as a client of `api.md` meets them."""

import uuid
from decimal import Decimal

import pytest

from credit_mgmt import checks, decisions
from credit_mgmt.models import BlockingRule, DecisionRecord
from tests import factories as make
from tests import factories_credit as credit
from tests.api_client import Api, client, everything

pytestmark = pytest.mark.django_db

RULE = {"type": "limit_used", "action": "blocking", "valid_for": "all", "threshold_percent": "100"}


@pytest.fixture
def api(settings: object) -> Api:
    settings.CREDIT_TODAY = credit.TODAY  # type: ignore[attr-defined]
    make.LegalEntityFactory()
    return everything()


def test_a_rule_is_made_read_changed_and_removed(api: Api) -> None:
    made = api.post("blocking-rules", {**RULE, "name": "Full"}).is_(201)
    assert (made["threshold_percent"], made["days"], made["risk_group"], made["active"]) == ("100", None, None, True)
    address = f"blocking-rules/{made['id']}"
    assert api.get(address).is_(200).body == made.body
    assert api.patch(address, {"threshold_percent": "90.5"}).is_(200)["threshold_percent"] == "90.5"
    assert api.put(address, RULE).is_(200)["name"] == "Credit limit used"
    assert api.get("blocking-rules?type=limit_used&active=true").is_(200).keys == [made["code"]]
    assert api.call("DELETE", address).is_(409)["code"] == "in_use"
    said = [
        (row["version"], row["state"], row["threshold_percent"]) for row in api.get(f"{address}/versions").is_(200).body
    ]
    assert said == [(3, "active", "100"), (2, "retired", "90.5"), (1, "retired", "100")]


def test_a_rule_that_never_counted_is_removed(api: Api) -> None:
    made = api.post("blocking-rules", {**RULE, "active": False}).is_(201)
    assert (made["state"], made["version"]) == ("draft", 1)
    api.call("DELETE", f"blocking-rules/{made['id']}").is_(204)
    api.get(f"blocking-rules/{made['id']}").is_(404)


def test_a_draft_runs_in_shadow_counts_is_retired_and_comes_back(api: Api) -> None:
    made = api.post("blocking-rules", {**RULE, "active": False, "code": "LU-90"}).is_(201)
    address = f"blocking-rules/{made['id']}"
    shadow = api.post(f"{address}/shadow", {"days": 14, "why": "Try it first"}).is_(200)
    assert (shadow["state"], shadow["shadow_to"]) == ("shadow", "2026-03-14")
    assert api.post(f"{address}/activate", {"why": "Two weeks were fine"}).is_(200)["state"] == "active"
    assert api.post(f"{address}/activate", {"why": "Again"}).is_(409)["code"] == "no_draft"
    assert api.post(f"{address}/retire", {"why": "Not needed"}).is_(200)["state"] == "retired"
    back = api.post(f"{address}/restore", {"number": 1, "why": "Needed after all"}).is_(200)
    assert (back["state"], back["version"], back["threshold_percent"]) == ("active", 2, "100")


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ({}, ("type", "required")),
        ({**RULE, "threshold_percent": 99.5}, None),
        ({**RULE, "threshold_percent": "NaN"}, ("threshold_percent", "not_a_number")),
        ({**RULE, "threshold_percent": "1e3"}, ("threshold_percent", "exponent")),
        ({**RULE, "colour": "red"}, ("colour", "unknown_field")),
        ({**RULE, "valid_for": "group"}, ("credit_management_group", "required")),
        ({"type": "sales_order", "amount": "1250.00"}, ("currency", "required")),
        ({"type": "sales_order", "amount": 1250.55, "currency": "USD"}, ("amount", "float")),
    ],
)
def test_a_rule_that_means_nothing_is_a_400_that_names_the_field(
    api: Api, body: dict[str, object], problem: tuple[str, str] | None
) -> None:
    answer = api.post("blocking-rules", body)
    if problem is None:
        answer.is_(201)
        return
    assert problem in answer.is_(400).problem
    assert not BlockingRule.objects.exists()


def test_what_one_rule_would_do_is_a_decision_that_is_not_stored(api: Api) -> None:
    order = make.SalesOrderFactory(customer=credit.customer_with_limit("100"), amount=Decimal(101))
    rule = api.post("blocking-rules", {**RULE, "active": False}).is_(201)
    credit.BlockingRuleFactory(type="sales_order", amount=1, currency_id="USD")
    decision = api.post(f"blocking-rules/{rule['id']}/test", {"order": order.key}).is_(200)
    assert (decision["id"], decision["outcome"]) == (None, "held")
    assert [reason["type"] for reason in decision["reasons"]] == ["limit_used"]
    assert not DecisionRecord.objects.exists()
    api.post(f"blocking-rules/{rule['id']}/test", {"order": "USMF:NONE"}).is_(404)
    api.post(f"blocking-rules/{uuid.uuid4()}/test", {"order": order.key}).is_(404)


def test_setting_up_is_for_administrators(api: Api) -> None:
    clerk = client("clerk", "credit_clerk")
    clerk.post("blocking-rules", RULE).is_(403)
    clerk.patch("parameters/USMF", {"require_review_date": True}).is_(403)
    clerk.get("blocking-rules").is_(200)
    local = client("local", "credit_administrator", "USMF")
    local.post("blocking-rules", RULE).is_(403)
    local.post("blocking-rules", {**RULE, "legal_entity": "USMF"}).is_(201)
    local.patch("parameters/default", {"require_review_date": True}).is_(403)


def test_patching_parameters_gives_an_entity_its_own_row(api: Api) -> None:
    """api.md Names: with the default row's values; checkpoints replace the whole list"""
    inherited = api.get("parameters/USMF").is_(200)
    assert (inherited["key"], inherited["credit_limit_type"]) == ("USMF", "balance_all")
    assert inherited["automatically_release"] == "no"
    assert inherited["checkpoints"][0] == {
        "document": "confirmation", "posting": True, "grace_days": None, "pro_forma": False,
        "pro_forma_grace_days": None,
    }  # fmt: skip
    checkpoints = [{"document": "invoice", "posting": True, "grace_days": 0}]
    body = {"release_tolerance_percent": "2.5", "checkpoints": checkpoints}
    changed = api.patch("parameters/USMF", body).is_(200)
    assert changed["release_tolerance_percent"] == "2.5"
    assert [(row["document"], row["grace_days"]) for row in changed["checkpoints"]] == [("invoice", 0)]
    assert len(api.get("parameters/default").is_(200)["checkpoints"]) == 3
    assert [row["key"] for row in api.get("parameters").is_(200)["results"]] == ["USMF", "default"]
    assert api.put("parameters/USMF", {}).is_(200)["release_tolerance_percent"] == "0"


def test_parameters_that_mean_nothing_change_nothing(api: Api) -> None:
    refused = api.patch("parameters/USMF", {"credit_limit_type": "some", "require_review_date": True})
    assert refused.is_(400).problem == [("credit_limit_type", "invalid_choice")]
    assert api.patch("parameters/USMF", {"colour": "red"}).is_(400).problem == [("colour", "unknown_field")]
    assert api.get("parameters/USMF").is_(200)["require_review_date"] is False
    api.get("parameters/XXXX").is_(404)
    api.patch("parameters/XXXX", {"require_review_date": True}).is_(404)
    assert [row["key"] for row in api.get("parameters").is_(200)["results"]] == ["default"]


@pytest.mark.parametrize(
    ("message", "amount", "outcome"),
    [("warning", "100.00", "passed"), ("warning", "100.01", "warning"), ("error", "100.01", "error")],
)
def test_a_document_that_is_no_order_is_checked_against_the_limit(
    api: Api, message: str, amount: str, outcome: str
) -> None:
    """domain 4.8"""
    customer = credit.customer_with_limit("100")
    credit.BlockingRuleFactory(type="sales_order", amount=1, currency_id="USD")
    api.patch("parameters/default", {"message_when_exceeding_credit_limit": message}).is_(200)
    body = {"customer": customer.key, "amount": amount, "currency": "USD", "document": "free_text_invoice"}
    answer = api.post("credit-checks", body).is_(200)
    assert answer["outcome"] == outcome
    decision = answer["decision"]
    assert (answer["document"], decision["order"], decision["checkpoint"]) == ("free_text_invoice", None, None)
    assert answer["position"]["total_limit"] == "100.00"
    assert not DecisionRecord.objects.exists()


def test_a_document_without_a_rate_never_passes(api: Api) -> None:
    """domain 4.9"""
    customer = credit.customer_with_limit("100")
    make.CurrencyFactory(code="JPY")
    body = {"customer": customer.key, "amount": "1", "currency": "JPY", "document": "quotation"}
    answer = api.post("credit-checks", body).is_(200)
    assert answer["outcome"] == "error"
    assert answer["decision"]["reasons"][0]["type"] == "cannot_be_evaluated"


def test_project_invoices_are_refused_with_a_clear_error(api: Api) -> None:
    """domain 4.8"""
    body = {"customer": credit.customer_with_limit("1").key, "amount": "1.00", "currency": "USD"}
    refused = api.post("credit-checks", {**body, "document": "project_invoice"}).is_(400)
    assert refused.problem == [("document", "project_invoice_not_supported")]
    assert api.post("credit-checks", {**body, "document": "pos", "amount": "NaN"}).is_(400).problem[0][0] == "amount"
    finer = api.post("credit-checks", {**body, "document": "pos", "amount": "1.001"}).is_(400)
    assert finer.problem == [("amount", "too_many_decimals")]
    api.post("credit-checks", {**body, "document": "pos", "customer": "USMF:NOBODY"}).is_(404)


def test_a_stored_decision_shows_every_rule_with_its_figures(api: Api) -> None:
    order = make.SalesOrderFactory(customer=credit.customer_with_limit("100"), amount=Decimal(101))
    credit.BlockingRuleFactory()
    for kind in ("posting", "evaluation"):
        checked = checks.check([checks.Request(order.pk, "confirmation")], as_of={"USMF": credit.TODAY})
        decisions.record_decisions(checked, kind=kind, actor=credit.ACTOR, at=credit.AT)
    shown = api.get(f"decisions?order={order.key}").is_(200)["results"]
    assert {row["kind"] for row in shown} == {"posting", "evaluation"}
    for row in shown:
        alone = api.get(f"decisions/{row['id']}").is_(200).body
        assert {remedy["action"] for remedy in alone["remedies"]} >= {"raise_limit", "reduce_order"}
        assert {**alone, "remedies": []} == row
        assert (row["outcome"], row["order"], row["date"]) == ("held", order.key, "2026-03-01")
        assert {line["type"] for line in row["trace"]} == {"limit_used", "limit_exceeded"}
        assert row["reasons"][0]["evidence"]["measured"] == "101.00"
        assert row["reasons"][0]["message"]
    stranger = client("de", "auditor", make.LegalEntityFactory(code="DEMF").pk)
    assert stranger.get("decisions").is_(200)["results"] == []
    stranger.get(f"decisions/{shown[0]['id']}").is_(404)
