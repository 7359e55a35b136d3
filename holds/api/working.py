"""`holds`: putting aside, waking, and taking back what was done; absences and cover (`api.md` Actions)."""

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from typing import Any

from django.contrib.auth import get_user_model
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from credit_mgmt.engine.fitting import identity
from customers.access import Action
from customers.edge.fields import CodeField, DayField, KeyField, StrictSerializer, TextField
from customers.edge.resources import refuse_parameters
from customers.edge.routing import Router
from customers.edge.views import ApiViewSet
from customers.errors import NotFound
from customers.money import amount_text
from customers.rates import minor_units
from holds import absences
from holds.api.holds import BulkAnswerSerializer, Holds, ManySerializer, answer_of
from holds.headroom import By, Fitting, Row, find_scope, fit_holds, reason_word
from holds.models import Absence
from holds.recent import can_undo, recent_acts, undo
from holds.snoozing import Wake, snooze_holds, wake_holds


class SnoozeSerializer(ManySerializer):
    """Until the morning of which day, and what ends it earlier; `versions` by id as they were looked at, optional."""

    until = DayField()
    wakes_on = serializers.ListField(
        child=serializers.ChoiceField(choices=[word.value for word in Wake]), required=False
    )
    versions = serializers.DictField(child=serializers.IntegerField(min_value=1), required=False)


class WakeSerializer(ManySerializer):
    """The holds to bring back."""

    versions = serializers.DictField(child=serializers.IntegerField(min_value=1), required=False)


class ActSerializer(StrictSerializer):
    """What the caller did at one moment, to one hold or to many."""

    type = serializers.CharField()
    at = serializers.DateTimeField()
    holds = serializers.ListField(child=serializers.UUIDField())
    can_undo = serializers.BooleanField()


class UndoSerializer(StrictSerializer):
    """The moment of the act, as `recent` says it."""

    at = serializers.DateTimeField()


class AbsenceSerializer(StrictSerializer):
    """When a person is away, both days included, and who covers."""

    user = serializers.CharField(source="user.username", read_only=True)
    starts_on = DayField()
    ends_on = DayField()
    covered_by = TextField(source="covered_by.username")


class FitSerializer(StrictSerializer):
    """Of whom, in which order they are tried, what is expected, and which reasons a person sets aside (`type:rule`)."""

    customer = KeyField(required=False)
    credit_group = CodeField(required=False)
    by = serializers.ChoiceField(choices=[word.value for word in By], required=False, default=By.SHIP.value)
    receipt = serializers.DecimalField(max_digits=18, decimal_places=4, min_value=0, required=False)
    aside = serializers.ListField(child=TextField(), required=False, max_length=50)


class FitRowSerializer(StrictSerializer):
    """A hold that was tried; amounts in the currency of the answer."""

    id = serializers.UUIDField(source="hold.pk")
    number = serializers.CharField(source="hold.number")
    sales_order = serializers.CharField(source="hold.order.key")
    fits = serializers.BooleanField()
    amount = serializers.CharField(allow_null=True)
    running_total = serializers.CharField(source="running")
    short = serializers.CharField(allow_null=True)
    held_by = serializers.SerializerMethodField()

    def get_held_by(self, row: Row) -> list[str]:
        """The other reasons that hold it, as they are set aside."""
        return [":".join(identity(reason)) for reason in row.against]


class FittingSerializer(StrictSerializer):
    """What fits; `free` and `left` null where no limit is tested."""

    currency = serializers.CharField()
    free = serializers.CharField(allow_null=True)
    to_place = serializers.CharField(allow_null=True)
    total = serializers.CharField()
    left = serializers.CharField(allow_null=True)
    chosen = serializers.ListField(child=serializers.UUIDField())
    rows = FitRowSerializer(many=True)
    left_out = serializers.ListField(child=serializers.UUIDField())


