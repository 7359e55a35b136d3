"""A file of invoices with the dates on which they were settled: customers, invoices and payments from each line.

All or nothing: one bad line, and nothing of the file is written. What is written goes through `upsert`, like any feed.
"""

import datetime as dt
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db import transaction

from customers.access import Actor
from customers.imports.batch import RowResult
from customers.imports.engine import MOST_ROWS, upsert
from customers.imports.files import Row
from customers.marks import gathered
from customers.models import Currency, Customer, LegalEntity
from customers.money import ZERO
from customers.workbooks import Cell, NoValue, plain_text

Progress = Callable[[str, int, int], None]
"""Told what is being written, how many are done, of how many."""

YES = frozenset({"yes", "y", "true", "1"})
NO = frozenset({"no", "n", "false", "0", ""})


@dataclass(frozen=True, slots=True)
class Columns:
    """Which column holds what; an empty name says that the file has no such column."""

    entity: str
    customer: str
    invoice: str
    date: str
    due: str
    amount: str
    disputed: str
    settled: str

    def names(self) -> list[str]:
        """The columns that the file must have."""
        every = (
            self.entity, self.customer, self.invoice, self.date, self.due, self.amount, self.disputed, self.settled
        )  # fmt: skip
        return [name for name in every if name]


@dataclass(frozen=True, slots=True)
class FileMapping:
    """How the fields are to be read."""

    columns: Columns
    currency: str
    legal_entity: str = ""
    date_format: str = "%m/%d/%Y"
    thousands: str = ""


@dataclass(frozen=True, slots=True, order=True)
class LineError:
    """What is wrong on a line."""

    line: int
    column: str
    message: str


class Rejected(Exception):
    """The file has bad lines; nothing of it was written."""

    def __init__(self, errors: Iterable[LineError]) -> None:
        self.errors = sorted(errors)
        super().__init__(f"{len(self.errors)} errors")


class _DryRun(Exception):
    """Takes everything back."""


@dataclass(slots=True)
class Planned:
    """The rows to feed, each with the line that it comes from."""

    entities: dict[str, int] = field(default_factory=dict)
    customers: dict[str, int] = field(default_factory=dict)
    invoices: dict[str, tuple[int, dict[str, Any]]] = field(default_factory=dict)
    payments: dict[str, tuple[int, dict[str, Any]]] = field(default_factory=dict)


def plan(rows: Iterable[Row], mapping: FileMapping) -> Planned:
    """What the file says, line by line. Raises `Rejected` with every field that can't be read, `BadFile`."""
    planned, errors = Planned(), []
    for row in rows:
        reader = _Line(row, mapping)
        _plan_line(reader, planned, mapping)
        errors += reader.errors
    if errors:
        raise Rejected(errors)
    return planned


def _plan_line(line: "_Line", planned: Planned, mapping: FileMapping) -> None:
    columns = mapping.columns
    entity = line.text(columns.entity) if columns.entity else mapping.legal_entity
    customer, number = line.text(columns.customer), line.text(columns.invoice)
    date, due, amount = line.date(columns.date), line.date(columns.due), line.amount(columns.amount)
    disputed = line.flag(columns.disputed) if columns.disputed else False
    settled = line.date(columns.settled, optional=True) if columns.settled else None
    key = f"{entity}:{number}"
    if number and key in planned.invoices:
        line.wrong(columns.invoice, f"invoice {number} stands on line {planned.invoices[key][0]} already")
    if line.errors:
        return
    planned.entities.setdefault(entity, line.number)
    planned.customers.setdefault(f"{entity}:{customer}", line.number)
    common = {"key": key, "customer": f"{entity}:{customer}", "currency": mapping.currency, "amount": amount}
    planned.invoices[key] = (
        line.number,
        common | {"invoice_date": date, "due_date": due, "disputed_amount": amount if disputed else ZERO},
    )
    if settled is not None:
        settlements = [{"invoice": key, "amount": amount}]
        planned.payments[key] = (line.number, common | {"date": settled, "settlements": settlements})


