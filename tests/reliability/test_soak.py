"""Everybody at once (`reliability.md` F05, short): clerks, managers, the ERP and the evaluation act at random on the
same few orders. Whatever they are told, the invariants hold, and nobody sees an error that is not in the contract.
"""

import datetime as dt
import os
from collections.abc import Callable
from decimal import Decimal
from random import Random

import pytest
from django.db import connection

from credit_mgmt import accounts
from customers.access import NotAllowed
from customers.errors import InvalidInput, NotDecided, Refused
from customers.models import Reason, Role, SalesOrder
from holds.evaluation import evaluate
from holds.forced import force_hold
from holds.models import Hold, HoldEvent
from holds.orders import cancel_order, feed_orders
from holds.posting import post_document
from holds.rejections import reject_hold, reopen_order
from holds.releases import reinstate_hold, release_holds
from holds.worklist import add_note
from tests.factories_holds import (
    DAY,
    NOW,
    SYSTEM,
    a_customer,
    a_group,
    a_rule,
    a_user,
    an_order,
    parameters,
    reasons,
    today,
)
from tests.reliability.races import race

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

THREADS = 6
SEEDS = range(20 if os.environ.get("NIGHTLY") == "1" else 3)
ACTS = 60
TOLD = (Refused, InvalidInput, NotDecided, NotAllowed)
DOCUMENTS = ("confirmation", "packing_slip", "invoice")


class Actors:
    """What somebody may do at random to one of the orders."""

    def __init__(self, orders: list[SalesOrder], seed: int) -> None:
        self.orders = orders
        self.random = Random(seed)
        self.clerk = a_user()
        self.manager = a_user("manager", Role.CREDIT_MANAGER)

    def act(self) -> None:
        """One act; what the contract allows to be answered is an answer."""
        try:
            self.random.choice(self.acts())()
        except TOLD:
            return

    def acts(self) -> list[Callable[[], object]]:
        return [self.post, self.post, self.post, self.release, self.release, self.reject, self.reinstate, self.force,
                self.cancel, self.reopen, self.feed, self.evaluate, self.note]  # fmt: skip

    def order(self) -> SalesOrder:
        return self.random.choice(self.orders)

    def hold(self) -> Hold:
        holds = list(Hold.objects.filter(order=self.order()).order_by("-held_at", "-pk"))
        if not holds:
            raise Refused("none", "There is no hold yet.")
        return holds[0]

    def post(self) -> None:
        document = self.random.choice(DOCUMENTS)
        post_document(order=self.order().pk, document=document, actor=SYSTEM, at=NOW, today=today)

    def release(self) -> None:
        mode = self.random.choice(["with_posting", "without_posting"])
        holds = {self.hold().pk for _ in range(3)}
        release_holds(ids=holds, mode=mode, reason="PAID", actor=self.manager, at=NOW, today=today)

    def reject(self) -> None:
        reject_hold(id=self.hold().pk, actor=self.clerk, at=NOW)

    def reinstate(self) -> None:
        reinstate_hold(id=self.hold().pk, actor=self.manager, at=NOW + dt.timedelta(minutes=1))

    def force(self) -> None:
        force_hold(order=self.order().pk, reason="DISPUTE", actor=self.clerk, at=NOW, today=today)

    def cancel(self) -> None:
        if self.random.random() < 0.2:
            cancel_order(order=self.order().pk, actor=SYSTEM, at=NOW)

    def reopen(self) -> None:
        reopen_order(order=self.order().pk, actor=self.manager, at=NOW)

    def note(self) -> None:
        add_note(ids=[self.hold().pk], note=str(self.random.random()), actor=self.clerk, at=NOW)

    def feed(self) -> None:
        order = self.order()
        lines = [{"number": 1, "quantity": Decimal(1), "unit_price": Decimal(self.random.randint(50, 500))}]
        row = {"key": order.key, "lines": lines}
        if self.random.random() < 0.3:
            row["customer"] = self.order().customer.key
        feed_orders([row], actor=SYSTEM, at=NOW, today=today, replace=False)

    def evaluate(self) -> None:
        ids = list(Hold.objects.filter(status="active").values_list("pk", flat=True))
        evaluate(hold_ids=ids, actor=SYSTEM, at=NOW, today={"USMF": DAY})


