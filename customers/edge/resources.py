"""Lists and objects by key, and resources that are fed through the import service."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Model, Q, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from customers.access import Action, scoped
from customers.edge import filters as by
from customers.edge import paging
from customers.edge.fields import CODE, KEY, KEY_MESSAGE, StrictSerializer
from customers.edge.problems import field_errors
from customers.edge.views import ApiViewSet
from customers.errors import FieldError, InvalidInput, NotFound
from customers.imports import MOST_ROWS, RowResult, upsert
from customers.imports.engine import raise_failure

MANY_ROWS = 500
BULK_PATIENCE = "60s"

READ = {"list": Action.VIEW, "retrieve": Action.VIEW}
FEED = {
    "create": Action.FEED,
    "update": Action.FEED,
    "partial_update": Action.FEED,
    "bulk": Action.FEED,
}

FEED_BY_FIELD = {**READ, **FEED, "partial_update": Action.VIEW}
"""For resources with fields that take a right of their own: the import service asks for what the named fields take."""


def refuse_parameters(request: Request, *known: str) -> None:
    """Raise `InvalidInput` for query parameters other than `known`."""
    use = f"Use: {', '.join(known)}." if known else "This address takes none."
    strange = [name for name in request.query_params if name not in known]
    if strange:
        raise InvalidInput(
            FieldError(name, "unknown_parameter", f"There is no such parameter. {use}") for name in strange
        )


class CollectionResource(ApiViewSet):
    """A list. Subclasses declare; see README.md."""

    model: ClassVar[type[Model]]
    rights: ClassVar[dict[str, Action]] = READ
    filters: ClassVar[Mapping[str, by.Filter]] = {}
    orderings: ClassVar[Mapping[str, str]] = {}
    default_ordering: ClassVar[Sequence[str]] = ()
    unique: ClassVar[str] = "pk"
    scope_path: ClassVar[str | None] = "legal_entity"
    """The path to the legal entity; None for what all entities share."""
    with_shared: ClassVar[bool] = False
    """Whether rows without a legal entity belong to all."""
    related: ClassVar[Sequence[str]] = ()
    prefetched: ClassVar[Sequence[str]] = ()

    def rows(self) -> QuerySet[Any]:
        """What the caller may see."""
        queryset: QuerySet[Any] = self.model._default_manager.all()
        if self.related:
            queryset = queryset.select_related(*self.related)
        if self.prefetched:
            queryset = queryset.prefetch_related(*self.prefetched)
        if self.scope_path is None:
            return queryset
        return scoped(queryset, self.actor, self.rights["list"], path=self.scope_path, shared=self.with_shared)

    def list(self, request: Request) -> Response:
        """The rows that the caller may see, a page at a time."""
        queryset = by.apply(self.rows(), self.filters, request.query_params)
        ordering = paging.Ordering(self.orderings, self.default_ordering, self.unique)
        rows, links = paging.page_of(request, queryset, ordering)
        return Response({"results": self.represent(rows), **links})

    def represent(self, rows: Sequence[Any]) -> Any:
        """`rows` as JSON."""
        return self.serializer_class(rows, many=True, context={"view": self}).data


class ListResource(CollectionResource):
    """A list and its objects."""

    lookup: ClassVar[str] = "key"
    """How objects are addressed: `key` (LE:NUMBER), `code`, or `uuid`."""
    number: ClassVar[str] = "number"
    """For `lookup = "key"`: the column of the key's second part."""
    lookup_field = "key"
    lookup_value_regex = "[^/]+"

    def by_key(self, key: str) -> Q:
        """The condition that finds the object of `key`. Raises `NotFound` for what cannot be a key."""
        if self.lookup == "key" and KEY.fullmatch(key):
            entity, _, number = key.partition(":")
            return Q(**{"legal_entity": entity, self.number: number})
        if self.lookup == "code" and CODE.fullmatch(key):
            return Q(pk=key)
        if self.lookup == "uuid":
            try:
                return Q(pk=UUID(key))
            except ValueError:
                pass
        raise NotFound(f"{key} was not found.")

    def object_of(self, key: str) -> Any:
        """The object of `key` that the caller may see. Raises `NotFound`."""
        rows = self.rows().filter(self.by_key(key))
        found = next(iter(rows.order_by()[:1]), None)
        if found is None:
            raise NotFound(f"{key} was not found.")
        return found

    def retrieve(self, request: Request, key: str) -> Response:
        """One object."""
        refuse_parameters(request)
        return self.answer(self.object_of(key))


class ErrorSerializer(StrictSerializer):
    """One thing wrong with one field."""

    field = serializers.CharField()
    code = serializers.CharField()
    message = serializers.CharField()


class RowResultSerializer(StrictSerializer):
    """What became of one object of a bulk call."""

    index = serializers.IntegerField()
    key = serializers.CharField(allow_null=True)
    status = serializers.ChoiceField(choices=["created", "updated", "unchanged", "failed"])
    errors = ErrorSerializer(many=True)  # type: ignore[assignment]


class BulkResultSerializer(StrictSerializer):
    """What became of a bulk call."""

    created = serializers.IntegerField()
    updated = serializers.IntegerField()
    unchanged = serializers.IntegerField()
    failed = serializers.IntegerField()
    results = RowResultSerializer(many=True)


