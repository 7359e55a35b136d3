"""Invoices (with credit notes and write-offs) and payments, with their due items and settlements (`domain 1`)."""

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, ClassVar

from django.db.models import Prefetch, QuerySet, Sum
from django.db.models.functions import Abs
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from customers.access import Action
from customers.edge import filters as by
from customers.edge.fields import AmountField, CodeField, DayField, KeyField, StrictSerializer
from customers.edge.resources import FEED, READ, KeyedResource
from customers.edge.routing import Router
from customers.models import CustomerTransaction, DueItem, Settlement
from customers.money import ZERO
from customers.payments import reverse_payment

Kind = CustomerTransaction.Kind
INVOICE_KINDS = [(kind.value, kind.label) for kind in Kind if kind != Kind.PAYMENT]


class SettlementSerializer(StrictSerializer):
    """So much of a payment, credit note or write-off applied to an invoice, on a day."""

    invoice = KeyField()
    amount = AmountField(currency="currency")
    date = DayField(required=False, allow_null=True)


class InstalmentSerializer(StrictSerializer):
    """A due item of an invoice."""

    due_date = DayField()
    amount = AmountField(currency="currency_id")


def settlements_of(transaction: CustomerTransaction) -> list[dict[str, Any]]:
    """What a credit settles now: per invoice and day, what was applied less what was taken back."""
    applied: dict[tuple[str, dt.date], Decimal] = defaultdict(lambda: ZERO)
    invoices: dict[str, Decimal] = defaultdict(lambda: ZERO)
    for item in transaction.due_items.all():
        for row in item.settlements_given.all():
            if row.debit is not None:
                applied[row.debit.transaction.key, row.date] += row.amount
                invoices[row.debit.transaction.key] += row.amount
    return [
        {"invoice": invoice, "amount": amount, "date": date, "currency": transaction.currency_id}
        for (invoice, date), amount in sorted(applied.items())
        if amount > 0 and invoices[invoice] > 0
    ]


class TransactionSerializer(StrictSerializer):
    """What invoices and payments have in common; amounts in the transaction's currency."""

    key = KeyField(required=False)
    legal_entity = CodeField(source="legal_entity_id", required=False)
    number = CodeField(required=False)
    customer = KeyField()
    currency = CodeField(source="currency_id", required=False)
    amount = AmountField(currency="currency_id")
    open_amount = AmountField(currency="currency_id", read_only=True)
    settlements = SettlementSerializer(many=True, required=False)

    def to_representation(self, instance: CustomerTransaction) -> dict[str, Any]:
        """With the settlements and due items that were fetched with it."""
        items = sorted(instance.due_items.all(), key=lambda item: (item.due_date, item.pk))
        instance.settlements = settlements_of(instance)  # type: ignore[attr-defined]
        # A credit has one due item too, a negative one, by which it is settled: that is no instalment of anything.
        instance.instalments = items if instance.kind == Kind.INVOICE else []  # type: ignore[attr-defined]
        instance.due_date = items[0].due_date if items else instance.date  # type: ignore[attr-defined]
        return dict(super().to_representation(instance))


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "an invoice in two instalments",
            value={
                "customer": "USMF:US-001",
                "kind": "invoice",
                "invoice_date": "2026-01-05",
                "currency": "USD",
                "amount": "1250.00",
                "instalments": [
                    {"due_date": "2026-02-04", "amount": "625.00"},
                    {"due_date": "2026-03-06", "amount": "625.00"},
                ],
            },
            request_only=True,
        )
    ]
)
class InvoiceSerializer(TransactionSerializer):
    """An invoice, credit note or write-off; `amount` is positive, `due_date` that of the first instalment.

    Only invoices have instalments.
    """

    kind = serializers.ChoiceField(choices=INVOICE_KINDS, required=False)
    invoice_date = DayField(source="date")
    due_date = DayField(required=False, allow_null=True)
    sales_order = KeyField(required=False, allow_null=True)
    instalments = InstalmentSerializer(many=True, required=False)
    disputed_amount = AmountField(currency="currency_id", required=False)
    promised_on = DayField(required=False, allow_null=True)
    promised_amount = AmountField(currency="currency_id", required=False, allow_null=True)


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "a payment that settles an invoice",
            value={
                "customer": "USMF:US-001",
                "date": "2026-02-03",
                "currency": "USD",
                "amount": "625.00",
                "settlements": [{"invoice": "USMF:INV-77", "amount": "625.00"}],
            },
            request_only=True,
        )
    ]
)
class PaymentSerializer(TransactionSerializer):
    """A payment; what is not settled stays open as unapplied credit."""

    date = DayField()
    reversed_on = DayField(read_only=True, allow_null=True)


