"""What refers to reference data: what is in use must keep its meaning (`api.md`, `409 in_use`)."""

from collections.abc import Callable, Collection, Mapping
from typing import Any

from django.db.models import Exists, ForeignObjectRel, Model, OuterRef

from customers.imports.batch import Batch, Entry
from customers.models import Customer, CustomerTransaction, ExchangeRate, SalesOrder

IN_USE = "in_use"
"""The code of a refusal to change what others refer to: the input is good, but the state of things forbids it."""
WITHOUT_AMOUNTS = frozenset({ExchangeRate})
"""Who refers to a currency without keeping amounts in it."""
OF_A_COMPANY = frozenset({Customer, SalesOrder, CustomerTransaction})
"""What keeps amounts in the accounting currency of its legal entity."""
Objection = Callable[[type[Model], Collection[Any]], Mapping[Any, str]]
"""Given keys of a model that are to be closed, those that must stay open, with why and what to do first."""
_objections: list[Objection] = []


def register_objection(objection: Objection) -> None:
    """Let a room above say what must stay open; called once per process, from its `ready`."""
    if objection not in _objections:
        _objections.append(objection)


def refuse_closing(batch: Batch) -> None:
    """Fail the rows that close what a room above chooses by itself, such as the reason of a parameter."""
    closing = [entry for entry in batch.good if entry.existing is not None and _closes(entry)]
    if not closing:
        return
    keys = [entry.existing.pk for entry in closing]
    why: dict[Any, str] = {}
    for objection in _objections:
        why |= objection(type(closing[0].existing), keys)
    for entry in closing:
        if said := why.get(entry.existing.pk):
            entry.fail("open", IN_USE, said)


def _closes(entry: Entry) -> bool:
    return bool(entry.existing.open and not entry.values["open"])


def users_of(
    model: type[Model], keys: Collection[Any], *, only: Collection[type[Model]] = (), but: Collection[type[Model]] = ()
) -> dict[Any, list[str]]:
    """The kinds of rows, of every room, that refer to each of `keys` of `model`; keys without any are left out.

    One query, which stops at the first row of each kind.
    """
    relations = [
        field for field in model._meta.get_fields(include_hidden=True)
        if isinstance(field, ForeignObjectRel) and field.related_model not in but
        and (not only or field.related_model in only)
    ]  # fmt: skip
    looks = {f"used_{number}": _first(relation) for number, relation in enumerate(relations)}
    rows = model._default_manager.filter(pk__in=list(keys)).order_by("pk").values("pk", **looks)
    found = {row["pk"]: {_name(relations[number]) for number in range(len(relations)) if row[f"used_{number}"]}
             for row in rows}  # fmt: skip
    return {key: sorted(names) for key, names in found.items() if names}


def _first(relation: ForeignObjectRel) -> Exists:
    return Exists(relation.related_model._base_manager.filter(**{relation.field.name: OuterRef("pk")}))


def _name(relation: ForeignObjectRel) -> str:
    return str(relation.related_model._meta.verbose_name_plural)


def refuse_changes(batch: Batch, field: str, attribute: str, **users: Any) -> None:
    """Fail the rows that change `field` of something in use; the message names what uses it and the way out."""
    moved: list[Entry] = [
        entry for entry in batch.good
        if entry.existing is not None and getattr(entry.existing, attribute) != entry.values[field]
    ]  # fmt: skip
    if not moved:
        return
    known = users_of(type(moved[0].existing), [entry.existing.pk for entry in moved], **users)
    for entry in moved:
        if names := known.get(entry.existing.pk):
            before = getattr(entry.existing, attribute)
            entry.fail(
                field, IN_USE,
                f"{entry.key} is used by {', '.join(names)}, so its {field} stays "
                f"{'empty' if before is None else before}; set up another code instead.",
            )  # fmt: skip
