"""Setting up rules and parameters: every error names the field and the remedy (`domain 4.2`, `4.3`, `5.1`, `10`)."""

import datetime as dt
import uuid
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from credit_mgmt.models import BlockingRule, Parameters, PolicyClock, RuleVersion
from credit_mgmt.parameter_setup import parameter_values, save_parameters
from credit_mgmt.policies import current_policy, parameters_row
from credit_mgmt.rules import delete_rule
from credit_mgmt.rules.reading import current_versions
from credit_mgmt.rules.saving import save_rule as save
from credit_mgmt.rules.values import version_values
from customers.access import Actor, Grant, NotAllowed
from customers.errors import InvalidInput, NotFound
from tests import factories as make
from tests.factories_credit import ACTOR, AT

pytestmark = pytest.mark.django_db

LIMIT_USED = {"type": "limit_used", "threshold_percent": Decimal(100)}
DAYS = {"type": "days_overdue", "days": 30}
OVERDUE = {"type": "overdue_amount", "amount": Decimal(5), "currency": "USD"}
EXCLUSION = {"action": "exclusion"}


def save_rule(**given: Any) -> RuleVersion:
    """Saved in one call at the same instant as everything here."""
    return save(at=AT, **given)


def the_rule() -> RuleVersion:
    """The only rule, as it stands."""
    return current_versions(ACTOR).get()


def wrong(call: Callable[[], Any]) -> list[tuple[str, str]]:
    """(field, code) of everything that is wrong; every message ends as a sentence."""
    with pytest.raises(InvalidInput) as refused:
        call()
    assert all(error.message.endswith(".") for error in refused.value.errors)
    return [(error.field, error.code) for error in refused.value.errors]


@pytest.fixture(autouse=True)
def company() -> None:
    make.LegalEntityFactory()
    make.CreditManagementGroupFactory(code="A")
    make.PaymentTermsFactory(code="N30")
    make.AccountStatusFactory(code="GOOD")
    make.CustomerFactory(account="US-1")


@pytest.mark.parametrize(
    "values",
    [
        LIMIT_USED,
        DAYS,
        {**DAYS, **EXCLUSION, "days": None, "amount": Decimal(5), "currency": "USD", "release_sales_order": True},
        {"type": "account_status", "account_status": "GOOD", "valid_for": "group", "credit_management_group": "A"},
        {"type": "payment_terms", "payment_terms": "N30", "valid_for": "table", "customer": "USMF:US-1"},
        {"type": "limit_expired", "days": 0, "legal_entity": "USMF"},
        {**OVERDUE, "threshold_percent": Decimal(0)},
        {**OVERDUE, **EXCLUSION},
        {**OVERDUE, **EXCLUSION, "threshold_amount": Decimal(7)},
        {"type": "sales_order", "amount": Decimal(1), "currency": "USD", "active": False},
    ],
)
def test_a_rule_with_the_values_of_its_type_is_saved_and_read_as_it_was_given(values: dict[str, Any]) -> None:
    rule = save_rule(values=values, actor=ACTOR)
    shown = {**version_values(the_rule()), "active": rule.active}
    assert {name: shown[name] for name in values} == values
    assert [each.id for each in current_policy().rules] == [str(rule.rule_id)] * rule.active


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"type": None}, ("type", "invalid_choice")),
        ({**DAYS, "action": "maybe"}, ("action", "invalid_choice")),
        ({**DAYS, "valid_for": "some"}, ("valid_for", "invalid_choice")),
        ({**DAYS, "valid_for": "group"}, ("credit_management_group", "required")),
        ({**DAYS, "valid_for": "table"}, ("customer", "required")),
        ({**DAYS, "customer": "USMF:US-1"}, ("customer", "not_used")),
        ({**DAYS, "valid_for": "table", "customer": "USMF:NOBODY"}, ("customer", "unknown_reference")),
        (
            {**DAYS, "valid_for": "group", "credit_management_group": "Z"},
            ("credit_management_group", "unknown_reference"),
        ),
        ({**DAYS, "risk_group": "High"}, ("risk_group", "unknown_reference")),
        ({**DAYS, "legal_entity": "XXXX"}, ("legal_entity", "unknown_reference")),
        ({"type": "days_overdue"}, ("days", "required")),
        ({**DAYS, "days": -1}, ("days", "out_of_range")),
        ({**DAYS, "amount": Decimal(5), "currency": "USD"}, ("amount", "not_used")),
        ({**DAYS, **EXCLUSION, "amount": Decimal(5), "currency": "USD"}, ("amount", "ambiguous")),
        ({**DAYS, "release_sales_order": True}, ("release_sales_order", "only_for_exclusions")),
        (
            {**DAYS, "valid_from": dt.date(2026, 2, 1), "valid_to": dt.date(2026, 1, 1)},
            ("valid_to", "ends_before_it_starts"),
        ),
        ({"type": "sales_order", "amount": Decimal(5)}, ("currency", "required")),
        ({"type": "sales_order", "amount": Decimal(5), "currency": "XXX"}, ("currency", "unknown_reference")),
        ({"type": "sales_order", "amount": Decimal("NaN"), "currency": "USD"}, ("amount", "out_of_range")),
        ({"type": "sales_order", "amount": Decimal(-1), "currency": "USD"}, ("amount", "out_of_range")),
        ({"type": "limit_used", "threshold_percent": Decimal(-1)}, ("threshold_percent", "out_of_range")),
        ({"type": "limit_used", "threshold_percent": Decimal(10_000)}, ("threshold_percent", "out_of_range")),
        (OVERDUE, ("threshold_percent", "required")),
        (
            {**OVERDUE, **EXCLUSION, "threshold_percent": Decimal(1), "threshold_amount": Decimal(1)},
            ("threshold_amount", "ambiguous"),
        ),
        ({"type": "account_status"}, ("account_status", "required")),
        ({"type": "payment_terms", "payment_terms": "N99"}, ("payment_terms", "unknown_reference")),
        ({**DAYS, "colour": "red"}, ("colour", "unknown_field")),
    ],
)
def test_a_rule_that_means_nothing_is_refused(values: dict[str, Any], expected: tuple[str, str]) -> None:
    assert expected in wrong(lambda: save_rule(values=values, actor=ACTOR))
    assert not BlockingRule.objects.exists()