class WorkedHolds(Holds):
    """The holds of the caller's legal entities, and working on them."""

    rights = {
        **Holds.rights,
        "snooze": Action.WORK_HOLDS,
        "wake": Action.WORK_HOLDS,
        "fit": Action.VIEW_EXPOSURE,
        "recent": Action.VIEW,
        "undo": Action.VIEW,
    }

    @extend_schema(request=SnoozeSerializer, responses=BulkAnswerSerializer)
    @action(detail=False, methods=["post"])
    def snooze(self, request: Request) -> Response:
        """Put many aside until a day: they wake by themselves, earlier when something of `wakes_on` happens."""
        given = self.read(SnoozeSerializer)
        return answer_of(snooze_holds(actor=self.actor, at=self.now, today=self.today_in, **given))

    @extend_schema(request=WakeSerializer, responses=BulkAnswerSerializer)
    @action(detail=False, methods=["post"])
    def wake(self, request: Request) -> Response:
        """Bring snoozed holds back now."""
        return answer_of(wake_holds(actor=self.actor, at=self.now, **self.read(WakeSerializer)))

    @extend_schema(request=FitSerializer, responses=FittingSerializer)
    @action(detail=False, methods=["post"])
    def fit(self, request: Request) -> Response:
        """Which holds of a customer or a credit group the free limit carries; a question, nothing changes."""
        given = self.read(FitSerializer)
        scope = find_scope(given.get("customer", ""), given.get("credit_group", ""), self.actor)
        found = fit_holds(
            scope,
            by=By(given["by"]),
            receipt=given.get("receipt") or Decimal(0),
            aside=tuple(reason_word(word) for word in given.get("aside", ())),
            actor=self.actor,
            today=self.today_in,
        )
        units = minor_units()[scope.currency]
        return Response(FittingSerializer(_in_text(found, scope.currency, units)).data)

    @extend_schema(responses=ActSerializer(many=True))
    @action(detail=False, methods=["get"])
    def recent(self, request: Request) -> Response:
        """What the caller did last, newest first, and what of it can be taken back."""
        refuse_parameters(request)
        acts = [
            {
                "type": act.type,
                "at": act.at,
                "holds": [event.hold_id for event in act.events],
                "can_undo": can_undo(act, self.now),
            }
            for act in recent_acts(actor=self.actor)
        ]
        return Response({"results": ActSerializer(acts, many=True).data})

    @extend_schema(request=UndoSerializer, responses=BulkAnswerSerializer)
    @action(detail=False, methods=["post"])
    def undo(self, request: Request) -> Response:
        """Take back what the caller did at a moment, within 15 minutes, hold by hold."""
        moment: dt.datetime = self.read(UndoSerializer)["at"]
        return answer_of(undo(moment=moment, actor=self.actor, at=self.now))


def _in_text(found: Fitting, currency: str, units: int) -> dict[str, Any]:
    """What was found, with amounts as the API writes them."""

    def text(amount: Decimal | None) -> str | None:
        return None if amount is None else amount_text(amount, units)

    amounts = {name: text(getattr(found, name)) for name in ("free", "to_place", "total", "left")}
    rows = [
        replace(row, amount=text(row.amount), running=text(row.running), short=text(row.short))  # type: ignore[arg-type]
        for row in found.rows
    ]
    return {
        "currency": currency,
        **amounts,
        "chosen": [row.hold.pk for row in found.chosen],
        "rows": rows,
        "left_out": [hold.pk for hold in found.left_out],
    }


class Absences(ApiViewSet):
    """Absences by user name: everybody sets their own, a credit manager also those of colleagues."""

    serializer_class = AbsenceSerializer
    lookup_field = "user"
    lookup_value_regex = "[^/]+"
    rights = {"retrieve": Action.VIEW, "update": Action.WORK_HOLDS, "destroy": Action.WORK_HOLDS}

    def retrieve(self, request: Request, user: str) -> Response:
        """When the person is away."""
        refuse_parameters(request)
        return self.answer(_absence(user))

    @extend_schema(request=AbsenceSerializer, responses=AbsenceSerializer)
    def update(self, request: Request, user: str) -> Response:
        """Say when the person is away and who covers; replaces what was said."""
        given: dict[str, Any] = self.read()
        absences.set_absence(user=user, actor=self.actor, today=self.today_in(""), **given)
        return self.answer(_absence(user))

    def destroy(self, request: Request, user: str) -> Response:
        """The person is not away."""
        absences.end_absence(user=user, actor=self.actor)
        return Response(status=204)


def _absence(user: str) -> Absence:
    person = get_user_model().objects.filter(username=user).first()
    absence = Absence.objects.filter(user=person).select_related("user", "covered_by").first() if person else None
    if absence is None:
        raise NotFound(f"{user} is not away.")
    return absence


def register(router: Router) -> None:
    """Add to the resource `holds`, and the resource `absences`."""
    router.register("holds", WorkedHolds)
    router.register("absences", Absences)
