"""Limit adjustment journals (`domain 8`): making one, editing it, cancelling it, and what every change has in common.

Note [Who holds a journal]. Every change begins with a conditional UPDATE of the journal's row, which raises its version
and keeps everybody else out of the journal until the transaction ends. Posting locks the credit accounts first and the
journal after them; nobody who holds a journal asks for an account. So nothing waits in a circle.
"""

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction
from django.db.models import F
from django_fsm import TransitionNotAllowed

from credit_mgmt.models import LimitJournal
from customers.access import Action, Actor, authorize, scoped
from customers.errors import InvalidInput, NotFound, Refused
from customers.models import LegalEntity

LONGEST_DESCRIPTION = 100
_NEXT_NUMBER = """
    INSERT INTO credit_mgmt_journalnumber (legal_entity_id, last) VALUES (%s, 1)
    ON CONFLICT (legal_entity_id) DO UPDATE SET last = credit_mgmt_journalnumber.last + 1 RETURNING last
"""
_NOT_NOW = {
    LimitJournal.Status.IN_WORKFLOW: ("in_workflow", "is being approved: recall it first"),
    LimitJournal.Status.APPROVED: ("journal_approved", "is approved: take it back to draft to change it"),
    LimitJournal.Status.REJECTED: ("journal_rejected", "was rejected: take it back to draft to change it"),
    LimitJournal.Status.POSTED: ("already_posted", "is posted and never changes: make a reversing journal"),
    LimitJournal.Status.CANCELLED: ("journal_cancelled", "was cancelled: make a new one"),
    LimitJournal.Status.DRAFT: ("journal_is_draft", "is a draft"),
}


def journal_of(number: str, actor: Actor) -> LimitJournal:
    """The journal that `actor` may see. Raises `NotFound`."""
    found = scoped(LimitJournal.objects.filter(number=number), actor).order_by().first()
    if found is None:
        raise NotFound(f"Journal {number} was not found.")
    return found


@transaction.atomic
def create_journal(
    *,
    legal_entity: str,
    type: str,
    actor: Actor,
    at: dt.datetime,
    description: str = "",
    origin: str = LimitJournal.Origin.MANUAL,
    reverses: LimitJournal | None = None,
) -> LimitJournal:
    """A new draft without lines, with the next number of the legal entity.

    Raises `InvalidInput` for a type or description that cannot be, `OutOfScope`, `NotAllowed`.
    """
    authorize(actor, Action.MAKE_JOURNALS, legal_entity, f"Legal entity {legal_entity}")
    if type not in LimitJournal.Type.values:
        raise InvalidInput.of("type", "invalid_choice", f"Choose one of {', '.join(LimitJournal.Type.values)}.")
    _refuse_long(description)
    if not LegalEntity.objects.filter(pk=legal_entity).exists():
        raise InvalidInput.of("legal_entity", "unknown_reference", f"There is no legal entity {legal_entity}.")
    with connection.cursor() as cursor:
        cursor.execute(_NEXT_NUMBER, [legal_entity])
        (sequence,) = cursor.fetchone()
    return LimitJournal.objects.create(
        number=f"{legal_entity}-{sequence:06d}",
        legal_entity_id=legal_entity,
        sequence=sequence,
        type=type,
        description=description,
        origin=origin,
        reverses=reverses,
        owner=actor.reference,
        created_at=at,
        changed_by=actor.reference,
        changed_at=at,
    )


def _refuse_long(description: str) -> None:
    if len(description) > LONGEST_DESCRIPTION:
        raise InvalidInput.of("description", "too_long", f"Use at most {LONGEST_DESCRIPTION} characters.")


def describe(draft: LimitJournal, description: str) -> None:
    """Give a draft another description. Within `editing`; raises `InvalidInput`."""
    _refuse_long(description)
    draft.description = description
    draft.save(update_fields=["description"])


@transaction.atomic
def cancel_journals(*, journals: list[str], actor: Actor, at: dt.datetime) -> list[LimitJournal]:
    """Cancel drafts, all or none; their numbers stay. Raises `NotFound`, `NotAllowed`, `Refused`."""
    drafts = [journal_of(number, actor) for number in journals]
    for draft in sorted(drafts, key=lambda journal: journal.pk):
        authorize(actor, Action.MAKE_JOURNALS, draft.legal_entity_id)
        move(draft, draft.cancel, actor=actor, at=at)
    return drafts


@contextmanager
def editing(number: str, *, actor: Actor, at: dt.datetime, version: int | None = None) -> Iterator[LimitJournal]:
    """The draft, held by a transaction in which it may be changed. See Note [Who holds a journal].

    Raises `NotFound`, `NotAllowed`; `Refused` for what is no draft, and with `stale` where `version` is given and old.
    """
    with transaction.atomic():
        journal = journal_of(number, actor)
        authorize(actor, Action.MAKE_JOURNALS, journal.legal_entity_id)
        rows = LimitJournal.objects.filter(pk=journal.pk, status=LimitJournal.Status.DRAFT)
        if version is not None:
            rows = rows.filter(version=version)
        held = rows.update(version=F("version") + 1, changed_by=actor.reference, changed_at=at)
        journal = LimitJournal.objects.get(pk=journal.pk)
        if not held:
            raise _stale(journal) if journal.status == LimitJournal.Status.DRAFT else not_now(journal)
        yield journal


def move(
    journal: LimitJournal, step: Callable[[], Any], *, actor: Actor, at: dt.datetime, **fields: Any
) -> LimitJournal:
    """Take the journal along one edge and set `fields`, if nobody changed it since it was read.

    `step` is one of its transitions. Raises `Refused` with why it cannot go that way, or `stale`.
    """
    before = journal.status
    try:
        step()
    except TransitionNotAllowed as problem:
        raise not_now(journal) from problem
    values = {"version": journal.version + 1, "changed_by": actor.reference, "changed_at": at, **fields}
    rows = LimitJournal.objects.filter(pk=journal.pk, status=before, version=journal.version)
    if not rows.update(status=journal.status, **values):
        raise _stale(journal)
    for name, value in values.items():
        setattr(journal, name, value)
    return journal


def not_now(journal: LimitJournal) -> Refused:
    """Why a journal in this state cannot be changed so."""
    code, why = _NOT_NOW[LimitJournal.Status(journal.status)]
    return Refused(code, f"Journal {journal.number} {why}.")


def _stale(journal: LimitJournal) -> Refused:
    return Refused("stale", f"Journal {journal.number} was changed by somebody else meanwhile: look at it again.")
