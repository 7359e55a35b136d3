"""The outgoing event feed, which consumers pull in order, at least once (`api.md` events)."""

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from customers import outbox
from customers.access import Action, scoped
from customers.edge.fields import CodeField, JsonField, StrictSerializer, TextField
from customers.edge.paging import page_size
from customers.edge.routing import Router
from customers.edge.views import ApiView
from customers.errors import FieldError, InvalidInput
from customers.models import OutboxEvent

PARAMETERS = ("after", "page_size")


class EventSerializer(StrictSerializer):
    """A fact; `key` names it, so that a consumer recognises one that comes twice."""

    sequence = serializers.IntegerField()
    type = TextField()
    key = TextField()
    legal_entity = CodeField(source="legal_entity_id", allow_null=True)
    subject = TextField(help_text="business key of the order or customer")
    at = serializers.DateTimeField()
    data = JsonField()  # type: ignore[assignment]


class EventPageSerializer(StrictSerializer):
    """Events in order; ask on with the last `sequence`. `next` is null when there is nothing more for now."""

    results = EventSerializer(many=True)
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)


class Events(ApiView):
    """Events after a sequence number, of the caller's legal entities."""

    rights = {"get": Action.VIEW_EVENTS}
    serializer_class = EventPageSerializer

    @extend_schema(
        parameters=[
            OpenApiParameter("after", int, description="The last sequence number that was taken; 0 for all."),
            OpenApiParameter("page_size", int, description="1 to 500; 50 unasked."),
        ]
    )
    def get(self, request: Request) -> Response:
        """The events after `after`."""
        after, size = self._after(request), page_size(request)
        mine = scoped(OutboxEvent.objects.filter(sequence__gt=after), self.actor, Action.VIEW_EVENTS)
        rows = list(outbox.settled(mine).order_by("sequence")[: size + 1])
        more, rows = len(rows) > size, rows[:size]
        last = rows[-1].sequence if rows else after
        address = request.build_absolute_uri(f"{request.path}?after={last}&page_size={size}") if more else None
        page: dict[str, Any] = {"results": rows, "next": address, "previous": None}
        return self.answer(page)

    @staticmethod
    def _after(request: Request) -> int:
        unknown = [name for name in request.query_params if name not in PARAMETERS]
        if unknown:
            raise InvalidInput(
                FieldError(name, "unknown_parameter", f"There is no such parameter. Use: {', '.join(PARAMETERS)}.")
                for name in unknown
            )
        word = request.query_params.get("after", "0")
        if not (word.isascii() and word.isdigit() and len(word) <= 18):
            raise InvalidInput.of("after", "invalid", "Give the sequence number of an event, or 0.")
        return int(word)


def register(router: Router) -> None:
    """Add the feed."""
    router.add("events", Events)
