"""What follows from a decision: holds, their reasons, and everything that happened to them."""

from holds.models.absences import Absence
from holds.models.holds import Hold, HoldEvent, HoldLook, HoldReason
from holds.models.notes import Attachment, CustomerNote, HoldViewer, PinnedNote
from holds.models.standing import StandingForce

__all__ = [
    "Absence",
    "Attachment",
    "CustomerNote",
    "Hold",
    "HoldEvent",
    "HoldLook",
    "HoldReason",
    "HoldViewer",
    "PinnedNote",
    "StandingForce",
]
