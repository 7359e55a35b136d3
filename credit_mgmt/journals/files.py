"""Lines that come from a spreadsheet, pasted or as CSV, and go to one (`domain 8`, `ux.md` 3.8).

A row is an account and its new limit with dates; the first row may name the columns. What cannot be read is named at
its row, `lines[3].new_limit` from 0; what can be read becomes lines only together.
"""

import csv
import datetime as dt
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import xlsxwriter

from credit_mgmt.engine.typed import NotRead, Style, amount_typed, day_typed, style_of
from credit_mgmt.journals import journal_of
from credit_mgmt.journals.lines import MOST_LINES, LineInput, Today, add_lines
from credit_mgmt.masking import Mask
from credit_mgmt.models import LimitJournal, LimitJournalLine
from customers.access import Action, Actor, authorize
from customers.errors import FieldError, InvalidInput
from customers.models import Customer, CustomerCreditGroup
from customers.money import round_half_up
from customers.rates import minor_units
from customers.spreadsheets import BOM, as_text, as_written

FORMATS = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
HEADS = ("account", "name", "currency", "current_limit", "new_limit", "new_from", "new_to", "approval", "problem")
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
_GROUP = "group:"
"""What a group's number is written with where a customer has the same account."""


@dataclass(frozen=True, slots=True)
class Typed:
    """What was read of a block: a line for each row that could be, and what is wrong with the others, by row from 0."""

    lines: Mapping[int, LineInput]
    errors: tuple[FieldError, ...]
    rows: int


def read_lines(*, journal: str, text: str, actor: Actor, style: str = "") -> Typed:
    """What a pasted block, or the text of a CSV file, would add to the journal. Nothing is written.

    `style` (`point`, `comma`) says which sign stands before the decimals; left out, it is taken from the amounts that
    show it. Raises `NotFound`, `NotAllowed`; `InvalidInput` for a block that is none.
    """
    found = journal_of(journal, actor)
    authorize(actor, Action.MAKE_JOURNALS, found.legal_entity_id)
    if style not in ("", *Style):
        raise InvalidInput.of("style", "invalid_choice", f"Choose one of {', '.join(Style)}.")
    rows = _rows(text, found)
    owners = _owners(found, [row["account"] for row in rows])
    known = Style(style) if style else style_of(row["new_limit"] for row in rows)
    lines: dict[int, LineInput] = {}
    errors: list[FieldError] = []
    for index, row in enumerate(rows):
        wrong, line = _line(row, owners.get(row["account"]), known)
        errors += [FieldError(f"lines[{index}].{field}", code, message) for field, code, message in wrong]
        if line is not None:
            lines[index] = line
    return Typed(lines, tuple(errors), len(rows))


def paste_lines(
    *,
    journal: str,
    text: str,
    actor: Actor,
    at: dt.datetime,
    today: Today,
    style: str = "",
    version: int | None = None,
) -> LimitJournal:
    """Add the rows of a block to a draft, all or none. Raises as `read_lines` and `add_lines`."""
    typed = read_lines(journal=journal, text=text, actor=actor, style=style)
    if typed.errors:
        raise InvalidInput(typed.errors)
    lines = [typed.lines[index] for index in range(typed.rows)]
    return add_lines(journal=journal, lines=lines, actor=actor, at=at, today=today, version=version)


def _rows(text: str, journal: LimitJournal) -> list[dict[str, str]]:
    """The rows by column; cells that are not there are empty."""
    block = text.removeprefix("\ufeff").strip("\r\n")
    if not block.strip():
        raise InvalidInput.of("text", "required", "Paste rows: an account, its new limit and the last day.")
    first = block.splitlines()[0]
    delimiter = next((mark for mark in "\t;" if mark in first), ",")
    try:
        cells = [row for row in csv.reader(io.StringIO(block), delimiter=delimiter, strict=True) if any(row)]
    except csv.Error as error:
        raise InvalidInput.of("text", "invalid", f"The rows can't be told apart: {error}.") from error
    if len(cells) > MOST_LINES + 1:
        raise InvalidInput.of("text", "too_many", f"Give at most {MOST_LINES:,} rows at once.")
    heads, body = _heads(cells, temporary=journal.type == LimitJournal.Type.TEMPORARY)
    return [{name: as_written(_cell(row, place)).strip() for name, place in heads.items()} for row in body]


def _cell(row: Sequence[str], place: int | None) -> str:
    return row[place] if place is not None and place < len(row) else ""


