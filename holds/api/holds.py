"""`holds`: the hold list, and what can be done with one hold or many (`api.md` Actions)."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, cast

from django.db.models import Case, F, Prefetch, Q, QuerySet, When
from django.db.models.functions import Greatest
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from credit_mgmt.masking import Mask, hidden_groups
from customers.access import Action, Actor
from customers.edge import filters as by
from customers.edge.fields import AmountField, CodeField, DayField, FlagField, JsonField, StrictSerializer, TextField
from customers.edge.people import NameOfField
from customers.edge.resources import ListResource
from customers.edge.routing import Router
from customers.errors import InvalidInput
from customers.models import Document
from holds import worklist
from holds.each import BulkResult
from holds.masked import masked
from holds.models import Hold, HoldReason
from holds.recording import MULTIPLE, READY, SEVERITY, label, severity, with_reason
from holds.rejections import reject_hold, reject_holds
from holds.releases import reinstate_hold, release_hold, release_holds

LABELS = [*SEVERITY, MULTIPLE, READY]
MOST_IDS = 500
"""Holds of one bulk action: a page of the list."""


NOBODY = Actor("client", 0, "")


class HoldReasonSerializer(StrictSerializer):
    """A reason of a hold; `valid` is its check mark."""

    type = serializers.CharField()
    rule = serializers.CharField()
    level = serializers.CharField()
    account = serializers.CharField()
    valid = serializers.BooleanField()
    message = serializers.CharField()
    evidence = JsonField()
    added_at = serializers.DateTimeField()
    cleared_at = serializers.DateTimeField(allow_null=True)


class HoldSerializer(StrictSerializer):
    """A sales order stopped at a checkpoint; amounts in the legal entity's accounting currency."""

    id = serializers.UUIDField()
    number = serializers.CharField()
    sales_order = serializers.CharField(source="order.key")
    customer = serializers.CharField(source="order.customer.key")
    invoice_account = serializers.CharField(source="payer.key")
    legal_entity = serializers.CharField(source="legal_entity_id")
    currency = serializers.CharField()
    amount = AmountField(currency="currency")
    amount_unknown = serializers.BooleanField()
    over_limit = AmountField(currency="currency", allow_null=True)
    used_percent = serializers.CharField(allow_null=True)
    overdue_amount = AmountField(currency="currency", allow_null=True)
    ship_date = serializers.DateField(allow_null=True)
    checkpoint = serializers.ChoiceField(choices=Document.choices)
    pro_forma = serializers.BooleanField()
    held_at = serializers.DateTimeField()
    held_by = serializers.CharField()
    held_by_name = NameOfField("held_by")
    reasons = serializers.SerializerMethodField()
    reason = serializers.SerializerMethodField()
    forced = serializers.BooleanField()
    forced_reason = serializers.CharField(source="forced_reason.code", allow_null=True, default=None)
    forced_by = serializers.CharField()
    forced_by_name = NameOfField("forced_by")
    forced_note = serializers.CharField()
    forced_until = serializers.DateField(allow_null=True)
    ready_to_release = serializers.BooleanField()
    status = serializers.ChoiceField(choices=Hold.Status.choices)
    version = serializers.IntegerField()
    release_mode = serializers.CharField()
    release_reason = serializers.CharField(source="release_reason.code", allow_null=True, default=None)
    decided_at = serializers.DateTimeField(allow_null=True)
    decided_by = serializers.CharField()
    decided_by_name = NameOfField("decided_by")
    review_date = serializers.DateField(allow_null=True)
    snoozed_until = serializers.DateField(allow_null=True)
    wakes_on = serializers.ListField(child=serializers.CharField())
    assignee = serializers.CharField(source="assignee.username", allow_null=True, default=None)
    note = serializers.CharField()
    workflow_state = serializers.CharField()
    evaluated_at = serializers.DateTimeField(source="looked_at", allow_null=True)
    decision = serializers.UUIDField(source="decision_id", allow_null=True)
    last_decision = serializers.UUIDField(source="last_decision_id", allow_null=True)

    def to_representation(self, hold: Hold) -> dict[str, Any]:
        """The hold; what of its figures is a credit group's, only to those who see all its legal entities."""
        told: dict[str, Any] = super().to_representation(hold)
        if self._mask().hides_group(hold.limiting_group):
            told |= {"over_limit": None, "used_percent": None}
        return told

    def _mask(self) -> Mask:
        """One for all holds of an answer; without a view to ask for, nobody's."""
        context = cast(dict[str, Any], self.context)
        if "mask" not in context:
            context["mask"] = Mask(context["view"].actor if "view" in context else NOBODY)
        mask: Mask = context["mask"]
        return mask

    @extend_schema(responses=HoldReasonSerializer(many=True))
    def get_reasons(self, hold: Hold) -> list[dict[str, Any]]:
        """The reasons, valid ones first, worst first."""
        mask = self._mask()
        ordered = sorted(hold.reasons.all(), key=lambda row: (not row.valid, severity(row.type), row.pk))
        rows = [masked(row, mask) for row in ordered]
        return list(HoldReasonSerializer(rows, many=True).data)

    def get_reason(self, hold: Hold) -> str:
        """The one label: a reason type, `multiple`, or `ready_to_release`."""
        return label(hold)


