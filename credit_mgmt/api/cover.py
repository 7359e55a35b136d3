"""Insurance policies and guarantees, their types, and what insurances cover (`api.md` Resources, `domain 2`)."""

import uuid

from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from credit_mgmt.cover import remove_policy, save_policy
from credit_mgmt.cover.rows import CoverageTypes, Policies, PolicyTypes
from credit_mgmt.models import CoverageType, CoverPolicy, PolicyType
from credit_mgmt.models.cover import CoverKind
from customers.access import Action
from customers.api.reference import CodedResource
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
)
from customers.edge.resources import KeyedResource
from customers.edge.routing import Router


class PolicyTypeSerializer(StrictSerializer):
    """A type of guarantee or of insurance."""

    code = CodeField(required=False)
    identifier = serializers.ChoiceField(choices=CoverKind.choices)
    description = TextField(required=False, allow_blank=True)


class CoverageTypeSerializer(StrictSerializer):
    """What an insurance covers."""

    code = CodeField(required=False)
    description = TextField(required=False, allow_blank=True)


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "half of an insurance raises the limit",
            value={
                "customer": "USMF:US-001",
                "identifier": "insurance",
                "type": "TURNOVER",
                "insurer": "ATLAS",
                "coverage_type": "DELIVERED",
                "identification": "P-7781",
                "effective_on": "2026-01-01",
                "expires_on": "2026-12-31",
                "value": "50000.00",
                "currency": "USD",
                "update_percent": "50",
                "included_in_exposure": False,
            },
            request_only=True,
        )
    ]
)
class PolicySerializer(StrictSerializer):
    """A policy or guarantee: it raises the customer's limit by a percentage of its value, or by a fixed amount."""

    id = serializers.UUIDField(required=False)
    customer = KeyField()
    identifier = serializers.ChoiceField(choices=CoverKind.choices, required=False)
    type = CodeField(source="type_id")
    insurer = CodeField(source="insurer_id", required=False, allow_null=True)
    coverage_type = CodeField(source="coverage_type_id", required=False, allow_null=True)
    identification = TextField(required=False, allow_blank=True)
    effective_on = DayField()
    expires_on = DayField()
    value = AmountField(currency="currency_id")
    currency = CodeField(source="currency_id")
    update_percent = NumberField(required=False, allow_null=True)
    update_amount = AmountField(currency="currency_id", required=False, allow_null=True)
    included_in_exposure = FlagField(required=False)


class PolicyTypeResource(CodedResource):
    """Types of guarantees and of insurances, shared by all legal entities."""

    model = PolicyType
    resource = PolicyTypes.name
    serializer_class = PolicyTypeSerializer
    filters = {
        "code": by.code("pk"),
        "identifier": by.choice("identifier", CoverKind),
        "description": by.text("description"),
    }
    orderings = {"code": "code", "identifier": "identifier"}


class CoverageTypeResource(CodedResource):
    """What insurances cover, shared by all legal entities."""

    model = CoverageType
    resource = CoverageTypes.name
    serializer_class = CoverageTypeSerializer
    filters = {"code": by.code("pk"), "description": by.text("description")}
    orderings = {"code": "code"}


class PolicyResource(KeyedResource):
    """Insurance policies and guarantees of the customers whose exposure the caller may see."""

    model = CoverPolicy
    resource = Policies.name
    serializer_class = PolicySerializer
    lookup = "uuid"
    scope_path = "customer__legal_entity"
    related = ("customer",)
    rights = {
        "list": Action.VIEW_EXPOSURE,
        "retrieve": Action.VIEW_EXPOSURE,
        "create": Action.EDIT_INSURANCE,
        "update": Action.EDIT_INSURANCE,
        "partial_update": Action.EDIT_INSURANCE,
        "bulk": Action.EDIT_INSURANCE,
        "destroy": Action.EDIT_INSURANCE,
    }
    filters = {
        "id": by.uuid("pk"),
        "customer": by.key("customer"),
        "identifier": by.choice("identifier", CoverKind),
        "type": by.code("type"),
        "insurer": by.code("insurer"),
        "coverage_type": by.code("coverage_type"),
        "identification": by.text("identification"),
        "effective_on": by.day("effective_on"),
        "expires_on": by.day("expires_on"),
        "value": by.amount("value"),
        "currency": by.code("currency"),
        "update_percent": by.amount("update_percent"),
        "update_amount": by.amount("update_amount"),
        "included_in_exposure": by.flag("included_in_exposure"),
    }
    orderings = {"effective_on": "effective_on", "expires_on": "expires_on", "value": "value"}
    default_ordering = ("expires_on",)

    @extend_schema(responses={201: PolicySerializer})
    def create(self, request: Request) -> Response:
        """A new policy; one that names its own id may be sent again with PUT."""
        values = self.read()
        policy = save_policy(values=values, actor=self.actor, policy=values.get("id"))
        return self.answer(self.object_of(str(policy.pk)), status=201)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, key: str) -> Response:
        """Remove a policy that was entered by mistake; the record of its changes stays. End others by `expires_on`."""
        found: uuid.UUID = self.object_of(key).pk
        remove_policy(policy=found, actor=self.actor)
        return Response(status=204)


def register(router: Router) -> None:
    """Add the resources."""
    for resource in (PolicyTypeResource, CoverageTypeResource, PolicyResource):
        router.register(resource.resource, resource)
