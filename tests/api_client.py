"""Clients of the API for tests: a token with roles, and calls that read like the contract.

api = client("erp", "integration")                    # in all legal entities
api = client("clerk", "credit_clerk", "USMF")         # in one
api.put("customers/USMF:US-001", {"name": "Adatum"}).is_(201)
"""

import json
from typing import Any

from django.test import Client

from customers import clock
from customers.edge.authentication import new_token
from customers.models import AccessGrant, ApiClient, Role

BASE = "/api/v1/"


class Answer:
    """What came back: `status`, `body` (JSON), `headers`."""

    def __init__(self, response: Any) -> None:
        self.response = response
        self.status = response.status_code
        self.headers = response.headers
        self.body: Any = json.loads(response.content) if response.content else None

    def is_(self, status: int) -> "Answer":
        """Insist on a status; returns itself."""
        assert self.status == status, f"{self.status} instead of {status}: {self.body}"
        return self

    def __getitem__(self, name: Any) -> Any:
        return self.body[name]

    @property
    def problem(self) -> list[tuple[str, str]]:
        """(field, code) of every error of a problem document."""
        assert self.headers["Content-Type"] == "application/problem+json"
        return [(error["field"], error["code"]) for error in self.body["errors"]]

    @property
    def keys(self) -> list[str]:
        """The keys on a page."""
        return [row.get("key") or row.get("code") or row.get("number") or row["id"] for row in self.body["results"]]


class Api:
    """A caller with a bearer token, or without one."""

    def __init__(self, token: str | None = None) -> None:
        self.token = token
        self.http = Client()

    def call(
        self, method: str, path: str, body: Any = None, *, key: str | None = None, raw: str | None = None
    ) -> Answer:
        """One call; `key` is the Idempotency-Key, `raw` a body that is sent as it stands."""
        headers = {}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        if key is not None:
            headers["Idempotency-Key"] = key
        sent = {"data": raw if raw is not None else body, "content_type": "application/json"}
        if body is None and raw is None:
            sent = {}
        address = path if path.startswith(("/", "http")) else BASE + path
        return Answer(self.http.generic(method, address, headers=headers, **_encoded(sent)))

    def get(self, path: str) -> Answer:
        """GET."""
        return self.call("GET", path)

    def post(self, path: str, body: Any = None, **options: Any) -> Answer:
        """POST."""
        return self.call("POST", path, body, **options)

    def put(self, path: str, body: Any = None, **options: Any) -> Answer:
        """PUT."""
        return self.call("PUT", path, body, **options)

    def patch(self, path: str, body: Any = None, **options: Any) -> Answer:
        """PATCH."""
        return self.call("PATCH", path, body, **options)


def _encoded(sent: dict[str, Any]) -> dict[str, Any]:
    if sent and not isinstance(sent["data"], str):
        return {**sent, "data": json.dumps(sent["data"])}
    return sent


def client(name: str, roles: str | list[str], *entities: str | None) -> Api:
    """A new API client with `roles` in `entities` (none: in all)."""
    token, digest = new_token()
    made = ApiClient.objects.create(name=name, token_digest=digest, created_at=clock.now())
    for role in [roles] if isinstance(roles, str) else roles:
        for entity in entities or (None,):
            AccessGrant.objects.create(client=made, role=role, legal_entity_id=entity)
    return Api(token)


def everything(name: str = "everything") -> Api:
    """A client with every role in every legal entity."""
    return client(name, list(Role.values))
