"""What stands around the rows of the hold list: tabs, filters, facets, sums, heads, and why nothing is there.

Everything is a link or a field of one plain GET form: a list has an address, and its address has the list.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone

from customers.access import Actor
from customers.jobs import due_slot, visible_jobs
from customers.models import Document, Job
from holds.evaluation import EVERY
from holds.evaluation import KIND as EVALUATION
from holds.lists import SORTS, HoldList
from holds.lists.columns import Column
from holds.lists.filters import FILTERS
from holds.lists.tallies import Count
from holds.lists.views import View
from holds.words import REASONS

Item = dict[str, Any]

SORT_WORDS = {
    "ship": "ship date", "value": "value", "over": "amount over limit", "used": "limit used",
    "overdue": "overdue amount", "held": "time of hold", "order": "order number", "customer": "customer",
    "decided": "time of decision",
}  # fmt: skip
STATUS_WORDS = {
    "open": "Open", "held": "Held", "ready": "Ready", "in_approval": "In approval", "released": "Released",
    "rejected": "Rejected", "cancelled": "Cancelled", "closed": "Closed",
}  # fmt: skip
OWNER_WORDS = {"me": "Me", "none": "Nobody", "portfolio": "My customers", "cover": "My cover"}
YES_NO = (("yes", "Yes"), ("no", "No"))
LEVEL_WORDS = (("table", "Customer"), ("group", "Group"), ("all", "Everyone"))
CARRIED = ("view", "sort", "group", "cols", "per")
"""Keys that the filter form sends along unchanged."""
GOOD_NEWS = {
    "ready": "Nothing is ready to release.", "forced": "No hold is forced.", "mine": "Nothing is assigned to you.",
    "ships-soon": "Nothing on hold ships in the next 2 working days.", "review": "No hold is due for review.",
    "snoozed": "Nothing is put aside.", "snoozed-due": "Nothing that was put aside comes back by tomorrow.",
    "unassigned": "Every hold has an owner.", "held-again": "No order is held a second time.",
    "in-approval": "Nothing waits for an approval.", "failed": "No release has failed.",
    "closed": "No hold was closed in the last 7 days.", "open": "No order is on hold.",
}  # fmt: skip


def list_url(query: str) -> str:
    """The list that a query asks for."""
    query = query.removeprefix("?")
    return reverse("hold-list") + (f"?{query}" if query else "")


def tools(found: HoldList) -> list[Item]:
    """What changes how the list looks, not what it lists."""
    query = found.address.url().removeprefix("?")
    grouped = found.address.one("group") == "customer"
    single = "" if "group" in found.asked.view.defaults else None
    return [
        {
            "label": "Ungroup" if grouped else "Group by customer",
            "url": found.address.url(group=single if grouped else "customer", sort=None),
            "icon": "users",
            "shortcut": "b",
        },
        {"label": "Columns", "url": f"{reverse('hold-columns')}?{urlencode({'from': query})}", "icon": "columns-3",
         "dialog": True},
    ]  # fmt: skip


def view_acts(found: HoldList) -> Item:
    """Save, save as and reset of a view that was changed (`ux.md` 3.0, Views)."""
    view, query = found.asked.view, found.address.url().removeprefix("?")
    new = f"{reverse('hold-view-new')}?{urlencode({'from': query})}"
    return {
        "changed": is_changed(found),
        "save_url": reverse("hold-view-save", args=[view.slug]) if view.mine else "",
        "save_as_url": new,
        "reset_url": f"?view={view.slug}",
        "query": query,
        "manage_url": reverse("hold-views"),
    }


def tabs(found: HoldList) -> tuple[list[Item], list[Item]]:
    """The tabs, and what stands under *More*: at most seven are pinned, the view that is looked at is always there."""
    pinned = list(found.asked.arrangement.pinned)
    if found.asked.view not in pinned:
        pinned.append(found.asked.view)
    rest = [view for view in found.asked.arrangement.views if view not in pinned]
    return [_tab(found, view) for view in pinned], [_tab(found, view) for view in rest]


def _tab(found: HoldList, view: View) -> Item:
    return {
        "label": view.label,
        "url": f"?view={view.slug}",
        "count": found.views.get(view.slug),
        "active": view is found.asked.view,
        "changed": view is found.asked.view and is_changed(found),
        "title": "Shared" if view.saved and not view.mine else "",
    }


def is_changed(found: HoldList) -> bool:
    """Whether the address asks for something else than its view does."""
    return any(key in found.address.params for key in (*FILTERS, "sort", "group", "cols"))


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


# --- filters ----------------------------------------------------------------------------------------------------------


def filters(found: HoldList) -> list[Item]:
    """The filter menus: each is part of one plain GET form."""
    reasons = [(code, words, found.tally.reasons.get(code)) for code, words in REASONS.items()]
    seen = [item for item in reasons if item[2] or item[0] in found.address.all("reason")]
    people = [(word, label, None) for word, label in OWNER_WORDS.items()]
    named = [(name, name, None) for name in found.address.all("owner") if name not in OWNER_WORDS]
    return [
        _menu(found, "reason", seen or reasons, more=[_choice(found, "reason_state", STATE_WORDS)]),
        _menu(found, "status", [(word, label, None) for word, label in STATUS_WORDS.items()]),
        _menu(found, "owner", [*people, *named]),
        _panel(found, "value", "Value", [_input(found, "value_min", "From"), _input(found, "value_max", "To")]),
        _panel(found, "more", "More", _more(found), wide=True),
    ]


STATE_WORDS = (("valid", "Still valid"), ("cleared", "Cleared"))


def _more(found: HoldList) -> list[Item]:
    """Every other filter."""
    entities = [(item.code, item.code) for item in found.asked.entities]
    return [
        _input(found, "customer", "Customer", hint="NL01:C-10427"),
        _input(found, "sales", "Sales owner"),
        _input(found, "credit_group", "Credit group"),
        _input(found, "currency", "Currency", hint="EUR"),
        *([_choice(found, "entity", entities)] if len(entities) > 1 else []),
        _choice(found, "checkpoint", Document.choices),
        _input(found, "rule", "Rule", hint="LU-01"),
        _choice(found, "level", LEVEL_WORDS),
        _choice(found, "forced", YES_NO),
        _choice(found, "snoozed", YES_NO),
        _input(found, "over_min", "Over limit from"),
        _input(found, "over_max", "Over limit to"),
        _input(found, "used_min", "Used % from"),
        _input(found, "used_max", "Used % to"),
        _input(found, "overdue_min", "Overdue from"),
        _input(found, "overdue_max", "Overdue to"),
        _input(found, "ship_min", "Ships from", hint="2026-11-24 or +2d"),
        _input(found, "ship_max", "Ships by", hint="+2wd"),
        _input(found, "held_days_min", "Held at least, days"),
        _input(found, "held_days_max", "Held at most, days"),
        _input(found, "times_held_min", "Times held at least"),
        _input(found, "review_max", "Review by", hint="+0d"),
        _input(found, "snoozed_max", "Snoozed until", hint="+7d"),
        _input(found, "decided_min", "Decided since", hint="-7d"),
    ]


def _menu(
    found: HoldList, name: str, options: Sequence[tuple[str, str, Count | None]], more: Sequence[Item] = ()
) -> Item:
    chosen = found.address.all(name)
    applied = [value for value in found.address.params.getlist(name) if value]
    return {
        "label": FILTERS[name].label,
        "name": name,
        "summary": str(len(applied)) if applied else "",
        "options": [
            {"value": value, "label": label, "count": count, "selected": value in chosen}
            for value, label, count in options
        ],
        # Sent along so that taking away the last tick says *none of the view's*, rather than nothing.
        "blank": name in found.asked.view.defaults,
        "fields": list(more),
    }


def _panel(found: HoldList, name: str, label: str, fields: Sequence[Item], wide: bool = False) -> Item:
    names = {field["name"] for field in fields}
    applied = sum(1 for key, _ in found.asked.filters if key in names)
    return {
        "label": label,
        "name": name,
        "summary": str(applied) if applied else "",
        "fields": list(fields),
        "wide": wide,
    }


def _input(found: HoldList, name: str, label: str, hint: str = "") -> Item:
    return {"name": name, "label": label, "value": found.address.one(name), "hint": hint}


def _choice(found: HoldList, name: str, options: Iterable[tuple[str, str]]) -> Item:
    """A choice of one, or of none."""
    chosen = found.address.one(name)
    any_word = "Valid or cleared" if name == "reason_state" else "Any"
    listed = [{"value": value, "label": label, "selected": value == chosen} for value, label in options]
    return {"name": name, "label": FILTERS[name].label, "options": listed, "any": any_word}


def hidden(found: HoldList) -> list[Item]:
    """What the filter form must carry along: the view, the arrangement, and second values of fields that show one."""
    params = found.address.params
    kept = [{"name": key, "value": value} for key in CARRIED for value in params.getlist(key) if value]
    single = [key for key in FILTERS if key not in ("reason", "status", "owner", "q")]
    return kept + [{"name": key, "value": value} for key in single for value in params.getlist(key)[:-1] if value]


def chips(found: HoldList) -> list[Item]:
    """The filters of the address, each with a link that takes it away."""
    return [
        {"label": f"{FILTERS[key].label}: {_words(key, value)}", "remove_url": found.address.without(key, value)}
        for key, value in found.asked.filters
        if key != "q"
    ]


def _words(key: str, value: str) -> str:
    known: dict[str, dict[str, str]] = {
        "reason": REASONS, "status": STATUS_WORDS, "owner": OWNER_WORDS, "checkpoint": dict(Document.choices),
        "level": dict(LEVEL_WORDS), "forced": dict(YES_NO), "snoozed": dict(YES_NO), "reason_state": dict(STATE_WORDS),
    }  # fmt: skip
    return known.get(key, {}).get(value, value)


def clear_url(found: HoldList) -> str:
    """The view as it is, without filters of one's own."""
    return found.address.url(**dict.fromkeys(FILTERS), count=None)


