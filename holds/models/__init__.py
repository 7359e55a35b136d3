"""What follows from a decision: holds, their reasons, and everything that happened to them."""

from holds.models.absences import Absence
from holds.models.holds import Hold, HoldEvent, HoldReason

__all__ = ["Absence", "Hold", "HoldEvent", "HoldReason"]
