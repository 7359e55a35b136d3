"""A resource: which fields its rows have, how they are keyed, and the steps from cleaned rows to written ones.

A resource declares; the steps here do the same for all of them, each with a number of queries that does not depend
on the number of rows. Resources with parts (lines, instalments, settlements) override hooks, such as `write`.
"""

from collections.abc import Iterable, Sequence
from itertools import product
from typing import Any, ClassVar

from django.db.models import Model, Q, QuerySet

from customers.access import Action, NotAllowed, OutOfScope, authorize
from customers.errors import FieldError
from customers.imports.batch import Batch, Entry
from customers.imports.fields import REQUIRED, Field, Wrong, amount_error, clean_row
from customers.imports.references import unknown

CHUNK = 10_000
"""Rows per statement: a whole call is one statement per table."""


class Resource:
    """A kind of mirrored data; subclasses declare and, where meaning is more than fields, check."""

    name: ClassVar[str]
    model: ClassVar[type[Model]]
    key_fields: ClassVar[dict[str, Field]]
    fields: ClassVar[dict[str, Field]]
    read_only: ClassVar[frozenset[str]] = frozenset()
    has_key: ClassVar[bool] = True
    parts: ClassVar[frozenset[str]] = frozenset()
    """Fields that are no columns (lines, members, settlements): their value is None where a PATCH leaves them alone."""
    feeds: ClassVar[Action] = Action.FEED
    """The right that a row takes, beside those of its fields."""

    # --- from what was sent to cleaned values ---------------------------------------------------------------------

    def parse(self, entry: Entry) -> None:
        """Clean the row: its key, and the fields that it names."""
        if not isinstance(entry.raw, dict):
            entry.fail("", "invalid", "Give an object with named fields.")
            return
        row = dict(entry.raw)
        self._parse_key(entry, row)
        given, errors = clean_row(self.fields, row, read_only=self.read_only)
        entry.given = given
        entry.errors += errors

    def _parse_key(self, entry: Entry, row: dict[str, Any]) -> None:
        parts: dict[str, Any] = {}
        for name, field in self.key_fields.items():
            if name in row:
                self._clean_part(entry, field, row.pop(name), parts)
        if self.has_key and "key" in row:
            self._agree(entry, row.pop("key"), parts)
        absent = [name for name in self.key_fields if name not in parts]
        if absent and not entry.errors:
            for name in absent:
                entry.fail(name, "required", "This is part of the key and required.")
        if not absent:
            entry.identity = tuple(parts[name] for name in self.key_fields)
            entry.key = ":".join(str(part) for part in entry.identity)

    def _clean_part(self, entry: Entry, field: Field, value: Any, parts: dict[str, Any]) -> None:
        try:
            parts[field.name] = field.clean(value)
        except Wrong as wrong:
            entry.fail(field.name, wrong.code, wrong.message)

    def _agree(self, entry: Entry, key: Any, parts: dict[str, Any]) -> None:
        """Take the parts that only `key` names; what is named twice must be the same."""
        pieces = key.split(":") if isinstance(key, str) else []
        if len(pieces) != len(self.key_fields):
            shape = ":".join(self.key_fields)
            entry.fail("key", "invalid_key", f"Give the key as {shape}.")
            return
        for (name, field), piece in zip(self.key_fields.items(), pieces, strict=True):
            if name not in parts:
                self._clean_part(entry, field, piece, parts)
            elif str(parts[name]) != piece:
                entry.fail(name, "key_mismatch", f"The key says {piece}, this field says {parts[name]}.")

    # --- rights ---------------------------------------------------------------------------------------------------

    def entities_of(self, batch: Batch, entry: Entry) -> Iterable[str | None]:
        """The legal entities in which the actor needs the right to feed; None stands for all."""
        return [entry.identity[0] if entry.identity and "legal_entity" in self.key_fields else None]

    def authorize(self, batch: Batch) -> None:
        """Refuse rows of legal entities that the actor may not feed."""
        known: dict[tuple[Action, str | None], tuple[str, str] | None] = {}
        for entry in batch.entries:
            if entry.identity is None:
                continue
            for right in product(self._needs(batch, entry), self.entities_of(batch, entry)):
                if right not in known:
                    known[right] = refusal(batch, *right, entry.key or "")
                if (no := known[right]) is not None:
                    entry.errors = [FieldError("", *no)]  # and nothing about what is there

    def _needs(self, batch: Batch, entry: Entry) -> set[Action]:
        """What a row takes: a change of credit fields only takes the right to those, not the feed's (`domain 13`)."""
        actions = {self.fields[name].action for name in entry.given}
        if batch.replace or None in actions or not any(field.action for field in self.fields.values()):
            return {self.feeds}
        return {action for action in actions if action is not None} or {Action.VIEW}

    # --- what is there --------------------------------------------------------------------------------------------

    def want(self, batch: Batch) -> None:
        """Say what the rows refer to."""
        for entry in batch.entries:
            for name, field in self.key_fields.items():
                if field.refers_to and entry.identity:
                    batch.references.want(field.refers_to, entry.identity[list(self.key_fields).index(name)])
            for name, value in entry.given.items():
                if self.fields[name].refers_to:
                    batch.references.want(self.fields[name].refers_to, value)

    def load(self, batch: Batch) -> None:
        """Find the rows that exist already: one query."""
        identities = {entry.identity for entry in batch.good}
        if not identities:
            return
        found = {self.identity_of(record): record for record in self.find(identities)}
        for entry in batch.good:
            entry.existing = found.get(entry.identity or ())
            if entry.existing is None and not batch.replace:
                entry.fail("", "not_found", f"{entry.key} was not found.")

    def find(self, identities: set[Any]) -> QuerySet[Any]:
        """Records that may have one of `identities`; too many do no harm."""
        condition = Q()
        for position, field in enumerate(self.key_fields.values()):
            condition &= Q(**{f"{field.attribute}__in": {identity[position] for identity in identities}})
        return self.model._default_manager.filter(condition)

    def identity_of(self, record: Any) -> tuple[Any, ...]:
        """The key of a record, part by part."""
        return tuple(getattr(record, field.attribute) for field in self.key_fields.values())

    # --- merging and meaning --------------------------------------------------------------------------------------

    def merge(self, batch: Batch, entry: Entry) -> None:
        """Work out every field's value: given, kept or default; references become what they lead to."""
        for name, field in self.fields.items():
            if name in entry.given:
                self._take(batch, entry, field)
            elif entry.existing is not None and (field.ours or not batch.replace):
                entry.values[name] = self.current(entry.existing, field)
            elif field.default is REQUIRED:
                entry.fail(name, "required", "This is required.")
            else:
                entry.values[name] = self.default(batch, entry, field)
        for name, field in self.key_fields.items():
            code = entry.identity[list(self.key_fields).index(name)] if entry.identity else None
            if field.refers_to and code and batch.references.get(field.refers_to, code) is None:
                entry.errors.append(unknown(field.refers_to, code, name))

    def _take(self, batch: Batch, entry: Entry, field: Field) -> None:
        value = entry.given[field.name]
        if field.refers_to and value is not None:
            found = batch.references.get(field.refers_to, value)
            if found is None:
                entry.errors.append(unknown(field.refers_to, value, field.name))
                return
            if field.ours and _is_newly_chosen(entry, field, found):
                message = f"The {field.refers_to} {value} is closed: choose one that is open, or open it again."
                entry.fail(field.name, "closed", message)
                return
            value = found.pk
        entry.values[field.name] = value

    def current(self, existing: Any, field: Field) -> Any:
        """The value that a field has now."""
        return None if field.name in self.parts else getattr(existing, field.attribute)

    def default(self, batch: Batch, entry: Entry, field: Field) -> Any:
        """The value of a field that a PUT leaves out."""
        return field.default

    def check(self, batch: Batch) -> None:
        """Check what only several fields, rows or records together can tell."""

    def check_amounts(self, batch: Batch, entry: Entry) -> None:
        """Refuse amounts with more decimals than their currency has."""
        for name, field in self.fields.items():
            currency = entry.values.get(field.amount_in) if field.amount_in else None
            units = batch.references.minor_units(currency) if currency else None
            if currency is None or units is None:
                continue
            if error := amount_error(entry.values.get(name), units, currency, name):
                entry.errors.append(error)

    def want_currencies(self, batch: Batch) -> None:
        """Fetch the currencies of the merged values too: a kept currency binds a new amount."""
        names = {field.amount_in for field in self.fields.values() if field.amount_in}
        for entry in batch.good:
            for name in names:
                batch.references.want("currency", entry.values.get(name))
        batch.references.load()

    def compare(self, batch: Batch, entry: Entry) -> None:
        """Note which fields really change, and whether the actor may change them."""
        for name, field in self.fields.items():
            if name not in entry.values or name in self.parts:
                continue
            before = self.current(entry.existing, field) if entry.existing is not None else field.default
            if entry.existing is None or before != entry.values[name]:
                entry.changed.add(name)
            if field.action is not None and before != entry.values[name]:
                self._may_change(batch, entry, field)

    def _may_change(self, batch: Batch, entry: Entry, field: Field) -> None:
        for entity in self.entities_of(batch, entry):
            if no := refusal(batch, field.action or Action.FEED, entity, entry.key or ""):
                entry.fail(field.name, *no)

    # --- writing --------------------------------------------------------------------------------------------------

    def build(self, entry: Entry) -> None:
        """Make the record as it will be."""
        columns = {self.fields[name].attribute: value for name, value in entry.values.items() if name not in self.parts}
        if entry.existing is None:
            keys = zip(self.key_fields.values(), entry.identity or (), strict=True)
            entry.instance = self.model(**{field.attribute: part for field, part in keys}, **columns)
            return
        entry.instance = entry.existing
        for attribute, value in columns.items():
            setattr(entry.instance, attribute, value)

    def write(self, batch: Batch) -> None:
        """Write the records: one statement for the new ones, one for the changed ones."""
        entries = batch.to_write
        for entry in entries:
            self.build(entry)
        create([entry.instance for entry in entries if entry.existing is None])
        changed = [entry for entry in entries if entry.existing is not None]
        update([entry.instance for entry in changed], self.columns_of(changed))

    def columns_of(self, entries: Iterable[Entry]) -> set[str]:
        """The columns that any of `entries` changes."""
        names = {name for entry in entries for name in entry.changed}
        return {field.attribute for name, field in self.fields.items() if name in names and name not in self.parts}


