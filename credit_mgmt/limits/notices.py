"""What ends soon is told once, thirty days before: limits, temporary limits, cover (`domain 2`, `3.1`).

A notice is the event `expires_soon` of the feed. Its key names what ends and on which day, so whoever looks again tells
nothing twice, and another day is another notice. The lists of pages show the same, by `expiring_accounts` and the
register of cover.
"""

import datetime as dt
from collections.abc import Iterator, Mapping
from decimal import Decimal

from django.db import connection, transaction
from django.db.models import Q, QuerySet

from credit_mgmt.accounts import account_key
from credit_mgmt.models import CoverPolicy, CreditAccount, TemporaryLimit
from customers import outbox
from customers.models import Currency, OutboxEvent
from customers.money import amount_text

NOTICE_DAYS = 30
LOCK = "SELECT pg_try_advisory_xact_lock(hashtextextended('expiry notices', 0))"


def soon(today: dt.date) -> tuple[dt.date, dt.date]:
    """The days on which something ends soon: from today on."""
    return today, today + dt.timedelta(days=NOTICE_DAYS)


def expiring_accounts(today: dt.date) -> QuerySet[CreditAccount]:
    """Credit accounts whose limit expires soon; what is unlimited never does (`domain 2`)."""
    return CreditAccount.objects.filter(expires_on__range=soon(today), unlimited=False)


def ending_temporary_limits(today: dt.date) -> QuerySet[TemporaryLimit]:
    """Temporary limits in force of which the last day is soon, and that nobody has taken back."""
    return TemporaryLimit.objects.filter(valid_from__lte=today, valid_to__range=soon(today), withdrawn_from=None)


def expiring_cover(today: dt.date) -> QuerySet[CoverPolicy]:
    """Policies and guarantees in force that expire soon."""
    return CoverPolicy.objects.filter(effective_on__lte=today, expires_on__range=soon(today))


@transaction.atomic
def tell_of_expiries(*, today: Mapping[str, dt.date], at: dt.datetime) -> int:
    """Write a notice for everything that ends soon and was not told of; `today` by legal entity. Returns how many.

    Whoever comes while another one tells has nothing to do. Groups go by the earliest of the days.
    """
    with connection.cursor() as cursor:
        cursor.execute(LOCK)
        if not today or not cursor.fetchone()[0]:
            return 0
    events = {event.key: event for event in _events(today, at)}
    told = OutboxEvent.objects.filter(key__in=list(events)).values_list("key", flat=True)
    new = [events[key] for key in events.keys() - set(told)]
    outbox.record_all(sorted(new, key=lambda event: event.key))
    return len(new)


def _events(today: Mapping[str, dt.date], at: dt.datetime) -> Iterator[outbox.Event]:
    """By the days that there are: three queries each, whatever the number of legal entities."""
    first = min(today.values())
    for day in sorted(set(today.values())):
        entities = [entity for entity, its_day in today.items() if its_day == day]
        accounts = CreditAccount.objects.filter(
            Q(customer__legal_entity__in=entities) | (Q(group__isnull=False) if day == first else Q(pk__in=[]))
        )
        for account in expiring_accounts(day).filter(pk__in=accounts).select_related("customer", "currency"):
            yield _of_account("limit", account.pk, account, account.limit_amount, account.expires_on or day, at)
        related = ("account__customer", "account__currency")
        for limit in ending_temporary_limits(day).filter(account__in=accounts).select_related(*related):
            yield _of_account("temporary_limit", limit.pk, limit.account, limit.amount, limit.valid_to, at)
        mine = expiring_cover(day).filter(customer__legal_entity__in=entities)
        for policy in mine.select_related("customer", "currency"):
            yield _of_cover(policy, at)


def _of_account(  # noqa: PLR0917 - the parts of one notice
    what: str, ident: int, account: CreditAccount, amount: Decimal, last_day: dt.date, at: dt.datetime
) -> outbox.Event:
    entity = account.customer.legal_entity_id if account.customer else None
    return _notice(what, ident, entity, account_key(account), (amount, account.currency), last_day, at)


def _of_cover(policy: CoverPolicy, at: dt.datetime) -> outbox.Event:
    customer = policy.customer
    worth = (policy.value, policy.currency)
    return _notice("cover", policy.pk, customer.legal_entity_id, customer.key, worth, policy.expires_on, at)


def _notice(  # noqa: PLR0917 - the parts of one notice
    what: str,
    ident: object,
    entity: str | None,
    subject: str,
    worth: tuple[Decimal, Currency],
    last_day: dt.date,
    at: dt.datetime,
) -> outbox.Event:
    amount, currency = worth
    return outbox.Event(
        type="expires_soon",
        key=f"expires:{what}:{ident}:{last_day}",
        legal_entity=entity,
        subject=subject,
        at=at,
        data={
            "what": what,
            "expires_on": last_day.isoformat(),
            "amount": amount_text(amount, currency.minor_units),
            "currency": currency.code,
        },
    )
