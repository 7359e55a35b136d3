"""The credit that is left, asked about several held orders at once: which fit, and where payers stand after a release.

Reads facts in bulk like a check (`credit_mgmt.gathering`); what is decided is `engine.fitting`'s. Questions only:
nothing is stored, nothing changes.
"""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from credit_mgmt.engine.condense import Facts
from credit_mgmt.engine.decide import QueueItem
from credit_mgmt.engine.decision import Decision
from credit_mgmt.engine.exposure import Book
from credit_mgmt.engine.facts import Checkpoint, CustomerPosition, Question
from credit_mgmt.engine.fitting import Aside, Trial, fit, taken
from credit_mgmt.engine.whatif import after_payment, open_items
from credit_mgmt.exposure import no_order
from credit_mgmt.gathering import Batch, Gathered, Manner, Request, gather
from credit_mgmt.loading import Loaded, order_facts
from credit_mgmt.owed import overdue_items
from customers.errors import InvalidInput
from customers.money import ZERO, MissingRate


@dataclass(frozen=True, slots=True)
class Receipt:
    """Money that is expected from a payer, in its accounting currency: it pays the oldest overdue items first."""

    payer_id: int
    account: str
    """Key of the payer, `USMF:US-001`."""
    amount: Decimal


def try_to_fit(
    requests: Sequence[Request],
    *,
    as_of: Mapping[str, dt.date],
    aside: Collection[Aside] = (),
    receipt: Receipt | None = None,
) -> list[Trial]:
    """Try held orders in the order given: each that fits takes its credit for those after it.

    `as_of` is the business date by legal entity; reasons set `aside` do not count. Raises `NotFound` for an unknown
    order, `InvalidInput` on `receipt` where it cannot be converted.
    """
    if not requests:
        return []
    gathered = gather(requests, as_of, Manner(evaluation=True))
    batch = gathered.batch
    books = {day: _with_receipt(loaded, batch, receipt) for day, loaded in batch.days.items()}
    return fit(list(books.values()), _items(gathered, books), policy=batch.policy, aside=aside)


def after_release(requests: Sequence[Request], *, as_of: Mapping[str, dt.date]) -> dict[str, Decision]:
    """Where each payer stands once all these orders are released, by the payer's key: the decision that an evaluation
    would make of one of its orders then, whose figures say limit, use and excess."""
    if not requests:
        return {}
    gathered = gather(requests, as_of, Manner(evaluation=True))
    books = {day: loaded.book for day, loaded in gathered.batch.days.items()}
    return taken(list(books.values()), _items(gathered, books), policy=gathered.batch.policy)


def _items(gathered: Gathered, books: Mapping[dt.date, Book]) -> list[tuple[Book, QueueItem]]:
    batch = gathered.batch
    items = []
    for request in gathered.requests:
        row = gathered.rows[request.order_id]
        setting = batch.settings[row.legal_entity]
        question = Question(Checkpoint(request.checkpoint), request.pro_forma, evaluation=True)
        items.append((books[setting.as_of], (order_facts(row, batch.setup), question, setting)))
    return items


def _with_receipt(loaded: Loaded, batch: Batch, receipt: Receipt | None) -> Book:
    """A book in which the money has arrived."""
    book = loaded.book
    position = book.positions.get(receipt.account) if receipt else None
    if receipt is None or position is None or receipt.amount <= ZERO:
        return book
    setting = batch.settings.get(position.legal_entity) or next(iter(batch.settings.values()))
    counting = loaded.countings.get(position.legal_entity)
    facts = Facts(
        no_order(position), Question(Checkpoint.CONFIRMATION), setting, position, book.groups.get(position.group or "")
    )
    items = open_items(facts, overdue_items(receipt.payer_id, counting) if counting else ())
    try:
        paid = after_payment(facts, items, receipt.amount)
    except MissingRate as missing:
        pair = f"{missing.from_currency} to {missing.to_currency}"
        raise InvalidInput.of("receipt", "missing_rate", f"There is no exchange rate {pair}: add it first.") from None
    return _book_with(book, paid.position or position)


def _book_with(book: Book, position: CustomerPosition) -> Book:
    """The same book with another position of one customer, in its group too."""
    positions = {**book.positions, position.account: position}
    groups = [
        replace(group, members=tuple(positions[member.account] for member in group.members))
        for group in book.groups.values()
    ]
    return Book(positions.values(), groups)
