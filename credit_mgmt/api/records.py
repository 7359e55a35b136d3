"""What was decided and what was changed: decisions and the limit history, both read-only."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import Q, QuerySet
from rest_framework import serializers
from rest_framework.response import Response

from credit_mgmt.api.serializers import DecisionSerializer, decision_data
from credit_mgmt.decisions import explained, stored_decision
from credit_mgmt.engine.decision import Decision
from credit_mgmt.masking import Mask, hidden_groups
from credit_mgmt.models import DecisionRecord, LimitHistory
from customers.access import Action, scoped
from customers.edge import filters as by
from customers.edge.fields import AmountField, FlagField, StrictSerializer
from customers.edge.people import NameOfField
from customers.edge.resources import CollectionResource, ListResource
from customers.edge.routing import Router
from customers.models import Document
from customers.people import names_of


class StoredDecisionSerializer(DecisionSerializer):
    """A stored decision: also what asked for it, who, and when."""

    kind = serializers.ChoiceField(choices=DecisionRecord.Kind.choices)
    customer = serializers.CharField()
    legal_entity = serializers.CharField()
    at = serializers.DateTimeField()
    actor = serializers.CharField()
    actor_name = NameOfField("actor")


class Decisions(ListResource):
    """Decisions of postings and evaluations, as they were made; questions are not stored."""

    model = DecisionRecord
    serializer_class = StoredDecisionSerializer
    lookup = "uuid"
    rights = {"list": Action.VIEW_EXPOSURE, "retrieve": Action.VIEW_EXPOSURE}
    related = ("order", "payer")
    filters = {
        "id": by.uuid("pk"),
        "actor": by.text("actor"),
        "policy_version": by.whole("policy"),
        "order": by.key("order", number="number"),
        "customer": by.key("payer"),
        "legal_entity": by.code("legal_entity"),
        "checkpoint": by.choice("checkpoint", Document),
        "pro_forma": by.flag("pro_forma"),
        "date": by.day("date"),
        "at": by.instant("at"),
        "kind": by.choice("kind", DecisionRecord.Kind),
        "outcome": by.choice("outcome", DecisionRecord.Outcome),
    }
    orderings = {"at": "at", "date": "date"}
    default_ordering = ("-at",)

    def represent(self, rows: Sequence[Any]) -> Any:
        """The decisions as they were made, with who asked; what would clear one is worked out for one at a time."""
        names = names_of(record.actor for record in rows)
        mask = Mask(self.actor)
        return [stored_decision_data(record, stored_decision(record), mask, names) for record in rows]

    def answer(self, thing: Any, serializer_class: Any = None, *, status: int = 200, many: bool = False) -> Response:
        """One decision, with what would have cleared it."""
        answer = stored_decision_data(thing, explained(thing), Mask(self.actor), names_of([thing.actor]))
        return Response(answer, status=status)


def stored_decision_data(
    record: DecisionRecord, decision: Decision, mask: Mask, names: Mapping[str, str]
) -> dict[str, Any]:
    """A stored decision as `StoredDecisionSerializer` describes it; `names` of actors by their references."""
    return {
        **decision_data(decision, mask, id=record.pk, date=record.date),
        "kind": record.kind,
        "customer": record.payer.key,
        "legal_entity": record.legal_entity_id,
        "at": serializers.DateTimeField().to_representation(record.at),
        "actor": record.actor,
        "actor_name": names[record.actor],
    }


class LimitEntrySerializer(StrictSerializer):
    """One change of a limit; of a customer or of a customer credit group, in `currency`."""

    customer = serializers.CharField(source="account.customer.key", allow_null=True, default=None)
    credit_group = serializers.CharField(source="account.group_id", allow_null=True)
    sequence = serializers.IntegerField()
    source = serializers.ChoiceField(choices=LimitHistory.Source.choices)  # type: ignore[assignment]
    currency = serializers.CharField(source="account.currency_id")
    previous_limit = AmountField(currency="account.currency_id")
    limit = AmountField(source="limit_amount", currency="account.currency_id")
    previous_unlimited = FlagField()
    unlimited = FlagField()
    previous_mandatory_limit = FlagField(source="previous_mandatory")
    mandatory_limit = FlagField(source="mandatory")
    previous_expires_on = serializers.DateField(allow_null=True)
    expires_on = serializers.DateField(allow_null=True)
    effective_on = serializers.DateField()
    actor = serializers.CharField()
    actor_name = NameOfField("actor")
    at = serializers.DateTimeField()
    note = serializers.CharField()


class LimitEntries(CollectionResource):
    """The limit history: who changed which limit, when, from, to."""

    model = LimitHistory
    serializer_class = LimitEntrySerializer
    rights = {"list": Action.VIEW_EXPOSURE}
    related = ("account", "account__customer")
    filters = {
        "customer": by.key("account__customer"),
        "credit_group": by.code("account__group"),
        "legal_entity": by.code("account__customer__legal_entity"),
        "source": by.choice("source", LimitHistory.Source),
        "effective_on": by.day("effective_on"),
        "at": by.instant("at"),
        "actor": by.text("actor"),
        "sequence": by.whole("sequence"),
        "currency": by.code("account__currency"),
        "previous_limit": by.amount("previous_limit"),
        "limit": by.amount("limit_amount"),
        "previous_unlimited": by.flag("previous_unlimited"),
        "unlimited": by.flag("unlimited"),
        "previous_mandatory_limit": by.flag("previous_mandatory"),
        "mandatory_limit": by.flag("mandatory"),
        "previous_expires_on": by.day("previous_expires_on"),
        "expires_on": by.day("expires_on"),
        "note": by.text("note"),
    }
    orderings = {"at": "at", "effective_on": "effective_on"}
    default_ordering = ("-at",)
    scope_path = None

    def rows(self) -> QuerySet[Any]:
        """Entries of customers in the caller's legal entities, and of groups all of whose members are there."""
        rows = super().rows()
        hidden = hidden_groups(self.actor)
        if hidden is None:
            return rows
        own = scoped(rows, self.actor, self.rights["list"], path="account__customer__legal_entity")
        groups = scoped(rows, self.actor, self.rights["list"], path="account__group__members__legal_entity")
        groups = groups.exclude(account__group__in=hidden)
        return rows.filter(Q(pk__in=own.values("pk")) | Q(pk__in=groups.values("pk")))


def register(router: Router) -> None:
    """Add the resources."""
    router.register("decisions", Decisions)
    router.register("limit-history", LimitEntries)