def _is_newly_chosen(entry: Entry, field: Field, found: Any) -> bool:
    """Whether a row chooses something closed: what it has already stays, and what is mirrored is true in any case."""
    closed = not getattr(found, "open", True)
    return closed and (entry.existing is None or getattr(entry.existing, field.attribute) != found.pk)


def refusal(batch: Batch, action: Action, entity: str | None, subject: str) -> tuple[str, str] | None:
    """Code and message if the actor may not do `action` in `entity`."""
    try:
        authorize(batch.actor, action, entity, subject)
    except OutOfScope as error:
        return "not_found", str(error)
    except NotAllowed as error:
        return "not_allowed", str(error)
    return None


def create(records: Sequence[Any]) -> None:
    """Insert `records`, all of one model, with one statement."""
    if records:
        type(records[0])._default_manager.bulk_create(records, batch_size=CHUNK)


def update(records: Sequence[Any], attributes: Iterable[str]) -> None:
    """Write `attributes` of existing `records`, all of one model, with one statement.

    An insert that always conflicts is, for thousands of rows, many times faster than a CASE for every column.
    """
    names = sorted(attributes)
    if not records or not names:
        return
    model = type(records[0])
    columns = [model._meta.get_field(name).name for name in names]
    model._default_manager.bulk_create(
        records, batch_size=CHUNK, update_conflicts=True, unique_fields=["pk"], update_fields=columns
    )
