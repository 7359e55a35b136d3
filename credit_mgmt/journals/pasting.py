"""Lines that come from a spreadsheet, pasted or as a file (`domain 8`, `ux.md` 3.8).

A row is an account and its new limit with dates; the first row may name the columns. What cannot be read is named at
its row, `lines[3].new_limit` from 0; what can be read becomes lines only together. Texts are read as people write
them, cells of a workbook as they are typed there.
"""

import csv
import datetime as dt
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from credit_mgmt.engine.typed import NotRead, Style, amount_typed, day_typed, style_of
from credit_mgmt.journals import journal_of
from credit_mgmt.journals.lines import MOST_LINES, LineInput, Today, add_lines
from credit_mgmt.models import LimitJournal
from customers.access import Action, Actor, authorize
from customers.errors import FieldError, InvalidInput
from customers.models import Customer, CustomerCreditGroup
from customers.spreadsheets import as_written
from customers.workbooks import BadWorkbook, Cell, NoValue, is_workbook, plain_text, read_sheet

LARGEST_FILE = 5 * 1024 * 1024
GROUP = "group:"
"""What a group's number is written with where a customer has the same account."""
_READ = ("account", "new_limit", "new_from", "new_to")
_NAMES = {
    "customer": "account",
    "customer account": "account",
    "account or group": "account",
    "credit group": "account",
    "group": "account",
    "limit": "new_limit",
    "new limit": "new_limit",
    "from": "new_from",
    "new from": "new_from",
    "to": "new_to",
    "new to": "new_to",
    "until": "new_to",
}
"""Other words for the columns, as people head them."""


@dataclass(frozen=True, slots=True)
class Typed:
    """What was read of a block: a line for each row that could be, and what is wrong with the others, by row from 0."""

    lines: Mapping[int, LineInput]
    errors: tuple[FieldError, ...]
    rows: int


def read_lines(*, journal: str, text: str | bytes, actor: Actor, style: str = "") -> Typed:
    """What a pasted block, or the bytes of a CSV file or workbook, would add to the journal. Nothing is written.

    `style` (`point`, `comma`) says which sign stands before the decimals of an amount that is written as text; left
    out, it is taken from the amounts that show it. Raises `NotFound`, `NotAllowed`; `InvalidInput` for no block.
    """
    found = journal_of(journal, actor)
    authorize(actor, Action.MAKE_JOURNALS, found.legal_entity_id)
    if style not in ("", *Style):
        raise InvalidInput.of("style", "invalid_choice", f"Choose one of {', '.join(Style)}.")
    rows = _rows(text, found)
    owners = _owners(found, [_name(row) for row in rows])
    amounts = (row["new_limit"] for row in rows)
    known = Style(style) if style else style_of(amount for amount in amounts if isinstance(amount, str))
    lines: dict[int, LineInput] = {}
    errors: list[FieldError] = []
    for index, row in enumerate(rows):
        wrong, line = _line(row, owners.get(_name(row)), known)
        errors += [FieldError(f"lines[{index}].{field}", code, message) for field, code, message in wrong]
        if line is not None:
            lines[index] = line
    return Typed(lines, tuple(errors), len(rows))


def paste_lines(
    *,
    journal: str,
    text: str | bytes,
    actor: Actor,
    at: dt.datetime,
    today: Today,
    style: str = "",
    version: int | None = None,
) -> LimitJournal:
    """Add the rows of a block or file to a draft, all or none. Raises as `read_lines` and `add_lines`."""
    typed = read_lines(journal=journal, text=text, actor=actor, style=style)
    if typed.errors:
        raise InvalidInput(typed.errors)
    lines = [typed.lines[index] for index in range(typed.rows)]
    return add_lines(journal=journal, lines=lines, actor=actor, at=at, today=today, version=version)


