"""A year of USMF for backtests: orders checked on a day, and what became of their invoices since."""

import datetime as dt
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from credit_mgmt import checks
from credit_mgmt.backtests import jobs as backtest_jobs
from credit_mgmt.decisions import record_decisions
from credit_mgmt.models import Backtest, BacktestRow, RuleVersion
from credit_mgmt.rules import change_rule
from customers import jobs
from customers.access import Actor
from customers.models import Customer, CustomerTransaction, DueItem, Job, SalesOrder, Settlement
from tests import factories as make
from tests.factories_credit import ACTOR, customer_with_limit

TODAY = dt.date(2026, 11, 20)
NOW = dt.datetime(2026, 11, 20, 9, tzinfo=dt.UTC)
CHECKED = TODAY - dt.timedelta(days=100)
PLENTY, NOTHING = "1000000000", "0.01"


def a_customer(days_overdue: int = 0, *, limit: str = PLENTY, on: dt.date = CHECKED, **fields: Any) -> Customer:
    """A customer whose oldest open invoice is overdue for so many days on the day `on`."""
    customer = customer_with_limit(limit, **fields)
    if days_overdue:
        due = on - dt.timedelta(days=days_overdue)
        make.InvoiceFactory(customer=customer, date=due - dt.timedelta(days=30), due_date=due, amount=Decimal(10))
    return customer


def orders_of(customer: Customer, amounts: Iterable[int]) -> list[SalesOrder]:
    """Open orders of these amounts."""
    made = [make.SalesOrderFactory.build(customer=customer, amount=Decimal(amount)) for amount in amounts]
    return SalesOrder.objects.bulk_create(made)


def check(
    orders: Sequence[SalesOrder], on: dt.date = CHECKED, *, document: str = "confirmation", kind: str = "posting"
) -> None:
    """Check each order by itself on a day, and store the decisions."""
    entities = {order.legal_entity_id for order in orders}
    at = dt.datetime.combine(on, dt.time(12), dt.UTC)
    requests = [checks.Request(order.pk, document) for order in orders]
    checked = checks.check(requests, as_of=dict.fromkeys(entities, on), evaluation=kind == "evaluation")
    record_decisions(checked, kind=kind, actor=ACTOR, at=at)


def invoice(order: SalesOrder, due: dt.date, date: dt.date | None = None) -> DueItem:
    """The order is invoiced as a whole."""
    made = make.InvoiceFactory(
        customer=order.payer, sales_order=order, date=date or due - dt.timedelta(days=30), due_date=due,
        amount=order.amount, currency=order.currency,
    )  # fmt: skip
    SalesOrder.objects.filter(pk=order.pk).update(uninvoiced_amount=0, document_status="invoice")
    return DueItem.objects.get(transaction=made)


def settle(item: DueItem, on: dt.date, kind: str = "payment", amount: Decimal | None = None) -> None:
    """A payment, write-off or credit note of all of an invoice, or of a part."""
    amount = amount or item.open_amount
    series = "payment" if kind == "payment" else "invoice"
    paid = CustomerTransaction.objects.create(
        legal_entity_id=item.transaction.legal_entity_id, series=series, number=f"S-{item.pk}-{on:%y%m%d}", kind=kind,
        customer_id=item.customer_id, date=on, currency_id=item.currency_id, amount=amount,
    )  # fmt: skip
    credit = DueItem.objects.create(
        transaction=paid, customer_id=item.customer_id, currency_id=item.currency_id, date=on, due_date=on,
        amount=-amount, open_amount=0,
    )  # fmt: skip
    Settlement.objects.create(credit=credit, debit=item, date=on, amount=amount)
    DueItem.objects.filter(pk=item.pk).update(open_amount=item.open_amount - amount)
    item.refresh_from_db()


def start(actor: Actor = ACTOR, **parameters: Any) -> Job:
    """Ask for a backtest of the last 180 days up to `TODAY`."""
    return jobs.start_job(backtest_jobs.KIND, {"to": TODAY.isoformat(), **parameters}, actor=actor, now=NOW)


def run(job: Job) -> Backtest:
    """Let one worker do the job."""
    jobs.run_job(job.pk, at=lambda: NOW)
    return Backtest.objects.select_related("job").get(job=job)


def rows(backtest: Backtest) -> list[BacktestRow]:
    """What the backtest says of orders."""
    return list(BacktestRow.objects.filter(backtest=backtest).select_related("order").order_by("order"))


def draft_of(rule: RuleVersion, **values: Any) -> RuleVersion:
    """A draft of the rule with other values."""
    return change_rule(rule=rule.rule_id, values=values, actor=ACTOR, at=NOW)
