"""Approval of journals, as far as this room knows it (`domain 11`): states that are honoured, and who moves them.

Whether journals of a legal entity need approval, as a whole or line by line, is a setting that the room of the
workflows writes down; who may approve is that room's question, too. Four eyes is asked here, and by a constraint.
"""

import datetime as dt
from collections.abc import Collection, Sequence

from django.db import transaction

from credit_mgmt.journals import journal_of, move, not_now
from credit_mgmt.journals.checks import approval_required, errors_of, look_at, write_findings
from credit_mgmt.journals.lines import Today
from credit_mgmt.models import LimitJournal, LimitJournalLine, RequiredApproval
from customers.access import Action, Actor, authorize
from customers.errors import FieldError, Refused

MOST_TOLD = 500
"""Errors of lines in one answer; all of them stand with their lines."""


def require_approval(*, subject: str, legal_entity: str | None, required: bool, actor: Actor) -> None:
    """Say whether journals of a legal entity (None: of all) need approval, as a whole or line by line.

    For journals that are submitted from now on. Raises `NotAllowed`.
    """
    authorize(actor, Action.SETUP, legal_entity)
    rows = RequiredApproval.objects
    if required:
        rows.get_or_create(subject=subject, legal_entity_id=legal_entity)
    else:
        rows.filter(subject=subject, legal_entity_id=legal_entity).delete()


def submit_journal(
    *, journal: str, actor: Actor, at: dt.datetime, today: Today, version: int | None = None
) -> LimitJournal:
    """Hand a draft in for approval; where none is required it is approved with that (`domain 11`).

    Raises `NotFound`, `NotAllowed`, and `Refused`: for what is no draft, is empty, or has lines with errors.
    """
    errors: list[FieldError] = []
    with transaction.atomic():
        draft = _read(journal, actor, version)
        if draft.status != LimitJournal.Status.DRAFT:
            raise not_now(draft)
        refuse_empty(draft)
        errors = errors_of(draft, write_findings(look_at(draft, today=today(draft.legal_entity_id))))
        if not errors:
            _hand_in(draft, actor, at)
    if errors:
        raise refused_lines(draft, errors)
    return draft


def _read(number: str, actor: Actor, version: int | None) -> LimitJournal:
    draft = journal_of(number, actor)
    authorize(actor, Action.MAKE_JOURNALS, draft.legal_entity_id)
    if version is not None and version != draft.version:
        raise Refused("stale", f"Journal {draft.number} was changed by somebody else meanwhile: look at it again.")
    return draft


def _hand_in(draft: LimitJournal, actor: Actor, at: dt.datetime) -> None:
    subject, entity = RequiredApproval.Subject, draft.legal_entity_id
    by_line = approval_required(entity, subject.LINE)
    signed = {"submitted_by": actor.reference, "submitted_at": at}
    if not by_line and not approval_required(entity, subject.JOURNAL):
        move(draft, draft.approve, actor=actor, at=at, **signed)
        return
    move(draft, draft.submit, actor=actor, at=at, **signed)
    if by_line:
        draft.lines.update(approval=LimitJournalLine.Approval.PENDING)


@transaction.atomic
def decide_journals(*, journals: Sequence[str], approved: bool, actor: Actor, at: dt.datetime) -> list[LimitJournal]:
    """Approve submitted journals, or reject them; all or none. Called by the room that knows who may.

    Raises `NotFound`; `Refused` for what is not in approval, was submitted by `actor`, or has lines that still wait.
    """
    found = sorted((journal_of(number, actor) for number in journals), key=lambda journal: journal.pk)
    for journal in found:
        if journal.submitted_by == actor.reference:
            raise _four_eyes(journal)
        if approved and journal.lines.filter(approval=LimitJournalLine.Approval.PENDING).exists():
            raise Refused("lines_wait", f"Lines of journal {journal.number} still wait for approval.")
        if journal.status != LimitJournal.Status.IN_WORKFLOW:
            raise not_now(journal)
        step = journal.approve if approved else journal.reject
        move(journal, step, actor=actor, at=at, decided_by=actor.reference, decided_at=at)
    return found


@transaction.atomic
def decide_lines(
    *, journal: str, numbers: Collection[int], approved: bool, actor: Actor, at: dt.datetime
) -> LimitJournal:
    """Approve lines of a submitted journal, or reject them; with the last one the journal is approved.

    A rejected line keeps the journal from being posted until it is taken back to draft. Raises as `decide_journals`.
    """
    found = journal_of(journal, actor)
    if found.status != LimitJournal.Status.IN_WORKFLOW:
        raise not_now(found)
    if found.submitted_by == actor.reference:
        raise _four_eyes(found)
    approval = LimitJournalLine.Approval
    found.lines.filter(number__in=numbers).update(approval=approval.APPROVED if approved else approval.REJECTED)
    if not found.lines.filter(approval=approval.PENDING).exists():
        move(found, found.approve, actor=actor, at=at, decided_by=actor.reference, decided_at=at)
    return found


@transaction.atomic
def return_to_draft(*, journals: Sequence[str], actor: Actor, at: dt.datetime) -> list[LimitJournal]:
    """Take journals back to be changed, all or none: their approvals no longer count.

    What is in approval is recalled by who submitted it. Raises `NotFound`, `NotAllowed`, `Refused`.
    """
    found = sorted((journal_of(number, actor) for number in journals), key=lambda journal: journal.pk)
    for journal in found:
        authorize(actor, Action.MAKE_JOURNALS, journal.legal_entity_id)
        submitted_by_another = journal.submitted_by != actor.reference and not actor.is_system
        if journal.status == LimitJournal.Status.IN_WORKFLOW and submitted_by_another:
            message = f"Journal {journal.number} is recalled by who submitted it."
            raise Refused("not_your_submission", message)
        blank = {"submitted_by": "", "submitted_at": None, "decided_by": "", "decided_at": None}
        move(journal, journal.reopen, actor=actor, at=at, **blank)
        journal.lines.exclude(approval="").update(approval="")
    return found


def _four_eyes(journal: LimitJournal) -> Refused:
    message = f"Nobody approves or rejects what they submitted: journal {journal.number} needs somebody else."
    return Refused("own_submission", message)


def refuse_empty(journal: LimitJournal) -> None:
    """Raise `Refused` for a journal without lines."""
    if not journal.lines.exists():
        raise Refused("journal_is_empty", f"Journal {journal.number} has no lines: add some first.")


def refused_lines(journal: LimitJournal, errors: Sequence[FieldError]) -> Refused:
    """The refusal of a journal with errors in its lines: each is named, and nothing was done.

    The code is `stale` where that is all that is wrong, `not_approved` where lines wait; otherwise `lines_refused`.
    """
    codes = {error.code for error in errors}
    code = next((word for alone, word in _ALONE if codes <= alone), "lines_refused")
    message = f"Nothing was changed: {len(errors):,} errors in the lines of journal {journal.number}."
    return Refused(code, message, errors=errors[:MOST_TOLD])


_ALONE = (({"stale"}, "stale"), ({"waits_for_approval", "line_rejected"}, "not_approved"))
