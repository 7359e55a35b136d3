"""What is true: legal entities, parties, customers, terms, currencies, rates, receivables, sales orders; and access."""

from customers.models.access import AccessGrant, ApiClient, IdempotencyKey, Role
from customers.models.customers import Customer, CustomerCreditGroup, Party
from customers.models.history import OrderChange, ProfileChange, SetupChange
from customers.models.lists import ExportPart, ListLayout, ListSelection, SavedView
from customers.models.marks import CustomerMark
from customers.models.notifications import FeedPosition, Notification, NotificationChoice
from customers.models.orders import Document, SalesOrder, SalesOrderLine
from customers.models.preferences import Preferences
from customers.models.receivables import CustomerTransaction, DueItem, Settlement
from customers.models.reference import (
    AccountStatus,
    CashDiscount,
    CreditManagementGroup,
    Currency,
    ExchangeRate,
    LegalEntity,
    PaymentTerms,
    Reason,
    ReferenceClock,
)
from customers.models.work import Job, JobItem, OutboxEvent

__all__ = [
    "AccessGrant",
    "AccountStatus",
    "ApiClient",
    "CashDiscount",
    "CreditManagementGroup",
    "Currency",
    "Customer",
    "CustomerCreditGroup",
    "CustomerMark",
    "CustomerTransaction",
    "Document",
    "DueItem",
    "ExchangeRate",
    "ExportPart",
    "FeedPosition",
    "IdempotencyKey",
    "Job",
    "JobItem",
    "LegalEntity",
    "ListLayout",
    "ListSelection",
    "Notification",
    "NotificationChoice",
    "OrderChange",
    "OutboxEvent",
    "Party",
    "PaymentTerms",
    "Preferences",
    "ProfileChange",
    "Reason",
    "ReferenceClock",
    "Role",
    "SalesOrder",
    "SalesOrderLine",
    "SavedView",
    "Settlement",
    "SetupChange",
]
