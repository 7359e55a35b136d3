"""Sales orders (`api.md` Resources). `holds` registers a subclass with the actions."""

from typing import Any, NamedTuple

from django.db.models import Prefetch, QuerySet
from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

from customers.edge import filters as by
from customers.edge.fields import (
    KEY,
    AmountField,
    CodeField,
    DayField,
    FlagField,
    KeyField,
    NumberField,
    PriceField,
    StrictSerializer,
    TextField,
    WholeField,
)
from customers.edge.resources import FEED_BY_FIELD, KeyedResource
from customers.edge.routing import Router
from customers.errors import NotFound
from customers.models import SalesOrder, SalesOrderLine
from customers.prepared import Prepared


class OrderLineSerializer(StrictSerializer):
    """A line; price per unit before discount, in the order's currency."""

    number = WholeField(required=False)
    item = TextField(required=False, allow_blank=True)
    quantity = NumberField()
    unit_price = PriceField(currency="order.currency_id")
    discount_percent = NumberField(required=False)
    delivered = NumberField(required=False)
    invoiced = NumberField(required=False)


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "an order of one line",
            value={
                "customer": "USMF:US-001",
                "currency": "USD",
                "payment_terms": "N30",
                "lines": [
                    {"number": 1, "item": "D0001", "quantity": "10", "unit_price": "125.00", "discount_percent": "5"}
                ],
                "tax_amount": "95.00",
            },
            request_only=True,
        )
    ]
)
class SalesOrderSerializer(StrictSerializer):
    """An order with its lines; amounts in its currency."""

    key = KeyField(required=False)
    legal_entity = CodeField(source="legal_entity_id", required=False)
    number = CodeField(required=False)
    customer = KeyField()
    order_type = serializers.ChoiceField(choices=SalesOrder.Type.choices, required=False)
    currency = CodeField(source="currency_id", required=False)
    payment_terms = CodeField(source="payment_terms_id", required=False, allow_null=True)
    cash_discount = CodeField(source="cash_discount_id", required=False, allow_null=True)
    lines = OrderLineSerializer(many=True, required=False)
    tax_amount = AmountField(currency="currency_id", required=False)
    charges_amount = AmountField(currency="currency_id", required=False)
    requested_ship_date = DayField(required=False, allow_null=True)
    intercompany = FlagField(required=False)
    exclude_from_credit_management = FlagField(required=False)
    amount = AmountField(currency="currency_id", read_only=True)
    uninvoiced_amount = AmountField(currency="currency_id", read_only=True)
    document_status = serializers.ChoiceField(choices=SalesOrder.DocumentStatus.choices, read_only=True)
    credit_status = serializers.ChoiceField(choices=SalesOrder.CreditStatus.choices, read_only=True)


class NamedOrder(NamedTuple):
    """As much of an order as a question about it needs."""

    id: int
    order_type: str
    legal_entity: str
    time_zone: str
    """Of its legal entity."""


_NAMED = Prepared(
    """
    SELECT o.id, o.order_type, e.code, e.time_zone
    FROM customers_salesorder o JOIN customers_legalentity e ON e.code = o.legal_entity_id
    WHERE o.legal_entity_id = {entity} AND o.number = {number}
    """,
    entity="text",
    number="text",
)


class SalesOrderResource(KeyedResource):
    """Orders of the caller's legal entities."""

    model = SalesOrder
    resource = "sales-orders"
    rights = FEED_BY_FIELD
    serializer_class = SalesOrderSerializer
    related = ("customer",)
    filters = {
        "key": by.own_key(),
        "legal_entity": by.code("legal_entity"),
        "number": by.code("number"),
        "customer": by.key("customer"),
        "order_type": by.choice("order_type", SalesOrder.Type),
        "currency": by.code("currency"),
        "payment_terms": by.code("payment_terms"),
        "cash_discount": by.code("cash_discount"),
        "tax_amount": by.amount("tax_amount"),
        "charges_amount": by.amount("charges_amount"),
        "requested_ship_date": by.day("requested_ship_date"),
        "intercompany": by.flag("intercompany"),
        "exclude_from_credit_management": by.flag("exclude_from_credit_management"),
        "amount": by.amount("amount"),
        "uninvoiced_amount": by.amount("uninvoiced_amount"),
        "document_status": by.choice("document_status", SalesOrder.DocumentStatus),
        "credit_status": by.choice("credit_status", SalesOrder.CreditStatus),
    }
    orderings = {
        "legal_entity": "legal_entity",
        "number": "number",
        "amount": "amount",
        "requested_ship_date": "requested_ship_date",
        "document_status": "document_status",
        "credit_status": "credit_status",
    }
    default_ordering = ("legal_entity", "number")

    def rows(self) -> QuerySet[Any]:
        """With their lines, in order."""
        return super().rows().prefetch_related(Prefetch("lines", SalesOrderLine.objects.order_by("number")))

    def named(self, key: str) -> NamedOrder:
        """The order of `key` that the caller may see, found by one prepared statement. Raises `NotFound`.

        A key names its legal entity, so whether the caller may see it is asked before the database is.
        """
        entity, _, number = key.partition(":")
        if KEY.fullmatch(key) and self.actor.may(self.rights["list"], entity):
            for row in _NAMED.rows(entity=entity, number=number):
                return NamedOrder(*row)
        raise NotFound(f"{key} was not found.")


def register(router: Router) -> None:
    """Add the resource, for a room above to replace."""
    router.register("sales-orders", SalesOrderResource)