class _Line:
    """One line being read; remembers what is wrong with it."""

    def __init__(self, row: Row, mapping: FileMapping) -> None:
        self.number = row.line
        self.errors: list[LineError] = []
        self._fields = row.fields
        self._mapping = mapping

    def wrong(self, column: str, message: str) -> None:
        """Note one error."""
        self.errors.append(LineError(self.number, column, message))

    def text(self, column: str) -> str:
        """A field that must not be empty."""
        value = self._text(column)
        if not value:
            self.wrong(column, "is empty")
        return value

    def _cell(self, column: str) -> Cell:
        """A field as it is typed; one of a workbook without a value is an error and empty."""
        cell = self._fields[column]
        if isinstance(cell, NoValue):
            self.wrong(column, f"can't be read. {cell.why}")
            return ""
        return cell

    def _text(self, column: str) -> str:
        return plain_text(self._cell(column)).strip()

    def date(self, column: str, *, optional: bool = False) -> dt.date | None:
        """A date in the mapping's format; a date of a workbook has none."""
        cell = self._cell(column)
        if isinstance(cell, dt.date):
            return cell
        value = plain_text(cell).strip()
        if not value and optional:
            return None
        try:
            return dt.datetime.strptime(value, self._mapping.date_format).date()  # noqa: DTZ007 - a date has no zone
        except ValueError:
            self.wrong(column, f"{value!r} is not a date like {self._mapping.date_format}")
            return None

    def amount(self, column: str) -> Decimal:
        """An amount with a decimal point; separators of thousands only where the mapping names them."""
        cell = self._cell(column)
        if isinstance(cell, Decimal):
            return cell
        value = plain_text(cell).strip()
        separator = re.escape(self._mapping.thousands)
        grouped = rf"\d{{1,3}}(?:{separator}\d{{3}})+" if separator else r"(?!)"
        if not value:
            self.wrong(column, "is empty: an amount that is not known is not 0")
        elif not re.fullmatch(rf"-?(?:{grouped}|\d+)(?:\.\d+)?", value, flags=re.ASCII):
            hint = "; name the separator of thousands, if it has one (--thousands)" if "," in value else ""
            self.wrong(column, f"{value!r} is not an amount like 1000.00{hint}")
        else:
            return Decimal(value.replace(self._mapping.thousands, "") if separator else value)
        return ZERO

    def flag(self, column: str) -> bool:
        """Yes or no."""
        value = self._text(column).lower()
        if value not in YES | NO:
            self.wrong(column, f"{value!r} is neither yes nor no")
        return value in YES


def load(
    planned: Planned,
    mapping: FileMapping,
    *,
    actor: Actor,
    create_entities: bool,
    dry_run: bool,
    progress: Progress,
) -> dict[str, dict[str, int]]:
    """Write what was planned, in one transaction; returns, by resource, how many rows were created, updated, unchanged.

    With `dry_run` everything is done and taken back. Raises `Rejected`; nothing is written then.
    """
    counts: dict[str, dict[str, int]] = {}
    try:
        with transaction.atomic(), gathered():
            for resource, rows, columns in _steps(planned, mapping, create_entities=create_entities):
                counts[resource] = _feed(resource, rows, columns, actor=actor, progress=progress)
            if dry_run:
                raise _DryRun
    except _DryRun:
        return counts
    return counts


def _steps(
    planned: Planned, mapping: FileMapping, *, create_entities: bool
) -> Iterable[tuple[str, list[tuple[int, dict[str, Any]]], dict[str, str]]]:
    """Resource, rows with their lines, and which column each field of the resource came from."""
    columns = mapping.columns
    if create_entities:
        if not Currency.objects.filter(pk=mapping.currency).exists():
            yield "currencies", [(1, {"code": mapping.currency})], {}
        known = set(LegalEntity.objects.filter(pk__in=planned.entities).values_list("pk", flat=True))
        new = [
            (line, {"code": code, "name": code, "accounting_currency": mapping.currency})
            for code, line in planned.entities.items() if code not in known
        ]  # fmt: skip
        yield "legal-entities", new, {"code": columns.entity}
    there = Customer.objects.filter(legal_entity__in=planned.entities).only("legal_entity_id", "account")
    have = {customer.key for customer in there}
    # A customer that is there already is the ERP's: a file of invoices has nothing to say about its name.
    missing = [(line, key) for key, line in planned.customers.items() if key not in have]
    new_customers = [(line, {"key": key, "currency": mapping.currency}) for line, key in missing]
    yield "customers", new_customers, {"account": columns.customer, "legal_entity": columns.entity}
    fields = {
        "number": columns.invoice, "legal_entity": columns.entity, "customer": columns.customer,
        "invoice_date": columns.date, "due_date": columns.due, "amount": columns.amount,
        "disputed_amount": columns.disputed, "date": columns.settled, "settlements[0].amount": columns.amount,
    }  # fmt: skip
    yield "invoices", list(planned.invoices.values()), fields
    yield "payments", list(planned.payments.values()), fields


def _feed(
    resource: str,
    rows: list[tuple[int, dict[str, Any]]],
    columns: Mapping[str, str],
    *,
    actor: Actor,
    progress: Progress,
) -> dict[str, int]:
    counts = {"created": 0, "updated": 0, "unchanged": 0}
    errors: list[LineError] = []
    for start in range(0, len(rows), MOST_ROWS):
        chunk = rows[start : start + MOST_ROWS]
        results = upsert(resource, [row for _, row in chunk], actor=actor, today=None, atomic=True)
        errors += _errors(results, [line for line, _ in chunk], columns)
        for result in results:
            counts[result.status] = counts.get(result.status, 0) + 1
        progress(resource, start + len(chunk), len(rows))
    if errors:
        raise Rejected(errors)
    return counts


def _errors(results: Iterable[RowResult], lines: list[int], columns: Mapping[str, str]) -> list[LineError]:
    return [
        LineError(lines[result.index], columns.get(error.field) or error.field, error.message)
        for result in results
        for error in result.errors
        if error.code != "not_written"
    ]