FACETS_SHOWN = 6
"""Reasons that stand in the line, the most frequent ones; the others open below it."""


def facets(found: HoldList) -> tuple[list[Item], list[Item]]:
    """Counts per reason; a click filters by it, a second click takes it back. The line, and the rest."""
    every = _facets(found)
    ranked = sorted(every, key=lambda item: (not item["active"], -item["count"]))[:FACETS_SHOWN]
    return [item for item in every if item in ranked], [item for item in every if item not in ranked]


def _facets(found: HoldList) -> list[Item]:
    chosen = found.address.all("reason")
    age = "" if found.counted_at == found.asked.reader.now else f"Counted at {found.counted_at:%H:%M:%S} UTC"
    return [
        {
            "label": words,
            "count": found.tally.reasons.get(code, Count(0)),
            "active": code in chosen,
            "title": "At least so many: counting stopped" if _more_than(found, code) else age,
            "url": found.address.url(reason=[item for item in chosen if item != code] or "", count=None)
            if code in chosen
            else found.address.url(reason=[*chosen, code], count=None),
        }
        for code, words in REASONS.items()
        if found.tally.reasons.get(code) or code in chosen
    ]


def _more_than(found: HoldList, code: str) -> bool:
    count = found.tally.reasons.get(code)
    return count is not None and count.more


