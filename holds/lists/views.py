"""The views that the hold list is shipped with (`ux.md` 3.1); what people save is `customers.listing.views`."""

from customers.listing.kinds import View

OPEN, AWAKE = ("open",), ("no",)
VIEWS = (
    View("mine", "Mine", {"status": OPEN, "owner": ("me",), "snoozed": AWAKE}, "held"),
    View("ready", "Ready", {"status": ("ready",)}, "held", apart=True),
    View("ships-soon", "Ships in 2 days", {"status": OPEN, "ship_max": ("+2wd",), "snoozed": AWAKE}, "ship"),
    View("forced", "Forced", {"status": OPEN, "forced": ("yes",)}, "held", apart=True),
    View("snoozed", "Snoozed", {"status": OPEN, "snoozed": ("yes",)}, apart=True),
    View("unassigned", "Unassigned", {"status": OPEN, "owner": ("none",), "snoozed": AWAKE}, "owner"),
    View("open", "All open", {"status": OPEN, "snoozed": AWAKE}, "held"),
    View("review", "Due for review", {"status": OPEN, "review_max": ("+0d",)}, apart=True),
    View("snoozed-due", "Snoozed, due", {"status": OPEN, "snoozed_max": ("+1wd",)}, apart=True),
    View("held-again", "Held again", {"status": OPEN, "times_held_min": ("2",)}, "held", apart=True),
    View("in-approval", "In approval", {"status": ("in_approval",)}, "held", apart=True),
    View("failed", "Release failed", {"status": OPEN, "reason": ("posting_failed",)}, apart=True),
    View(
        "closed",
        "Closed last 7 days",
        {"status": ("closed",), "decided_min": ("-7d",), "sort": ("-decided",)},
        "decided",
        apart=True,
    ),
)
"""The shipped views, those that are pinned unasked first."""
