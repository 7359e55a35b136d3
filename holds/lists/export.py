"""The hold list as a file (`ux.md` 3.0, Export): exactly what its address asks for, in its order, with its columns.

Numbers are numbers, dates are dates. A text that a spreadsheet would take for a formula is marked as text in CSV; in
XLSX the cell says that it is text. Up to `MOST_AT_ONCE` rows the file is made at once, above that by a job.
"""

import csv
import datetime as dt
import io
import json
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import xlsxwriter
from django.db.models import Max
from django.http import QueryDict

from credit_mgmt.masking import Mask
from customers import access, clock, jobs
from customers.access import Action, Actor
from customers.errors import InvalidInput, NotFound, Refused
from customers.jobs.running import actor_of_job
from customers.models import Job
from customers.spreadsheets import BOM, as_text
from holds.lists import Asked, read_address
from holds.lists.columns import COLUMNS, Column, Value, chosen_columns, facts_of, related_of
from holds.models import ExportPart, Hold

KIND = "export_holds"
FORMATS = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
MOST_AT_ONCE = 20_000
"""Rows of a file that is made while its reader waits (`ux.md` 3.0, Export)."""
MOST_IN_XLSX = 1_048_575
"""Rows that a sheet has, below its head."""
CHUNK = 2_000
KEPT = dt.timedelta(days=7)
"""How long the file of a job can be fetched."""
PIECE = 1 << 20
UNITS = {"used": "Used %", "held": "Held, days", "held_at": "Held at (UTC)", "evaluated": "Last evaluated (UTC)",
         "decided": "Decided at (UTC)"}  # fmt: skip
"""Heads of columns whose unit the page shows in each cell."""


# --- what is exported -------------------------------------------------------------------------------------------------


def columns_of(asked: Asked) -> tuple[Column, ...]:
    """The columns of the page; where the rows have several currencies, also the currency, left of the first amount."""
    columns = chosen_columns(asked.address, asked.arrangement.layout.get("cols", ()))
    first = next((place for place, column in enumerate(columns) if column.money), None)
    if first is None or COLUMNS["currency"] in columns or len(currencies(asked)) < 2:
        return columns
    return (*columns[:first], COLUMNS["currency"], *columns[first:])


def currencies(asked: Asked) -> list[str]:
    """The accounting currencies of what is exported: those of the legal entities that the reader sees."""
    return sorted({entity.accounting_currency_id for entity in asked.entities})


def heads_of(columns: Iterable[Column], asked: Asked) -> list[str]:
    """The head of each column; an amount names its currency where there is only one."""
    known = currencies(asked)
    unit = f" {known[0]}" if len(known) == 1 else ""
    return [UNITS.get(column.name, column.label) + (unit if column.money else "") for column in columns]


def ids_in_order(asked: Asked) -> Iterator[uuid.UUID]:
    """The holds of the list in its order."""
    keys = [(key.expression, descending) for key, descending in asked.order.keys]
    ordered = asked.matching.order_by(*(key.desc() if descending else key.asc() for key, descending in keys))
    return ordered.values_list("pk", flat=True).iterator(chunk_size=10_000)


def rows_of(
    ids: Sequence[uuid.UUID], columns: Sequence[Column], actor: Actor, now: dt.datetime, today: Callable[[str], dt.date]
) -> list[list[Value]]:
    """The cells of these holds, in the order of `ids`; what the actor does not see any more is left out."""
    visible = access.scoped(Hold.objects.filter(pk__in=ids), actor)
    found = {hold.pk: hold for hold in visible.select_related(*related_of(columns))}
    facts = facts_of(found.values(), columns, now, today, Mask(actor))
    return [[column.value(found[key], facts) for column in columns] for key in ids if key in found]


# --- how it is written ------------------------------------------------------------------------------------------------


def plain(value: Value) -> str | int | Decimal | dt.date | None:
    """A cell's value; moments in UTC without a zone, as spreadsheets know none, and to the second."""
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).replace(tzinfo=None, microsecond=0)
    if isinstance(value, Decimal):
        return value.quantize(Decimal("0.01")) if value == value.quantize(Decimal("0.01")) else value.normalize()
    return value


