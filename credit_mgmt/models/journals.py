"""Limit adjustment journals (`domain 8`): changes of limits that are drafted, looked at, approved and posted together.

States: draft -> in workflow -> approved | rejected, draft -> approved where no approval is required, approved (or a
draft that needs no approval) -> posted, and back to draft from all that is neither posted nor cancelled. The transition
methods are the one table of legal edges; the database knows it too (migration 0012), and refuses any change of a
journal that was posted or cancelled, and of the lines of one that is no draft.
"""

from django.db import models
from django.db.models import F, Q
from django_fsm import FSMField, transition

from customers.models import Currency, Customer, CustomerCreditGroup, LegalEntity
from customers.models.columns import finite, money, one_of


class JournalType(models.TextChoices):
    """What the lines of a journal change: the type decides, whatever they were generated from."""

    CREDIT_LIMIT = "credit_limit", "Credit limit"
    TEMPORARY = "temporary_credit_limit", "Temporary credit limit"


class JournalStatus(models.TextChoices):
    """The states of a journal (`domain 8`, `11`). Drafts are cancelled, not deleted: numbers stay without gaps."""

    DRAFT = "draft", "Draft"
    IN_WORKFLOW = "in_workflow", "In approval"
    APPROVED = "approved", "Approved"
    REJECTED = "rejected", "Rejected"
    POSTED = "posted", "Posted"
    CANCELLED = "cancelled", "Cancelled"


class JournalOrigin(models.TextChoices):
    """What a journal began as."""

    MANUAL = "manual", "Manual"
    CUSTOMERS = "customers", "From customers"
    GROUPS = "groups", "From groups"
    AUTOMATIC = "automatic", "Automatic limits"
    COPY = "copy", "Copy"
    REVERSAL = "reversal", "Reversal"


class LineApproval(models.TextChoices):
    """Where a line stands when lines are approved one by one; empty where they are not."""

    PENDING = "pending", "Waiting"
    APPROVED = "approved", "Approved"
    REJECTED = "rejected", "Rejected"


class ApprovalSubject(models.TextChoices):
    """What is approved: the journal as a whole, or each of its lines."""

    JOURNAL = "journal", "Journal"
    LINE = "line", "Line"


class Problem(models.TextChoices):
    """The worst that was found of a line; empty where nothing was."""

    WARNING = "warning", "Warning"
    ERROR = "error", "Error"


class LimitJournal(models.Model):
    """Changes of limits that are posted together or not at all.

    `increase` and `decrease` are sums over the lines in the legal entity's accounting currency; None where an exchange
    rate is missing. `version` rises with every change of the journal or its lines.
    """

    Type = JournalType
    Status = JournalStatus
    Origin = JournalOrigin
    seen_with = "view_exposure"
    """The right with which the gate shows journals: every line carries a limit."""

    number = models.CharField(max_length=30, unique=True, editable=False, help_text="USMF-000123, without gaps")
    legal_entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT, related_name="+")
    sequence = models.PositiveIntegerField(editable=False)
    type = models.CharField(max_length=22, choices=Type.choices)
    description = models.CharField(max_length=100, blank=True)
    status = FSMField(max_length=11, choices=Status.choices, default=Status.DRAFT, protected=True)
    version = models.PositiveIntegerField(default=1)
    origin = models.CharField(max_length=10, choices=Origin.choices, default=Origin.MANUAL)
    reverses = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="reversals")
    line_count = models.PositiveIntegerField(default=0)
    increase = money(null=True, default=0)
    decrease = money(null=True, default=0)
    owner = models.CharField(max_length=80)
    created_at = models.DateTimeField()
    changed_by = models.CharField(max_length=80)
    changed_at = models.DateTimeField()
    submitted_by = models.CharField(max_length=80, blank=True)
    submitted_at = models.DateTimeField(null=True)
    decided_by = models.CharField(max_length=80, blank=True)
    decided_at = models.DateTimeField(null=True)
    posted_by = models.CharField(max_length=80, blank=True)
    posted_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["legal_entity", "sequence"], name="one_journal_per_entity_and_number"),
            models.UniqueConstraint(fields=["id", "legal_entity"], name="journal_id_with_entity"),
            models.UniqueConstraint(
                fields=["reverses"], condition=~Q(status="cancelled"), name="one_reversal_per_journal"
            ),
            one_of("journal_type_is_known", "type", JournalType),
            one_of("journal_status_is_known", "status", JournalStatus),
            one_of("journal_origin_is_known", "origin", JournalOrigin),
            finite("journal_sums_are_numbers", "increase", "decrease"),
            models.CheckConstraint(
                condition=~Q(status="posted") | (~Q(posted_by="") & Q(posted_at__isnull=False)),
                name="posted_journal_says_by_whom_and_when",
            ),
            models.CheckConstraint(
                condition=Q(decided_by="") | ~Q(decided_by=F("submitted_by")),
                name="nobody_approves_a_journal_that_they_submitted",
            ),
        ]
        indexes = [
            models.Index(fields=["legal_entity", "status", "-changed_at"], name="journal_by_status"),
            models.Index(fields=["-changed_at", "number"], name="journal_by_change"),
            models.Index(fields=["owner", "status"], name="journal_by_owner"),
        ]

    def __str__(self) -> str:
        return self.number

    @transition(field=status, source=Status.DRAFT, target=Status.IN_WORKFLOW)
    def submit(self) -> None:
        """Somebody else has to approve it now; until then it stays as it is."""

    @transition(field=status, source=[Status.DRAFT, Status.IN_WORKFLOW], target=Status.APPROVED)
    def approve(self) -> None:
        """It may be posted."""

    @transition(field=status, source=Status.IN_WORKFLOW, target=Status.REJECTED)
    def reject(self) -> None:
        """It may not be posted as it is."""

    @transition(field=status, source=[Status.IN_WORKFLOW, Status.APPROVED, Status.REJECTED], target=Status.DRAFT)
    def reopen(self) -> None:
        """Taken back to be changed: what was approved of it no longer counts."""

    @transition(field=status, source=[Status.DRAFT, Status.APPROVED], target=Status.POSTED)
    def post(self) -> None:
        """Its lines are in force; it never changes again."""

    @transition(field=status, source=Status.DRAFT, target=Status.CANCELLED)
    def cancel(self) -> None:
        """It is not wanted any more; its number stays."""


