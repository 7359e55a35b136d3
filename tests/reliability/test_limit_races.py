"""Two orders at once (`domain 4.10`, `reliability.md` F04): 0 overruns, and approvals exactly floor(headroom / amount).

Each protection is taken away once, to see that the race is a real one and that the test would notice.
"""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection
from django.db.models import Sum

from credit_mgmt import accounts, checks, commitments
from credit_mgmt.engine.decision import Outcome, Reason
from credit_mgmt.models import Commitment, CreditUse
from customers.models import SalesOrder
from holds import locking, posting
from holds.models import Hold
from holds.posting import post_document
from tests.factories_holds import NOW, SYSTEM, a_customer, a_group, a_rule, an_order, today
from tests.reliability.races import RACERS, ROUNDS, answers, race, retried

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

LIMIT, AMOUNT = Decimal(1000), Decimal(300)
FIT = int(LIMIT // AMOUNT)


def racers_on_one_customer() -> list[SalesOrder]:
    customer = a_customer(f"US-{SalesOrder.objects.count()}", limit=str(LIMIT))
    return [an_order(customer, str(AMOUNT)) for _ in range(RACERS)]


def racers_on_one_group() -> list[SalesOrder]:
    """Each racer is another member: nothing but the group's account is shared."""
    number = SalesOrder.objects.count()
    group = a_group(f"G{number}", limit=str(LIMIT))
    members = [a_customer(f"M-{number}-{n}", limit="0", credit_group=group) for n in range(RACERS)]
    return [an_order(member, str(AMOUNT)) for member in members]


SHARED = pytest.mark.parametrize("racers", [racers_on_one_customer, racers_on_one_group])


def posting_of(order: SalesOrder) -> Callable[[], str]:
    return lambda: post_document(order=order.pk, document="confirmation", actor=SYSTEM, at=NOW, today=today).outcome


def post_at_once(orders: list[SalesOrder]) -> list[str]:
    return answers(race([retried(posting_of(order)) for order in orders]))


def used(orders: list[SalesOrder]) -> Decimal:
    return Commitment.objects.filter(order__in=orders).aggregate(total=Sum("amount"))["total"] or Decimal(0)


@SHARED
def test_racers_on_one_limit_never_overrun_it(racers):
    a_rule()
    for _ in range(ROUNDS):
        orders = racers()
        outcomes = post_at_once(orders)
        assert sorted(outcomes) == ["held"] * (RACERS - FIT) + ["posted"] * FIT
        assert used(orders) == FIT * AMOUNT
        assert Hold.objects.filter(order__in=orders, status="active").count() == RACERS - FIT
        assert CreditUse.objects.filter(order__in=orders).values("order").distinct().count() == FIT


# --- sabotage: each protection removed, the net below it or the overrun shows -----------------------------------------


def overruns(racers) -> int:
    """In how many of five rounds more was approved than fits, or the net caught an attempt."""
    count = 0
    for _ in range(5):
        orders = racers()
        outcomes = race([posting_of(order) for order in orders])
        caught = [outcome for outcome in outcomes if isinstance(outcome, Exception)]
        assert all("one_credit_use_per_account_and_number" in str(error) for error in caught), caught
        count += bool(caught) or used(orders) > LIMIT
    return count


def forget_the_lock(monkeypatch) -> None:
    """S1: the versions are read, nothing is locked."""
    monkeypatch.setattr(accounts, "_LOCK", accounts._LOCK.replace("FOR NO KEY UPDATE", ""))


def forget_the_numbers(monkeypatch) -> None:
    """Take the net away too: credit is committed without taking the account's next number."""

    def commit(order_ids, *, accounts, at) -> None:
        for order in SalesOrder.objects.filter(pk__in=order_ids).select_related("payer__credit_account"):
            Commitment.objects.update_or_create(
                order=order,
                defaults={
                    "account": order.payer.credit_account, "amount": order.uninvoiced_amount,
                    "currency_id": order.currency_id, "approved_at": at,
                },
            )  # fmt: skip

    monkeypatch.setattr(commitments, "commit", commit)


@SHARED
def test_sabotage_s1_without_the_lock_the_number_of_the_account_catches_what_overruns(racers, monkeypatch):
    a_rule()
    forget_the_lock(monkeypatch)
    assert overruns(racers) == 5
    assert all(used(list(SalesOrder.objects.filter(payer=payer))) <= LIMIT for payer in _payers())


def _payers() -> list[int]:
    return list(SalesOrder.objects.order_by().values_list("payer", flat=True).distinct())


@SHARED
def test_sabotage_s1_without_lock_and_numbers_the_limit_is_overrun(racers, monkeypatch):
    """The race is real: finding 1 says nearly every round."""
    a_rule()
    forget_the_lock(monkeypatch)
    forget_the_numbers(monkeypatch)
    assert overruns(racers) >= 4


@SHARED
def test_sabotage_s2_locking_after_reading_overruns(racers, monkeypatch):
    """S2: the exposure is read first, the lock is taken afterwards."""
    a_rule()
    forget_the_numbers(monkeypatch)
    forget_the_lock(monkeypatch)
    check = checks.check_for_posting

    def check_then_lock(order_ids, **options):
        checked = check(order_ids, **options)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT id FROM credit_mgmt_creditaccount ORDER BY id FOR NO KEY UPDATE",
            )
        return checked

    monkeypatch.setattr(posting, "check_for_posting", check_then_lock)
    assert overruns(racers) >= 4


