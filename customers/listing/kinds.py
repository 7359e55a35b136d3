"""What a list is: how it is called, which views it is shipped with, which columns it can have, what narrows it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from customers.access import Action
from customers.listing.address import Address
from customers.listing.columns import Column


@dataclass(frozen=True, slots=True)
class View:
    """A named address of a list. `walk` is the order in which its rows stand together in an index, `apart` says that
    they have an index of their own, as they are few among many; lists without such indexes leave both."""

    slug: str
    label: str
    defaults: Mapping[str, Sequence[str]] = field(default_factory=dict)
    walk: str = ""
    apart: bool = False
    saved: bool = False
    mine: bool = False
    visibility: str = ""


@dataclass(frozen=True, slots=True)
class ListKind:
    """A list of the application. Its pages are named `{prefix}-list`, `{prefix}-columns`, `{prefix}-views` …"""

    name: str
    """Under which views, layouts and selections are kept."""
    prefix: str
    title: str
    noun: str
    views: tuple[View, ...]
    """The shipped views, those that are pinned unasked first."""
    first: str
    """The view of an address that names none."""
    columns: Mapping[str, Column[Any, Any]]
    fixed: str
    """The column that names the row: always there, always first."""
    default: Callable[[Address], Sequence[str]]
    """The columns of an address where nobody chose any."""
    filters: Callable[[], Sequence[str]]
    """The keys that narrow the list."""
    section: str = ""
    """The destination of the top bar that its pages belong to."""
    looks: Action = Action.VIEW
    """The right to see the list."""
    publish: Action = Action.WORK_HOLDS
    """The right to save views for others."""

    @property
    def shipped(self) -> Mapping[str, View]:
        """The shipped views by slug."""
        return {view.slug: view for view in self.views}

    @property
    def first_view(self) -> View:
        """What an address without a view shows."""
        return self.shipped[self.first]

    def url(self, page: str) -> str:
        """The name of one of its pages."""
        return f"{self.prefix}-{page}"