def test_a_rule_of_an_entity_takes_customers_of_that_entity_only() -> None:
    make.LegalEntityFactory(code="DEMF")
    values = {**DAYS, "valid_for": "table", "customer": "USMF:US-1", "legal_entity": "DEMF"}
    assert wrong(lambda: save_rule(values=values, actor=ACTOR)) == [("customer", "other_legal_entity")]


def test_all_errors_of_a_rule_are_named_at_once() -> None:
    values = {"type": "limit_used", "days": 5, "valid_for": "group", "release_sales_order": True}
    fields = {field for field, _ in wrong(lambda: save_rule(values=values, actor=ACTOR))}
    assert fields == {"threshold_percent", "days", "credit_management_group", "release_sales_order"}


def test_changing_a_rule_keeps_or_resets_what_is_left_out() -> None:
    rule = save_rule(values={**DAYS, "name": "Old"}, actor=ACTOR)
    save_rule(rule=rule.rule_id, values={"days": 60}, actor=ACTOR, replace=False)
    assert the_rule().name == "Old"
    save_rule(rule=rule.rule_id, values={**DAYS, "days": 90}, actor=ACTOR)
    assert (the_rule().name, the_rule().days) == ("Days overdue", 90)


def test_saving_the_same_again_makes_no_new_policy_version() -> None:
    rule = save_rule(values=DAYS, actor=ACTOR)
    save_parameters(legal_entity="USMF", values={"require_review_date": True}, actor=ACTOR)
    before = PolicyClock.objects.get().version
    save_rule(rule=rule.rule_id, values=DAYS, actor=ACTOR)
    save_parameters(legal_entity="USMF", values={"require_review_date": True}, actor=ACTOR)
    assert PolicyClock.objects.get().version == before


def test_setting_up_needs_the_right_where_it_matters() -> None:
    """domain 13: shared rules and the default row need it in all legal entities"""
    make.LegalEntityFactory(code="DEMF")
    one = Actor("user", 1, "one", (Grant("credit_administrator", "USMF"),))
    clerk = Actor("user", 2, "clerk", (Grant("credit_clerk", "USMF"),))
    save_rule(values={**DAYS, "legal_entity": "USMF"}, actor=one)
    shared = save_rule(values=DAYS, actor=ACTOR)
    for refused in (
        lambda: save_rule(values=DAYS, actor=one),
        lambda: save_rule(values={**DAYS, "legal_entity": "USMF"}, actor=clerk),
        lambda: delete_rule(rule=shared.rule_id, actor=one),
        lambda: save_parameters(legal_entity=None, values={}, actor=one),
        lambda: save_parameters(legal_entity="USMF", values={}, actor=clerk),
    ):
        with pytest.raises(NotAllowed):
            refused()
    with pytest.raises(NotFound):
        delete_rule(rule=uuid.uuid4(), actor=ACTOR)


