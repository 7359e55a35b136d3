"""What one reader may see of credit groups (`domain 3.4`, `reliability.md` S16).

A group's limit and exposure tell what its members in other legal entities owe. So they are shown to those who may see
exposure in all entities of its members; everybody else reads *group limit*, without figures. The same goes for what is
known of a member in an entity that the reader does not see.

A check counts the whole group whoever asks (`reliability.md` finding 8): masking comes after deciding, at the edge, and
its rule stands here alone.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal

from django.db.models import QuerySet

from credit_mgmt.credit_groups.standing import GroupOverview
from credit_mgmt.engine.decision import Decision, Evidence, Reason, Remedy, TraceLine
from credit_mgmt.exposure import Position
from credit_mgmt.messages.withheld import WITHHELD
from customers.access import Action, Actor
from customers.models import Customer

_NEVER = frozenset({"limit_expired"})
"""A group's date is its members' own."""
_KEPT = {
    None: ("rule_name", "kind", "threshold_percent"),
    "overdue_amount": ("rule_name", "kind", "threshold_percent", "measured", "threshold", "currency"),
    "days_overdue": ("rule_name", "threshold"),
}
"""Evidence that says nothing of others, by reason type: the overdue amount is the customer's own."""
_OF_GROUP = ("group_limit", "group_exposure_without", "group_exposure_after")
_OF_TIGHTER = ("over_limit", "free_limit", "used_percent")


def hidden_groups(actor: Actor) -> QuerySet[Customer, str | None] | None:
    """Numbers of the groups with a member in an entity where `actor` sees no exposure; None: nothing is hidden."""
    entities = actor.entities(Action.VIEW_EXPOSURE)
    if entities is None:
        return None
    others = Customer.objects.filter(credit_group__isnull=False).exclude(legal_entity__in=sorted(entities))
    return others.order_by().values_list("credit_group_id", flat=True).distinct()


@dataclass(slots=True)
class Mask:
    """What `actor` may see. One query, made when a group is first asked about; none for who sees all entities."""

    actor: Actor
    _hidden: frozenset[str | None] | None = field(default=None, repr=False)

    def hides(self, account: str | None) -> bool:
        """Whether figures of the account (`USMF:US-001`, `group:G1`) are withheld from the actor."""
        entities = self.actor.entities(Action.VIEW_EXPOSURE)
        if entities is None or not account:
            return False
        kind, _, number = account.partition(":")
        return self.hides_group(number) if kind == "group" else kind not in entities

    def hides_group(self, number: str | None) -> bool:
        """Whether the figures of the group with that number are withheld."""
        if not number:
            return False
        if self._hidden is None:
            hidden = hidden_groups(self.actor)
            self._hidden = frozenset(hidden) if hidden is not None else frozenset()
        return number in self._hidden

    def decision(self, decision: Decision) -> Decision:
        """The decision without figures that the actor may not see; outcome, rules and verdicts stay."""
        hidden = {reason.type for reason in (*decision.reasons, *decision.warnings) if self._conceals(reason)}
        return replace(
            decision,
            reasons=tuple(self.reason(reason) for reason in decision.reasons),
            warnings=tuple(self.reason(reason) for reason in decision.warnings),
            trace=self.trace(decision.trace),
            remedies=tuple(_remedy(remedy, hidden) for remedy in decision.remedies),
            figures=self.figures(decision.figures),
        )

    def reason(self, reason: Reason) -> Reason:
        """The reason; of others only that it is there."""
        if not self._conceals(reason):
            return reason
        account = reason.account if _is_group(reason.account) else None
        return replace(reason, account=account, evidence=self.evidence(reason.type, reason.account, reason.evidence))

    def evidence(self, type: str, account: str | None, evidence: Evidence) -> Evidence:
        """The evidence of a reason about `account`, as the actor may see it."""
        if type in _NEVER or not self.hides(account):
            return evidence
        kept = _KEPT.get(type, _KEPT[None])
        whose = "group" if _is_group(account) else "member"
        return {**{key: evidence[key] for key in kept if key in evidence}, WITHHELD: whose}

    def trace(self, lines: Iterable[TraceLine]) -> tuple[TraceLine, ...]:
        """Every rule that was looked at, with its verdict; what was measured only where the actor may see it."""
        return tuple(self._line(line) for line in lines)

    def figures(self, figures: Mapping[str, str | None] | None) -> Mapping[str, str | None] | None:
        """The figures beside a decision, without the group's, nor the room that the group leaves."""
        if not figures or not self.hides(figures.get("group")):
            return figures
        gone = (*_OF_GROUP, *(_OF_TIGHTER if figures.get("tighter") == "group" else ()))
        return {key: None if key in gone else value for key, value in figures.items()} | {WITHHELD: "group"}

    def position(self, position: Position) -> Position:
        """The position; of its group only the number and the date."""
        group = position.group
        if group is None or not self.hides_group(group.number):
            return position
        return replace(position, group=replace(group, limit=None, exposure=None, available=None, withheld=True))

    def overview(self, overview: GroupOverview) -> GroupOverview:
        """The group; where its figures are withheld, only what is known of the members that the actor sees."""
        if not self.hides_group(overview.group.pk):
            return overview
        entities = self.actor.entities(Action.VIEW_EXPOSURE) or frozenset()
        seen = [one for one in overview.members if one.customer.legal_entity_id in entities]
        return replace(
            overview,
            limit=None,
            base_limit=None,
            temporary_limit=None,
            exposure=None,
            members=tuple(replace(one, share=None) for one in seen),
            ageing=tuple(replace(bucket, amount=None) for bucket in overview.ageing),
            withheld=True,
        )

    def group_amount(self, number: str | None, amount: Decimal | None) -> Decimal | None:
        """An amount of a group, or None where it is withheld."""
        return None if self.hides_group(number) else amount

    def _conceals(self, reason: Reason) -> bool:
        return reason.type not in _NEVER and self.hides(reason.account)

    def _line(self, line: TraceLine) -> TraceLine:
        if line.measured is None or line.type in _NEVER or line.type == "overdue_amount":
            return line
        if not self.hides(line.account):
            return line
        account = line.account if _is_group(line.account) else None
        threshold = line.threshold if line.type == "days_overdue" else None
        why = "withheld_of_group" if _is_group(line.account) else "withheld_of_member"
        return line._replace(measured=None, threshold=threshold, account=account, why=why)


def _is_group(account: str | None) -> bool:
    return account is not None and account.startswith("group:")


def _remedy(remedy: Remedy, hidden: set[str]) -> Remedy:
    """How much a remedy asks for follows from what it clears: of a hidden figure only the kind of remedy is told."""
    if not hidden.intersection(remedy.clears):
        return remedy
    return replace(remedy, figures={WITHHELD: "group"})
