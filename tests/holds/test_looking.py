"""What nothing changed for is not decided again; whatever could change a decision has it made again (`domain 7`)."""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from random import Random

import pytest
from django.db import transaction

from credit_mgmt import gathering
from credit_mgmt.engine.decide import decide
from credit_mgmt.models import DecisionRecord
from customers.models import AccountStatus, Currency, Customer, ExchangeRate, SalesOrder
from holds.evaluation import evaluate
from holds.models import Hold, HoldLook
from holds.releases import release_hold
from holds.worklist import add_note
from tests.factories_credit import give_limit
from tests.factories_holds import (
    DAY,
    NOW,
    SYSTEM,
    a_customer,
    a_group,
    a_rule,
    an_entity,
    an_invoice,
    an_order,
    held,
    paid,
    parameters,
    post,
    reasons,
    today,
)

pytestmark = pytest.mark.django_db
LATER = NOW + dt.timedelta(hours=2)


@pytest.fixture(autouse=True)
def _world():
    an_entity()
    reasons()
    a_rule()


class Days(dict):
    def __init__(self, day: dt.date = DAY) -> None:
        super().__init__()
        self.day = day

    def __missing__(self, key):
        return self.day


def evaluate_all(at: dt.datetime = LATER, day: dt.date = DAY):
    ids = list(Hold.objects.filter(status="active").order_by("held_at", "order_id").values_list("pk", flat=True))
    return evaluate(hold_ids=ids, actor=SYSTEM, at=at, today=Days(day))


@pytest.fixture
def decided(monkeypatch) -> list[str]:
    """Keys of the orders that are decided on from now on."""
    keys: list[str] = []
    really = decide

    def spy(book, order, **options):
        keys.append(order.key)
        return really(book, order, **options)

    monkeypatch.setattr(gathering, "decide", spy)
    return keys


def test_a_second_look_at_the_same_facts_decides_nothing_and_says_when_it_looked(decided):
    hold = held(an_order(a_customer(limit="100")))
    evaluate_all()
    stored, known = DecisionRecord.objects.count(), Hold.objects.get()
    decided.clear()
    result = evaluate_all(at=LATER + dt.timedelta(hours=1))
    assert (decided, result["evaluated"], result["changes"]) == ([], 1, [])
    assert DecisionRecord.objects.count() == stored
    again = Hold.objects.select_related("look").get(pk=hold.pk)
    assert (again.version, again.last_decision_id) == (known.version, known.last_decision_id)
    assert again.looked_at == LATER + dt.timedelta(hours=1)


def test_what_is_ready_stays_counted_as_ready():
    customer = a_customer(limit="1000")
    invoice = an_invoice(customer, "1000")
    held(an_order(customer, "20"))
    paid(invoice)
    assert evaluate_all()["ready"] == 1
    again = evaluate_all()
    assert (again["evaluated"], again["ready"], again["changes"]) == (1, 1, [])


def _pays(customer: Customer) -> None:
    paid(customer.transactions.get())


def _new_limit(customer: Customer) -> None:
    give_limit(customer, "120")


def _status(customer: Customer) -> None:
    AccountStatus.objects.create(code="NEW", description="")
    Customer.objects.filter(pk=customer.pk).update(account_status="NEW")


def _touched(customer: Customer) -> None:
    hold = Hold.objects.filter(payer=customer).latest("held_at")
    add_note(ids=[hold.pk], note="called", actor=SYSTEM, at=NOW)


def _older_one_gone(customer: Customer) -> None:
    oldest = Hold.objects.filter(payer=customer).earliest("held_at", "order_id")
    release_hold(id=oldest.pk, mode="without_posting", reason="PAID", actor=SYSTEM, at=NOW, today=today)