class FedCollection(CollectionResource):
    """A collection that is fed: `POST bulk` through the import service."""

    resource: ClassVar[str]
    """Its name in `customers.imports`, which is its path."""
    rights: ClassVar[dict[str, Action]] = {**READ, **FEED}
    input_class: ClassVar[type[BaseSerializer[Any]] | None] = None
    """The shape of input, where it is not that of output."""

    def feed(self, rows: Sequence[Mapping[str, Any]], *, replace: bool, atomic: bool) -> Sequence[RowResult]:
        """Write rows; a higher room that must know of changes overrides this."""
        return upsert(self.resource, rows, actor=self.actor, today=self.today_in, replace=replace, atomic=atomic)

    def _feed(self, rows: Sequence[Mapping[str, Any]], *, replace: bool, atomic: bool) -> Sequence[RowResult]:
        if len(rows) <= MANY_ROWS:
            return self.feed(rows, replace=replace, atomic=atomic)
        with transaction.atomic(), connection.cursor() as cursor:
            # Working out thousands of rows takes longer than a session may otherwise sit in a transaction.
            cursor.execute("SET LOCAL idle_in_transaction_session_timeout = %s", [BULK_PATIENCE])
            return self.feed(rows, replace=replace, atomic=atomic)

    @extend_schema(responses=BulkResultSerializer)
    @action(detail=False, methods=["post"])
    def bulk(self, request: Request) -> Response:
        """Up to 10,000 objects, each with its key; reports per object. With `?atomic=true` all or nothing."""
        atomic = self._atomic(request)
        rows = request.data
        if not isinstance(rows, list):
            raise InvalidInput.of("", "invalid", "Send a JSON list of objects.")
        if len(rows) > MOST_ROWS:
            raise InvalidInput.of(
                "", "too_many", f"Send at most {MOST_ROWS:,} objects in one call; these are {len(rows):,}."
            )
        results = self.bring_in(rows, atomic=atomic)
        if atomic and any(result.errors for result in results):
            raise InvalidInput(_located(results))
        return Response(_report(results))

    def _atomic(self, request: Request) -> bool:
        refuse_parameters(request, "atomic")
        word = request.query_params.get("atomic", "false")
        if word not in {"true", "false"}:
            raise InvalidInput.of("atomic", "invalid", "Give true or false.")
        return word == "true"

    def bring_in(self, rows: Sequence[Any], *, atomic: bool) -> Sequence[RowResult]:
        """Read rows as they were sent, and write them.

        Results by index: of shape where that is wrong already, of the import service for the others."""
        serializer = (self.input_class or self.serializer_class)()
        results: dict[int, RowResult] = {}
        good: dict[int, dict[str, Any]] = {}
        for index, row in enumerate(rows):
            try:
                good[index] = serializer.run_validation(row)
            except serializers.ValidationError as problem:
                key = row.get("key") if isinstance(row, dict) and isinstance(row.get("key"), str) else None
                results[index] = RowResult(index, key, "failed", tuple(field_errors(problem.detail)))
        if not (atomic and results):
            fed = self._feed(list(good.values()), replace=True, atomic=atomic)
            for index, result in zip(good, fed, strict=True):
                results[index] = RowResult(index, result.key, result.status, result.errors, result.changed)
        return [results[index] for index in sorted(results)]


class KeyedResource(FedCollection, ListResource):
    """A resource that is fed by key too: `PUT` and `PATCH`."""

    def update(self, request: Request, key: str) -> Response:
        """Create or replace: safe to repeat. Left-out fields get their defaults, except what is ours."""
        return self._write(request, key, replace=True)

    def partial_update(self, request: Request, key: str) -> Response:
        """Change the fields that are named."""
        return self._write(request, key, replace=False)

    def _write(self, request: Request, key: str, *, replace: bool) -> Response:
        refuse_parameters(request)
        self._refuse_bad_key(key)
        row = self.read(self.input_class, partial=not replace)
        if row.get("key", key) != key:
            raise InvalidInput.of("key", "key_mismatch", f"The address says {key}, the body says {row['key']}.")
        [result] = self._feed([{**row, "key": key}], replace=replace, atomic=True)
        raise_failure(self.resource, result)
        return self.answer(self.object_of(key), status=201 if result.status == "created" else 200)

    def _refuse_bad_key(self, key: str) -> None:
        if self.lookup == "key" and not KEY.fullmatch(key):
            raise InvalidInput.of("key", "invalid_key", KEY_MESSAGE)


def _located(results: Sequence[RowResult]) -> list[FieldError]:
    """The errors of all objects, each with the number of its object in its path."""
    return [
        FieldError(f"[{result.index}]{'.' + error.field if error.field else ''}", error.code, error.message)
        for result in results
        for error in result.errors
        if error.code != "not_written"
    ]


def _report(results: Sequence[RowResult]) -> dict[str, Any]:
    counts = dict.fromkeys(("created", "updated", "unchanged", "failed"), 0)
    for result in results:
        counts[result.status] += 1
    return {
        **counts,
        "results": [
            {
                "index": result.index,
                "key": result.key,
                "status": result.status,
                "errors": [
                    {"field": error.field, "code": error.code, "message": error.message} for error in result.errors
                ],
            }
            for result in results
        ],
    }
