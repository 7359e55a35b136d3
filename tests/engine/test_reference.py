"""The sequence of `domain 4.4` beside the reference model: types, levels, actions, aims and flags, all against all."""

import itertools
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

import pytest

from credit_mgmt.engine.decide import decide
from credit_mgmt.engine.exposure import Book
from credit_mgmt.engine.facts import Checkpoint, Question, Rule
from tests.engine import reference
from tests.engine.build import CUSTOMER, TODAY, order, policy, position, rule, setting, types
from tests.engine.reference import SEVEN, Words

WORLD: Words = {
    "today": TODAY,
    "customer": CUSTOMER,
    "legal_entity": "USMF",
    "credit_management_group": "WHOLESALE",
    "risk_group": "HIGH",
    "days_overdue": 50,
    "days_expired": 20,
    "overdue": Decimal(5_000),
    "exposure_without": Decimal(89_000),
    "limit": Decimal(100_000),
    "order": Decimal(1_000),
    "account_status": "WATCH",
    "payment_terms": "N90",
}
"""90,000 of 100,000 used with the order, 5,000 of it overdue since 50 days."""

VALUES: dict[str, tuple[Words, Words, Words]] = {
    # Above the customer's figure, exactly at it, and far below it; for status and terms: matching, and two that don't.
    "days_overdue": ({"days": 49}, {"days": 50}, {"days": 90}),
    "account_status": ({"account_status": "WATCH"}, {"account_status": "STOP"}, {"account_status": "OK"}),
    "payment_terms": ({"payment_terms": "N90"}, {"payment_terms": "N60"}, {"payment_terms": "N30"}),
    "limit_expired": ({"days": 19}, {"days": 20}, {"days": 90}),
    "overdue_amount": (
        {"amount": 4_999, "threshold_percent": 89},
        {"amount": 4_999, "threshold_percent": 90},
        {"amount": 5_000, "threshold_percent": 90},
    ),
    "sales_order": ({"amount": 999}, {"amount": 1_000}, {"amount": 9_000}),
    "limit_used": ({"threshold_percent": 89}, {"threshold_percent": 90}, {"threshold_percent": 120}),
}
AIM: dict[str, Words] = {
    "table": {"customer": CUSTOMER},
    "group": {"credit_management_group": "WHOLESALE"},
    "all": {},
}
PAST, FUTURE = TODAY.replace(day=1), TODAY.replace(day=28)
NARROWED: dict[str, Words] = {
    "": {},
    "its risk group": {"risk_group": "HIGH"},
    "another risk group": {"risk_group": "LOW"},
    "its entity": {"legal_entity": "USMF"},
    "another entity": {"legal_entity": "DEMF"},
    "in force": {"valid_from": TODAY, "valid_to": TODAY},
    "over": {"valid_from": PAST, "valid_to": PAST},
    "to come": {"valid_from": FUTURE},
    "inactive": {"active": False},
}
LEVELS = tuple(AIM)


def said(kind: str, level: str, action: str, value: int, narrowed: str = "", **more: Any) -> Words:
    """One rule in words."""
    return {
        "type": kind,
        "level": level,
        "action": action,
        **VALUES[kind][value],
        **AIM[level],
        **NARROWED[narrowed],
        **more,
    }


def engines(words: Words, number: int) -> Rule:
    """The same rule as the engine reads it."""
    return rule(**{"name": f"R{number}", **words})


def engine_says(rules: Iterable[Words], world: Words = WORLD) -> list[str]:
    """The reasons that the engine finds in the same world."""
    customer = position(
        world["customer"],
        balance=world["exposure_without"],
        limit=world["limit"],
        overdue=world["overdue"],
        days_overdue=world["days_overdue"],
        account_status=world["account_status"],
        credit_management_group=world["credit_management_group"],
        risk_group=world["risk_group"],
        expires_on=TODAY.fromordinal(TODAY.toordinal() - world["days_expired"]),
    )
    known = policy(*(engines(words, number) for number, words in enumerate(rules)))
    facts = order(world["order"], payer=world["customer"], payment_terms=world["payment_terms"])
    question = Question(Checkpoint.CONFIRMATION)
    return list(types(decide(Book([customer]), facts, policy=known, question=question, setting=setting())))


def differences(table: Iterable[list[Words]]) -> tuple[int, list[str]]:
    """How many rows were looked at, and those on which engine and model differ."""
    rows = [(rules, engine_says(rules), reference.reasons(rules, WORLD)) for rules in table]
    found = [f"{rules}: engine {engine}, model {model}" for rules, engine, model in rows if engine != model]
    return len(rows), found


