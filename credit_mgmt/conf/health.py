"""`/api/v1/health/live` and `/health/ready`: is the process up, and can it decide and carry work?"""

from django.conf import settings
from django.db import connection
from django.db.utils import Error as DatabaseError
from drf_spectacular.utils import OpenApiResponse, extend_schema, inline_serializer
from kombu import Connection
from kombu.exceptions import KombuError
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

ANSWER = inline_serializer(
    "Health",
    {
        "status": serializers.ChoiceField(["ok", "degraded", "down"]),
        "database": serializers.ChoiceField(["ok", "down"], required=False),
        "broker": serializers.ChoiceField(["ok", "down"], required=False),
    },
)


class Live(APIView):
    """Is the process up?"""

    authentication_classes = ()
    permission_classes = ()

    @extend_schema(responses={200: ANSWER}, auth=[])
    def get(self, request: Request) -> Response:
        """Answers 200 while the process answers at all."""
        return Response({"status": "ok"}, headers={"Cache-Control": "no-store"})


class Ready(APIView):
    """Can it decide, and carry work?"""

    authentication_classes = ()
    permission_classes = ()

    @extend_schema(
        responses={200: ANSWER, 503: OpenApiResponse(ANSWER, description="The database does not answer")}, auth=[]
    )
    def get(self, request: Request) -> Response:
        """Answers 200 if the database answers, else 503. The broker is reported, but decisions do not need it:
        without it jobs wait in the database."""
        parts = {"database": _database_answers(), "broker": _broker_answers()}
        told = {name: "ok" if fine else "down" for name, fine in parts.items()}
        if parts["database"]:
            status = "ok" if parts["broker"] else "degraded"
            return Response({"status": status, **told}, headers={"Cache-Control": "no-store"})
        headers = {"Cache-Control": "no-store", "Retry-After": "5"}
        return Response({"status": "down", **told}, status=503, headers=headers)


def _database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return False
    return True


def _broker_answers() -> bool:
    options = settings.CELERY_BROKER_TRANSPORT_OPTIONS
    try:
        with Connection(settings.CELERY_BROKER_URL, connect_timeout=1, transport_options=options) as broker:
            broker.ensure_connection(max_retries=1, timeout=1)
    except (KombuError, OSError):
        return False
    return True
