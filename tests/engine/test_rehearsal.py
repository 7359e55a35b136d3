"""An order walked through checkpoints and grace days: the *Try it* row of the setup page (`ux.md` 3.11)."""

import datetime as dt

import pytest

from credit_mgmt.engine.decision import NotChecked
from credit_mgmt.engine.facts import Checkpoint, CheckpointSetting
from credit_mgmt.engine.rehearsal import rehearse

CONFIRMATION, SLIP, INVOICE = Checkpoint.CONFIRMATION, Checkpoint.PACKING_SLIP, Checkpoint.INVOICE


def on(day: int) -> dt.date:
    return dt.date(2026, 11, day)


def setting(grace: int | None = None, posting: bool = True) -> CheckpointSetting:
    return CheckpointSetting(posting=posting, grace_days=grace)


DRAWN: dict[str, CheckpointSetting] = {CONFIRMATION: setting(5), SLIP: setting(2), INVOICE: setting(2)}
"""The checkpoints that `ux.md` 3.11 draws, with the grace days that Invoice lacks there."""
WALKS = {
    "as drawn in ux 3.11": (DRAWN, [20, 23, 26], [None, NotChecked.GRACE, None]),
    "the last day of grace": (DRAWN, [20, 25, 25], [None, NotChecked.GRACE, NotChecked.GRACE]),
    "each check begins a grace of its own": (DRAWN, [20, 26, 28], [None, None, NotChecked.GRACE]),
    "after that it is checked again": (DRAWN, [20, 26, 29], [None, None, None]),
    "no grace days: every document": (
        {CONFIRMATION: setting(), SLIP: setting(), INVOICE: setting()}, [20, 20, 20], [None, None, None],
    ),
    "zero days: until the end of the day": (
        {CONFIRMATION: setting(0), SLIP: setting(0), INVOICE: setting(0)}, [20, 20, 21],
        [None, NotChecked.GRACE, None],
    ),
    "a document that is switched off": (
        {CONFIRMATION: setting(), INVOICE: setting()}, [20, 21, 22], [None, NotChecked.CHECKPOINT_OFF, None],
    ),
    "nothing is checked": ({}, [20, 21, 22], [NotChecked.CHECKPOINT_OFF] * 3),
}  # fmt: skip


@pytest.mark.parametrize(("checkpoints", "days", "because"), WALKS.values(), ids=WALKS)
def test_which_documents_are_checked(checkpoints, days, because):
    """domain 5.2: confirmed on day D with g days of grace, not checked through D + g"""
    postings = list(zip((CONFIRMATION, SLIP, INVOICE), map(on, days), strict=True))
    visits = rehearse(checkpoints, postings)
    assert [visit.because for visit in visits] == because
    assert [visit.checked for visit in visits] == [reason is None for reason in because]


def test_the_end_of_the_grace_is_told():
    [visit] = rehearse(DRAWN, [(CONFIRMATION, on(20))])
    assert visit.grace_until == on(25)
