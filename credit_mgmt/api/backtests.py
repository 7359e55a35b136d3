"""Backtests of rules, and the orders behind their figures; both read-only (`ux` 3.10). `POST jobs` starts one."""

from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers

from credit_mgmt.backtests.reading import visible_backtests
from credit_mgmt.models import Backtest, BacktestRow, RuleState
from customers.access import Action
from customers.edge import filters as by
from customers.edge.fields import AmountField, FlagField, StrictSerializer
from customers.edge.people import NameOfField
from customers.edge.resources import CollectionResource, ListResource
from customers.edge.routing import Router
from customers.models import Document, Job


class ComparedSerializer(StrictSerializer):
    """Orders under the rules now, under those tried, and the difference."""

    now = serializers.IntegerField()
    then = serializers.IntegerField()
    difference = serializers.IntegerField()


class BecameSerializer(StrictSerializer):
    """The orders stopped by what became of their invoices; the four add up to `orders`.

    *Late*: paid more than 30 days after the due date, or still open that late.
    """

    late = ComparedSerializer()
    written_off = ComparedSerializer()
    on_time = ComparedSerializer()
    unknown = ComparedSerializer()


class ValueSerializer(StrictSerializer):
    """What the orders stopped are worth, in one accounting currency; text with its decimals."""

    currency = serializers.CharField()
    now = serializers.CharField()
    then = serializers.CharField()
    difference = serializers.CharField()


class DataOfBacktestSerializer(StrictSerializer):
    """What the figures rest on: orders whose facts were stored, were rebuilt from invoices, or are left out."""

    orders = serializers.IntegerField()
    exact = serializers.IntegerField()
    rebuilt = serializers.IntegerField()
    not_rebuildable = serializers.IntegerField()
    stopped_now = serializers.IntegerField()
    stopped_then = serializers.IntegerField()


class TotalsSerializer(StrictSerializer):
    """The table. `otherwise`: of the orders stopped, those held without the tried rules too; null where not `by_rule`.

    `new_work` is the difference without these, `released` are orders that a tried exclusion frees of all rules.
    """

    orders = ComparedSerializer()
    became = BecameSerializer()
    otherwise = ComparedSerializer(allow_null=True)
    new_work = serializers.IntegerField()
    newly_stopped = serializers.IntegerField()
    no_longer_stopped = serializers.IntegerField()
    released = ComparedSerializer()
    per_day = serializers.CharField()
    values = ValueSerializer(many=True)
    data = DataOfBacktestSerializer()  # type: ignore[assignment]  # the name is the contract's


class TriedVersionSerializer(StrictSerializer):
    """A rule on trial: the version in force when the run began, and the version tried."""

    key = serializers.CharField()
    rule = serializers.UUIDField()
    code = serializers.CharField()
    now = serializers.IntegerField(allow_null=True)
    tried = serializers.IntegerField()
    state = serializers.ChoiceField(choices=RuleState.choices)
    revision = serializers.IntegerField()


class BacktestSerializer(StrictSerializer):
    """A run of the job kind `backtest_rules`, with the job's id; `totals` once it has finished."""

    id = serializers.UUIDField(source="job_id")
    status = serializers.ChoiceField(choices=Job.Status.choices, source="job.status")
    rules = TriedVersionSerializer(source="versions", many=True)
    first_day = serializers.DateField()
    last_day = serializers.DateField()
    days = serializers.IntegerField()
    history_from = serializers.DateField(allow_null=True)
    legal_entities = serializers.ListField(child=serializers.CharField(), allow_null=True)
    customers = serializers.ListField(child=serializers.CharField())
    policy_version = serializers.IntegerField()
    by_rule = FlagField()
    totals = TotalsSerializer(allow_null=True)
    actor = serializers.CharField()
    actor_name = NameOfField("actor")
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)


class Backtests(ListResource):
    """Backtests over legal entities of which, all of them, the caller may see exposure. Kept for 90 days."""

    model = Backtest
    serializer_class = BacktestSerializer
    lookup = "uuid"
    rights = {"list": Action.VIEW_EXPOSURE, "retrieve": Action.VIEW_EXPOSURE}
    filters = {
        "id": by.uuid("pk"),
        "status": by.choice("job__status", Job.Status),
        "first_day": by.day("first_day"),
        "last_day": by.day("last_day"),
        "policy_version": by.whole("policy_version"),
        "by_rule": by.flag("by_rule"),
        "actor": by.text("actor"),
        "created_at": by.instant("created_at"),
        "finished_at": by.instant("finished_at"),
    }
    orderings = {"created_at": "created_at"}
    default_ordering = ("-created_at",)

    def rows(self) -> QuerySet[Any]:
        """What the caller may see."""
        return visible_backtests(self.actor).select_related("job")


class BacktestOrderSerializer(StrictSerializer):
    """An order that is stopped, or not checked at all, now or under the tried rules; `value` is in `currency`.

    `decision` is the stored check; null where its facts were rebuilt.
    """

    backtest = serializers.UUIDField(source="backtest_id")
    sales_order = serializers.CharField(source="order.key")
    customer = serializers.CharField(source="order.payer.key")
    legal_entity = serializers.CharField(source="legal_entity_id")
    decision = serializers.UUIDField(allow_null=True)
    checkpoint = serializers.ChoiceField(choices=Document.choices)
    date = serializers.DateField()
    value = AmountField(currency="currency", allow_null=True)
    currency = serializers.CharField()
    stopped_now = FlagField()
    stopped_then = FlagField()
    otherwise = FlagField()
    released_now = FlagField()
    released_then = FlagField()
    became = serializers.ChoiceField(choices=BacktestRow.Became.choices)


class BacktestOrders(CollectionResource):
    """The orders behind the figures of backtests: ask for one backtest, and narrow it as a figure is made."""

    model = BacktestRow
    serializer_class = BacktestOrderSerializer
    rights = {"list": Action.VIEW_EXPOSURE}
    related = ("order__payer",)
    filters = {
        "backtest": by.uuid("backtest"),
        "sales_order": by.key("order", number="number"),
        "customer": by.key("order__payer"),
        "legal_entity": by.code("legal_entity"),
        "decision": by.uuid("decision"),
        "checkpoint": by.choice("checkpoint", Document),
        "date": by.day("date"),
        "value": by.amount("value"),
        "currency": by.code("currency"),
        "stopped_now": by.flag("stopped_now"),
        "stopped_then": by.flag("stopped_then"),
        "otherwise": by.flag("otherwise"),
        "released_now": by.flag("released_now"),
        "released_then": by.flag("released_then"),
        "became": by.choice("became", BacktestRow.Became),
    }
    orderings = {"value": "value", "date": "date"}
    default_ordering = ("-value",)

    def rows(self) -> QuerySet[Any]:
        """The orders of backtests that the caller may see."""
        seen = visible_backtests(self.actor)
        return super().rows().filter(backtest__in=seen)


def register(router: Router) -> None:
    """Add the resources."""
    router.register("backtests", Backtests)
    router.register("backtest-orders", BacktestOrders)
