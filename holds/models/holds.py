"""The hold list (`domain 6`): one sales order stopped at one checkpoint, why, and what became of it.

States: active -> released | rejected | cancelled, and released -> active only by *reinstate*. The transition methods
are the one table of legal edges, for the single call and the bulk call. Every change raises `version` and appends a
`HoldEvent`; a stale screen cannot act, because it names a version that is no longer there (`reliability.md` finding 5).
The database refuses, at commit, a hold whose status or version is not that of its last event (`migrations/0003`).

Note [What an evaluation writes]. Every hold is evaluated every night. As long as no column that an index has (or has in
its condition) is another one, PostgreSQL writes the row and no index at all; else it writes all of them. So decisions,
chips, moments and versions stand in no index. Figures, reasons and readiness do, as the list is sorted and counted by
them: a hold pays for its indexes when one of these changes. Hence few indexes, none for a key that nobody looks up.
"""

import datetime as dt
import uuid
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Coalesce
from django_fsm import FSMField, transition

from credit_mgmt.models import DecisionRecord
from customers.models import Customer, Document, LegalEntity, Reason, SalesOrder
from customers.models.columns import finite, money, one_of


class HoldStatus(models.TextChoices):
    """The states of a hold (`domain 6`)."""

    ACTIVE = "active", "Active"
    RELEASED = "released", "Released"
    REJECTED = "rejected", "Rejected"
    CANCELLED = "cancelled", "Cancelled"


class ReleaseMode(models.TextChoices):
    """Whether a release also posts what was being posted (`domain 6`)."""

    WITH_POSTING = "with_posting", "With posting"
    WITHOUT_POSTING = "without_posting", "Without posting"


NO_DATE = dt.date(9999, 12, 31)
"""Where a missing date stands in an order: after all others."""
NO_AMOUNT = Decimal("-1e14")
"""Where a missing amount stands in an order: below all others."""
NO_MOMENT = dt.datetime(1900, 1, 1, tzinfo=dt.UTC)
"""Where a missing moment stands in an order: before all others."""
SORT_KEYS: dict[str, Any] = {
    "ship": Coalesce("ship_date", Value(NO_DATE)),
    "value": F("amount"),
    "over": Coalesce("over_limit", Value(NO_AMOUNT)),
    "used": Coalesce("used_percent", Value(NO_AMOUNT)),
    "overdue": Coalesce("overdue_amount", Value(NO_AMOUNT)),
    "held": F("held_at"),
    "order": F("order_number"),
    "decided": Coalesce("decided_at", Value(NO_MOMENT)),
}
"""What the list is sorted by, never null, each with an index of the open holds: a page is read in its order at once,
from any place on, however many holds there are (`ux.md` measure 3)."""
LIST_ORDERS: dict[str, tuple[Any, ...]] = {
    f"hold_by_{name}": (key, F("number")) for name, key in SORT_KEYS.items() if name not in ("ship", "held", "decided")
}
LIST_VIEWS: dict[str, dict[str, Any]] = {
    "hold_view_ready": {"ready_to_release": True},
    "hold_view_forced": {"forced": True},
    "hold_view_approval": {"workflow_state__gt": ""},
    "hold_view_again": {"times_held__gt": 1},
}
"""Few holds among many: the views that would otherwise look at all of them."""
CLOSED = (HoldStatus.RELEASED, HoldStatus.REJECTED, HoldStatus.CANCELLED)
CLOSED_SORTED_BY = (
    "payer", "held_at", "order_number", "ship_date", "amount", "over_limit", "used_percent", "overdue_amount",
)  # fmt: skip


