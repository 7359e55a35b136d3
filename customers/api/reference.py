"""Reference data: legal entities, currencies, rates, terms, labels, reasons, parties (`api.md` Resources)."""

from typing import ClassVar

from django.db.models import Q
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from customers import setup
from customers.access import Action
from customers.edge import filters as by
from customers.edge.fields import (
    CODE,
    CodeField,
    DayField,
    FlagField,
    NumberField,
    StrictSerializer,
    TextField,
    WholeField,
)
from customers.edge.resources import FedCollection, KeyedResource, refuse_parameters
from customers.edge.routing import Router
from customers.errors import NotFound
from customers.imports.engine import raise_failure
from customers.models import (
    AccountStatus,
    CashDiscount,
    CreditManagementGroup,
    Currency,
    ExchangeRate,
    LegalEntity,
    Party,
    PaymentTerms,
    Reason,
)

MOST_CHANGES = 100


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "a company",
            value={"name": "Contoso US", "accounting_currency": "USD", "time_zone": "America/New_York"},
            request_only=True,
        )
    ]
)
class LegalEntitySerializer(StrictSerializer):
    """A company of the group."""

    code = CodeField(required=False)
    name = TextField()
    accounting_currency = CodeField(source="accounting_currency_id")
    time_zone = TextField(required=False)


class CurrencySerializer(StrictSerializer):
    """A currency and its decimals."""

    code = CodeField(required=False)
    minor_units = WholeField(required=False)


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "one euro in dollars",
            value={"from_currency": "EUR", "to_currency": "USD", "rate": "1.0842", "valid_from": "2026-01-01"},
            request_only=True,
        )
    ]
)
class ExchangeRateSerializer(StrictSerializer):
    """One unit of `from_currency` is worth `rate` of `to_currency` from `valid_from` on."""

    rate_type = TextField(required=False)
    from_currency = CodeField(source="from_currency_id")
    to_currency = CodeField(source="to_currency_id")
    rate = NumberField()
    valid_from = DayField()


class PaymentTermsSerializer(StrictSerializer):
    """Terms of payment; a higher rank is easier for the customer."""

    code = CodeField(required=False)
    description = TextField(required=False, allow_blank=True)
    net_days = WholeField(required=False)
    rank = WholeField(required=False, allow_null=True)
    uses_credit = FlagField(required=False)
    open = FlagField(required=False)


class CashDiscountSerializer(StrictSerializer):
    """A cash (settlement) discount; a higher rank is easier for the customer."""

    code = CodeField(required=False)
    description = TextField(required=False, allow_blank=True)
    percent = NumberField(required=False)
    rank = WholeField(required=False, allow_null=True)
    open = FlagField(required=False)


class CreditManagementGroupSerializer(StrictSerializer):
    """A label on a customer that aims rules and scores."""

    code = CodeField(required=False)
    description = TextField(required=False, allow_blank=True)
    open = FlagField(required=False)


class AccountStatusSerializer(StrictSerializer):
    """A label for a customer's standing."""

    code = CodeField(required=False)
    description = TextField(required=False, allow_blank=True)
    processing_hold = serializers.ChoiceField(choices=AccountStatus.ProcessingHold.choices, required=False)
    open = FlagField(required=False)


@extend_schema_serializer(
    examples=[OpenApiExample("a reason of all entities", value={"description": "Approved by phone"}, request_only=True)]
)
class ReasonSerializer(StrictSerializer):
    """A reason code; `legal_entity` null makes it everybody's."""

    key = TextField(required=False)
    type = serializers.ChoiceField(choices=Reason.Type.choices, required=False)
    code = CodeField(required=False)
    description = TextField(required=False, allow_blank=True)
    legal_entity = CodeField(source="legal_entity_id", required=False, allow_null=True)
    customer_wording = TextField(required=False, allow_blank=True)
    requires_note = FlagField(required=False)
    open = FlagField(required=False)


class PartySerializer(StrictSerializer):
    """A real-world organisation."""

    number = CodeField(required=False)
    name = TextField()
    country = TextField(required=False, allow_blank=True)


class CodedResource(KeyedResource):
    """Reference data keyed by a code, shared by all legal entities."""

    lookup = "code"
    scope_path: ClassVar[str | None] = None


class LegalEntities(CodedResource):
    """The companies in which the caller may see anything."""

    model = LegalEntity
    resource = "legal-entities"
    serializer_class = LegalEntitySerializer
    scope_path = "pk"
    filters = {
        "code": by.code("pk"),
        "name": by.text("name"),
        "accounting_currency": by.code("accounting_currency"),
        "time_zone": by.text("time_zone"),
    }
    orderings = {"code": "code", "name": "name"}


class Currencies(CodedResource):
    """Currencies."""

    model = Currency
    resource = "currencies"
    serializer_class = CurrencySerializer
    filters = {"code": by.code("pk"), "minor_units": by.whole("minor_units")}
    orderings = {"code": "code", "minor_units": "minor_units"}


class SetupChangeSerializer(StrictSerializer):
    """A change of something that is set up: who made it, when, and the fields as they were and are."""

    version = serializers.IntegerField()
    at = serializers.DateTimeField()
    actor = serializers.CharField()
    actor_name = serializers.CharField()
    before = serializers.DictField()
    after = serializers.DictField()


