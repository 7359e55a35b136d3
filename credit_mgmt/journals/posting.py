"""Posting a journal: all lines or none, in one transaction, under the locks of all accounts (`domain 8`).

Note [Order of posting]. The accounts of all lines are locked in one sorted statement, then the journal, on condition
that it is still what was read to know the accounts. Only then the lines are looked at. Groups come before customers: a
group's date becomes its members', and a member's own line has the last word, in whatever order the lines stand.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import islice
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import F, Q

from credit_mgmt.accounts import ATTEMPTS, Patience, lock_accounts
from credit_mgmt.journals import journal_of, move, not_now
from credit_mgmt.journals.approval import refuse_empty, refused_lines
from credit_mgmt.journals.checks import CHUNK, approval_required, errors_of, look_at, write_findings
from credit_mgmt.journals.lines import Today
from credit_mgmt.journals.owners import closed_groups
from credit_mgmt.limits import LimitChange, set_limits
from credit_mgmt.limits.temporary import (
    NewTemporaryLimit,
    Withdrawal,
    set_temporary_limits,
    withdraw_temporary_limits,
)
from credit_mgmt.models import (
    CreditAccount,
    LimitHistory,
    LimitJournal,
    LimitJournalLine,
    RequiredApproval,
    TemporaryLimit,
)
from customers import clock, jobs
from customers.access import Action, Actor, NotAllowed, authorize
from customers.errors import FieldError, InvalidInput, NotDecided, Refused
from customers.marks import gathered
from customers.models import Job, LegalEntity

KIND = "post_journal"
WHILE_WAITING = 2_000
"""Lines that are posted while a person waits; more become a job."""


LEASE = dt.timedelta(minutes=10)
"""A worker keeps a journal for so long: fifty thousand lines are one transaction, which nobody else may begin."""


class _AccountsChanged(Exception):
    """A member joined a group of the journal between looking its account up and locking it."""


def post_journal(
    *, journal: str, actor: Actor, at: dt.datetime, today: Today, version: int | None = None
) -> LimitJournal:
    """Put the limits of all lines in force, or of none; what refuses a line is written beside it.

    Raises `Refused`: `already_posted`, `in_workflow`, `not_approved`, `journal_is_empty`, `stale`, and `lines_refused`
    with the errors of the lines (`lines[3].new_to`); `NotFound`, `NotAllowed`, `NotDecided`.
    """
    posted, errors = _attempt(journal, actor, at, today, version)
    if errors:
        raise refused_lines(posted, errors)
    return posted


def _attempt(
    number: str, actor: Actor, at: dt.datetime, today: Today, version: int | None
) -> tuple[LimitJournal, list[FieldError]]:
    """The journal, and the errors of its lines where it was not posted: they are kept, nothing else is."""
    for _ in range(ATTEMPTS):
        try:
            with transaction.atomic(), gathered():
                return _post(number, actor, at, today, version)
        except _AccountsChanged:
            continue
    raise NotDecided("The groups of the journal changed while they were being locked; nothing was posted. Ask again.")


def _post(
    number: str, actor: Actor, at: dt.datetime, today: Today, version: int | None
) -> tuple[LimitJournal, list[FieldError]]:
    journal = journal_of(number, actor)
    authorize(actor, Action.POST_JOURNALS, journal.legal_entity_id)
    _refuse_unpostable(journal, version)
    _refuse_other_entities(journal, actor)
    accounts = _lock(journal)
    _hold(journal)
    day = today(journal.legal_entity_id)
    errors = errors_of(journal, write_findings(look_at(journal, today=day)))
    if not errors:
        _apply(journal, accounts, actor, at, day)
        move(journal, journal.post, actor=actor, at=at, posted_by=actor.reference, posted_at=at)
    return journal, errors


def _refuse_unpostable(journal: LimitJournal, version: int | None) -> None:
    if version is not None and version != journal.version:
        raise Refused("stale", f"Journal {journal.number} was changed by somebody else meanwhile: look at it again.")
    if journal.status not in (LimitJournal.Status.DRAFT, LimitJournal.Status.APPROVED):
        raise not_now(journal)
    refuse_empty(journal)
    subjects = RequiredApproval.Subject.values
    needs = any(approval_required(journal.legal_entity_id, subject) for subject in subjects)
    if journal.status == LimitJournal.Status.DRAFT and needs:
        raise Refused("not_approved", f"Journal {journal.number} needs approval: submit it first.")


def _refuse_other_entities(journal: LimitJournal, actor: Actor) -> None:
    """A group is changed by who may post in the legal entities of all its members (`domain 8`)."""
    groups = journal.lines.filter(group__isnull=False).order_by().values_list("group_id", flat=True)
    closed = closed_groups({group for group in groups if group}, actor, Action.POST_JOURNALS)
    if closed:
        message = f"Group {min(closed)} has members in legal entities in which you may not post journals."
        raise NotAllowed(Action.POST_JOURNALS, None, message)


def _lock(journal: LimitJournal) -> dict[tuple[int | None, str | None], int]:
    """The accounts of the lines by customer and group, locked, with those of the members who take dates over."""
    known = _accounts(journal)
    lock_accounts(known.values(), patience=Patience.WORK)
    after = _accounts(journal)
    if after != known:
        raise _AccountsChanged
    return after


def _accounts(journal: LimitJournal) -> dict[tuple[int | None, str | None], int]:
    lines = journal.lines.order_by()
    groups = lines.filter(group__isnull=False).values("group")
    mine = Q(customer__in=lines.filter(customer__isnull=False).values("customer")) | Q(group__in=groups)
    if journal.type == LimitJournal.Type.CREDIT_LIMIT:
        mine |= Q(customer__credit_group__in=groups)
    rows = CreditAccount.objects.filter(mine).order_by("pk").values_list("customer_id", "group_id", "pk")
    return {(customer, group): pk for customer, group, pk in rows}


def _hold(journal: LimitJournal) -> None:
    """Keep everybody else out, if the journal is still what it was. See Note [Order of posting]."""
    rows = LimitJournal.objects.filter(pk=journal.pk, version=journal.version, status=journal.status)
    if not rows.update(version=F("version") + 1):
        now = LimitJournal.objects.get(pk=journal.pk)
        if now.status != journal.status:
            raise not_now(now)
        raise Refused("stale", f"Journal {journal.number} was changed by somebody else meanwhile: look at it again.")
    journal.version += 1


def _apply(
    journal: LimitJournal,
    accounts: Mapping[tuple[int | None, str | None], int],
    actor: Actor,
    at: dt.datetime,
    day: dt.date,
) -> None:
    """Write limits and their history, some thousand lines at a time: the memory stays flat."""
    signed: dict[str, Any] = {"actor": actor, "at": at, "as_of": day, "note": journal.description}
    ordered = journal.lines.order_by(F("customer_id").asc(nulls_first=True), "group_id", "number")
    rows = map(_Line._make, ordered.values_list(*_Line._fields).iterator(chunk_size=CHUNK))
    while lines := list(islice(rows, CHUNK)):
        owned = [(accounts[line.customer_id, line.group_id], line) for line in lines]
        if journal.type == LimitJournal.Type.CREDIT_LIMIT:
            changes = [_change(journal, account, line) for account, line in owned]
            set_limits(changes=changes, source=LimitHistory.Source.JOURNAL, **signed)
        else:
            _apply_temporary(journal, owned, signed)


class _Line(NamedTuple):
    """What is posted of a line."""

    number: int
    customer_id: int | None
    group_id: str | None
    new_limit: Decimal
    new_from: dt.date | None
    new_to: dt.date | None
    reverses_id: int | None


def _change(journal: LimitJournal, account: int, line: _Line) -> LimitChange:
    return LimitChange(
        account=account,
        limit_amount=line.new_limit,
        expires_on=line.new_to,
        journal=journal.number,
        journal_line=line.number,
    )


def _apply_temporary(journal: LimitJournal, owned: Sequence[tuple[int, _Line]], signed: Mapping[str, Any]) -> None:
    new = [
        NewTemporaryLimit(account, line.new_limit, line.new_from, line.new_to, journal.number, line.number)
        for account, line in owned
        if line.reverses_id is None and line.new_from is not None and line.new_to is not None
    ]
    if new:
        set_temporary_limits(limits=new, **signed)
    reversing = [line for _, line in owned if line.reverses_id is not None]
    if reversing:
        withdraw_temporary_limits(withdrawals=list(_withdrawals(journal, reversing)), **signed)


def _withdrawals(journal: LimitJournal, lines: Sequence[_Line]) -> Iterator[Withdrawal]:
    """What the reversing lines take back: the temporary limits of the lines that they reverse."""
    reversed_ids = [line.reverses_id for line in lines]
    original = dict(LimitJournalLine.objects.filter(pk__any_of=reversed_ids).values_list("pk", "number"))
    posted = TemporaryLimit.objects.filter(journal=journal.reverses.number if journal.reverses else "")
    made = dict(posted.values_list("journal_line", "pk"))
    for line in lines:
        if line.reverses_id is not None:
            yield Withdrawal(made[original[line.reverses_id]], journal.number, line.number)


# --- the job ----------------------------------------------------------------------------------------------------------


def read_parameters(given: Mapping[str, Any]) -> dict[str, Any]:
    """`journal`, the number of a journal, and its `legal_entity`."""
    unknown = sorted(set(given) - {"journal", "legal_entity"})
    if unknown:
        raise InvalidInput.of(f"parameters.{unknown[0]}", "unknown_field", "Give journal.")
    journal = LimitJournal.objects.filter(number=given.get("journal")).first()
    if journal is None or given.get("legal_entity", journal.legal_entity_id) != journal.legal_entity_id:
        raise InvalidInput.of("parameters.journal", "unknown_reference", "Give the number of a journal.")
    return {"journal": journal.number, "legal_entity": journal.legal_entity_id}


def plan(job: Job) -> Iterator[list[str]]:
    """One piece: a journal is posted as a whole."""
    yield [job.parameters["journal"]]


def work(job: Job, payload: list[Any], actor: Actor) -> dict[str, Any]:
    """Post the journal; what refuses it is told, and stands with its lines."""
    [number] = payload
    try:
        journal, errors = _attempt(number, actor, clock.now(), business_day, None)
    except Refused as refusal:
        return _failed(number, refusal)
    if errors:
        return _failed(number, refused_lines(journal, errors))
    return {"posted": journal.line_count, "failed": []}


def _failed(number: str, refusal: Refused) -> dict[str, Any]:
    return {"posted": 0, "failed": [{"id": number, "code": refusal.code, "message": refusal.message}]}


def business_day(legal_entity: str) -> dt.date:
    """Today in the legal entity; for jobs, which are edges."""
    return clock.today(LegalEntity.objects.values_list("time_zone", flat=True).get(pk=legal_entity))


def again(job: Job, failed: Sequence[Any]) -> Iterator[list[str]]:
    """The journal once more, where its lines were put right meanwhile."""
    return plan(job)


def fold(results: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Lines that were posted, and journals that were not."""
    return jobs.sum_up([{"posted": 0, "failed": []}, *results])


def register() -> None:
    """Register the kind of job; called once per process when the room is ready."""
    jobs.register_kind(
        KIND,
        plan=plan,
        work=work,
        parameters=read_parameters,
        action=Action.POST_JOURNALS,
        fold=fold,
        again=again,
        lease=LEASE,
        description="Post a limit adjustment journal",
    )
