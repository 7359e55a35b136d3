"""What is missing or odd in the setup (`ux.md` 3.11): one finding for each, with what comes of it."""

import datetime as dt

import pytest

from credit_mgmt.models import CheckpointSetting, Parameters
from credit_mgmt.parameter_setup import save_parameters
from credit_mgmt.setup.facts import setup_facts
from credit_mgmt.setup.health import checkpoint_words, listed, setup_health
from customers.models import Currency, PaymentTerms, Reason, Role
from tests.api_client import client
from tests.factories import CashDiscountFactory, ExchangeRateFactory
from tests.factories_holds import SYSTEM, a_customer, a_user, an_entity, reasons, today

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def sound() -> None:
    """Nothing is missing in USMF and NL01."""
    an_entity()
    an_entity("NL01", "EUR")
    reasons()
    given = {"modified_order_reason": "PAID", "cancelled_order_reason": "GONE"}
    save_parameters(legal_entity=None, values=given, actor=SYSTEM)


def found(actor=SYSTEM) -> list[tuple[str, str | None, bool]]:
    return [(one.code, one.legal_entity, one.stops) for one in setup_health(setup_facts(actor, today=today))]


def test_a_sound_setup_has_no_findings():
    assert found() == []


def only_in_usmf():
    Reason.objects.filter(type="release").update(legal_entity="USMF")


def all_closed():
    Reason.objects.filter(type="release").update(open=False)


def no_hold_reason():
    Reason.objects.filter(type="hold").delete()


def no_default():
    CheckpointSetting.objects.all().delete()
    Parameters.objects.all().delete()


def nothing_checked():
    save_parameters(legal_entity="NL01", values={"checkpoints": []}, actor=SYSTEM)


def odd_grace():
    CheckpointSetting.objects.filter(document="invoice").update(grace_days=3)


def no_reason_for_modified_orders():
    save_parameters(legal_entity="NL01", values={"modified_order_reason": None}, actor=SYSTEM)


def unranked_terms():
    save_parameters(legal_entity=None, values={"check_when_payment_terms_are_increased": True}, actor=SYSTEM)
    PaymentTerms.objects.create(code="UNUSED")
    customer = a_customer()
    customer.payment_terms_id = "N30"
    customer.save()


def unranked_discount():
    save_parameters(legal_entity=None, values={"check_when_settlement_discount_is_increased": True}, actor=SYSTEM)
    customer = a_customer()
    customer.cash_discount = CashDiscountFactory(rank=None)
    customer.save()


def customers_without_a_rate():
    Currency.objects.get_or_create(code="GBP")
    customer = a_customer()
    customer.currency_id = "GBP"
    customer.save()


FINDINGS = [
    (only_in_usmf, [("no_release_reason", "NL01", True)]),
    (all_closed, [("no_release_reason", "NL01", True), ("no_release_reason", "USMF", True),
                  ("closed_reason", None, False), ("closed_reason", None, False)]),
    (no_hold_reason, [("no_hold_reason", "NL01", False), ("no_hold_reason", "USMF", False)]),
    (no_default, [("no_default_parameters", None, True)]),
    (nothing_checked, [("nothing_is_checked", "NL01", False)]),
    (odd_grace, [("grace_days_at_odds", None, False)]),
    (no_reason_for_modified_orders, [("no_modified_order_reason", "NL01", False)]),
    (unranked_terms, [("payment_terms_without_rank", None, False)]),
    (unranked_discount, [("cash_discounts_without_rank", None, False)]),
    (customers_without_a_rate, [("rate_missing", "USMF", True)]),
]  # fmt: skip


@pytest.mark.parametrize(("happens", "findings"), FINDINGS, ids=[row[0].__name__ for row in FINDINGS])
def test_each_is_found_where_it_is(happens, findings):
    happens()
    assert found() == findings


def test_a_rate_in_either_direction_is_enough():
    customers_without_a_rate()
    Currency.objects.get_or_create(code="GBP")
    ExchangeRateFactory(from_currency_id="USD", to_currency_id="GBP", valid_from=dt.date(2026, 1, 1))
    assert found() == []


def test_who_sees_one_legal_entity_is_told_of_that_one():
    only_in_usmf()
    assert found(a_user("nl", Role.CREDIT_ADMINISTRATOR, "NL01")) == [("no_release_reason", "NL01", True)]
    assert found(a_user("us", Role.CREDIT_ADMINISTRATOR, "USMF")) == []


def test_the_api_says_the_same():
    only_in_usmf()
    answer = client("reader", "viewer").get("setup-health").is_(200)
    assert answer["ready"] is False
    assert answer["findings"] == [
        {
            "code": "no_release_reason", "page": "reasons", "legal_entity": "NL01", "stops": True,
            "message": "NL01 has no release reason: nobody can release a hold there.",
        }
    ]  # fmt: skip
    client("nobody", []).get("setup-health").is_(403)
    client("reader2", "viewer").get("setup-health?page=1").is_(400)


def test_the_state_of_checkpoints_in_one_line():
    row = Parameters.objects.get(legal_entity=None)
    assert checkpoint_words(row) == "3 of 5 on, no grace days"
    row.checkpoints.exclude(document="invoice").update(grace_days=2)
    assert checkpoint_words(row) == "3 of 5 on, grace days missing for Invoice"
    row.checkpoints.update(grace_days=2)
    assert checkpoint_words(row) == "3 of 5 on, with grace days"
    assert checkpoint_words(None) == "0 of 5 on"


@pytest.mark.parametrize(
    ("items", "words"),
    [
        (["A"], "A"),
        (["A", "B"], "A and B"),
        (list("ABCD"), "A, B, C and D"),
        (list("ABCDEFG"), "A, B, C, D and 3 more"),
    ],
)
def test_a_list_is_named_and_not_endless(items, words):
    assert listed(items) == words
