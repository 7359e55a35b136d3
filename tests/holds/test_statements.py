"""The number of statements of a posting is pinned (issue: at most 15, constant; `architecture.md` style 21)."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from holds.posting import post_documents
from tests.api_client import client
from tests.factories_holds import (
    DAY,
    NOW,
    SYSTEM,
    a_customer,
    a_group,
    a_rule,
    a_user,
    an_invoice,
    an_order,
    parameters,
    post,
    today,
)

pytestmark = pytest.mark.django_db

MOST = 15
FRAMES = ("SAVEPOINT", "RELEASE SAVEPOINT", "BEGIN", "COMMIT")


def statements(call) -> list[str]:
    """What is asked of the database, without the frames of transactions."""
    with CaptureQueriesContext(connection) as captured:
        call()
    return [query["sql"] for query in captured if not query["sql"].startswith(FRAMES)]


@pytest.mark.parametrize(
    ("status", "document"),
    [("open", "confirmation"), ("confirmation", "release_to_warehouse"), ("confirmation", "packing_slip"),
     ("packing_slip", "invoice")],
)  # fmt: skip
def test_a_posting_that_passes_takes_at_most_15_statements(status, document):
    clerk = a_user()
    customer = a_customer(limit="100000", credit_group=a_group(limit="100000"))
    a_rule()
    post(an_order(customer, document_status=status), document)  # warm: policy and rates are cached
    order = an_order(customer, document_status=status)
    made = statements(lambda: post(order, document, actor=clerk))
    assert len(made) - 1 <= MOST, "\n".join(made)  # one is the test's own refresh


def test_a_posting_that_is_held_takes_at_most_15_statements():
    clerk = a_user()
    customer = a_customer(limit="1")
    a_rule()
    post(an_order(customer))
    order = an_order(customer)
    made = statements(lambda: post(order, actor=clerk))
    assert len(made) - 1 <= MOST, "\n".join(made)


def test_their_number_does_not_grow_with_history_nor_with_the_batch():
    parameters(checkpoints={"confirmation": {"posting": True, "grace_days": 1}})
    a_rule()
    customer = a_customer(limit="100000000")
    post(an_order(customer))

    def one_more() -> int:
        order = an_order(customer)
        return len(statements(lambda: post(order)))

    first = one_more()
    for _ in range(60):
        an_invoice(customer, "10")
    assert one_more() == first
    many = [an_order(customer).pk for _ in range(40)]

    def batch() -> None:
        post_documents(orders=many, document="confirmation", actor=SYSTEM, at=NOW, today=today)

    assert len(statements(batch)) == first - 1


@pytest.mark.parametrize(("limit", "most"), [("100000", 6), ("1", 7)])
def test_a_question_through_the_api_takes_a_statement_for_each_thing_it_must_know(settings, limit, most):
    """The caller with its grants, the order's name, the clocks, the order, accounts, what is owed; and to say what
    would clear a hold, the overdue items."""
    settings.CREDIT_TODAY = DAY
    api = client("erp", "integration")
    a_rule()
    order = an_order(a_customer(limit=limit))

    def ask() -> None:
        api.post(f"sales-orders/{order.key}/check", {"document": "confirmation"}).is_(200)

    ask()  # warm: policy and rates are cached, statements prepared
    made = statements(ask)
    assert len(made) <= most, "\n".join(made)