def _heads(cells: Sequence[Sequence[str]], *, temporary: bool) -> tuple[dict[str, int | None], Sequence[Sequence[str]]]:
    """Where each column stands: as the first row says, or else in the order account, limit, (from,) to."""
    named = [_NAMES.get(cell.strip().lower(), cell.strip().lower()) for cell in cells[0]]
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
    numbers = {name.removeprefix(_GROUP) for name in wanted}
    groups = dict(CustomerCreditGroup.objects.filter(pk__in=numbers).values_list("pk", "currency_id"))
    own = {account: f"{prefix}{account}" for account in customers}
    found: dict[str, Owner] = {}
    for name in wanted:
        account, number = name.removeprefix(prefix), name.removeprefix(_GROUP)
        if account in own:
            found[name] = (own[account], None, entity.accounting_currency_id)
        elif number in groups:
            found[name] = (None, number, groups[number])
    return found


Wrong = tuple[str, str, str]
"""Field, code, message."""


def _line(row: Mapping[str, str], owner: Owner | None, style: Style | None) -> tuple[list[Wrong], LineInput | None]:
    wrong: list[Wrong] = []
    values: dict[str, Any] = {}
    if owner is None:
        message = (
            f"There is no customer and no credit group {row['account']}." if row["account"] else "Name an account."
        )
        wrong.append(("customer", "unknown_reference" if row["account"] else "required", message))
    for name in ("new_limit", "new_from", "new_to"):
        try:
            values[name] = _typed(name, row[name], owner, style)
        except NotRead as problem:
            wrong.append((name, problem.code, problem.message))
    if wrong or owner is None:
        return wrong, None
    customer, group, _ = owner
    return [], LineInput(customer=customer, credit_group=group, **values)


def _typed(name: str, text: str, owner: Owner | None, style: Style | None) -> Decimal | dt.date | None:
    if not text:
        return None
    if name != "new_limit":
        return day_typed(text)
    return amount_typed(text, owner[2], style) if owner else None


# --- out --------------------------------------------------------------------------------------------------------------


def write_lines(*, journal: str, actor: Actor, form: str) -> bytes:
    """All lines of a journal as a file: `csv` or `xlsx`. Amounts of a group only for who may see them.

    Raises `NotFound`; `InvalidInput` for another format.
    """
    if form not in FORMATS:
        raise InvalidInput.of("format", "invalid_choice", f"Choose one of {', '.join(FORMATS)}.")
    found = journal_of(journal, actor)
    rows = _cells(found, Mask(actor))
    if form == "csv":
        text = io.StringIO()
        csv.writer(text, lineterminator="\r\n").writerows([HEADS, *([_safe(cell) for cell in row] for row in rows)])
        return BOM + text.getvalue().encode()
    with TemporaryDirectory() as folder:
        path = Path(folder) / "lines.xlsx"
        _write_xlsx(path, rows)
        return path.read_bytes()


Cell = str | Decimal | dt.date | None


def _cells(journal: LimitJournal, mask: Mask) -> Iterator[list[Cell]]:
    units = minor_units()
    lines = journal.lines.select_related("customer", "group").order_by("number")
    for line in lines.iterator(chunk_size=5_000):
        hidden = mask.hides_group(line.group_id)
        amounts = [None if hidden else round_half_up(amount, units[line.currency_id]) for amount in _amounts(line)]
        account = line.customer.key if line.customer else f"{_GROUP}{line.group_id}"
        name = line.customer.name if line.customer else line.group.description if line.group else ""
        yield [account, name, line.currency_id, *amounts, line.new_from, line.new_to, line.approval, line.problem]


def _amounts(line: LimitJournalLine) -> tuple[Decimal, Decimal]:
    return line.current_limit, line.new_limit


def _safe(cell: Cell) -> str:
    if cell is None:
        return ""
    return as_text(cell) if isinstance(cell, str) else str(cell)


def _write_xlsx(path: Path, rows: Iterable[Sequence[Cell]]) -> None:
    """Row by row, so that memory does not grow with the lines; texts stay texts."""
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(str(path), options) as book:
        sheet = book.add_worksheet("Lines")
        day, money = book.add_format({"num_format": "yyyy-mm-dd"}), book.add_format({"num_format": "#,##0.00"})
        sheet.write_row(0, 0, HEADS, book.add_format({"bold": True}))
        sheet.freeze_panes(1, 1)
        for number, row in enumerate(rows, start=1):
            for place, cell in enumerate(row):
                if isinstance(cell, dt.date):
                    sheet.write_datetime(number, place, dt.datetime.combine(cell, dt.time.min), day)
                elif isinstance(cell, Decimal):
                    sheet.write_number(number, place, float(cell), money)
                elif cell:
                    sheet.write_string(number, place, cell)