CHANGES: dict[str, Callable[[Customer], object]] = {
    "a payment": _pays,
    "an invoice": lambda customer: an_invoice(customer, "1"),
    "its limit": _new_limit,
    "its account status": _status,
    "its exclusion": lambda customer: Customer.objects.filter(pk=customer.pk).update(excluded=True),
    "the order's amount": lambda customer: SalesOrder.objects.filter(payer=customer).update(
        amount=Decimal(399), uninvoiced_amount=Decimal(399)
    ),
    "a rule": lambda _: a_rule("sales_order", amount=Decimal(5), currency_id="USD"),
    "a parameter": lambda _: parameters(check_credit_limit_for_sales_order=False),
    "an exchange rate": lambda _: ExchangeRate.objects.create(
        rate_type="default",
        from_currency_id="USD",
        to_currency=Currency.objects.get_or_create(code="EUR")[0],
        rate=Decimal(2),
        valid_from=DAY,
    ),
    "a note on the hold": _touched,
    "a release of the order before it": _older_one_gone,
    "a debt in its group": lambda customer: an_invoice(Customer.objects.get(account="MEMBER"), "1"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_whatever_a_decision_follows_from_has_it_made_again(change, decided):
    group = a_group(limit="500")
    a_customer("MEMBER", limit="100", credit_group=group)
    customer = a_customer(limit="100", credit_group=group)
    an_invoice(customer, "50")
    for number in ("SO-OLD", "SO-NEW"):
        held(an_order(customer, "400", number))
    evaluate_all()
    decided.clear()
    change(customer)
    evaluate_all()
    assert "USMF:SO-NEW" in decided


def test_another_day_is_another_question(decided):
    held(an_order(a_customer(limit="100")))
    evaluate_all()
    decided.clear()
    evaluate_all(day=DAY + dt.timedelta(days=1))
    assert len(decided) == 1


def test_other_credit_is_left_alone(decided):
    ours, theirs = a_customer("OURS", limit="100"), a_customer("THEIRS", limit="100")
    held(an_order(ours, "400", "SO-OURS"))
    held(an_order(theirs, "400", "SO-THEIRS"))
    evaluate_all()
    decided.clear()
    an_invoice(theirs, "1")
    evaluate_all()
    assert decided == ["USMF:SO-THEIRS"]


def test_a_part_of_the_queue_is_another_question(decided):
    """Selected holds are decided without those before them, and all of them again afterwards with them."""
    customer = a_customer(limit="100")
    held(an_order(customer, "400", "SO-1"))
    second = held(an_order(customer, "400", "SO-2"))
    evaluate_all()
    decided.clear()
    evaluate(hold_ids=[second.pk], actor=SYSTEM, at=LATER, today=Days())
    assert decided == ["USMF:SO-2"]
    evaluate_all()
    assert decided == ["USMF:SO-2", "USMF:SO-1", "USMF:SO-2"]


def state() -> list[tuple[object, ...]]:
    """All that an evaluation may change, without ids that are new each time."""
    columns = (
        "number",
        "version",
        "status",
        "ready_to_release",
        "reason_codes",
        "chips",
        "over_limit",
        "overdue_amount",
    )
    rows = list(Hold.objects.order_by("number").values_list(*columns))
    marks = Hold.objects.order_by("number", "reasons__type", "reasons__account")
    return [*rows, *marks.values_list("number", "reasons__type", "reasons__account", "reasons__valid")]


def shake(random: Random, customers: list[Customer]) -> None:
    """Something happens to some customer."""
    customer = random.choice(customers)
    happening = random.randrange(5)
    if happening == 0:
        an_invoice(customer, str(random.randint(1, 300)), due=DAY - dt.timedelta(days=random.randint(0, 40)))
    elif happening == 1 and (debt := customer.transactions.filter(kind="invoice").first()) is not None:
        if debt.due_items.filter(open_amount__gt=0).exists():
            paid(debt)
    elif happening == 2:
        give_limit(customer, str(random.randint(100, 1500)))
    elif happening == 3:
        order = an_order(customer, str(random.randint(50, 600)))
        post(order)


@pytest.mark.parametrize("seed", range(12))
def test_law_knowing_what_was_decided_gives_what_deciding_again_gives(seed):
    random = Random(seed)
    a_rule("days_overdue", days=20)
    group = a_group(limit="2000")
    customers = [
        a_customer(
            f"C-{n}", limit=str(random.randint(200, 1200)), credit_group=group if random.random() < 0.5 else None
        )
        for n in range(5)
    ]
    for customer in customers:
        an_invoice(customer, str(random.randint(1, 700)), due=DAY - dt.timedelta(days=random.randint(0, 40)))
    for _ in range(12):
        post(an_order(random.choice(customers), str(random.randint(50, 600))))
    evaluate_all()
    for _ in range(4):
        shake(random, customers)
        with transaction.atomic():
            HoldLook.objects.all().delete()
            evaluate_all()
            decided_again = state()
            transaction.set_rollback(True)
        evaluate_all()
        assert state() == decided_again
