"""Changing limits (`domain 8`), and the customers and invoice accounts around them."""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from credit_mgmt import limits
from credit_mgmt.credit_profiles import feed_customers
from credit_mgmt.limits import LimitChange, set_limit, set_limits
from credit_mgmt.limits import history as limit_history
from credit_mgmt.limits.history import Entry
from credit_mgmt.models import Commitment, CreditAccount, LimitHistory
from customers.access import Actor, Grant, NotAllowed
from customers.errors import InvalidInput, NotDecided, NotFound, Refused
from customers.models import Customer, OutboxEvent, SalesOrder
from tests import factories as make
from tests.factories_credit import ACTOR, AT, TODAY, account_of, approve, customer_with_limit, give_limit

pytestmark = pytest.mark.django_db


def change(account: CreditAccount, source: str = "feed", **values: Any) -> Entry | None:
    values.setdefault("actor", ACTOR)
    return set_limit(account=account.pk, source=source, at=AT, as_of=TODAY, **values)


@pytest.fixture
def account() -> CreditAccount:
    return account_of(customer_with_limit("100"))


def test_a_change_is_written_down_with_from_and_to_and_told(account: CreditAccount) -> None:
    entry = change(account, limit_amount=Decimal(250), unlimited=True, note="Good year")
    assert entry is not None
    assert (entry.sequence, entry.previous_limit, entry.limit_amount) == (2, 100, 250)
    assert (entry.previous_unlimited, entry.unlimited, entry.actor) == (False, True, "system:tests")
    account.refresh_from_db()
    assert (account.limit_amount, account.unlimited, account.limit_date) == (250, True, TODAY)
    event = OutboxEvent.objects.order_by("-sequence")[0]
    assert (event.type, event.subject, event.data["limit"]) == ("limit_changed", account.customer.key, "250.00")


def test_repeating_the_current_values_is_no_change(account: CreditAccount) -> None:
    """domain 8"""
    assert change(account, limit_amount=Decimal("100.00"), unlimited=False, expires_on=None) is None
    assert LimitHistory.objects.count() == 1


def test_two_changes_of_one_account_in_one_call_follow_each_other(account: CreditAccount) -> None:
    changes = [LimitChange(account.pk, limit_amount=Decimal(amount)) for amount in (200, 200, 300)]
    entries = set_limits(changes=changes, source="feed", actor=ACTOR, at=AT, as_of=TODAY)
    assert [entry and (entry.previous_limit, entry.limit_amount) for entry in entries] == [(100, 200), None, (200, 300)]


def test_a_thousand_changes_need_the_statements_of_one(count_queries: Callable[[Callable[[], Any]], int]) -> None:
    accounts = [account_of(customer_with_limit("100")).pk for _ in range(30)]

    def change_all(ids: list[int], amount: int) -> Callable[[], Any]:
        changes = [LimitChange(pk, limit_amount=Decimal(amount)) for pk in ids]
        return lambda: set_limits(changes=changes, source="feed", actor=ACTOR, at=AT, as_of=TODAY)

    assert count_queries(change_all(accounts[:1], 7)) == count_queries(change_all(accounts, 8))


@pytest.mark.parametrize("amount", ["-0.01", "NaN", "Infinity", "1e16"])
def test_what_is_no_amount_is_refused(account: CreditAccount, amount: str) -> None:
    with pytest.raises(InvalidInput):
        change(account, limit_amount=Decimal(amount))
    assert LimitHistory.objects.count() == 1


def test_limits_change_by_hand_where_the_parameter_allows_it(
    account: CreditAccount, parameters: Callable[..., None]
) -> None:
    """domain 8: allow manual editing of credit limits"""
    with pytest.raises(Refused) as refused:
        change(account, "manual", limit_amount=Decimal(5))
    assert refused.value.code == "manual_editing_off"
    parameters(allow_manual_editing_of_credit_limits=True)
    assert change(account, "manual", limit_amount=Decimal(5)) is not None


