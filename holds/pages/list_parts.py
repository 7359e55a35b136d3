"""What stands around the rows of the hold list: tabs, filters, facets, sums, heads, and why nothing is there.

Everything is a link or a field of one plain GET form: a list has an address, and its address has the list.
"""

import datetime as dt
from typing import Any

from django.utils import timezone

from customers.access import Actor
from customers.jobs import due_slot, visible_jobs
from customers.listing import parts
from customers.listing.parts import Shown, choice, text
from customers.models import Document, Job
from holds.evaluation import EVERY
from holds.evaluation import KIND as EVALUATION
from holds.lists import HoldList
from holds.lists.columns import HOLDS
from holds.lists.filters import FILTERS
from holds.lists.tallies import Count
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
STATE_WORDS = (("valid", "Still valid"), ("cleared", "Cleared"))
WORDS: dict[str, dict[str, str]] = {
    "reason": REASONS, "status": STATUS_WORDS, "owner": OWNER_WORDS, "checkpoint": dict(Document.choices),
    "level": dict(LEVEL_WORDS), "forced": dict(YES_NO), "snoozed": dict(YES_NO), "reason_state": dict(STATE_WORDS),
}  # fmt: skip
"""Values of filters that are choices, as chips say them."""
MANY = ("reason", "status", "owner")
"""Filters whose field shows all values."""
GOOD_NEWS = {
    "ready": "Nothing is ready to release.", "forced": "No hold is forced.", "mine": "Nothing is assigned to you.",
    "ships-soon": "Nothing on hold ships in the next 2 working days.", "review": "No hold is due for review.",
    "snoozed": "Nothing is put aside.", "snoozed-due": "Nothing that was put aside comes back by tomorrow.",
    "unassigned": "Every hold has an owner.", "held-again": "No order is held a second time.",
    "in-approval": "Nothing waits for an approval.", "failed": "No release has failed.",
    "closed": "No hold was closed in the last 7 days.", "open": "No order is on hold.",
}  # fmt: skip


def shown(found: HoldList) -> Shown:
    """The list as its reader looks at it, for the parts that every list has."""
    asked = found.asked
    labels = {key: item.label for key, item in FILTERS.items()}
    return Shown(HOLDS, asked.address, asked.view, asked.arrangement, labels, WORDS)


def tools(found: HoldList) -> list[Item]:
    """What changes how the list looks, not what it lists."""
    grouped = found.address.one("group") == "customer"
    single = "" if "group" in found.asked.view.defaults else None
    return [
        {
            "label": "Ungroup" if grouped else "Group by customer",
            "url": found.address.url(group=single if grouped else "customer", sort=None),
            "icon": "users",
            "shortcut": "b",
        },
        parts.columns_tool(shown(found)),
    ]


# --- filters ----------------------------------------------------------------------------------------------------------


def filters(found: HoldList) -> list[Item]:
    """The filter menus: each is part of one plain GET form."""
    at = shown(found)
    reasons = [(code, words, found.tally.reasons.get(code)) for code, words in REASONS.items()]
    seen = [item for item in reasons if item[2] or item[0] in found.address.all("reason")]
    people = [(word, label, None) for word, label in OWNER_WORDS.items()]
    named = [(name, name, None) for name in found.address.all("owner") if name not in OWNER_WORDS]
    state = parts.choice(at, "reason_state", STATE_WORDS, any_word="Valid or cleared")
    return [
        parts.menu(at, "reason", seen or reasons, more=[state]),
        parts.menu(at, "status", [(word, label, None) for word, label in STATUS_WORDS.items()]),
        parts.menu(at, "owner", [*people, *named]),
        parts.panel(at, "value", "Value", [text(at, "value_min", "From"), text(at, "value_max", "To")]),
        parts.panel(at, "more", "More", _more(found, at), wide=True),
    ]


def _more(found: HoldList, at: Shown) -> list[Item]:
    """Every other filter."""
    entities = [(item.code, item.code) for item in found.asked.entities]
    return [
        text(at, "customer", "Customer", hint="NL01:C-10427"),
        text(at, "sales", "Sales owner"),
        text(at, "credit_group", "Credit group"),
        text(at, "currency", "Currency", hint="EUR"),
        *([choice(at, "entity", entities)] if len(entities) > 1 else []),
        choice(at, "checkpoint", Document.choices),
        text(at, "rule", "Rule", hint="LU-01"),
        choice(at, "level", LEVEL_WORDS),
        choice(at, "forced", YES_NO),
        choice(at, "snoozed", YES_NO),
        text(at, "over_min", "Over limit from"),
        text(at, "over_max", "Over limit to"),
        text(at, "used_min", "Used % from"),
        text(at, "used_max", "Used % to"),
        text(at, "overdue_min", "Overdue from"),
        text(at, "overdue_max", "Overdue to"),
        text(at, "ship_min", "Ships from", hint="2026-11-24 or +2d"),
        text(at, "ship_max", "Ships by", hint="+2wd"),
        text(at, "held_days_min", "Held at least, days"),
        text(at, "held_days_max", "Held at most, days"),
        text(at, "times_held_min", "Times held at least"),
        text(at, "review_max", "Review by", hint="+0d"),
        text(at, "snoozed_max", "Snoozed until", hint="+7d"),
        text(at, "decided_min", "Decided since", hint="-7d"),
    ]


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


def currency(found: HoldList) -> str:
    """The one currency of everything that is shown, or nothing where there are several."""
    return found.tally.currencies[0] if len(found.tally.currencies) == 1 else ""


def empty(found: HoldList, evaluated: str) -> Item:
    """Why nothing is shown: filtered away, good news, or nothing there at all (`ux.md` 3.0, States)."""
    explicit = found.asked.filters
    if explicit:
        words = "this filter" if len(explicit) == 1 else f"these {len(explicit)} filters"
        title = f"No holds match {words}."
        removable = parts.chips(shown(found)) + [
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
