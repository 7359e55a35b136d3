"""Views of lists: those that are shipped, those that people saved, and how each person arranges a list.

A view is nothing but an address under a name: its filters, sort, group and columns are written in the grammar of the
address, and explicit keys of the address override them (`ux.md` 3.0). Shipped views cannot be edited, only copied.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.db import transaction
from django.db.models import Q, QuerySet, Value
from django.http import QueryDict
from django.utils.text import slugify

from customers.access import Action, Actor, NotAllowed
from customers.errors import InvalidInput, NotFound, Refused
from customers.listing.address import PAGING
from customers.listing.kinds import ListKind, View
from customers.models import ListLayout, Role, SavedView

MOST_PINNED = 7
MOST_SAVED = 50
LONGEST_QUERY = 2000
NOT_KEPT = (*PAGING, "view", "peek", "selected", "count")
"""Keys of an address that belong to a moment, not to a view."""


@dataclass(frozen=True, slots=True)
class Arrangement:
    """The views that a reader sees, shipped ones first, and how the reader arranges the list."""

    first: View
    """What an address without a view shows."""
    views: tuple[View, ...]
    layout: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def view(self, slug: str) -> View:
        """The view of an address; `first` where it names none that the reader sees."""
        return next((view for view in self.views if view.slug == slug), self.first)

    @property
    def pinned(self) -> tuple[View, ...]:
        """The views that have a tab, at most seven; the rest stands under *More*."""
        slugs = self.layout.get("pin")
        if not slugs:
            return self.views[:MOST_PINNED]
        by_slug = {view.slug: view for view in self.views}
        return tuple(by_slug[slug] for slug in slugs if slug in by_slug)[:MOST_PINNED]


def as_shipped(kind: ListKind) -> Arrangement:
    """The list as it is shipped, without asking whose it is."""
    return Arrangement(kind.first_view, kind.views)


def arrangement(kind: ListKind, actor: Actor) -> Arrangement:
    """What `actor` sees of views of a list, and its own layout. One query."""
    columns = ("slug", "label", "query", "visibility", "owner")
    saved = visible_views(actor, kind.name).order_by().values_list(*columns)
    layout = ListLayout.objects.filter(user=actor.user_id, list=kind.name).order_by()
    rows = list(saved.union(layout.values_list(Value(""), Value(""), "query", Value(""), "user"), all=True))
    views = [
        View(slug, label, _defaults(query), saved=True, mine=owner == actor.user_id, visibility=visibility)
        for slug, label, query, visibility, owner in sorted(rows, key=lambda row: (row[1].casefold(), row[0]))
        if slug
    ]
    own = next((_defaults(query) for slug, _, query, *_ in rows if not slug), {})
    return Arrangement(kind.first_view, (*kind.views, *views), own)


def visible_views(actor: Actor, name: str) -> QuerySet[SavedView]:
    """The saved views of the list `name`: of the person, of the person's roles, and of everyone."""
    roles = {grant.role for grant in actor.grants}
    return SavedView.objects.filter(
        Q(owner=actor.user_id) | Q(visibility="everyone") | Q(visibility="role", role__in=sorted(roles)), list=name
    )


def _defaults(query: str) -> dict[str, list[str]]:
    return {key: [str(value) for value in values] for key, values in QueryDict(query).lists()}


def query_of(params: Mapping[str, Sequence[str]] | QueryDict, base: View | None = None) -> str:
    """The address of a list as a view keeps it: what is explicit in `params` over what `base` says."""
    query = QueryDict(mutable=True)
    explicit = dict(params.lists()) if isinstance(params, QueryDict) else dict(params)
    for key, values in {**dict(base.defaults if base else {}), **explicit}.items():
        kept = [str(value) for value in values if value != ""]
        if key not in NOT_KEPT and kept:
            query.setlist(key, kept)
    return query.urlencode()


# --- saving -----------------------------------------------------------------------------------------------------------


