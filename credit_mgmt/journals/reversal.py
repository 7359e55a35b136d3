"""A journal made of another one: a copy of any, or the reversal of one that is posted (`domain 8`).

A posted journal never changes; a reversal restores what was in force before it: the former limits with their dates, or
no temporary limit where there was none. It is a draft like any other: looked at, approved and posted.
"""

import dataclasses
import datetime as dt
from collections.abc import Iterator, Sequence
from itertools import islice

from django.db import IntegrityError, transaction
from django.db.models import Q

from credit_mgmt.engine.examining import Period
from credit_mgmt.journals import create_journal, editing, journal_of, not_now
from credit_mgmt.journals.lines import LineInput, Today, insert_lines, settle
from credit_mgmt.journals.owners import Owner, owners_of
from credit_mgmt.models import LimitJournal, LimitJournalLine
from customers.access import Actor
from customers.errors import Refused

CHUNK = 5_000


@transaction.atomic
def copy_journal(*, journal: str, actor: Actor, at: dt.datetime, today: Today) -> LimitJournal:
    """A new draft with the lines of another journal, compared with what is in force now.

    Raises `NotFound`, `NotAllowed`.
    """
    original = journal_of(journal, actor)
    made = _made_of(original, LimitJournal.Origin.COPY, actor, at)
    with editing(made.number, actor=actor, at=at) as draft:
        for lines in _chunks(original, Q()):
            _write(draft, lines, today(draft.legal_entity_id))
    return draft


@transaction.atomic
def reverse_journal(*, journal: str, actor: Actor, at: dt.datetime, today: Today) -> LimitJournal:
    """A new draft that restores what a posted journal changed; temporary limits that are over are left out.

    Raises `NotFound`, `NotAllowed`, `Refused`: for what is not posted, was reversed already, or is over altogether.
    """
    original = journal_of(journal, actor)
    if original.status != LimitJournal.Status.POSTED:
        if original.status == LimitJournal.Status.DRAFT:
            raise Refused(
                "journal_not_posted", f"Journal {original.number} is not posted: there is nothing to reverse."
            )
        raise not_now(original)
    day = today(original.legal_entity_id)
    made = _made_of(original, LimitJournal.Origin.REVERSAL, actor, at)
    with editing(made.number, actor=actor, at=at) as draft:
        over = Q(new_to__lt=day) if draft.type == LimitJournal.Type.TEMPORARY else Q(pk__in=[])
        for lines in _chunks(original, ~over):
            _write(draft, lines, day)
    if not draft.line_count:
        raise Refused("nothing_to_reverse", f"All temporary limits of journal {original.number} are over.")
    return draft


def _made_of(original: LimitJournal, origin: str, actor: Actor, at: dt.datetime) -> LimitJournal:
    reverses = original if origin == LimitJournal.Origin.REVERSAL else None
    word = "Reversal" if reverses else "Copy"
    try:
        with transaction.atomic():
            return create_journal(
                legal_entity=original.legal_entity_id,
                type=original.type,
                actor=actor,
                at=at,
                description=f"{word} of {original.number}",
                origin=origin,
                reverses=reverses,
            )
    except IntegrityError as problem:
        if "one_reversal_per_journal" not in str(problem):
            raise
        message = f"Journal {original.number} has a reversal already: post that one, or cancel it."
        raise Refused("already_reversed", message) from problem


def _chunks(original: LimitJournal, which: Q) -> Iterator[list[LimitJournalLine]]:
    rows = original.lines.filter(which).order_by("number").iterator(chunk_size=CHUNK)
    while lines := list(islice(rows, CHUNK)):
        yield lines


def _write(draft: LimitJournal, lines: Sequence[LimitJournalLine], day: dt.date) -> None:
    customers = {line.customer_id for line in lines if line.customer_id is not None}
    groups = {line.group_id for line in lines if line.group_id is not None}
    owners = owners_of(draft, customers=customers, groups=groups, today=day)
    owned = [(owners[line.customer_id or str(line.group_id)], line) for line in lines]
    if draft.reverses_id is None:
        insert_lines(draft, [(owner, _same(line)) for owner, line in owned])
    else:
        insert_lines(draft, [_restored(draft, owner, line) for owner, line in owned], [line.pk for line in lines])
    settle(draft, day, lines)


def _same(line: LimitJournalLine) -> LineInput:
    return LineInput(new_limit=line.new_limit, new_from=line.new_from, new_to=line.new_to)


def _restored(draft: LimitJournal, owner: Owner, line: LimitJournalLine) -> tuple[Owner, LineInput]:
    """What was before; of a temporary limit: the base limit, in the days that it would have had."""
    if draft.type == LimitJournal.Type.CREDIT_LIMIT or line.new_from is None or line.new_to is None:
        return owner, LineInput(new_limit=line.current_limit, new_to=line.current_expires_on)
    taken_back = Period(line.new_limit, line.new_from, line.new_to)
    seen = dataclasses.replace(owner, temporary=taken_back)
    return seen, LineInput(new_limit=owner.limit, new_from=line.new_from, new_to=line.new_to)