class LimitJournalLine(models.Model):
    """One change of one limit, of a customer or of a customer credit group, in `currency` of its credit account.

    `current_*` is what was in force when the line was made: if that changed since, the line is stale and is not posted.
    A draft may be wrong; `findings` says how, and posting refuses.
    """

    Approval = LineApproval

    journal = models.ForeignKey(LimitJournal, on_delete=models.PROTECT, related_name="lines", db_index=False)
    # Also of the journal and of the customer: composite foreign keys (migration 0012) keep the three the same.
    legal_entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT, related_name="+", db_index=False)
    number = models.PositiveIntegerField()
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    group = models.ForeignKey(CustomerCreditGroup, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    currency = models.ForeignKey(Currency, on_delete=models.PROTECT, related_name="+", db_index=False)
    current_limit = money()
    current_expires_on = models.DateField(null=True)
    current_temporary = money(null=True)
    current_temporary_from = models.DateField(null=True)
    current_temporary_to = models.DateField(null=True)
    new_limit = money()
    new_from = models.DateField(null=True)
    new_to = models.DateField(null=True)
    reverses = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="+")
    approval = models.CharField(max_length=8, choices=Approval.choices, blank=True)
    problem = models.CharField(max_length=7, choices=Problem.choices, blank=True)
    findings = models.JSONField(default=list, help_text="[{code, level, field, values}] of the last look")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["journal", "number"], name="one_journal_line_per_number"),
            models.CheckConstraint(
                condition=Q(customer__isnull=False, group__isnull=True) | Q(customer__isnull=True, group__isnull=False),
                name="journal_line_for_a_customer_or_a_group",
            ),
            models.CheckConstraint(
                condition=Q(new_to__isnull=False) | Q(reverses__isnull=False), name="journal_line_says_until_when"
            ),
            finite("journal_line_current_amounts_are_numbers", "current_limit", "current_temporary"),
            finite("journal_line_new_limit_is_a_number", "new_limit", floor=-(10**15)),
        ]
        indexes = [models.Index(fields=["journal", "problem", "number"], name="journal_line_by_problem")]

    def __str__(self) -> str:
        return f"{self.journal_id}/{self.number}"


class JournalNumber(models.Model):
    """The last number given to a journal of a legal entity. Raised in the transaction of the journal: no gaps."""

    legal_entity = models.OneToOneField(LegalEntity, on_delete=models.PROTECT, primary_key=True, related_name="+")
    last = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"{self.legal_entity_id}-{self.last:06d}"


class UndoKind(models.TextChoices):
    """What was done to many lines at once."""

    CHANGED = "changed", "Changed"
    REMOVED = "removed", "Removed"


class JournalUndo(models.Model):
    """The last thing that was done to many lines of a draft at once, so that it can be taken back (`ux.md` 3.8).

    `lines` as they were; `left` is what a change left of each, by which it is known who changed it since.
    """

    Kind = UndoKind

    journal = models.OneToOneField(LimitJournal, on_delete=models.CASCADE, primary_key=True, related_name="undo")
    kind = models.CharField(max_length=7, choices=Kind.choices)
    actor = models.CharField(max_length=80)
    at = models.DateTimeField()
    count = models.PositiveIntegerField()
    lines = models.JSONField()
    left = models.JSONField()

    class Meta:
        constraints = [one_of("journal_undo_kind_is_known", "kind", UndoKind)]
        indexes = [models.Index(fields=["actor", "at"], name="journal_undo_by_actor")]

    def __str__(self) -> str:
        return f"{self.kind} {self.journal_id}"


class RequiredApproval(models.Model):
    """Journals of a legal entity (none: of all) need approval, as a whole or line by line.

    Written by the room of the workflows, when one is made active; this room merely honours it (`domain 11`).
    """

    Subject = ApprovalSubject

    subject = models.CharField(max_length=7, choices=Subject.choices)
    legal_entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["subject", "legal_entity"], nulls_distinct=False, name="one_approval_per_subject_and_entity"
            ),
            one_of("approval_subject_is_known", "subject", ApprovalSubject),
        ]

    def __str__(self) -> str:
        return f"{self.subject} of {self.legal_entity_id or 'all legal entities'}"
