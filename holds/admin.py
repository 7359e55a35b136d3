"""Holds in the admin: everything listed, nothing edited; releasing and evaluating call the services."""

from typing import ClassVar

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ActionForm
from django.db.models import QuerySet
from django.http import HttpRequest

from customers import clock
from customers.access import Action
from customers.admin import REFUSALS, ReadOnlyAdmin, actor_of
from holds import models
from holds.evaluation import BusinessDates, start_evaluation
from holds.releases import release_holds


class HoldActionForm(ActionForm):
    """What a release asks for, beside the choice of the action; an evaluation needs nothing."""

    reason = forms.CharField(required=False, max_length=20, label="Release reason:")
    mode = forms.ChoiceField(required=False, choices=models.Hold.Mode.choices, label="Mode:")


@admin.register(models.Hold)
class HoldAdmin(ReadOnlyAdmin):
    """Holds; their figures may be a credit group's, and are for pages and API, which withhold them (`domain 3.4`)."""

    exclude = ("over_limit", "used_percent", "chips")
    list_display = (
        "number", "order", "payer", "status", "reason_codes", "forced", "ready_to_release", "amount", "currency",
        "held_at", "assignee", "snoozed_until", "forced_until",
    )  # fmt: skip
    list_filter = ("status", "forced", "ready_to_release", "checkpoint", "legal_entity")
    search_fields = ("number", "order__number", "payer__account", "payer__name")
    list_select_related = ("order", "payer", "assignee")
    action_form: ClassVar[type[ActionForm]] = HoldActionForm
    actions = ("release", "evaluate")

    @admin.action(description="Release the selected holds")
    def release(self, request: HttpRequest, queryset: QuerySet[models.Hold]) -> None:
        """Release each, with the reason and mode given; a refusal is told per hold."""
        mode = request.POST.get("mode") or models.Hold.Mode.WITHOUT_POSTING.value
        try:
            result = release_holds(
                ids=[hold.pk for hold in queryset], mode=mode, reason=request.POST.get("reason"),
                actor=actor_of(request), at=clock.now(), today=BusinessDates().__getitem__,
            )  # fmt: skip
        except REFUSALS as problem:
            self.message_user(request, str(problem), messages.ERROR)
            return
        for failure in result.failed:
            self.message_user(request, f"{failure.id}: {failure.message}", messages.ERROR)
        if result.succeeded:
            self.message_user(request, f"{len(result.succeeded)} released.", messages.SUCCESS)

    @admin.action(description="Evaluate the selected holds for release")
    def evaluate(self, request: HttpRequest, queryset: QuerySet[models.Hold]) -> None:
        """Start the job for the selected holds."""
        try:
            job = start_evaluation(
                parameters={"holds": [str(hold.pk) for hold in queryset]}, actor=actor_of(request), now=clock.now()
            )
        except REFUSALS as problem:
            self.message_user(request, str(problem), messages.ERROR)
            return
        self.message_user(request, f"Job {job.pk} evaluates them in the background.", messages.SUCCESS)


class _PartOfAHold(ReadOnlyAdmin):
    scope_path = "hold__legal_entity"
    list_select_related = ("hold",)


@admin.register(models.HoldReason)
class HoldReasonAdmin(_PartOfAHold):
    exclude = ("account", "evidence", "message")
    list_display = ("hold", "type", "rule", "level", "valid", "added_at", "cleared_at")
    list_filter = ("type", "valid")
    search_fields = ("hold__number",)


@admin.register(models.HoldEvent)
class HoldEventAdmin(_PartOfAHold):
    looks = Action.VIEW
    exclude = ("data",)
    list_display = ("hold", "version", "type", "from_status", "to_status", "actor", "actor_name", "at")
    list_filter = ("type",)
    search_fields = ("hold__number", "actor", "actor_name")


@admin.register(models.Absence)
class AbsenceAdmin(ReadOnlyAdmin):
    scope_path = None
    list_display = ("user", "covered_by", "starts_on", "ends_on")
    search_fields = ("user__username", "covered_by__username")
    list_select_related = ("user", "covered_by")


@admin.register(models.StandingForce)
class StandingForceAdmin(ReadOnlyAdmin):
    scope_path = "customer__legal_entity"
    list_display = ("customer", "reason", "until", "note", "actor_name", "at", "ended_by_name", "ended_at")
    search_fields = ("customer__account", "customer__name", "note")
    list_select_related = ("customer", "reason")
