"""Commitments: the credit that approved orders use (`domain 3.2`).

Taking credit needs the locks of the accounts, and takes the next number of each: the versions were read before any
fact, so that two decisions that never saw each other collide on `one_credit_use_per_account_and_number` instead of
overrunning a limit (`reliability.md` finding 4). Freeing credit needs no lock.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connection

from credit_mgmt.accounts import LockedAccounts
from credit_mgmt.models import Commitment

_COMMIT = """
    WITH taken AS (
        SELECT o.id, o.payer_id, o.uninvoiced_amount, o.currency_id, t.nth
        FROM unnest(%(orders)s::bigint[]) WITH ORDINALITY AS t (id, nth) JOIN customers_salesorder o ON o.id = t.id
    ), locked AS (
        SELECT l.account, l.version FROM unnest(%(accounts)s::bigint[], %(versions)s::bigint[]) AS l (account, version)
    ), uses AS (
        SELECT t.id AS order_id, a.id AS account, a.customer_id IS NOT NULL AS own, t.uninvoiced_amount, t.currency_id,
               l.version + row_number() OVER (PARTITION BY a.id ORDER BY t.nth) AS sequence
        FROM taken t
        JOIN customers_customer c ON c.id = t.payer_id
        JOIN credit_mgmt_creditaccount a ON a.customer_id = c.id OR a.group_id = c.credit_group_id
        JOIN locked l ON l.account = a.id
    ), numbered AS (
        INSERT INTO credit_mgmt_credituse (account_id, sequence, order_id, at)
        SELECT account, sequence, order_id, %(at)s FROM uses ORDER BY account, sequence
    ), committed AS (
        INSERT INTO credit_mgmt_commitment (order_id, account_id, amount, currency_id, approved_at)
        SELECT order_id, account, uninvoiced_amount, currency_id, %(at)s FROM uses WHERE own ORDER BY order_id
        ON CONFLICT (order_id) DO UPDATE SET account_id = excluded.account_id, amount = excluded.amount,
            currency_id = excluded.currency_id, approved_at = excluded.approved_at
        RETURNING order_id
    ), raised AS (
        UPDATE credit_mgmt_creditaccount a SET version = top.sequence
        FROM (SELECT account, max(sequence) AS sequence FROM uses GROUP BY account) top WHERE a.id = top.account
        RETURNING a.id, a.version
    )
    SELECT id, version, (SELECT count(*) FROM committed) FROM raised
"""


def commit(order_ids: Sequence[int], *, accounts: LockedAccounts, at: dt.datetime) -> None:
    """Let the orders use credit, each with its uninvoiced amount as it is now; one statement for any number.

    `accounts` are the locked accounts of their payers; their versions move on with each use. Raises `RuntimeError` when
    one of them is not locked, `IntegrityError` when credit was used since the versions were read.
    """
    orders = list(dict.fromkeys(order_ids))
    if not orders:
        return
    known = accounts.versions
    with connection.cursor() as cursor:
        values: dict[str, Any] = {"orders": orders, "accounts": list(known), "versions": list(known.values()), "at": at}
        cursor.execute(_COMMIT, values)
        rows = cursor.fetchall()
    if not rows or rows[0][2] != len(orders):
        raise RuntimeError("credit was taken from an account that is not locked: lock the payers' accounts first")
    known.update((account, version) for account, version, _ in rows)


def free(order_ids: Iterable[int]) -> int:
    """The orders use no credit any more: held, rejected or cancelled (`domain 3.2`). How many used some."""
    return Commitment.objects.filter(order_id__in=list(order_ids)).delete()[0]


def move(order_ids: Iterable[int]) -> None:
    """After an order's invoice account changed, its commitment belongs to the new payer's account (`domain 1`).

    Call it with the accounts of both payers locked.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE credit_mgmt_commitment m SET account_id = a.id
            FROM customers_salesorder o JOIN credit_mgmt_creditaccount a ON a.customer_id = o.payer_id
            WHERE m.order_id = o.id AND m.account_id <> a.id AND o.id = ANY(%s)""",
            [list(order_ids)],
        )
