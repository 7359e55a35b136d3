"""What is found of the lines of a journal, as sentences with the remedy; the codes are `engine.examining.Code`'s."""

from collections.abc import Callable, Mapping

from credit_mgmt.messages.phrases import amount, day

Values = Mapping[str, str]


def _stale(given: Values, money: str) -> str:
    if "now" not in given:
        return f"The temporary limit of {amount(given['seen'], money)} changed since: refresh the line."
    return (
        f"The current limit changed from {amount(given['seen'], money)} to {amount(given['now'], money)} "
        "since the line was made: refresh the line."
    )


_SENTENCES: dict[str, Callable[[Values, str], str]] = {
    "negative": lambda given, money: f"A limit is 0 or more, this is {amount(given['limit'], money)}.",
    "too_large": lambda given, money: f"Give at most {amount(given['largest'], money)}.",
    "too_many_decimals": lambda given, money: f"{money} has {given['decimals']} decimals: use no more.",
    "to_before_from": lambda given, _: (
        f"The last day, {day(given['to'])}, is before the first, {day(given['from'])}: correct one of them."
    ),
    "to_in_the_past": lambda given, _: f"{day(given['to'])} is over: give a last day from {day(given['today'])} on.",
    "in_force_at_once": lambda given, _: (
        f"A credit limit is in force once it is posted, not from {day(given['from'])}: leave the first day out, "
        "or post on that day."
    ),
    "duplicate": lambda given, _: f"Line {given['line']} changes the same limit: keep one of them.",
    "overlaps_line": lambda given, _: f"Its days are also those of line {given['line']}: change one of the periods.",
    "overlaps_temporary": lambda given, money: (
        f"{day(given['from'])} to {day(given['to'])} has a temporary limit of {amount(given['limit'], money)} already: "
        "choose other days, or reverse the journal that set it."
    ),
    "stale": _stale,
    "above_eligible": lambda given, money: (
        f"{amount(given['limit'], money)} is above the eligible credit limit of {amount(given['eligible'], money)}."
    ),
    "eligible_unknown": lambda given, money: (
        f"The eligible credit limit has no exchange rate to {money}: enter the rate, or the limit in {money}."
    ),
    "waits_for_approval": lambda given, _: "The line is not approved yet.",
    "line_rejected": lambda given, _: "The line was rejected: take the journal back to draft and remove it.",
    "unlimited": lambda given, _: "The customer is unlimited: the limit is kept and has no effect until it is not.",
    "nothing_to_reverse": lambda given, money: (
        f"The temporary limit of {amount(given['seen'], money)} is over or was taken back since: remove the line."
    ),
}
LEFT_OUT = {
    "excluded": "excluded from credit management",
    "unlimited": "unlimited",
    "no_date": "no current dates to shift",
    "date_out_of_range": "the shifted date is none",
    "below_zero": "would fall below zero",
    "too_large": "would be too large for an amount",
    "no_temporary": "no temporary limit",
    "in_journal": "already in this journal",
    "not_granted": "members in legal entities that you may not change",
}
"""Why a limit gets no generated line; the codes are `engine.adjusting.LeftOut`'s and `journal_generation`'s."""


def finding_message(code: str, values: Values, currency: str) -> str:
    """One finding as a sentence; amounts in `currency` of the line."""
    return _SENTENCES[code](values, currency)
