"""`standing-forces`: customers whose new orders are put on forced hold until a day (`ux` 3.4)."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from customers.access import Action
from customers.edge import filters as by
from customers.edge.fields import CodeField, DayField, KeyField, StrictSerializer, TextField
from customers.edge.resources import refuse_parameters
from customers.edge.routing import Router
from customers.errors import NotFound
from holds.api.notes import OfCustomers
from holds.models import StandingForce
from holds.standing_forces import end_standing_force, force_new_orders


class StandingForceSerializer(StrictSerializer):
    """New orders of `customer` are put on forced hold on days before `until`, unless that has `ended_at`."""

    id = serializers.IntegerField(read_only=True)
    customer = KeyField(source="customer.key")
    reason = CodeField(source="reason.code")
    note = TextField(required=False, allow_blank=True, max_length=2000, default="")
    until = DayField()
    actor = serializers.CharField(read_only=True)
    actor_name = serializers.CharField(read_only=True)
    at = serializers.DateTimeField(read_only=True)
    ended_at = serializers.DateTimeField(read_only=True, allow_null=True)
    ended_by = serializers.CharField(read_only=True)
    ended_by_name = serializers.CharField(read_only=True)


class StandingForces(OfCustomers):
    """What was said of new orders, newest first; what has ended is kept."""

    model = StandingForce
    serializer_class = StandingForceSerializer
    rights = {"list": Action.VIEW_EXPOSURE, "create": Action.FORCE_HOLD, "end": Action.FORCE_HOLD}
    related = ("customer", "reason")
    filters = {
        "id": by.whole("pk"),
        "customer": by.key("customer"),
        "reason": by.text("reason__code"),
        "note": by.text("note"),
        "until": by.day("until"),
        "actor": by.text("actor"),
        "actor_name": by.text("actor_name"),
        "at": by.instant("at"),
        "ended_at": by.instant("ended_at"),
        "ended_by": by.text("ended_by"),
        "ended_by_name": by.text("ended_by_name"),
    }

    @extend_schema(request=StandingForceSerializer, responses={201: StandingForceSerializer})
    def create(self, request: Request) -> Response:
        """Stop new orders of a customer, too; what was said of it before ends."""
        given: dict[str, Any] = self.read()
        customer = self.customer(given["customer"])
        [made] = force_new_orders(
            customers=[customer.pk],
            reason=given["reason"],
            note=given["note"],
            until=given["until"],
            actor=self.actor,
            at=self.now,
            today=self.today_in,
        )
        return self._shown(made.pk, 201)

    @extend_schema(request=None, responses=StandingForceSerializer)
    @action(detail=True, methods=["post"])
    def end(self, request: Request, pk: str) -> Response:
        """Let new orders through again; holds that came of it stay."""
        refuse_parameters(request)
        found = self.rows().filter(pk=int(pk)).first() if pk.isdigit() and len(pk) < 18 else None
        if found is None:
            raise NotFound(f"Standing force {pk} was not found.")
        end_standing_force(id=found.pk, actor=self.actor, at=self.now)
        return self._shown(found.pk)

    def _shown(self, pk: int, status: int = 200) -> Response:
        return Response(StandingForceSerializer(self.rows().get(pk=pk)).data, status=status)


def register(router: Router) -> None:
    """Add the resource `standing-forces`."""
    router.register("standing-forces", StandingForces)
