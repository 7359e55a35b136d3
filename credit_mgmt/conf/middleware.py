"""What every request gets: an id in its logs, a session that ends, pages that no cache keeps."""

import re
import time
import uuid
from collections.abc import Callable

import structlog
from csp.constants import HEADER
from csp.utils import build_policy
from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers, patch_cache_control
from django.utils.http import http_date

from credit_mgmt.conf.logs import log_request
from customers import clock, numbers, sessions
from customers.preferences import preferences_of

View = Callable[[HttpRequest], HttpResponse]
REQUEST_ID = re.compile(r"[A-Za-z0-9_.-]{1,64}")
NEVER = "max-age=0, no-cache, no-store, must-revalidate, private"  # what Django composes from its parts, each time


def client_address(request: HttpRequest) -> str:
    """Return who is asking: the connection's other end, or what the outermost of our `PROXY_COUNT` proxies saw."""
    hops = [hop.strip() for hop in request.headers.get("X-Forwarded-For", "").split(",") if hop.strip()]
    if 0 < settings.PROXY_COUNT <= len(hops):
        return str(hops[-settings.PROXY_COUNT])
    return str(request.META["REMOTE_ADDR"])


class RequestIdMiddleware:
    """Take `X-Request-ID` if it is harmless, else make one; log with it and send it back."""

    def __init__(self, get_response: View) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.META.get("HTTP_X_REQUEST_ID", "")
        request_id = given if REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
        began = time.perf_counter()
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            response = self.get_response(request)
        if not request.path.startswith(settings.STATIC_URL):
            took = round((time.perf_counter() - began) * 1000)
            status, at = response.status_code, clock.now()
            log_request(request.method or "", request.path, status, took, at=at, request_id=request_id)
            response["X-Request-ID"] = request_id
        return response


class ContentPolicyMiddleware:
    """Send the content security policy of the settings. It is the same for every answer, so it is written once; but for
    an answer that says by whom it may be framed (`framed_by`)."""

    def __init__(self, get_response: View) -> None:
        self.get_response = get_response
        self.policy = build_policy()

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        framed_by = getattr(response, "framed_by", None)
        response[HEADER] = build_policy(replace={"frame-ancestors": list(framed_by)}) if framed_by else self.policy
        return response


class SessionLimitMiddleware:
    """Sign out after 30 idle minutes and after 12 hours in any case (`customers.sessions`)."""

    def __init__(self, get_response: View) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.session.session_key and request.user.is_authenticated:
            if sessions.left_of(request).seconds < 0:
                logout(request)
            elif not sessions.is_background(request):
                sessions.use(request)
        return self.get_response(request)


class NoStoreMiddleware:
    """Forbid every cache to keep what a signed-in person or a client was shown (reliability S06)."""

    def __init__(self, get_response: View) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if "HTTP_AUTHORIZATION" in request.META or request.user.is_authenticated:
            if "Cache-Control" in response or "Expires" in response:
                add_never_cache_headers(response)
                patch_cache_control(response, no_store=True)
            else:
                response["Cache-Control"] = NEVER
                response["Expires"] = http_date()
        return response


class ReaderMiddleware:
    """Show times in the zone and numbers in the style that the reader chose.

    Business days are the legal entity's (`domain 1`), and the API speaks to machines.
    """

    def __init__(self, get_response: View) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path.startswith("/api/"):
            return self.get_response(request)
        chosen = preferences_of(request.user)
        with timezone.override(chosen.time_zone or None), numbers.override(chosen.number_style):
            return self.get_response(request)
