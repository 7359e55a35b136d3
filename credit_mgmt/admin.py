"""The admin of this room: everything is listed, nothing can be changed past a service (`architecture.md` Edges).

Rules, limits, parameters and evidence are read only.
"""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse

from credit_mgmt import models
from credit_mgmt.journals import cancel_journals
from customers import clock
from customers.access import Action, scoped
from customers.admin import REFUSALS, ReadOnlyAdmin, SetupAdmin, actor_of


@admin.register(models.CreditAccount)
class CreditAccountAdmin(ReadOnlyAdmin):
    """Limits in force, of customers; those of groups stand with their members' entities."""

    looks = Action.VIEW_EXPOSURE
    scope_path = "customer__legal_entity"
    list_display = ("__str__", "customer", "limit_amount", "currency", "unlimited", "mandatory", "expires_on")
    list_select_related = ("customer",)
    search_fields = ("customer__account", "customer__name")


@admin.register(models.LimitHistory)
class LimitHistoryAdmin(ReadOnlyAdmin):
    """Who changed which limit."""

    looks = Action.VIEW_EXPOSURE
    scope_path = "account__customer__legal_entity"
    list_display = (
        "account", "sequence", "kind", "source", "journal", "previous_limit", "limit_amount", "effective_on", "actor",
        "at",
    )  # fmt: skip
    list_filter = ("kind", "source")


@admin.register(models.TemporaryLimit)
class TemporaryLimitAdmin(ReadOnlyAdmin):
    """Limits for a period; they change through journals alone."""

    looks = Action.VIEW_EXPOSURE
    scope_path = "account__customer__legal_entity"
    list_display = ("account", "amount", "valid_from", "valid_to", "withdrawn_from", "journal", "actor", "at")
    list_select_related = ("account",)


@admin.register(models.PolicyType)
class PolicyTypeAdmin(SetupAdmin):
    """Types of guarantees and insurances."""

    resource = "policy-types"
    list_display = ("code", "identifier", "description")
    list_filter = ("identifier",)


@admin.register(models.CoverageType)
class CoverageTypeAdmin(SetupAdmin):
    """What insurances cover."""

    resource = "coverage-types"
    list_display = ("code", "description")


@admin.register(models.CoverPolicy)
class CoverPolicyAdmin(ReadOnlyAdmin):
    """Insurance policies and guarantees; entered on their pages, by API or by file."""

    looks = Action.VIEW_EXPOSURE
    scope_path = "customer__legal_entity"
    list_display = (
        "customer", "identifier", "type", "insurer", "identification", "effective_on", "expires_on", "value",
        "currency", "update_percent", "update_amount", "included_in_exposure",
    )  # fmt: skip
    list_filter = ("identifier",)
    list_select_related = ("customer", "type", "insurer", "currency")
    search_fields = ("customer__account", "customer__name", "identification")


@admin.register(models.CoverChange)
class CoverChangeAdmin(ReadOnlyAdmin):
    """Who changed which policy."""

    looks = Action.VIEW_EXPOSURE
    scope_path = "customer__legal_entity"
    list_display = ("policy_id", "sequence", "customer", "before", "after", "actor", "at")
    list_select_related = ("customer",)
    search_fields = ("policy_id", "customer__account")


class JournalLineInline(admin.TabularInline[models.LimitJournalLine, models.LimitJournal]):
    """The first lines of a journal; all of them are on its page. Lines of groups stand there, too: their figures are
    for who sees all members."""

    model = models.LimitJournalLine
    fields = ("number", "customer", "current_limit", "new_limit", "new_from", "new_to", "approval", "problem")
    readonly_fields = fields
    can_delete = False
    extra = 0
    SHOWN = 100

    def get_queryset(self, request: HttpRequest) -> QuerySet[models.LimitJournalLine]:
        """Lines of customers, as many as a page bears."""
        rows = super().get_queryset(request).filter(number__lte=self.SHOWN, customer__isnull=False)
        return rows.select_related("customer").order_by("number")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Lines are written on the journal's page."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Lines are written on the journal's page."""
        return False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever sees the journal sees them."""
        return actor_of(request).may(Action.VIEW_EXPOSURE)


@admin.register(models.LimitJournal)
class LimitJournalAdmin(ReadOnlyAdmin):
    """Limit adjustment journals; cancelled by the very service that the API and the pages use."""

    looks = Action.VIEW_EXPOSURE
    list_display = ("number", "type", "description", "status", "line_count", "owner", "changed_at", "posted_at")
    list_filter = ("status", "type", "origin")
    search_fields = ("number", "description")
    inlines = (JournalLineInline,)
    actions = ("cancel_selected",)

    @admin.action(description="Cancel the selected drafts")
    def cancel_selected(self, request: HttpRequest, queryset: QuerySet[models.LimitJournal]) -> None:
        """One service call: all of them, or none."""
        numbers = list(queryset.order_by("number").values_list("number", flat=True))
        try:
            cancel_journals(journals=numbers, actor=actor_of(request), at=clock.now())
        except REFUSALS as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(request, f"{len(numbers)} journals were cancelled.")


