"""Decisions and positions as the API shows them (`api.md`, "Names that clients rely on")."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from rest_framework import serializers

from credit_mgmt import messages
from credit_mgmt.conversions import conversion_of
from credit_mgmt.engine.decision import Decision, Outcome, Reason, Remedy, TraceLine
from credit_mgmt.exposure import GroupStanding, Position
from credit_mgmt.masking import Mask
from customers.edge.fields import JsonField, StrictSerializer
from customers.models import Currency
from customers.money import round_half_up


class DecisionReasonSerializer(StrictSerializer):
    """A reason to hold, or a warning: made of the very numbers that were compared."""

    type = serializers.CharField()
    message = serializers.CharField()
    rule = serializers.CharField(allow_null=True)
    level = serializers.CharField(allow_null=True)
    account = serializers.CharField(allow_null=True)
    evidence = serializers.DictField(child=serializers.CharField())


class TraceSerializer(StrictSerializer):
    """A rule that was looked at, with the figures that it compared."""

    type = serializers.CharField()
    rule = serializers.CharField(allow_null=True)
    rule_name = serializers.CharField(allow_null=True)
    level = serializers.CharField(allow_null=True)
    verdict = serializers.CharField()
    measured = serializers.CharField(allow_null=True)
    threshold = serializers.CharField(allow_null=True)
    account = serializers.CharField(allow_null=True)
    message = serializers.CharField()


class RemedySerializer(StrictSerializer):
    """Something that would clear reasons."""

    action = serializers.CharField()
    message = serializers.CharField()
    clears = serializers.ListField(child=serializers.CharField())
    figures = serializers.DictField(child=serializers.CharField())


class DecisionSerializer(StrictSerializer):
    """The answer of a credit check. `id` is null for a question, which is not stored.

    `order` and `checkpoint` are null where what is checked is no order here (`credit-checks`).
    """

    id = serializers.UUIDField(allow_null=True)
    order = serializers.CharField(allow_null=True)
    checkpoint = serializers.CharField(allow_null=True)
    pro_forma = serializers.BooleanField()
    date = serializers.DateField(allow_null=True)
    outcome = serializers.ChoiceField(choices=[outcome.value for outcome in Outcome])
    not_checked_because = serializers.CharField(allow_null=True)
    not_checked_message = serializers.CharField(allow_null=True)
    reasons = DecisionReasonSerializer(many=True)
    warnings = DecisionReasonSerializer(many=True)
    trace = TraceSerializer(many=True)
    remedies = RemedySerializer(many=True)
    figures = JsonField(allow_null=True)
    policy_version = serializers.IntegerField()


def decision_data(decision: Decision, mask: Mask, *, id: Any = None, date: Any = None) -> dict[str, Any]:
    """A decision as `DecisionSerializer` describes it and `mask` lets it be seen; `id`, `date` where it is stored."""
    decision = mask.decision(decision)
    because = decision.not_checked_because
    return {
        "id": str(id) if id else None,
        "order": decision.order,
        "checkpoint": str(decision.checkpoint),
        "pro_forma": decision.pro_forma,
        "date": date.isoformat() if date else None,
        "outcome": str(decision.outcome),
        "not_checked_because": str(because) if because else None,
        "not_checked_message": messages.not_checked_message(because) if because else None,
        "reasons": [_reason(reason, messages.reason_message(reason)) for reason in decision.reasons],
        "warnings": [_reason(reason, messages.warning_message(reason)) for reason in decision.warnings],
        "trace": [_line(line) for line in decision.trace],
        "remedies": [_remedy(remedy) for remedy in decision.remedies],
        "figures": dict(decision.figures) if decision.figures is not None else None,
        "policy_version": decision.policy_version,
    }


def _reason(reason: Reason, message: str) -> dict[str, Any]:
    return {
        "type": str(reason.type),
        "message": message,
        "rule": reason.rule,
        "level": str(reason.level) if reason.level else None,
        "account": reason.account,
        "evidence": dict(reason.evidence),
    }


def _line(line: TraceLine) -> dict[str, Any]:
    return {
        "type": str(line.type),
        "rule": line.rule,
        "rule_name": line.name,
        "level": str(line.level) if line.level else None,
        "verdict": str(line.verdict),
        "measured": line.measured,
        "threshold": line.threshold,
        "account": line.account,
        "message": messages.trace_message(line),
    }


def _remedy(remedy: Remedy) -> dict[str, Any]:
    return {
        "action": remedy.action,
        "message": messages.remedy_message(remedy),
        "clears": list(remedy.clears),
        "figures": dict(remedy.figures),
    }


class ExposureSerializer(StrictSerializer):
    """What the customer owes or will owe, by part."""

    total = serializers.CharField(allow_null=True)
    balance = serializers.CharField(allow_null=True)
    delivered = serializers.CharField(allow_null=True)
    ordered = serializers.CharField(allow_null=True)


class AgeingSerializer(StrictSerializer):
    """What is open in one ageing bucket."""

    label = serializers.CharField()  # type: ignore[assignment]  # a field of that name, not the caption of this one
    amount = serializers.CharField(allow_null=True)


class GroupStandingSerializer(StrictSerializer):
    """The customer's credit group, in the currency of the position; its amounts are null to those who do not see all
    legal entities of its members."""

    number = serializers.CharField()
    limit = serializers.CharField(allow_null=True)
    exposure = serializers.CharField(allow_null=True)
    available = serializers.CharField(allow_null=True)
    expires_on = serializers.DateField(allow_null=True)


class PositionSerializer(StrictSerializer):
    """A credit position; an amount that needs a missing rate is null, and `missing_rate` says which."""

    customer = serializers.CharField()
    date = serializers.DateField()
    currency = serializers.CharField()
    base_limit = serializers.CharField()
    temporary_limit = serializers.CharField(allow_null=True)
    insurance_and_guarantees = serializers.CharField(allow_null=True)
    total_limit = serializers.CharField(allow_null=True)
    unlimited = serializers.BooleanField()
    expires_on = serializers.DateField(allow_null=True)
    exposure = ExposureSerializer()
    available = serializers.CharField(allow_null=True)
    overdue_amount = serializers.CharField(allow_null=True)
    days_overdue = serializers.IntegerField()
    oldest_overdue = serializers.CharField(allow_null=True)
    ageing = AgeingSerializer(many=True)
    group = GroupStandingSerializer(allow_null=True)
    risk_score = serializers.CharField(allow_null=True)
    risk_group = serializers.CharField(allow_null=True)
    statistics = JsonField(allow_null=True)
    customer_currency = serializers.CharField()
    total_limit_in_customer_currency = serializers.CharField(allow_null=True)
    customer_currency_rate = serializers.CharField(allow_null=True)
    customer_currency_rate_date = serializers.DateField(allow_null=True)
    missing_rate = serializers.CharField(allow_null=True)


def _group_data(group: GroupStanding, text: Callable[[Decimal | None], str | None]) -> dict[str, Any]:
    return {
        "number": group.number,
        "limit": text(group.limit),
        "exposure": text(group.exposure),
        "available": text(group.available),
        "expires_on": group.expires_on.isoformat() if group.expires_on else None,
    }


def _rate_data(position: Position) -> dict[str, str | None]:
    """With which rate, and of when, the limit is shown in the customer's currency; null where it is the same one."""
    entity = position.customer.partition(":")[0]
    own, theirs = position.currency, position.customer_currency
    found = conversion_of(own, theirs, entity, position.as_of) if own != theirs else None
    return {
        "customer_currency_rate": found.told if found else None,
        "customer_currency_rate_date": found.valid_from.isoformat() if found else None,
    }


