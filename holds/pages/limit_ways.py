"""How a limit is changed from the pages about it: by hand where the parameter allows it, or by journal (`domain 8`)."""

from typing import Any

from django.urls import reverse
from django.utils.http import urlencode

from credit_mgmt.policies import Setup, current_setup
from customers.access import Action
from customers.models import Customer, CustomerCreditGroup
from customers.views import PageView

Item = dict[str, Any]


def by_hand(legal_entity: str | None, setup: Setup | None = None) -> bool:
    """Whether limits of the legal entity, or of groups (None), may be changed by hand; one query without a `setup`."""
    setup = setup or current_setup()
    row = setup.row(legal_entity) if legal_entity else setup.rows.get(None)
    return row is not None and row.allow_manual_editing_of_credit_limits


def ways_for_customer(page: PageView, customer: Customer, setup: Setup | None = None) -> list[Item]:
    """What the reader may do to change the customer's limit, the short way first; `setup` where it was read before."""
    entity = customer.legal_entity_id
    hand = page.may(Action.EDIT_CREDIT_PROFILE, entity) and by_hand(entity, setup)
    url = reverse("customer-limit", args=[entity, customer.account])
    return _ways(url if hand else "", f"customer={customer.key}", journals=page.may(Action.MAKE_JOURNALS, entity))


def ways_for_group(page: PageView, group: CustomerCreditGroup) -> list[Item]:
    """What the reader, who may manage the group, can do to change its limit."""
    url = reverse("group-limit", args=[group.pk]) if by_hand(None) else ""
    return _ways(url, urlencode({"group": group.pk}), journals=page.may(Action.MAKE_JOURNALS))


def _ways(hand_url: str, query: str, *, journals: bool) -> list[Item]:
    ways: list[Item] = []
    if hand_url:
        ways.append({"label": "Change limit…", "url": hand_url, "icon": "pencil", "dialog": True})
    if journals:
        label = "By journal…" if ways else "Change limit…"
        url = f"{reverse('journal-change')}?{query}"
        ways.append({"label": label, "url": url, "icon": "scale", "dialog": True})
    if ways:
        ways[0]["shortcut"] = "l"
    return ways
