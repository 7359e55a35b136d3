"""`/api/v1/health/live` and `/health/ready`: is the process up, and can it decide and carry work?"""

from django.conf import settings
from django.db import connection
from django.db.utils import Error as DatabaseError
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from kombu import Connection
from kombu.exceptions import KombuError


@require_safe
@never_cache
def live(request: HttpRequest) -> JsonResponse:
    """Answer 200 while the process answers at all."""
    return JsonResponse({"status": "ok"})


@require_safe
@never_cache
def ready(request: HttpRequest) -> JsonResponse:
    """Answer 200 if the database answers, else 503. The broker is reported, but decisions do not need it
    (reliability O02): without it jobs wait in the database."""
    parts = {"database": _database_answers(), "broker": _broker_answers()}
    told = {name: "ok" if fine else "down" for name, fine in parts.items()}
    if parts["database"]:
        return JsonResponse({"status": "ok" if parts["broker"] else "degraded", **told})
    response = JsonResponse({"status": "down", **told}, status=503)
    response["Retry-After"] = "5"
    return response


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
