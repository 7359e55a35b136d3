"""Geometry of the bars: amounts to percentages of a width. It draws figures that it is given and decides nothing.

Bars are server-rendered SVG with width attributes, since the content policy forbids inline styles (ux 4.5).
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from credit_mgmt.templatetags.formats import as_decimal

# The order of segments is fixed everywhere (ux 4.1).
SEGMENTS = (
    ("overdue", "Overdue"),
    ("not_due", "Not due"),
    ("delivered", "Delivered, not invoiced"),
    ("ordered", "Open orders"),
    ("this_order", "This order"),
    ("held_orders", "Other held orders"),
)
# Left out where they were not asked for; the others are listed at zero too.
OPTIONAL = ("this_order", "held_orders")
ZERO = Decimal(0)
HUNDRED = Decimal(100)
# Room to the right of the longer of exposure and limit, so that the end of the bar is visible.
HEADROOM = Decimal("1.06")


@dataclass(frozen=True)
class Segment:
    """One part of the exposure: where it is drawn (percent of the width) and what it is worth."""

    key: str
    label: str
    amount: Decimal
    x: str
    width: str
    url: str


@dataclass(frozen=True)
class ExposureBar:
    """An exposure bar, ready to draw; positions are percent of the width, amounts are in one currency."""

    segments: list[Segment]
    currency: str
    unlimited: bool
    tested: bool
    limit: Decimal
    unapplied: Decimal
    total: Decimal
    free: Decimal
    over: Decimal
    used: Decimal | None
    tick: str
    label_x: str
    label_anchor: str
    over_width: str

    @property
    def no_credit(self) -> bool:
        """A limit of zero: nobody may order on credit (domain 2)."""
        return self.tested and not self.unlimited and self.limit == 0


def read(source: Any, key: str, default: Any = None) -> Any:
    """A key of a mapping or an attribute of an object, as templates look things up."""
    if isinstance(source, dict):
        return source.get(key, default)
    return getattr(source, key, default)


def position(value: Decimal, scale: Decimal) -> str:
    """`value` as percent of `scale`, between 0 and 100, as SVG wants it."""
    if scale <= 0:
        return "0%"
    share = min(HUNDRED, max(ZERO, value / scale * HUNDRED))
    return f"{share:.3f}%"


def exposure_bar(exposure: Any) -> ExposureBar:
    """Lay out an exposure (see components/exposure_bar.html for its keys).

    Parts below zero take no room and are still listed; unapplied payments shorten nothing but count in the
    total, as in domain 3.2.
    """
    parts = {key: as_decimal(read(exposure, key)) or ZERO for key, _ in SEGMENTS}
    unapplied = as_decimal(read(exposure, "unapplied")) or ZERO
    given_limit = as_decimal(read(exposure, "limit"))
    unlimited = bool(read(exposure, "unlimited", False))
    limit = given_limit or ZERO
    total = sum(parts.values(), ZERO) + unapplied
    drawn = sum((max(ZERO, part) for part in parts.values()), ZERO)
    has_tick = given_limit is not None and not unlimited
    scale = max(drawn, limit) * HEADROOM if has_tick else drawn
    over = max(ZERO, total - limit) if has_tick else ZERO
    at_right = has_tick and scale > 0 and limit / scale > Decimal("0.5")
    return ExposureBar(
        segments=_segments(parts, scale, exposure),
        currency=read(exposure, "currency") or "",
        unlimited=unlimited,
        tested=given_limit is not None or unlimited,
        limit=limit,
        unapplied=unapplied,
        total=total,
        free=max(ZERO, limit - total),
        over=over,
        used=total / limit * HUNDRED if has_tick and limit > 0 else None,
        tick=position(limit, scale) if has_tick else "",
        label_x=position(limit, scale),
        label_anchor="end" if at_right else "start",
        over_width=position(over, scale),
    )


def _segments(parts: dict[str, Decimal], scale: Decimal, exposure: Any) -> list[Segment]:
    """The segments side by side, in their fixed order; optional ones only where they are given."""
    segments, start, urls = [], ZERO, read(exposure, "urls") or {}
    labels = read(exposure, "labels") or {}
    for key, usual in SEGMENTS:
        label = labels.get(key, usual)
        if key in OPTIONAL and read(exposure, key) is None:
            continue
        size = max(ZERO, parts[key])
        segments.append(
            Segment(key, label, parts[key], position(start, scale), position(size, scale), urls.get(key, ""))
        )
        start += size
    return segments


def meter(value: object, of: object) -> str:
    """The width of a plain bar: `value` as a share of `of`, as an SVG percentage."""
    return position(as_decimal(value) or ZERO, as_decimal(of) or ZERO)
