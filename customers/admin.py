"""The admin: an edge like the others (`architecture.md`, `style.md` 33). It lists everything and goes round nothing.

Rows come through the gate for legal entities; being a superuser opens no row and no button (`reliability.md` S14).
Reference data is written by the import service, roles and tokens by `customers.grants`; everything else is read only.
"""

from collections.abc import Sequence
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from customers import clock, models
from customers.access import Action, Actor, NotAllowed, OutOfScope, actor_of_user, scoped
from customers.errors import InvalidInput, NotFound, Refused
from customers.grants import grant_role, revoke_clients, withdraw_grants
from customers.imports import upsert_one
from customers.imports.engine import RESOURCES
from customers.jobs import cancel_job, progress, visible_jobs

REFUSALS = (InvalidInput, NotAllowed, NotFound, OutOfScope, Refused)


def actor_of(request: HttpRequest) -> Actor:
    """Who is signed in to the admin, with the grants that stand now; read once per request."""
    actor: Actor | None = getattr(request, "actor", None)
    if actor is None:
        actor = actor_of_user(request.user)
        request.actor = actor  # type: ignore[attr-defined]
    return actor


class ReadOnlyAdmin(admin.ModelAdmin[Any]):
    """Shows what the reader may see, and changes nothing."""

    looks: ClassVar[Action] = Action.VIEW
    scope_path: ClassVar[str | None] = "legal_entity"
    """The path to the legal entity; None for what all entities share."""
    with_shared: ClassVar[bool] = False
    actions: Sequence[Any] = ()
    list_per_page = 50
    show_full_result_count = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """The rows of the reader's legal entities, ordered by their key."""
        queryset: QuerySet[Any] = self.model._default_manager.order_by("pk")
        if self.scope_path is None:
            return queryset if actor_of(request).may(self.looks) else queryset.none()
        return scoped(queryset, actor_of(request), self.looks, path=self.scope_path, shared=self.with_shared)

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Choices too come through the gate."""
        if db_field.related_model is models.LegalEntity:
            kwargs["queryset"] = scoped(
                models.LegalEntity.objects.order_by("pk"), actor_of(request), Action.VIEW, path="pk"
            )
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Whether the reader may see such rows anywhere."""
        return actor_of(request).may(self.looks)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whether the reader may see such rows anywhere; which ones, `get_queryset` says."""
        return actor_of(request).may(self.looks)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody adds here."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody changes here."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody deletes here: history refers to it."""
        return False


class SetupAdmin(ReadOnlyAdmin):
    """Reference data, written by the import service with the very checks and rights of the API."""

    resource: ClassVar[str]
    scope_path: ClassVar[str | None] = None

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever may feed; where exactly, the import service asks."""
        return actor_of(request).may(Action.FEED)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever may feed; where exactly, the import service asks."""
        return actor_of(request).may(Action.FEED)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """The key of what exists does not change."""
        key_fields = RESOURCES[self.resource].key_fields.values()
        return [field.attribute.removesuffix("_id") for field in key_fields] if obj else []

    def save_model(self, request: HttpRequest, obj: Any, form: ModelForm[Any], change: bool) -> None:
        """Hand the form to the import service: the model is not saved here."""
        kind = RESOURCES[self.resource]
        row = {}
        for name, field in {**kind.key_fields, **kind.fields}.items():
            value = getattr(obj, field.attribute.removesuffix("_id"))
            row[name] = value.pk if isinstance(value, Model) else value
        upsert_one(self.resource, row, actor=actor_of(request), today=None)
        if obj.pk is None:  # what has no key of its own was given one in the database
            keys = {field.attribute: getattr(obj, field.attribute) for field in kind.key_fields.values()}
            obj.pk = self.model._default_manager.get(**keys).pk

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """The form; a refusal is shown above it."""
        return _telling(self, request, lambda: super(SetupAdmin, self).changeform_view(
            request, object_id, form_url, extra_context
        ))  # fmt: skip


def _telling(page: admin.ModelAdmin[Any], request: HttpRequest, answer: Any) -> HttpResponse:
    """The page, or the same address again with the refusal in words."""
    try:
        return answer()  # type: ignore[no-any-return]
    except REFUSALS as problem:
        words = [error.message for error in problem.errors] if isinstance(problem, InvalidInput) else [str(problem)]
        for word in words:
            page.message_user(request, word, messages.ERROR)
        return HttpResponseRedirect(request.get_full_path())


