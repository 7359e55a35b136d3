"""The names behind the references with which evidence is signed: `user:7`, `client:2`, `system:evaluation`.

Who has been deleted since is still called what a room wrote down when they acted: rooms that keep names register where.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import CharField, F, Q, QuerySet, Value
from django.db.models.functions import Cast, Coalesce, Concat, NullIf, Trim

from customers.access import POLICY, Action
from customers.models import AccessGrant, ApiClient

Recorded = Callable[[Collection[str]], Mapping[str, str]]
"""Given references, the names that were recorded with them; those that are not known are left out."""
_recorded: list[Recorded] = []
NAMED = 3
"""People who are named at most where one of them is to be asked."""


def register_recorded(source: Recorded) -> None:
    """Add a place where names were recorded; called once per process, from the `ready` of the room that keeps them."""
    if source not in _recorded:
        _recorded.append(source)


def names_of(references: Iterable[str]) -> dict[str, str]:
    """What to call each of `references`: people by their full names, clients and the system by theirs.

    One query; one more for each room that records names, only where somebody was deleted. Who is not known at all is
    called by the reference itself.
    """
    wanted = {reference for reference in references if reference}
    found = {reference: reference.partition(":")[2] for reference in wanted if reference.startswith("system:")}
    found |= dict(_living(wanted - found.keys()))
    for source in _recorded:
        if missing := wanted - found.keys():
            found |= source(missing)
    return {reference: found.get(reference) or reference for reference in wanted}


def _living(references: Collection[str]) -> Iterable[tuple[str, str]]:
    users, clients = _ids(references, "user"), _ids(references, "client")
    full = NullIf(Trim(Concat("first_name", Value(" "), "last_name")), Value(""))
    people = _named(get_user_model()._default_manager.filter(pk__in=users), "user", Coalesce(full, F("username")))
    if not clients:
        return people if users else ()
    machines = _named(ApiClient.objects.filter(pk__in=clients), "client", F("name"))
    return people.union(machines, all=True) if users else machines


def _ids(references: Collection[str], kind: str) -> list[int]:
    parts = (reference.partition(":") for reference in references)
    return [int(number) for found, _, number in parts if found == kind and number.isdecimal()]


def _named(rows: QuerySet[Any], kind: str, name: Any) -> QuerySet[Any, tuple[str, str]]:
    reference = Concat(Value(f"{kind}:"), Cast("pk", CharField()), output_field=CharField())
    return rows.order_by().values_list(reference, Cast(name, CharField()))


def whom_to_ask(legal_entity: str | None) -> str:
    """Who gives roles in a legal entity (None: in all), in words: `Ask Ada Berg or Jan de Wit, who give roles.`"""
    rows = AccessGrant.objects.filter(role__in=POLICY[Action.MANAGE_ACCESS], user__is_active=True)
    there = Q(legal_entity=None) | (Q(legal_entity=legal_entity) if legal_entity is not None else Q())
    givers = get_user_model()._default_manager.filter(pk__in=rows.filter(there).values("user")).order_by("pk")
    names = [person.get_full_name() or person.get_username() for person in givers[:NAMED]]
    if not names:
        return "Ask your credit administrator, who gives roles."
    *others, last = names
    return f"Ask {', '.join(others)} or {last}, who give roles." if others else f"Ask {last}, who gives roles."
