"""Blocking rules and their versions (`api.md` Resources, `ux` 3.10)."""

import uuid
from collections.abc import Callable
from functools import partial

from django.db.models import Q, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from credit_mgmt.api.serializers import DecisionSerializer, decision_data
from credit_mgmt.engine.rules import types
from credit_mgmt.masking import Mask
from credit_mgmt.models import BlockingRule, RuleState, RuleVersion
from credit_mgmt.rule_tests import try_rule
from credit_mgmt.rules import activate_rule, delete_rule, discard_draft, restore_version, retire_rule, start_shadow
from credit_mgmt.rules.reading import current_versions, versions_of
from credit_mgmt.rules.saving import save_rule
from customers.access import Action
from customers.edge import filters as by
from customers.edge.fields import (
    AmountField,
    CodeField,
    DayField,
    FlagField,
    KeyField,
    NumberField,
    StrictSerializer,
    TextField,
    WholeField,
)
from customers.edge.resources import ListResource, refuse_parameters
from customers.edge.routing import Router
from customers.models import Document


class RuleSerializer(StrictSerializer):
    """A blocking or exclusion rule as it counts, or its draft; which values it takes depends on its type."""

    id = serializers.UUIDField(source="rule_id", read_only=True)
    code = CodeField(source="rule.code", required=False)
    version = serializers.IntegerField(source="number", read_only=True)
    state = serializers.ChoiceField(choices=RuleState.choices, read_only=True)
    name = TextField(required=False, max_length=40, allow_blank=True)
    type = serializers.ChoiceField(source="rule.type", choices=list(types))
    action = serializers.ChoiceField(choices=BlockingRule.Action.choices, required=False)
    valid_for = serializers.ChoiceField(choices=BlockingRule.ValidFor.choices, required=False)
    customer = KeyField(required=False, allow_null=True)
    credit_management_group = TextField(source="credit_management_group_id", required=False, allow_null=True)
    risk_group = serializers.CharField(source="no_risk_group", allow_null=True, default=None)
    days = WholeField(required=False, allow_null=True)
    amount = AmountField(currency="currency_id", required=False, allow_null=True)
    currency = CodeField(source="currency_id", required=False, allow_null=True)
    threshold_percent = NumberField(required=False, allow_null=True)
    threshold_amount = AmountField(currency="currency_id", required=False, allow_null=True)
    account_status = CodeField(source="account_status_id", required=False, allow_null=True)
    payment_terms = CodeField(source="payment_terms_id", required=False, allow_null=True)
    release_sales_order = FlagField(required=False)
    legal_entity = CodeField(source="legal_entity_id", required=False, allow_null=True)
    active = FlagField(required=False)
    valid_from = DayField(required=False, allow_null=True)
    valid_to = DayField(required=False, allow_null=True)
    why = TextField(required=False, max_length=300, allow_blank=True)
    shadow_to = DayField(read_only=True)
    changed_by = serializers.CharField(read_only=True)
    changed_at = serializers.DateTimeField(read_only=True)


class RuleTestSerializer(StrictSerializer):
    """The order to try a rule on."""

    order = KeyField()
    document = serializers.ChoiceField(choices=Document.choices, required=False)


class WhySerializer(StrictSerializer):
    """Why the rule is activated or retired."""

    why = TextField(max_length=300)


class ShadowSerializer(WhySerializer):
    """How long the draft runs in shadow."""

    days = WholeField()


class RestoreSerializer(WhySerializer):
    """Which version counts again."""

    number = WholeField()


