"""What the lines of a journal add up to, kept with it: a list of journals, and the head of one with 50,000 lines, add
up nothing."""

import datetime as dt
from decimal import Decimal

from django.db.models import Count, F, QuerySet, Sum
from django.db.models.functions import Coalesce, Greatest

from credit_mgmt.models import LimitJournal, LimitJournalLine
from credit_mgmt.policies import parameters_row
from customers.models import LegalEntity
from customers.money import LARGEST, ZERO, MissingRate, Rates
from customers.rates import rates_on


def write_totals(journal: LimitJournal, today: dt.date) -> None:
    """Count the lines and add their changes up, in the legal entity's accounting currency. Within `editing`.

    A sum is None where an exchange rate is missing, or where it is too large for an amount.
    """
    by_currency = list(_changes(journal))
    parameters = parameters_row(journal.legal_entity_id)
    rates = rates_on(parameters.credit_limit_exchange_rate_type, today)
    own = LegalEntity.objects.get(pk=journal.legal_entity_id).accounting_currency_id
    journal.line_count = sum(lines for _, lines, _, _ in by_currency)
    journal.increase = _sum([(currency, up) for currency, _, up, _ in by_currency], own, rates)
    journal.decrease = _sum([(currency, down) for currency, _, _, down in by_currency], own, rates)
    journal.save(update_fields=["line_count", "increase", "decrease"])


def _changes(journal: LimitJournal) -> QuerySet[LimitJournalLine, tuple[str, int, Decimal, Decimal]]:
    """Lines, increases and decreases by currency. A temporary limit changes what is in force: base or temporary."""
    temporary = journal.type == LimitJournal.Type.TEMPORARY
    before = Coalesce(F("current_temporary"), F("current_limit")) if temporary else F("current_limit")
    return (
        journal.lines.order_by()
        .values_list("currency_id")
        .annotate(
            lines=Count("pk"),
            up=Sum(Greatest(F("new_limit") - before, ZERO)),
            down=Sum(Greatest(before - F("new_limit"), ZERO)),
        )
    )


def _sum(amounts: list[tuple[str, Decimal]], own: str, rates: Rates) -> Decimal | None:
    try:
        total = sum((rates.convert(amount, currency, own) for currency, amount in amounts), ZERO)
    except MissingRate:
        return None
    return total if total <= LARGEST else None
