"""The worked sum beside the form of a policy (`ux.md` 3.11): what it would add to the limit, said while one types."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse

from credit_mgmt.engine.exposure import cover_counted
from credit_mgmt.engine.facts import CoverPart
from credit_mgmt.fields import NumberField
from credit_mgmt.templatetags.formats import amount
from customers.access import Action
from customers.models import Currency
from customers.money import HUNDRED, LARGEST, ZERO
from customers.numbers import grouped
from customers.views import PageView

WORKED = ("value", "currency", "update_percent", "update_amount", "included_in_exposure")
"""The fields that the sum is made of."""


class WorkedSum(PageView):
    """GET `/cover/worked/?value=50000&currency=EUR&update_percent=50`: a sentence, or nothing yet."""

    looks = Action.EDIT_INSURANCE

    def get(self, request: HttpRequest) -> HttpResponse:
        """The sum of what was typed so far."""
        return HttpResponse(worked(request.GET))


def worked(typed: Mapping[str, Any]) -> str:
    """What a policy of these values counts, in its currency; an empty text where they say nothing yet."""
    value, percent, fixed = (_number(typed.get(name), top) for name, top in _TOPS)
    currency = Currency.objects.filter(pk=typed.get("currency") or "").first()
    if value is None or currency is None or (percent is None) == (fixed is None) or (fixed or ZERO) > value:
        return ""
    included = typed.get("included_in_exposure") in {True, "on", "true"}
    part = CoverPart(currency.pk, value, percent, fixed)
    counts = cover_counted(part, currency.minor_units)
    how = "A fixed amount" if percent is None else f"{grouped(percent.normalize())} % of {amount(value, currency.pk)}"
    said = f"{how}: {amount(counts, currency.pk)} {currency.pk} counts."
    if not included:
        return f"{said} The limit rises by it."
    off = cover_counted(CoverPart(currency.pk, value, percent, fixed, in_exposure=True), currency.minor_units)
    return f"{said} Less the whole value {amount(value, currency.pk)}: the limit changes by {amount(off, currency.pk)}."


_TOPS = (("value", LARGEST), ("update_percent", HUNDRED), ("update_amount", LARGEST))


def _number(typed: Any, top: Decimal) -> Decimal | None:
    try:
        number = NumberField(required=False).clean(typed or "")
    except ValidationError:
        return None
    return number if number is not None and ZERO <= number <= top else None
