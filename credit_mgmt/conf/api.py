"""The API mount: every room's resources under `/api/v1/`, a higher room's subclass in the place of a lower room's."""

from importlib import import_module
from importlib.util import find_spec

from django.http import HttpRequest, HttpResponse
from django.urls import include, path, re_path
from django.views import defaults
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from credit_mgmt.conf import health
from customers.edge import problems
from customers.edge.routing import Router

ROOMS = ("customers", "credit_mgmt", "holds", "workflows")
"""From the lowest: what is registered later replaces."""


def assembled() -> Router:
    """A router with the resources of all rooms that have an API."""
    router = Router()
    for room in ROOMS:
        if find_spec(f"{room}.api") is not None:
            import_module(f"{room}.api").register(router)
    return router


def server_error(request: HttpRequest) -> HttpResponse:
    """The answer to a fault: a problem document below `/api/`, else the page."""
    if request.path.startswith("/api/"):
        return problems.server_error(request)
    return defaults.server_error(request)


urlpatterns = [
    path("v1/health/live", health.Live.as_view(), name="health-live"),
    path("v1/health/ready", health.Ready.as_view(), name="health-ready"),
    path("v1/", include(assembled().urls)),
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
    path(
        "docs/",
        SpectacularSwaggerSplitView.as_view(url_name="schema", template_name="conf/api_docs.html"),
        name="docs",
    ),
    re_path(r"^.*$", problems.unknown_address, name="unknown"),
]
