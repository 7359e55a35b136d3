"""A list as a file (`ux.md` 3.0, Export): exactly what its address asks for, in its order, with its columns.

Up to `MOST_AT_ONCE` rows the file is made at once, above that by a job. A list says what it exports with an `Export`,
and registers it; everything else is here.
"""

import datetime as dt
import functools
import itertools
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django.db.models import Max, QuerySet
from django.http import QueryDict

from customers import jobs
from customers.access import Action, Actor
from customers.errors import InvalidInput, NotFound, Refused
from customers.jobs.running import actor_of_job
from customers.listing.columns import Column, Value, with_currency
from customers.listing.files import FORMATS, MOST_IN_XLSX, as_csv, as_xlsx
from customers.models import ExportPart, Job
from customers.spreadsheets import BOM

MOST_AT_ONCE = 20_000
"""Rows of a file that is made while its reader waits (`ux.md` 3.0, Export)."""
CHUNK = 2_000
KEPT = dt.timedelta(days=7)
"""How long the file of a job can be fetched."""
PIECE = 1 << 20
Columns = Sequence[Column[Any, Any]]


@dataclass(frozen=True, slots=True)
class Asked:
    """What is exported: the rows that match, in which order, and with which columns.

    `rows` gives the cells of some of them, by primary key, in the order of the keys; what the actor does not see any
    more is left out. `currency` is the one of all amounts, or empty where there are several.
    """

    matching: QuerySet[Any]
    order: Sequence[Any]
    columns: Columns
    rows: Callable[[Sequence[str], Columns], list[list[Value]]]
    currency: str = ""

    @property
    def heads(self) -> list[str]:
        """The head of each column; an amount names its currency where there is only one."""
        unit = f" {self.currency}" if self.currency else ""
        return [(column.unit or column.label) + (unit if column.money else "") for column in self.columns]

    def keys(self) -> Iterator[str]:
        """The rows of the list in its order."""
        ordered = self.matching.order_by(*self.order).values_list("pk", flat=True)
        return (str(key) for key in ordered.iterator(chunk_size=10_000))

    def more_than(self, most: int) -> bool:
        """Whether more rows match."""
        return self.matching.order_by().values("pk")[: most + 1].count() > most


@dataclass(frozen=True, slots=True)
class Export:
    """A list that can be had as a file. `read` says what an address asks for, seen by somebody at a moment."""

    kind: str
    """The kind of job."""
    name: str
    """What the file is called, without its date."""
    description: str
    looks: Action
    read: Callable[[QueryDict, Actor, dt.datetime], Asked]


_known: dict[str, Export] = {}


def known_currency(columns: Columns, currency: Column[Any, Any], currencies: Sequence[str]) -> tuple[Columns, str]:
    """The columns of a file and the one currency of its amounts: several stand in a column of their own."""
    return with_currency(columns, currency, mixed=len(currencies) > 1), currencies[0] if len(currencies) == 1 else ""


def file_at_once(asked: Asked, form: str, name: str) -> bytes:
    """The whole file. For lists of up to `MOST_AT_ONCE` rows."""
    keys = list(asked.keys())
    chunks = (keys[start : start + CHUNK] for start in range(0, len(keys), CHUNK))
    rows = (row for chunk in chunks for row in asked.rows(chunk, asked.columns))
    if form == "csv":
        return BOM + as_csv([asked.heads]) + as_csv(rows)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "list.xlsx"
        as_xlsx(path, name.capitalize(), asked.heads, rows)
        return path.read_bytes()


# --- the job ----------------------------------------------------------------------------------------------------------


def register(export: Export) -> None:
    """Register the kind of job; called once per process when the room of the list is ready."""
    _known[export.kind] = export
    work = _work_of(export)
    jobs.register_kind(
        export.kind,
        plan=functools.partial(plan, export),
        work=work,
        parameters=read_parameters,
        action=export.looks,
        finish=functools.partial(finish, export),
        description=export.description,
    )


