"""How many rows use a record: what stands in *Used by*, and in front of a change (`ux.md` 3.11)."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import CharField, Count, ForeignObjectRel, Model, QuerySet, Value
from django.db.models.functions import Cast

from customers.access import Action, Actor, scoped

Uses = Mapping[str, Mapping[str, int]]
"""By key of the record: how many rows of each relation (`customer.account_status`) use it."""


def count_users(model: type[Model], of: Iterable[QuerySet[Any]], *, actor: Actor) -> Uses:
    """The rows among `of`, as far as `actor` may see them, that use each record of `model`: one query."""
    wanted = {rows.model: rows for rows in of}
    relations = [
        field for field in model._meta.get_fields(include_hidden=True)
        if isinstance(field, ForeignObjectRel) and field.related_model in wanted
    ]  # fmt: skip
    found: dict[str, dict[str, int]] = defaultdict(dict)
    if not relations:
        return found
    first, *others = [_counted(relation, wanted[relation.related_model], actor) for relation in relations]
    for key, relation, count in first.union(*others, all=True) if others else first:
        found[key][relation] = count
    return found


def _counted(relation: ForeignObjectRel, among: QuerySet[Any], actor: Actor) -> QuerySet[Any, Any]:
    name = relation.field.name
    rows = scoped(among.filter(**{f"{name}__isnull": False}), actor, Action.VIEW, path="legal_entity", shared=True)
    label = Value(f"{relation.related_model._meta.model_name}.{name}", output_field=CharField())
    by_key = rows.order_by().values(key=Cast(name, CharField())).annotate(relation=label, count=Count("pk"))
    counted: QuerySet[Any, Any] = by_key.values_list("key", "relation", "count")
    return counted
