"""What invoices, credit notes, write-offs and payments have in common: headers, due items, settlements (`domain 1`).

A settlement takes effect when both sides exist: on its own date (default: the credit's), but not before the invoice's.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, ClassVar

from django.db.models import QuerySet

from customers.errors import FieldError
from customers.imports.batch import Batch, Entry
from customers.imports.fields import Field, amount_error, clean_rows, day, key_pair, key_part, named, number
from customers.imports.references import split, unknown
from customers.imports.resource import Resource, create, update
from customers.imports.settling import Ledger
from customers.imports.sql import claim
from customers.marks import Cause, CauseKind, mark_each
from customers.models import CustomerTransaction, DueItem, Settlement
from customers.money import ZERO
from customers.orders import recompute

SMALLEST = Decimal("0.0001")
MOST_PARTS = 1_000
MOST_YEARS_AHEAD = 10
SETTLEMENT = named(Field("invoice", key_pair), Field("amount", number(low=SMALLEST)), Field("date", day, default=None))
positive = number(low=SMALLEST)

Applied = dict[tuple[int | str, dt.date], Decimal]
"""How much of a credit went to which invoice (its id, or its key while it has none) on which day."""


@dataclass(slots=True)
class Plan:
    """The due items of a transaction as they will be."""

    items: list[DueItem] = field(default_factory=list)
    orders: set[int] = field(default_factory=set)


@dataclass(slots=True)
class Target:
    """An invoice that a row settles, whether it is stored or stands in the same call."""

    id: int | str
    customer_id: int
    currency: str
    date: dt.date
    items: list[DueItem]


class Transactions(Resource):
    """A series of customer transactions."""

    model = CustomerTransaction
    series: ClassVar[str]
    date_field: ClassVar[str]
    lists: ClassVar[dict[str, dict[str, Field]]] = {"settlements": SETTLEMENT}
    parts = frozenset({"settlements"})
    key_fields = named(
        Field("legal_entity", key_part, "legal_entity_id", refers_to="legal entity"), Field("number", key_part)
    )

    # --- reading --------------------------------------------------------------------------------------------------

    def parse(self, entry: Entry) -> None:
        """Clean the lists inside the row too."""
        super().parse(entry)
        for name, fields in self.lists.items():
            if name in entry.given and not (entry.given[name] is None and self.fields[name].default is None):
                entry.given[name], errors = clean_rows(fields, entry.given[name], name, most=MOST_PARTS)
                entry.errors += errors

    def want(self, batch: Batch) -> None:
        """Settled invoices too; they may stand in the same call, so nothing is insisted on here."""
        super().want(batch)
        for entry in batch.good:
            for settlement in entry.given.get("settlements") or ():
                batch.references.want("invoice", settlement["invoice"])

    def find(self, identities: set[Any]) -> QuerySet[Any]:
        """Within the series."""
        return super().find(identities).filter(series=self.series)

    def default(self, batch: Batch, entry: Entry, field: Field) -> Any:
        """A transaction that names no currency is in its customer's."""
        if field.name == "currency":
            customer = batch.references.get("customer", entry.given.get("customer") or "")
            return customer.currency_id if customer else None
        return field.default

    # --- meaning --------------------------------------------------------------------------------------------------

    def check(self, batch: Batch) -> None:
        """Everything is worked out in memory, row by row in the order given, so that what fails is known beforehand."""
        batch.ledger = ledger = Ledger()
        own = [entry.existing.pk for entry in batch.good if entry.existing is not None]
        ledger.load(own, settled=self._targets(batch))
        for entry in list(batch.good):
            entry.plan = Plan()
            self.check_header(batch, entry)
        self.plan(batch, ledger)

    def _targets(self, batch: Batch) -> set[int]:
        keys = {row["invoice"] for entry in batch.good for row in entry.given.get("settlements") or ()}
        found = (batch.references.get("invoice", key) for key in keys)
        return {invoice.pk for invoice in found if invoice is not None}

    def plan(self, batch: Batch, ledger: Ledger) -> None:
        """Work out due items and settlements of the good rows."""
        raise NotImplementedError

    def check_header(self, batch: Batch, entry: Entry) -> None:
        """The customer is of the transaction's entity and pays for itself, and the date is not a slip of the pen."""
        entity = (entry.identity or ("",))[0]
        customer = entry.given.get("customer")
        if customer and split(customer)[0] != entity:
            entry.fail("customer", "other_entity", f"Name a customer of {entity}.")
        elif customer:
            entry.values["customer"] = self._account(batch, entry, customer)
        today = batch.today_in(entity)
        if today and entry.values[self.date_field].year > today.year + MOST_YEARS_AHEAD:
            entry.fail(self.date_field, "out_of_range", f"This is more than {MOST_YEARS_AHEAD} years ahead.")

    def _account(self, batch: Batch, entry: Entry, customer: str) -> int:
        """Whose transaction it is: its invoice account's, who owes it (`domain 1`).

        Naming a customer that somebody else pays for leaves a transaction that is there already where it is: a repeated
        write changes nothing, also when the customer has got another invoice account since.
        """
        named = batch.references.get("customer", customer)
        if named is None or named.payer_id == named.pk:
            return int(entry.values["customer"])
        return int(entry.existing.customer_id if entry.existing is not None else named.payer_id)

    def moved(self, entry: Entry) -> bool:
        """Whether an existing transaction goes to another customer or currency."""
        old = entry.existing
        now = (entry.values["customer"], entry.values["currency"])
        return old is not None and (old.customer_id, old.currency_id) != now

    def decimals(self, batch: Batch, entry: Entry, rows: Iterable[dict[str, Any]], path: str) -> None:
        """Refuse amounts in a list that have more decimals than the currency."""
        currency = entry.values["currency"]
        units = batch.references.minor_units(currency) or 0
        for position, row in enumerate(rows):
            if error := amount_error(row["amount"], units, currency, f"{path}[{position}].amount"):
                entry.errors.append(error)

    def new_item(self, entry: Entry, due_date: dt.date, amount: Decimal) -> DueItem:
        """A due item of the row's transaction, nothing of it settled."""
        return DueItem(
            transaction=entry.existing, customer_id=entry.values["customer"], currency_id=entry.values["currency"],
            date=entry.values[self.date_field], due_date=due_date, amount=amount, open_amount=amount,
        )  # fmt: skip

    def follow_header(self, ledger: Ledger, entry: Entry, item: DueItem, due_date: dt.date, amount: Decimal) -> None:
        """Let a stored due item say what its transaction says; what is settled of it stays."""
        wanted = (entry.values["customer"], entry.values["currency"], entry.values[self.date_field], due_date)
        if (item.customer_id, item.currency_id, item.date, item.due_date) != wanted:
            item.customer_id, item.currency_id, item.date, item.due_date = wanted
            ledger.touch(item)
        item.open_amount += amount - item.amount
        item.amount = amount

    # --- credits --------------------------------------------------------------------------------------------------

    def plan_credit(self, batch: Batch, ledger: Ledger, entry: Entry, planned: dict[str, Entry]) -> None:
        """Settle what the row says; where that can't be, leave what was and say why."""
        old, amount, date = entry.existing, entry.values["amount"], entry.values[self.date_field]
        item = ledger.items_of(old.pk)[0] if old is not None else self.new_item(entry, date, -amount)
        standing = [row for row in ledger.settlements_of([item]) if row.debit is not None and row.amount > 0]
        before: Applied = {}
        for row in standing:
            where = (row.debit.transaction_id if row.debit else 0, row.date)
            before[where] = before.get(where, ZERO) + row.amount
        settlements = entry.values["settlements"]
        targets: list[Target | None] = []
        if settlements is None:
            self._check_kept(entry, sum(before.values(), ZERO))
            wanted = before
        else:
            self.decimals(batch, entry, settlements, "settlements")
            targets = [self._target(batch, ledger, entry, n, planned) for n in range(len(settlements))]
            wanted = self._wanted(entry, settlements, targets)
        if old is not None and old.reversed_on is not None:
            self._check_reversed(entry, item, unchanged=wanted == before)
            return
        if entry.errors:
            return
        if wanted != before:
            entry.changed.add("settlements")
            ledger.take_back(item, standing)
            if not self._settle(ledger, entry, item, [target for target in targets if target]):
                ledger.put_back(item, standing)
                return
        entry.plan.items = [item]
        if old is None:
            ledger.add_item(item)
        else:
            self.follow_header(ledger, entry, item, date, -amount)

    def _check_reversed(self, entry: Entry, item: DueItem, *, unchanged: bool) -> None:
        """A reversed payment is history: it may be repeated, not changed."""
        values = entry.values
        same = (item.customer_id, item.currency_id, item.date, -item.amount) == (
            values["customer"], values["currency"], values[self.date_field], values["amount"]
        )  # fmt: skip
        if not same or not unchanged:
            on = entry.existing.reversed_on
            message = f"{entry.key} was reversed on {on} and can't be changed any more."
            entry.errors = [FieldError("", "reversed", message)]

    def _check_kept(self, entry: Entry, settled: Decimal) -> None:
        if settled > entry.values["amount"]:
            entry.fail("amount", "below_settled", f"{settled.normalize():f} is settled already: give at least that.")
        if settled and self.moved(entry):
            entry.fail("customer", "settled", "Settlements stand against this customer's invoices: replace them too.")

    def _target(
        self, batch: Batch, ledger: Ledger, entry: Entry, position: int, planned: dict[str, Entry]
    ) -> Target | None:
        """The invoice of one settlement, if it may be settled by this row."""
        settlement = entry.values["settlements"][position]
        key, path = settlement["invoice"], f"settlements[{position}]"
        found = self._find_target(batch, ledger, key, planned)
        error: FieldError | None = None
        entity = (entry.identity or ("",))[0]
        if split(key)[0] != entity:
            error = FieldError(f"{path}.invoice", "other_entity", f"Name an invoice of {entity}.")
        elif found is None:
            error = unknown("invoice", key, f"{path}.invoice")
        elif not found.items or found.items[0].amount < 0:
            error = FieldError(f"{path}.invoice", "not_an_invoice", f"{key} is not an invoice.")
        elif found.customer_id != entry.values["customer"]:
            error = FieldError(f"{path}.invoice", "other_customer", f"{key} is another customer's invoice.")
        elif found.currency != entry.values["currency"]:
            error = FieldError(f"{path}.invoice", "other_currency", f"{key} is in {found.currency}.")
        elif settlement["date"] and settlement["date"] < entry.values[self.date_field]:
            error = FieldError(f"{path}.date", "out_of_range", "This is before the date of what settles it.")
        if error is not None:
            entry.errors.append(error)
            return None
        return found

    def _find_target(self, batch: Batch, ledger: Ledger, key: str, planned: dict[str, Entry]) -> Target | None:
        other = planned.get(key)
        if other is not None:
            pk = other.existing.pk if other.existing is not None else key
            values = other.values
            return Target(pk, values["customer"], values["currency"], values["invoice_date"], other.plan.items)
        record = batch.references.get("invoice", key)
        if record is None:
            return None
        return Target(record.pk, record.customer_id, record.currency_id, record.date, ledger.items_of(record.pk))

    def _wanted(self, entry: Entry, settlements: Sequence[dict[str, Any]], targets: Sequence[Target | None]) -> Applied:
        """What the row says was settled, and whether there is that much of it."""
        wanted: Applied = {}
        total = ZERO
        for position, (settlement, target) in enumerate(zip(settlements, targets, strict=True)):
            if target is None:
                continue
            where = (target.id, self._date(entry, settlement, target))
            wanted[where] = wanted.get(where, ZERO) + settlement["amount"]
            total += settlement["amount"]
            if total > entry.values["amount"]:
                entry.fail(
                    f"settlements[{position}].amount", "above_amount",
                    f"The settlements add up to more than the amount of {entry.key}.",
                )  # fmt: skip
                break
        return wanted

    def _date(self, entry: Entry, settlement: dict[str, Any], target: Target) -> dt.date:
        """The day on which a settlement takes effect."""
        date: dt.date = settlement["date"] or entry.values[self.date_field]
        return max(date, target.date)

    def _settle(self, ledger: Ledger, entry: Entry, item: DueItem, targets: Sequence[Target]) -> bool:
        """Settle all that the row says, or nothing of it."""
        done: list[Settlement] = []
        for position, (settlement, target) in enumerate(zip(entry.values["settlements"], targets, strict=True)):
            open_amount = sum((max(ZERO, debit.open_amount) for debit in target.items), ZERO)
            if settlement["amount"] > open_amount:
                entry.fail(
                    f"settlements[{position}].amount", "above_open_amount",
                    f"Of {settlement['invoice']} only {open_amount.normalize():f} is open: settle at most that.",
                )  # fmt: skip
                ledger.take_back(item, done)
                return False
            date = self._date(entry, settlement, target)
            done += ledger.settle(item, target.items, settlement["amount"], date)
        return True

    # --- writing --------------------------------------------------------------------------------------------------

    def build(self, entry: Entry) -> None:
        """With the series; due items point to the record."""
        super().build(entry)
        entry.instance.series = self.series
        for item in entry.plan.items:
            item.transaction = entry.instance

    def write(self, batch: Batch) -> None:
        """Headers, due items, settlements; then what is left of the orders that invoices are linked to."""
        entries = batch.to_write
        changed = [entry for entry in entries if entry.existing is not None]
        marks = [mark for entry in entries for mark in self._marks(entry)]
        claim([entry.existing for entry in changed])
        for entry in entries:
            self.build(entry)
        create([entry.instance for entry in entries if entry.existing is None])
        if columns := self.columns_of(changed):
            update([entry.instance for entry in changed], columns)
        batch.ledger.write()
        recompute(order_ids=set().union(*(entry.plan.orders for entry in entries)))
        mark_each(marks)

    def _marks(self, entry: Entry) -> Iterator[tuple[int, Cause]]:
        """Whose orders to look at again: a new invoice clears nothing, everything else may (`domain 7`)."""
        kind = CustomerTransaction.Kind(entry.values.get("kind", CustomerTransaction.Kind.PAYMENT))
        if kind == CustomerTransaction.Kind.INVOICE and entry.existing is None:
            return
        cause = Cause(CauseKind(kind.value), entry.key or "")
        yield entry.values["customer"], cause
        if entry.existing is not None and entry.existing.customer_id != entry.values["customer"]:
            yield entry.existing.customer_id, cause
