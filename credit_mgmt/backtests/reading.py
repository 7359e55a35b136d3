"""Backtests as people and clients see them: which they may see, and the orders behind a figure (`ux` 3.10)."""

import datetime as dt
import uuid
from dataclasses import dataclass

from django.db.models import Q, QuerySet

from credit_mgmt.models import RuleVersion
from credit_mgmt.models.backtests import Backtest, BacktestRow, Became
from credit_mgmt.policies import current_policy
from customers.access import Action, Actor
from customers.errors import InvalidInput, NotFound

KEPT = dt.timedelta(days=90)
"""How long a backtest is kept."""
STOPPED = {
    "now": Q(stopped_now=True),
    "then": Q(stopped_then=True),
    "new": Q(stopped_now=False, stopped_then=True),
    "gone": Q(stopped_now=True, stopped_then=False),
}
"""Sets of orders by the name under which they are asked for: stopped by the rules now, by those tried, by these only,
and no longer by these."""
RELEASED = {"now": Q(released_now=True), "then": Q(released_then=True)}


def visible_backtests(actor: Actor) -> QuerySet[Backtest]:
    """Backtests in whose legal entities, all of them, `actor` may see exposure: they name orders of these."""
    entities = actor.entities(Action.VIEW_EXPOSURE)
    if entities is None:
        return Backtest.objects.all()
    if not entities:
        return Backtest.objects.none()
    return Backtest.objects.filter(legal_entities__isnull=False, legal_entities__contained_by=sorted(entities))


def backtest_seen(backtest_id: uuid.UUID, actor: Actor) -> Backtest:
    """One of `visible_backtests`. Raises `NotFound`."""
    found = visible_backtests(actor).filter(pk=backtest_id).select_related("job").first()
    if found is None:
        raise NotFound(f"Backtest {backtest_id} was not found.")
    return found


def backtests_of_rule(rule: uuid.UUID | str, actor: Actor) -> QuerySet[Backtest]:
    """The backtests that tried a rule, newest first."""
    tried = visible_backtests(actor).filter(versions__contains=[{"rule": str(rule)}])
    return tried.select_related("job").order_by("-created_at", "-pk")


def changed_since(backtest: Backtest) -> str:
    """What changed since the run began: `tried` where a draft that it tried did, `policy` where what counts did.

    Empty where nothing did. Two queries.
    """
    rules = [version["rule"] for version in backtest.versions]
    rows = RuleVersion.objects.filter(rule__in=rules).order_by("pk").values_list("rule", "number", "revision")
    revisions = {(str(rule), number): revision for rule, number, revision in rows}
    for version in backtest.versions:
        if revisions.get((version["rule"], version["tried"])) != version["revision"]:
            return "tried"
    return "" if current_policy().version == backtest.policy_version else "policy"


@dataclass(frozen=True, slots=True)
class Asked:
    """Orders behind a figure; each narrows, empty does not."""

    stopped: str = ""
    became: str = ""
    otherwise: bool | None = None
    released: str = ""

    def condition(self) -> Q:
        """What the rows have in common. Raises `InvalidInput` where a name is not known."""
        condition = _named(STOPPED, "stopped", self.stopped) & _named(RELEASED, "released", self.released)
        condition &= _named({name: Q(became=name) for name in Became.values}, "became", self.became)
        return condition if self.otherwise is None else condition & Q(otherwise=self.otherwise)


def _named(known: dict[str, Q], field: str, name: str) -> Q:
    if name and name not in known:
        raise InvalidInput.of(field, "invalid_choice", f"Choose one of {', '.join(known)}.")
    return known[name] if name else Q()


def orders_behind(backtest: Backtest, asked: Asked) -> QuerySet[BacktestRow]:
    """The rows of a backtest behind a figure."""
    rows = BacktestRow.objects.filter(asked.condition(), backtest=backtest)
    return rows.select_related("order__payer", "legal_entity")


def purge_backtests(*, now: dt.datetime) -> int:
    """Delete backtests that are older than 90 days, with their rows; how many went."""
    outdated = Backtest.objects.filter(created_at__lt=now - KEPT)
    ids = list(outdated.order_by("pk").values_list("pk", flat=True))
    BacktestRow.objects.filter(backtest__in=ids).delete()
    Backtest.objects.filter(pk__in=ids).delete()
    return len(ids)
