"""Customers (`api.md` Resources). Limits are one room up: `credit_mgmt` registers a subclass that adds them."""

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer

from customers.edge import filters as by
from customers.edge.fields import AmountField, CodeField, DayField, FlagField, KeyField, StrictSerializer, TextField
from customers.edge.resources import FEED_BY_FIELD, KeyedResource
from customers.edge.routing import Router
from customers.models import Customer


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "master data",
            value={"name": "Adatum", "currency": "USD", "country": "US", "payment_terms": "N30"},
            request_only=True,
        )
    ]
)
class CustomerSerializer(StrictSerializer):
    """A customer with what is fed and its credit profile, but for the limits."""

    key = KeyField(required=False)
    legal_entity = CodeField(source="legal_entity_id", required=False)
    account = CodeField(required=False)
    party = CodeField(source="party_id", required=False, allow_null=True)
    name = TextField(required=False)
    currency = CodeField(source="currency_id", required=False)
    country = TextField(required=False, allow_blank=True)
    invoice_account = KeyField(required=False, allow_null=True)
    payment_terms = CodeField(source="payment_terms_id", required=False, allow_null=True)
    cash_discount = CodeField(source="cash_discount_id", required=False, allow_null=True)
    sales_person = TextField(required=False, allow_blank=True)
    business_started_on = DayField(required=False, allow_null=True)
    customer_since = DayField(required=False, allow_null=True)
    annual_revenue = AmountField(currency="annual_revenue_currency_id", required=False, allow_null=True)
    annual_revenue_currency = CodeField(source="annual_revenue_currency_id", required=False, allow_null=True)
    credit_group = CodeField(source="credit_group_id", read_only=True, allow_null=True)
    credit_management_group = CodeField(source="credit_management_group_id", required=False, allow_null=True)
    account_status = CodeField(source="account_status_id", required=False, allow_null=True)
    status_reason = CodeField(source="status_reason.code", required=False, allow_null=True)
    excluded = FlagField(required=False)
    ignore_until = DayField(required=False, allow_null=True)
    eligible_credit_limit = AmountField(currency="eligible_credit_limit_currency_id", required=False, allow_null=True)
    eligible_credit_limit_currency = CodeField(
        source="eligible_credit_limit_currency_id", required=False, allow_null=True
    )
    eligible_credit_limit_date = DayField(required=False, allow_null=True)
    last_review_date = DayField(required=False, allow_null=True)
    next_review_date = DayField(required=False, allow_null=True)
    with_agency = FlagField(required=False)
    title_held = FlagField(required=False)
    credit_controller = TextField(source="credit_controller.username", required=False, allow_null=True)
    notes = TextField(required=False, allow_blank=True)


class CustomerResource(KeyedResource):
    """Customers of the caller's legal entities."""

    model = Customer
    resource = "customers"
    rights = FEED_BY_FIELD
    serializer_class = CustomerSerializer
    number = "account"
    related = ("invoice_account", "status_reason", "credit_controller")
    filters = {
        "key": by.own_key("account"),
        "legal_entity": by.code("legal_entity"),
        "account": by.code("account"),
        "party": by.code("party"),
        "name": by.text("name"),
        "currency": by.code("currency"),
        "country": by.text("country"),
        "invoice_account": by.key("invoice_account"),
        "payment_terms": by.code("payment_terms"),
        "cash_discount": by.code("cash_discount"),
        "sales_person": by.text("sales_person"),
        "business_started_on": by.day("business_started_on"),
        "customer_since": by.day("customer_since"),
        "annual_revenue": by.amount("annual_revenue"),
        "annual_revenue_currency": by.code("annual_revenue_currency"),
        "credit_group": by.code("credit_group"),
        "credit_management_group": by.code("credit_management_group"),
        "account_status": by.code("account_status"),
        "status_reason": by.code("status_reason__code"),
        "excluded": by.flag("excluded"),
        "ignore_until": by.day("ignore_until"),
        "eligible_credit_limit": by.amount("eligible_credit_limit"),
        "eligible_credit_limit_currency": by.code("eligible_credit_limit_currency"),
        "eligible_credit_limit_date": by.day("eligible_credit_limit_date"),
        "last_review_date": by.day("last_review_date"),
        "next_review_date": by.day("next_review_date"),
        "with_agency": by.flag("with_agency"),
        "title_held": by.flag("title_held"),
        "credit_controller": by.text("credit_controller__username"),
        "notes": by.text("notes"),
    }
    orderings = {
        "legal_entity": "legal_entity",
        "account": "account",
        "name": "name",
        "currency": "currency",
        "country": "country",
        "customer_since": "customer_since",
        "annual_revenue": "annual_revenue",
        "next_review_date": "next_review_date",
    }
    default_ordering = ("legal_entity", "account")


def register(router: Router) -> None:
    """Add the resource, for a room above to replace."""
    router.register("customers", CustomerResource)