def of_a_level(kind: str, level: str) -> Iterator[list[Words]]:
    """Nothing, a blocking rule, an exclusion, or both; each of them either way, the exclusion with and without flag."""
    blocking: list[list[Words]] = [[], *([said(kind, level, "blocking", value)] for value in (0, 1))]
    exclusions: list[list[Words]] = [[]]
    for value, release in itertools.product((0, 1), (False, True)):
        exclusions.append([said(kind, level, "exclusion", value, release_sales_order=release)])
    for block, exclude in itertools.product(blocking, exclusions):
        yield [*block, *exclude]


@pytest.mark.parametrize("kind", SEVEN)
def test_levels_actions_and_the_release_flag(kind: str) -> None:
    """domain 4.4: what three levels may say, all against all: 3,375 rows for each type."""
    levels = [list(of_a_level(kind, level)) for level in LEVELS]
    table = ([*table, *group, *everybody] for table, group, everybody in itertools.product(*levels))
    count, found = differences(table)
    assert (count, found[:3]) == (3_375, [])


@pytest.mark.parametrize("kind", SEVEN)
def test_aim_risk_group_entity_dates_and_values(kind: str) -> None:
    """domain 4.2 and 4.3: a blocking rule, narrowed every way, beside an exclusion, narrowed every way: 2,187 rows."""
    table = (
        [said(kind, "all", "blocking", value, one), said(kind, level, "exclusion", other, two)]
        for value, other, one, two, level in itertools.product(range(3), range(3), NARROWED, NARROWED, LEVELS)
    )
    count, found = differences(table)
    assert (count, found[:3]) == (2_187, [])


@pytest.mark.parametrize("kind", SEVEN)
def test_a_release_of_one_type_frees_every_other_type_and_nothing_else_does(kind: str) -> None:
    """domain 4.4, first step: exclusions of each type beside a blocking rule of every type."""
    everything = [said(other, "all", "blocking", 0) for other in SEVEN]
    table = (
        [*everything, said(kind, level, "exclusion", value, narrowed, release_sales_order=release)]
        for level, value, narrowed, release in itertools.product(LEVELS, range(3), NARROWED, (False, True))
    )
    count, found = differences(table)
    assert (count, found) == (162, [])


OTHERS = {"customer": "USMF:US-002", "credit_management_group": "RETAIL"}
BY_HAND: list[tuple[str, list[Words], list[str]]] = [
    ("no rule", [], []),
    ("61 days for all, 50 late", [said("days_overdue", "all", "blocking", 2)], []),
    (
        "a customer's exclusion beats the rule for all",
        [said("sales_order", "all", "blocking", 0), said("sales_order", "table", "exclusion", 2)],
        [],
    ),
    (
        "a rule for the customer beats the exclusion for all",
        [said("sales_order", "table", "blocking", 0), said("sales_order", "all", "exclusion", 2)],
        ["sales_order"],
    ),
    (
        "an exclusion never undoes a rule of its own level",
        [said("sales_order", "group", "blocking", 0), said("sales_order", "group", "exclusion", 2)],
        ["sales_order"],
    ),
    (
        "an exclusion that no longer excuses hands on",
        [said("days_overdue", "all", "blocking", 0), said("days_overdue", "table", "exclusion", 0)],
        ["days_overdue"],
    ),
    (
        "an exclusion by amount excuses from days",
        [
            said("days_overdue", "all", "blocking", 0),
            {"type": "days_overdue", "level": "table", "action": "exclusion", "amount": 5_000, "customer": CUSTOMER},
        ],
        [],
    ),
    (
        "an exclusion by amount that is exceeded does not",
        [
            said("days_overdue", "all", "blocking", 0),
            {"type": "days_overdue", "level": "table", "action": "exclusion", "amount": 4_999, "customer": CUSTOMER},
        ],
        ["days_overdue"],
    ),
    (
        "an exclusion concerns its own type only",
        [said("sales_order", "all", "blocking", 0), said("days_overdue", "table", "exclusion", 2)],
        ["sales_order"],
    ),
    (
        "rules for others concern nobody else",
        [
            said("sales_order", "table", "blocking", 0, customer=OTHERS["customer"]),
            said("sales_order", "group", "blocking", 0, credit_management_group=OTHERS["credit_management_group"]),
        ],
        [],
    ),
    (
        "two rules of a level, one blocks",
        [said("limit_used", "all", "blocking", 1), said("limit_used", "all", "blocking", 0)],
        ["limit_used"],
    ),
    ("every type says its reason", [said(kind, "all", "blocking", 0) for kind in SEVEN], list(SEVEN)),
    (
        "a status excuses from a status rule",
        [said("account_status", "all", "blocking", 0), said("account_status", "group", "exclusion", 0)],
        [],
    ),
]


@pytest.mark.parametrize(("rules", "expected"), [row[1:] for row in BY_HAND], ids=[row[0] for row in BY_HAND])
def test_rows_written_by_hand(rules: list[Words], expected: list[str]) -> None:
    """domain 4.3 and 4.4: what a credit manager expects; engine and model both say so."""
    assert (engine_says(rules), reference.reasons(rules, WORLD)) == (expected, expected)
