"""`Idempotency-Key`: a repeated changing call has one effect and one answer (`api.md`, `reliability.md` C11, C12).

Note [One transaction]. The key is inserted in the transaction of the business effect: both commit or neither does. So
what raises (400 to 503) leaves no key behind: nothing was done, and the repeat is a new attempt. Answers below 300 are
stored and replayed for 30 days.

Note [A refusal commits]. A service may refuse (409) and yet keep something on purpose, such as the message of a failed
posting. Its own savepoint has rolled back what must not stay; so a refusal gives the key up, and commits.

Note [Who may see the replay]. The right to the call is checked before this module is reached. What was stored may name
objects of legal entities that were taken from the caller since: the grants of the first call must all still stand.
"""

import datetime as dt
import hashlib
import json
import re
from collections.abc import Callable
from typing import Any

from django.db import connection, transaction
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from customers.access import Actor
from customers.edge.authentication import actor_of
from customers.edge.problems import KeyReused
from customers.errors import InvalidInput, NotFound, Refused
from customers.models import IdempotencyKey

HEADER = "Idempotency-Key"
WRITTEN = re.compile(r"[\x21-\x7e]{1,200}")
KEPT = dt.timedelta(days=30)
CHANGING = frozenset({"POST", "PUT", "PATCH", "DELETE"})


def once(request: Request, now: dt.datetime, work: Callable[[], Response]) -> Response:
    """The answer of `work`, or the stored answer where the same call was made before with the same key.

    Raises `KeyReused` where the key belongs to another call, `Refused` (`in_flight`) while the first is at work.
    """
    key = request.headers.get(HEADER)
    if key is None or request.method not in CHANGING:
        return work()
    if not WRITTEN.fullmatch(key):
        raise InvalidInput.of(HEADER, "invalid", "Give 1 to 200 printable characters without spaces, such as a UUID.")
    actor = actor_of(request)
    refusal: Refused | None = None
    with transaction.atomic():
        row = _begin(request, actor, key, now)
        if row.status is not None:
            return _replay(row, actor)
        try:
            response = work()
        except Refused as problem:
            if connection.needs_rollback:
                raise
            refusal = problem  # see Note [A refusal commits]
            row.delete()
        else:
            _keep(row, response, actor)
    if refusal is not None:
        raise refusal
    return response


def purge(*, now: dt.datetime) -> int:
    """Forget keys older than 30 days; returns how many."""
    return IdempotencyKey.objects.filter(created_at__lt=now - KEPT).delete()[0]


def _begin(request: Request, actor: Actor, key: str, now: dt.datetime) -> IdempotencyKey:
    """The key's row: new, or of the earlier call that this one repeats."""
    principal = actor.reference
    _refuse_in_flight(principal, key)
    IdempotencyKey.objects.filter(principal=principal, key=key, created_at__lt=now - KEPT).delete()
    _ = request.data  # read, so that the parser leaves the digest of the body
    new = IdempotencyKey(
        principal=principal,
        key=key,
        method=request.method or "",
        path=request.get_full_path()[:400],
        body_digest=_digest(request),
        created_at=now,
    )
    IdempotencyKey.objects.bulk_create([new], ignore_conflicts=True)
    row = IdempotencyKey.objects.get(principal=principal, key=key)
    if (row.method, row.path, row.body_digest) != (new.method, new.path, new.body_digest):
        raise KeyReused
    return row


def _digest(request: Request) -> str:
    sent: str = getattr(request._request, "body_digest", hashlib.sha256().hexdigest())
    # The address is stored cut to its column, so its digest takes part: two long ones must not look alike.
    return hashlib.sha256(f"{request.get_full_path()}\n{sent}".encode()).hexdigest()


def _refuse_in_flight(principal: str, key: str) -> None:
    """Refuse at once rather than wait for the first call: a lock of the transaction, gone with a killed worker."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 1))", [f"{principal} {key}"])
        row = cursor.fetchone()
    if not row or not row[0]:
        raise Refused("in_flight", "A call with this Idempotency-Key is still at work; ask again in a moment.")


def _keep(row: IdempotencyKey, response: Response, actor: Actor) -> None:
    grants = [[grant.role, grant.legal_entity] for grant in actor.grants]
    headers = {name: value for name, value in response.headers.items() if name == "Location"}
    kept = {"grants": grants, "headers": headers, "data": json.loads(JSONRenderer().render(response.data) or "null")}
    row.status = response.status_code
    row.response = json.dumps(kept)
    row.save(update_fields=["status", "response"])


def _replay(row: IdempotencyKey, actor: Actor) -> Response:
    kept: dict[str, Any] = json.loads(row.response)
    standing = {(grant.role, grant.legal_entity) for grant in actor.grants}
    if not {(role, entity) for role, entity in kept["grants"]} <= standing:
        raise NotFound("The answer to the first call names what you may not see any more.")
    return Response(kept["data"], status=row.status, headers={**kept["headers"], "Idempotent-Replayed": "true"})
