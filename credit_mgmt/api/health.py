"""What is missing or odd in the setup, as the overview of the setup shows it (`ux.md` 3.11)."""

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from credit_mgmt.setup.facts import setup_facts
from credit_mgmt.setup.health import setup_health
from customers.access import Action
from customers.edge.fields import StrictSerializer
from customers.edge.resources import refuse_parameters
from customers.edge.routing import Router
from customers.edge.views import ApiView


class SetupFindingSerializer(StrictSerializer):
    """Something to put right; `page` is the setup page or resource, `stops` whether orders suffer from it today."""

    code = serializers.CharField()
    page = serializers.CharField()
    legal_entity = serializers.CharField(allow_null=True)
    stops = serializers.BooleanField()
    message = serializers.CharField(source="words")


class SetupHealthSerializer(StrictSerializer):
    """Everything found; `ready` where none of it stops orders."""

    ready = serializers.BooleanField()
    findings = SetupFindingSerializer(many=True)


class SetupHealth(ApiView):
    """`GET setup-health`: in the caller's legal entities."""

    rights = {"get": Action.VIEW}
    serializer_class = SetupHealthSerializer

    @extend_schema(responses=SetupHealthSerializer)
    def get(self, request: Request) -> Response:
        """What is missing before going live, or since; what stops orders comes first."""
        refuse_parameters(request)
        found = setup_health(setup_facts(self.actor, today=self.today_in))
        ready = not any(finding.stops for finding in found)
        return Response({"ready": ready, "findings": SetupFindingSerializer(found, many=True).data})


def register(router: Router) -> None:
    """Add the address."""
    router.add("setup-health", SetupHealth)
