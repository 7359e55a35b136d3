"""The columns, views and filters of the list of credit groups (`ux.md` 3.9)."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from credit_mgmt.credit_groups.exposures import GroupExposure
from credit_mgmt.engine.texts import used_percent
from credit_mgmt.limits.notices import NOTICE_DAYS
from customers.access import Action
from customers.listing.columns import Column, Value, by_name
from customers.listing.kinds import ListKind, View
from customers.models import CustomerCreditGroup as Group

NOT_SHOWN = "not shown"
LABELS = {
    "used_min": "Used % from", "used_max": "Used % to", "limit_min": "Limit from", "limit_max": "Limit to",
    "over": "Over its limit", "entity": "Legal entity", "holds": "With holds", "expires_max": "Limit ends by",
    "expires_min": "Limit ends from", "review_max": "Review of a member by", "currency": "Currency", "q": "Search",
}  # fmt: skip
"""The keys of the address that narrow the list, as its chips call them."""
OF_FIGURES = frozenset({"used_min", "used_max", "limit_min", "limit_max", "over"})
"""Those that a reader who may not see a group's figures is not told anything by (decision 41)."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What rows need beside their groups: the day, and what each group uses."""

    today: dt.date
    exposures: Mapping[str, GroupExposure] = field(default_factory=dict)

    def exposure(self, group: Group) -> Decimal | None:
        """What a group uses; 0 of one without members, None where a rate is missing or it is withheld."""
        if group.withheld:  # type: ignore[attr-defined]  # read along
            return None
        known = self.exposures.get(group.pk)
        return known.exposure if known is not None else Decimal(0)

    def limit(self, group: Group) -> Decimal | None:
        """The limit in force, a temporary one before the base; None where it is withheld."""
        if group.withheld:  # type: ignore[attr-defined]
            return None
        limit: Decimal | None = group.limit  # type: ignore[attr-defined]
        return limit

    def used(self, group: Group) -> Decimal | None:
        """Exposure in per cent of the limit."""
        exposure, limit = self.exposure(group), self.limit(group)
        return None if exposure is None or limit is None else used_percent(exposure, limit)

    def free(self, group: Group) -> Decimal | None:
        """What the limit leaves."""
        exposure, limit = self.exposure(group), self.limit(group)
        return None if exposure is None or limit is None else limit - exposure

    def status(self, group: Group) -> tuple[str, str]:
        """Where the group stands, in a word, and its tone."""
        if group.withheld:  # type: ignore[attr-defined]
            return "not all entities seen", ""
        free, ends = self.free(group), group.ends_on  # type: ignore[attr-defined]
        if free is not None and free < 0:
            return "Over its limit", "late"
        if ends and ends < self.today:
            return "Limit ended", "late"
        return ("Within its limit", "") if free is not None else ("rate missing", "")


def _entities(group: Group, facts: Facts) -> Value:
    return ", ".join(group.entities or ())  # type: ignore[attr-defined]


COLUMNS: dict[str, Column[Group, Facts]] = by_name(
    (
        Column("group", "Group", lambda group, _: group.number, sort="group"),
        Column("description", "Description", lambda group, _: group.description, sort="description"),
        Column("currency", "Currency", lambda group, _: group.currency_id),
        Column("limit", "Limit", lambda group, facts: facts.limit(group), sort="limit", right=True, money=True),
        Column("to", "To", lambda group, _: group.ends_on, sort="to"),  # type: ignore[attr-defined]
        Column("exposure", "Exposure", lambda group, facts: facts.exposure(group), sort="exposure",
               right=True, money=True),
        Column("used", "Used", lambda group, facts: facts.used(group), sort="used", right=True, unit="Used %"),
        Column("members", "Members", lambda group, _: len(group.seen or ()), sort="members", right=True),  # type: ignore[attr-defined]
        Column("entities", "Entities", _entities),
        Column("holds", "Holds", lambda group, _: group.open_holds, right=True),  # type: ignore[attr-defined]
        Column("status", "Status", lambda group, facts: facts.status(group)[0]),
        Column("free", "Free", lambda group, facts: facts.free(group), right=True, money=True),
        Column("review", "Next review", lambda group, _: group.review_on),  # type: ignore[attr-defined]
        Column("days", "Days overdue", lambda group, _: "Of any member" if group.use_member_days_overdue else "Own"),
    )
)  # fmt: skip
NAME = "group"
DEFAULT = (
    "group", "description", "currency", "limit", "to", "exposure", "used", "members", "entities", "holds", "status",
)  # fmt: skip
VIEWS = (
    View("all", "All"),
    View("over-limit", "Over limit", {"over": ("yes",)}),
    View("with-holds", "With holds", {"holds": ("yes",)}),
    View("expiring", f"Limit ends in {NOTICE_DAYS} days", {"expires_max": (f"+{NOTICE_DAYS}d",), "sort": ("to",)}),
    View("review-due", "Review due", {"review_max": ("+0d",)}),
)
GROUPS = ListKind(
    name="groups",
    prefix="group",
    title="Credit groups",
    noun="group",
    views=VIEWS,
    first="all",
    columns=COLUMNS,
    fixed=NAME,
    default=lambda address: DEFAULT,
    filters=lambda: tuple(LABELS),
    section="customers",
    looks=Action.VIEW_EXPOSURE,
    publish=Action.WORK_HOLDS,
)
"""The list of credit groups, for what every list has."""
