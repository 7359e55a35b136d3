"""What was decided, as it was decided: read-only."""

from collections.abc import Mapping, Sequence
from typing import Any

from rest_framework import serializers
from rest_framework.response import Response

from credit_mgmt.api.serializers import DecisionSerializer, decision_data
from credit_mgmt.decisions import explained, stored_decision
from credit_mgmt.engine.decision import Decision
from credit_mgmt.masking import Mask
from credit_mgmt.models import DecisionRecord
from customers.access import Action
from customers.edge import filters as by
from customers.edge.people import NameOfField
from customers.edge.resources import ListResource
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


def register(router: Router) -> None:
    """Add the resource."""
    router.register("decisions", Decisions)
