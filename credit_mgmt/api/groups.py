"""Customer credit groups (`api.md` Resources, `domain 3.4`)."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.db.models import F, Prefetch, Q, QuerySet, Value
from django.db.models.functions import Coalesce
from rest_framework import serializers

from credit_mgmt.credit_groups import feed_groups
from customers.access import Action, scoped
from customers.edge import filters as by
from customers.edge.fields import AmountField, CodeField, DayField, FlagField, KeyField, StrictSerializer, TextField
from customers.edge.resources import KeyedResource
from customers.edge.routing import Router
from customers.imports import RowResult
from customers.models import Customer, CustomerCreditGroup


class CreditGroupSerializer(StrictSerializer):
    """Customers that share one limit, in the group's currency."""

    key = CodeField(source="pk", required=False)
    number = CodeField(required=False)
    description = TextField(required=False, allow_blank=True)
    currency = CodeField(source="currency_id", required=False)
    credit_limit = AmountField(currency="currency_id", required=False)
    credit_limit_to = DayField(required=False)
    use_member_days_overdue = FlagField(required=False)
    members = serializers.ListField(child=KeyField(), source="visible_members", required=False)


class CreditGroupResource(KeyedResource):
    """Groups with a member in the caller's legal entities, and those without members."""

    model = CustomerCreditGroup
    resource = "credit-groups"
    serializer_class = CreditGroupSerializer
    lookup = "code"
    scope_path = None
    filters = {
        "key": by.code("pk"),
        "number": by.code("number"),
        "description": by.text("description"),
        "currency": by.code("currency"),
        "credit_limit": by.amount("credit_limit"),
        "credit_limit_to": by.day("credit_limit_to"),
        "use_member_days_overdue": by.flag("use_member_days_overdue"),
    }
    orderings = {"number": "number", "credit_limit": "credit_limit", "credit_limit_to": "credit_limit_to"}
    default_ordering = ("number",)

    def rows(self) -> QuerySet[Any]:
        """With limits, and the members that the caller may see."""
        members = scoped(Customer.objects.order_by("legal_entity", "account"), self.actor, Action.VIEW)
        groups: QuerySet[Any] = CustomerCreditGroup.objects.annotate(
            credit_limit=Coalesce(F("credit_account__limit_amount"), Value(Decimal(0))),
            credit_limit_to=F("credit_account__expires_on"),
        )
        if self.actor.entities(Action.VIEW) is not None:
            mine = members.filter(credit_group__isnull=False).values("credit_group")
            groups = groups.filter(Q(pk__in=mine) | Q(members__isnull=True))
        return groups.prefetch_related(Prefetch("members", members, to_attr="visible_members"))

    def feed(self, rows: Sequence[Mapping[str, Any]], *, replace: bool, atomic: bool) -> Sequence[RowResult]:
        """Members and limits together."""
        return feed_groups(
            rows=rows, actor=self.actor, today=self.today_in, at=self.now, replace=replace, atomic=atomic
        )


def register(router: Router) -> None:
    """Add the resource."""
    router.register("credit-groups", CreditGroupResource)