@SHARED
def test_sabotage_s3_locking_and_adding_up_in_one_statement_overruns(racers, monkeypatch):
    """S3, finding 3: the sum of a statement that waits for its lock is older than the lock."""
    a_rule()
    forget_the_numbers(monkeypatch)
    one_statement = """
        SET LOCAL lock_timeout = %s; SET LOCAL statement_timeout = %s;
        SELECT a.id, a.version, current_setting('transaction_isolation'),
               (SELECT coalesce(sum(m.amount), 0) FROM credit_mgmt_commitment m
                JOIN customers_salesorder o ON o.id = m.order_id JOIN customers_customer c ON c.id = o.payer_id
                WHERE m.account_id = a.id OR c.credit_group_id = a.group_id)
        FROM credit_mgmt_creditaccount a WHERE a.id = ANY(%s) ORDER BY a.id FOR NO KEY UPDATE
    """
    sums: dict[int, Decimal] = {}

    def lock_and_sum(account_ids, *, patience) -> dict[int, int]:
        with connection.cursor() as cursor:
            cursor.execute(one_statement, ["20s", "20s", sorted(set(account_ids))])
            rows = cursor.fetchall()
        sums.update({(id(connection.connection), account): total for account, _, _, total in rows})
        return {account: version for account, version, _, _ in rows}

    monkeypatch.setattr(locking, "lock_accounts", lock_and_sum)
    check = checks.check_for_posting

    def decide_by_the_sum(order_ids, **options):
        made = []
        for one in check(order_ids, **options):
            order = SalesOrder.objects.select_related(
                "payer__credit_account", "payer__credit_group__credit_account"
            ).get(pk=one.decision.order_id)
            shared = order.payer.credit_group or order.payer
            before = sums[(id(connection.connection), shared.credit_account.pk)]
            fits = before + order.uninvoiced_amount <= LIMIT
            outcome, reasons = (Outcome.PASSED, ()) if fits else (Outcome.HELD, one.decision.reasons or _a_reason())
            made.append(replace(one, decision=replace(one.decision, outcome=outcome, reasons=reasons)))
        return made

    monkeypatch.setattr(posting, "check_for_posting", decide_by_the_sum)
    assert overruns(racers) >= 4


def _a_reason() -> tuple:
    return (Reason("limit_used", None, None, None, {"measured": "0", "threshold": "0", "limit": "1"}),)


def test_the_number_of_an_account_is_given_once():
    """Finding 4: UNIQUE(account, seq)."""
    order = an_order(a_customer())
    account = order.payer.credit_account
    CreditUse.objects.create(account=account, sequence=1, order=order, at=NOW)
    with pytest.raises(IntegrityError, match="one_credit_use_per_account_and_number"):
        CreditUse.objects.create(account=account, sequence=1, order=order, at=NOW)