INVARIANTS = {
    "I1: an active hold has a reason": """
        SELECT h.number FROM holds_hold h WHERE h.status = 'active' AND NOT h.forced AND NOT h.ready_to_release
        AND NOT EXISTS (SELECT 1 FROM holds_holdreason r WHERE r.hold_id = h.id AND r.valid)""",
    "I2, I3: status and version are those of the last event, numbered without gaps": """
        SELECT h.number FROM holds_hold h LEFT JOIN holds_holdevent e ON e.hold_id = h.id GROUP BY h.id
        HAVING count(e.id) <> h.version OR max(e.version) <> h.version
        OR (array_agg(e.to_status ORDER BY e.version DESC))[1] <> h.status""",
    "I4: one active hold per order": """
        SELECT order_id FROM holds_hold WHERE status = 'active' GROUP BY order_id HAVING count(*) > 1""",
    "I5: the system releases no forced hold": """
        SELECT e.hold_id FROM holds_holdevent e JOIN holds_hold h ON h.id = e.hold_id
        WHERE e.to_status = 'released' AND e.actor LIKE 'system:%%' AND h.forced_at IS NOT NULL AND h.forced
        AND e.version > (SELECT min(f.version) FROM holds_holdevent f WHERE f.hold_id = h.id AND f.type = 'forced')""",
    "I19: each event is told once": """
        SELECT e.id FROM holds_holdevent e LEFT JOIN customers_outboxevent o
        ON o.key = 'hold:' || e.hold_id || ':' || e.version GROUP BY e.id HAVING count(o.sequence) <> 1""",
    "an order shows whether it is on hold": """
        SELECT o.number FROM customers_salesorder o WHERE (o.credit_status = 'on_hold') <>
        EXISTS (SELECT 1 FROM holds_hold h WHERE h.order_id = o.id AND h.status = 'active')""",
    "what is on hold, rejected, cancelled or invoiced uses no credit": """
        SELECT o.number FROM customers_salesorder o JOIN credit_mgmt_commitment m ON m.order_id = o.id
        WHERE o.credit_status IN ('on_hold', 'rejected', 'cancelled') OR o.document_status = 'invoice'""",
    "what was released or passed uses credit until it is invoiced": """
        SELECT o.number FROM customers_salesorder o LEFT JOIN credit_mgmt_commitment m ON m.order_id = o.id
        WHERE o.credit_status IN ('released', 'passed') AND o.document_status <> 'invoice' AND m.id IS NULL""",
    "credit is used on the account of who pays": """
        SELECT o.number FROM customers_salesorder o JOIN credit_mgmt_commitment m ON m.order_id = o.id
        JOIN credit_mgmt_creditaccount a ON a.id = m.account_id WHERE a.customer_id <> o.payer_id""",
    "I10: the uses of an account are a chain without gaps": """
        SELECT a.id FROM credit_mgmt_creditaccount a LEFT JOIN credit_mgmt_credituse u ON u.account_id = a.id
        GROUP BY a.id HAVING count(u.id) <> a.version OR coalesce(max(u.sequence), 0) <> a.version""",
    "an invoiced order has exactly one invoice, unless nothing was left": """
        SELECT o.number FROM customers_salesorder o LEFT JOIN customers_customertransaction t ON t.sales_order_id = o.id
        WHERE o.document_status = 'invoice' GROUP BY o.id HAVING count(t.id) > 1""",
}


def violations() -> dict[str, list]:
    found = {}
    with connection.cursor() as cursor:
        for name, query in INVARIANTS.items():
            cursor.execute(query.replace("%%", "%"))
            if rows := cursor.fetchall():
                found[name] = rows
    return found


def soak(seed: int) -> tuple[list[Exception], dict[str, list]]:
    """Errors that are not in the contract, and violations of the invariants, after many acts of all actors at once."""
    group = a_group(limit="700")
    customers = [a_customer(f"M-{n}", limit="400", credit_group=group) for n in range(3)]
    customers += [a_customer(f"A-{n}", limit="300") for n in range(2)]
    reasons()
    a_rule()
    parameters(
        automatically_release="with_posting" if seed % 2 else "without_posting",
        automatic_release_reason=Reason.objects.get(type="release", code="AUTO"),
        modified_order_reason=Reason.objects.get(type="release", code="GONE") if seed % 2 else None,
    )
    orders = [an_order(customer, str(100 + 50 * n)) for customer in customers for n in range(4)]
    actors = [Actors(orders, seed * 1000 + n) for n in range(THREADS)]

    def busy(actor: Actors) -> Callable[[], None]:
        def run() -> None:
            for _ in range(ACTS):
                actor.act()

        return run

    errors = [outcome for outcome in race([busy(actor) for actor in actors]) if isinstance(outcome, Exception)]
    return errors, violations()


@pytest.mark.parametrize("seed", SEEDS)
def test_whatever_everybody_does_at_once_the_invariants_hold(seed):
    assert soak(seed) == ([], {})
    happened = set(HoldEvent.objects.order_by().values_list("type", flat=True).distinct())
    assert {"hold_placed", "forced", "released", "rejected"} <= happened, "the soak did not do enough"


def test_sabotage_without_the_lock_it_shows(monkeypatch):
    monkeypatch.setattr(accounts, "_LOCK", accounts._LOCK.replace("FOR NO KEY UPDATE", ""))
    errors, violated = soak(0)
    assert errors or violated
