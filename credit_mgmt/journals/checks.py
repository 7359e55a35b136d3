"""Looking at the lines of a journal: facts by one query, judged by `engine.examining`, written down (`domain 8`).

The same look serves a line that is saved, *Check*, and posting under the lock of the accounts.
"""

import datetime as dt
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

from django.db.models import F, Q, QuerySet

from credit_mgmt.engine.examining import Eligible, Finding, Journal, Level, Line, Period, examine
from credit_mgmt.journals import editing
from credit_mgmt.journals.phrases import finding_message
from credit_mgmt.models import LimitJournal, LimitJournalLine, RequiredApproval, TemporaryLimit
from credit_mgmt.policies import parameters_row
from customers.access import Actor
from customers.bulk import update_rows
from customers.errors import FieldError
from customers.models import LegalEntity
from customers.money import MissingRate, Rates
from customers.rates import minor_units, rates_on

CHUNK = 5_000
"""Lines that are looked at in one go: enough for few statements, few enough for flat memory."""


class _Row(NamedTuple):
    """A line with what is in force of its account; the names follow the columns below."""

    pk: int
    number: int
    customer_id: int | None
    account: str | None
    group: str | None
    currency: str
    seen: Decimal
    seen_amount: Decimal | None
    seen_from: dt.date | None
    seen_to: dt.date | None
    new_limit: Decimal
    new_from: dt.date | None
    new_to: dt.date | None
    reverses: int | None
    approval: str
    problem: str
    findings: list[dict[str, Any]]
    own_limit: Decimal | None
    own_unlimited: bool | None
    group_limit: Decimal | None
    eligible: Decimal | None
    eligible_currency: str | None

    @property
    def owner(self) -> tuple[int | None, str | None]:
        """The customer's id, or the group's number."""
        return self.customer_id, self.group


