"""When limits end and are looked at again: some soon, some late; no dice, so that everything else stays as it is."""

import datetime as dt

from holds.demo.company import Row, Trader

EVERY = 11
"""Each eleventh customer has its reviews written down: three dozen, of which some are due."""
_NEXT = (-20, -3, 12, 45, 90, 200)
ENDING = 23
"""The limit of each twenty-third customer ends, in so many days; taken in turn."""
_ENDS = (6, 18, 29, 75)


def reviews(traders: list[Trader], today: dt.date) -> dict[str, Row]:
    """Last and next review, and what the customer is eligible for, by customer."""
    return {
        trader.key: {
            "eligible_credit_limit": trader.typical * 40,
            "eligible_credit_limit_date": today - dt.timedelta(days=100),
            "last_review_date": today - dt.timedelta(days=300),
            "next_review_date": today + dt.timedelta(days=_NEXT[turn % len(_NEXT)]),
        }
        for turn, trader in enumerate(traders[::EVERY])
    }


def last_days(traders: list[Trader], today: dt.date) -> dict[str, dt.date]:
    """The last days of limits that end, by customer."""
    ending = enumerate(traders[::ENDING])
    return {trader.key: today + dt.timedelta(days=_ENDS[turn % len(_ENDS)]) for turn, trader in ending}
