"""What was decided, on which evidence (`domain 4`), and the chain of decisions that used credit of an account."""

import uuid

from django.db import models

from credit_mgmt.models.accounts import CreditAccount
from credit_mgmt.models.policy import PolicyVersion
from customers.models import Customer, Document, LegalEntity, SalesOrder
from customers.models.columns import one_of


class DecisionKind(models.TextChoices):
    """What asked for the decision; questions are not stored (`domain 4.1`)."""

    POSTING = "posting", "Posting"
    EVALUATION = "evaluation", "Evaluation"


class DecisionOutcome(models.TextChoices):
    """`domain 4`: what the check came to."""

    PASSED = "passed", "Passed"
    HELD = "held", "Held"
    NOT_CHECKED = "not_checked", "Not checked"


class DecisionRecord(models.Model):
    """A stored decision. `content` is the engine's decision, `facts` what it was made from; both canonical JSON text.

    Append-only; purged only after the parameter *decision retention*. Order, payer and legal entity are held together
    by composite foreign keys (migration 0002), which stand in for the simple ones. An evaluation's `content` is without
    trace and figures: tens of thousands are stored at once, and both follow from `facts`.
    """

    Kind = DecisionKind
    Outcome = DecisionOutcome

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    order = models.ForeignKey(
        SalesOrder, on_delete=models.PROTECT, related_name="decisions", db_constraint=False, db_index=False
    )
    payer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="+", db_constraint=False)
    legal_entity = models.ForeignKey(
        LegalEntity, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    checkpoint = models.CharField(max_length=22, choices=Document.choices)
    pro_forma = models.BooleanField(default=False)
    date = models.DateField()
    at = models.DateTimeField()
    actor = models.CharField(max_length=80)
    outcome = models.CharField(max_length=12, choices=Outcome.choices)
    policy = models.ForeignKey(PolicyVersion, on_delete=models.PROTECT, related_name="+", db_index=False)
    content = models.TextField()
    facts = models.TextField()
    digest = models.CharField(max_length=64, blank=True, help_text="SHA-256 of policy version, content and facts")

    class Meta:
        verbose_name = "decision"
        constraints = [
            one_of("decision_kind_is_known", "kind", DecisionKind),
            one_of("decision_outcome_is_known", "outcome", DecisionOutcome),
            # The index by order, too; and what holds refer to, so that a hold's decisions are its order's.
            models.UniqueConstraint(fields=["order", "id"], name="decision_of_its_order"),
        ]
        indexes = [
            models.Index(fields=["legal_entity", "at", "id"], name="decision_by_entity"),
        ]

    def __str__(self) -> str:
        return f"{self.order_id} {self.checkpoint} {self.outcome}"


class CreditUse(models.Model):
    """The `sequence`-th decision that used credit of an account (`reliability.md` rule 5: UNIQUE(account, seq))."""

    account = models.ForeignKey(CreditAccount, on_delete=models.PROTECT, related_name="uses")
    sequence = models.BigIntegerField()
    order = models.ForeignKey(SalesOrder, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "sequence"], name="one_credit_use_per_account_and_number"),
        ]

    def __str__(self) -> str:
        return f"{self.account_id}/{self.sequence}"
