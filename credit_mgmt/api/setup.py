"""Parameters and blocking rules (`api.md` Resources)."""

import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from django.db import models
from django.db.models import Q
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from credit_mgmt.api.serializers import DecisionSerializer, decision_data
from credit_mgmt.engine.rules import types
from credit_mgmt.masking import Mask
from credit_mgmt.models import BlockingRule, Parameters
from credit_mgmt.parameter_setup import DEFAULT, FIELDS, REASONS, find_parameters, parameter_values, save_parameters
from credit_mgmt.rule_setup import delete_rule, save_rule
from credit_mgmt.rule_tests import try_rule
from customers.access import Action, authorize
from customers.edge import filters as by
from customers.edge.fields import (
    AmountField,
    CodeField,
    DayField,
    FlagField,
    KeyField,
    NumberField,
    StrictSerializer,
    TextField,
    WholeField,
)
from customers.edge.resources import CollectionResource, ListResource
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


class RuleSerializer(StrictSerializer):
    """A blocking or exclusion rule; which values it takes depends on its type."""

    id = serializers.UUIDField(read_only=True)
    name = TextField(required=False, max_length=40, allow_blank=True)
    type = serializers.ChoiceField(choices=list(types))
    action = serializers.ChoiceField(choices=BlockingRule.Action.choices, required=False)
    valid_for = serializers.ChoiceField(choices=BlockingRule.ValidFor.choices, required=False)
    customer = KeyField(required=False, allow_null=True)
    credit_management_group = TextField(source="credit_management_group_id", required=False, allow_null=True)
    risk_group = serializers.CharField(source="no_risk_group", allow_null=True, default=None)
    days = WholeField(required=False, allow_null=True)
    amount = AmountField(currency="currency_id", required=False, allow_null=True)
    currency = CodeField(source="currency_id", required=False, allow_null=True)
    threshold_percent = NumberField(required=False, allow_null=True)
    threshold_amount = AmountField(currency="currency_id", required=False, allow_null=True)
    account_status = CodeField(source="account_status_id", required=False, allow_null=True)
    payment_terms = CodeField(source="payment_terms_id", required=False, allow_null=True)
    release_sales_order = FlagField(required=False)
    legal_entity = CodeField(source="legal_entity_id", required=False, allow_null=True)
    active = FlagField(required=False)
    valid_from = DayField(required=False, allow_null=True)
    valid_to = DayField(required=False, allow_null=True)


class RuleTestSerializer(StrictSerializer):
    """The order to try a rule on."""

    order = KeyField()
    document = serializers.ChoiceField(choices=Document.choices, required=False)


class RuleResource(ListResource):
    """Rules of the caller's legal entities, and those of all."""

    model = BlockingRule
    serializer_class = RuleSerializer
    lookup = "uuid"
    with_shared = True
    rights = {
        "list": Action.VIEW,
        "retrieve": Action.VIEW,
        "create": Action.SETUP,
        "update": Action.SETUP,
        "partial_update": Action.SETUP,
        "destroy": Action.SETUP,
        "test": Action.VIEW_EXPOSURE,
    }
    related = ("customer",)
    filters = {
        "id": by.uuid("pk"),
        "name": by.text("name"),
        "type": by.choice("type", BlockingRule.Type),
        "action": by.choice("action", BlockingRule.Action),
        "valid_for": by.choice("valid_for", BlockingRule.ValidFor),
        "customer": by.key("customer"),
        "credit_management_group": by.text("credit_management_group"),
        "currency": by.code("currency"),
        "account_status": by.code("account_status"),
        "payment_terms": by.code("payment_terms"),
        "days": by.whole("days"),
        "amount": by.amount("amount"),
        "threshold_percent": by.amount("threshold_percent"),
        "threshold_amount": by.amount("threshold_amount"),
        "release_sales_order": by.flag("release_sales_order"),
        "legal_entity": by.code("legal_entity"),
        "active": by.flag("active"),
        "valid_from": by.day("valid_from"),
        "valid_to": by.day("valid_to"),
    }
    orderings = {"name": "name", "type": "type", "legal_entity": "legal_entity"}
    default_ordering = ("name",)

    @extend_schema(responses={201: RuleSerializer})
    def create(self, request: Request) -> Response:
        """A new rule."""
        rule = save_rule(values=self.read(), actor=self.actor)
        return self.answer(self.object_of(str(rule.pk)), status=201)

    def update(self, request: Request, key: str) -> Response:
        """Replace the rule: what is left out gets its default."""
        return self._save(key, replace=True)

    def partial_update(self, request: Request, key: str) -> Response:
        """Change the fields that are named."""
        return self._save(key, replace=False)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, key: str) -> Response:
        """Remove the rule; decisions that used it keep it."""
        delete_rule(rule=self._id(key), actor=self.actor)
        return Response(status=204)

    @extend_schema(request=RuleTestSerializer, responses=DecisionSerializer)
    @action(detail=True, methods=["post"])
    def test(self, request: Request, key: str) -> Response:
        """What this rule alone would say of an order; nothing is stored."""
        values = self.read(RuleTestSerializer)
        decision = try_rule(rule=self._id(key), actor=self.actor, today=self.today_in, **values)
        return Response(
            decision_data(decision, Mask(self.actor), date=self.today_in(values["order"].partition(":")[0]))
        )

    def _save(self, key: str, *, replace: bool) -> Response:
        rule = save_rule(values=self.read(partial=not replace), actor=self.actor, rule=self._id(key), replace=replace)
        return self.answer(self.object_of(str(rule.pk)))

    def _id(self, key: str) -> uuid.UUID:
        """The id of a rule that the caller may see. Raises `NotFound`."""
        found: uuid.UUID = self.object_of(key).pk
        return found


def register(router: Router) -> None:
    """Add the resources."""
    router.register("parameters", ParameterResource)
    router.register("blocking-rules", RuleResource)
