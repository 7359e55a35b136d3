"""Whose turn it is: whether a document of an order may be posted now (`domain 5.3`)."""

from credit_mgmt.engine.facts import Checkpoint
from credit_mgmt.engine.schedule import DOCUMENTS, OPTIONAL, next_documents
from customers.errors import Refused
from customers.models import SalesOrder

_CLOSED = {
    SalesOrder.CreditStatus.REJECTED: ("rejected", "was rejected; somebody with permission must reopen it first"),
    SalesOrder.CreditStatus.CANCELLED: ("order_cancelled", "was cancelled"),
}


def refuse_closed(order: SalesOrder) -> None:
    """Raise `Refused` for a rejected or cancelled order: `rejected`, `order_cancelled`."""
    for status, (code, words) in _CLOSED.items():
        if order.credit_status == status:
            raise Refused(code, f"Order {order.key} {words}.", {"credit_status": order.credit_status})


def refuse_out_of_turn(order: SalesOrder, document: str, *, pro_forma: bool = False) -> None:
    """Raise `Refused` unless `document` is the order's turn: also `already_posted`, `out_of_order`.

    Release to warehouse and picking list may be left out. A pro forma moves nothing, so it has no turn; only what is
    invoiced has no documents to come.
    """
    refuse_closed(order)
    if pro_forma:
        if not order.is_open:
            raise Refused(
                "already_posted", f"Order {order.key} is invoiced; there is nothing left to post.", _extra(order)
            )
        return
    wanted = Checkpoint(document)
    allowed = next_documents(order.document_status)
    if wanted in allowed:
        return
    done = (
        () if order.document_status == "open" else DOCUMENTS[: DOCUMENTS.index(Checkpoint(order.document_status)) + 1]
    )
    if wanted in done:
        raise Refused(
            "already_posted", f"The {_words(document)} of order {order.key} is posted already.", _extra(order)
        )
    raise Refused(
        "out_of_order",
        f"Order {order.key} is at {_words(order.document_status)}; post {_words(allowed[-1])} first.",
        _extra(order),
    )


def next_checkpoint(order: SalesOrder) -> Checkpoint:
    """The next document that every order has: where an order that is stopped by force stands (`domain 6`)."""
    return next(document for document in next_documents(order.document_status) if document not in OPTIONAL)


def _words(document: str) -> str:
    return document.replace("_", " ")


def _extra(order: SalesOrder) -> dict[str, str]:
    return {"document_status": order.document_status}