# --- the head of the list ---------------------------------------------------------------------------------------------


def order_text(found: HoldList) -> str:
    """What the list is sorted by, in words."""
    words = [
        SORT_WORDS[word.removeprefix("-")] + (", highest first" if word.startswith("-") else "")
        for word in found.asked.order.words
    ]
    return f"Sorted by {', then '.join(words)}"


def heads(found: HoldList, columns: Sequence[Column]) -> list[Item]:
    """The head of the table; a currency stands once in the head, or in its own column where the list mixes them."""
    unit = currency(found)
    return [
        {
            **found.address.head(
                column.sort if column.sort in SORTS else "",
                column.label,
                "right" if column.right else "",
                found.asked.order.words,
            ),
            "frozen": 1 if column.name == "order" else None,
            "unit": unit if column.money else "",
        }
        for column in columns
    ]


def currency(found: HoldList) -> str:
    """The one currency of everything that is shown, or nothing where there are several."""
    return found.tally.currencies[0] if len(found.tally.currencies) == 1 else ""


def pager(found: HoldList) -> Item:
    """The ways to the pages beside this one."""
    return found.address.pager(found.page)


def empty(found: HoldList, evaluated: str) -> Item:
    """Why nothing is shown: filtered away, good news, or nothing there at all (`ux.md` 3.0, States)."""
    explicit = found.asked.filters
    if explicit:
        words = "this filter" if len(explicit) == 1 else f"these {len(explicit)} filters"
        title = f"No holds match {words}."
        removable = chips(found) + [
            {"label": f"Search: {value}", "remove_url": found.address.url(q=None)}
            for key, value in explicit
            if key == "q"
        ]
        return {"kind": "filtered", "title": title, "text": "", "chips": removable, "action": _nearest(found)}
    slug = found.asked.view.slug
    if slug == "open" and not evaluated:
        text = "An order that fails its credit check at an enabled checkpoint appears here."
        return {"kind": "good", "title": GOOD_NEWS[slug], "text": text, "chips": None, "action": None}
    title = GOOD_NEWS.get(slug, f"Nothing is in “{found.asked.view.label}”.")
    kind = "nothing" if slug in ("closed", "snoozed") else "good"
    return {"kind": kind, "title": title, "text": evaluated, "chips": None, "action": _nearest(found)}


