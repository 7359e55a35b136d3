"""Customers with their limits, and their credit position (`api.md` Resources)."""

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.db.models import F, QuerySet, Value
from django.db.models.functions import Coalesce
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from credit_mgmt.api.flags import FlagSerializer, flags_data
from credit_mgmt.api.serializers import PositionSerializer, position_data
from credit_mgmt.credit_profiles import feed_customers
from credit_mgmt.exposure import position_of
from credit_mgmt.flags import flags_of_customer
from credit_mgmt.masking import Mask
from customers.access import Action, authorize
from customers.api.customers import CustomerResource, CustomerSerializer
from customers.edge import filters as by
from customers.edge.fields import AmountField, CodeField, DayField, FlagField
from customers.edge.resources import READ
from customers.edge.routing import Router
from customers.errors import InvalidInput
from customers.imports import RowResult

_ACCOUNTING_CURRENCY = "legal_entity.accounting_currency_id"


class CreditCustomerSerializer(CustomerSerializer):
    """A customer with its limit, in the accounting currency of its legal entity; 0 means no credit.

    A limit may be given in the customer's own currency, by `credit_limit_currency`: it is converted with the rate of
    the day, which the limit history tells.
    """

    credit_limit = AmountField(currency=_ACCOUNTING_CURRENCY, required=False)
    credit_limit_currency = CodeField(required=False, write_only=True)
    credit_limit_expires_on = DayField(required=False, allow_null=True)
    unlimited = FlagField(required=False)
    mandatory_limit = FlagField(required=False)


class CreditCustomerResource(CustomerResource):
    """Customers of the caller's legal entities, with their limits."""

    serializer_class = CreditCustomerSerializer
    rights = {**CustomerResource.rights, **READ, "credit": Action.VIEW_EXPOSURE, "flags": Action.VIEW_EXPOSURE}
    related = (*CustomerResource.related, "legal_entity")  # type: ignore[assignment]  # one more
    filters = {
        **CustomerResource.filters,
        "credit_limit": by.amount("credit_limit"),
        "credit_limit_expires_on": by.day("credit_limit_expires_on"),
        "unlimited": by.flag("unlimited"),
        "mandatory_limit": by.flag("mandatory_limit"),
    }
    orderings = {
        **CustomerResource.orderings,
        "credit_limit": "credit_limit",
        "credit_limit_expires_on": "credit_limit_expires_on",
    }

    def rows(self) -> QuerySet[Any]:
        """With the limit fields; a customer without a credit account has no credit."""
        rows: QuerySet[Any] = super().rows()
        with_limits: QuerySet[Any] = rows.annotate(
            credit_limit=Coalesce(F("credit_account__limit_amount"), Value(Decimal(0))),
            credit_limit_expires_on=F("credit_account__expires_on"),
            unlimited=Coalesce(F("credit_account__unlimited"), Value(False)),
            mandatory_limit=Coalesce(F("credit_account__mandatory"), Value(False)),
        )
        return with_limits

    def feed(self, rows: Sequence[Mapping[str, Any]], *, replace: bool, atomic: bool) -> Sequence[RowResult]:
        """Master data and limits together."""
        return feed_customers(
            rows=rows, actor=self.actor, today=self.today_in, at=self.now, replace=replace, atomic=atomic
        )

    @extend_schema(parameters=[OpenApiParameter("date", dt.date)], responses=PositionSerializer)
    @action(detail=True, methods=["get"])
    def credit(self, request: Request, key: str) -> Response:
        """Where the customer stands: limit, exposure by part, overdue, ageing, group; today, or on `?date=`."""
        customer = self.object_of(key)
        authorize(self.actor, Action.VIEW_EXPOSURE, customer.legal_entity_id, f"Customer {key}")
        day = date_of(request) or self.today_in(customer.legal_entity_id)
        return Response(position_data(position_of(customer, day), Mask(self.actor)))

    @extend_schema(responses=FlagSerializer(many=True))
    @action(detail=True, methods=["get"])
    def flags(self, request: Request, key: str) -> Response:
        """*Excluded*, *ignore until*, *unlimited*, *mandatory*: as they stand, who set them, when."""
        customer = self.object_of(key)
        authorize(self.actor, Action.VIEW_EXPOSURE, customer.legal_entity_id, f"Customer {key}")
        return Response(flags_data(flags_of_customer(customer)))


def date_of(request: Request) -> dt.date | None:
    """The query parameter `date`, where it is given. Raises `InvalidInput` for any other parameter."""
    strange = [name for name in request.query_params if name != "date"]
    if strange:
        raise InvalidInput.of(strange[0], "unknown_parameter", "There is no such parameter. Use: date.")
    text = request.query_params.get("date")
    if text is None:
        return None
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise InvalidInput.of("date", "invalid", "Give a date as YYYY-MM-DD, such as 2026-01-31.") from None


def register(router: Router) -> None:
    """Add the resource, in place of the lower room's."""
    router.register("customers", CreditCustomerResource)