def position_data(position: Position, mask: Mask) -> dict[str, Any]:
    """A position as `PositionSerializer` describes it and `mask` lets it be seen; amounts with their currency's
    decimals."""
    position = mask.position(position)
    units = dict(Currency.objects.order_by().values_list("code", "minor_units"))

    def text(amount: Decimal | None, currency: str = position.currency) -> str | None:
        return None if amount is None else f"{round_half_up(amount, units.get(currency, 2)):f}"

    group = position.group
    return {
        "customer": position.customer,
        "date": position.as_of.isoformat(),
        "currency": position.currency,
        "base_limit": text(position.base_limit),
        "temporary_limit": text(position.temporary_limit),
        "insurance_and_guarantees": text(position.insurance_and_guarantees),
        "total_limit": text(position.total_limit),
        "unlimited": position.unlimited,
        "expires_on": position.expires_on.isoformat() if position.expires_on else None,
        "exposure": {name: text(getattr(position, name)) for name in ("total", "balance", "delivered", "ordered")},
        "available": text(position.available),
        "overdue_amount": text(position.overdue_amount),
        "days_overdue": position.days_overdue,
        "oldest_overdue": position.oldest_overdue,
        "ageing": [{"label": bucket.label, "amount": text(bucket.amount)} for bucket in position.ageing],
        "group": group and _group_data(group, text),
        "risk_score": None,
        "risk_group": None,
        "statistics": None,
        "customer_currency": position.customer_currency,
        "total_limit_in_customer_currency": text(position.total_limit_in_customer_currency, position.customer_currency),
        **_rate_data(position),
        "missing_rate": position.missing_rate,
    }