class ReversalSerializer(StrictSerializer):
    """On which day a payment bounced; today in its legal entity where it is left out."""

    date = DayField(required=False)


class TransactionResource(KeyedResource):
    """A series of customer transactions."""

    model = CustomerTransaction
    series: ClassVar[str]
    related: ClassVar[Sequence[str]] = ("customer",)

    def rows(self) -> QuerySet[Any]:
        """With due items, settlements and what is open."""
        settled = Settlement.objects.select_related("debit__transaction").order_by("pk")
        items = DueItem.objects.order_by("due_date", "pk").prefetch_related(Prefetch("settlements_given", settled))
        mine: QuerySet[Any] = super().rows()
        mine = mine.filter(series=self.series).annotate(open_amount=Abs(Sum("due_items__open_amount", default=ZERO)))
        return mine.prefetch_related(Prefetch("due_items", items))


class Invoices(TransactionResource):
    """Invoices, credit notes and write-offs."""

    resource = "invoices"
    series = CustomerTransaction.Series.INVOICE
    serializer_class = InvoiceSerializer
    related = ("customer", "sales_order")
    filters = {
        "key": by.own_key(),
        "legal_entity": by.code("legal_entity"),
        "number": by.code("number"),
        "customer": by.key("customer"),
        "kind": by.choice("kind", Kind),
        "invoice_date": by.day("date"),
        "due_date": by.day("due_items__due_date"),
        "currency": by.code("currency"),
        "amount": by.amount("amount"),
        "open_amount": by.amount("open_amount"),
        "sales_order": by.key("sales_order", "number"),
        "disputed_amount": by.amount("disputed_amount"),
        "promised_on": by.day("promised_on"),
        "promised_amount": by.amount("promised_amount"),
    }
    orderings = {"legal_entity": "legal_entity", "number": "number", "invoice_date": "date", "amount": "amount"}
    default_ordering = ("legal_entity", "number")


class Payments(TransactionResource):
    """Payments."""

    resource = "payments"
    series = CustomerTransaction.Series.PAYMENT
    serializer_class = PaymentSerializer
    rights = {**READ, **FEED, "reverse": Action.FEED}
    filters = {
        "key": by.own_key(),
        "legal_entity": by.code("legal_entity"),
        "number": by.code("number"),
        "customer": by.key("customer"),
        "date": by.day("date"),
        "currency": by.code("currency"),
        "amount": by.amount("amount"),
        "open_amount": by.amount("open_amount"),
        "reversed_on": by.day("reversed_on"),
    }
    orderings = {"legal_entity": "legal_entity", "number": "number", "date": "date", "amount": "amount"}
    default_ordering = ("legal_entity", "number")

    @extend_schema(request=ReversalSerializer, responses=PaymentSerializer)
    @action(detail=True, methods=["post"])
    def reverse(self, request: Request, key: str) -> Response:
        """The payment bounced: what it settled is open again."""
        payment = self.object_of(key)
        on = self.read(ReversalSerializer).get("date") or self.today_in(payment.legal_entity_id)
        reverse_payment(key=payment.key, actor=self.actor, on=on)
        return self.answer(self.object_of(key))


def register(router: Router) -> None:
    """Add the resources of this module."""
    router.register("invoices", Invoices)
    router.register("payments", Payments)
