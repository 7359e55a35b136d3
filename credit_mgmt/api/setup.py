"""Parameters (`api.md` Resources)."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.db import models
from django.db.models import Q
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from credit_mgmt.models import Parameters
from credit_mgmt.parameter_setup import DEFAULT, FIELDS, REASONS, find_parameters, parameter_values, save_parameters
from customers.access import Action, authorize
from customers.edge import filters as by
from customers.edge.fields import (
    CodeField,
    FlagField,
    NumberField,
    StrictSerializer,
    TextField,
    WholeField,
)
from customers.edge.resources import CollectionResource
from customers.edge.routing import Router
from customers.errors import NotFound
from customers.models import Document, LegalEntity


class CheckpointSerializer(StrictSerializer):
    """What is checked at a document; grace days null = none, 0 = until the end of that day."""

    document = serializers.ChoiceField(choices=Document.choices)
    posting = FlagField(required=False)
    grace_days = WholeField(required=False, allow_null=True)
    pro_forma = FlagField(required=False)
    pro_forma_grace_days = WholeField(required=False, allow_null=True)


def _field_of(name: str, column: models.Field[Any, Any]) -> serializers.Field[Any, Any, Any, Any]:
    """The shape of a parameter, as its column has it."""
    if name in REASONS:
        return CodeField(required=False, allow_null=True)
    if isinstance(column, models.BooleanField):
        return FlagField(required=False)
    if isinstance(column, models.DecimalField):
        return NumberField(required=False)
    if isinstance(column, models.IntegerField):
        return WholeField(required=False)
    if column.choices:
        return serializers.ChoiceField(choices=column.choices, required=False)
    return TextField(required=False)


def _filter_of(name: str, column: models.Field[Any, Any]) -> by.Filter:
    """How a parameter is asked for, as its column has it."""
    if name in REASONS:
        return by.code(f"{name}__code")
    if isinstance(column, models.BooleanField):
        return by.flag(name)
    if isinstance(column, models.DecimalField):
        return by.amount(name)
    if isinstance(column, models.IntegerField):
        return by.whole(name)
    if column.choices:
        values = [str(value) for value, _ in column.flatchoices]
        field = serializers.ChoiceField(choices=values)
        return by.Filter(name, field, {"type": "string", "enum": values}, nullable=False)
    return by.text(name)


class _EntityOrDefault(by.Filter):
    """A legal entity's row, or the default row."""

    def condition(self, values: Iterable[str]) -> Q:
        """Rows of any of `values`. Raises `ValidationError`."""
        read = [self.field.run_validation(value) for value in values]
        condition = Q(legal_entity__in=[code for code in read if code != DEFAULT])
        return condition | Q(legal_entity__isnull=True) if DEFAULT in read else condition


ParametersSerializer = type(
    "ParametersSerializer",
    (StrictSerializer,),
    {
        "__doc__": "Every parameter of a legal entity, or of the default row.",
        "__module__": __name__,
        "key": serializers.CharField(read_only=True),
        **{name: _field_of(name, column) for name, column in FIELDS.items()},
        "checkpoints": CheckpointSerializer(many=True, required=False),
    },
)


class ParameterResource(CollectionResource):
    """Parameters by legal entity, and the default row for those without their own."""

    model = Parameters
    serializer_class = ParametersSerializer
    rights = {
        "list": Action.VIEW,
        "retrieve": Action.VIEW,
        "update": Action.SETUP,
        "partial_update": Action.SETUP,
    }
    related = REASONS
    prefetched = ("checkpoints",)
    with_shared = True
    filters = {
        "key": _EntityOrDefault("legal_entity", CodeField(), {"type": "string"}, nullable=False),
        "legal_entity": by.code("legal_entity"),
        **{name: _filter_of(name, column) for name, column in FIELDS.items()},
    }
    orderings = {"legal_entity": "legal_entity_id"}
    default_ordering = ("legal_entity",)
    lookup_field = "key"
    lookup_value_regex = "[^/]+"

    def represent(self, rows: Any) -> Any:
        """The rows as JSON."""
        return [self._data(row.legal_entity_id or DEFAULT, row) for row in rows]

    def retrieve(self, request: Request, key: str) -> Response:
        """The parameters that hold for a legal entity: its own, or the default row's."""
        entity = self._entity(key)
        if entity is not None:
            authorize(self.actor, Action.VIEW, entity, f"Legal entity {key}")
        if entity is not None and not LegalEntity.objects.filter(pk=entity).exists():
            raise NotFound(f"There is no legal entity {key}.")
        return Response(self._data(key, find_parameters(entity)))

    @extend_schema(request=ParametersSerializer, responses=ParametersSerializer)
    def update(self, request: Request, key: str) -> Response:
        """Replace: what is left out gets the default row's value, or domain 10's in the default row."""
        return self._save(key, replace=True)

    @extend_schema(request=ParametersSerializer, responses=ParametersSerializer)
    def partial_update(self, request: Request, key: str) -> Response:
        """Change the parameters that are named; a legal entity without a row gets one with the default row's values."""
        return self._save(key, replace=False)

    def _save(self, key: str, *, replace: bool) -> Response:
        values: Mapping[str, Any] = self.read(partial=True)
        row = save_parameters(legal_entity=self._entity(key), values=values, actor=self.actor, replace=replace)
        return Response(self._data(key, row))

    def _entity(self, key: str) -> str | None:
        return None if key == DEFAULT else key

    def _data(self, key: str, row: Parameters) -> Any:
        return self.serializer_class({"key": key, **parameter_values(row)}, context={"view": self}).data


def register(router: Router) -> None:
    """Add the resources."""
    router.register("parameters", ParameterResource)