@admin.register(models.LegalEntity)
class LegalEntityAdmin(SetupAdmin):
    resource = "legal-entities"
    scope_path = "pk"
    list_display = ("code", "name", "accounting_currency", "time_zone")


@admin.register(models.Currency)
class CurrencyAdmin(SetupAdmin):
    resource = "currencies"
    list_display = ("code", "minor_units")


@admin.register(models.ExchangeRate)
class ExchangeRateAdmin(SetupAdmin):
    resource = "exchange-rates"
    list_display = ("rate_type", "from_currency", "to_currency", "rate", "valid_from")
    list_filter = ("rate_type", "from_currency", "to_currency")


@admin.register(models.PaymentTerms)
class PaymentTermsAdmin(SetupAdmin):
    resource = "payment-terms"
    list_display = ("code", "description", "net_days", "rank", "uses_credit")


@admin.register(models.CashDiscount)
class CashDiscountAdmin(SetupAdmin):
    resource = "cash-discounts"
    list_display = ("code", "description", "percent", "rank")


@admin.register(models.CreditManagementGroup)
class CreditManagementGroupAdmin(SetupAdmin):
    resource = "credit-management-groups"
    list_display = ("code", "description")


@admin.register(models.AccountStatus)
class AccountStatusAdmin(SetupAdmin):
    resource = "account-statuses"
    list_display = ("code", "description", "processing_hold")


@admin.register(models.Reason)
class ReasonAdmin(SetupAdmin):
    resource = "reasons"
    scope_path = "legal_entity"
    with_shared = True
    list_display = ("type", "code", "description", "legal_entity")
    list_filter = ("type",)


@admin.register(models.Party)
class PartyAdmin(SetupAdmin):
    resource = "parties"
    list_display = ("number", "name", "country")
    search_fields = ("number", "name")


@admin.register(models.CustomerCreditGroup)
class CustomerCreditGroupAdmin(ReadOnlyAdmin):
    scope_path = "members__legal_entity"
    list_display = ("number", "description", "currency")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Groups with a member in the reader's legal entities, each once."""
        return super().get_queryset(request).distinct()


@admin.register(models.Customer)
class CustomerAdmin(ReadOnlyAdmin):
    list_display = ("legal_entity", "account", "name", "currency", "account_status", "excluded")
    list_select_related = ("currency",)
    search_fields = ("account", "name")


@admin.register(models.CustomerTransaction)
class CustomerTransactionAdmin(ReadOnlyAdmin):
    list_display = ("legal_entity", "number", "kind", "customer", "date", "amount", "currency", "reversed_on")
    list_select_related = ("customer",)
    search_fields = ("number", "customer__account")


@admin.register(models.DueItem)
class DueItemAdmin(ReadOnlyAdmin):
    scope_path = "customer__legal_entity"
    list_display = ("transaction", "customer", "due_date", "amount", "open_amount", "currency")
    list_select_related = ("transaction", "customer")


@admin.register(models.Settlement)
class SettlementAdmin(ReadOnlyAdmin):
    scope_path = "credit__customer__legal_entity"
    list_display = ("credit", "debit", "date", "amount")
    list_select_related = ("credit", "debit")


class SalesOrderLineInline(admin.TabularInline[models.SalesOrderLine, models.SalesOrder]):
    model = models.SalesOrderLine
    can_delete = False
    extra = 0

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Who sees the order sees its lines."""
        return actor_of(request).may(Action.VIEW)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody adds here."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody changes here."""
        return False


@admin.register(models.SalesOrder)
class SalesOrderAdmin(ReadOnlyAdmin):
    list_display = ("legal_entity", "number", "customer", "amount", "currency", "document_status", "credit_status")
    list_select_related = ("customer",)
    list_filter = ("document_status", "credit_status")
    search_fields = ("number", "customer__account")
    inlines = (SalesOrderLineInline,)