class RuleResource(ListResource):
    """Rules of the caller's legal entities, and those of all."""

    model = RuleVersion
    serializer_class = RuleSerializer
    lookup = "uuid"
    rights = {
        "list": Action.VIEW,
        "retrieve": Action.VIEW,
        "create": Action.SETUP,
        "update": Action.SETUP,
        "partial_update": Action.SETUP,
        "destroy": Action.SETUP,
        "test": Action.VIEW_EXPOSURE,
        "versions": Action.VIEW,
        "activate": Action.SETUP,
        "shadow": Action.SETUP,
        "retire": Action.SETUP,
        "discard": Action.SETUP,
        "restore": Action.SETUP,
    }
    filters = {
        "id": by.uuid("rule"),
        "code": by.code("rule__code"),
        "state": by.choice("state", RuleState),
        "name": by.text("name"),
        "type": by.one_of("rule__type", list(types)),
        "action": by.choice("action", BlockingRule.Action),
        "valid_for": by.choice("valid_for", BlockingRule.ValidFor),
        "customer": by.key("customer"),
        "credit_management_group": by.text("credit_management_group"),
        "currency": by.code("currency"),
        "account_status": by.code("account_status"),
        "payment_terms": by.code("payment_terms"),
        "days": by.whole("days"),
        "amount": by.amount("amount"),
        "threshold_percent": by.amount("threshold_percent"),
        "threshold_amount": by.amount("threshold_amount"),
        "release_sales_order": by.flag("release_sales_order"),
        "legal_entity": by.code("legal_entity"),
        "active": by.flag("counts"),
        "version": by.whole("number"),
        "why": by.text("why"),
        "changed_by": by.text("changed_by"),
        "changed_at": by.instant("changed_at"),
        "shadow_to": by.day("shadow_to"),
        "valid_from": by.day("valid_from"),
        "valid_to": by.day("valid_to"),
    }
    orderings = {"code": "rule__code", "name": "name", "type": "rule__type", "legal_entity": "legal_entity"}
    default_ordering = ("code",)
    unique = "rule_id"

    def rows(self) -> QuerySet[RuleVersion]:
        """The version that stands for each rule that the caller may see."""
        return current_versions(self.actor)

    def by_key(self, key: str) -> Q:
        """By id, or by code. Raises `NotFound` for what can be neither."""
        try:
            return Q(rule=uuid.UUID(key))
        except ValueError:
            return Q(rule__code=key)

    @extend_schema(responses={201: RuleSerializer})
    def create(self, request: Request) -> Response:
        """A new rule: in force at once, or with `active` false a draft."""
        rule = save_rule(values=self.read(), actor=self.actor, at=self.now)
        return self.answer(self.object_of(str(rule.rule_id)), status=201)

    def update(self, request: Request, key: str) -> Response:
        """Replace what the rule says by a new version: what is left out gets its default."""
        return self._save(key, replace=True)

    def partial_update(self, request: Request, key: str) -> Response:
        """Change the fields that are named, as a new version; a draft stays a draft."""
        return self._save(key, replace=False)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, key: str) -> Response:
        """Remove a rule that never counted; any other is retired, so that what names it stays readable."""
        delete_rule(rule=self._id(key), actor=self.actor)
        return Response(status=204)

    @extend_schema(request=RuleTestSerializer, responses=DecisionSerializer)
    @action(detail=True, methods=["post"])
    def test(self, request: Request, key: str) -> Response:
        """What this rule alone would say of an order; nothing is stored."""
        values = self.read(RuleTestSerializer)
        decision = try_rule(rule=self._id(key), actor=self.actor, today=self.today_in, **values)
        return Response(
            decision_data(decision, Mask(self.actor), date=self.today_in(values["order"].partition(":")[0]))
        )

    @extend_schema(responses=RuleSerializer(many=True))
    @action(detail=True)
    def versions(self, request: Request, key: str) -> Response:
        """Every version, latest first."""
        refuse_parameters(request)
        return self.answer(versions_of(self.object_of(key).rule.code, self.actor), many=True)

    @extend_schema(request=WhySerializer, responses=RuleSerializer)
    @action(detail=True, methods=["post"])
    def activate(self, request: Request, key: str) -> Response:
        """Let the draft count, or what ran in shadow."""
        return self._step(key, activate_rule, WhySerializer)

    @extend_schema(request=ShadowSerializer, responses=RuleSerializer)
    @action(detail=True, methods=["post"])
    def shadow(self, request: Request, key: str) -> Response:
        """Let the draft run in shadow for some days: looked at and counted, holding nothing."""
        entity = self.object_of(key).legal_entity_id or ""
        return self._step(key, partial(start_shadow, today=self.today_in(entity)), ShadowSerializer)

    @extend_schema(request=WhySerializer, responses=RuleSerializer)
    @action(detail=True, methods=["post"])
    def retire(self, request: Request, key: str) -> Response:
        """Let the rule count no longer."""
        return self._step(key, retire_rule, WhySerializer)

    @extend_schema(request=None, responses=RuleSerializer)
    @action(detail=True, methods=["post"])
    def discard(self, request: Request, key: str) -> Response:
        """Give up the draft."""
        rule = self._id(key)
        discard_draft(rule=rule, actor=self.actor, at=self.now)
        return self.answer(self.object_of(str(rule)))

    @extend_schema(request=RestoreSerializer, responses=RuleSerializer)
    @action(detail=True, methods=["post"])
    def restore(self, request: Request, key: str) -> Response:
        """Let an earlier version count again, as a new one that says the same."""
        return self._step(key, restore_version, RestoreSerializer)

    def _step(self, key: str, step: Callable[..., RuleVersion], read_by: type[StrictSerializer]) -> Response:
        rule = self._id(key)
        step(rule=rule, actor=self.actor, at=self.now, **self.read(read_by))
        return self.answer(self.object_of(str(rule)))

    def _save(self, key: str, *, replace: bool) -> Response:
        values = self.read(partial=not replace)
        rule = save_rule(values=values, actor=self.actor, at=self.now, rule=self._id(key), replace=replace)
        return self.answer(self.object_of(str(rule.rule_id)))

    def _id(self, key: str) -> uuid.UUID:
        """The id of a rule that the caller may see. Raises `NotFound`."""
        found: uuid.UUID = self.object_of(key).rule_id
        return found


def register(router: Router) -> None:
    """Add the resource."""
    router.register("blocking-rules", RuleResource)
