"""Taking back the last thing that was done to many lines of a draft at once (`ux.md` 3.0, Reversibility; 3.8).

Who did it may, for fifteen minutes, line by line: a line that somebody changed since stays as it is, and removed lines
come back with their numbers where nobody else has them.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import Max

from credit_mgmt.journals import editing
from credit_mgmt.journals.kept import CHANGED, UNDO_WITHIN, Kept, restored, values_of
from credit_mgmt.journals.lines import CHANGED_COLUMNS, INSERTED_COLUMNS, Today, settle
from credit_mgmt.models import JournalUndo, LimitJournal, LimitJournalLine
from customers.access import Actor
from customers.bulk import insert_rows, update_rows
from customers.errors import Refused


@dataclass(frozen=True, slots=True)
class Undone:
    """How many lines are again what they were, and how many others changed since and stay."""

    journal: LimitJournal
    lines: int
    stayed: int


def take_back(*, journal: str, actor: Actor, at: dt.datetime, today: Today) -> Undone:
    """Take back the last bulk change or removal of lines of a draft; it can be taken back once.

    Raises `Refused`: `nothing_to_undo`, `not_yours`, `too_late`, `changed_since` where no line is as it was left, and
    as `editing`.
    """
    with editing(journal, actor=actor, at=at) as draft:
        act = _act_of(draft, actor, at)
        changing = act.kind == JournalUndo.Kind.CHANGED
        lines = list(_change_back(draft, act)) if changing else _insert(draft, act.lines)
        if not lines:
            raise Refused("changed_since", f"The lines of {draft.number} were changed since: what is there now stays.")
        stayed = len(act.lines) - len(lines)
        act.delete()
        settle(draft, today(draft.legal_entity_id), lines)
    return Undone(draft, len(lines), stayed)


def _act_of(draft: LimitJournal, actor: Actor, at: dt.datetime) -> JournalUndo:
    act = JournalUndo.objects.filter(journal=draft).first()
    if act is None:
        raise Refused("nothing_to_undo", f"Nothing was done to lines of {draft.number} that can be taken back.")
    if act.actor != actor.reference:
        raise Refused("not_yours", "Somebody else changed these lines: who did it takes it back.")
    if at - act.at > UNDO_WITHIN:
        raise Refused("too_late", "An action can be taken back for 15 minutes; change the lines instead.")
    return act


def _change_back(draft: LimitJournal, act: JournalUndo) -> Iterator[LimitJournalLine]:
    """Those lines that are still as the change left them, with their former values."""
    numbers = [before["number"] for before in act.lines]
    there = {line.number: line for line in draft.lines.filter(number__in=numbers)}
    rows = []
    for before, left in zip(act.lines, act.left, strict=True):
        line = there.get(before["number"])
        if line is None or values_of(line) != left:
            continue
        values = restored(before)
        rows.append({"id": line.pk, **{name: values[name] for name in CHANGED}})
        yield line
    update_rows(LimitJournalLine._meta.db_table, CHANGED_COLUMNS, rows, keys={"id": "bigint"})


def _insert(draft: LimitJournal, removed: list[Kept]) -> list[LimitJournalLine]:
    """The lines that were removed, again; one whose number somebody else has gets the next one."""
    taken = set(draft.lines.values_list("number", flat=True))
    last = max([draft.lines.aggregate(last=Max("number"))["last"] or 0, *(line["number"] for line in removed)])
    rows: list[dict[str, Any]] = []
    for stored in removed:
        row = restored(stored)
        if row["number"] in taken:
            last += 1
            row["number"] = last
        own = {"journal_id": draft.pk, "legal_entity_id": draft.legal_entity_id}
        rows.append({**row, **own, "approval": "", "problem": "", "findings": []})
    insert_rows(LimitJournalLine._meta.db_table, INSERTED_COLUMNS, rows)
    return list(draft.lines.filter(number__in=[row["number"] for row in rows]))
