import datetime as dt
from decimal import Decimal
import pytest
from credit_mgmt.checks import check_order
from tests import factories as f
from tests import factories_credit as c
pytestmark = pytest.mark.django_db

def test_smoke():
    from credit_mgmt.exposure import position_of
    from credit_mgmt.credit_checks import credit_check
    customer = c.customer_with_limit("10000")
    f.InvoiceFactory(customer=customer, amount=Decimal(3000))
    order = f.SalesOrderFactory(customer=customer, amount=Decimal(5000))
    other = f.SalesOrderFactory(customer=customer, amount=Decimal(2500)); c.approve(other)
    c.BlockingRuleFactory()
    d = check_order(order.pk, checkpoint="confirmation", as_of={"USMF": c.TODAY}, with_remedies=True)
    print(d.remedies)
    assert d.holds
    print(position_of(customer, c.TODAY), position_of(customer, c.TODAY).bar())
    print(position_of(customer, dt.date(2025,12,31)))
    print(credit_check(customer=customer.key, amount=Decimal(5000), currency="USD", document="pos", as_of=c.TODAY, actor=c.ACTOR).outcome)

def test_record():
    from credit_mgmt import checks, decisions, models, accounts, commitments, clearances
    customer = c.customer_with_limit("10000")
    f.InvoiceFactory(customer=customer, amount=Decimal(3000))
    order = f.SalesOrderFactory(customer=customer, amount=Decimal(5000))
    order2 = f.SalesOrderFactory(customer=customer, amount=Decimal(5000))
    c.BlockingRuleFactory()
    with accounts.locked([customer.pk]) as locked:
        done = checks.check([checks.Request(order.pk,"confirmation"), checks.Request(order2.pk,"confirmation")], as_of={"USMF": c.TODAY})
        ids = decisions.record_decisions(done, kind="posting", actor=c.ACTOR, at=c.AT)
        commitments.commit([order.pk], accounts=locked, at=c.AT)
        clearances.grant_pass([clearances.Grant(order.pk,"USMF","confirmation",False,c.TODAY)], policy=done[0].policy, at=c.AT)
    assert [d.decision.outcome for d in done] == ["passed","held"]
    for i, d in zip(ids, done):
        r = models.DecisionRecord.objects.get(pk=i)
        assert decisions.stored_decision(r) == d.decision
        assert decisions.replay(r) == d.decision
