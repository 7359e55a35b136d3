"""Orders of which no decision is stored are rebuilt as of their first invoice (`ux` 3.10, `domain 1`)."""

import datetime as dt
import json
from decimal import Decimal
from typing import Any

import pytest

from credit_mgmt.backtests.rebuilding import rebuilt_facts
from credit_mgmt.engine.codec import decode
from credit_mgmt.engine.condense import Facts
from credit_mgmt.engine.decide import decide
from credit_mgmt.engine.decision import Decision
from credit_mgmt.limits import set_limit
from credit_mgmt.models import CheckpointSetting, CreditAccount, DecisionRecord
from credit_mgmt.policies import current_policy
from customers.models import SalesOrder
from tests import factories as make
from tests.credit_mgmt.backtests.world import CHECKED, NOW, TODAY, a_customer, check, invoice, orders_of, settle
from tests.factories_credit import ACTOR, BlockingRuleFactory, give_limit

pytestmark = pytest.mark.django_db

IN_A_MONTH = CHECKED + dt.timedelta(days=30)


def rebuilt(order: SalesOrder, day: dt.date = CHECKED) -> Facts:
    [facts] = rebuilt_facts({order.pk: day}, current_policy()).values()
    return facts


def decision(facts: Facts) -> Decision:
    return decide(facts.book(), facts.order, policy=current_policy(), question=facts.question, setting=facts.setting)


def figures(order: SalesOrder, day: dt.date = CHECKED) -> dict[str, Any]:
    return dict(decision(rebuilt(order, day)).figures or {})


def test_what_is_rebuilt_is_what_would_have_been_stored() -> None:
    """The same order, checked on that day and rebuilt later, after it was invoiced and paid, and others too"""
    BlockingRuleFactory(threshold_percent=10)
    BlockingRuleFactory(type="days_overdue", days=60)
    customer = a_customer(70, limit="1000")
    [order] = orders_of(customer, [900])
    check([order])
    stored = decode(Facts, json.loads(DecisionRecord.objects.get().facts))
    settle(invoice(order, IN_A_MONTH, date=CHECKED), CHECKED + dt.timedelta(days=50))
    make.InvoiceFactory(customer=customer, date=CHECKED + dt.timedelta(days=1), amount=Decimal(77))
    again = rebuilt(order)
    assert decision(again).reasons == decision(stored).reasons
    assert (again.order, again.setting.as_of) == (stored.order, CHECKED)


def test_its_own_invoice_is_not_what_its_payer_owed() -> None:
    customer = a_customer(limit="1000")
    [order] = orders_of(customer, [900])
    invoice(order, IN_A_MONTH, date=CHECKED)
    assert figures(order)["exposure_after"] == "900.00"


def test_an_invoice_paid_on_its_day_leaves_nothing_to_take_out() -> None:
    [order] = orders_of(a_customer(limit="1000"), [900])
    settle(invoice(order, IN_A_MONTH, date=CHECKED), CHECKED)
    assert figures(order)["exposure_after"] == "900.00"


def test_the_limit_is_that_of_the_day() -> None:
    customer = a_customer(limit="1000")
    [order] = orders_of(customer, [900])
    invoice(order, IN_A_MONTH, date=CHECKED)
    account = CreditAccount.objects.get(customer=customer)
    set_limit(account=account.pk, limit_amount=Decimal(5), source="feed", actor=ACTOR, at=NOW, as_of=TODAY)
    assert figures(order)["total_limit"] == "1000.00"


def test_a_member_counts_with_its_group() -> None:
    group = make.CustomerCreditGroupFactory()
    give_limit(group, "500")
    customer, other = a_customer(limit="1000", credit_group=group), a_customer(credit_group=group)
    make.InvoiceFactory(customer=other, date=CHECKED - dt.timedelta(days=1), amount=Decimal(100))
    [order] = orders_of(customer, [450])
    invoice(order, IN_A_MONTH, date=CHECKED)
    BlockingRuleFactory()
    [reason] = decision(rebuilt(order)).reasons
    assert (reason.account, reason.evidence["measured"]) == (f"group:{group.pk}", "550.00")


def test_it_is_checked_where_orders_are_first_checked() -> None:
    [order] = orders_of(a_customer(), [900])
    invoice(order, IN_A_MONTH, date=CHECKED)
    assert rebuilt(order).question.checkpoint == "confirmation"
    CheckpointSetting.objects.filter(document="confirmation").update(posting=False)
    assert rebuilt(order).question.checkpoint == "packing_slip"