class EditHoldSerializer(StrictSerializer):
    """What a person may change of a hold in the list; fields left out stay as they are."""

    review_date = DayField(required=False, allow_null=True)
    assignee = TextField(required=False, allow_null=True)
    note = TextField(required=False, allow_blank=True, max_length=2000)


class ReleaseSerializer(StrictSerializer):
    """How to release; `reason` is the code of a release reason. An old `version` answers `stale`."""

    mode = serializers.ChoiceField(choices=Hold.Mode.choices)
    reason = CodeField()
    review_date = DayField(required=False, allow_null=True)
    note = TextField(required=False, allow_blank=True, max_length=2000)
    version = serializers.IntegerField(required=False, min_value=1)


class RejectSerializer(StrictSerializer):
    """Why to reject; `reason` is the code of a release reason. With `cancel_order` the order is cancelled, too."""

    reason = CodeField(required=False, allow_null=True)
    cancel_order = FlagField(required=False)
    note = TextField(required=False, allow_blank=True, max_length=2000)
    version = serializers.IntegerField(required=False, min_value=1)


class ReinstateSerializer(StrictSerializer):
    """Nothing needs to be said."""


class ManySerializer(StrictSerializer):
    """The holds of a bulk action."""

    ids = serializers.ListField(child=serializers.UUIDField(), min_length=1, max_length=MOST_IDS)


class ReleaseManySerializer(ManySerializer):
    """How to release many; `versions` by id as they were looked at, optional."""

    mode = serializers.ChoiceField(choices=Hold.Mode.choices)
    reason = CodeField()
    review_date = DayField(required=False, allow_null=True)
    note = TextField(required=False, allow_blank=True, max_length=2000)
    versions = serializers.DictField(child=serializers.IntegerField(min_value=1), required=False)


class RejectManySerializer(ManySerializer):
    """Why to reject many. With `cancel_order` their orders are cancelled, too."""

    reason = CodeField(required=False, allow_null=True)
    cancel_order = FlagField(required=False)
    note = TextField(required=False, allow_blank=True, max_length=2000)
    versions = serializers.DictField(child=serializers.IntegerField(min_value=1), required=False)


class AssignManySerializer(ManySerializer):
    """Whom to give the holds to, by user name; null takes them away from everybody. Or several `people`, in turn."""

    assignee = TextField(required=False, allow_null=True)
    people = serializers.ListField(child=TextField(), required=False, min_length=1, max_length=50)
    versions = serializers.DictField(child=serializers.IntegerField(min_value=1), required=False)


class FailureSerializer(StrictSerializer):
    """A hold with which it did not work, and why."""

    id = serializers.UUIDField()
    code = serializers.CharField()
    message = serializers.CharField()


class BulkAnswerSerializer(StrictSerializer):
    """What became of each hold."""

    succeeded = serializers.ListField(child=serializers.UUIDField())
    failed = FailureSerializer(many=True)


