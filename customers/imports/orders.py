"""Sales orders with their lines as they are fed (`domain 1`, `3.2`)."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from customers.access import Action
from customers.imports.batch import Batch, Entry
from customers.imports.fields import (
    Field,
    choice,
    clean_rows,
    currency_code,
    day,
    flag,
    key_pair,
    key_part,
    named,
    number,
    text,
    whole,
)
from customers.imports.references import split
from customers.imports.resource import Resource, create, update
from customers.imports.sql import claim, remove
from customers.models import CustomerTransaction, SalesOrder, SalesOrderLine
from customers.money import HUNDRED, LARGEST, ZERO
from customers.orders import PlainLine, invoiced_by_transactions, nothing_left, order_amounts
from customers.signing import sign

MOST_LINES = 1_000
LINE = named(
    Field("number", whole(1, 2_000_000_000), default=None),
    Field("item", text(60), default=""),
    Field("quantity", number()),
    Field("unit_price", number()),
    Field("discount_percent", number(high=HUNDRED), default=ZERO),
    Field("delivered", number(), default=None),
    Field("invoiced", number(), default=None),
)
FLAGS = frozenset({"exclude_from_credit_management", "intercompany"})
"""What the database records, with who set it (`customers.models.history`)."""
COMPUTED = ("amount", "uninvoiced_amount", "delivered_uninvoiced_amount", "payer_id")
COLUMNS = ("item", "quantity", "unit_price", "discount_percent", "delivered", "invoiced")


@dataclass(slots=True)
class Plan:
    """What an order has and what becomes of it besides its own fields."""

    lines: dict[int, SalesOrderLine] = field(default_factory=dict)
    linked: Decimal = ZERO
    computed: dict[str, Any] = field(default_factory=dict)


class SalesOrders(Resource):
    """Orders; what is left of them is worked out, never fed."""

    name = "sales-orders"
    model = SalesOrder
    key_fields = named(
        Field("legal_entity", key_part, "legal_entity_id", refers_to="legal entity"), Field("number", key_part)
    )
    read_only = frozenset(
        {"amount", "uninvoiced_amount", "delivered_uninvoiced_amount", "document_status", "credit_status", "payer"}
    )
    parts = frozenset({"lines"})
    fields = named(
        Field("customer", key_pair, "customer_id", refers_to="customer"),
        Field("order_type", choice(SalesOrder.Type), default=SalesOrder.Type.SALES.value),
        Field("currency", currency_code, "currency_id", default="", refers_to="currency"),
        Field("payment_terms", key_part, "payment_terms_id", default=None, refers_to="payment terms"),
        Field("cash_discount", key_part, "cash_discount_id", default=None, refers_to="cash discount"),
        Field("lines", lambda value: value, default=()),
        Field("tax_amount", number(low=None), default=ZERO, amount_in="currency"),
        Field("charges_amount", number(low=None), default=ZERO, amount_in="currency"),
        Field("requested_ship_date", day, default=None),
        Field("intercompany", flag, default=False, ours=True),
        Field("exclude_from_credit_management", flag, default=False, ours=True, action=Action.EXCLUDE_ORDER),
    )

    def parse(self, entry: Entry) -> None:
        """Clean the lines too; lines without numbers are numbered as they stand."""
        super().parse(entry)
        if "lines" not in entry.given:
            return
        lines, errors = clean_rows(LINE, entry.given["lines"], "lines", most=MOST_LINES)
        numbers: dict[int, int] = {}
        for position, line in enumerate(lines):
            line["number"] = line["number"] or position + 1
            if line["number"] in numbers:
                entry.fail(f"lines[{position}].number", "duplicate", "Another line of this order has this number.")
            numbers[line["number"]] = position
            pieces = (line["quantity"], line["delivered"], line["invoiced"])
            if not errors and line["unit_price"] * max(piece or ZERO for piece in pieces) > LARGEST:
                entry.fail(f"lines[{position}].quantity", "out_of_range", f"The line is worth more than {LARGEST}.")
        entry.errors += errors
        entry.given["lines"] = lines

    def load(self, batch: Batch) -> None:
        """With the lines, and with what linked invoices say was invoiced."""
        super().load(batch)
        ids = [entry.existing.pk for entry in batch.good if entry.existing is not None]
        lines: dict[int, dict[int, SalesOrderLine]] = defaultdict(dict)
        linked: Mapping[int, Decimal] = {}
        if ids:
            for line in SalesOrderLine.objects.filter(order__in=ids):
                lines[line.order_id][line.number] = line
            linked = invoiced_by_transactions(ids)
        for entry in batch.good:
            pk = entry.existing.pk if entry.existing is not None else 0
            entry.plan = Plan(lines[pk], linked.get(pk, ZERO))

    def default(self, batch: Batch, entry: Entry, field: Field) -> Any:
        """An order that names no currency, terms or discount has its customer's."""
        customer = batch.references.get("customer", entry.given.get("customer") or "")
        if customer is not None and field.name in ("currency", "payment_terms", "cash_discount"):
            return getattr(customer, field.attribute)
        return field.default

    def check(self, batch: Batch) -> None:
        """Customer and currency fit; the amounts are worked out."""
        linked = self._linked_currencies(batch)
        for entry in list(batch.good):
            entity = (entry.identity or ("",))[0]
            customer = entry.given.get("customer")
            if customer and split(customer)[0] != entity:
                entry.fail("customer", "other_entity", f"Name a customer of {entity}.")
            if entry.existing and linked.get(entry.existing.pk, {entry.values["currency"]}) != {
                entry.values["currency"]
            }:
                entry.fail("currency", "in_use", "Invoices in another currency are linked to this order.")
            if not entry.errors:
                self._work_out(batch, entry)

    def _linked_currencies(self, batch: Batch) -> dict[int, set[str]]:
        moved = [
            entry.existing.pk
            for entry in batch.good
            if entry.existing is not None and entry.existing.currency_id != entry.values["currency"]
        ]
        found: dict[int, set[str]] = defaultdict(set)
        if moved:
            rows = CustomerTransaction.objects.filter(sales_order__in=moved).values_list("sales_order", "currency")
            for order_id, currency in rows.distinct():
                found[order_id].add(currency)
        return found

    def _work_out(self, batch: Batch, entry: Entry) -> None:
        """Put the computed columns into the plan, as `domain 3.2` says."""
        plan: Plan = entry.plan
        values, old = entry.values, entry.existing
        lines = [PlainLine(**{name: line[name] for name in COLUMNS if name != "item"}) for line in self._lines(entry)]
        amounts = order_amounts(
            lines, values["tax_amount"], values["charges_amount"],
            batch.references.minor_units(values["currency"]) or 0, plan.linked,
            old.document_status if old else SalesOrder.DocumentStatus.OPEN,
        )  # fmt: skip
        if old is not None and old.credit_status == SalesOrder.CreditStatus.CANCELLED:
            amounts = nothing_left(amounts)
        if amounts[0] < 0:
            entry.fail("charges_amount", "out_of_range", "The order's amount, lines + tax + charges, is below zero.")
        if amounts[0] > LARGEST:
            entry.fail("lines", "out_of_range", f"The order's amount is above {LARGEST}.")
        plan.computed = dict(zip(COMPUTED, (*amounts, self._payer(batch, entry)), strict=True))

    def _lines(self, entry: Entry) -> list[dict[str, Any]]:
        """The lines as they will be."""
        if entry.values["lines"] is None:  # a PATCH that does not name them
            return [_as_values(line) for line in entry.plan.lines.values()]
        return [self._with_progress(line, entry.plan.lines.get(line["number"])) for line in entry.values["lines"]]

    @staticmethod
    def _with_progress(line: dict[str, Any], held: SalesOrderLine | None) -> dict[str, Any]:
        """What was delivered and invoiced stays where a line does not say: we may have posted it ourselves (5.3)."""
        kept = {name: getattr(held, name) if held is not None else ZERO for name in ("delivered", "invoiced")}
        return line | {name: kept[name] for name in kept if line[name] is None}

    def _payer(self, batch: Batch, entry: Entry) -> int:
        """The invoice account of the customer, or the customer itself; what is closed stays with who paid."""
        customer = batch.references.get("customer", entry.given.get("customer") or "")
        old = entry.existing
        if customer is None or (old is not None and not old.is_open and old.customer_id == customer.pk):
            return int(old.payer_id)
        return int(customer.invoice_account_id or customer.pk)

    def compare(self, batch: Batch, entry: Entry) -> None:
        """Lines and computed amounts count as changes like any field."""
        wanted = {line["number"]: line for line in self._lines(entry)}
        super().compare(batch, entry)
        entry.values["lines"] = wanted
        held = entry.plan.lines
        if set(wanted) != set(held) or any(_as_values(held[number]) != line for number, line in wanted.items()):
            entry.changed.add("lines")
        for name, value in entry.plan.computed.items():
            if entry.existing is None or getattr(entry.existing, name) != value:
                entry.changed.add(name.removesuffix("_id"))

    def build(self, entry: Entry) -> None:
        """With the computed columns."""
        super().build(entry)
        for name, value in entry.plan.computed.items():
            setattr(entry.instance, name, value)

    def write(self, batch: Batch) -> None:
        """Headers, then lines: what is gone is deleted, what is changed or new is written."""
        entries = batch.to_write
        changed = [entry for entry in entries if entry.existing is not None]
        claim([entry.existing for entry in changed])
        for entry in entries:
            self.build(entry)
        if any(entry.changed & FLAGS if entry.existing else _flagged(entry) for entry in entries):
            sign(batch.actor)
        create([entry.instance for entry in entries if entry.existing is None])
        if changed:
            update([entry.instance for entry in changed], {*self.columns_of(changed), *COMPUTED, "version"})
        self._write_lines(entries)

    def _write_lines(self, entries: list[Entry]) -> None:
        gone: list[int] = []
        changed: list[SalesOrderLine] = []
        new: list[SalesOrderLine] = []
        for entry in entries:
            wanted, held = entry.values["lines"], entry.plan.lines
            gone += [line.pk for number, line in held.items() if number not in wanted]
            for line_number, line in wanted.items():
                record = held.get(line_number)
                if record is None:
                    new.append(SalesOrderLine(order=entry.instance, **line))
                elif _as_values(record) != line:
                    for name in COLUMNS:
                        setattr(record, name, line[name])
                    changed.append(record)
        remove(SalesOrderLine, gone)
        update(changed, COLUMNS)
        create(new)


def _as_values(line: SalesOrderLine) -> dict[str, Any]:
    return {name: getattr(line, name) for name in ("number", *COLUMNS)}


def _flagged(entry: Entry) -> bool:
    """Whether a new order comes with a flag."""
    return any(entry.values.get(name) for name in FLAGS)
