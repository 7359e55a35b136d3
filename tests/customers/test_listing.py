"""The address grammar of lists (`ux.md` 3.0), without a database: days, amounts, choices, links."""

import datetime as dt

import pytest
from django.http import QueryDict
from hypothesis import given
from hypothesis import strategies as st

from customers.listing import Address, plus_working_days, read_day, sort_keys

FRIDAY = dt.date(2026, 11, 20)


def address(query: str = "", **defaults: tuple[str, ...]) -> Address:
    return Address(QueryDict(query), defaults)


@pytest.mark.parametrize(
    ("word", "day"),
    [
        ("2026-11-24", dt.date(2026, 11, 24)),
        ("+2d", dt.date(2026, 11, 22)),
        (" 2d", dt.date(2026, 11, 22)),  # a plus that was not escaped arrives as a space
        ("-7d", dt.date(2026, 11, 13)),
        ("+0d", FRIDAY),
        ("+2wd", dt.date(2026, 11, 24)),
        ("-1wd", dt.date(2026, 11, 19)),
        ("soon", None),
        ("2026-13-01", None),
        ("+d", None),
    ],
)
def test_days_are_iso_or_relative(word, day):
    assert read_day(word, FRIDAY) == day


@given(st.dates(dt.date(2000, 1, 1), dt.date(2100, 1, 1)), st.integers(1, 60))
def test_working_days_never_fall_on_a_weekend_and_can_be_walked_back(day, count):
    later = plus_working_days(day, count)
    assert later.weekday() < 5
    assert sum((day + dt.timedelta(n)).weekday() < 5 for n in range(1, (later - day).days + 1)) == count
    if day.weekday() < 5:
        assert plus_working_days(later, -count) == day


@pytest.mark.parametrize("text", ["NaN", "Infinity", "1e400", "1,000.00", "lots", "٣x"])
def test_what_is_no_amount_is_a_problem_and_no_filter(text):
    asked = Address(QueryDict(mutable=True))
    asked.params["value_min"] = text
    assert asked.number("value_min") is None
    assert asked.problems == [f"“{text}” is not an amount; write it like 1250.00."]


def test_an_overflowing_day_is_a_problem_and_no_error():
    asked = address("ship_max=-9999d")
    assert asked.day("ship_max", dt.date(1, 1, 5)) is None
    assert asked.problems


def test_explicit_keys_override_the_defaults_of_the_view():
    assert address(status=("open",)).all("status") == ["open"]
    assert address("status=released", status=("open",)).all("status") == ["released"]
    assert address("status=", status=("open",)).all("status") == []


def test_unknown_choices_are_said_and_left_out():
    asked = address("reason=limit_used&reason=nonsense")
    assert asked.choices("reason", ["limit_used"]) == ["limit_used"]
    assert asked.problems == ["“nonsense” is not a known reason."]


def test_links_start_at_the_first_page_and_keep_the_rest():
    asked = address("reason=a&reason=b&q=x&after=CURSOR")
    assert asked.url() == "?reason=a&reason=b&q=x"
    assert asked.without("reason", "a") == "?q=x&reason=b"
    assert asked.url(q=None) == "?reason=a&reason=b"
    assert asked.url(reason=["c"]) == "?q=x&reason=c"
    assert asked.page_url("after", "NEXT") == "?reason=a&reason=b&q=x&after=NEXT"
    assert address("after=CURSOR").page_url("after", "NEXT") == "?after=NEXT"
    assert asked.page_url("before", None) == ""


@given(
    st.dictionaries(st.sampled_from(["reason", "q", "entity", "value_min"]), st.lists(st.text(max_size=9), max_size=3))
)
def test_every_state_of_a_list_survives_its_own_address(state):
    """`ux.md` measure 10: a fresh session restores it."""
    query = QueryDict(mutable=True)
    for key, values in state.items():
        query.setlist(key, values)
    again = QueryDict(Address(query).url().removeprefix("?"))
    assert {key: again.getlist(key) for key in again} == {key: values for key, values in state.items() if values}


def test_only_known_names_sort_and_the_last_key_is_unique():
    words, keys = sort_keys("-value,password,ship", {"ship": "ship_date", "value": "amount"}, ("ship",), "number")
    assert words == ["-value", "ship"]
    assert [(key.path, key.descending) for key in keys] == [("amount", True), ("ship_date", False), ("number", False)]
    assert sort_keys("", {"ship": "ship_date"}, ("ship",), "number")[0] == ["ship"]


@pytest.mark.parametrize(("per", "rows"), [("25", 25), ("200", 200), ("7", 50), ("-1", 50), ("x", 50), ("", 50)])
def test_only_offered_page_sizes_are_taken(per, rows):
    assert address(f"per={per}").per == rows
