"""What can be typed beside numbers and names (`ux.md` 3.16): verbs, pages, and filters that become a list's address.

An action opens its dialog or its page; nothing that is found here is ever executed by finding it.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.functional import SimpleLazyObject

from credit_mgmt.policies import Setup, current_setup
from customers.access import Action, Actor
from holds.destinations import destinations
from holds.finding import Match
from holds.lists.filters import FILTERS
from holds.lists.views import VIEWS
from holds.pages.limit_ways import by_hand
from holds.words import REASONS

Item = dict[str, Any]
FILTER = re.compile(r"([a-z_]+)(:|>|<)(\S+)", re.IGNORECASE)
BOUNDS = {">": "_min", "<": "_max"}


Way = Callable[[Match, Setup], str]
"""The address for a match that it fits, by the parameters in force; or nothing."""


@dataclass(frozen=True, slots=True)
class Verb:
    """Something that is done to what was found: `url` gives its dialog for a match that it fits, or nothing.

    `action` is the right to it; the reader's other rights may decide on the way (`otherwise`, with its own right).
    """

    word: str
    label: str
    action: Action
    icon: str
    url: Way
    otherwise: tuple[Action, Way] | None = None

    def url_for(self, match: Match, actor: Actor, setup: Setup) -> str:
        """Where `actor` does it to `match`; empty where that is nowhere."""
        ways = ((self.action, self.url), *((self.otherwise,) if self.otherwise else ()))
        return next((url for action, way in ways if actor.may(action, match.entity) and (url := way(match, setup))), "")


def _on_hold(route: str) -> Way:
    def url(match: Match, _: Setup) -> str:
        stopped = match.kind == "hold" and match.state == "active"
        return f"{reverse(route)}?{urlencode({'hold': match.number})}" if stopped else ""

    return url


def _force(match: Match, _: Setup) -> str:
    if match.kind == "order" and match.state not in ("cancelled", "rejected"):
        return reverse("order-force", args=[match.entity, match.number])
    named = urlencode({"customer": f"{match.entity}:{match.number}"})
    return f"{reverse('hold-force')}?{named}" if match.kind == "customer" else ""


def _of_customer(route: str, *, named: bool = False) -> Way:
    def url(match: Match, _: Setup) -> str:
        if match.kind != "customer":
            return ""
        if named:
            return f"{reverse(route)}?{urlencode({'customer': f'{match.entity}:{match.number}'})}"
        return reverse(route, args=[match.entity, match.number])

    return url


def _limit_by_hand(match: Match, setup: Setup) -> str:
    allowed = match.kind == "customer" and by_hand(match.entity, setup)
    return _of_customer("customer-limit")(match, setup) if allowed else ""


VERBS = (
    Verb("release", "Release", Action.RELEASE, "check", _on_hold("hold-release")),
    Verb("reject", "Reject", Action.REJECT, "x", _on_hold("hold-reject")),
    Verb("snooze", "Snooze", Action.WORK_HOLDS, "clock", _on_hold("hold-snooze")),
    Verb("assign", "Assign", Action.WORK_HOLDS, "user", _on_hold("hold-assign")),
    Verb("evaluate", "Evaluate", Action.EVALUATE, "refresh-cw", _on_hold("hold-evaluate")),
    Verb("force hold", "Force hold", Action.FORCE_HOLD, "hand", _force),
    Verb(
        "raise limit",
        "Raise limit of",
        Action.EDIT_CREDIT_PROFILE,
        "scale",
        _limit_by_hand,
        otherwise=(Action.MAKE_JOURNALS, _of_customer("journal-change", named=True)),
    ),
    Verb("fit", "Fit to headroom", Action.RELEASE, "list-checks", _of_customer("hold-fit", named=True)),
)
PAGES = frozenset({"hold-force", "hold-fit"})
"""Routes that are pages rather than dialogs."""


def verb_of(text: str) -> tuple[Verb | None, str]:
    """The verb that `text` begins with, and what it is about: *force hold Solano*."""
    lowered = text.casefold()
    for verb in VERBS:
        for word in (verb.word, verb.word.split()[0]):
            if lowered == word or lowered.startswith(f"{word} "):
                return verb, text[len(word) :].strip()
    return None, text


def actions_on(matches: Sequence[Match], verb: Verb | None, actor: Actor) -> Iterator[Item]:
    """What `actor` may do to what was found: the named verb on every match, else every verb on exact matches."""
    setup: Any = SimpleLazyObject(current_setup)  # read at most once, and only where a way depends on it
    for match in matches:
        for each in (verb,) if verb else VERBS if match.exact else ():
            url = each.url_for(match, actor, setup)
            if url:
                yield _action(each, match, url)


def _action(verb: Verb, match: Match, url: str) -> Item:
    subject = match.name.split(" ", 1) if match.kind == "hold" else [match.number, match.name]
    name = match.name if match.kind == "customer" else subject[0]
    detail = subject[-1] if match.kind != "customer" else f"{match.entity} {match.number}"
    dialog = not any(url.startswith(reverse(route)) for route in PAGES)
    return {
        "kind": "Action", "label": f"{verb.label} {name}{'…' if dialog else ''}", "name": detail,
        "entity": match.entity, "state": "", "at": None, "url": url, "icon": verb.icon, "dialog": dialog,
    }  # fmt: skip


def places(text: str, actor: Actor) -> Iterator[Item]:
    """Pages and shipped views whose name, or what they are looked for by, has a word that begins like `text`."""
    for page in destinations(actor):
        if _begins(f"{page.label} {page.words}", text):
            yield _place("Page", page.label, page.url, "arrow-right")
    for view in VIEWS:
        if actor.may(Action.VIEW) and _begins(view.label, text):
            yield _place("View", view.label, f"{reverse('hold-list')}?{urlencode({'view': view.slug})}", "list-filter")


def _begins(words: str, text: str) -> bool:
    lowered, wanted = f" {words.casefold()}", text.casefold()
    return len(text) > 1 and f" {wanted}" in lowered


def _place(kind: str, label: str, url: str, icon: str) -> Item:
    return {"kind": kind, "label": label, "name": "", "entity": "", "state": "", "at": None, "url": url, "icon": icon}


def filtered_list(text: str) -> Item | None:
    """The hold list that `reason:overdue owner:me value>10000` asks for; None where `text` is no list of filters.

    Words that are no filter become the text to search for.
    """
    query: list[tuple[str, str]] = []
    rest = []
    for word in text.split():
        match = FILTER.fullmatch(word)
        pair = _pair(*match.groups()) if match else None
        if pair:
            query.append(pair)
        else:
            rest.append(word)
    if not query:
        return None
    if rest:
        query.append(("q", " ".join(rest)))
    shown = ", ".join(f"{FILTERS[key].label.lower()} {value}" for key, value in query)
    return _place("List", f"Holds: {shown}", f"{reverse('hold-list')}?{urlencode(query)}", "list-filter")


def _pair(key: str, sign: str, value: str) -> tuple[str, str] | None:
    name = key.lower() + BOUNDS.get(sign, "")
    if name == "reason":
        value = next((code for code in REASONS if value.lower() in code), value)
    return (name, value) if name in FILTERS else None
