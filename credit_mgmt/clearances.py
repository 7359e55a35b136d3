"""Clearances: what an order's last pass or release lets it do without another check (`domain 5.2`).

A pass or a release on day D at a checkpoint with g grace days lets posting go unchecked through D + g; a release
without posting also clears the one document at which the order was stopped. Both end when the order's value, terms or
discount get easier: the engine compares with the amount, terms and discount kept here (`domain 4.6`).
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from credit_mgmt.engine import facts as engine
from credit_mgmt.engine.schedule import grace_until
from credit_mgmt.models import Clearance


@dataclass(frozen=True, slots=True)
class Grant:
    """An order that passed, or was released, at a checkpoint on a legal entity's business date."""

    order_id: int
    legal_entity: str
    checkpoint: str
    pro_forma: bool
    on: dt.date


# Posting and pro forma have separate grace, and a pass of one leaves what was cleared for the other.
_GRANT = """
    INSERT INTO credit_mgmt_clearance AS c (order_id, amount, payment_terms_id, cash_discount_id, released, grace_until,
        pro_forma_grace_until, cleared_document, cleared_pro_forma, granted_at)
    SELECT o.id, o.amount, o.payment_terms_id, o.cash_discount_id, %(released)s,
           CASE WHEN g.pro_forma THEN old.grace_until ELSE g.until END,
           CASE WHEN g.pro_forma THEN g.until ELSE old.pro_forma_grace_until END,
           CASE WHEN g.cleared <> '' THEN g.cleared
                WHEN old.cleared_pro_forma <> g.pro_forma THEN old.cleared_document ELSE '' END,
           CASE WHEN g.cleared <> '' THEN g.pro_forma
                WHEN old.cleared_pro_forma <> g.pro_forma THEN old.cleared_pro_forma ELSE false END,
           %(at)s
    FROM unnest(%(orders)s::bigint[], %(pro_forma)s::boolean[], %(until)s::date[], %(cleared)s::text[])
         AS g (order_id, pro_forma, until, cleared)
    JOIN customers_salesorder o ON o.id = g.order_id
    LEFT JOIN credit_mgmt_clearance old ON old.order_id = o.id
    ORDER BY o.id
    ON CONFLICT (order_id) DO UPDATE SET
        amount = excluded.amount, payment_terms_id = excluded.payment_terms_id,
        cash_discount_id = excluded.cash_discount_id, released = excluded.released,
        grace_until = excluded.grace_until, pro_forma_grace_until = excluded.pro_forma_grace_until,
        cleared_document = excluded.cleared_document, cleared_pro_forma = excluded.cleared_pro_forma,
        granted_at = excluded.granted_at
"""


def grant_pass(grants: Sequence[Grant], *, policy: engine.Policy, at: dt.datetime) -> None:
    """The orders passed a check: grace begins, and their value, terms and discount are what is compared from now on.

    A document that an earlier release had cleared is no longer cleared: the check that was just passed answers for it.
    """
    _grant(grants, policy=policy, at=at, released=False, clear=False)


def grant_release(grants: Sequence[Grant], *, policy: engine.Policy, at: dt.datetime, clear: bool) -> None:
    """The orders were released: grace begins; with `clear` (no posting now) the document goes unchecked once."""
    _grant(grants, policy=policy, at=at, released=True, clear=clear)


def _grant(grants: Sequence[Grant], *, policy: engine.Policy, at: dt.datetime, released: bool, clear: bool) -> None:
    if not grants:
        return
    values: dict[str, Any] = {
        "orders": [grant.order_id for grant in grants],
        "pro_forma": [grant.pro_forma for grant in grants],
        "until": [_grace_of(grant, policy) for grant in grants],
        "cleared": [grant.checkpoint if clear else "" for grant in grants],
        "released": released,
        "at": at,
    }
    with connection.cursor() as cursor:
        cursor.execute(_GRANT, values)


def _grace_of(grant: Grant, policy: engine.Policy) -> dt.date | None:
    parameters = policy.parameters_of(grant.legal_entity)
    setting = parameters.checkpoints.get(grant.checkpoint) if parameters else None
    return grace_until(setting, grant.on, pro_forma=grant.pro_forma) if setting else None


def consume_clearance(order_ids: Iterable[int], *, document: str, pro_forma: bool) -> None:
    """The cleared document was posted: it is cleared once (`domain 5.2`)."""
    Clearance.objects.filter(
        order_id__in=list(order_ids), cleared_document=document, cleared_pro_forma=pro_forma
    ).update(cleared_document="", cleared_pro_forma=False)


def end(order_ids: Iterable[int]) -> None:
    """Grace and clearance end at once: the order was held, rejected, reinstated or changed (`domain 5.2`, `6`)."""
    Clearance.objects.filter(order_id__in=list(order_ids)).update(
        grace_until=None, pro_forma_grace_until=None, cleared_document="", cleared_pro_forma=False
    )
