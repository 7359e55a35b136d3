"""Findings as sentences (`ux` 3.10)."""

from decimal import Decimal

import pytest

from credit_mgmt.engine.health import Code, Finding
from credit_mgmt.messages.health import finding_message, names
from tests.engine.build import rule

RULE = rule("days_overdue", "exclusion", "table", name="EX-09")
OTHER = rule("days_overdue", name="DO-01")
FIGURES = {
    "group": "WHOLESALE",
    "entities": "NL01",
    "on": "2026-11-20",
    "since": "2026-10-01",
    "currency": "GBP",
    "percent": "12",
}


@pytest.mark.parametrize("code", Code)
def test_every_finding_names_its_rule_and_says_what_it_does(code: Code) -> None:
    said = finding_message(Finding(code, RULE, (OTHER,), FIGURES))
    assert "EX-09" in said.sentence
    assert said.sentence.endswith(".")
    assert said.title
    assert said.effect.endswith(".")


def test_an_exclusion_of_the_same_level_is_told_as_in_the_specification() -> None:
    said = finding_message(Finding(Code.SAME_LEVEL, RULE, (OTHER,)))
    assert said.sentence == "DO-01 has the level of the exclusion EX-09, and is looked at first: it never overrides."


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (1, "R0"),
        (2, "R0 and R1"),
        (4, "R0, R1, R2 and R3"),
        (6, "R0, R1, R2 and 3 others"),
    ],
)
def test_many_rules_are_named_and_counted(count: int, words: str) -> None:
    assert names(tuple(rule("sales_order", amount=Decimal(1), name=f"R{number}") for number in range(count))) == words