def safe(value: Value) -> str:
    """A cell of a CSV file. A text that begins like a formula gets an apostrophe; numbers stay numbers."""
    cell = plain(value)
    if cell is None:
        return ""
    if isinstance(cell, str):
        return as_text(cell)
    if isinstance(cell, dt.datetime):
        return cell.isoformat(sep=" ")
    return format(cell, "f") if isinstance(cell, Decimal) else str(cell)


def as_csv(rows: Iterable[Sequence[Value]]) -> bytes:
    """Rows as CSV."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows([safe(value) for value in row] for row in rows)
    return text.getvalue().encode()


def as_xlsx(path: Path, heads: Sequence[str], rows: Iterable[Sequence[Value]]) -> None:
    """Write a workbook row by row, so that memory does not grow with the rows."""
    with xlsxwriter.Workbook(str(path), {"constant_memory": True, "strings_to_formulas": False,
                                         "strings_to_urls": False, "strings_to_numbers": False}) as book:  # fmt: skip
        sheet = book.add_worksheet("Holds")
        bold, day = book.add_format({"bold": True}), book.add_format({"num_format": "yyyy-mm-dd"})
        moment, money = (
            book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}),
            book.add_format({"num_format": "#,##0.00"}),
        )
        sheet.freeze_panes(1, 1)
        sheet.set_column(0, max(0, len(heads) - 1), 16)
        sheet.write_row(0, 0, heads, bold)
        for number, row in enumerate(rows, start=1):
            for place, value in enumerate(row):
                cell = plain(value)
                if isinstance(cell, dt.datetime):
                    sheet.write_datetime(number, place, cell, moment)
                elif isinstance(cell, dt.date):
                    sheet.write_datetime(number, place, dt.datetime.combine(cell, dt.time.min), day)
                elif isinstance(cell, Decimal):
                    sheet.write_number(number, place, float(cell), money)
                elif isinstance(cell, int):
                    sheet.write_number(number, place, cell)
                elif cell:
                    sheet.write_string(number, place, cell)


def file_at_once(asked: Asked, form: str, actor: Actor, today: Callable[[str], dt.date]) -> bytes:
    """The whole file. For lists of up to `MOST_AT_ONCE` rows."""
    columns = columns_of(asked)
    heads, ids = heads_of(columns, asked), list(ids_in_order(asked))
    chunks = (ids[start : start + CHUNK] for start in range(0, len(ids), CHUNK))
    rows = (row for chunk in chunks for row in rows_of(chunk, columns, actor, asked.reader.now, today))
    if form == "csv":
        return BOM + as_csv([heads]) + as_csv(rows)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "holds.xlsx"
        as_xlsx(path, heads, rows)
        return path.read_bytes()


# --- the job ----------------------------------------------------------------------------------------------------------


def read_parameters(given: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of a job: `query` (an address of the list) and `format` (csv, xlsx)."""
    unknown = sorted(set(given) - {"query", "format"})
    if unknown:
        raise InvalidInput.of(f"parameters.{unknown[0]}", "unknown_field", "Give query and format.")
    query, form = given.get("query", ""), given.get("format", "csv")
    if form not in FORMATS:
        raise InvalidInput.of("parameters.format", "unknown", f"Choose one of: {', '.join(FORMATS)}.")
    if not isinstance(query, str) or len(query) > 4000:
        raise InvalidInput.of("parameters.query", "invalid", "Give the address of a list, without its question mark.")
    return {"query": query, "format": form}


def start_export(*, query: str, form: str, actor: Actor, now: dt.datetime) -> Job:
    """Start the job, and forget files that nobody can fetch any more."""
    ExportPart.objects.filter(job__created_at__lt=now - KEPT).delete()
    return jobs.start_job(KIND, {"query": query, "format": form}, actor=actor, now=now)


def _asked(job: Job, actor: Actor) -> Asked:
    """The list of a job as it is now, with the relative days of the day on which it was started."""
    return read_address(QueryDict(job.parameters["query"]), actor=actor, now=job.created_at, today=clock.today)


