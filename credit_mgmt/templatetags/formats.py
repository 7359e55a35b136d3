"""How figures are written (ux 4.3): pure functions from Decimal and dates to text.

Nothing here is a template tag; `credit.py` beside it registers these for templates. Amounts come in units of
their currency; percentages come in percent (108.6 means 108.6 %). Separators are those that the reader chose
(`customers.numbers`).
"""

from __future__ import annotations

import datetime as dt
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from customers.numbers import grouped

MINUS = "\N{MINUS SIGN}"
NONE = "\N{EN DASH}"
NARROW = "\N{NO-BREAK SPACE}"
TIMES = "\N{MULTIPLICATION SIGN}"

# ISO 4217 currencies whose minor unit is not a hundredth.
MINOR_UNITS = {
    "BIF": 0, "CLP": 0, "DJF": 0, "GNF": 0, "ISK": 0, "JPY": 0, "KMF": 0, "KRW": 0, "PYG": 0, "RWF": 0,
    "UGX": 0, "VND": 0, "VUV": 0, "XAF": 0, "XOF": 0, "XPF": 0,
    "BHD": 3, "IQD": 3, "JOD": 3, "KWD": 3, "LYD": 3, "OMR": 3, "TND": 3,
}  # fmt: skip

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

Number = Decimal | int


def as_decimal(value: object) -> Decimal | None:
    """The value as a Decimal, or None when it is absent.

    Raises TypeError for a float (money is never float, domain 1) and for text that is not a finite number.
    """
    if value is None or value == "":
        return None
    if isinstance(value, float):
        raise TypeError(f"{value!r} is a float; pass a Decimal")
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        raise TypeError(f"{value!r} is not a number") from None
    if not number.is_finite():
        raise TypeError(f"{value!r} is not a finite number")
    return number


def _signed(number: Decimal, places: int) -> str:
    """Grouped text with a true minus; what rounds to zero has no sign."""
    rounded = number.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)
    text = grouped(abs(rounded), places)
    return f"{MINUS}{text}" if rounded < 0 else text


def amount(value: object, currency: str = "") -> str:
    """An amount with the minor units of its currency (two without one); `–` for none.

    Half-up to the minor unit (domain 1).
    """
    number = as_decimal(value)
    if number is None:
        return NONE
    return _signed(number, MINOR_UNITS.get(currency.upper(), 2))


def short_amount(value: object) -> str:
    """An amount in three digits with K, M or B, for tiles; `amount` gives the exact figure beside it."""
    number = as_decimal(value)
    if number is None:
        return NONE
    for factor, unit in ((Decimal(10**9), "B"), (Decimal(10**6), "M"), (Decimal(10**3), "K")):
        if abs(number) >= factor * Decimal("0.9995"):
            scaled = number / factor
            return f"{_signed(scaled, _three_digits(scaled))}{NARROW}{unit}"
    return _signed(number, 0)


def _three_digits(scaled: Decimal) -> int:
    """Decimal places that leave three significant digits, after rounding."""
    size = abs(scaled)
    if size < Decimal("9.995"):
        return 2
    return 1 if size < Decimal("99.95") else 0


def limit_amount(value: object, currency: str = "") -> str:
    """A credit limit in words where a number would mislead: zero is no credit, not no limit (domain 2)."""
    if value == "unlimited":
        return "Unlimited"
    number = as_decimal(value)
    if number is None:
        return NONE
    text = amount(number, currency)
    return f"No credit ({text})" if number == 0 else text


def percent(value: object, places: int | None = None) -> str:
    """A percentage without decimals, with one between 99.5 and 100.5, and as `10×` above 999 %.

    `places` fixes the number of decimals, for headings.
    """
    number = as_decimal(value)
    if number is None:
        return NONE
    if abs(number) > 999:
        return f"{_signed(number / 100, 0)}{TIMES}"
    if places is None:
        places = 1 if Decimal("99.5") <= number <= Decimal("100.5") else 0
    return f"{_signed(number, places)}{NARROW}%"


def count(value: object) -> str:
    """A whole number, grouped."""
    number = as_decimal(value)
    return NONE if number is None else _signed(number, 0)


def rate(value: object, places: int = 4) -> str:
    """A rate of exchange, with `places` decimals."""
    number = as_decimal(value)
    return NONE if number is None else _signed(number, places)


def days(value: object) -> str:
    """A number of days: `67 d`."""
    number = as_decimal(value)
    return NONE if number is None else f"{_signed(number, 0)}{NARROW}d"


def age(moment: dt.datetime | None, now: dt.datetime) -> str:
    """How long ago: whole days, hours below one day, minutes below one hour; never negative."""
    if moment is None:
        return NONE
    minutes = max(0, int((now - moment).total_seconds()) // 60)
    if minutes >= 24 * 60:
        return f"{minutes // (24 * 60)}{NARROW}d"
    return f"{minutes // 60}{NARROW}h" if minutes >= 60 else f"{minutes}{NARROW}min"


def short_date(day: dt.date | None, today: dt.date) -> str:
    """`24 Nov`, with the year when it is not today's."""
    if day is None:
        return NONE
    text = f"{day.day}{NARROW}{MONTHS[day.month - 1]}"
    return text if day.year == today.year else f"{text}{NARROW}{day.year}"


def exact_time(moment: dt.datetime) -> str:
    """`24 Nov 2026, 14:02 CET`: the form on hover and in accessible names."""
    zone = moment.tzname() or ""
    return f"{moment.day} {MONTHS[moment.month - 1]} {moment.year}, {moment:%H:%M} {zone}".rstrip()


def when(moment: dt.datetime, now: dt.datetime) -> str:
    """Relative up to 24 hours, then the date. A moment still to come reads `in 5 h`."""
    if abs((now - moment).total_seconds()) >= 24 * 3600:
        return short_date(moment.date(), now.date())
    if moment > now:
        return f"in {age(now, moment)}"
    if now - moment < dt.timedelta(minutes=1):
        return "just now"
    return f"{age(moment, now)} ago"