def as_block(typed: Typed) -> str:
    """The lines that were read, as a block that is read in one way only: what a preview hands on to be added."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter="\t", lineterminator="\n")
    writer.writerow(_READ)
    for line in typed.lines.values():
        account = line.customer or f"{GROUP}{line.credit_group}"
        limit = "" if line.new_limit is None else f"{line.new_limit:f}"
        writer.writerow([account, limit, line.new_from or "", line.new_to or ""])
    return text.getvalue()


Values = Sequence[Cell]


def _rows(given: str | bytes, journal: LimitJournal) -> list[dict[str, Cell]]:
    """The rows by column; cells that are not there are empty."""
    cells: Sequence[Values] = _sheet(given) if isinstance(given, bytes) and is_workbook(given) else _written(given)
    if len(cells) > MOST_LINES + 1:
        raise InvalidInput.of("text", "too_many", f"Give at most {MOST_LINES:,} rows at once.")
    heads, body = _heads(cells, temporary=journal.type == LimitJournal.Type.TEMPORARY)
    return [{name: _cell(row, place) for name, place in heads.items()} for row in body]


def _sheet(content: bytes) -> list[Values]:
    try:
        rows: list[Values] = [row.cells for row in read_sheet(io.BytesIO(content), most_rows=MOST_LINES + 1)]
    except BadWorkbook as problem:
        raise InvalidInput.of("file", "invalid", str(problem)) from problem
    if not rows:
        raise InvalidInput.of("file", "required", "The first visible sheet has no rows.")
    return rows


def _written(given: str | bytes) -> list[Values]:
    """The rows of a text: between its cells stand tabs, semicolons or commas."""
    block = _decoded(given).removeprefix("\ufeff").strip("\r\n")
    if not block.strip():
        raise InvalidInput.of("text", "required", "Paste rows: an account, its new limit and the last day.")
    first = block.splitlines()[0]
    delimiter = next((mark for mark in "\t;" if mark in first), ",")
    try:
        return [row for row in csv.reader(io.StringIO(block), delimiter=delimiter, strict=True) if any(row)]
    except csv.Error as error:
        raise InvalidInput.of("text", "invalid", f"The rows can't be told apart: {error}.") from error


def _decoded(given: str | bytes) -> str:
    try:
        return given if isinstance(given, str) else given.decode("utf-8")
    except UnicodeDecodeError as problem:
        message = "This is neither a workbook (.xlsx) nor CSV in UTF-8: save it as one, or paste its cells."
        raise InvalidInput.of("file", "invalid", message) from problem


def _name(row: Mapping[str, Cell]) -> str:
    """The account of a row. A workbook may hold a number there; what has no value is nobody's name."""
    cell = row["account"]
    return "" if isinstance(cell, NoValue) else plain_text(cell)


def _cell(row: Values, place: int | None) -> Cell:
    cell = row[place] if place is not None and place < len(row) else ""
    return as_written(cell).strip() if isinstance(cell, str) else cell


def _heads(cells: Sequence[Values], *, temporary: bool) -> tuple[dict[str, int | None], Sequence[Values]]:
    """Where each column stands: as the first row says, or else in the order account, limit, (from,) to."""
    words = [cell.strip().lower() if isinstance(cell, str) else "" for cell in cells[0]]
    named = [_NAMES.get(word, word) for word in words]
    if "account" in named and "new_limit" in named:
        return {name: named.index(name) if name in named else None for name in _READ}, cells[1:]
    order = _READ if temporary else ("account", "new_limit", "new_to")
    return {name: order.index(name) if name in order else None for name in _READ}, cells


Owner = tuple[str | None, str | None, str]
"""The customer's key or the group's number, and the currency of the account."""


def _owners(journal: LimitJournal, names: Iterable[str]) -> dict[str, Owner]:
    """Whom the rows mean: a customer by account or key, else a group by its number. Two queries."""
    entity = journal.legal_entity
    prefix = f"{entity.pk}:"
    wanted = set(names)
    accounts = {name.removeprefix(prefix) for name in wanted}
    customers = Customer.objects.filter(legal_entity=entity, account__in=accounts).values_list("account", flat=True)
    numbers = {name.removeprefix(GROUP) for name in wanted}
    groups = dict(CustomerCreditGroup.objects.filter(pk__in=numbers).values_list("pk", "currency_id"))
    own = {account: f"{prefix}{account}" for account in customers}
    found: dict[str, Owner] = {}
    for name in wanted:
        account, number = name.removeprefix(prefix), name.removeprefix(GROUP)
        if account in own:
            found[name] = (own[account], None, entity.accounting_currency_id)
        elif number in groups:
            found[name] = (None, number, groups[number])
    return found


Wrong = tuple[str, str, str]
"""Field, code, message."""


def _line(row: Mapping[str, Cell], owner: Owner | None, style: Style | None) -> tuple[list[Wrong], LineInput | None]:
    wrong: list[Wrong] = []
    values: dict[str, Any] = {}
    if owner is None:
        name = _name(row)
        message = f"There is no customer and no credit group {name}." if name else "Name an account."
        wrong.append(("customer", "unknown_reference" if name else "required", message))
    for name in ("new_limit", "new_from", "new_to"):
        try:
            values[name] = _typed(name, row[name], owner, style)
        except NotRead as problem:
            wrong.append((name, problem.code, problem.message))
    if wrong or owner is None:
        return wrong, None
    customer, group, _ = owner
    return [], LineInput(customer=customer, credit_group=group, **values)


def _typed(name: str, cell: Cell, owner: Owner | None, style: Style | None) -> Decimal | dt.date | None:
    """The value of a cell: a text is read as people write, what is typed already must be of the right kind."""
    if isinstance(cell, NoValue):
        raise NotRead("no_value", cell.why)
    if cell == "":
        return None
    if isinstance(cell, str):
        if name != "new_limit":
            return day_typed(cell)
        return amount_typed(cell, owner[2], style) if owner else None
    wanted, words = (Decimal, "an amount") if name == "new_limit" else (dt.date, "a date")
    if not isinstance(cell, wanted):
        raise NotRead("invalid", f"“{plain_text(cell)}” is not {words}: set the format of the cell in the spreadsheet.")
    return cell