@admin.register(models.Job)
class JobAdmin(ReadOnlyAdmin):
    looks = Action.VIEW_JOBS
    list_display = ("kind", "status", "counted", "created_at", "finished_at", "actor", "message")
    list_filter = ("kind", "status")
    actions = ("cancel",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """What `customers.jobs` lets the reader see."""
        return visible_jobs(actor_of(request)).order_by("-created_at", "pk")

    @admin.display(description="done")
    def counted(self, job: models.Job) -> str:
        """Done of total, from the job's items."""
        count = progress(job)
        return f"{count.done} of {count.total}" + (f", {count.failed} failed" if count.failed else "")

    @admin.action(description="Cancel the selected jobs")
    def cancel(self, request: HttpRequest, queryset: QuerySet[models.Job]) -> None:
        """Cancel each; a refusal is told per job."""
        for job in queryset:
            try:
                cancel_job(job_id=job.pk, actor=actor_of(request), now=clock.now())
            except REFUSALS as problem:
                self.message_user(request, f"{job}: {problem}", messages.ERROR)


@admin.register(models.JobItem)
class JobItemAdmin(ReadOnlyAdmin):
    looks = Action.VIEW_JOBS
    scope_path = None
    list_display = ("job", "position", "size", "status", "attempts", "message")
    list_filter = ("status",)
    list_select_related = ("job",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """The items of the jobs that the reader may see."""
        return super().get_queryset(request).filter(job__in=visible_jobs(actor_of(request)))


@admin.register(models.OutboxEvent)
class OutboxEventAdmin(ReadOnlyAdmin):
    looks = Action.VIEW_EVENTS
    list_display = ("sequence", "type", "subject", "legal_entity", "at")
    list_filter = ("type",)


class AccessAdmin(ReadOnlyAdmin):
    """What only an administrator of access looks at."""

    looks = Action.MANAGE_ACCESS


@admin.register(models.AccessGrant)
class AccessGrantAdmin(AccessAdmin):
    list_display = ("user", "client", "role", "legal_entity")
    list_filter = ("role",)
    list_select_related = ("user", "client")
    fields = ("user", "role", "legal_entity")
    actions = ("withdraw",)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Administrators give roles; where, the service asks."""
        return actor_of(request).may(Action.MANAGE_ACCESS)

    def save_model(self, request: HttpRequest, obj: Any, form: ModelForm[Any], change: bool) -> None:
        """Hand the form to the service: the model is not saved here."""
        if obj.user is None:
            raise InvalidInput.of("user", "required", "Name the person; clients get their roles when they are created.")
        made = grant_role(user=obj.user, role=obj.role, legal_entity=obj.legal_entity_id, actor=actor_of(request))
        obj.pk = made.pk

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """The form; a refusal is shown above it."""
        return _telling(self, request, lambda: super(AccessGrantAdmin, self).changeform_view(
            request, object_id, form_url, extra_context
        ))  # fmt: skip

    @admin.action(description="Take the selected roles back")
    def withdraw(self, request: HttpRequest, queryset: QuerySet[models.AccessGrant]) -> None:
        """All or none."""
        _try(self, request, lambda: withdraw_grants(grants=list(queryset), actor=actor_of(request)), "taken back")


@admin.register(models.ApiClient)
class ApiClientAdmin(AccessAdmin):
    scope_path = "access_grants__legal_entity"
    list_display = ("name", "created_at", "expires_at", "revoked_at")
    fields = ("name", "created_at", "expires_at", "revoked_at")
    actions = ("revoke",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Each client once."""
        return super().get_queryset(request).distinct()

    @admin.action(description="Revoke the tokens of the selected clients")
    def revoke(self, request: HttpRequest, queryset: QuerySet[models.ApiClient]) -> None:
        """All or none."""
        _try(
            self,
            request,
            lambda: revoke_clients(clients=list(queryset), actor=actor_of(request), now=clock.now()),
            "revoked",
        )


@admin.register(models.IdempotencyKey)
class IdempotencyKeyAdmin(AccessAdmin):
    scope_path = None
    list_display = ("principal", "key", "method", "path", "status", "created_at")
    fields = ("principal", "key", "method", "path", "status", "created_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Keys name no legal entity, so only who administers all of them sees any."""
        everywhere = actor_of(request).entities(Action.MANAGE_ACCESS) is None
        return super().get_queryset(request) if everywhere else models.IdempotencyKey.objects.none()


def _try(page: admin.ModelAdmin[Any], request: HttpRequest, act: Any, done: str) -> None:
    try:
        count = act()
    except REFUSALS as problem:
        page.message_user(request, str(problem), messages.ERROR)
    else:
        page.message_user(request, f"{count} {done}.")
