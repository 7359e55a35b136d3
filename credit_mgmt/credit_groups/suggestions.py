"""Who may belong to a customer credit group, too (`domain 3.4`): the same account number or the same party elsewhere.

A question: nothing changes. Whoever asks sees customers of its own legal entities only, so nobody learns here who else
is a customer of whom.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from django.db.models import Q, QuerySet

from customers.access import Action, Actor, scoped
from customers.models import Customer

MOST = 200


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A customer that could join, `because` (`same_party`, `same_account`) of the customer `of`, by key.

    `credit_group` is the group that it is in already: it would have to leave that one first.
    """

    customer: Customer
    because: str
    of: str
    credit_group: str | None


def suggest_members(*, group: str, customers: Collection[str] = (), actor: Actor) -> list[Suggestion]:
    """Customers in other legal entities than the group's members, or than `customers` who are about to join.

    By key; the same party comes before the same account number. Two queries, whatever the number of members.
    """
    known = list(scoped(_named(group, customers), actor, Action.VIEW).order_by("legal_entity", "account"))
    if not known:
        return []
    alike = Q(account__in={customer.account for customer in known})
    parties = {customer.party_id for customer in known if customer.party_id}
    alike |= Q(party__in=parties)
    found = scoped(Customer.objects.filter(alike), actor, Action.VIEW).exclude(pk__in=[one.pk for one in known])
    rows = found.order_by("legal_entity", "account")[:MOST]
    suggested = [one for one in (_suggestion(customer, known) for customer in rows) if one is not None]
    return sorted(suggested, key=lambda one: (one.because != "same_party", one.customer.key))


def _named(group: str, customers: Iterable[str]) -> QuerySet[Customer]:
    condition = Q(credit_group=group)
    for key in customers:
        entity, _, account = key.partition(":")
        condition |= Q(legal_entity=entity, account=account)
    return Customer.objects.filter(condition)


def _suggestion(customer: Customer, known: Iterable[Customer]) -> Suggestion | None:
    """Why it is suggested; None where it is alike only to a customer of its own legal entity."""
    others = [one for one in known if one.legal_entity_id != customer.legal_entity_id]
    party = next((one for one in others if one.party_id and one.party_id == customer.party_id), None)
    account = next((one for one in others if one.account == customer.account), None)
    alike = party or account
    if alike is None:
        return None
    return Suggestion(customer, "same_party" if party else "same_account", alike.key, customer.credit_group_id)
