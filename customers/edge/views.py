"""The base of every endpoint: one actor, one clock reading, input, answers, idempotency."""

import datetime as dt
from collections.abc import Mapping
from typing import Any, ClassVar, cast

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.functional import cached_property
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.views import APIView
from rest_framework.viewsets import ViewSetMixin

from customers import clock
from customers.access import Action, Actor
from customers.edge import idempotency
from customers.edge.authentication import actor_of
from customers.models import LegalEntity

UNDEMANDING = frozenset({"*/*", "application/json"})
_readers: dict[tuple[type[BaseSerializer[Any]], bool], BaseSerializer[Any]] = {}


def _reader_of(serializer_class: type[BaseSerializer[Any]], partial: bool) -> BaseSerializer[Any]:
    """One object for all calls: it holds the shape and no input, and making its fields costs more than reading."""
    known = _readers.get((serializer_class, partial))
    if known is None:
        known = _readers[serializer_class, partial] = serializer_class(partial=partial)
    return known


class ApiView(APIView):
    """An endpoint. `rights` names the right of every handler; see README.md."""

    rights: ClassVar[dict[str, Action]] = {}
    serializer_class: ClassVar[type[BaseSerializer[Any]]]

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """The framework's dispatch, with the handler called once per `Idempotency-Key`."""
        self.args, self.kwargs = args, kwargs
        self.request = self.initialize_request(request, *args, **kwargs)
        self.headers = self.default_response_headers
        try:
            self.initial(self.request, *args, **kwargs)
            handler = self._handler()
            response = idempotency.once(self.request, self.now, lambda: handler(self.request, *args, **kwargs))
        except Exception as problem:  # noqa: BLE001 - the handler raises again what it has no answer for
            response = self.handle_exception(problem)
        self.response = self.finalize_response(self.request, response, *args, **kwargs)
        return self.response

    def perform_content_negotiation(self, request: Request, force: bool = False) -> tuple[Any, str]:
        """The renderer and its media type. Nearly every call asks for JSON or for anything, and there is just JSON."""
        meta = request.META
        if meta.get("HTTP_ACCEPT", "*/*") in UNDEMANDING and not meta.get("QUERY_STRING"):
            renderer = self.renderer_classes[0]()
            return renderer, renderer.media_type
        chosen: tuple[Any, str] = super().perform_content_negotiation(request, force)
        return chosen

    def _handler(self) -> Any:
        name = (self.request.method or "").lower()
        return getattr(self, name, self.http_method_not_allowed)

    @cached_property
    def actor(self) -> Actor:
        """Who calls, with the grants that stand in the database now."""
        return actor_of(self.request)

    @cached_property
    def now(self) -> dt.datetime:
        """The instant of this call."""
        return clock.now()

    @cached_property
    def _time_zones(self) -> dict[str, str]:
        return dict(LegalEntity.objects.order_by().values_list("code", "time_zone"))

    def today_in(self, legal_entity: str) -> dt.date:
        """Today's business date in a legal entity (`domain 1`); UTC for one that does not exist (yet)."""
        return clock.today(self._time_zones.get(legal_entity, "UTC"))

    def read(
        self, serializer_class: type[BaseSerializer[Any]] | None = None, *, data: Any = None, partial: bool = False
    ) -> dict[str, Any]:
        """The body (or `data`), checked for shape and typed. Raises `ValidationError` (400)."""
        given = self.request.data if data is None else data
        if data is None and isinstance(given, Mapping) and not given:
            given = {}  # no body at all reads like an empty object
        if given is None:
            raise ValidationError({"non_field_errors": [ErrorDetail("No data provided", "null")]})
        return cast(
            dict[str, Any], _reader_of(serializer_class or self.serializer_class, partial).run_validation(given)
        )

    def answer(
        self,
        thing: Any,
        serializer_class: type[BaseSerializer[Any]] | None = None,
        *,
        status: int = 200,
        many: bool = False,
    ) -> Response:
        """`thing` as JSON."""
        serializer = (serializer_class or self.serializer_class)(thing, many=many, context={"view": self})
        return Response(serializer.data, status=status)


class ApiViewSet(ViewSetMixin, ApiView):
    """Several endpoints over one thing; `rights` is keyed by handler: `list`, `retrieve`, `release`."""
