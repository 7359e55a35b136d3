"""Policies and guarantees as a file: out of the register, and back in through the one service (`domain 12`).

Out as CSV, in as CSV or a workbook. Both ways have the same columns, the fields of `api.md`, so that a file that was
taken out and brought in again changes nothing. A row is a whole policy: an empty cell has the field's default. Without
`id` it is a new one.
"""

import csv
import datetime as dt
import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, BinaryIO

from credit_mgmt.cover import save_policies
from credit_mgmt.models import CoverPolicy
from customers.access import Actor
from customers.errors import FieldError, InvalidInput
from customers.imports import MOST_ROWS, RowResult
from customers.imports.files import BadFile, Row, read_table
from customers.money import amount_text
from customers.spreadsheets import BOM, as_text, as_written
from customers.workbooks import is_workbook, plain_text

NEEDED = ("customer", "type", "effective_on", "expires_on", "value", "currency")
COLUMNS = (
    "id", "customer", "identifier", "type", "insurer", "coverage_type", "identification", "effective_on", "expires_on",
    "value", "currency", "update_percent", "update_amount", "included_in_exposure",
)  # fmt: skip
LARGEST_FILE = 5 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Imported:
    """How many policies a file entered, changed, or left as they were."""

    created: int
    updated: int
    unchanged: int


def import_policies(*, file: BinaryIO, actor: Actor) -> Imported:
    """Enter or change the policies of a file, all or none of them; amounts in each row's currency.

    Raises `InvalidInput` that names line and column of everything that is wrong, and the remedy.
    """
    try:
        rows = list(read_table(io.BytesIO(_all_of(file)), columns=NEEDED))
    except BadFile as problem:
        raise InvalidInput.of("file", "invalid", str(problem)) from problem
    if not rows:
        raise InvalidInput.of("file", "blank", "The file has no rows below its heading.")
    if len(rows) > MOST_ROWS:
        raise InvalidInput.of("file", "too_many", f"Bring in at most {MOST_ROWS:,} policies at once: split the file.")
    errors: list[FieldError] = list(_unknown_columns(rows[0]))
    read = [_policy(row, errors) for row in rows]
    if errors:
        raise InvalidInput(errors)
    results = save_policies(rows=read, actor=actor, atomic=True)
    errors += [error for row, result in zip(rows, results, strict=True) for error in _located(row, result)]
    if errors:
        raise InvalidInput(errors)
    counts = [result.status for result in results]
    return Imported(counts.count("created"), counts.count("updated"), counts.count("unchanged"))


def as_csv(policies: Iterable[CoverPolicy]) -> bytes:
    """Policies (with `customer` and `currency`) as a file that `import_policies` reads."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for policy in policies:
        units = policy.currency.minor_units
        percent, fixed = policy.update_percent, policy.update_amount
        writer.writerow([
            policy.pk, as_text(policy.customer.key), policy.identifier, as_text(policy.type_id),
            as_text(policy.insurer_id or ""), as_text(policy.coverage_type_id or ""), as_text(policy.identification),
            policy.effective_on, policy.expires_on, amount_text(policy.value, units), policy.currency_id,
            "" if percent is None else f"{percent.normalize():f}", "" if fixed is None else amount_text(fixed, units),
            "true" if policy.included_in_exposure else "false",
        ])  # fmt: skip
    return BOM + text.getvalue().encode()


def _all_of(file: BinaryIO) -> bytes:
    content = file.read(LARGEST_FILE + 1)
    if len(content) > LARGEST_FILE:
        raise InvalidInput.of("file", "too_large", "The file is larger than 5 MB: split it.")
    # The reader takes a last line without an end for one that was cut off; here the size was counted.
    return content if is_workbook(content) or content.endswith(b"\n") else content + b"\n"


def _unknown_columns(row: Row) -> Iterator[FieldError]:
    for name in row.fields.keys() - set(COLUMNS):
        yield FieldError("file", "unknown_field", f"There is no column {name}. Use: {', '.join(COLUMNS)}.")


def _policy(row: Row, errors: list[FieldError]) -> dict[str, Any]:
    """The row as the service takes it; what can't be read is an error."""
    policy: dict[str, Any] = {}
    for name, cell in row.fields.items():
        if name not in COLUMNS:
            continue
        try:
            text = as_written(plain_text(cell).strip())
            if not text:
                continue
            policy[name] = _READ.get(name, str)(text)
        except ValueError as problem:
            errors.append(FieldError("file", "invalid", f"Line {row.line}, {name}: {problem}"))
    return policy


def _day(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"“{text}” is no date. Write it like 2026-01-31.") from None


def _number(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise ValueError(f"“{text}” is no number. Write it like 1250.00, without separators of thousands.") from None


def _flag(text: str) -> bool:
    words = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
    if text.lower() not in words:
        raise ValueError(f"“{text}” is neither yes nor no. Write true or false.")
    return words[text.lower()]


_READ: Mapping[str, Callable[[str], Any]] = {
    "effective_on": _day,
    "expires_on": _day,
    "value": _number,
    "update_percent": _number,
    "update_amount": _number,
    "included_in_exposure": _flag,
}


def _located(row: Row, result: RowResult) -> Iterator[FieldError]:
    for error in result.errors:
        if error.code != "not_written":
            where = f"Line {row.line}, {error.field}" if error.field else f"Line {row.line}"
            yield FieldError("file", error.code, f"{where}: {error.message}")