@dataclass(frozen=True, slots=True)
class _HasReason(by.Filter):
    """Holds that have any of these reasons, valid now; also by the labels that stand for several or none."""

    def condition(self, values: Iterable[str]) -> Q:
        condition = Q()
        for value in values:
            condition |= with_reason(self.field.run_validation(value))
        return condition


@dataclass(frozen=True, slots=True)
class _OfCustomer(by.Filter):
    """Holds of a customer's orders, and of those that it pays."""

    def condition(self, values: Iterable[str]) -> Q:
        """Holds whose order or invoice account is one of `values`."""
        condition = Q()
        for value in values:
            entity, _, account = str(self.field.run_validation(value)).partition(":")
            condition |= Q(payer__legal_entity=entity, payer__account=account)
            condition |= Q(order__customer__legal_entity=entity, order__customer__account=account)
        return condition


_CUSTOMER = by.key("payer")
FILTERS = {
    "id": by.uuid("pk"),
    "invoice_account": by.key("payer"),
    "amount_unknown": by.flag("amount_unknown"),
    "used_percent": by.amount("seen_used_percent"),
    "ship_date": by.day("ship_date"),
    "held_by": by.text("held_by"),
    "forced_by": by.text("forced_by"),
    "forced_note": by.text("forced_note"),
    "version": by.whole("version"),
    "decided_by": by.text("decided_by"),
    "note": by.text("note"),
    "evaluated_at": by.instant("last_look"),
    "decision": by.uuid("decision"),
    "last_decision": by.uuid("last_decision"),
    "status": by.choice("status", Hold.Status),
    "reason": _HasReason(
        "reason_codes", serializers.ChoiceField(choices=LABELS), {"type": "string", "enum": LABELS}, nullable=False,
    ),
    "customer": _OfCustomer(_CUSTOMER.path, _CUSTOMER.field, _CUSTOMER.schema, nullable=False),
    "sales_order": by.key("order", number="number"),
    "legal_entity": by.code("legal_entity"),
    "number": by.text("number"),
    "checkpoint": by.choice("checkpoint", Document),
    "pro_forma": by.flag("pro_forma"),
    "forced": by.flag("forced"),
    "ready_to_release": by.flag("ready_to_release"),
    "currency": by.code("currency"),
    "amount": by.amount("amount"),
    "over_limit": by.amount("seen_over_limit"),
    "overdue_amount": by.amount("overdue_amount"),
    "held_at": by.instant("held_at"),
    "decided_at": by.instant("decided_at"),
    "review_date": by.day("review_date"),
    "snoozed_until": by.day("snoozed_until"),
    "forced_until": by.day("forced_until"),
    "assignee": by.text("assignee__username"),
    "release_reason": by.code("release_reason__code"),
    "forced_reason": by.code("forced_reason__code"),
    "release_mode": by.choice("release_mode", Hold.Mode),
    "workflow_state": by.text("workflow_state"),
}  # fmt: skip


