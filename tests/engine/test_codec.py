"""Stored facts, policies and decisions come back exactly, and a decision can be recomputed to itself (`domain 4`)."""

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given

from credit_mgmt.engine.codec import BadRecord, canonical, decode, encode, replay, stored_facts
from credit_mgmt.engine.condense import Facts
from credit_mgmt.engine.decide import carry, decide
from credit_mgmt.engine.decision import Decision, Remedy
from credit_mgmt.engine.exposure import Book
from credit_mgmt.engine.facts import Checkpoint, Policy, Question
from tests.engine.build import CUSTOMER, group, order, policy, policy_of, position, rule, setting
from tests.engine.worlds import World, worlds


def again(stored: dict[str, Any]) -> dict[str, Any]:
    """What a JSON column gives back."""
    read: dict[str, Any] = json.loads(canonical(stored))
    return read


@given(worlds())
def test_a_stored_decision_is_recomputed_to_itself(world: World) -> None:
    """In the middle of a queue, in groups, without rates: facts, policy and decision through JSON and back."""
    stored_policy, book = again(encode(world.policy)), world.book()
    known = decode(Policy, stored_policy)
    for wanted, question, setting_ in world.items:
        decision = decide(book, wanted, policy=world.policy, question=question, setting=setting_)
        facts = again(stored_facts(book, wanted, policy=world.policy, question=question, setting=setting_))
        assert replay(facts, policy=known) == decision
        assert decode(Decision, again(encode(decision))) == decision
        assert encode(decode(Facts, facts)) == facts
        carry(book, wanted, decision, policy=world.policy)
    assert encode(known) == stored_policy


def test_cover_is_stored_as_it_was_agreed_and_what_was_stored_before_there_was_any_replays() -> None:
    """domain 4: a record without cover has none; one with cover names the policies, and the rates that they need."""
    full, where = policy(rule("limit_used", threshold_percent=100)), setting(EUR_USD="1.10", GBP_USD="1.30")
    asked = {"policy": full, "question": Question(Checkpoint.INVOICE), "setting": where}
    bare = position(limit=500)
    covered = position(limit=500, cover=(policy_of(1_000, percent=50, currency="EUR"),))
    before, after = (stored_facts(Book([customer]), order(), **asked) for customer in (bare, covered))  # type: ignore[arg-type]
    assert "cover" not in before["position"]
    assert replay(again(before), policy=full).holds
    assert after["position"]["cover"] == [{"currency": "EUR", "value": "1000.0000", "percent": "50.0000"}]
    assert after["setting"]["rates"]["rates"] == {"EUR>USD": "1.10"}
    assert replay(again(after), policy=full) == decide(Book([covered]), order(), **asked)  # type: ignore[arg-type]
    assert not replay(again(after), policy=full).holds


def test_the_facts_of_a_large_group_are_few() -> None:
    """A group of thousands is stored as its payer, the others' sum, and the member with the most days overdue."""
    members = [
        position(f"USMF:M{number}", balance=number, days_overdue=number % 90, group="group:G1")
        for number in range(3_000)
    ]
    payer = position(balance=10, group="group:G1")
    shared = group(payer, *members, limit=10**7, use_member_days_overdue=True)
    book, rules = (
        Book([payer], [shared]),
        policy(rule("days_overdue", days=5), rule("limit_used", threshold_percent=10)),
    )
    asked = {"policy": rules, "question": Question(Checkpoint.INVOICE), "setting": setting(EUR_USD="1.1", GBP_USD="2")}
    facts = stored_facts(book, order(), **asked)  # type: ignore[arg-type]
    assert len(canonical(facts)) < 2_000
    assert facts["setting"]["rates"] == {"rates": {}, "minor_units": {"USD": 2}}
    assert replay(facts, policy=rules) == decide(book, order(), **asked)  # type: ignore[arg-type]


def test_remedies_and_details_come_back_too() -> None:
    decision = Decision(1, "USMF:SO-1", "invoice", True, decide(
        Book([position()]), order(), policy=policy(), question=Question(Checkpoint.INVOICE), setting=setting()
    ).outcome, remedies=(Remedy("pay", ("limit_used",), {"amount": "1.00"}),))  # fmt: skip
    assert decode(Decision, again(encode(decision))) == decision


def facts_of(**changes: Any) -> dict[str, Any]:
    book = Book([position()])
    stored = stored_facts(book, order(), policy=policy(), question=Question(Checkpoint.INVOICE), setting=setting())
    read = again(stored)
    for path, value in changes.items():
        part, name = path.split("__")
        read[part][name] = value
    return read


@pytest.mark.parametrize("amount", ["NaN", "Infinity", "-Infinity", "sNaN", "1e", "", None, 12.5, 12, True])
def test_nan_floats_and_nonsense_are_refused_when_read_back(amount: Any) -> None:
    """Amounts are strings with finite numbers."""
    with pytest.raises(BadRecord):
        replay(facts_of(order__amount=amount), policy=policy())


@pytest.mark.parametrize(
    "change",
    [
        {"order__surprise": 1},
        {"order__intercompany": "yes"},
        {"order__id": "1"},
        {"order__id": True},
        {"setting__as_of": "2026-02-30"},
        {"question__checkpoint": "shipping"},
        {"position__limit_type": "everything"},
        {"position__parts": [{"currency": "USD", "owed": "1"}]},
        {"setting__rates": {"rates": {"EURUSD": "1.1"}, "minor_units": {}}},
        {"setting__rates": {"rates": {"EUR>USD": "NaN"}, "minor_units": {}}},
        {"setting__rates": {"rates": {}, "minor_units": {"USD": "2"}}},
    ],
)
def test_unknown_fields_and_values_of_the_wrong_kind_are_refused(change: dict[str, Any]) -> None:
    with pytest.raises(BadRecord):
        replay(facts_of(**change), policy=policy())


def test_a_record_that_lacks_a_field_is_refused_by_name() -> None:
    stored = facts_of()
    del stored["order"]["payer"]
    with pytest.raises(BadRecord, match="payer"):
        replay(stored, policy=policy())


def test_amounts_keep_every_digit() -> None:
    exact = Decimal("12345678901234.5678")
    book = Book([replace(position(), limit=exact)])
    stored = again(
        stored_facts(book, order(), policy=policy(), question=Question(Checkpoint.INVOICE), setting=setting())
    )
    facts = decode(Facts, stored)
    assert facts.position is not None
    assert (facts.position.account, str(facts.position.limit)) == (CUSTOMER, str(exact))
