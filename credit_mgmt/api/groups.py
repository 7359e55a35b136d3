"""Customer credit groups (`api.md` Resources, `domain 3.4`)."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.db.models import Case, F, Prefetch, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from credit_mgmt.api.customers import date_of
from credit_mgmt.api.group_serializers import (
    CreditGroupSerializer,
    GroupCreditSerializer,
    MembershipSerializer,
    SuggestionsSerializer,
    overview_data,
)
from credit_mgmt.credit_groups import change_members, feed_groups
from credit_mgmt.credit_groups.standing import overview_of, overview_with
from credit_mgmt.credit_groups.suggestions import suggest_members
from credit_mgmt.masking import Mask, hidden_groups
from customers import clock
from customers.access import Action, authorize, scoped
from customers.edge import filters as by
from customers.edge.resources import READ, KeyedResource, refuse_parameters
from customers.edge.routing import Router
from customers.imports import RowResult
from customers.models import Customer, CustomerCreditGroup

CHANGE = ("create", "update", "partial_update", "bulk", "members", "preview")


class CreditGroupResource(KeyedResource):
    """Groups with a member in the caller's legal entities, and those without members.

    Their limits and figures only to those who see all legal entities of their members.
    """

    model = CustomerCreditGroup
    resource = "credit-groups"
    serializer_class = CreditGroupSerializer
    rights = {
        **READ,
        **dict.fromkeys(CHANGE, Action.MANAGE_CREDIT_GROUPS),
        "credit": Action.VIEW_EXPOSURE,
        "suggestions": Action.VIEW,
    }
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
        hidden = hidden_groups(self.actor)
        limit = Coalesce(F("credit_account__limit_amount"), Value(Decimal(0)))
        groups: QuerySet[Any] = CustomerCreditGroup.objects.annotate(
            credit_limit=limit if hidden is None else Case(When(pk__in=hidden, then=None), default=limit),
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

    @extend_schema(parameters=[OpenApiParameter("date", str)], responses=GroupCreditSerializer)
    @action(detail=True, methods=["get"])
    def credit(self, request: Request, key: str) -> Response:
        """Where the group stands: limit, exposure, available, and each member's share and ageing; on `?date=`."""
        group = self.object_of(key)
        overview = overview_of(group.pk, date_of(request) or clock.today("UTC"))
        return Response(overview_data(Mask(self.actor).overview(overview)))

    @extend_schema(parameters=[OpenApiParameter("customer", str, many=True)], responses=SuggestionsSerializer)
    @action(detail=True, methods=["get"], url_path="members/suggestions")
    def suggestions(self, request: Request, key: str) -> Response:
        """The same party or account number in other legal entities; `?customer=` names who is about to join."""
        refuse_parameters(request, "customer")
        group = self.object_of(key)
        found = suggest_members(group=group.pk, customers=request.query_params.getlist("customer"), actor=self.actor)
        return Response(SuggestionsSerializer({"results": found}).data)

    @extend_schema(request=MembershipSerializer, responses=CreditGroupSerializer)
    @action(detail=True, methods=["post"])
    def members(self, request: Request, key: str) -> Response:
        """Customers join the group or leave it; who is not named stays."""
        group = self.object_of(key)
        given = self.read(MembershipSerializer)
        change_members(group=group.pk, actor=self.actor, today=self.today_in, at=self.now, **given)
        return self.answer(self.object_of(key))

    @extend_schema(request=MembershipSerializer, responses=GroupCreditSerializer)
    @action(detail=True, methods=["post"], url_path="members/preview")
    def preview(self, request: Request, key: str) -> Response:
        """Where the group would stand with other members; a question, nothing changes."""
        group = self.object_of(key)
        given: dict[str, Any] = self.read(MembershipSerializer)
        for entity in sorted({member.partition(":")[0] for member in given.get("join", ())}):
            authorize(self.actor, Action.VIEW_EXPOSURE, entity, "The customer")
        overview = overview_with(group.pk, clock.today("UTC"), **given)
        return Response(overview_data(Mask(self.actor).overview(overview)))


def register(router: Router) -> None:
    """Add the resource."""
    router.register("credit-groups", CreditGroupResource)
