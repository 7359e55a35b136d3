"""Pages of lists: by cursor, at most 500 rows, in a documented order that a unique key completes (`api.md`)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from django.db.models import Model, QuerySet
from django.utils.http import urlencode
from rest_framework.request import Request

from customers import listing
from customers.errors import InvalidInput

M = TypeVar("M", bound=Model)

MOST_ROWS = 500
ROWS = 50
FORWARD, BACKWARD = "n", "p"


@dataclass(frozen=True, slots=True)
class Ordering:
    """The orders that a list offers: names of the API to ORM paths, the one taken unasked, and the unique last key."""

    allowed: Mapping[str, str]
    default: Sequence[str]
    unique: str = "pk"

    def keys(self, words: str) -> list[listing.Key]:
        """The keys that `?ordering=` asks for. Raises `InvalidInput` for a name that is not offered."""
        asked = [word for word in words.split(",") if word]
        for word in asked:
            if word.removeprefix("-") not in self.allowed:
                offered = ", ".join(self.allowed) or "none"
                raise InvalidInput.of(
                    "ordering", "unknown_ordering", f"Order by: {offered}; each also with '-' before it."
                )
        return listing.sort_keys(",".join(asked), self.allowed, self.default, self.unique)[1]


def page_size(request: Request) -> int:
    """`?page_size=`, 50 unasked. Raises `InvalidInput` outside 1 to 500."""
    word = request.query_params.get("page_size", str(ROWS))
    if not (word.isascii() and word.isdigit() and len(word) <= 4 and 1 <= int(word) <= MOST_ROWS):
        raise InvalidInput.of("page_size", "out_of_range", f"Give a whole number from 1 to {MOST_ROWS}.")
    return int(word)


def page_of(request: Request, queryset: QuerySet[M], ordering: Ordering) -> tuple[list[M], dict[str, Any]]:
    """The rows of the page that is asked for, and the addresses of its neighbours. One query."""
    keys = ordering.keys(request.query_params.get("ordering", ""))
    cursor = request.query_params.get("cursor", "")
    if cursor and not (cursor[0] in {FORWARD, BACKWARD} and listing.is_cursor(cursor[1:], len(keys))):
        raise InvalidInput.of("cursor", "invalid_cursor", "Take the cursor from next or previous of this very list.")
    place = {"after" if cursor[0] == FORWARD else "before": cursor[1:]} if cursor else {}
    page = listing.page_of(queryset, keys, per=page_size(request), **place)
    return page.rows, {
        "next": _address(request, FORWARD, page.after),
        "previous": _address(request, BACKWARD, page.before),
    }


def _address(request: Request, direction: str, cursor: str | None) -> str | None:
    if cursor is None:
        return None
    params = [(name, value) for name, values in request.query_params.lists() for value in values if name != "cursor"]
    return request.build_absolute_uri(f"{request.path}?{urlencode([*params, ('cursor', direction + cursor)])}")
