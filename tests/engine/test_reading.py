"""The reading instruction says what the engine does (`domain 4.4`, `ux` 3.10)."""

import pytest

from credit_mgmt.engine import ladder
from credit_mgmt.engine.facts import Action, Level, Rule
from credit_mgmt.engine.reading import levels_in_order, reading_instruction


def test_it_says_the_sequence_of_4_4() -> None:
    assert reading_instruction() == (
        "Read from the top: rules for one customer, then rules for a group, then rules for everyone; within a level "
        "blocking rules before exclusions. The first rule that blocks or excuses decides for its type; one that does "
        "neither hands on to the next. An exclusion overrides blocking rules of the levels below its own, never of its "
        "own level."
    )


def test_other_levels_are_other_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ladder, "LEVELS", (Level.ALL, Level.GROUP, Level.TABLE))
    assert levels_in_order() == [Level.ALL, Level.GROUP, Level.TABLE]
    assert reading_instruction().startswith("Read from the top: rules for everyone, then rules for a group,")


def test_exclusions_first_are_other_words(monkeypatch: pytest.MonkeyPatch) -> None:
    def exclusions_first(rule: Rule) -> tuple[int, bool]:
        return ladder.LEVELS.index(rule.level), rule.action is Action.BLOCKING

    monkeypatch.setattr(ladder, "_rank", exclusions_first)
    said = reading_instruction()
    assert "within a level exclusions before blocking rules" in said
    assert "overrides blocking rules of its own level and of the levels below it" in said