def plan(job: Job) -> Iterator[list[str]]:
    """Lists of `ROW:HOLD`, in the order of the file, so that a part of a list that was cut knows its place."""
    asked = _asked(job, actor_of_job(job))
    if job.parameters["format"] == "xlsx" and asked.matching.count() > MOST_IN_XLSX:
        raise Refused("too_many", f"A sheet has {MOST_IN_XLSX:,} rows at most: narrow the list, or take CSV.")
    chunk: list[str] = []
    for number, key in enumerate(ids_in_order(asked)):
        chunk.append(f"{number}:{key}")
        if len(chunk) == CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def work(job: Job, payload: list[Any], actor: Actor) -> dict[str, Any]:
    """Write the rows of one list: as CSV, or for XLSX as JSON from which the sheet is made at the end."""
    asked = _asked(job, actor)
    ids = [uuid.UUID(word.partition(":")[2]) for word in payload]
    rows = rows_of(ids, columns_of(asked), actor, asked.reader.now, clock.today)
    content = as_csv(rows) if job.parameters["format"] == "csv" else json.dumps(rows, default=_tagged).encode()
    ExportPart.objects.create(job=job, position=int(payload[0].partition(":")[0]) + 1, content=content)
    return {"rows": len(rows)}


def finish(job: Job, actor: Actor) -> None:
    """Put the parts together: they are the file, once they begin with its head."""
    asked = _asked(job, actor)
    heads = heads_of(columns_of(asked), asked)
    if job.parameters["format"] == "csv":
        ExportPart.objects.create(job=job, position=0, content=BOM + as_csv([heads]))
        return
    parts = ExportPart.objects.filter(job=job)
    last = parts.aggregate(last=Max("position"))["last"] or 0
    with TemporaryDirectory() as folder:
        path = Path(folder) / "holds.xlsx"
        as_xlsx(path, heads, _kept_rows(job))
        parts.delete()
        with path.open("rb") as file:
            for number, piece in enumerate(iter(lambda: file.read(PIECE), b"")):
                ExportPart.objects.create(job=job, position=last + 1 + number, content=piece)


def _kept_rows(job: Job) -> Iterator[list[Value]]:
    for content in contents(job):
        for row in json.loads(content):
            yield [_untagged(value) for value in row]


def contents(job: Job) -> Iterator[bytes]:
    """The parts of a job's file, one at a time."""
    positions = ExportPart.objects.filter(job=job).order_by("position").values_list("position", flat=True)
    for position in list(positions):
        yield bytes(ExportPart.objects.values_list("content", flat=True).get(job=job, position=position))


def _tagged(value: Any) -> list[str]:
    kind = "n" if isinstance(value, Decimal) else "t" if isinstance(value, dt.datetime) else "d"
    return [kind, str(value) if kind == "n" else value.isoformat()]


def _untagged(value: Any) -> Value:
    if not isinstance(value, list):
        return value  # type: ignore[no-any-return]  # text, whole number or nothing, as JSON has it
    kind, text = value
    return (
        Decimal(text)
        if kind == "n"
        else dt.datetime.fromisoformat(text)
        if kind == "t"
        else dt.date.fromisoformat(text)
    )


def file_of(job: Job, actor: Actor) -> Iterator[bytes]:
    """The file of a finished job, for who started it alone. Raises `NotFound`, `Refused`."""
    if job.kind != KIND or job.actor != actor.reference:
        raise NotFound("The file was not found.")
    if job.status != Job.Status.FINISHED:
        raise Refused("not_ready", "The file is not ready: look at its job.")
    if not ExportPart.objects.filter(job=job).exists():
        raise Refused("expired", f"Files are kept for {KEPT.days} days: export the list again.")
    return contents(job)


def register() -> None:
    """Register the kind of job; called once per process when the room is ready."""
    jobs.register_kind(
        KIND,
        plan=plan,
        work=work,
        parameters=read_parameters,
        action=Action.VIEW,
        finish=finish,
        description="Export the hold list",
    )
