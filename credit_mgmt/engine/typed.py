"""Amounts and dates as people write them: `1,234.50`, `1.234,50`, `€ 1 234,50`, `31.12.2027`. Plain Python.

Nothing is guessed: `1,234` is a thousand and more to one reader and one and a bit to another, so it is refused unless
it is said how numbers are written, or another amount of the same block shows it (`style_of`).
"""

import datetime as dt
import re
from collections.abc import Iterable
from decimal import Decimal
from enum import StrEnum

_SIGNS = {"€": {"EUR"}, "£": {"GBP"}, "¥": {"JPY", "CNY"}}
"""Currencies that a sign stands for; a dollar sign stands for many."""
_SPACES = dict.fromkeys(map(ord, " \u00a0\u2009\u202f'\u2019"))
"""What separates thousands without ambiguity."""
_MINUS = dict.fromkeys(map(ord, "\u2212\u2013"), "-")


class Style(StrEnum):
    """Which sign stands before the decimals."""

    POINT = "point"
    COMMA = "comma"


class NotRead(ValueError):
    """The text is no amount or no date; `code` is stable, the message names the remedy."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        self.message = message
        super().__init__(message)


def amount_typed(text: str, currency: str, style: Style | None = None) -> Decimal:
    """The amount that `text` writes, with or without the sign or code of `currency`. Raises `NotRead`.

    `style` is how numbers are written, where that is known.
    """
    bare = _without_currency(text, currency)
    digits = _digits(bare)
    shown = _style_shown(digits)
    if shown is None and style is None and re.search(r"[.,]", digits):
        message = (
            f"“{text.strip()}” may be read in two ways: say whether a point or a comma stands before the decimals."
        )
        raise NotRead("ambiguous_number", message)
    chosen = style or shown or Style.POINT
    thousands, decimals = (",", ".") if chosen is Style.POINT else (".", ",")
    sign = re.escape(decimals)
    pattern = rf"-?([0-9]+|[0-9]{{1,3}}({re.escape(thousands)}[0-9]{{3}})+)({sign}[0-9]+)?"
    if not re.fullmatch(pattern, digits):
        raise NotRead("invalid", f"“{text.strip()}” is not an amount: write it like 1,234.50 or 1.234,50.")
    return Decimal(digits.replace(thousands, "").replace(decimals, "."))


def style_of(texts: Iterable[str]) -> Style | None:
    """How the numbers of a block are written, as far as some of them show it, and none shows the opposite."""
    shown = {style for style in (_style_shown(_digits(text)) for text in texts) if style is not None}
    return shown.pop() if len(shown) == 1 else None


def _without_currency(text: str, currency: str) -> str:
    code = re.search(r"(?<![A-Za-z])[A-Za-z]{3}(?![A-Za-z])", text)
    if code and re.search("[0-9]", text) and code[0].upper() != currency:
        raise NotRead("other_currency", f"The limit is in {currency}, not in {code[0].upper()}: convert the amount.")
    sign = next((sign for sign in _SIGNS if sign in text), None)
    if sign is not None and currency not in _SIGNS[sign]:
        raise NotRead("other_currency", f"The limit is in {currency}, not in {sign}: convert the amount.")
    return text.replace(code[0], "") if code else text


def _digits(text: str) -> str:
    """The number without spaces and signs of currencies; a bookkeeper's brackets are a minus."""
    bare = re.sub(r"[€£¥$]|(?<![A-Za-z])[A-Za-z]{3}(?![A-Za-z])", "", text).translate(_SPACES).translate(_MINUS).strip()
    return f"-{bare[1:-1]}" if bare.startswith("(") and bare.endswith(")") else bare


def _style_shown(digits: str) -> Style | None:
    """How a number is certainly written: by the later of two signs, a repeated one, or decimals that are not three."""
    points, commas = digits.count("."), digits.count(",")
    if points and commas:
        return Style.POINT if digits.rindex(".") > digits.rindex(",") else Style.COMMA
    if points + commas == 0:
        return None
    mark = "." if points else ","
    thousands = points + commas > 1
    if not thousands and len(digits) - digits.index(mark) - 1 == 3 and re.match(r"-?[1-9][0-9]{0,2}[.,]", digits):
        return None
    return Style.POINT if (mark == ".") != thousands else Style.COMMA


_DATES = (
    r"(?P<y>[0-9]{4})-(?P<m>[0-9]{1,2})-(?P<d>[0-9]{1,2})",
    r"(?P<d>[0-9]{1,2})\.(?P<m>[0-9]{1,2})\.(?P<y>[0-9]{4})",
)
_SLASHES = r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})"


def day_typed(text: str) -> dt.date:
    """The date that `text` writes: `2027-12-31`, `31.12.2027`, or with slashes where only one reading is a date.

    Raises `NotRead`.
    """
    word = text.strip()
    found = next((match for match in (re.fullmatch(pattern, word) for pattern in _DATES) if match), None)
    slashes = re.fullmatch(_SLASHES, word)
    if found:
        readings = {_day(found["y"], found["m"], found["d"])}
    elif slashes:
        first, second, year = slashes.groups()
        readings = {_day(year, first, second), _day(year, second, first)}
    else:
        readings = {None}
    days = readings - {None}
    if len(days) > 1:
        raise NotRead("ambiguous_date", f"“{word}” may be two days: write it like 2027-12-31.")
    day = days.pop() if days else None
    if day is None:
        raise NotRead("invalid", f"“{word}” is not a date: write it like 2027-12-31.")
    return day


def _day(year: str, month: str, day: str) -> dt.date | None:
    try:
        return dt.date(int(year), int(month), int(day))
    except ValueError:
        return None
