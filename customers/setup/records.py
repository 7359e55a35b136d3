"""One record that is set up: making, changing, closing and deleting it, and who did so before.

Note [Seen at a version]. The database numbers the changes of a record (`SetupChange`). Who changes it says which number
their screen was drawn at; the change is written first, which makes others wait, and taken back where a number came
between. So two administrators cannot overwrite each other, with nothing locked beforehand.
"""

from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.db.models import Max, ProtectedError, QuerySet

from customers.access import Action, Actor, authorize
from customers.errors import InvalidInput, NotFound, Refused
from customers.imports import upsert_one
from customers.imports.usage import IN_USE, users_of
from customers.models import SetupChange
from customers.setup.kinds import Kind, kind_of
from customers.signing import sign


def find_record(kind: str, key: str) -> Any:
    """The record of that key, whose legal entity the caller looks at. Raises `NotFound`."""
    about = kind_of(kind)
    found = about.model._default_manager.filter(about.with_key(key)).first()
    if found is None:
        raise NotFound(f"{about.word} {key} was not found.")
    return found


def history_of(kind: str, key: str) -> QuerySet[SetupChange]:
    """The record's changes, newest first; what was there before changes were kept begins with its first change."""
    return SetupChange.objects.filter(kind=kind, key=key).order_by("-version")


def version_of(kind: str, key: str) -> int:
    """The number of the record's last change; 0 for what never changed since changes are kept."""
    return history_of(kind, key).aggregate(last=Max("version"))["last"] or 0


@transaction.atomic
def add_record(*, kind: str, values: Mapping[str, Any], actor: Actor) -> str:
    """Make a record of `values`, its key among them, and return its key.

    Raises `InvalidInput` naming each field that is wrong, `duplicate` where the key is taken; `NotAllowed`.
    """
    about = kind_of(kind)
    authorize(actor, Action.SETUP, values.get("legal_entity"), f"Legal entity {values.get('legal_entity')}")
    result = upsert_one(kind, values, actor=actor, today=None)
    if result.status != "created":
        code = about.key[-1]
        message = f"{values[code]} exists already: choose another code, or change that one."
        raise InvalidInput.of(code, "duplicate", message)
    return result.key or ""


@transaction.atomic
def change_record(*, kind: str, key: str, values: Mapping[str, Any], seen: int, actor: Actor) -> bool:
    """Change the fields that `values` names of the record that stood at version `seen`; whether anything changed.

    `{"open": False}` closes it, `{"open": True}` opens it again. Raises `InvalidInput` naming each field that is wrong,
    `NotFound`, `NotAllowed`, `OutOfScope`, and `Refused`: `stale` where somebody changed it since, `in_use` where what
    it means must stay, or what names it must be changed first.
    """
    record = find_record(kind, key)
    _authorize(record, actor, f"{kind_of(kind).word} {key}")
    result = upsert_one(kind, {**values, "key": key}, actor=actor, today=None, replace=False)
    changed = result.status == "updated"
    refuse_overtaken(kind, key, seen, mine=int(changed))
    return changed


def delete_record(*, kind: str, key: str, seen: int, actor: Actor) -> None:
    """Delete a record that nothing uses; its history stays.

    Raises `NotFound`, `NotAllowed`, `OutOfScope`, and `Refused`: `in_use`, `stale`.
    """
    about, record = kind_of(kind), find_record(kind, key)
    _authorize(record, actor, f"{about.word} {key}")
    if names := users_of(about.model, [record.pk]).get(record.pk):
        raise _used(about, key, ", ".join(names))
    try:
        with transaction.atomic():
            sign(actor)
            record.delete()
            connection.check_constraints()  # now, not at the end: somebody may have come to use it
            refuse_overtaken(kind, key, seen, mine=1)
    except (IntegrityError, ProtectedError):
        raise _used(about, key, "what came in just now") from None


def _used(about: Kind, key: str, by: str) -> Refused:
    return Refused(IN_USE, f"{about.word} {key} is used by {by}: close it instead, and nobody chooses it any more.")


def _authorize(record: Any, actor: Actor, subject: str) -> None:
    authorize(actor, Action.SETUP, getattr(record, "legal_entity_id", None), subject)


def refuse_overtaken(kind: str, key: str, seen: int, *, mine: int = 0) -> None:
    """Raise `Refused` (`stale`) unless the changes since version `seen` are the `mine` of this very transaction.

    See Note [Seen at a version].
    """
    if version_of(kind, key) == seen + mine:
        return
    other = history_of(kind, key).filter(version__gt=seen).order_by("version").first()
    who = f"{other.actor_name or other.actor} changed it" if other else "It was changed"
    message = f"{who} since you opened it. Nothing was saved: look at what is there now, then save yours again."
    raise Refused("stale", message)
