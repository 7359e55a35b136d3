"""`sales-orders`: forcing many, with what becomes of each before (`api.md` Actions, `ux` 3.4)."""

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from customers.access import Action
from customers.edge.fields import CodeField, DayField, FlagField, KeyField, StrictSerializer, TextField
from customers.edge.routing import Router
from holds.api.orders import SalesOrderActions
from holds.each import failing
from holds.force_many import WHILE_WAITING, Aim, effects_of, force_chosen, orders_of


class ForceManySerializer(StrictSerializer):
    """Which orders, why, and until when; with `preview` nothing happens. More than 200 orders are a job."""

    sales_orders = serializers.ListField(child=KeyField(), min_length=1, max_length=WHILE_WAITING)
    reason = CodeField(required=False)
    note = TextField(required=False, allow_blank=True, max_length=2000)
    until = DayField(required=False, allow_null=True)
    preview = FlagField(required=False, default=False)


class EffectSerializer(StrictSerializer):
    """What becomes of an order."""

    sales_order = serializers.CharField(source="order.key")
    possible = serializers.BooleanField()
    refused = serializers.CharField()
    stops_before = serializers.CharField(source="before")
    hold = serializers.UUIDField(source="hold.pk", allow_null=True, default=None)


class OrderFailureSerializer(StrictSerializer):
    """An order with which it did not work, and why."""

    id = serializers.CharField()
    code = serializers.CharField()
    message = serializers.CharField()


class ForcedAnswerSerializer(StrictSerializer):
    """What became of each order, or with `preview` would."""

    succeeded = serializers.ListField(child=serializers.CharField())
    failed = OrderFailureSerializer(many=True)
    preview = EffectSerializer(many=True)


class ForcedSalesOrders(SalesOrderActions):
    """Orders of the caller's legal entities, and what can be done with them."""

    rights = {**SalesOrderActions.rights, "force_many": Action.FORCE_HOLD}

    @extend_schema(request=ForceManySerializer, responses=ForcedAnswerSerializer)
    @action(detail=False, methods=["post"], url_path="force-hold")
    def force_many(self, request: Request) -> Response:
        """Put many orders on hold by force: each succeeds or fails on its own."""
        given = self.read(ForceManySerializer)
        keys = list(dict.fromkeys(given.pop("sales_orders")))
        preview = given.pop("preview")
        found = orders_of(Aim(sales_orders=tuple(keys)), self.actor.entities(Action.FORCE_HOLD))
        by_key = {order.key: order for order in found}
        unknown = [
            {"id": key, "code": "not_found", "message": f"Order {key} was not found."}
            for key in keys
            if key not in by_key
        ]
        if preview:
            effects = effects_of(by_key.values())
            return self._said([], unknown, list(EffectSerializer(effects, many=True).data))
        names = {order.pk: key for key, order in by_key.items()}
        options = {"reason": given.pop("reason", None), **given}
        result = force_chosen(orders=list(names), actor=self.actor, at=self.now, today=self.today_in, **options)
        failed = [(names[order], *failing(error)) for order, error in result.failed.items()]
        told = [{"id": key, "code": code, "message": message} for key, code, message in failed]
        return self._said([names[order] for order in result.forced], told + unknown, [])

    def _said(self, succeeded: list[str], failed: list[dict[str, str]], preview: list[object]) -> Response:
        return Response({"succeeded": succeeded, "failed": failed, "preview": preview})


def register(router: Router) -> None:
    """Add to the resource `sales-orders`."""
    router.register("sales-orders", ForcedSalesOrders)
