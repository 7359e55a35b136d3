"""The OpenAPI document: what every operation has in common is added here, once (`api.md`)."""

import re
from typing import Any

from django.conf import settings
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent

from customers.edge import idempotency, paging, problems
from customers.errors import FieldError

PROBLEM = {
    "type": "object",
    "description": "A problem document (RFC 9457).",
    "required": ["type", "title", "status", "detail", "code", "errors"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {
            "type": "string",
            "description": "Stable. A refusal (409) has its own, such as `hold_not_active`; the others are:\n"
            + "\n".join(f"- `{code}`: {words}" for code, words in problems.CODES.items()),
        },
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "code", "message"],
                "properties": {
                    "field": {"type": "string", "description": "e.g. `lines[2].quantity`; empty for the whole"},
                    "code": {"type": "string"},
                    "message": {"type": "string"},
                },
            },
        },
    },
    "examples": [
        problems.document(
            400,
            "invalid",
            "currency: There is no currency EUX. Create it first (resource currencies).",
            errors=[FieldError("currency", "unknown_reference", "There is no currency EUX.")],
        )
    ],
}
SAFE = ("GET", "HEAD", "OPTIONS")
ALWAYS = {"400": "Invalid input", "401": "Not signed in", "403": "Not allowed", "503": "Not decided; ask again"}
UNSAFE = {"409": "Refused; `code` says why", "422": "The idempotency key was used for another call"}


class ProblemAutoSchema(AutoSchema):
    """The schema of an operation, with problems, idempotency, filters and pages."""

    def get_operation(self, *args: Any, **kwargs: Any) -> dict[str, Any] | None:
        """The operation as derived, completed."""
        operation: dict[str, Any] | None = super().get_operation(*args, **kwargs)
        if operation is None:
            return None
        unsafe = self.method not in SAFE
        if unsafe:
            operation.setdefault("parameters", []).append(_IDEMPOTENCY)
        answers = {**ALWAYS, **(UNSAFE if unsafe else {}), **({"404": "Not found"} if "{" in self.path else {})}
        for status, description in answers.items():
            operation["responses"].setdefault(status, self._problem(description))
        return operation

    def _problem(self, description: str) -> dict[str, Any]:
        component = ResolvedComponent(  # type: ignore[no-untyped-call]
            name="Problem", type=ResolvedComponent.SCHEMA, schema=PROBLEM, object="Problem"
        )
        self.registry.register_on_missing(component)
        return {"description": description, "content": {problems.MEDIA_TYPE: {"schema": component.ref}}}

    def get_operation_id(self) -> str:
        """`customers_list`, `customers_retrieve`, `customers_bulk`: path and handler."""
        path = re.sub(r"\{[^}]*\}", "", self.path.removeprefix("/api/v1"))
        words = [re.sub(r"\W", "_", part) for part in path.split("/") if part]
        handler = getattr(self.view, "action", None) or self.method_mapping[self.method.lower()]
        if words and words[-1] == handler:
            words.pop()
        return "_".join([*words, handler])

    def get_tags(self) -> list[str]:
        """The resource."""
        return [self.path.removeprefix("/api/v1/").split("/")[0]]

    def get_request_serializer(self) -> Any:
        """The shape of input; a list of it for bulk calls."""
        view: Any = self.view
        if _is_fed(view) and view.action in {"create", "update", "partial_update", "bulk"}:
            return (view.input_class or view.serializer_class)(many=view.action == "bulk")
        return super().get_request_serializer()

    def get_response_serializers(self) -> Any:
        """`PUT` creates or replaces."""
        found = super().get_response_serializers()
        view: Any = self.view
        if _is_fed(view) and view.action in {"create", "update"}:
            return {200: found, 201: found}
        return found

    def _resolve_path_parameters(self, variables: list[str]) -> list[dict[str, Any]]:
        """Keys are text, whatever they lead to."""
        form = {"key": "LE:NUMBER", "code": "a code", "uuid": "a UUID"}.get(getattr(self.view, "lookup", ""), "")
        return [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string"}, "description": form}
            for name in variables
        ]

    def _get_filter_parameters(self) -> list[dict[str, Any]]:
        view: Any = self.view
        if _is_fed(view) and view.action == "bulk":
            return [_query("atomic", {"type": "boolean", "default": False}, "All or nothing.")]
        if not _is_list(view):
            return []
        return [
            _query(name, dict(each.schema), "", many=not side)
            for stem, each in view.filters.items()
            for side in (("", "_min", "_max") if each.is_range else ("",))
            for name in (stem + side,)
        ]

    def _get_pagination_parameters(self) -> list[dict[str, Any]]:
        view: Any = self.view
        if not _is_list(view):
            return []
        offered = [word for name in view.orderings for word in (name, f"-{name}")]
        ordering = _query("ordering", {"type": "string"}, f"One or more, with commas, of: {', '.join(offered)}.")
        size = {"type": "integer", "minimum": 1, "maximum": paging.MOST_ROWS, "default": paging.ROWS}
        return [
            *([ordering] if offered else []),
            _query("cursor", {"type": "string"}, "From `next` or `previous`."),
            _query("page_size", size, ""),
        ]

    def _get_paginator(self) -> Any:
        return _Page() if _is_list(self.view) else None


def _is_list(view: Any) -> bool:
    """Whether this is the list of a `ListResource`, which cannot be imported here: views need this module first."""
    return hasattr(view, "orderings") and view.action == "list"


def _is_fed(view: Any) -> bool:
    """Whether this is a `KeyedResource`."""
    return hasattr(view, "input_class")


class _Page:
    """What `customers.edge.paging` answers, for the schema."""

    @staticmethod
    def get_paginated_response_schema(schema: dict[str, Any]) -> dict[str, Any]:
        """A page of `schema`."""
        address = {"type": ["string", "null"], "format": "uri"}
        return {
            "type": "object",
            "required": ["results", "next", "previous"],
            "properties": {"results": schema, "next": address, "previous": address},
        }


def _query(name: str, schema: dict[str, Any], description: str, *, many: bool = False) -> dict[str, Any]:
    if many:
        schema = {"type": "array", "items": schema}
        description = description or "Given several times: any of them."
    found: dict[str, Any] = {"name": name, "in": "query", "schema": schema}
    if description:
        found["description"] = description
    return found


_IDEMPOTENCY = {
    "name": idempotency.HEADER,
    "in": "header",
    "schema": {"type": "string", "maxLength": 200},
    "description": "The same key with the same body returns the first answer; kept 30 days.",
}


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """`Authorization: Bearer <token>`."""

    target_class = "customers.edge.authentication.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        """The scheme of machines."""
        return {"type": "http", "scheme": "bearer"}


class SessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """The browser's session."""

    target_class = "customers.edge.authentication.SessionAuthentication"
    name = "session"
    priority = 1

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        """The scheme of people."""

        return {"type": "apiKey", "in": "cookie", "name": settings.SESSION_COOKIE_NAME}