def save_view(
    kind: ListKind,
    *,
    label: str,
    query: str,
    visibility: str,
    role: str = "",
    actor: Actor,
    at: dt.datetime,
    slug: str = "",
) -> SavedView:
    """Save a view of a list under a name; with `slug` the view of that name is replaced by its owner.

    Publishing needs the right that the list names. Raises `InvalidInput`, `NotAllowed`, `NotFound`, `Refused`.
    """
    _check(kind, label, query, actor, visibility=visibility, role=role)
    fields = {
        "label": label.strip(),
        "query": query,
        "visibility": visibility,
        "role": role if visibility == "role" else "",
        "changed_at": at,
    }
    with transaction.atomic():
        if slug:
            view = _own(kind, slug, actor)
            for name, value in fields.items():
                setattr(view, name, value)
            view.save()
            return view
        if SavedView.objects.filter(owner=actor.user_id).count() >= MOST_SAVED:
            raise Refused("too_many", f"You have {MOST_SAVED} saved views: delete one first.")
        owner = _person(actor)
        return SavedView.objects.create(
            list=kind.name, slug=_free_slug(kind, label), owner_id=owner, created_at=at, **fields
        )


def delete_view(kind: ListKind, *, slug: str, actor: Actor) -> str:
    """Delete one's own view, and return its label. Raises `NotFound`, `NotAllowed`, `Refused`."""
    with transaction.atomic():
        view = _own(kind, slug, actor)
        label = str(view.label)
        view.delete()
    return label


def arrange(
    kind: ListKind, *, columns: Sequence[str] | None = None, pinned: Sequence[str] | None = None, actor: Actor
) -> None:
    """Keep how a person arranges a list: its columns in order, its tabs in order; None leaves what is there."""
    with transaction.atomic():
        layout, _ = ListLayout.objects.get_or_create(user_id=_person(actor), list=kind.name)
        query = QueryDict(layout.query, mutable=True)
        for key, values in (("cols", columns), ("pin", pinned)):
            if values is not None:
                query.setlist(key, list(dict.fromkeys(values)))
        if len(query.getlist("pin")) > MOST_PINNED:
            raise InvalidInput.of("pin", "too_many", f"Pin at most {MOST_PINNED} views.")
        layout.query = query.urlencode()
        layout.save()


def _check(kind: ListKind, label: str, query: str, actor: Actor, *, visibility: str, role: str) -> None:
    longest = SavedView._meta.get_field("label").max_length or 40
    if not label.strip() or len(label.strip()) > longest:
        raise InvalidInput.of("label", "invalid", f"Give the view a name of 1 to {longest} characters.")
    if len(query) > LONGEST_QUERY:
        raise InvalidInput.of("query", "too_long", "The list has too many filters for a view: remove some.")
    if visibility not in SavedView.Visibility.values:
        raise InvalidInput.of("visibility", "unknown", "Choose me, a role, or everyone.")
    if visibility == "role" and role not in Role.values:
        raise InvalidInput.of("role", "required", "Choose the role that sees the view.")
    if visibility != "me" and not actor.may(kind.publish):
        raise NotAllowed(kind.publish, None, f"Only those who work on {kind.noun}s publish views to others.")


def _own(kind: ListKind, slug: str, actor: Actor) -> SavedView:
    if slug in kind.shipped:
        raise Refused("shipped_view", "A shipped view can't be changed: save it as a view of your own.")
    view = visible_views(actor, kind.name).filter(slug=slug).first()
    if view is None:
        raise NotFound(f"The view {slug} was not found.")
    if view.owner_id != actor.user_id:
        raise NotAllowed(Action.VIEW, None, "Only its owner changes a view: save it as a view of your own.")
    return view


def _person(actor: Actor) -> int:
    if actor.user_id is None:
        raise NotAllowed(Action.VIEW, None, "Only people have views.")
    return actor.user_id


def _free_slug(kind: ListKind, label: str) -> str:
    """A slug made of the label that no view has."""
    base = slugify(label)[:50] or "view"
    taken = set(SavedView.objects.filter(slug__startswith=base).values_list("slug", flat=True)) | set(kind.shipped)
    candidates = (base if number == 1 else f"{base}-{number}" for number in range(1, len(taken) + 2))
    return next(slug for slug in candidates if slug not in taken)
