"""What is wrong with the lines of a journal (`domain 8`): facts in, codes out."""

import datetime as dt
import random
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit_mgmt.engine.examining import Code, Eligible, Journal, Level, Line, Period, examine
from credit_mgmt.journals.phrases import finding_message

TODAY, UNTIL = dt.date(2026, 3, 1), dt.date(2027, 12, 31)
LIMITS, TEMPORARY = Journal(TODAY, temporary=False), Journal(TODAY, temporary=True)


def day(number: int) -> dt.date:
    """The n-th day from today on."""
    return TODAY + dt.timedelta(days=number)


def a_line(number: int = 1, new_limit: str = "200", **fields) -> Line:
    values = {"new_from": None, "new_to": UNTIL, "seen": Decimal(100), "now": Decimal(100), **fields}
    return Line(number, values.pop("account", "USMF:US-001"), Decimal(new_limit), **values)


def a_period(number: int, first: int, last: int, **fields) -> Line:
    return a_line(number, new_from=day(first), new_to=day(last), **fields)


def days_of(line: Line) -> tuple[dt.date, dt.date]:
    """The period of a line that has one."""
    assert line.new_from is not None
    assert line.new_to is not None
    return line.new_from, line.new_to


def codes(journal: Journal, *lines: Line) -> list[list[str]]:
    found = examine(journal, lines)
    return [[finding.code.value for finding in found[line.number]] for line in lines]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (a_line(), []),
        (a_line(new_limit="0"), []),
        (a_line(new_limit="-0.01"), ["negative"]),
        (a_line(new_limit="1e15"), ["too_large"]),
        (a_line(new_limit="100.5", minor_units=0), ["too_many_decimals"]),
        (a_line(new_to=TODAY), []),
        (a_line(new_to=day(-1)), ["to_in_the_past"]),
        (a_line(new_from=TODAY), []),
        (a_line(new_from=day(1)), ["in_force_at_once"]),
        (a_line(new_from=day(-3), new_to=day(-5)), ["to_before_from", "to_in_the_past"]),
        (a_line(now=Decimal("100.01")), ["stale"]),
        (a_line(new_to=None, reverses=True), []),
        (a_line(new_to=day(-9), reverses=True), []),
        (a_line(unlimited=True), ["unlimited"]),
        (a_line(approval="pending"), ["waits_for_approval"]),
        (a_line(approval="rejected"), ["line_rejected"]),
        (a_line(approval="approved"), []),
    ],
)
def test_a_line_of_a_credit_limit_journal(line, expected):
    assert codes(LIMITS, line) == [expected]


@pytest.mark.parametrize(
    ("eligible", "parameter", "expected"),
    [
        ("200", Eligible.REFUSE, []),
        ("199.99", Eligible.NO, []),
        ("199.99", Eligible.WARN, [("above_eligible", Level.WARNING)]),
        ("199.99", Eligible.REFUSE, [("above_eligible", Level.ERROR)]),
    ],
)
def test_above_the_eligible_limit_the_parameter_warns_or_refuses(eligible, parameter, expected):
    """domain 8, 10: equal is not above"""
    found = examine(replace(LIMITS, eligible=parameter), [a_line(eligible=Decimal(eligible))])[1]
    assert [(finding.code, finding.level) for finding in found] == expected


def test_an_eligible_limit_without_a_rate_refuses_where_it_is_enforced():
    assert codes(replace(LIMITS, eligible=Eligible.REFUSE), a_line(eligible_unknown=True)) == [["eligible_unknown"]]


def test_two_lines_for_one_limit_refuse_each_other():
    lines = [a_line(1), a_line(2), a_line(3, account="USMF:US-002")]
    assert codes(LIMITS, *lines) == [["duplicate"], ["duplicate"], []]
    assert examine(LIMITS, lines)[1][0].values["line"] == "2"


def test_where_lines_are_approved_one_by_one_each_needs_it():
    assert codes(replace(LIMITS, lines_need_approval=True), a_line()) == [["waits_for_approval"]]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([a_period(1, 0, 9), a_period(2, 10, 19)], [[], []]),
        ([a_period(1, 0, 10), a_period(2, 10, 19)], [["overlaps_line"], ["overlaps_line"]]),
        ([a_period(1, 0, 30), a_period(2, 5, 6), a_period(3, 20, 21)], [["overlaps_line"]] * 3),
        ([a_period(1, 0, 10), a_period(2, 5, 6, account="USMF:US-002")], [[], []]),
        ([a_period(1, 0, 9, temporaries=[Period(Decimal(5), day(9), day(12))])], [["overlaps_temporary"]]),
        ([a_period(1, 0, 8, temporaries=[Period(Decimal(5), day(9), day(12))])], [[]]),
        ([a_period(1, 3, 8, seen_temporary=(seen := Period(Decimal(5), day(-5), day(2))), temporaries=[seen])], [[]]),
        ([a_period(1, 3, 8, seen_temporary=seen)], [["stale"]]),
        ([a_period(1, 3, 8, seen_temporary=seen, reverses=True)], [["nothing_to_reverse"]]),
        ([a_period(1, -5, 2, seen_temporary=seen, temporaries=[seen], reverses=True)], [[]]),
    ],
)
def test_lines_of_a_temporary_limit_journal(lines, expected):
    assert codes(TEMPORARY, *lines) == expected


PERIODS = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 10)), max_size=12)


@given(PERIODS, st.randoms())
def test_overlaps_are_found_as_by_comparing_all_with_all_in_any_order(periods, chance: random.Random):
    lines = [a_period(number, first, first + length) for number, (first, length) in enumerate(periods, start=1)]
    shuffled = chance.sample(lines, len(lines))
    found = examine(TEMPORARY, shuffled)
    for line in lines:
        others = [other for other in lines if other is not line]
        clash = any(days_of(other)[0] <= days_of(line)[1] and days_of(line)[0] <= days_of(other)[1] for other in others)
        assert [finding.code for finding in found[line.number]] == [Code.OVERLAPS_LINE] * clash


def test_ten_thousand_lines_of_one_account_are_looked_at_in_no_time():
    lines = [a_period(number, number * 2, number * 2 + 1) for number in range(10_000)]
    assert not any(examine(TEMPORARY, lines).values())


def test_every_code_has_its_sentence():
    values = dict.fromkeys(["limit", "eligible", "seen", "now", "largest"], "100.00")
    values |= {"from": "2026-03-01", "to": "2026-03-02", "today": "2026-03-01", "line": "3", "decimals": "2"}
    sentences = [finding_message(code, values, "USD") for code in Code]
    assert all(sentence.endswith(".") for sentence in sentences)
    assert finding_message("stale", values, "USD").startswith("The current limit changed from 100.00 USD")
