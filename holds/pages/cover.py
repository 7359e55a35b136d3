"""The tab *Cover* of a customer's card: its insurance policies and guarantees (`ux.md` 3.6)."""

from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from credit_mgmt.models import CoverPolicy
from credit_mgmt.pages.cover import RELATED, rows_of
from customers import access
from customers.access import Action
from holds.pages.panel_contents import Subject

Item = dict[str, Any]


def cover_panel(subject: Subject) -> Item:
    """All policies of the customer, those in force first, with what they count together; two queries."""
    page, customer = subject.page, subject.customer
    policies = access.scoped(CoverPolicy.objects.all(), page.actor, path="customer__legal_entity")
    policies = policies.filter(customer=customer).select_related(*RELATED).order_by("pk")
    may_edit = page.may(Action.EDIT_INSURANCE, customer.legal_entity_id)
    query = urlencode({"customer": customer.key})
    return {
        "rows": rows_of(policies, page.actor, lambda _: subject.today),
        "new_url": f"{reverse('cover-new')}?{query}" if may_edit else "",
    }