@admin.register(models.RequiredApproval)
class RequiredApprovalAdmin(ReadOnlyAdmin):
    """Which journals need approval, as the workflows say."""

    with_shared = True
    list_display = ("subject", "legal_entity")


@admin.register(models.Commitment)
class CommitmentAdmin(ReadOnlyAdmin):
    """Orders that use credit."""

    looks = Action.VIEW_EXPOSURE
    scope_path = "order__legal_entity"
    list_display = ("order", "amount", "currency", "approved_at")
    list_select_related = ("order",)


@admin.register(models.CreditUse)
class CreditUseAdmin(ReadOnlyAdmin):
    """The numbered decisions that took credit."""

    looks = Action.VIEW_EXPOSURE
    scope_path = "order__legal_entity"
    list_display = ("account", "sequence", "order", "at")
    list_select_related = ("order",)


@admin.register(models.Clearance)
class ClearanceAdmin(ReadOnlyAdmin):
    """What the last pass or release lets an order do."""

    scope_path = "order__legal_entity"
    list_display = ("order", "amount", "released", "grace_until", "pro_forma_grace_until", "cleared_document")
    list_select_related = ("order",)


@admin.register(models.DecisionRecord)
class DecisionRecordAdmin(ReadOnlyAdmin):
    """Stored decisions; what they say is for the API and the pages, which withhold figures of credit groups."""

    looks = Action.VIEW_EXPOSURE
    exclude = ("content", "facts")
    list_display = ("id", "order", "checkpoint", "outcome", "kind", "date", "actor", "at")
    list_filter = ("outcome", "kind", "checkpoint")
    list_select_related = ("order",)


@admin.register(models.PolicyVersion)
class PolicyVersionAdmin(ReadOnlyAdmin):
    """Policies that decisions used."""

    looks = Action.SETUP
    scope_path = None
    list_display = ("version", "digest", "created_at")


class CheckpointInline(admin.TabularInline[models.CheckpointSetting, models.Parameters]):
    """Checkpoints of a parameter row."""

    model = models.CheckpointSetting
    can_delete = False
    extra = 0

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Checkpoints are set on the parameters page."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Checkpoints are set on the parameters page."""
        return False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever sees the row sees them."""
        return actor_of(request).may(Action.VIEW)


@admin.register(models.Parameters)
class ParametersAdmin(ReadOnlyAdmin):
    """Parameters by legal entity, and the default row."""

    with_shared = True
    list_display = ("__str__", "credit_limit_type", "posting", "automatically_release")
    inlines = (CheckpointInline,)


class RuleVersionInline(admin.TabularInline[Any, Any]):
    """What a rule says and said."""

    model = models.RuleVersion
    extra = 0
    can_delete = False
    fields = (
        "number",
        "state",
        "name",
        "action",
        "valid_for",
        "valid_from",
        "valid_to",
        "why",
        "changed_by",
        "changed_at",
    )

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody changes here."""
        return False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody adds here."""
        return False


@admin.register(models.BlockingRule)
class BlockingRuleAdmin(ReadOnlyAdmin):
    """Rules and their versions. They are changed on their pages, where a draft is tried before it counts."""

    scope_path = None
    list_display = ("code", "type")
    list_filter = ("type",)
    search_fields = ("code", "versions__name")
    inlines = (RuleVersionInline,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Rules that have a version of the reader's legal entities, or of all."""
        versions = scoped(models.RuleVersion.objects.all(), actor_of(request), shared=True)
        return super().get_queryset(request).filter(pk__in=versions.values("rule"))

    def view_on_site(self, obj: models.BlockingRule) -> str:
        """The page of the rule, where it is changed."""
        return str(reverse("rule-edit", args=[obj.code]))


@admin.register(models.RuleEvent)
class RuleEventAdmin(ReadOnlyAdmin):
    """Who did what to which version, and why."""

    scope_path = "version__legal_entity"
    with_shared = True
    list_display = ("version", "step", "why", "actor", "at")
    list_select_related = ("version__rule",)


@admin.register(models.ShadowResult)
class ShadowResultAdmin(ReadOnlyAdmin):
    """What versions in shadow would have made of orders."""

    scope_path = "order__legal_entity"
    list_display = ("version", "order", "checkpoint", "date", "was", "would")
    list_select_related = ("version__rule", "order")
