"""Routes of the API: business keys in addresses, no trailing slash, though one is accepted (`api.md` Conventions)."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from rest_framework.routers import SimpleRouter
from rest_framework.viewsets import ViewSetMixin

from customers.edge.views import ApiView

BASE = "/api/v1/"
ROUTED: dict[str, type[ViewSetMixin]] = {}
"""What is routed, by prefix."""


class Router(SimpleRouter):
    """What a room's `register(router)` is given. A prefix registered again replaces: a higher room's subclass wins."""

    def __init__(self) -> None:
        super().__init__(trailing_slash=False)
        self.paths: list[URLPattern] = []

    def register(self, prefix: str, viewset: type[ViewSetMixin], basename: str | None = None) -> None:
        """Route `prefix` to a viewset. Addresses are tried one after the other: what a higher room adds comes first."""
        before = [entry for entry in self.registry if entry[0] != prefix]
        self.registry = []
        super().register(prefix, viewset, basename or prefix.replace("/", "-"))
        self.registry += before
        ROUTED[prefix] = viewset

    def add(self, route: str, view: type[ApiView], name: str = "") -> None:
        """Route a single address, in Django's `path` notation."""
        self.paths.append(path(route, view.as_view(), name=name or route.replace("/", "-")))

    def get_urls(self) -> list[Any]:
        """Single addresses first: they are more particular than keys."""
        return [*self.paths, *super().get_urls()]


class ApiSlashMiddleware:
    """Take `/api/v1/customers/` for `/api/v1/customers`: both are accepted, one is documented."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info.startswith(BASE) and len(request.path_info) > len(BASE):
            request.path_info = request.path_info.rstrip("/")
        return self.get_response(request)
