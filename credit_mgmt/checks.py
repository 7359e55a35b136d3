"""The credit check: facts gathered in bulk, decided in the order given (`domain 4`). Reads only.

A single check is the bulk check of one order: at most four queries for either, whatever the history of the customers.
"""

import datetime as dt
from collections.abc import Mapping, Sequence

from credit_mgmt.engine.decision import Decision
from credit_mgmt.engine.facts import Policy
from credit_mgmt.gathering import LIMIT_ONLY, Checked, Gathered, Manner, Request, gather, limit_only
from credit_mgmt.policies import Setup
from customers.models import SalesOrder

__all__ = [
    "LIMIT_ONLY",
    "Checked",
    "Gathered",
    "Request",
    "ask_about",
    "check",
    "check_for_posting",
    "check_order",
    "check_orders",
    "gather_for_evaluation",
    "limit_only",
]


def check_orders(
    order_ids: Sequence[int],
    *,
    checkpoint: str,
    as_of: Mapping[str, dt.date],
    pro_forma: bool = False,
    evaluation: bool = False,
    policy: Policy | None = None,
    with_remedies: bool = False,
) -> list[Decision]:
    """The decision for each order in the order given, each seeing the credit that those before it took (`domain 7`).

    `as_of` is the business date by legal entity. `policy` stands in for the one in force (backtests, shadow rules).
    Raises `NotFound` for an order that isn't there.
    """
    requests = [Request(order_id, checkpoint, pro_forma) for order_id in order_ids]
    manner = Manner(evaluation=evaluation, remedies=with_remedies)
    return [checked.decision for checked in _check_all(requests, as_of, manner, policy=policy)]


def check_order(
    order_id: int,
    *,
    checkpoint: str,
    as_of: Mapping[str, dt.date],
    pro_forma: bool = False,
    evaluation: bool = False,
    policy: Policy | None = None,
    with_remedies: bool = False,
) -> Decision:
    """`check_orders` of one."""
    [decision] = check_orders(
        [order_id],
        checkpoint=checkpoint,
        as_of=as_of,
        pro_forma=pro_forma,
        evaluation=evaluation,
        policy=policy,
        with_remedies=with_remedies,
    )
    return decision


def ask_about(
    order_id: int, *, order_type: str, checkpoint: str, as_of: Mapping[str, dt.date], pro_forma: bool = False
) -> Decision:
    """What a posting of this document would be told now, and what would clear it: the question, nothing is stored.

    Orders of the types point of sale and call centre are checked against the total limit only (`domain 4.8`). Raises
    `NotFound` for an order that isn't there.
    """
    manner = Manner(remedies=True, limit_only=order_type != SalesOrder.Type.SALES)
    [checked] = _check_all([Request(order_id, checkpoint, pro_forma)], as_of, manner)
    return checked.decision


def check(
    requests: Sequence[Request],
    *,
    as_of: Mapping[str, dt.date],
    evaluation: bool = False,
    setup: Setup | None = None,
    evidence: bool = True,
) -> list[Checked]:
    """`check_orders` for orders at different checkpoints, with what each decision was made from, fit to be stored."""
    return _check_all(requests, as_of, Manner(evaluation=evaluation, evidence=evidence), setup=setup)


def gather_for_evaluation(
    requests: Sequence[Request], *, as_of: Mapping[str, dt.date], pinned: Setup | None = None
) -> Gathered:
    """The facts for looking again at held orders, oldest hold first (`domain 7`); `decide` them, or find them known.

    With `pinned`, by that setup, whatever changed since. Raises `NotFound` for an order that isn't there.
    """
    return gather(requests, as_of, Manner(evaluation=True, evidence=True), pinned=pinned)


def check_for_posting(
    order_ids: Sequence[int],
    *,
    checkpoint: str,
    as_of: Mapping[str, dt.date],
    pro_forma: bool = False,
    setup: Setup | None = None,
    limit_only: bool = False,
) -> list[Checked]:
    """The check before a document is posted, fit to be stored. Call it with the payers' accounts locked.

    `limit_only` for point-of-sale and call-centre orders: exceeding the limit is a warning or holds, by the parameter
    *message when exceeding credit limit*; no rule is looked at (`domain 4.8`).
    """
    requests = [Request(order_id, checkpoint, pro_forma) for order_id in order_ids]
    return _check_all(requests, as_of, Manner(evidence=True, limit_only=limit_only), setup=setup)


def _check_all(
    requests: Sequence[Request],
    as_of: Mapping[str, dt.date],
    manner: Manner,
    *,
    setup: Setup | None = None,
    policy: Policy | None = None,
) -> list[Checked]:
    return gather(requests, as_of, manner, setup=setup, policy=policy).decide() if requests else []
