"""RFC 9457 problem documents for everything that services and the framework raise (`api.md` Errors)."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.core.exceptions import PermissionDenied as DjangoPermissionDenied
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, JsonResponse
from rest_framework import exceptions
from rest_framework.response import Response

from customers.access import NotAllowed, OutOfScope
from customers.errors import FieldError, InvalidInput, NotDecided, NotFound, Refused

logger = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"

CODES: dict[str, str] = {
    "invalid": "The input cannot be accepted; `errors` names each field.",
    "malformed": "The body is not JSON, or not the JSON that is expected.",
    "not_authenticated": "No token and no session were sent.",
    "invalid_token": "The token is unknown, expired or revoked.",
    "csrf_failed": "A browser session must send its CSRF token with changing calls.",
    "not_allowed": "You see the object, but may not do this to it.",
    "not_found": "There is no such object, or it is not in your legal entities.",
    "method_not_allowed": "The address does not know this method.",
    "not_acceptable": "Only JSON is answered.",
    "too_large": "The body is larger than the server takes.",
    "unsupported_media_type": "Send application/json.",
    "in_flight": "A call with the same Idempotency-Key is still at work.",
    "idempotency_key_reused": "The Idempotency-Key was used for another call.",
    "conflict": "Somebody changed the same objects at the same time; repeat the call.",
    "throttled": "Too many calls; wait as long as Retry-After says.",
    "not_decided": "No decision was possible in time and nothing was done; ask again.",
    "server_error": "A fault of the server; it is logged under the request's id.",
}
"""Codes that any call may answer. A refusal (409) has the service's own code, such as `hold_not_active`."""

TITLES = {
    400: "Invalid input",
    401: "Not signed in",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    406: "Not acceptable",
    409: "Refused",
    413: "Too large",
    415: "Unsupported media type",
    422: "Idempotency key reused",
    429: "Too many calls",
    500: "Server error",
    503: "Not decided",
}
RETRY_AFTER_DATABASE = 2
"""Seconds after which a call that met a database without answer may be repeated."""


class KeyReused(exceptions.APIException):
    """The Idempotency-Key belongs to another call (422)."""

    status_code = 422
    default_code = "idempotency_key_reused"
    default_detail = "This Idempotency-Key was used for another call; use a new key for a new call."


class TooLarge(exceptions.APIException):
    """The body is larger than the server takes (413)."""

    status_code = 413
    default_code = "too_large"
    default_detail = "The body is too large; send fewer objects in one call."


def document(
    status: int,
    code: str,
    detail: str,
    *,
    errors: Iterable[FieldError] = (),
    extra: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """A problem document; `extra` adds members but replaces none."""
    return {
        **(extra or {}),
        "type": f"urn:credit-management:problem:{code}",
        "title": TITLES.get(status, "Problem"),
        "status": status,
        "detail": detail,
        "code": code,
        "errors": [{"field": error.field, "code": error.code, "message": error.message} for error in errors],
    }


def exception_handler(exc: Exception, context: Mapping[str, Any]) -> Response | None:
    """The answer to an exception that a view raised; None for faults, which Django logs and answers with 500."""
    made = _of_services(exc) or _of_framework(exc)
    if made is None:
        return None
    headers = {}
    if isinstance(exc, exceptions.APIException):
        headers = _headers(exc)
    elif made["status"] == 503:
        headers["Retry-After"] = str(exc.retry_after if isinstance(exc, NotDecided) else RETRY_AFTER_DATABASE)
    return Response(made, status=made["status"], headers=headers, content_type=MEDIA_TYPE)


def _of_services(exc: Exception) -> dict[str, Any] | None:  # noqa: PLR0911 - a table
    match exc:
        case InvalidInput():
            return document(400, "invalid", _summary(exc.errors), errors=exc.errors)
        case NotAllowed() | DjangoPermissionDenied():
            return document(403, "not_allowed", str(exc) or CODES["not_allowed"])
        case OutOfScope() | NotFound() | Http404():
            return document(404, "not_found", str(exc) or CODES["not_found"])
        case Refused():
            return document(409, exc.code, exc.message, errors=exc.errors, extra=exc.extra)
        case NotDecided():
            return document(503, "not_decided", exc.message, extra={"proceed": False})
        case OperationalError() | InterfaceError():
            logger.error("the database gave no answer: %s", exc)
            return document(503, "not_decided", CODES["not_decided"], extra={"proceed": False})
    return None


def _of_framework(exc: Exception) -> dict[str, Any] | None:
    match exc:
        case exceptions.ValidationError():
            errors = tuple(field_errors(exc.detail))
            return document(400, "invalid", _summary(errors), errors=errors)
        case exceptions.ParseError():
            return document(400, "malformed", str(exc.detail))
        case exceptions.PermissionDenied():
            code = "csrf_failed" if str(exc.detail).startswith("CSRF") else "not_allowed"
            return document(403, code, str(exc.detail))
        case exceptions.APIException():
            return document(exc.status_code, _code(exc), str(exc.detail))
    return None


def _code(exc: exceptions.APIException) -> str:
    codes = exc.get_codes()
    code = codes if isinstance(codes, str) else exc.default_code
    return "invalid_token" if code == "authentication_failed" else code


def _headers(exc: exceptions.APIException) -> dict[str, str]:
    headers = {}
    if getattr(exc, "auth_header", None):
        headers["WWW-Authenticate"] = exc.auth_header  # type: ignore[attr-defined]
    if getattr(exc, "wait", None):
        headers["Retry-After"] = str(int(exc.wait))  # type: ignore[attr-defined]
    return headers


def _summary(errors: Sequence[FieldError]) -> str:
    if not errors:
        return CODES["invalid"]
    first = f"{errors[0].field}: {errors[0].message}" if errors[0].field else errors[0].message
    return first if len(errors) == 1 else f"{first} ({len(errors) - 1} more)"


def field_errors(detail: Any, path: str = "") -> Iterable[FieldError]:
    """The framework's nested error detail, flat, each with its path such as `lines[2].quantity`."""
    if isinstance(detail, Mapping):
        for name, inner in detail.items():
            yield from field_errors(inner, _below(path, name))
    elif isinstance(detail, list | tuple):
        for index, inner in enumerate(detail):
            nested = isinstance(inner, Mapping | list | tuple)
            yield from field_errors(inner, f"{path}[{index}]" if nested else path)
    else:
        yield FieldError(path, getattr(detail, "code", None) or "invalid", str(detail))


def _below(path: str, name: Any) -> str:
    if name == "non_field_errors":
        return path
    if isinstance(name, int):
        return f"{path}[{name}]"
    return f"{path}.{name}" if path else str(name)


def plain_answer(status: int, code: str, detail: str = "") -> JsonResponse:
    """A problem document outside the framework: for Django's own handlers of 404 and 500 below `/api/`."""
    return JsonResponse(document(status, code, detail or CODES[code]), status=status, content_type=MEDIA_TYPE)


def unknown_address(request: HttpRequest) -> JsonResponse:
    """The answer to an address below `/api/` that leads nowhere."""
    return plain_answer(404, "not_found", f"There is nothing at {request.path}.")


def server_error(request: HttpRequest) -> JsonResponse:
    """The answer to a fault: no details, which are in the log under the request's id."""
    return plain_answer(500, "server_error")
