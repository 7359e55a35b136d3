"""The table of a backtest in words (`ux` 3.10): its lines, what a difference means, and what the figures rest on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from credit_mgmt.messages.phrases import amount, day
from credit_mgmt.models.backtests import Backtest, Became
from customers.numbers import grouped

Json = Mapping[str, Any]
MINUS = "\N{MINUS SIGN}"
LABELS = {
    Became.LATE: "More than 30 days late",
    Became.WRITTEN_OFF: "Written off",
    Became.ON_TIME: "Paid on time",
    Became.UNKNOWN: "Not yet known",
}
"""Paid on time includes what was paid up to 30 days late."""
_MEANS = {
    Became.LATE: ("good catches", "missed"),
    Became.WRITTEN_OFF: ("good catches", "missed"),
    Became.ON_TIME: ("good customers stopped", "good customers no longer stopped"),
}
"""What more of them means, and what fewer."""
HINT = {
    Became.LATE: "Paid more than 30 days after the due date, or still open that late",
    Became.ON_TIME: "Paid by the due date or up to 30 days after it",
    Became.UNKNOWN: "Not invoiced in full, or still open and not yet so late",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the table; `asks` is what the list behind its figures is narrowed to."""

    label: str
    now: int
    then: int
    difference: str
    note: str = ""
    hint: str = ""
    part: bool = False
    """It is a part of the first line, and the parts add up to that."""
    asks: Mapping[str, str] = field(default_factory=dict)


def lines_of(backtest: Backtest) -> list[Line]:
    """The table of a finished backtest."""
    totals: Json = backtest.totals or {}
    orders = totals["orders"]
    lines = [_line("Orders stopped" if backtest.by_rule else "Orders held", orders, _delay(totals))]
    lines += [
        _line(label, totals["became"][name], _means(name, totals["became"][name]["difference"]), HINT.get(name, ""),
              part=True, became=str(name))
        for name, label in LABELS.items()
    ]  # fmt: skip
    if totals["otherwise"]:
        label, note = "Already stopped by another rule or check", f"so new work is {_orders(totals['new_work'])}"
        lines.append(_line(label, totals["otherwise"], note, otherwise="yes"))
    released = totals["released"]
    if released["now"] or released["then"]:
        lines.append(_released(released))
    return lines


def _line(label: str, figures: Json, note: str, hint: str = "", *, part: bool = False, **asks: str) -> Line:
    return Line(label, figures["now"], figures["then"], signed(figures["difference"]), note, hint, part, asks)


def _released(figures: Json) -> Line:
    hint = "An exclusion releases them outright, also those that nothing would have stopped"
    return _line("No longer checked at all", figures, "", hint, released="yes")


def signed(number: int) -> str:
    """A difference with its sign."""
    return f"{'+' if number > 0 else MINUS if number < 0 else ''}{grouped(abs(number))}"


def _orders(count: int) -> str:
    return f"{MINUS if count < 0 else ''}{grouped(abs(count))} order{'' if abs(count) == 1 else 's'}"


def _delay(totals: Json) -> str:
    """How much more is stopped a day, and what it is worth."""
    rate = Decimal(totals["per_day"])
    if not totals["orders"]["difference"]:
        return ""
    values = [
        amount(value["difference"].removeprefix("-"), value["currency"])
        for value in totals["values"]
        if Decimal(value["difference"])
    ]
    words = f"{grouped(abs(rate), 2)} a day{'' if rate >= 0 else ' less'}"
    return f"{words}, {' and '.join(values)} {'delayed' if rate >= 0 else 'no longer delayed'}" if values else words


def _means(name: str, difference: int) -> str:
    more, fewer = _MEANS.get(Became(name), ("", ""))
    return more if difference > 0 else fewer if difference < 0 else ""


def data_words(backtest: Backtest) -> str:
    """What the figures rest on: how much is exact, what was rebuilt, what is left out."""
    data: Json = (backtest.totals or {})["data"]
    known = data["exact"] + data["rebuilt"]
    if not data["orders"]:
        return "No order was checked or invoiced in these days: choose a longer or an earlier period."
    words = [f"{_orders(data['orders'])}:"]
    if known:
        words.append(f"{_share(data['exact'], known)} exact from stored checks,")
        words.append(f"{_share(data['rebuilt'], known)} rebuilt from invoices.")
    if data["not_rebuildable"]:
        words.append(f"{_orders(data['not_rebuildable'])} left out, as too little is known of their day.")
    return " ".join(words)


def _share(part: int, whole: int) -> str:
    """A whole percentage that never rounds something to nothing, nor all but something to all."""
    percent = Decimal(100 * part) / whole
    if 0 < percent < 1:
        return "under 1 %"
    return "over 99 %" if 99 < percent < 100 else f"{percent:.0f} %"


def history_words(backtest: Backtest) -> str:
    """Where stored checks do not reach back to the first day of the period; empty where they do."""
    oldest = backtest.history_from
    if oldest is None:
        return (
            "No checks are stored yet: all figures are rebuilt from invoices. A version in shadow counts from now on."
        )
    if oldest <= backtest.first_day:
        return ""
    return f"Stored checks begin on {day(oldest.isoformat())}: earlier orders are rebuilt from their invoices."


CHANGED = {
    "tried": "The draft was changed since: run it again for what it says now.",
    "policy": "Rules or parameters were changed since; these figures are of those with which the run began.",
}
"""What changed since a run began (`reading.changed_since`), in words."""
