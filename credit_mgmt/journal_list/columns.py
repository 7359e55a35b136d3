"""The columns and the views of the list of journals (`ux.md` 3.7)."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from credit_mgmt.journal_list.filters import FILTERS, ME
from credit_mgmt.models import LimitJournal
from customers.access import Action
from customers.listing.columns import Column, Value, by_name
from customers.listing.kinds import ListKind, View

Days = tuple[dt.date | None, dt.date | None]


@dataclass(frozen=True, slots=True)
class Facts:
    """What rows need beside their journals: the names of people, and from when to when their lines are valid."""

    names: Mapping[str, str] = field(default_factory=dict)
    valid: Mapping[int, Days] = field(default_factory=dict)

    def name(self, reference: str) -> str:
        """The person behind a reference; empty where there is none."""
        return self.names.get(reference, reference)

    def days(self, journal: LimitJournal) -> Days:
        """The first and the last day of the lines."""
        return self.valid.get(journal.pk, (None, None))


def _down(journal: LimitJournal, facts: Facts) -> Value:
    amount: Decimal | None = journal.decrease
    return -amount if amount else amount


def _type(journal: LimitJournal, facts: Facts) -> Value:
    return "Limit" if journal.type == LimitJournal.Type.CREDIT_LIMIT else "Temporary"


COLUMNS: dict[str, Column[LimitJournal, Facts]] = by_name(
    (
        Column("journal", "Journal", lambda journal, _: journal.number, sort="journal"),
        Column("type", "Type", _type, sort="type"),
        Column("description", "Description", lambda journal, _: journal.description, sort="description"),
        Column("lines", "Lines", lambda journal, _: journal.line_count, sort="lines", right=True),
        Column("increase", "Increase", lambda journal, _: journal.increase, sort="increase", right=True, money=True),
        Column("decrease", "Decrease", _down, sort="decrease", right=True, money=True),
        Column("currency", "Currency", lambda journal, _: journal.legal_entity.accounting_currency_id),
        Column("status", "Status", lambda journal, _: journal.get_status_display(), sort="status"),
        Column("owner", "Owner", lambda journal, facts: facts.name(journal.owner)),
        Column("changed", "Changed", lambda journal, _: journal.changed_at, sort="changed"),
        Column("entity", "Entity", lambda journal, _: journal.legal_entity_id, sort="entity"),
        Column("source", "Source", lambda journal, _: journal.get_origin_display()),
        Column("valid_from", "Valid from", lambda journal, facts: facts.days(journal)[0]),
        Column("valid_to", "Valid to", lambda journal, facts: facts.days(journal)[1]),
        Column("submitted", "Submitted", lambda journal, _: journal.submitted_at, sort="submitted"),
        Column("submitted_by", "Submitted by", lambda journal, facts: facts.name(journal.submitted_by)),
        Column("approver", "Approver", lambda journal, facts: facts.name(journal.decided_by)),
        Column("decided", "Approved or rejected", lambda journal, _: journal.decided_at),
        Column("posted", "Posted", lambda journal, _: journal.posted_at, sort="posted"),
        Column("posted_by", "Posted by", lambda journal, facts: facts.name(journal.posted_by)),
        Column("reverses", "Reverses", lambda journal, _: str(journal.reverses) if journal.reverses else "",
               related=("reverses",)),
        Column("created", "Created", lambda journal, _: journal.created_at, sort="created"),
    )
)  # fmt: skip
DEFAULT = (
    "journal", "type", "description", "lines", "increase", "decrease", "currency", "status", "owner", "changed",
    "source", "posted",
)  # fmt: skip
VIEWS = (
    View("my-drafts", "My drafts", {"status": ("draft",), "owner": (ME,)}),
    View("to-approve", "To approve", {"status": ("in_workflow",), "not_submitted_by": (ME,)}),
    View("approved", "Approved, not posted", {"status": ("approved",)}),
    View("posted", "Posted this month", {"status": ("posted",), "posted": ("month",), "sort": ("-posted",)}),
    View("all", "All"),
)
JOURNALS = ListKind(
    name="journals",
    prefix="journal",
    title="Limit journals",
    noun="journal",
    views=VIEWS,
    first="all",
    columns=COLUMNS,
    fixed="journal",
    default=lambda address: DEFAULT,
    filters=lambda: tuple(FILTERS),
    section="journals",
    looks=Action.VIEW_EXPOSURE,
    publish=Action.MAKE_JOURNALS,
)
"""The list of journals, for what every list has."""
