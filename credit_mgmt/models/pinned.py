"""What a long run goes by to its end, although somebody changes it meanwhile."""

from django.db import models

from credit_mgmt.models.policy import PolicyVersion


class PinnedSetup(models.Model):
    """The rest of a setup at a policy version: the parameter rows and the ranks of terms and discounts, as canonical
    JSON. Named by its content, so that the same setup is kept once. Append-only."""

    digest = models.CharField(primary_key=True, max_length=64, help_text="SHA-256 of version, parameters and ranks")
    policy = models.ForeignKey(PolicyVersion, on_delete=models.PROTECT, related_name="+")
    parameters = models.TextField()
    ranks = models.TextField()
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"setup at policy {self.policy_id}"