class SetUp(KeyedResource):
    """What administrators set up: it can be deleted while nothing uses it, and its changes are kept."""

    rights: ClassVar[dict[str, Action]] = {**KeyedResource.rights, "destroy": Action.SETUP, "history": Action.VIEW}

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, key: str) -> Response:
        """Delete what nothing uses; `409 in_use` names what does, and then it can be closed: `open` false."""
        refuse_parameters(request)
        self.object_of(key)
        seen = setup.version_of(self.resource, key)
        setup.delete_record(kind=self.resource, key=key, seen=seen, actor=self.actor)
        return Response(status=204)

    @extend_schema(responses=SetupChangeSerializer(many=True))
    @action(detail=True, methods=["get"])
    def history(self, request: Request, key: str) -> Response:
        """The last hundred changes, newest first."""
        refuse_parameters(request)
        self.object_of(key)
        changes = setup.history_of(self.resource, key)[:MOST_CHANGES]
        return Response(SetupChangeSerializer(changes, many=True).data)


class ListOfPaymentTerms(SetUp, CodedResource):
    """Terms of payment."""

    model = PaymentTerms
    resource = "payment-terms"
    serializer_class = PaymentTermsSerializer
    filters = {
        "code": by.code("pk"),
        "description": by.text("description"),
        "net_days": by.whole("net_days"),
        "rank": by.whole("rank"),
        "uses_credit": by.flag("uses_credit"),
        "open": by.flag("open"),
    }
    orderings = {"code": "code", "net_days": "net_days", "rank": "rank"}


class CashDiscounts(SetUp, CodedResource):
    """Cash discounts."""

    model = CashDiscount
    resource = "cash-discounts"
    serializer_class = CashDiscountSerializer
    filters = {
        "code": by.code("pk"),
        "description": by.text("description"),
        "percent": by.amount("percent"),
        "rank": by.whole("rank"),
        "open": by.flag("open"),
    }
    orderings = {"code": "code", "percent": "percent", "rank": "rank"}


class CreditManagementGroups(SetUp, CodedResource):
    """Credit management groups."""

    model = CreditManagementGroup
    resource = "credit-management-groups"
    serializer_class = CreditManagementGroupSerializer
    filters = {"code": by.code("pk"), "description": by.text("description"), "open": by.flag("open")}
    orderings = {"code": "code", "description": "description"}


class AccountStatuses(SetUp, CodedResource):
    """Account statuses."""

    model = AccountStatus
    resource = "account-statuses"
    serializer_class = AccountStatusSerializer
    filters = {
        "code": by.code("pk"),
        "description": by.text("description"),
        "processing_hold": by.choice("processing_hold", AccountStatus.ProcessingHold),
        "open": by.flag("open"),
    }
    orderings = {"code": "code", "processing_hold": "processing_hold"}


class Parties(CodedResource):
    """Parties."""

    model = Party
    resource = "parties"
    serializer_class = PartySerializer
    filters = {"number": by.code("pk"), "name": by.text("name"), "country": by.text("country")}
    orderings = {"number": "number", "name": "name", "country": "country"}


class Reasons(SetUp):
    """Reasons of the caller's legal entities, and those of all."""

    model = Reason
    resource = "reasons"
    serializer_class = ReasonSerializer
    with_shared = True
    filters = {
        "key": by.own_key("code", "type"),
        "type": by.choice("type", Reason.Type),
        "code": by.code("code"),
        "description": by.text("description"),
        "legal_entity": by.code("legal_entity"),
        "customer_wording": by.text("customer_wording"),
        "requires_note": by.flag("requires_note"),
        "open": by.flag("open"),
    }
    orderings = {"type": "type", "code": "code", "legal_entity": "legal_entity"}
    default_ordering = ("type", "code")

    def by_key(self, key: str) -> Q:
        """By type and code."""
        kind, _, code = key.partition(":")
        if kind not in Reason.Type.values or not CODE.fullmatch(code):
            raise NotFound(f"{key} was not found.")
        return Q(type=kind, code=code)

    def _refuse_bad_key(self, key: str) -> None:
        """The import service knows the types."""


class ExchangeRates(FedCollection):
    """Exchange rates; they have no key of their own, so posting the same type, pair and day replaces the rate."""

    model = ExchangeRate
    resource = "exchange-rates"
    serializer_class = ExchangeRateSerializer
    scope_path = None
    filters = {
        "rate_type": by.text("rate_type"),
        "from_currency": by.code("from_currency"),
        "to_currency": by.code("to_currency"),
        "rate": by.amount("rate"),
        "valid_from": by.day("valid_from"),
    }
    orderings = {
        "rate_type": "rate_type",
        "from_currency": "from_currency",
        "to_currency": "to_currency",
        "valid_from": "valid_from",
    }
    default_ordering = ("rate_type", "from_currency", "to_currency", "-valid_from")

    @extend_schema(responses={200: ExchangeRateSerializer, 201: ExchangeRateSerializer})
    def create(self, request: Request) -> Response:
        """Create or replace the rate of a type, a pair and a day."""
        row = self.read()
        [result] = self._feed([row], replace=True, atomic=True)
        raise_failure(self.resource, result)
        rate = ExchangeRate.objects.get(
            rate_type=row.get("rate_type", "default"),
            from_currency=row["from_currency"],
            to_currency=row["to_currency"],
            valid_from=row["valid_from"],
        )
        return self.answer(rate, status=201 if result.status == "created" else 200)


def register(router: Router) -> None:
    """Add the resources of this module."""
    for resource in (
        LegalEntities,
        Currencies,
        ListOfPaymentTerms,
        CashDiscounts,
        CreditManagementGroups,
        AccountStatuses,
        Parties,
        Reasons,
        ExchangeRates,
    ):
        router.register(resource.resource, resource)
