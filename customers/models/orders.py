"""Sales orders and their lines (`domain 1`, `3.2`). The ERP feeds them; credit state on them is moved by `holds`."""

from typing import TypeAlias

from django.db import models
from django.db.models import F, Q

from customers.models.columns import business_key, finite, money, one_of, percentage
from customers.models.customers import Customer
from customers.models.reference import CashDiscount, Currency, LegalEntity, PaymentTerms


class Document(models.TextChoices):
    """The documents of an order, in their order; release to warehouse and picking list may be skipped (`domain 1`)."""

    CONFIRMATION = "confirmation", "Confirmation"
    RELEASE_TO_WAREHOUSE = "release_to_warehouse", "Release to warehouse"
    PICKING_LIST = "picking_list", "Picking list"
    PACKING_SLIP = "packing_slip", "Packing slip"
    INVOICE = "invoice", "Invoice"


class OrderType(models.TextChoices):
    """How an order came about; only `sales` can be put on hold (`domain 4.8`)."""

    SALES = "sales", "Sales order"
    POS = "pos", "Point of sale"
    CALL_CENTER = "call_center", "Call centre"


class OrderDocumentStatus(models.TextChoices):
    """`open`, or the last document posted (`api.md`, Names)."""

    OPEN = "open", "Open"
    CONFIRMATION = "confirmation", "Confirmed"
    RELEASE_TO_WAREHOUSE = "release_to_warehouse", "Released to warehouse"
    PICKING_LIST = "picking_list", "Picking list posted"
    PACKING_SLIP = "packing_slip", "Delivered"
    INVOICE = "invoice", "Invoiced"


class OrderCreditStatus(models.TextChoices):
    """What the credit check made of the order; moved by `holds`."""

    NOT_CHECKED = "not_checked", "Not checked"
    PASSED = "passed", "Passed"
    ON_HOLD = "on_hold", "On hold"
    RELEASED = "released", "Released"
    REJECTED = "rejected", "Rejected"
    CANCELLED = "cancelled", "Cancelled"


class SalesOrder(models.Model):
    """An order. `amount` is the gross; `uninvoiced_amount` and `delivered_uninvoiced_amount` are what is left of it.

    All three in the order's currency, kept by the services that change what they are made of (`customers.orders`).
    """

    Type: TypeAlias = OrderType
    DocumentStatus: TypeAlias = OrderDocumentStatus
    CreditStatus: TypeAlias = OrderCreditStatus

    legal_entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT, related_name="+")
    number = business_key()
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="orders")
    payer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="orders_to_pay")
    order_type = models.CharField(max_length=12, choices=Type.choices, default=Type.SALES)
    currency = models.ForeignKey(Currency, on_delete=models.PROTECT, related_name="+")
    payment_terms = models.ForeignKey(PaymentTerms, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    cash_discount = models.ForeignKey(CashDiscount, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    tax_amount = money(default=0)
    charges_amount = money(default=0)
    requested_ship_date = models.DateField(null=True, blank=True)
    intercompany = models.BooleanField(default=False)
    exclude_from_credit_management = models.BooleanField(default=False)
    amount = money(default=0)
    uninvoiced_amount = money(default=0)
    delivered_uninvoiced_amount = money(default=0)
    document_status = models.CharField(max_length=22, choices=DocumentStatus.choices, default=DocumentStatus.OPEN)
    credit_status = models.CharField(max_length=12, choices=CreditStatus.choices, default=CreditStatus.NOT_CHECKED)
    awaiting_document = models.CharField(
        max_length=22, choices=Document.choices, blank=True, help_text="cleared for the ERP, not yet reported (5.3)"
    )
    version = models.PositiveIntegerField(default=1)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["legal_entity", "number"], name="one_order_per_entity_and_number"),
            models.UniqueConstraint(fields=["id", "legal_entity"], name="order_id_with_entity"),
            finite("order_amounts_are_numbers", "amount", "uninvoiced_amount", "delivered_uninvoiced_amount"),
            finite("order_tax_and_charges_are_numbers", "tax_amount", "charges_amount", floor=None),
            models.CheckConstraint(
                condition=Q(uninvoiced_amount__lte=F("amount")), name="order_uninvoiced_within_amount"
            ),
            models.CheckConstraint(
                condition=Q(delivered_uninvoiced_amount__lte=F("uninvoiced_amount")),
                name="order_delivered_within_uninvoiced",
            ),
            one_of("order_type_is_known", "order_type", OrderType),
            one_of("order_document_status_is_known", "document_status", OrderDocumentStatus),
            one_of("order_credit_status_is_known", "credit_status", OrderCreditStatus),
        ]
        indexes = [
            models.Index(
                fields=["payer"],
                include=["currency", "uninvoiced_amount", "delivered_uninvoiced_amount"],
                condition=Q(uninvoiced_amount__gt=0),
                name="order_open_by_payer",
            ),
            models.Index(fields=["customer", "id"], name="order_by_customer"),
        ]

    def __str__(self) -> str:
        return self.key

    @property
    def key(self) -> str:
        """`USMF:SO-1001`."""
        return f"{self.legal_entity_id}:{self.number}"

    @property
    def is_open(self) -> bool:
        """Open until invoiced or cancelled (`api.md` Resources)."""
        return self.document_status != self.DocumentStatus.INVOICE and self.credit_status != self.CreditStatus.CANCELLED


class SalesOrderLine(models.Model):
    """A line: quantities ordered, delivered and invoiced; price per unit in the order's currency, before discount."""

    order = models.ForeignKey(SalesOrder, on_delete=models.CASCADE, related_name="lines")
    number = models.PositiveIntegerField()
    item = models.CharField(max_length=60, blank=True)
    quantity = models.DecimalField(max_digits=19, decimal_places=4)
    unit_price = money()
    discount_percent = percentage(default=0)
    delivered = models.DecimalField(max_digits=19, decimal_places=4, default=0)
    invoiced = models.DecimalField(max_digits=19, decimal_places=4, default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["order", "number"], name="one_line_per_order_and_number"),
            finite("order_line_is_made_of_numbers", "quantity", "unit_price", "delivered", "invoiced"),
            models.CheckConstraint(
                condition=Q(discount_percent__gte=0, discount_percent__lte=100), name="line_discount_is_a_percentage"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.order_id}/{self.number}"
