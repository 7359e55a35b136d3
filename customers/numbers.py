"""How a reader wants numbers written (`ux.md` 4.3): chosen once for a request, followed by everything it shows.

Like the time zone of Django: the middleware activates what the reader chose, and whoever writes a figure for a page
asks here. Outside of a page (API, exports, jobs) the style is `KEPT`. So it is in texts that are kept as evidence,
whoever caused them: what writes them does so in a block of `kept()`.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from decimal import Decimal

from customers.models.preferences import NumberStyle

_MARKS = {
    NumberStyle.COMMA_POINT: (",", "."),
    NumberStyle.POINT_COMMA: (".", ","),
    NumberStyle.SPACE_COMMA: ("\N{NARROW NO-BREAK SPACE}", ","),
    NumberStyle.APOSTROPHE_POINT: ("\N{RIGHT SINGLE QUOTATION MARK}", "."),
}
"""What separates thousands, and what stands before the decimals."""
_TABLES = {style: str.maketrans({",": thousands, ".": decimals}) for style, (thousands, decimals) in _MARKS.items()}

KEPT = NumberStyle.COMMA_POINT
"""How figures stand in what is stored, and in what machines read: `1,234.50`."""

_active: ContextVar[NumberStyle] = ContextVar("number_style", default=KEPT)


@contextmanager
def override(style: str) -> Iterator[None]:
    """Write numbers in `style` inside of the block; what was before comes back after it, also after an error.

    Raises ValueError for a style that there is not.
    """
    token = _active.set(NumberStyle(style))
    try:
        yield
    finally:
        _active.reset(token)


def kept() -> AbstractContextManager[None]:
    """Write numbers as evidence has them, whoever asks: for texts that are stored."""
    return override(KEPT)


def active() -> NumberStyle:
    """The style that numbers are written in now."""
    return _active.get()


def comma_before_decimals() -> bool:
    """Whether the reader writes a comma before the decimals."""
    return _MARKS[_active.get()][1] == ","


def grouped(number: Decimal | int, places: int | None = None) -> str:
    """`number` with its thousands apart, in the active style; with `places` decimals, or with those that it has.

    Rounding is the caller's: without it, decimals beyond `places` are rounded half-even.
    """
    exact = Decimal(number)  # a whole number would be formatted as a float
    text = f"{exact:,f}" if places is None else f"{exact:,.{places}f}"
    return restyled(text)


def restyled(figure: str) -> str:
    """A figure that was written in the style `KEPT` (`41,200`, `100.3 %`), in the active one.

    For what is a figure and nothing else; a sentence is made of its evidence anew.
    """
    style = _active.get()
    return figure if style is KEPT else figure.translate(_TABLES[style])
