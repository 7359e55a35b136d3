"""Who may act, where: grants of roles per legal entity to people and to API clients (`domain 13`).

A grant is the only source of business rights: being a superuser gives none (`reliability.md` S14).
"""

from django.conf import settings
from django.db import models
from django.db.models import Q

from customers.models.columns import one_of
from customers.models.reference import LegalEntity


class Role(models.TextChoices):
    """The roles of `domain 13`, and the viewer without exposure figures of `ux.md` ruling 7."""

    VIEWER = "viewer", "Viewer"
    SALES_VIEWER = "sales_viewer", "Sales viewer"
    AUDITOR = "auditor", "Auditor"
    CREDIT_CLERK = "credit_clerk", "Credit clerk"
    CREDIT_MANAGER = "credit_manager", "Credit manager"
    CREDIT_ADMINISTRATOR = "credit_administrator", "Credit administrator"
    APPROVER = "approver", "Approver"
    INTEGRATION = "integration", "Integration"


class ApiClient(models.Model):
    """A machine that calls the API. Its token is shown once and stored as a SHA-256 digest of 256 random bits."""

    name = models.CharField(max_length=60, unique=True)
    token_digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.name


class AccessGrant(models.Model):
    """A role of a user or of an API client, in one legal entity or, where none is named, in all."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="access_grants"
    )
    client = models.ForeignKey(ApiClient, on_delete=models.PROTECT, null=True, blank=True, related_name="access_grants")
    role = models.CharField(max_length=24, choices=Role.choices)
    legal_entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "client", "role", "legal_entity"],
                name="one_grant_per_role_and_entity",
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                condition=Q(user__isnull=True, client__isnull=False) | Q(user__isnull=False, client__isnull=True),
                name="grant_is_of_a_user_or_a_client",
            ),
            one_of("grant_role_is_known", "role", Role),
        ]

    def __str__(self) -> str:
        return f"{self.user or self.client}: {self.role} in {self.legal_entity_id or 'all'}"


class IdempotencyKey(models.Model):
    """The first answer to a changing call that carried `Idempotency-Key`; kept 30 days (`api.md` Conventions)."""

    principal = models.CharField(max_length=80)
    key = models.CharField(max_length=200)
    method = models.CharField(max_length=8)
    path = models.CharField(max_length=400)
    body_digest = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True)
    response = models.TextField(blank=True)
    created_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["principal", "key"], name="one_effect_per_client_and_key"),
        ]

    def __str__(self) -> str:
        return self.key
