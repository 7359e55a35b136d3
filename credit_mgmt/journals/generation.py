"""Lines made of limits that exist: filtered, adjusted, rounded, dated; looked at before they are written (`domain 8`).

The limits come by SQL, some thousands at a time, and each is judged by `engine.adjusting`: a preview and the writing
are the same walk, so that they cannot differ.
"""

import datetime as dt
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet

from credit_mgmt.engine.adjusting import Basis, LeftOut, Proposal, propose
from credit_mgmt.journals import editing, journal_of
from credit_mgmt.journals.checks import lines_of, look_at, write_findings
from credit_mgmt.journals.lines import LineInput, Today, insert_lines
from credit_mgmt.journals.owners import Owner, closed_groups, owners_of
from credit_mgmt.journals.requests import Generation
from credit_mgmt.journals.totals import write_totals
from credit_mgmt.models import LimitJournal
from customers.access import Action, Actor, authorize
from customers.models import Customer, CustomerCreditGroup
from customers.money import HUNDRED, ZERO

CHUNK = 5_000
"""Limits that are read at once."""
SHOWN = 50
"""Lines of a preview that are shown, unless the caller wants another number; the others are counted."""
BOUNDS = (-50, -25, -10, 0, 10, 25, 50)
"""Bounds of the histogram of changes, in per cent."""
NO_TEMPORARY, IN_JOURNAL, NOT_GRANTED = "no_temporary", "in_journal", "not_granted"
"""Why there is no line, beside the engine's reasons: nothing to adjust, one already, members elsewhere."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A limit that the filter found: whose it is, and the line it gets, or why it gets none."""

    owner: Owner
    key: str
    name: str
    outcome: Proposal | str

    @property
    def proposal(self) -> Proposal | None:
        """The line that it gets, if any."""
        return self.outcome if isinstance(self.outcome, Proposal) else None


@dataclass(slots=True)
class Preview:
    """What a generation would add: counts over all, the first rows of each kind; sums by currency of the accounts.

    `histogram` counts changes in per cent by `BOUNDS`; a new limit where there was none counts as the highest.
    """

    found: int = 0
    added: int = 0
    lines: list[Candidate] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    left_out_rows: list[Candidate] = field(default_factory=list)
    increase: dict[str, Decimal] = field(default_factory=dict)
    decrease: dict[str, Decimal] = field(default_factory=dict)
    histogram: Counter[str] = field(default_factory=Counter)

    def add(self, candidate: Candidate, shown: int) -> None:
        """Count one more."""
        self.found += 1
        proposal = candidate.proposal
        if proposal is None:
            self.left_out[str(candidate.outcome)] += 1
            if len(self.left_out_rows) < shown:
                self.left_out_rows.append(candidate)
            return
        self.added += 1
        if len(self.lines) < shown:
            self.lines.append(candidate)
        change = proposal.new_limit - candidate.owner.limit
        sums = self.increase if change > 0 else self.decrease
        sums[candidate.owner.currency] = sums.get(candidate.owner.currency, ZERO) + abs(change)
        self.histogram[bucket_of(candidate.owner.limit, proposal.new_limit)] += 1


def bucket_of(before: Decimal, after: Decimal) -> str:
    """Which part of the histogram a change belongs to: `none`, or its bounds such as `-25..-10`."""
    if before == after:
        return "none"
    percent = (after - before) * HUNDRED / before if before else HUNDRED
    above = [bound for bound in BOUNDS if percent > bound or (percent == bound and bound > 0)]
    lower = above[-1] if above else None
    upper = next((bound for bound in BOUNDS if bound not in above), None)
    if lower is None:
        return f"..{upper}"
    return f"{lower}.." if upper is None else f"{lower}..{upper}"


def preview_lines(*, journal: str, generation: Generation, actor: Actor, today: Today, shown: int = SHOWN) -> Preview:
    """What the generation would add to the journal; nothing is written. Raises `NotFound`, `NotAllowed`."""
    found = journal_of(journal, actor)
    authorize(actor, Action.MAKE_JOURNALS, found.legal_entity_id)
    preview = Preview()
    day = today(found.legal_entity_id)
    for chunk in id_chunks(found, generation):
        for candidate in candidates(found, generation, chunk, actor=actor, today=day):
            preview.add(candidate, shown)
    return preview