@pytest.mark.parametrize(
    ("enforced", "values", "refused"),
    [
        ("no", {"limit_amount": Decimal(501)}, False),
        ("warn", {"limit_amount": Decimal(501)}, False),
        ("refuse", {"limit_amount": Decimal(500)}, False),
        ("refuse", {"limit_amount": Decimal("500.01")}, True),
        ("refuse", {"unlimited": True}, True),
        ("refuse", {"limit_amount": Decimal(50)}, False),
    ],
)
def test_by_hand_nobody_gets_more_than_they_are_eligible_for(
    account: CreditAccount, parameters: Callable[..., None], enforced: str, values: dict[str, Any], refused: bool
) -> None:
    """domain 2, 10: enforce eligible credit limit; equal is not above"""
    parameters(allow_manual_editing_of_credit_limits=True, enforce_eligible_credit_limit=enforced)
    Customer.objects.update(eligible_credit_limit=500, eligible_credit_limit_currency="USD")
    if not refused:
        assert change(account, "manual", **values) is not None
        return
    words = "Unlimited" if "unlimited" in values else "500.01 USD"
    with pytest.raises(Refused, match=f"^{words} is above the eligible credit limit"):
        change(account, "manual", **values)


def test_an_eligible_limit_without_a_rate_is_said_to_be_unknown(
    account: CreditAccount, parameters: Callable[..., None]
) -> None:
    parameters(allow_manual_editing_of_credit_limits=True, enforce_eligible_credit_limit="refuse")
    make.CurrencyFactory(code="EUR")
    Customer.objects.update(eligible_credit_limit=500, eligible_credit_limit_currency="EUR")
    with pytest.raises(Refused, match="no exchange rate to USD"):
        change(account, "manual", limit_amount=Decimal(200))


def test_an_opening_limit_is_the_first(account: CreditAccount) -> None:
    with pytest.raises(Refused, match="limit history already"):
        change(account, "opening", limit_amount=Decimal(5))


def test_changing_a_limit_needs_the_right_in_the_entity(
    account: CreditAccount, parameters: Callable[..., None]
) -> None:
    parameters(allow_manual_editing_of_credit_limits=True)
    integration = Actor("client", 1, "erp", (Grant("integration", "USMF"),))
    with pytest.raises(NotAllowed):
        change(account, "manual", limit_amount=Decimal(5), actor=integration)
    with pytest.raises(NotFound):
        set_limit(account=0, source="feed", actor=ACTOR, at=AT, as_of=TODAY, unlimited=True)


def test_an_expiry_may_be_taken_away(account: CreditAccount) -> None:
    until = TODAY + dt.timedelta(days=30)
    change(account, expires_on=until)
    entry = change(account, expires_on=None)
    assert entry is not None
    assert (entry.previous_expires_on, entry.expires_on) == (until, None)


def test_a_group_that_somebody_joins_while_its_date_changes_is_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """The members are read again under the lock (`reliability.md` 0.4)."""
    group = make.CustomerCreditGroupFactory()
    owner = give_limit(group, "100")
    newcomer = customer_with_limit("100")
    lock = limit_history.locked_accounts

    def somebody_joins(ids: Any) -> Any:
        Customer.objects.filter(pk=newcomer.pk).update(credit_group=group)
        return lock(ids)

    monkeypatch.setattr(limits, "locked_accounts", somebody_joins)
    with pytest.raises(NotDecided):
        change(owner, expires_on=TODAY)
    assert LimitHistory.objects.filter(expires_on=TODAY).count() == 0


def feed(row: dict[str, Any], **options: Any) -> Any:
    return feed_customers(rows=[row], actor=ACTOR, today=lambda _: TODAY, at=AT, **options)[0]


def test_commitments_move_to_the_new_invoice_account() -> None:
    """domain 1: changing it moves the commitments, under both locks"""
    head = customer_with_limit("100", account="HEAD")
    branch = customer_with_limit("100", account="BRANCH")
    approve(make.SalesOrderFactory(customer=branch))
    assert not feed({"key": "USMF:BRANCH", "invoice_account": "USMF:HEAD"}, replace=False).errors
    assert SalesOrder.objects.get().payer == head
    assert Commitment.objects.get().account == account_of(head)
    assert not feed({"key": "USMF:BRANCH", "currency": "USD"}).errors  # a PUT without it: pays for itself again
    assert Commitment.objects.get().account == account_of(branch)


def test_every_fed_customer_has_a_credit_account() -> None:
    make.LegalEntityFactory()
    assert feed({"key": "USMF:NEW", "currency": "USD"}).status == "created"
    account = CreditAccount.objects.get(customer__account="NEW")
    assert (account.limit_amount, account.unlimited, account.currency_id) == (0, False, "USD")
