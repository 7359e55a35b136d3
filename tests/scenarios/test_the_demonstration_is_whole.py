"""Story: the first start is killed while the demonstration is being made; the next start makes a whole one."""

import datetime as dt
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import connection, transaction

from credit_mgmt.models import Commitment, CreditAccount, DecisionRecord, RuleVersion
from customers.models import CustomerTransaction, DueItem, LegalEntity, OutboxEvent, Party, SalesOrder
from holds import forced, posting
from holds.demo import company, ledger, load, orders
from holds.models import Hold, HoldEvent

DAY = dt.date(2026, 8, 31)
pytestmark = pytest.mark.django_db(transaction=True)


class Killed(BaseException):
    """The end of a process, as far as one process can act it."""


@pytest.fixture(autouse=True)
def _a_small_company(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same stories with fewer customers: what is tested is whether it is whole, not how large."""
    settings.CREDIT_TODAY = DAY
    monkeypatch.setattr(company, "CUSTOMERS_PER_ENTITY", {"NL01": 40, "DE01": 20, "US01": 20})
    monkeypatch.setattr(ledger, "INVOICES", 600)
    monkeypatch.setattr(orders, "ORDERS", 200)


@pytest.fixture
def undisturbed() -> dict[str, Any]:
    """The company as it looks when nobody interrupts; taken back again."""

    class TakenBack(Exception):
        pass

    try:
        with transaction.atomic():
            seed()
            seen = company_as_seen()
            raise TakenBack
    except TakenBack:
        return seen


def seed() -> None:
    call_command("seed_demo", "--if-empty", stderr=StringIO())


def company_as_seen() -> dict[str, Any]:
    """What a person can see of it: everything but database ids and versions."""
    return {
        "orders": list(
            SalesOrder.objects.order_by("number").values_list(
                "number", "legal_entity", "customer__account", "amount", "document_status", "credit_status"
            )
        ),
        "holds": sorted(
            Hold.objects.order_by().values_list(
                "order__number", "status", "amount", "over_limit", "forced", "held_at__date"
            )
        ),
        "reasons": sorted(
            (number, type, tuple(sorted(evidence.items())))
            for number, type, evidence in Hold.objects.order_by().values_list(
                "order__number", "reasons__type", "reasons__evidence"
            )
        ),
        "balances": sorted(
            DueItem.objects.order_by().values_list(
                "customer__legal_entity", "customer__account", "due_date", "amount", "open_amount"
            )
        ),
        "limits": list(
            CreditAccount.objects.order_by("customer__legal_entity", "customer__account", "group").values_list(
                "customer__account", "limit_amount", "unlimited", "expires_on"
            )
        ),
        "rules": sorted(RuleVersion.objects.order_by().values_list("rule__code", "rule__type", "valid_for", "state")),
        "people": sorted(get_user_model().objects.values_list("username", flat=True)),
        "numbers": [
            model.objects.count() for model in (Commitment, DecisionRecord, HoldEvent, OutboxEvent, CustomerTransaction)
        ],
    }


def dying(call: Any, after: int) -> Any:
    """`call`, and the end of the process when it was made so many times."""
    made: Iterator[int] = iter(range(after))

    def do(**options: Any) -> Any:
        done = call(**options)
        if next(made, None) is None:
            raise Killed
        return done

    return do


@pytest.mark.parametrize(
    ("where", "call", "after"), [(posting, posting.post_documents, 4), (forced, forced.force_hold, 3), (load, None, 0)]
)
def test_a_seeding_that_was_killed_leaves_nothing_and_the_next_one_is_as_if_undisturbed(
    undisturbed: dict[str, Any], monkeypatch: pytest.MonkeyPatch, where: Any, call: Any, after: int
) -> None:
    name = "_users" if call is None else call.__name__
    with monkeypatch.context() as patched:
        patched.setattr(where, name, dying(call or (lambda: None), after))
        with pytest.raises(Killed):
            seed()
    for model in (LegalEntity, Party, SalesOrder, Hold, DecisionRecord, OutboxEvent, get_user_model()):
        assert not model.objects.exists(), model
    seed()
    assert company_as_seen() == undisturbed
    assert undisturbed["holds"]
    assert undisturbed["numbers"][1] > 100


def test_it_is_given_the_time_that_it_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each check leaves its own limits behind in the transaction; the commit has none of them."""
    seen = []

    def look() -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT current_setting('lock_timeout'), current_setting('statement_timeout'),"
                " current_setting('idle_in_transaction_session_timeout')"
            )
            seen.append(cursor.fetchone())

    real = load._be_patient

    def watched() -> None:
        real()
        look()

    monkeypatch.setattr(load, "_be_patient", watched)
    seed()
    assert seen == [("0", "0", "0")] * 2
