"""`schedules`: what runs by itself, and how often (`ux.md` 3.14)."""

import datetime as dt
from dataclasses import replace
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from customers import jobs
from customers.access import Action
from customers.edge.fields import FlagField, StrictSerializer, TextField, WholeField
from customers.edge.resources import refuse_parameters
from customers.edge.routing import Router
from customers.edge.views import ApiViewSet
from customers.errors import InvalidInput, NotFound
from customers.jobs.schedules import Planned


class ScheduleSerializer(StrictSerializer):
    """A schedule; one that runs once a day (1440 minutes) runs `at` a time in `time_zone`."""

    name = TextField(read_only=True, source="schedule.name")
    description = TextField(read_only=True, source="schedule.description")
    on = FlagField()
    every_minutes = WholeField(min_value=1)
    at = serializers.TimeField(allow_null=True)
    time_zone = TextField(allow_blank=True, max_length=60)
    next_at = serializers.DateTimeField(read_only=True)
    changed = TextField(read_only=True)

    def to_representation(self, instance: Planned) -> dict[str, Any]:
        """With the minutes of how often."""
        return {
            "name": instance.schedule.name,
            "description": instance.schedule.description,
            "on": instance.on,
            "every_minutes": int(instance.every.total_seconds() // 60),
            "at": instance.at.isoformat() if instance.at else None,
            "time_zone": instance.zone,
            "next_at": instance.next_at.isoformat() if instance.next_at else None,
            "changed": instance.changed,
        }


class Schedules(ApiViewSet):
    """What runs by itself, by name; in an address, spaces are hyphens."""

    serializer_class = ScheduleSerializer
    rights = {"list": Action.VIEW_JOBS, "partial_update": Action.SETUP}
    lookup_value_regex = "[a-z-]+"

    def list(self, request: Request) -> Response:
        """All of them; there are few."""
        refuse_parameters(request)
        return Response({"results": ScheduleSerializer(jobs.planned(self.now), many=True).data})

    @extend_schema(request=ScheduleSerializer, responses=ScheduleSerializer)
    def partial_update(self, request: Request, pk: str) -> Response:
        """Change when it runs; it takes the right to set up in all legal entities."""
        given = self.read(partial=True)
        known = {one.schedule.name.replace(" ", "-"): one for one in jobs.planned(self.now)}
        if pk not in known:
            raise NotFound(f"There is no schedule {pk!r}.")
        old = known[pk]
        every = dt.timedelta(minutes=given["every_minutes"]) if "every_minutes" in given else old.every
        try:
            jobs.change_schedule(
                name=old.schedule.name,
                on=given.get("on", old.on),
                every=every,
                at=given.get("at", old.at),
                zone=given.get("time_zone") or old.zone or "UTC",
                actor=self.actor,
                now=self.now,
            )
        except InvalidInput as problem:
            names = {"every": "every_minutes", "zone": "time_zone"}
            told = [replace(error, field=names.get(error.field, error.field)) for error in problem.errors]
            raise InvalidInput(told) from problem
        return Response(ScheduleSerializer(jobs.find_schedule(old.schedule.name, self.now)).data)


def register(router: Router) -> None:
    """Add the resource."""
    router.register("schedules", Schedules)
