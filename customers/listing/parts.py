"""What stands around the rows of a list: tabs, filters, chips, heads, files. Everything is a link or a field of one
plain GET form: a list has an address, and its address has the list.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict
from django.urls import reverse

from customers.listing.address import Address
from customers.listing.columns import Column
from customers.listing.kinds import ListKind, View
from customers.listing.views import Arrangement

Item = dict[str, Any]
CARRIED = ("view", "sort", "group", "cols", "per")
"""Keys that the filter form sends along unchanged."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A list as one reader looks at it: which list, what is asked for, in which view, arranged by whom.

    `labels` names each filter key, `words` the values of those that are choices.
    """

    kind: ListKind
    address: Address
    view: View
    arrangement: Arrangement
    labels: Mapping[str, str] = field(default_factory=dict)
    words: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def filters(self) -> list[tuple[str, str]]:
        """The filters that stand in the address itself, beside those of its view."""
        params = self.address.params
        return [(key, value) for key in self.labels for value in params.getlist(key) if value]

    @property
    def query(self) -> str:
        """The address as a query, from its first page."""
        return self.address.url().removeprefix("?")


def list_url(kind: ListKind, query: str = "") -> str:
    """The list that a query asks for."""
    query = query.removeprefix("?")
    return reverse(kind.url("list")) + (f"?{query}" if query else "")


def canonical(params: QueryDict, view: View) -> QueryDict:
    """`params` without what says nothing: empty fields, and values that the view has anyway. So addresses stay short,
    and a form that sends every field changes no view."""
    clean = QueryDict(mutable=True)
    for key, values in params.lists():
        # A plus that was not escaped arrives as a space, so the space stays.
        given = [str(value) for value in values if str(value).strip()]
        default = list(view.defaults.get(key, ()))
        if sorted(given) == sorted(default):
            continue
        clean.setlist(key, given or [""])
    return clean


# --- views ------------------------------------------------------------------------------------------------------------


def is_changed(shown: Shown) -> bool:
    """Whether the address asks for something else than its view does."""
    return any(key in shown.address.params for key in (*shown.labels, "sort", "group", "cols"))


def tabs(shown: Shown, counts: Mapping[str, Any]) -> tuple[list[Item], list[Item]]:
    """The tabs, and what stands under *More*: at most seven are pinned, the view that is looked at is always there."""
    pinned = list(shown.arrangement.pinned)
    if shown.view not in pinned:
        pinned.append(shown.view)
    rest = [view for view in shown.arrangement.views if view not in pinned]
    return [_tab(shown, view, counts) for view in pinned], [_tab(shown, view, counts) for view in rest]


def _tab(shown: Shown, view: View, counts: Mapping[str, Any]) -> Item:
    return {
        "label": view.label,
        "url": f"?view={view.slug}",
        "count": counts.get(view.slug),
        "active": view is shown.view,
        "changed": view is shown.view and is_changed(shown),
        "title": "Shared" if view.saved and not view.mine else "",
    }


def view_acts(shown: Shown) -> Item:
    """Save, save as and reset of a view that was changed (`ux.md` 3.0, Views)."""
    kind, view = shown.kind, shown.view
    return {
        "changed": is_changed(shown),
        "save_url": reverse(kind.url("view-save"), args=[view.slug]) if view.mine else "",
        "save_as_url": f"{reverse(kind.url('view-new'))}?{urlencode({'from': shown.query})}",
        "reset_url": f"?view={view.slug}",
        "query": shown.query,
        "manage_url": reverse(kind.url("views")),
    }


# --- tools ------------------------------------------------------------------------------------------------------------


def columns_tool(shown: Shown) -> Item:
    """The way to the choice of columns."""
    url = f"{reverse(shown.kind.url('columns'))}?{urlencode({'from': shown.query})}"
    return {"label": "Columns", "url": url, "icon": "columns-3", "dialog": True}


def export_items(shown: Shown) -> list[Item]:
    """The files that the list can be had as."""
    url = f"{reverse(shown.kind.url('export'))}?{shown.query}{'&' if shown.query else ''}"
    return [
        {"label": label, "url": f"{url}format={form}", "icon": "download"}
        for form, label in (("xlsx", "Excel (XLSX)"), ("csv", "CSV"))
    ]


def heads(shown: Shown, columns: Iterable[Column[Any, Any]], sort: Sequence[str], unit: str = "") -> list[Item]:
    """The head of the table; a currency stands once in the head, or in its own column where the list mixes them."""
    return [
        {
            **shown.address.head(column.sort, column.label, "right" if column.right else "", sort),
            "frozen": 1 if column.name == shown.kind.fixed else None,
            "unit": unit if column.money else "",
        }
        for column in columns
    ]


# --- filters ----------------------------------------------------------------------------------------------------------


def menu(
    shown: Shown, name: str, options: Iterable[tuple[str, str, Any]], more: Sequence[Item] = (), *, single: bool = False
) -> Item:
    """A filter of ticks (or of one choice): (value, label, count or None)."""
    chosen = shown.address.all(name)
    applied = [value for value in shown.address.params.getlist(name) if value]
    return {
        "label": shown.labels[name],
        "name": name,
        "summary": str(len(applied)) if applied else "",
        "options": [
            {"value": value, "label": label, "count": count, "selected": value in chosen}
            for value, label, count in options
        ],
        # Sent along so that taking away the last tick says *none of the view's*, rather than nothing.
        "blank": name in shown.view.defaults,
        "single": single,
        "fields": list(more),
    }


def panel(shown: Shown, name: str, label: str, fields: Sequence[Item], *, wide: bool = False) -> Item:
    """Several filters under one button."""
    names = {field["name"] for field in fields}
    applied = sum(1 for key, _ in shown.filters if key in names)
    summary = str(applied) if applied else ""
    return {"label": label, "name": name, "summary": summary, "fields": list(fields), "wide": wide}


def text(shown: Shown, name: str, label: str = "", hint: str = "") -> Item:
    """A field of a panel."""
    return {"name": name, "label": label or shown.labels[name], "value": shown.address.one(name), "hint": hint}


def choice(shown: Shown, name: str, options: Iterable[tuple[str, str]], any_word: str = "Any") -> Item:
    """A choice of one, or of none."""
    chosen = shown.address.one(name)
    listed = [{"value": value, "label": label, "selected": value == chosen} for value, label in options]
    return {"name": name, "label": shown.labels[name], "options": listed, "any": any_word}


def hidden(shown: Shown, several: Iterable[str] = ()) -> list[Item]:
    """What the filter form must carry along: the view, the arrangement, and second values of fields that show one.

    `several` are the filters whose field shows all values.
    """
    params = shown.address.params
    kept = [{"name": key, "value": value} for key in CARRIED for value in params.getlist(key) if value]
    single = [key for key in shown.labels if key not in {*several, "q"}]
    return kept + [{"name": key, "value": value} for key in single for value in params.getlist(key)[:-1] if value]


def chips(shown: Shown, *, search: bool = False) -> list[Item]:
    """The filters of the address, each with a link that takes it away; the search only where asked for."""
    return [
        {
            "label": f"{shown.labels[key]}: {shown.words.get(key, {}).get(value, value)}",
            "remove_url": shown.address.without(key, value),
        }
        for key, value in shown.filters
        if search or key != "q"
    ]


def clear_url(shown: Shown) -> str:
    """The view as it is, without filters of one's own."""
    return shown.address.url(**dict.fromkeys(shown.labels), count=None)
