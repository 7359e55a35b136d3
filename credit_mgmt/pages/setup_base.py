"""What the setup pages have in common: who reads, who changes, where one is, and the histories (`ux.md` 3.11)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from django.urls import reverse
from django.utils.functional import cached_property

from credit_mgmt.parameter_setup import FIELDS as PARAMETER_FIELDS
from credit_mgmt.setup import words
from credit_mgmt.setup.counts import HoldCounts
from customers import access
from customers.access import Action
from customers.models import Document, LegalEntity, SetupChange
from customers.people import names_of
from customers.setup import history_of
from customers.views import PageView

Item = dict[str, Any]
SHOWN = 20
"""Changes of a record that its page shows."""


class SetupView(PageView):
    """A page of the setup: everybody reads it, administrators change it."""

    looks = Action.VIEW
    section = "setup"
    holds: ClassVar[HoldCounts | None] = None
    """Counts of holds; the room of the holds hands them in with the route, as this one doesn't know it."""

    def may_set_up(self, entity: str | None) -> bool:
        """Whether the reader may set up in a legal entity, or, for None, what all of them share."""
        everywhere = self.actor.entities(Action.SETUP) is None
        return everywhere or (entity is not None and self.may(Action.SETUP, entity))

    @cached_property
    def entities(self) -> list[LegalEntity]:
        """The legal entities that the reader sees, by code."""
        return list(access.scoped(LegalEntity.objects.order_by("code"), self.actor, path="code"))

    def crumbs(self, *steps: tuple[str, str]) -> list[Item]:
        """Setup, then `steps` (label, address); the last one is the page itself."""
        return [{"label": label, "url": url} for label, url in (("Setup", reverse("setup")), *steps)]

    def history(self, kind: str, key: str) -> list[Item]:
        """The last changes of a record, as the timeline draws them."""
        changes = list(history_of(kind, key)[:SHOWN])
        names = names_of(change.actor for change in changes)
        return [_event(change, names) for change in changes]


def _event(change: SetupChange, names: Mapping[str, str]) -> Item:
    if not change.before:
        text, icon, detail = "Made", "plus", ""
    elif not change.after:
        text, icon, detail = "Deleted", "x", ""
    else:
        text, icon = "Changed", "pencil"
        detail = " · ".join(f"{name}: {before} → {after}" for name, before, after in _differences(change))
    who = "a feed or the database" if change.actor == "system:database" else names[change.actor]
    return {"icon": icon, "text": text, "detail": detail, "actor": who, "at": change.at}


def _differences(change: SetupChange) -> Iterable[tuple[str, str, str]]:
    for column in sorted(change.after):
        yield column_words(column), _shown(change.before.get(column)), _shown(change.after.get(column))


def column_words(column: str) -> str:
    """What a column of a history is called on the page."""
    document, _, setting = column.partition(".")
    if setting:
        return f"{Document(document).label}, {setting.replace('_', ' ')}"
    name = column.removesuffix("_id")
    if name in PARAMETER_FIELDS:
        return words.PARAMETERS[name].label if name in words.PARAMETERS else name
    return words.FIELDS.get(column, name.replace("_", " ").capitalize())


def _shown(value: Any) -> str:
    if value is None or value == "":
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def touched(counts: Sequence[tuple[int, str]]) -> str:
    """`Touches 12 open holds and 3 customers.`, or nothing."""
    said = [f"{count:,} {noun if count == 1 else noun + 's'}" for count, noun in counts if count]
    return f"Touches {' and '.join(said)}." if said else ""