class Holds(ListResource):
    """The holds of the caller's legal entities, of every status."""

    model = Hold
    serializer_class = HoldSerializer
    lookup = "uuid"
    rights = {
        "list": Action.VIEW_EXPOSURE,
        "retrieve": Action.VIEW_EXPOSURE,
        "partial_update": Action.WORK_HOLDS,
        "release": Action.RELEASE,
        "release_many": Action.RELEASE,
        "reinstate": Action.RELEASE,
        "reject": Action.REJECT,
        "reject_many": Action.REJECT,
        "assign": Action.WORK_HOLDS,
    }
    related = ("order__customer", "payer", "assignee", "release_reason", "forced_reason", "look")
    filters = FILTERS
    orderings = {name: name for name in ("held_at", "number", "amount", "ship_date", "review_date", "decided_at")}
    default_ordering = ("-held_at",)

    def rows(self) -> QuerySet[Any]:
        """With their reasons, and when they were last looked at."""
        hidden = hidden_groups(self.actor)
        withheld = Q(pk__in=()) if hidden is None else Q(limiting_group__in=hidden)
        rows: QuerySet[Any] = (
            super()
            .rows()
            .annotate(
                last_look=Greatest("evaluated_at", "look__looked_at"),
                seen_over_limit=Case(When(withheld, then=None), default=F("over_limit")),
                seen_used_percent=Case(When(withheld, then=None), default=F("used_percent")),
            )
        )
        return rows.prefetch_related(Prefetch("reasons", HoldReason.objects.order_by("pk")))

    def _visible(self, key: str) -> Hold:
        """The hold; out of scope it is not found."""
        hold: Hold = self.object_of(key)
        return hold

    @extend_schema(request=EditHoldSerializer, responses=HoldSerializer)
    def partial_update(self, request: Request, key: str) -> Response:
        """Set review date, assignee or note."""
        hold = self._visible(key)
        changes = self.read(EditHoldSerializer)
        worklist.edit_hold(id=hold.pk, changes=changes, actor=self.actor, at=self.now)
        return self.answer(self._visible(key))

    @extend_schema(request=ReleaseSerializer, responses=HoldSerializer)
    @action(detail=True, methods=["post"])
    def release(self, request: Request, key: str) -> Response:
        """Release the hold, with or without posting what was being posted."""
        hold = self._visible(key)
        given = self.read(ReleaseSerializer)
        version = given.pop("version", None)
        versions = {str(hold.pk): version} if version is not None else None
        release_hold(id=hold.pk, actor=self.actor, at=self.now, today=self.today_in, versions=versions, **given)
        return self.answer(self._visible(key))

    @extend_schema(request=ReinstateSerializer, responses=HoldSerializer)
    @action(detail=True, methods=["post"])
    def reinstate(self, request: Request, key: str) -> Response:
        """Take a release without posting back: by the same person, within 15 minutes."""
        hold = self._visible(key)
        self.read(ReinstateSerializer)
        reinstate_hold(id=hold.pk, actor=self.actor, at=self.now)
        return self.answer(self._visible(key))

    @extend_schema(request=RejectSerializer, responses=HoldSerializer)
    @action(detail=True, methods=["post"])
    def reject(self, request: Request, key: str) -> Response:
        """Reject the hold: its order can't be posted until somebody reopens it."""
        hold = self._visible(key)
        given = self.read(RejectSerializer)
        version = given.pop("version", None)
        versions = {str(hold.pk): version} if version is not None else None
        reject_hold(id=hold.pk, actor=self.actor, at=self.now, versions=versions, **given)
        return self.answer(self._visible(key))

    @extend_schema(request=ReleaseManySerializer, responses=BulkAnswerSerializer)
    @action(detail=False, methods=["post"], url_path="release")
    def release_many(self, request: Request) -> Response:
        """Release many: each succeeds or fails on its own."""
        given = self.read(ReleaseManySerializer)
        result = release_holds(actor=self.actor, at=self.now, today=self.today_in, **given)
        return answer_of(result)

    @extend_schema(request=RejectManySerializer, responses=BulkAnswerSerializer)
    @action(detail=False, methods=["post"], url_path="reject")
    def reject_many(self, request: Request) -> Response:
        """Reject many: each succeeds or fails on its own."""
        return answer_of(reject_holds(actor=self.actor, at=self.now, **self.read(RejectManySerializer)))

    @extend_schema(request=AssignManySerializer, responses=BulkAnswerSerializer)
    @action(detail=False, methods=["post"])
    def assign(self, request: Request) -> Response:
        """Give many to a person, to several in turn, or to nobody."""
        given = self.read(AssignManySerializer)
        if ("assignee" in given) == ("people" in given):
            raise InvalidInput.of("assignee", "required", "Give either assignee (null for nobody) or people.")
        assign = worklist.share_holds if "people" in given else worklist.assign_holds
        return answer_of(assign(actor=self.actor, at=self.now, **given))


def answer_of(result: BulkResult) -> Response:
    """What became of each hold."""
    return Response(BulkAnswerSerializer(result).data)


def register(router: Router) -> None:
    """Add the resource."""
    router.register("holds", Holds)
