"""What would one rule do? The same check as any, with that rule alone (`api.md` Actions)."""

import datetime as dt
import uuid
from collections.abc import Callable
from dataclasses import replace

from credit_mgmt.checks import check_order
from credit_mgmt.engine.decision import Decision
from credit_mgmt.policies import current_policy, rule_value
from credit_mgmt.rules.reading import current_versions
from customers.access import Action, Actor, authorize
from customers.errors import NotFound
from customers.models import Document, SalesOrder


def try_rule(
    *, rule: uuid.UUID, order: str, actor: Actor, today: Callable[[str], dt.date], document: str = Document.CONFIRMATION
) -> Decision:
    """The decision on an order if this rule, switched on, were the only one. Nothing is stored.

    Grace and checkpoints don't answer for the order, and no parameter adds a reason. Raises `NotFound`, `OutOfScope`,
    `NotAllowed`.
    """
    found = current_versions(actor).filter(rule=rule).first()
    if found is None:
        raise NotFound(f"There is no blocking rule {rule}.")
    entity, _, number = order.partition(":")
    authorize(actor, Action.VIEW_EXPOSURE, entity, f"Order {order}")
    sales_order = SalesOrder.objects.filter(legal_entity=entity, number=number).first()
    if sales_order is None:
        raise NotFound(f"Order {order} was not found.")
    policy = current_policy()
    alone = replace(
        policy,
        rules=(replace(rule_value(found), shadow=False),),
        parameters={
            name: replace(
                row, check_credit_limit=True, exceeding_is_error=False, check_terms=False, check_discount=False
            )
            for name, row in policy.parameters.items()
        },
    )
    return check_order(
        sales_order.pk, checkpoint=document, as_of={entity: today(entity)}, evaluation=True, policy=alone
    )
