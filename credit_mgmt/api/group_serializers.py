"""Customer credit groups as the API shows them (`api.md` Resources, `domain 3.4`)."""

from decimal import Decimal
from typing import Any

from rest_framework import serializers

from credit_mgmt.api.serializers import AgeingSerializer
from credit_mgmt.credit_groups.phrases import BINDS, binds_sentence
from credit_mgmt.credit_groups.standing import GroupOverview, MemberStanding
from customers.edge.fields import AmountField, CodeField, DayField, FlagField, KeyField, StrictSerializer, TextField
from customers.money import round_half_up
from customers.rates import minor_units


class CreditGroupSerializer(StrictSerializer):
    """Customers that share one limit, in the group's currency.

    `credit_limit` is null to those who do not see all legal entities of its members.
    """

    key = CodeField(source="pk", required=False)
    number = CodeField(required=False)
    description = TextField(required=False, allow_blank=True)
    currency = CodeField(source="currency_id", required=False)
    credit_limit = AmountField(currency="currency_id", required=False, allow_null=True)
    credit_limit_to = DayField(required=False)
    use_member_days_overdue = FlagField(required=False)
    members = serializers.ListField(child=KeyField(), source="visible_members", required=False)


class MembershipSerializer(StrictSerializer):
    """Keys of customers who join and who leave."""

    join = serializers.ListField(child=KeyField(), required=False, max_length=10_000)
    leave = serializers.ListField(child=KeyField(), required=False, max_length=10_000)


class SuggestionSerializer(StrictSerializer):
    """A customer that could join, because it is the same party or has the same account number as `of`."""

    customer = serializers.CharField(source="customer.key")
    name = serializers.CharField(source="customer.name")
    because = serializers.ChoiceField(choices=["same_party", "same_account"])
    of = serializers.CharField()
    credit_group = serializers.CharField(allow_null=True)


class SuggestionsSerializer(StrictSerializer):
    """All that were found."""

    results = SuggestionSerializer(many=True)


class GroupMemberSerializer(StrictSerializer):
    """A member; `own_limit` (null: unlimited) and `own_exposure` in its `currency`, all else in the group's."""

    customer = serializers.CharField()
    name = serializers.CharField()
    currency = serializers.CharField()
    own_limit = serializers.CharField(allow_null=True)
    own_exposure = serializers.CharField(allow_null=True)
    exposure = serializers.CharField(allow_null=True)
    share_percent = serializers.CharField(allow_null=True)
    rate = serializers.CharField(allow_null=True)
    rate_date = serializers.DateField(allow_null=True)
    binds = serializers.ChoiceField(choices=list(BINDS))
    message = serializers.CharField()
    overdue_amount = serializers.CharField(allow_null=True)
    days_overdue = serializers.IntegerField()
    expires_on = serializers.DateField(allow_null=True)
    ageing = AgeingSerializer(many=True)


class GroupCreditSerializer(StrictSerializer):
    """Where a group stands, in its currency.

    With `withheld` the group's amounts are null and `members` are those that the caller sees: it does not see all legal
    entities of the group. An amount that needs a missing rate is null too, and `missing_rate` says which.
    """

    number = serializers.CharField()
    date = serializers.DateField()
    currency = serializers.CharField()
    limit = serializers.CharField(allow_null=True)
    temporary_limit = serializers.CharField(allow_null=True)
    expires_on = serializers.DateField(allow_null=True)
    exposure = serializers.CharField(allow_null=True)
    available = serializers.CharField(allow_null=True)
    used_percent = serializers.CharField(allow_null=True)
    ageing = AgeingSerializer(many=True)
    members = GroupMemberSerializer(many=True)
    missing_rate = serializers.CharField(allow_null=True)
    withheld = serializers.BooleanField()


def overview_data(overview: GroupOverview) -> dict[str, Any]:
    """A group as `GroupCreditSerializer` describes it; amounts with their currency's decimals."""
    units = minor_units()

    def text(amount: Decimal | None, currency: str = overview.currency) -> str | None:
        return None if amount is None else f"{round_half_up(amount, units.get(currency, 2)):f}"

    return {
        "number": overview.group.pk,
        "date": overview.as_of.isoformat(),
        "currency": overview.currency,
        **{name: text(getattr(overview, name)) for name in ("limit", "temporary_limit", "exposure", "available")},
        "used_percent": _percent(overview.used),
        "expires_on": overview.expires_on.isoformat() if overview.expires_on else None,
        "ageing": [{"label": bucket.label, "amount": text(bucket.amount)} for bucket in overview.ageing],
        "members": [_member(member, text) for member in overview.members],
        "missing_rate": overview.missing_rate,
        "withheld": overview.withheld,
    }


def _member(member: MemberStanding, text: Any) -> dict[str, Any]:
    rate = member.rate
    return {
        "customer": member.customer.key,
        "name": member.customer.name,
        "currency": member.currency,
        "own_limit": text(member.own_limit, member.currency),
        "own_exposure": text(member.own_exposure, member.currency),
        "exposure": text(member.exposure),
        "share_percent": _percent(member.share),
        "rate": f"{round_half_up(rate.rate, 6):f}" if rate else None,
        "rate_date": rate.valid_from.isoformat() if rate else None,
        "binds": member.binds,
        "message": binds_sentence(member.binds),
        "overdue_amount": text(member.overdue),
        "days_overdue": member.days_overdue,
        "expires_on": member.expires_on.isoformat() if member.expires_on else None,
        "ageing": [{"label": bucket.label, "amount": text(bucket.amount)} for bucket in member.ageing],
    }


def _percent(value: Decimal | None) -> str | None:
    return None if value is None else f"{round_half_up(value, 2):f}"