def test_an_entity_without_a_row_gets_one_with_the_default_rows_values() -> None:
    """api.md Names"""
    save_parameters(legal_entity=None, values={"release_tolerance_percent": Decimal(5)}, actor=ACTOR)
    assert parameters_row("USMF").legal_entity is None
    row = save_parameters(legal_entity="USMF", values={"require_review_date": True}, actor=ACTOR)
    assert (row.release_tolerance_percent, row.require_review_date) == (5, True)
    assert [each["document"] for each in parameter_values(row)["checkpoints"]] == [
        "confirmation", "packing_slip", "invoice",
    ]  # fmt: skip
    save_parameters(legal_entity=None, values={"release_tolerance_percent": Decimal(9)}, actor=ACTOR)
    assert parameters_row("USMF").release_tolerance_percent == 5


def test_replacing_parameters_brings_back_what_is_left_out() -> None:
    save_parameters(legal_entity=None, values={"require_review_date": True, "checkpoints": []}, actor=ACTOR)
    row = save_parameters(legal_entity=None, values={}, actor=ACTOR, replace=True)
    assert (row.require_review_date, len(parameter_values(row)["checkpoints"])) == (False, 3)


def test_checkpoints_replace_the_whole_list() -> None:
    checkpoints = [{"document": "picking_list", "posting": True, "grace_days": 0}]
    save_parameters(legal_entity="USMF", values={"checkpoints": checkpoints}, actor=ACTOR)
    known = current_policy().parameters["USMF"].checkpoints
    assert {document: (each.posting, each.grace_days) for document, each in known.items()} == {
        "picking_list": (True, 0)
    }


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"credit_limit_type": "some"}, ("credit_limit_type", "invalid_choice")),
        ({"require_review_date": "yes"}, ("require_review_date", "invalid")),
        ({"release_tolerance_percent": Decimal(101)}, ("release_tolerance_percent", "out_of_range")),
        ({"release_tolerance_percent": Decimal("NaN")}, ("release_tolerance_percent", "out_of_range")),
        ({"dso_1_months": 0}, ("dso_1_months", "out_of_range")),
        ({"ignore_open_items_below": Decimal(-1)}, ("ignore_open_items_below", "out_of_range")),
        ({"credit_limit_exchange_rate_type": ""}, ("credit_limit_exchange_rate_type", "invalid")),
        ({"automatically_release": "with_posting"}, ("automatic_release_reason", "required")),
        ({"modified_order_reason": "NONE"}, ("modified_order_reason", "unknown_reference")),
        ({"modified_order_reason": "GERMAN"}, ("modified_order_reason", "other_legal_entity")),
        ({"cancelled_order_reason": "HOLDING"}, ("cancelled_order_reason", "unknown_reference")),
        ({"colour": "red"}, ("colour", "unknown_field")),
        ({"checkpoints": [{"document": "quotation"}]}, ("checkpoints[0].document", "invalid_choice")),
        ({"checkpoints": [{"document": "invoice"}, {"document": "invoice"}]}, ("checkpoints[1].document", "repeated")),
        ({"checkpoints": [{"document": "invoice", "grace_days": 2}]}, ("checkpoints", "grace_without_checkpoint")),
        (
            {"checkpoints": [{"document": "invoice", "posting": True, "grace_days": -1}]},
            ("checkpoints[0].grace_days", "out_of_range"),
        ),
    ],
)
def test_parameters_that_mean_nothing_are_refused(values: dict[str, Any], expected: tuple[str, str]) -> None:
    german = make.LegalEntityFactory(code="DEMF")
    make.ReasonFactory(code="GERMAN", legal_entity=german)
    make.ReasonFactory(code="HOLDING", type="hold")
    assert expected in wrong(lambda: save_parameters(legal_entity="USMF", values=values, actor=ACTOR))


def test_the_default_row_takes_reasons_of_all_entities_only() -> None:
    make.ReasonFactory(code="OURS", legal_entity_id="USMF")
    values = {"automatically_release": "without_posting", "automatic_release_reason": "OURS"}
    save_parameters(legal_entity="USMF", values=values, actor=ACTOR)
    refused = wrong(lambda: save_parameters(legal_entity=None, values=values, actor=ACTOR))
    assert refused == [("automatic_release_reason", "other_legal_entity")]


def test_grace_days_are_all_or_none_and_the_odd_ones_are_named() -> None:
    """domain 5.1"""
    checkpoints = [
        {"document": "confirmation", "posting": True, "grace_days": 2},
        {"document": "packing_slip", "posting": True, "grace_days": 0},
        {"document": "invoice", "posting": True},
    ]
    with pytest.raises(InvalidInput) as refused:
        save_parameters(legal_entity="USMF", values={"checkpoints": checkpoints}, actor=ACTOR)
    [error] = refused.value.errors
    assert (error.code, error.message[-8:]) == ("grace_days_at_odds", "invoice.")
    assert Parameters.objects.get(legal_entity=None).checkpoints.count() == 3
