"""Checks of documents that are no orders here (`domain 4.8`)."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from credit_mgmt.api.serializers import DecisionSerializer, PositionSerializer, decision_data, position_data
from credit_mgmt.credit_checks import DOCUMENTS, NOT_SUPPORTED, credit_check
from credit_mgmt.masking import Mask
from customers.access import Action
from customers.edge.fields import AmountField, CodeField, KeyField, StrictSerializer
from customers.edge.routing import Router
from customers.edge.views import ApiView


class CreditCheckSerializer(StrictSerializer):
    """A document that would use the customer's credit."""

    customer = KeyField()
    amount = AmountField(currency="currency")
    currency = CodeField()
    document = serializers.ChoiceField(choices=[*DOCUMENTS, NOT_SUPPORTED])


class CreditAnswerSerializer(StrictSerializer):
    """Whether it keeps within the total limit."""

    outcome = serializers.ChoiceField(choices=["passed", "warning", "error"])
    document = serializers.ChoiceField(choices=DOCUMENTS)
    decision = DecisionSerializer()
    position = PositionSerializer()


class CreditChecks(ApiView):
    """`POST credit-checks`: against the total limit only; never put on hold, nothing is stored."""

    rights = {"post": Action.CHECK}
    serializer_class = CreditAnswerSerializer

    @extend_schema(request=CreditCheckSerializer, responses=CreditAnswerSerializer)
    def post(self, request: Request) -> Response:
        """Whether a document keeps within the customer's total credit limit, its group's first."""
        values: dict[str, Any] = self.read(CreditCheckSerializer)
        today = self.today_in(values["customer"].partition(":")[0])
        answer = credit_check(**values, as_of=today, actor=self.actor)
        # There is no order, so there is no checkpoint of one either.
        mask = Mask(self.actor)
        decision = {**decision_data(answer.decision, mask, date=today), "order": None, "checkpoint": None}
        return Response(
            {
                "outcome": answer.outcome,
                "document": values["document"],
                "decision": decision,
                "position": position_data(answer.position, mask),
            }
        )


def register(router: Router) -> None:
    """Add the address."""
    router.add("credit-checks", CreditChecks)