_COLUMNS = (
    "pk", "number", "customer_id", "customer__account", "group_id", "currency_id", "current_limit",
    "current_temporary", "current_temporary_from", "current_temporary_to", "new_limit", "new_from", "new_to",
    "reverses_id", "approval", "problem", "findings", "customer__credit_account__limit_amount",
    "customer__credit_account__unlimited", "group__credit_account__limit_amount", "customer__eligible_credit_limit",
    "customer__eligible_credit_limit_currency_id",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Looked:
    """A line that was looked at, by its id, number and account, with what was found of it."""

    pk: int
    number: int
    currency: str
    findings: tuple[Finding, ...]
    known: bool
    """Whether just this is written down of it already."""

    @property
    def problem(self) -> str:
        """The worst level, or an empty text."""
        levels = {finding.level for finding in self.findings}
        return next((level.value for level in (Level.ERROR, Level.WARNING) if level in levels), "")

    def stored(self) -> list[dict[str, Any]]:
        """The findings as the line keeps them."""
        return [_stored(finding) for finding in self.findings]


def _stored(finding: Finding) -> dict[str, Any]:
    return {
        "code": finding.code.value,
        "level": finding.level.value,
        "field": finding.field,
        "values": dict(finding.values),
    }


def check_journal(
    *, journal: str, actor: Actor, at: dt.datetime, today: dt.date, version: int | None = None
) -> LimitJournal:
    """Look at all lines of a draft again and write down what is found. Raises as `editing`."""
    with editing(journal, actor=actor, at=at, version=version) as draft:
        write_findings(look_at(draft, today=today))
    return draft


def look_at(journal: LimitJournal, *, today: dt.date, only: Q | None = None) -> Iterator[Looked]:
    """What is found of the lines of the journal; `only` narrows to accounts, all lines of each.

    Lines of one account come together, so that a chunk never tears them apart.
    """
    rows = journal.lines.filter(only) if only is not None else journal.lines.all()
    context = _context(journal, today)
    for chunk in _chunks(rows):
        lines = {row.number: row for row in chunk}
        found = examine(context.journal, _lines(chunk, context))
        for number, findings in found.items():
            row = lines[number]
            looked = Looked(row.pk, number, row.currency, findings, known=False)
            known = row.findings == looked.stored() and row.problem == looked.problem
            yield Looked(row.pk, number, row.currency, findings, known)


def lines_of(customer_ids: Collection[int], groups: Collection[str]) -> Q:
    """The lines of these customers and groups."""
    found = Q(customer__in=list(customer_ids))
    return found | Q(group__in=list(groups)) if groups else found


def write_findings(looked: Iterable[Looked]) -> list[Looked]:
    """Write down what is new; returns the lines with errors, which keep the journal from being posted."""
    new: list[dict[str, Any]] = []
    bad: list[Looked] = []
    for line in looked:
        if line.problem == Level.ERROR:
            bad.append(line)
        if not line.known:
            new.append({"id": line.pk, "problem": line.problem, "findings": line.stored()})
    columns = {"problem": "text", "findings": "jsonb"}
    update_rows(LimitJournalLine._meta.db_table, columns, new, keys={"id": "bigint"})
    return bad


def errors_of(journal: LimitJournal, lines: Iterable[Looked]) -> list[FieldError]:
    """The errors, each with its line's place among those of the journal in its path: `lines[3].new_to`, from 0."""
    bad = sorted(lines, key=lambda line: line.number)
    if not bad:
        return []
    numbers = journal.lines.order_by("number").values_list("number", flat=True)
    places = {number: place for place, number in enumerate(numbers)}
    return [
        FieldError(
            f"lines[{places[line.number]}].{finding.field}",
            finding.code.value,
            finding_message(finding.code, finding.values, line.currency),
        )
        for line in bad
        for finding in line.findings
        if finding.level is Level.ERROR
    ]


@dataclass(frozen=True, slots=True)
class _Context:
    """What all lines have in common."""

    journal: Journal
    entity: LegalEntity
    rates: Rates
    units: Mapping[str, int]


def _context(journal: LimitJournal, today: dt.date) -> _Context:
    parameters = parameters_row(journal.legal_entity_id)
    needs = journal.status != LimitJournal.Status.DRAFT and approval_required(
        journal.legal_entity_id, RequiredApproval.Subject.LINE
    )
    return _Context(
        journal=Journal(
            today=today,
            temporary=journal.type == LimitJournal.Type.TEMPORARY,
            eligible=Eligible(parameters.enforce_eligible_credit_limit),
            lines_need_approval=needs,
        ),
        entity=LegalEntity.objects.get(pk=journal.legal_entity_id),
        rates=rates_on(parameters.credit_limit_exchange_rate_type, today),
        units=minor_units(),
    )


def approval_required(legal_entity: str, subject: str) -> bool:
    """Whether journals of the legal entity, or their lines, need approval (`domain 11`)."""
    rows = RequiredApproval.objects.filter(subject=subject)
    return rows.filter(Q(legal_entity=legal_entity) | Q(legal_entity__isnull=True)).exists()


def _chunks(rows: QuerySet[LimitJournalLine]) -> Iterator[list[_Row]]:
    """The lines in the order of their accounts, some thousands at a time, an account never in two chunks."""
    chunk: list[_Row] = []
    ordered = rows.order_by(F("customer_id").asc(nulls_first=True), "group_id", "number").values_list(*_COLUMNS)
    for row in map(_Row._make, ordered.iterator(chunk_size=CHUNK)):
        if len(chunk) >= CHUNK and row.owner != chunk[-1].owner:
            yield chunk
            chunk = []
        chunk.append(row)
    if chunk:
        yield chunk


def _lines(rows: Iterable[_Row], context: _Context) -> Iterator[Line]:
    known = list(rows)
    periods = _periods(known) if context.journal.temporary else {}
    for row in known:
        eligible, unknown = _eligible(row, context)
        yield Line(
            number=row.number,
            account=f"group:{row.group}" if row.group else f"{context.entity.pk}:{row.account}",
            new_limit=row.new_limit,
            new_from=row.new_from,
            new_to=row.new_to,
            seen=row.seen,
            now=(row.group_limit if row.group else row.own_limit) or Decimal(0),
            minor_units=context.units[row.currency],
            seen_temporary=_seen(row),
            temporaries=periods.get(row.owner, ()),
            eligible=eligible,
            eligible_unknown=unknown,
            unlimited=bool(row.own_unlimited),
            approval=row.approval,
            reverses=row.reverses is not None,
        )


def _seen(row: _Row) -> Period | None:
    if row.seen_amount is None or row.seen_from is None or row.seen_to is None:
        return None
    return Period(row.seen_amount, row.seen_from, row.seen_to)


def _periods(rows: Iterable[_Row]) -> dict[tuple[int | None, str | None], list[Period]]:
    """All temporary limits of the accounts that were not taken back altogether."""
    owners = {row.owner for row in rows}
    customers = [customer for customer, _ in owners if customer is not None]
    groups = [group for _, group in owners if group is not None]
    mine = Q(account__customer__any_of=customers) | Q(account__group__in=groups)
    limits = TemporaryLimit.objects.filter(mine).select_related("account").order_by("account_id", "valid_from")
    found: dict[tuple[int | None, str | None], list[Period]] = {}
    for limit in limits:
        if limit.last_day >= limit.valid_from:
            period = Period(limit.amount, limit.valid_from, limit.last_day)
            found.setdefault((limit.account.customer_id, limit.account.group_id), []).append(period)
    return found


def _eligible(row: _Row, context: _Context) -> tuple[Decimal | None, bool]:
    """The customer's eligible credit limit in the line's currency, and whether a rate is missing for it."""
    if row.eligible is None or context.journal.eligible is Eligible.NO:
        return None, False
    try:
        return context.rates.convert(row.eligible, row.eligible_currency or row.currency, row.currency), False
    except MissingRate:
        return None, True
