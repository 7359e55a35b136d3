"""`upsert`: rows in, results out, one transaction.

Note [Two feeds at once]. Nothing is locked beforehand. What two calls could both change is written so that the database
notices: new keys by unique constraints, open amounts by relative updates under a check, orders by their version. The
call that comes second is then simply run again (`customers.imports.attempts`), on what the first one left.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from customers.access import Actor, NotAllowed
from customers.errors import FieldError, InvalidInput, NotFound, Refused
from customers.imports.attempts import again_if_overtaken
from customers.imports.batch import Batch, RowResult, TodayIn, batch_of
from customers.imports.customers import Customers
from customers.imports.groups import CreditGroups
from customers.imports.invoices import Invoices
from customers.imports.orders import SalesOrders
from customers.imports.payments import Payments
from customers.imports.reference_data import RESOURCES as REFERENCE_DATA
from customers.imports.resource import Resource
from customers.imports.usage import IN_USE

MOST_ROWS = 10_000
"""Rows in one call (`api.md` Conventions)."""
_KINDS: tuple[type[Resource], ...] = (*REFERENCE_DATA, Customers, CreditGroups, SalesOrders, Invoices, Payments)
RESOURCES: dict[str, Resource] = {kind.name: kind() for kind in _KINDS}
"""Everything that can be fed, by the name of its path in the API."""


def offer(*kinds: type[Resource]) -> None:
    """Add what a room above feeds through the same steps; called once per process, when that room is ready."""
    RESOURCES.update({kind.name: kind() for kind in kinds})


class _NothingWritten(Exception):
    """Rolls back: somewhere in an all-or-nothing call a row failed."""

    def __init__(self, results: list[RowResult]) -> None:
        self.results = results
        super().__init__()


def upsert(
    resource: str,
    rows: Sequence[Mapping[str, Any]],
    *,
    actor: Actor,
    today: TodayIn | None,
    replace: bool = True,
    atomic: bool = False,
) -> list[RowResult]:
    """Create or change the rows of `resource` (a path of `api.md`) and say per row what became of it.

    `replace` is PUT: fields left out get their defaults, except what is ours; without it, PATCH: only fields that are
    named change. An identical write changes nothing. A bad row is reported and the others are written, unless `atomic`:
    then nothing is. `today` gives the business date of a legal entity and bounds the dates of transactions. Raises
    `InvalidInput` (`too_many`) for more than 10,000 rows, `Refused` (`stale`) where others keep changing the same
    objects, `KeyError` for a resource that does not exist.
    """
    kind = RESOURCES[resource]
    if len(rows) > MOST_ROWS:
        message = f"Send at most {MOST_ROWS:,} objects in one call; these are {len(rows):,}."
        raise InvalidInput.of("", "too_many", message)
    try:
        return again_if_overtaken(
            lambda: _run(kind, batch_of(rows, actor=actor, today=today, replace=replace), atomic=atomic)
        )
    except _NothingWritten as failure:
        return failure.results


def upsert_one(
    resource: str, row: Mapping[str, Any], *, actor: Actor, today: TodayIn | None, replace: bool = True
) -> RowResult:
    """`upsert` of a single row that raises what an edge translates.

    Raises `NotFound` (also for what is out of scope), `NotAllowed`, `InvalidInput`, `Refused`; nothing is written then.
    """
    [result] = upsert(resource, [row], actor=actor, today=today, replace=replace, atomic=True)
    raise_failure(resource, result)
    return result


def raise_failure(resource: str, result: RowResult) -> None:
    """Raise what is wrong with a row that was sent alone: `NotFound`, `NotAllowed`, `InvalidInput`; else nothing.

    Where nothing but the state of things is against it (`in_use`): `Refused`.
    """
    for error in result.errors:
        if error.code == "not_found" and not error.field:
            raise NotFound(error.message)
        if error.code == "not_allowed":
            field = RESOURCES[resource].fields.get(error.field)  # a higher room may add fields of its own
            action = field.action if field is not None and field.action is not None else RESOURCES[resource].feeds
            raise NotAllowed(action, _entity_in(resource, result.key), error.message)
    if result.errors and all(error.code == IN_USE for error in result.errors):
        [first, *_] = result.errors
        raise Refused(first.code, first.message, {"field": first.field})
    if result.errors:
        raise InvalidInput(result.errors)


def _entity_in(resource: str, key: str | None) -> str | None:
    """The legal entity that a key begins with; what has another key is shared by all."""
    return (key or "").partition(":")[0] or None if "legal_entity" in RESOURCES[resource].key_fields else None


def _run(resource: Resource, batch: Batch, *, atomic: bool) -> list[RowResult]:
    for entry in batch.entries:
        resource.parse(entry)
    _refuse_duplicates(batch)
    resource.want(batch)
    batch.references.load()
    resource.load(batch)
    resource.authorize(batch)
    for entry in list(batch.good):
        resource.merge(batch, entry)
    resource.want_currencies(batch)
    for entry in list(batch.good):
        resource.check_amounts(batch, entry)
    resource.check(batch)
    for entry in list(batch.good):
        resource.compare(batch, entry)
    if atomic and any(entry.errors for entry in batch.entries):
        raise _NothingWritten(_all_failed(batch))
    resource.write(batch)
    return [entry.result() for entry in batch.entries]


def _refuse_duplicates(batch: Batch) -> None:
    """The same object twice in a call: which one is meant? Neither is guessed; the second is refused."""
    first: dict[Any, int] = {}
    for entry in batch.entries:
        if entry.identity is None:
            continue
        if entry.identity in first:
            position = first[entry.identity] + 1
            entry.fail("", "duplicate", f"{entry.key} stands in this call already, as number {position}.")
        else:
            first[entry.identity] = entry.index


def _all_failed(batch: Batch) -> list[RowResult]:
    because = FieldError("", "not_written", "Nothing was written, because another object of this call failed.")
    return [RowResult(entry.index, entry.key, "failed", tuple(entry.errors) or (because,)) for entry in batch.entries]