def generate_lines(
    *,
    journal: str,
    generation: Generation,
    actor: Actor,
    at: dt.datetime,
    today: Today,
    version: int | None = None,
    only: Sequence[int | str] | None = None,
) -> tuple[LimitJournal, Preview]:
    """Add the lines to a draft, and say what was added and what was left out.

    `only` names the customers or groups of one piece of a job. An account that has a line already gets no second one.
    Raises as `editing`.
    """
    preview = Preview()
    with editing(journal, actor=actor, at=at, version=version) as draft:
        day = today(draft.legal_entity_id)
        for chunk in id_chunks(draft, generation) if only is None else [only]:
            made = []
            for candidate in candidates(draft, generation, chunk, actor=actor, today=day):
                preview.add(candidate, SHOWN)
                if candidate.proposal is not None:
                    made.append((candidate.owner, _line(candidate.proposal)))
            # Nobody of them had a line before, so they are looked at by themselves.
            write_findings(look_at(draft, today=day, only=insert_lines(draft, made)))
        write_totals(draft, day)
    return draft, preview


def _line(proposal: Proposal) -> LineInput:
    return LineInput(new_limit=proposal.new_limit, new_from=proposal.new_from, new_to=proposal.new_to)


def count_found(journal: LimitJournal, generation: Generation) -> int:
    """How many customers or groups the filter finds."""
    return _found(journal, generation).count()


def id_chunks(journal: LimitJournal, generation: Generation, size: int = CHUNK) -> Iterator[list[int | str]]:
    """The customers or groups that the filter finds, by id, some thousands at a time."""
    ids = list(_found(journal, generation))
    for start in range(0, len(ids), size):
        yield ids[start : start + size]


def _found(journal: LimitJournal, generation: Generation) -> QuerySet[Any, int | str]:
    """Ids in the order of accounts, or numbers of groups that have a member in the journal's legal entity."""
    entity = journal.legal_entity_id
    if generation.for_groups:
        members = Customer.objects.filter(legal_entity=entity, credit_group__isnull=False).values("credit_group")
        groups = CustomerCreditGroup.objects.filter(generation.filter.groups(), pk__in=members)
        return groups.order_by("pk").values_list("pk", flat=True)
    customers = Customer.objects.filter(generation.filter.customers(), legal_entity=entity)
    return customers.order_by("account").values_list("pk", flat=True)


def candidates(
    journal: LimitJournal, generation: Generation, ids: Sequence[int | str], *, actor: Actor, today: dt.date
) -> Iterator[Candidate]:
    """What becomes of each customer or group, in the order given; the same few statements for one and for thousands."""
    known = _groups(ids) if generation.for_groups else _customers(ids)
    customers = [pk for pk in known if isinstance(pk, int)]
    groups = [pk for pk in known if isinstance(pk, str)]
    owners = owners_of(journal, today=today, customers=customers, groups=groups)
    lines = journal.lines.filter(lines_of(customers, groups))
    present = {customer or group for customer, group in lines.values_list("customer_id", "group_id")}
    closed = closed_groups(groups, actor)
    for pk in ids:
        if pk not in known:
            continue
        key, name, excluded = known[pk]
        owner = owners[pk]
        if pk in present:
            outcome: Proposal | str = IN_JOURNAL
        elif pk in closed:
            outcome = NOT_GRANTED
        else:
            outcome = _outcome(journal, generation, owner, excluded=excluded)
        yield Candidate(owner, key, name, outcome)


def _outcome(journal: LimitJournal, generation: Generation, owner: Owner, *, excluded: bool) -> Proposal | str:
    """The temporary limit is adjusted where that was asked for and there is one, else the credit limit."""
    basis = _basis(generation, owner, excluded=excluded)
    if basis is None:
        return NO_TEMPORARY
    for_temporary = journal.type == LimitJournal.Type.TEMPORARY
    outcome = propose(basis, generation.adjustment, for_temporary=for_temporary)
    return outcome.value if isinstance(outcome, LeftOut) else outcome


def _basis(generation: Generation, owner: Owner, *, excluded: bool) -> Basis | None:
    temporary = owner.temporary if generation.include_temporary_limits else None
    if temporary is None and not generation.include_limits:
        return None
    return Basis(
        limit=temporary.amount if temporary else owner.limit,
        valid_to=temporary.last if temporary else owner.expires_on,
        valid_from=temporary.first if temporary else None,
        unlimited=owner.unlimited,
        excluded=excluded,
        minor_units=owner.minor_units,
    )


def _customers(ids: Collection[int | str]) -> Mapping[int | str, tuple[str, str, bool]]:
    rows = Customer.objects.filter(pk__any_of=list(ids)).order_by()
    fields = rows.values_list("pk", "legal_entity_id", "account", "name", "excluded")
    return {pk: (f"{entity}:{account}", name, excluded) for pk, entity, account, name, excluded in fields}


def _groups(ids: Collection[int | str]) -> Mapping[int | str, tuple[str, str, bool]]:
    rows = CustomerCreditGroup.objects.filter(pk__in=ids).order_by()
    return {pk: (pk, description, False) for pk, description in rows.values_list("pk", "description")}
