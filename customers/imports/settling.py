"""Due items and settlements as they will be: settled, taken back and spread in memory, then written at once.

A credit (payment, credit note, write-off) has one due item with a negative amount; an invoice has one per instalment.
Settling moves both towards zero by the same amount, oldest due item first, never above the open amount (`domain 1`).
What is kept always satisfies: open amount = amount less its settlements, see Note [Open on another day] in the models.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from decimal import Decimal

from django.db.models import Q

from customers.imports.fields import Wrong
from customers.imports.resource import create, update
from customers.imports.sql import Overtaken, add, remove
from customers.models import DueItem, Settlement
from customers.money import ZERO


class Ledger:
    """The due items and settlements that one call touches."""

    def __init__(self) -> None:
        self._items: dict[int, DueItem] = {}
        self._stored: dict[int, tuple[Decimal, Decimal]] = {}
        self._by_transaction: dict[int, list[DueItem]] = defaultdict(list)
        self._of_item: dict[int, list[Settlement]] = defaultdict(list)
        self._new_items: list[DueItem] = []
        self._gone_items: list[DueItem] = []
        self._changed_items: dict[int, DueItem] = {}
        self._new: list[Settlement] = []
        self._gone: list[Settlement] = []

    # --- reading --------------------------------------------------------------------------------------------------

    def load(self, transactions: Collection[int], *, settled: Collection[int] = ()) -> None:
        """Read the due items of `transactions` with all their settlements, and the items of the invoices `settled`.

        Three queries at most.
        """
        wanted = {*transactions, *settled}
        if not wanted:
            return
        self._remember(DueItem.objects.filter(transaction__in=wanted).order_by("due_date", "pk"))
        own = [item.pk for pk in transactions for item in self._by_transaction[pk]]
        touching = Q(credit__in=own) | Q(debit__in=own)
        rows = list(Settlement.objects.filter(touching).order_by("date", "pk")) if own else []
        others = {row.debit_id for row in rows if row.debit_id is not None} - set(self._items)
        if others:
            self._remember(DueItem.objects.filter(pk__in=others))
        for row in rows:
            self._of_item[row.credit_id].append(row)
            if row.debit_id is not None:
                row.debit = self._items[row.debit_id]
                self._of_item[row.debit_id].append(row)

    def _remember(self, items: Iterable[DueItem]) -> None:
        for item in items:
            self._items[item.pk] = item
            self._stored[item.pk] = (item.amount, item.open_amount)
            self._by_transaction[item.transaction_id].append(item)

    def items_of(self, transaction_id: int | None) -> list[DueItem]:
        """The due items of a transaction, oldest first; for an invoice that was only met through a payment, some."""
        return self._by_transaction[transaction_id] if transaction_id else []

    def settlements_of(self, items: Iterable[DueItem]) -> list[Settlement]:
        """The settlements given or taken by `items`, oldest first."""
        return [row for item in items if item.pk for row in self._of_item[item.pk]]

    # --- settling -------------------------------------------------------------------------------------------------

    def settle(self, credit: DueItem, items: Sequence[DueItem], amount: Decimal, date: dt.date) -> list[Settlement]:
        """Apply `amount` of `credit` to `items`, oldest first; the caller knows that so much is open."""
        rows: list[Settlement] = []
        for item in items:
            part = min(amount, max(ZERO, item.open_amount))
            if part:
                rows.append(self.record(credit, item, part, date))
                amount -= part
        return rows

    def record(self, credit: DueItem, debit: DueItem | None, amount: Decimal, date: dt.date) -> Settlement:
        """Write one settlement: both sides move by `amount`; without `debit` only the credit does."""
        row = Settlement(credit=credit, debit=debit, date=date, amount=amount)
        self.put_back(credit, [row])
        return row

    def put_back(self, credit: DueItem, rows: Iterable[Settlement]) -> None:
        """Let settlements of `credit` be in force, new ones or some that were taken back."""
        for row in rows:
            credit.open_amount += row.amount
            if row.debit is not None:
                row.debit.open_amount -= row.amount
            self._keep(row)

    def take_back(self, credit: DueItem, rows: Iterable[Settlement]) -> None:
        """Undo settlements of `credit` as if they had never been: the feed says that they were not."""
        for row in list(rows):
            credit.open_amount -= row.amount
            if row.debit is not None:
                row.debit.open_amount += row.amount
            self._drop(row)

    def _keep(self, row: Settlement) -> None:
        if row._state.adding:
            self._new.append(row)
        else:
            self._gone.remove(row)
        for pk in (row.credit_id, row.debit_id):
            if pk is not None:
                self._of_item[pk].append(row)

    def _drop(self, row: Settlement) -> None:
        if row._state.adding:
            self._new.remove(row)
        else:
            self._gone.append(row)
        for pk in (row.credit_id, row.debit_id):
            if pk is not None and row in self._of_item[pk]:
                self._of_item[pk].remove(row)

    # --- due items ------------------------------------------------------------------------------------------------

    def add_item(self, item: DueItem) -> None:
        """A due item of a new transaction, or a new instalment."""
        self._new_items.append(item)

    def touch(self, item: DueItem) -> None:
        """Remember that dates, amount or dispute of a stored item change."""
        if item.pk is not None:
            self._changed_items[item.pk] = item

    def replace_items(self, old: Sequence[DueItem], new: Sequence[DueItem]) -> None:
        """Put other instalments in the place of `old` and spread the settlements again, in the order they happened.

        A payment that was reversed took its settlements back: so does its second row here, from the same instalments.
        Raises `Wrong`, with nothing changed, where payments that overlapped until one was reversed leave no way.
        """
        rows = sorted(self.settlements_of(old), key=lambda row: (row.date, row.pk or 0))
        copies: list[Settlement] = []
        given: dict[int, list[Settlement]] = defaultdict(list)
        for row in rows:
            parts = _returned(given[row.credit_id], -row.amount) if row.amount < 0 else _spread(new, row.amount)
            for item, part in parts:
                item.open_amount -= part
                copy = Settlement(credit_id=row.credit_id, debit=item, date=max(row.date, item.date), amount=part)
                given[row.credit_id].append(copy)
                copies.append(copy)
        if any(not ZERO <= item.open_amount <= item.amount for item in new):
            raise Wrong("settled", "What is settled can't be spread over these instalments: take it back first.")
        for row in rows:
            self._drop(row)
        for copy in copies:
            self._keep(copy)
        self._gone_items += old
        for item in new:
            self.add_item(item)

    # --- writing --------------------------------------------------------------------------------------------------

    def write(self) -> None:
        """Write it all, six statements at most. Raises `Overtaken` when another call was faster."""
        gone_items = {item.pk for item in self._gone_items}
        remove(Settlement, [row.pk for row in self._gone])
        remove(DueItem, gone_items)
        create(self._new_items)
        update(
            [item for pk, item in self._changed_items.items() if pk not in gone_items],
            ["customer_id", "currency_id", "date", "due_date", "disputed_amount"],
        )
        deltas = {
            pk: (item.amount - self._stored[pk][0], item.open_amount - self._stored[pk][1])
            for pk, item in self._items.items()
            if pk not in gone_items and (item.amount, item.open_amount) != self._stored[pk]
        }
        if add(DueItem, ["amount", "open_amount"], deltas) != len(deltas):
            raise Overtaken
        create(self._new)


def _spread(items: Sequence[DueItem], amount: Decimal) -> list[tuple[DueItem, Decimal]]:
    """`amount` over `items`, oldest first, up to what is open; what is above that, once more from the oldest on."""
    parts: list[tuple[DueItem, Decimal]] = []
    for room in ([max(ZERO, item.open_amount) for item in items], [item.amount for item in items]):
        for item, most in zip(items, room, strict=True):
            part = min(amount, most)
            if part:
                parts.append((item, part))
                amount -= part
    return parts


def _returned(given: Sequence[Settlement], amount: Decimal) -> list[tuple[DueItem, Decimal]]:
    """`amount` taken back from what a credit was `given` for, newest first, as negative parts."""
    standing: dict[int, list[Settlement]] = defaultdict(list)
    for row in given:
        standing[id(row.debit)].append(row)
    parts: list[tuple[DueItem, Decimal]] = []
    for rows in reversed(list(standing.values())):
        debit = rows[0].debit
        part = min(amount, sum((row.amount for row in rows), ZERO))
        if part and debit is not None:
            parts.append((debit, -part))
            amount -= part
    return parts


def spread_dispute(items: Sequence[DueItem], disputed: Decimal) -> None:
    """Put the disputed amount of an invoice on its due items, oldest first."""
    for item in items:
        item.disputed_amount = min(disputed, item.amount)
        disputed -= item.disputed_amount
