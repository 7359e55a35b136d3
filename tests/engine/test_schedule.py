"""Checkpoints, grace days, what a release clears, and the order of documents (`domain 5`)."""

import datetime as dt
from typing import Any

import pytest

from credit_mgmt.engine.decision import NotChecked, Outcome
from credit_mgmt.engine.facts import Checkpoint, CheckpointSetting, Standing
from credit_mgmt.engine.schedule import (
    checkpoints_at_odds,
    grace_until,
    grace_without_checkbox,
    is_checked,
    may_post,
    next_documents,
)
from tests.engine.build import EVERY_CHECKPOINT, check, money, order, position, rule, setting

DAY_1 = dt.date(2026, 3, 1)
LATE = position(days_overdue=99)
BLOCK = rule("days_overdue", days=1)


def on_day(number: int) -> dt.date:
    return DAY_1 + dt.timedelta(days=number - 1)


@pytest.mark.parametrize(("day", "checked"), [(1, False), (2, False), (3, False), (4, True)])
def test_confirmed_on_day_1_with_2_grace_days_the_next_check_is_on_day_4(day: int, checked: bool) -> None:
    """domain 5.2: not checked through day D + g."""
    until = grace_until(CheckpointSetting(posting=True, grace_days=2), DAY_1)
    passed = order(standing=Standing(money(1_000), grace_until=until))
    decision = check(passed, LATE, BLOCK, checkpoint="packing_slip", where=setting(on_day(day)))
    assert decision.holds is checked
    assert decision.not_checked_because is (None if checked else NotChecked.GRACE)


@pytest.mark.parametrize(
    ("checkpoint", "until"),
    [
        (CheckpointSetting(posting=True), None),
        (CheckpointSetting(posting=True, grace_days=0), on_day(1)),
        (CheckpointSetting(posting=True, grace_days=5), on_day(6)),
        (CheckpointSetting(posting=False, grace_days=5), None),
        (CheckpointSetting(posting=True, grace_days=5, pro_forma=False, pro_forma_grace_days=9), on_day(6)),
    ],
)
def test_no_grace_days_are_none_and_zero_is_the_end_of_the_day(
    checkpoint: CheckpointSetting, until: dt.date | None
) -> None:
    """domain 5.1: grace days need their checkbox."""
    assert grace_until(checkpoint, DAY_1) == until


def test_pro_forma_and_posting_have_separate_grace() -> None:
    """domain 5.2."""
    both = {"confirmation": CheckpointSetting(posting=True, grace_days=1, pro_forma=True, pro_forma_grace_days=7)}
    assert grace_until(both["confirmation"], DAY_1, pro_forma=True) == on_day(8)
    standing = Standing(money(1_000), grace_until=on_day(2), pro_forma_grace_until=on_day(8))
    facts, where = order(standing=standing), setting(on_day(5))
    posting = check(facts, LATE, BLOCK, where=where, checkpoints=both)
    pro_forma = check(facts, LATE, BLOCK, where=where, checkpoints=both, pro_forma=True)
    assert (posting.outcome, pro_forma.outcome) == (Outcome.HELD, Outcome.NOT_CHECKED)


@pytest.mark.parametrize(
    ("cleared", "asked", "outcome"),
    [
        ({"cleared_document": "confirmation"}, {"checkpoint": "confirmation"}, Outcome.NOT_CHECKED),
        ({"cleared_document": "confirmation"}, {"checkpoint": "packing_slip"}, Outcome.HELD),
        ({"cleared_document": "confirmation"}, {"checkpoint": "confirmation", "pro_forma": True}, Outcome.HELD),
        ({"cleared_document": None}, {"checkpoint": "confirmation"}, Outcome.HELD),
    ],
)
def test_a_release_clears_the_document_at_which_the_order_was_stopped(
    cleared: dict, asked: dict, outcome: Outcome
) -> None:
    """domain 5.2: later checkpoints check as usual."""
    everywhere = {name: CheckpointSetting(posting=True, pro_forma=True) for name in EVERY_CHECKPOINT}
    facts = order(standing=Standing(money(1_000), released=True, **cleared))
    assert check(facts, LATE, BLOCK, checkpoints=everywhere, **asked).outcome is outcome


