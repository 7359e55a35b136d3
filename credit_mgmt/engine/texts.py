"""Figures as text: exact and canonical, so that what is stored, compared and shown is the same (`domain 4`)."""

from decimal import ROUND_HALF_UP, Decimal

from customers.money import HUNDRED

_PERCENT = Decimal("0.0001")


def amount_text(amount: Decimal, places: int = 2) -> str:
    """`amount` exactly, with at least the currency's `places` decimals and no zeros beyond them."""
    text = str(amount)
    if "E" in text:
        text = format(amount, "f")
    dot = text.find(".")
    if dot < 0:
        return f"{text}.{'0' * places}" if places else text
    end = dot + 1 + places
    if len(text) < end:
        return text + "0" * (end - len(text))
    kept = text[:end] + text[end:].rstrip("0")
    return kept.rstrip(".") if not places else kept


def percent_text(percentage: Decimal) -> str:
    """A percentage as it was entered, without needless zeros: `100`, `62.5`."""
    return amount_text(percentage, 0)


def used_percent(exposure: Decimal, limit: Decimal) -> Decimal | None:
    """`exposure` in per cent of `limit`, at four places; None where there is no limit to measure against."""
    if limit <= 0:
        return None
    return (exposure * HUNDRED / limit).quantize(_PERCENT, rounding=ROUND_HALF_UP)
