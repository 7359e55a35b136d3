"""Bad rules: the service, the API and the page refuse them with the same words, beside the field, and write nothing."""

import datetime as dt
from decimal import Decimal
from typing import Any, NamedTuple

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from credit_mgmt.models import RuleVersion
from credit_mgmt.rules.saving import save_rule
from customers.errors import InvalidInput
from customers.models import CreditManagementGroup, Role
from tests.api_client import client
from tests.factories_holds import NOW, SYSTEM, a_customer, a_user, an_entity

pytestmark = pytest.mark.django_db


class Bad(NamedTuple):
    """A rule, what is wrong with it, and words of the remedy."""

    values: dict[str, Any]
    field: str
    code: str
    remedy: str


DAYS: dict[str, Any] = {"type": "days_overdue", "action": "blocking", "valid_for": "all", "days": 30}
ORDER: dict[str, Any] = {**DAYS, "type": "sales_order", "days": None, "amount": "500.00", "currency": "USD"}
USED: dict[str, Any] = {**DAYS, "type": "limit_used", "days": None}
TABLE = {
    "a group rule without a group": Bad({**DAYS, "valid_for": "group"}, "credit_management_group", "required", "needs"),
    "a customer rule without a customer": Bad({**DAYS, "valid_for": "table"}, "customer", "required", "needs"),
    "a threshold of -1": Bad({**USED, "threshold_percent": "-1"}, "threshold_percent", "out_of_range", "from 0 to"),
    "a threshold of 10,000 %": Bad(
        {**USED, "threshold_percent": "10000"}, "threshold_percent", "out_of_range", "from 0 to"
    ),
    "an amount without a currency": Bad({**ORDER, "currency": None}, "currency", "required", "currency of the amount"),
    "an amount below zero": Bad({**ORDER, "amount": "-1.00"}, "amount", "out_of_range", "from 0"),
    "no value at all": Bad({**DAYS, "days": None}, "days", "required", "Give the days"),
    "the release flag on a blocking rule": Bad(
        {**DAYS, "release_sales_order": True}, "release_sales_order", "only_for_exclusions", "make the rule an"
    ),
    "a customer of another entity": Bad(
        {**DAYS, "valid_for": "table", "customer": "DEMF:DE-001", "legal_entity": "USMF"},
        "customer", "other_legal_entity", "name a customer of USMF",
    ),
    "a customer that there is not": Bad(
        {**DAYS, "valid_for": "table", "customer": "USMF:NOBODY"}, "customer", "unknown_reference", "no customer"
    ),
    "validity that ends before it starts": Bad(
        {**DAYS, "valid_from": "2026-12-01", "valid_to": "2026-11-30"}, "valid_to", "ends_before_it_starts",
        "on or after the first",
    ),
}  # fmt: skip
EACH = pytest.mark.parametrize("bad", TABLE.values(), ids=TABLE)


@pytest.fixture(autouse=True)
def _world() -> None:
    an_entity("USMF")
    an_entity("DEMF")
    a_customer("DE-001", entity=an_entity("DEMF"))
    CreditManagementGroup.objects.create(code="WHOLESALE", description="Wholesale")


def assert_nothing_was_written() -> None:
    assert not RuleVersion.objects.exists()


@EACH
def test_by_the_service(bad: Bad) -> None:
    values = dict(bad.values)
    for name in ("amount", "threshold_percent"):
        if name in values:
            values[name] = Decimal(values[name])
    for name in ("valid_from", "valid_to"):
        if name in values:
            values[name] = dt.date.fromisoformat(values[name])
    with pytest.raises(InvalidInput) as problem:
        save_rule(values=values, actor=SYSTEM, at=NOW)
    found = {error.field: error for error in problem.value.errors}
    assert (found[bad.field].code, bad.remedy in found[bad.field].message) == (bad.code, True)
    assert_nothing_was_written()


@EACH
def test_by_the_api(bad: Bad) -> None:
    refused = client("admin", "credit_administrator").post("blocking-rules", bad.values).is_(400)
    found = {error["field"]: error for error in refused["errors"]}
    assert (found[bad.field]["code"], bad.remedy in found[bad.field]["message"]) == (bad.code, True)
    assert_nothing_was_written()


@EACH
def test_by_the_page(bad: Bad) -> None:
    """What was typed stays in the form."""
    browser = Client()
    a_user("admin", Role.CREDIT_ADMINISTRATOR)
    browser.force_login(get_user_model().objects.get(username="admin"))
    typed = {name: "on" if value is True else value for name, value in bad.values.items() if value is not None}
    typed |= {"name": "A bad rule", "why": "To see what happens."}
    answer = browser.post(f"/rules/new/?type={bad.values['type']}", typed)
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [bad.field]
    assert "A bad rule" in answer.content.decode()
    assert_nothing_was_written()
