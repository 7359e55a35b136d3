"""The table of what a run made of each hold: filters, rows in words, pages (`ux.md` 3.5)."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from credit_mgmt.messages.phrases import reason_label
from customers.access import Action
from customers.listing import Address
from customers.models import Job
from customers.numbers import grouped
from customers.views import PageView
from holds import evaluation, many, release_job, undo_job
from holds.causes import KINDS, cause_words
from holds.outcomes import (
    BOUNDS,
    DIMENSIONS,
    NOTHING,
    OUTCOMES,
    PER_PAGE,
    Filter,
    Outcomes,
    outcomes,
    read_filter,
    said_by,
)
from holds.words import read_words

Item = dict[str, Any]
KINDS_WITH_ROWS = frozenset({evaluation.KIND, release_job.KIND, undo_job.KIND, *many.WORKS})
"""Jobs that say of each hold what became of it."""
LABELS = {"before": "Before", "now": "Now", "cause": "Cause", "entity": "Entity"}


def outcome_table(page: PageView, request: HttpRequest, job: Job) -> Item:
    """What the template draws of the outcomes of an ended evaluation."""
    wanted = read_filter(request.GET)
    address = Address(request.GET)
    found = outcomes(job, wanted)
    preview = bool(job.parameters.get("preview"))
    releases = not preview and page.may(Action.RELEASE)
    total = sum(found.counts["outcome"].values())
    return {
        "changes": _rows(job, found, selectable=releases),
        "change_count": total,
        "failed_rows": found.counts["outcome"].get("failed", 0),
        "outcomes": _facets(found.counts["outcome"], wanted, address, total),
        "filters": _filters(found, wanted),
        "chips": _chips(wanted, address),
        "clear_url": "?",
        "hidden": [{"name": "outcome", "value": wanted.values["outcome"]}] if "outcome" in wanted.values else [],
        "problems": wanted.problems,
        "pager": _pager(found, wanted, address),
        "bulk_actions": _bulk_actions(found) if releases else [],
    }


def _rows(job: Job, found: Outcomes, *, selectable: bool) -> list[Item]:
    """The rows in words; where a preview was applied, what it had said otherwise."""
    said: Mapping[str, str] = {}
    if job.parameters.get("applies") and job.follows is not None:
        said = said_by(job.follows, [change["hold"] for change in found.rows])
    return [_row(change, said, selectable) for change in found.rows]


def _row(change: Item, said: Mapping[str, str], selectable: bool) -> Item:
    outcome = change.get("outcome", "")
    badge, words = OUTCOMES.get(outcome, ("held", ""))
    before = said.get(change["hold"], outcome)
    other = f"The preview said: {OUTCOMES[before][1].lower()}." if before != outcome and before in OUTCOMES else ""
    return {
        **change,
        "order": str(change.get("sales_order", "")).partition(":")[2],
        "entity": change.get("legal_entity", ""),
        "badge": badge,
        "words": words,
        "before": _reasons(change, "before"),
        "now": _reasons(change, "now"),
        "cause": cause_words(change.get("causes") or []) or "–",
        "value": Decimal(change["amount"]) if change.get("amount") else None,
        "message": " ".join(filter(None, [change.get("message", ""), other])),
        "selectable": selectable and outcome == "ready",
    }


def _reasons(change: Item, when: str) -> str:
    """The reasons before or now, as their chips said them, or by name where a run kept no more."""
    words = read_words(change.get(f"{when}_words") or [], change.get(f"{when}_figures") or [])
    return ", ".join(words or (reason_label(str(code)) for code in change.get(when, []))) or "–"


def _facets(counts: Mapping[str, int], wanted: Filter, address: Address, total: int) -> list[Item]:
    """Outcomes with their counts, as links that filter the table."""
    if not counts:
        return []
    chosen = wanted.values.get("outcome")
    everything = {"label": "All", "count": total, "url": address.url(outcome=None, page=None), "active": not chosen}
    return [
        everything,
        *(
            {
                "label": words,
                "count": counts[name],
                "url": address.url(outcome=name, page=None),
                "active": name == chosen,
            }
            for name, (_, words) in OUTCOMES.items()
            if name in counts
        ),
    ]


def _filters(found: Outcomes, wanted: Filter) -> list[Item]:
    """A menu for each of the other columns with what it holds, and the bounds of the value."""
    menus: list[Item] = []
    for name, label in LABELS.items():
        counts = found.counts[name]
        chosen = wanted.values.get(name)
        if len(counts) < 2 and chosen is None:
            continue
        options = [
            {"value": value, "label": _word(name, value), "count": count, "selected": value == chosen}
            for value, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        ]
        menus.append({"label": label, "name": name, "options": options, "single": True, "summary": _said(name, chosen)})
    fields = [
        {"name": bound, "label": label, "value": _plain(wanted.values.get(bound)), "hint": "0.00"}
        for bound, label in zip(BOUNDS, ("From", "To"), strict=True)
    ]
    menus.append({"label": "Value", "name": "value", "wide": True, "fields": fields})
    return menus


def _said(name: str, chosen: Any) -> str:
    return "" if chosen is None else _word(name, chosen)


def _plain(value: Any) -> str:
    return "" if value is None else f"{value:f}"


def _word(name: str, value: str) -> str:
    """A value of a column as it is shown."""
    if name == "outcome":
        return OUTCOMES.get(value, ("", value))[1]
    if value == NOTHING:
        return "unknown" if name == "cause" else "no reason"
    return value if name == "entity" else KINDS.get(value, value) if name == "cause" else reason_label(value)


def _chips(wanted: Filter, address: Address) -> list[Item]:
    """What is filtered, each with the way to leave it out."""
    chips = [
        {"label": f"{LABELS[name]}: {_word(name, wanted.values[name])}", "remove_url": address.url(**{name: None})}
        for name in DIMENSIONS
        if name in wanted.values and name in LABELS
    ]
    for bound, word in zip(BOUNDS, ("from", "to"), strict=True):
        if bound in wanted.values:
            label = f"Value {word} {_plain(wanted.values[bound])}"
            chips.append({"label": label, "remove_url": address.url(**{bound: None})})
    return chips


def _pager(found: Outcomes, wanted: Filter, address: Address) -> Item | None:
    if found.matching <= PER_PAGE:
        return None
    first = (wanted.page - 1) * PER_PAGE
    last = min(first + PER_PAGE, found.matching)
    return {
        "newer_url": address.url(page=str(wanted.page - 1)) if wanted.page > 1 else "",
        "older_url": address.url(page=str(wanted.page + 1)) if last < found.matching else "",
        "text": f"{grouped(first + 1)}–{grouped(last)} of {grouped(found.matching)}",
    }


def _bulk_actions(found: Outcomes) -> list[Item]:
    """Ready holds can be released from the result."""
    if not found.counts["outcome"].get("ready"):
        return []
    return [{"label": "Release…", "url": reverse("hold-release"), "shortcut": "r", "icon": "check", "primary": True}]