EASIER: list[tuple[dict[str, Any], dict[str, Any], bool]] = [
    # domain 5.2: the order now, parameters, whether grace and clearance still answer for it. Standing: 1,000, ranks 2.
    ({"amount": 1_000}, {}, True),
    ({"amount": "1000.01"}, {}, False),
    ({"amount": 900}, {}, True),
    ({"amount": 1_050}, {"release_tolerance_percent": money(5)}, True),
    ({"amount": "1050.01"}, {"release_tolerance_percent": money(5)}, False),
    ({"amount": 9_000}, {"allow_edit_after_release": True}, True),
    ({"amount": 1_000, "terms_rank": 3}, {}, True),
    ({"amount": 1_000, "terms_rank": 3}, {"check_terms": True}, False),
    ({"amount": 1_000, "terms_rank": 2}, {"check_terms": True}, True),
    ({"amount": 1_000, "terms_rank": None}, {"check_terms": True}, True),
    ({"amount": 1_000, "discount_rank": 3}, {"check_discount": True}, False),
    ({"amount": 1_000, "discount_rank": 1}, {"check_discount": True}, True),
    ({"amount": 9_000, "terms_rank": 3}, {"check_terms": True, "allow_edit_after_release": True}, False),
]


@pytest.mark.parametrize(("now", "parameters", "still"), EASIER)
@pytest.mark.parametrize("kind", ["grace", "clearance"])
def test_grace_and_clearance_end_when_the_order_got_easier(now: dict, parameters: dict, still: bool, kind: str) -> None:
    """domain 5.2."""
    given = {"grace_until": DAY_1} if kind == "grace" else {"cleared_document": "confirmation", "released": True}
    standing = Standing(money(1_000), terms_rank=2, discount_rank=2, **given)
    facts = order(**{"terms_rank": 2, "discount_rank": 2, **now, "standing": standing})
    decision = check(facts, LATE, BLOCK, where=setting(DAY_1), **parameters)
    assert (decision.outcome is Outcome.NOT_CHECKED) is still


def days(**grace: int | None) -> dict[str, CheckpointSetting]:
    return {name: CheckpointSetting(posting=True, grace_days=value) for name, value in grace.items()}


@pytest.mark.parametrize(
    ("checkpoints", "odd"),
    [
        ({}, ()),
        (days(confirmation=None, packing_slip=None), ()),
        (days(confirmation=0, packing_slip=3), ()),
        (days(confirmation=2, packing_slip=None, invoice=None), ("confirmation",)),
        (days(confirmation=2, packing_slip=1, invoice=None), ("invoice",)),
        (days(confirmation=2, invoice=None), ("invoice",)),
    ],
)
def test_either_all_enabled_checkpoints_have_grace_days_or_none_has(checkpoints: dict, odd: tuple) -> None:
    """domain 5.1: the error names the odd ones."""
    assert checkpoints_at_odds(checkpoints) == odd


def test_a_checkpoint_that_is_off_is_not_at_odds_but_needs_its_checkbox() -> None:
    """domain 5.1."""
    mixed = {**days(confirmation=2), "invoice": CheckpointSetting(posting=False, pro_forma=True)}
    assert checkpoints_at_odds(mixed) == ()
    unchecked = {"invoice": CheckpointSetting(grace_days=1), "picking_list": CheckpointSetting(pro_forma_grace_days=1)}
    assert grace_without_checkbox(unchecked) == ("picking_list", "invoice")
    assert not is_checked(unchecked["invoice"], pro_forma=False)


@pytest.mark.parametrize(
    ("status", "following"),
    [
        ("open", ["confirmation"]),
        ("confirmation", ["release_to_warehouse", "picking_list", "packing_slip"]),
        ("release_to_warehouse", ["picking_list", "packing_slip"]),
        ("picking_list", ["packing_slip"]),
        ("packing_slip", ["invoice"]),
        ("invoice", []),
    ],
)
def test_documents_follow_in_order_and_two_may_be_left_out(status: str, following: list[str]) -> None:
    """domain 1, 5.3; api Documents: a confirmation is required."""
    assert [document.value for document in next_documents(status)] == following
    assert [document.value for document in Checkpoint if may_post(status, document)] == following


def test_a_status_that_is_no_document_is_an_error() -> None:
    with pytest.raises(ValueError, match="shipped"):
        next_documents("shipped")
