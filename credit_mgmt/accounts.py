"""Credit accounts: opening them, finding those of a payer, and locking them.

Note [The lock protocol] (`reliability.md` 0). Whoever uses up credit, changes limits or moves customers between groups
first locks the credit accounts concerned: in ONE statement, in the order of their ids whatever their kind, under READ
COMMITTED, as late as possible and before the facts are read. Facts are read afterwards, in statements of their own:
a statement that locks and sums at once sums what was true before it waited. What was looked up to know *which* accounts
to lock (membership of a group, the invoice account) is looked up again under the lock. Freeing credit needs no lock.

This is the only place that locks rows; a test forbids it elsewhere.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from django.db import OperationalError, connection, transaction
from psycopg2 import errors as pg

from credit_mgmt.models import CreditAccount
from customers.errors import NotDecided
from customers.models import Customer

ATTEMPTS = 3
"""How often a lock is tried again because membership changed or a deadlock was resolved against us."""


class Patience(Enum):
    """What a transaction may take: waiting for a lock, one statement, thinking between two statements.

    A check never thinks: it keeps the session's limit. An evaluation decides all orders of a credit group in plain
    Python between reading their facts and writing what follows, tens of thousands in the worst case: it gets as long as
    a worker may keep its part of a job (`JOB_LEASE_SECONDS`), after which another one would do it anyway.
    """

    CHECK = ("700ms", "2s", None)
    WORK = ("2s", "10s", "60s")


@dataclass(slots=True)
class LockedAccounts:
    """Accounts locked by this transaction: their versions, and which of them each payer draws on (own, group).

    `versions` was read before any fact; a decision that uses credit takes the next number (`credit_mgmt.commitments`).
    """

    of_payer: Mapping[int, tuple[int, ...]]
    versions: dict[int, int] = field(default_factory=dict)


class _MembershipChanged(Exception):
    """Between looking the accounts up and locking them, a payer moved to another group."""


def open_accounts(*, customer_ids: Iterable[int] = (), group_numbers: Iterable[str] = ()) -> None:
    """Give each customer (in its entity's currency) and group (in its own) a credit account without credit, once.

    Needs no lock and can run twice at once: what exists stays as it is (`domain 2`: a limit of 0 means no credit).
    """
    with connection.cursor() as cursor:
        cursor.execute(_OPEN_CUSTOMERS, [list(customer_ids)])
        cursor.execute(_OPEN_GROUPS, [list(group_numbers)])


_OPEN_CUSTOMERS = """
    INSERT INTO credit_mgmt_creditaccount (customer_id, currency_id, limit_amount, unlimited, mandatory, version)
    SELECT c.id, e.accounting_currency_id, 0, false, false, 0
    FROM customers_customer c JOIN customers_legalentity e ON e.code = c.legal_entity_id
    WHERE c.id = ANY(%s) ORDER BY c.id ON CONFLICT (customer_id) DO NOTHING
"""
_OPEN_GROUPS = """
    INSERT INTO credit_mgmt_creditaccount (group_id, currency_id, limit_amount, unlimited, mandatory, version)
    SELECT g.number, g.currency_id, 0, false, false, 0
    FROM customers_customercreditgroup g
    WHERE g.number = ANY(%s::varchar[]) ORDER BY g.number ON CONFLICT (group_id) DO NOTHING
"""


def accounts_of(payer_ids: Iterable[int]) -> dict[int, tuple[int, ...]]:
    """Ids of the credit accounts that each payer draws on: its own, and its group's. Opens those that are missing."""
    ids = sorted(set(payer_ids))
    found, missing = _find_accounts(ids)
    if missing:
        customers = Customer.objects.filter(pk__in=missing).order_by("pk")
        groups = customers.filter(credit_group__isnull=False).values_list("credit_group_id", flat=True)
        open_accounts(customer_ids=missing, group_numbers=sorted({group for group in groups if group}))
        found, missing = _find_accounts(ids)
    return found


def _find_accounts(payer_ids: Sequence[int]) -> tuple[dict[int, tuple[int, ...]], list[int]]:
    """What there is, and the payers that still lack an account."""
    rows: Iterable[tuple[Any, ...]] = Customer.objects.filter(pk__in=payer_ids).values_list(
        "pk", "credit_account__pk", "credit_group_id", "credit_group__credit_account__pk"
    )
    found: dict[int, tuple[int, ...]] = {}
    missing: list[int] = []
    for payer, own, group, group_account in rows:
        if own is None or (group is not None and group_account is None):
            missing.append(payer)
        found[payer] = tuple(account for account in (own, group_account) if account is not None)
    return found, missing


def lock_accounts(account_ids: Iterable[int], *, patience: Patience = Patience.WORK) -> dict[int, int]:
    """Lock the accounts until the transaction ends and return their versions. See Note [The lock protocol].

    Raises `NotDecided` when somebody else holds one for too long. Needs an open transaction under READ COMMITTED.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("credit accounts are locked inside a transaction: open one around lock_accounts")
    limits = [limit for limit in patience.value if limit is not None]
    settings = "".join(_LIMITS[: len(limits)])
    try:
        with connection.cursor() as cursor:
            cursor.execute(settings + _LOCK, [*limits, sorted(set(account_ids))])
            rows = cursor.fetchall()
    except OperationalError as error:
        if isinstance(error.__cause__, pg.LockNotAvailable | pg.QueryCanceled):
            raise NotDecided("Another check is using the same credit; nothing was decided. Ask again.") from error
        raise
    if any(isolation != "read committed" for _, _, isolation in rows):
        raise RuntimeError("credit is decided under READ COMMITTED only: sums must be newer than the lock")
    return {account: version for account, version, _ in rows}


# One round trip, with the settings, which last until the transaction ends. ONE lock statement, ONE order.
_LIMITS = (
    "SET LOCAL lock_timeout = %s; ",
    "SET LOCAL statement_timeout = %s; ",
    "SET LOCAL idle_in_transaction_session_timeout = %s; ",
)
_LOCK = """
    SELECT id, version, current_setting('transaction_isolation')
    FROM credit_mgmt_creditaccount WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE
"""


@contextmanager
def locked(
    payer_ids: Iterable[int], *, also: Iterable[int] = (), patience: Patience = Patience.WORK
) -> Iterator[LockedAccounts]:
    """A transaction that holds the accounts of all payers (own and group), and those named in `also`.

    Membership is read again under the lock; when it changed, everything is given back and starts over, three times at
    most. Raises `NotDecided` when that did not help or a lock was not to be had in time.
    """
    with ExitStack() as stack:
        yield _open_and_lock(stack, sorted(set(payer_ids)), sorted(set(also)), patience)


def _open_and_lock(stack: ExitStack, payers: Sequence[int], extra: Sequence[int], patience: Patience) -> LockedAccounts:
    """Open a transaction that `stack` will end, with the locks in it; give everything back before trying again."""
    for _ in range(ATTEMPTS):
        try:
            with ExitStack() as attempt:
                attempt.enter_context(transaction.atomic())
                accounts = _lock_payers(payers, extra, patience)
                stack.enter_context(attempt.pop_all())
                return accounts
        except _MembershipChanged:
            continue
        except OperationalError as error:
            if not isinstance(error.__cause__, pg.DeadlockDetected | pg.SerializationFailure):
                raise
    raise NotDecided("The credit accounts changed while they were being locked; nothing was decided. Ask again.")


def _lock_payers(payers: Sequence[int], extra: Sequence[int], patience: Patience) -> LockedAccounts:
    before = accounts_of(payers)
    versions = lock_accounts({*extra, *(account for own in before.values() for account in own)}, patience=patience)
    after, _ = _find_accounts(payers)
    if after != before:
        raise _MembershipChanged
    return LockedAccounts(of_payer=after, versions=versions)


def account_key(account: CreditAccount) -> str:
    """The name of an account in decisions and events: `USMF:US-001`, or `group:G1`."""
    return account.customer.key if account.customer else f"group:{account.group_id}"


def undisturbed(payer_ids: Iterable[int]) -> set[int]:
    """Those of the payers on whose credit nobody decides at this moment, nor will until the transaction ends.

    Whoever decides holds the lock from reading the facts to writing what follows. So what such a decision wrote is
    visible now, and the next one will see what is committed now. Waits for nobody.
    """
    drawn = accounts_of(payer_ids)
    with connection.cursor() as cursor:
        cursor.execute(_IDLE, [sorted({account for own in drawn.values() for account in own})])
        idle = {account for (account,) in cursor.fetchall()}
    return {payer for payer, own in drawn.items() if idle.issuperset(own)}


_IDLE = "SELECT id FROM credit_mgmt_creditaccount WHERE id = ANY(%s) ORDER BY id FOR SHARE SKIP LOCKED"