@functools.cache
def _work_of(export: Export) -> Callable[[Job, list[Any], Actor], dict[str, Any]]:
    """The same function each time: a kind may be registered twice, but not with other work."""
    return functools.partial(work, export)


def is_export(kind: str) -> bool:
    """Whether jobs of this kind make a file."""
    return kind in _known


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


def start_export(export: Export, *, query: str, form: str, actor: Actor, now: dt.datetime) -> Job:
    """Start the job, and forget files that nobody can fetch any more."""
    ExportPart.objects.filter(job__created_at__lt=now - KEPT).delete()
    return jobs.start_job(export.kind, {"query": query, "format": form}, actor=actor, now=now)


def _asked(export: Export, job: Job, actor: Actor) -> Asked:
    """The list of a job as it is now, with the relative days of the day on which it was started."""
    return export.read(QueryDict(job.parameters["query"]), actor, job.created_at)


def plan(export: Export, job: Job) -> Iterator[list[str]]:
    """Lists of `ROW:KEY`, in the order of the file, so that a part of a list that was cut knows its place."""
    asked = _asked(export, job, actor_of_job(job))
    if job.parameters["format"] == "xlsx" and asked.more_than(MOST_IN_XLSX):
        raise Refused("too_many", f"A sheet has {MOST_IN_XLSX:,} rows at most: narrow the list, or take CSV.")
    numbered = (f"{number}:{key}" for number, key in enumerate(asked.keys()))
    while chunk := list(itertools.islice(numbered, CHUNK)):
        yield chunk


def work(export: Export, job: Job, payload: list[Any], actor: Actor) -> dict[str, Any]:
    """Write the rows of one list: as CSV, or for XLSX as JSON from which the sheet is made at the end."""
    asked = _asked(export, job, actor)
    rows = asked.rows([word.partition(":")[2] for word in payload], asked.columns)
    content = as_csv(rows) if job.parameters["format"] == "csv" else json.dumps(rows, default=_tagged).encode()
    ExportPart.objects.create(job=job, position=int(payload[0].partition(":")[0]) + 1, content=content)
    return {"rows": len(rows)}


def finish(export: Export, job: Job, actor: Actor) -> None:
    """Put the parts together: they are the file, once they begin with its head."""
    heads = _asked(export, job, actor).heads
    if job.parameters["format"] == "csv":
        ExportPart.objects.create(job=job, position=0, content=BOM + as_csv([heads]))
        return
    parts = ExportPart.objects.filter(job=job)
    last = parts.aggregate(last=Max("position"))["last"] or 0
    with TemporaryDirectory() as folder:
        path = Path(folder) / "list.xlsx"
        as_xlsx(path, export.name.capitalize(), heads, _kept_rows(job))
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


_READ: Mapping[str, Callable[[str], Value]] = {
    "n": Decimal, "t": dt.datetime.fromisoformat, "d": dt.date.fromisoformat,
}  # fmt: skip


def _untagged(value: Any) -> Value:
    if not isinstance(value, list):
        return value  # type: ignore[no-any-return]  # text, whole number or nothing, as JSON has it
    kind, text = value
    return _READ[kind](text)


def file_of(job: Job, actor: Actor) -> tuple[str, Iterator[bytes]]:
    """The name and the file of a finished job, for who started it alone. Raises `NotFound`, `Refused`."""
    if job.kind not in _known or job.actor != actor.reference:
        raise NotFound("The file was not found.")
    if job.status != Job.Status.FINISHED:
        raise Refused("not_ready", "The file is not ready: look at its job.")
    if not ExportPart.objects.filter(job=job).exists():
        raise Refused("expired", f"Files are kept for {KEPT.days} days: export the list again.")
    return f"{_known[job.kind].name}-{job.created_at:%Y-%m-%d}.{job.parameters['format']}", contents(job)
