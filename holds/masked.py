"""Reasons of holds as one reader may see them (`credit_mgmt.masking`): what was stored names the figures of groups."""

from credit_mgmt.engine.decision import Reason
from credit_mgmt.masking import Mask
from credit_mgmt.messages import reason_message
from holds.models import HoldReason


def masked(row: HoldReason, mask: Mask) -> HoldReason:
    """The reason, in memory only: where its figures are withheld, with other evidence and another sentence."""
    stored = Reason(row.type, row.rule or None, row.level or None, row.account or None, row.evidence)
    shown = mask.reason(stored)
    if shown is not stored:
        row.account, row.evidence, row.message = shown.account or "", dict(shown.evidence), reason_message(shown)
    return row
