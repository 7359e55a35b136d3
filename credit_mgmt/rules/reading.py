"""Rules as lists show them: for each the version that stands for it."""

from django.db.models import Case, IntegerField, Q, QuerySet, Value, When

from credit_mgmt.models import RuleState, RuleVersion
from customers.access import Actor, scoped
from customers.errors import NotFound

_RANK = Case(
    *(
        When(state=state, then=Value(rank))
        for rank, state in enumerate((RuleState.ACTIVE, RuleState.SHADOW, RuleState.DRAFT))
    ),
    default=Value(9),
    output_field=IntegerField(),
)


def current_versions(actor: Actor) -> QuerySet[RuleVersion]:
    """The version that stands for each rule that `actor` may see: in force, else in shadow, the draft, the latest.

    Each says as `counts` whether it is in force.
    """
    seen = scoped(RuleVersion.objects.all(), actor, shared=True)
    first = seen.order_by("rule", _RANK, "-number").distinct("rule").values("pk")
    rows = RuleVersion.objects.filter(pk__in=first).select_related("rule", "customer")
    return rows.annotate(counts=Q(state=RuleState.ACTIVE))


def live_versions(actor: Actor) -> QuerySet[RuleVersion]:
    """Every version that `actor` may see and that counts, is in shadow or is being drafted; by code and number."""
    live = (RuleState.ACTIVE, RuleState.SHADOW, RuleState.DRAFT)
    seen = scoped(RuleVersion.objects.filter(state__in=live), actor, shared=True)
    return seen.select_related("rule", "customer", "credit_management_group").order_by("rule__code", "number")


def retired_versions(actor: Actor) -> list[RuleVersion]:
    """The last version of each rule that `actor` may see of which nothing is live; by code."""
    rows = current_versions(actor).select_related("credit_management_group")
    return [version for version in rows.order_by("rule__code") if version.state == RuleState.RETIRED]


def versions_of(code: str, actor: Actor) -> list[RuleVersion]:
    """All versions of a rule that `actor` may see, latest first. Raises `NotFound`."""
    rows = scoped(RuleVersion.objects.filter(rule__code=code), actor, shared=True)
    versions = list(rows.select_related("rule", "customer", "credit_management_group").order_by("-number"))
    if not versions:
        raise NotFound(f"There is no rule {code}.")
    return versions