def evaluated_words(actor: Actor, now: dt.datetime) -> str:
    """When all holds were last evaluated, and when that is due next; nothing where it never was."""
    runs = visible_jobs(actor).filter(kind=EVALUATION, status=Job.Status.FINISHED, finished_at__isnull=False)
    last = runs.order_by("-finished_at", "pk").values_list("finished_at", flat=True).first()
    if last is None:
        return ""
    zone = timezone.get_current_timezone()
    following = due_slot(now, EVERY) + EVERY
    said = f"{last.astimezone(zone):%H:%M}" if last.date() == now.date() else f"{last.astimezone(zone):%-d %b %H:%M}"
    return f"Last evaluated {said}, next {following.astimezone(zone):%H:%M}."


def _nearest(found: HoldList) -> Item | None:
    """A view that has rows: the same one without filters, else all open, else the first that has any."""
    ranked = [found.asked.view.slug, "open", *found.views]
    slug = next((slug for slug in ranked if found.views.get(slug)), None)
    if slug is None or (slug == found.asked.view.slug and not found.asked.filters):
        slug = next((slug for slug in ranked[1:] if found.views.get(slug) and slug != found.asked.view.slug), None)
    if slug is None:
        return None
    label = found.asked.arrangement.view(slug).label
    return {"label": f"{label} ({found.views[slug]})", "url": f"?view={slug}"}


def export_items(found: HoldList) -> list[Item]:
    """The files that the list can be had as."""
    query = found.address.url().removeprefix("?")
    return [
        {
            "label": label,
            "url": f"{reverse('hold-export')}?{query}{'&' if query else ''}format={form}",
            "icon": "download",
        }
        for form, label in (("xlsx", "Excel (XLSX)"), ("csv", "CSV"))
    ]