class Hold(models.Model):
    """One row of the credit management hold list. Figures are in `currency`, the entity's accounting currency, as of
    the last evaluation: the list reads what was written, it restates no rule."""

    Status = HoldStatus
    Mode = ReleaseMode
    seen_with = "view_exposure"
    """The right with which the gate shows holds (`customers.access.scoped`): every one carries exposure figures."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    number = models.CharField(
        max_length=20,
        editable=False,
        db_default=models.Func(function="holds_next_number"),
        help_text="H-000123, given by the database",
    )
    # No key has an index of its own accord: see Note [What an evaluation writes].
    order = models.ForeignKey(SalesOrder, on_delete=models.PROTECT, related_name="holds", db_index=False)
    payer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="holds", db_index=False)
    legal_entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT, related_name="+", db_index=False)
    checkpoint = models.CharField(max_length=22, choices=Document.choices)
    pro_forma = models.BooleanField(default=False)
    posting_request = models.JSONField(null=True, help_text="what was being posted: document, pro forma, actor (5.3)")
    status = FSMField(max_length=10, choices=Status.choices, default=Status.ACTIVE, protected=True)
    version = models.PositiveIntegerField(default=1)
    held_at = models.DateTimeField()
    held_by = models.CharField(max_length=80)
    # Held by composite keys with the order (migration 0018): the decisions of a hold are those of its order.
    decision = models.ForeignKey(
        DecisionRecord, on_delete=models.DO_NOTHING, null=True, related_name="+", db_constraint=False, db_index=False
    )
    last_decision = models.ForeignKey(
        DecisionRecord, on_delete=models.DO_NOTHING, null=True, related_name="+", db_constraint=False, db_index=False
    )
    evaluated_at = models.DateTimeField(null=True)
    forced = models.BooleanField(default=False)
    forced_reason = models.ForeignKey(Reason, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    forced_by = models.CharField(max_length=80, blank=True)
    forced_at = models.DateTimeField(null=True)
    forced_note = models.TextField(blank=True)
    forced_until = models.DateField(null=True, help_text="on this day whoever forced it is asked whether it stays")
    ready_to_release = models.BooleanField(default=False)
    review_date = models.DateField(null=True, blank=True)
    snoozed_until = models.DateField(null=True, help_text="put aside until the morning of this day; empty: not snoozed")
    wakes_on = models.JSONField(
        default=list,
        db_default=models.Value([], output_field=models.JSONField()),
        help_text="what ends the snooze earlier: reasons, payment, ship_date",
    )
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    note = models.TextField(blank=True)
    workflow_state = models.CharField(max_length=20, blank=True)
    release_mode = models.CharField(max_length=16, choices=Mode.choices, blank=True)
    release_reason = models.ForeignKey(Reason, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    decided_at = models.DateTimeField(null=True)
    decided_by = models.CharField(max_length=80, blank=True)

    # Denormalised for the list: one row per hold, written with every decision (`ux.md` Server budget).
    reason_codes = models.JSONField(default=list, help_text="valid reason types, sorted")
    chips = models.JSONField(default=list, help_text="[{type, text, number, valid, of?}] in severity order")
    currency = models.CharField(max_length=3)
    amount = money(default=0, help_text="the order in the accounting currency; 0 with amount_unknown")
    amount_unknown = models.BooleanField(default=False)
    over_limit = money(null=True)
    used_percent = models.DecimalField(max_digits=12, decimal_places=2, null=True)
    limiting_group = models.CharField(
        max_length=20,
        blank=True,
        default="",
        db_default="",
        help_text="the credit group whose limit over_limit and used_percent are measured against; "
        "empty: the payer's own",
    )
    overdue_amount = money(null=True)
    ship_date = models.DateField(null=True)
    order_number = models.CharField(max_length=60, editable=False, default="", help_text="given by the database")
    times_held = models.PositiveIntegerField(
        editable=False,
        default=1,
        help_text="how often the order has been held, this time included; given by the database",
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["number"], name="one_hold_per_number"),
            models.UniqueConstraint(fields=["order"], condition=Q(status="active"), name="one_active_hold_per_order"),
            one_of("hold_status_is_known", "status", HoldStatus),
            one_of("hold_checkpoint_is_known", "checkpoint", Document),
            models.CheckConstraint(
                condition=~Q(status="released")
                | (~Q(release_mode="") & ~Q(decided_by="") & Q(decided_at__isnull=False)),
                name="released_hold_says_how_by_whom_and_when",
            ),
            models.CheckConstraint(
                condition=Q(forced=False) | Q(forced_reason__isnull=False), name="forced_hold_has_its_reason"
            ),
            models.CheckConstraint(
                condition=Q(forced_until__isnull=True) | Q(forced=True), name="only_a_forced_hold_is_forced_until"
            ),
            finite("hold_amounts_are_numbers", "amount", "over_limit"),
            finite("hold_overdue_is_a_number", "overdue_amount", "used_percent", floor=None),
        ]
        indexes = [
            models.Index(
                fields=["legal_entity", "snoozed_until"],
                condition=Q(status="active", snoozed_until__isnull=False),
                name="hold_snoozed",
            ),
            models.Index(
                fields=["legal_entity", "forced_until"],
                condition=Q(status="active", forced_until__isnull=False),
                name="hold_forced_until",
            ),
            models.Index(fields=["payer", "status", "held_at"], name="hold_payer"),
            models.Index(fields=["order", "held_at"], name="hold_order"),
            *(models.Index(*keys, condition=Q(status="active"), name=name) for name, keys in LIST_ORDERS.items()),
            *(
                models.Index(
                    fields=["held_at"], include=["legal_entity"], condition=Q(status="active", **of), name=name
                )
                for name, of in LIST_VIEWS.items()
            ),
            models.Index(
                fields=["assignee", "held_at"],
                include=["snoozed_until", "legal_entity"],
                condition=Q(status="active"),
                name="hold_view_mine",
            ),
            # The next two are also what most counts are read from, hence with what the working views leave out.
            models.Index(
                SORT_KEYS["ship"],
                -F("amount"),
                F("number"),
                include=["ship_date", "snoozed_until", "legal_entity"],
                condition=Q(status="active"),
                name="hold_by_ship_and_value",
            ),
            models.Index(
                fields=["held_at", "number"],
                include=["snoozed_until", "legal_entity"],
                condition=Q(status="active"),
                name="hold_by_held",
            ),
            models.Index(
                fields=["review_date"],
                include=["legal_entity"],
                condition=Q(status="active", review_date__isnull=False),
                name="hold_view_review",
            ),
            # Written at once: what waits in a list would be read through by every count.
            GinIndex(
                OpClass("reason_codes", name="jsonb_path_ops"),
                condition=Q(status="active"),
                fastupdate=False,
                name="hold_by_reason",
            ),
            # What was closed of late is sorted from the index alone, in whatever order; closed holds change no more.
            models.Index(
                SORT_KEYS["decided"],
                F("number"),
                include=["decided_at", "status", "legal_entity", "id", *CLOSED_SORTED_BY],
                condition=Q(decided_at__isnull=False),
                name="hold_by_decided",
            ),
            models.Index(fields=["status", "number"], condition=Q(status__in=CLOSED), name="hold_closed"),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def looked_at(self) -> dt.datetime | None:
        """When it was last evaluated, whether or not anything had changed since the time before."""
        look: HoldLook | None = getattr(self, "look", None)
        known = [at for at in (self.evaluated_at, look.looked_at if look else None) if at is not None]
        return max(known, default=None)

    @transition(field=status, source=Status.ACTIVE, target=Status.RELEASED)
    def release(self) -> None:
        """The order may go on (`domain 6`)."""

    @transition(field=status, source=Status.ACTIVE, target=Status.REJECTED)
    def reject(self) -> None:
        """The order may not go on until somebody reopens it."""

    @transition(field=status, source=Status.ACTIVE, target=Status.CANCELLED)
    def cancel(self) -> None:
        """The order is gone."""

    @transition(field=status, source=Status.RELEASED, target=Status.ACTIVE)
    def reinstate(self) -> None:
        """A release without posting, taken back."""


class HoldLook(models.Model):
    """When a hold was last looked at, and a name for the facts that were seen then (`holds.looking`).

    Apart from the hold, because every evaluation writes it: a row of the list costs all its indexes.
    """

    hold = models.OneToOneField(Hold, on_delete=models.CASCADE, primary_key=True, related_name="look")
    looked_at = models.DateTimeField()
    fingerprint = models.CharField(max_length=32, blank=True)
    version = models.PositiveIntegerField(help_text="the hold's, when it had been looked at")

    def __str__(self) -> str:
        return f"{self.hold_id} at {self.looked_at}"


class HoldReason(models.Model):
    """One reason of a hold: made of the very numbers that were compared; `valid` is the check mark (`domain 7`)."""

    # The unique constraint begins with the hold.
    hold = models.ForeignKey(Hold, on_delete=models.CASCADE, related_name="reasons", db_index=False)
    type = models.CharField(max_length=30)
    rule = models.CharField(max_length=40, blank=True, help_text="id of the rule, as in the policy version")
    level = models.CharField(max_length=6, blank=True)
    account = models.CharField(max_length=50, blank=True)
    evidence = models.JSONField(default=dict)
    message = models.TextField(blank=True)
    valid = models.BooleanField(default=True)
    added_at = models.DateTimeField()
    cleared_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["hold", "type", "rule", "account"], name="one_row_per_reason_of_a_hold"),
            models.CheckConstraint(
                condition=Q(valid=True, cleared_at__isnull=True) | Q(valid=False, cleared_at__isnull=False),
                name="cleared_reason_says_when",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.hold_id} {self.type}"


class HoldEvent(models.Model):
    """Something that happened to a hold, append-only: the evidence (`reliability.md` I2, I3)."""

    hold = models.ForeignKey(Hold, on_delete=models.PROTECT, related_name="events")
    version = models.PositiveIntegerField()
    type = models.CharField(max_length=30)
    from_status = models.CharField(max_length=10, blank=True)
    to_status = models.CharField(max_length=10)
    actor = models.CharField(max_length=80)
    actor_name = models.CharField(max_length=150, blank=True)
    at = models.DateTimeField()
    data = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["hold", "version"], name="one_event_per_hold_and_version"),
        ]
        indexes = [models.Index(fields=["actor", "-at"], name="hold_event_by_actor")]

    def __str__(self) -> str:
        return f"{self.hold_id} v{self.version} {self.type}"
