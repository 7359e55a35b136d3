"""A system check: no route without a right (`reliability.md` S02, 4.3). It runs at every start.

A viewset or API view names the right of each handler in `rights`; a page names `looks` or `action`. What anybody may
see (sign-in, health) stands by its address in the setting `OPEN_ROUTES`, where a reviewer finds it.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.urls import URLPattern, URLResolver, get_resolver

from customers.access import Action

METHODS = ("get", "post", "put", "patch", "delete")


@register(Tags.urls)
def check_every_route_names_a_right(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """An error for every handler that anybody could call."""
    return list(problems_of(get_resolver().url_patterns, settings.OPEN_ROUTES))


def problems_of(patterns: Iterable[Any], open_routes: Sequence[str]) -> Iterator[Error]:
    """What is wrong with the routes below `patterns`."""
    for address, callback in _routes(patterns, ""):
        if any(address == route or (route.endswith("/") and address.startswith(route)) for route in open_routes):
            continue
        for handler in _without_right(callback):
            yield Error(
                f"/{address}: {handler} names no right.",
                hint="Name an Action in `rights` (API) or `looks` (page), or list the address in OPEN_ROUTES.",
                id="credit.E010",
            )


def _routes(patterns: Iterable[Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for pattern in patterns:
        address = prefix + str(pattern.pattern).removeprefix("^").removesuffix("$")
        if isinstance(pattern, URLResolver):
            yield from _routes(pattern.url_patterns, address)
        elif isinstance(pattern, URLPattern):
            yield address, pattern.callback


def _without_right(callback: Any) -> Iterator[str]:
    view = getattr(callback, "cls", None) or getattr(callback, "view_class", None)
    name = getattr(view or callback, "__qualname__", repr(callback))
    if view is not None and hasattr(view, "rights"):
        handlers = getattr(callback, "actions", None)
        names = set(handlers.values()) if handlers else {method for method in METHODS if hasattr(view, method)}
        for handler in sorted(names):
            if not isinstance(view.rights.get(handler), Action):
                yield f"{name}.{handler}"
        return
    # A page names the right to see it; functions carry it as an attribute.
    right = next(
        (getattr(view or callback, word, None) for word in ("looks", "action") if hasattr(view or callback, word)), None
    )
    if not isinstance(right, Action):
        yield name
