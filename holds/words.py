"""The words of the hold pages: reasons as headings, events of a hold as sentences, statuses as badges.

Sentences with figures are not here: they are made where the figures were compared (`credit_mgmt.messages`).
"""

import datetime as dt
import itertools
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from credit_mgmt.masking import Mask
from credit_mgmt.messages import reason_message
from credit_mgmt.messages.phrases import reason_label
from customers import numbers
from holds.causes import cause_words
from holds.models import Hold, HoldEvent, HoldReason

ORDER = (
    "posting_failed", "forced", "cannot_be_evaluated", "account_on_hold", "limit_exceeded", "limit_used",
    "days_overdue", "overdue_amount",
    "limit_expired", "account_status", "payment_terms", "sales_order", "payment_terms_changed",
    "settlement_discount_changed",
)  # fmt: skip
REASONS = {code: reason_label(code) for code in ORDER}
"""What the reason types of `api.md` are called, in the order in which the list offers them."""


WITHHELD_CHIPS = frozenset({"limit_used", "limit_exceeded", "days_overdue"})
"""Chips whose number is a credit group's, or another member's, where they say whose it is."""
FIGURES = frozenset({"limit_used", "limit_exceeded", "overdue_amount", "sales_order", "settlement_discount_changed"})
"""Chips whose number is a figure with separators; others have days, or codes of terms and statuses."""


def status_of(hold: Hold) -> str:
    """The status that a person sees: an active hold is *ready* or *held* (`ux.md` 3.0, Statuses)."""
    if hold.status == Hold.Status.ACTIVE:
        return "ready" if hold.ready_to_release else "held"
    return str(hold.status)


def chips_of(hold: Hold, mask: Mask) -> list[dict[str, Any]]:
    """The reasons of a hold as chips: words, the number that matters, cleared ones marked; no chip is drawn twice.

    A credit group's number only where `mask` lets it be seen. Figures are written as the reader chose: a chip keeps its
    number as a field of its own, in the style `numbers.KEPT`.
    """
    tones = {"forced": "forced", "posting_failed": "failed"}
    drawn = [
        {
            "label": _without(str(chip.get("text", "")), str(chip.get("number") or "")),
            "value": "" if _withheld(chip, mask) else _read_number(chip),
            "tone": tones.get(chip.get("type", ""), ""),
            "cleared": not chip.get("valid", True),
            "title": REASONS.get(chip.get("type", ""), ""),
        }
        for chip in hold.chips
    ]
    return list({(chip["label"], chip["value"], chip["cleared"]): chip for chip in drawn}.values())


def _read_number(chip: Mapping[str, Any]) -> str:
    """The number of a chip in the reader's style, where it is a figure and no code."""
    number = str(chip.get("number") or "")
    return numbers.restyled(number) if chip.get("type") in FIGURES else number


def _withheld(chip: Mapping[str, Any], mask: Mask) -> bool:
    return chip.get("type") in WITHHELD_CHIPS and mask.hides(chip.get("of"))


def kept_words(chips: Iterable[Mapping[str, Any]]) -> list[str]:
    """Reasons as their chips say them, with the number that matters; cleared ones are left out.

    What a job keeps is read by people of other legal entities too: a credit group's number is not in it (`domain 3.4`).
    """
    return [_kept(chip) for chip in chips if chip.get("valid", True)]


def kept_figures(chips: Iterable[Mapping[str, Any]]) -> list[str]:
    """The figure at the end of each of `kept_words`, empty where it ends with a code or a word."""
    return [str(chip.get("number") or "") if _ends_in_figure(chip) else "" for chip in chips if chip.get("valid", True)]


def read_words(words: Sequence[str], figures: Sequence[str]) -> list[str]:
    """What `kept_words` kept as the reader writes figures; what was kept without `figures` stays as it is."""
    pairs = itertools.zip_longest(words, figures[: len(words)], fillvalue="")
    return [f"{word.removesuffix(figure)}{numbers.restyled(figure)}" if figure else word for word, figure in pairs]


def _ends_in_figure(chip: Mapping[str, Any]) -> bool:
    return chip.get("type") in FIGURES and not _of_others(chip)


def _kept(chip: Mapping[str, Any]) -> str:
    text, number = str(chip.get("text", "")), str(chip.get("number") or "")
    return _without(text, number) if _of_others(chip) else text


def _of_others(chip: Mapping[str, Any]) -> bool:
    return bool(chip.get("of")) and chip.get("type") in WITHHELD_CHIPS


def read_message(reason: HoldReason) -> str:
    """Why a reason holds the order, made of its evidence anew so that figures are written as the reader chose."""
    return reason_message(reason) if reason.evidence else reason.message


def over_limit_of(hold: Hold, mask: Mask) -> Decimal | None:
    """By how much the tighter limit is exceeded, in the hold's currency; None where it is withheld, too."""
    return mask.group_amount(hold.limiting_group, hold.over_limit)


def used_percent_of(hold: Hold, mask: Mask) -> Decimal | None:
    """How much of the tighter limit is used, in per cent; None where it is withheld, too."""
    return mask.group_amount(hold.limiting_group, hold.used_percent)


def _without(text: str, number: str) -> str:
    """`text` without the number at its end, which is drawn apart."""
    return text.removesuffix(number).rstrip() if number else text


EVENTS: dict[str, tuple[str, str, str]] = {
    "hold_placed": ("Held", "pause", "held"),
    "forced": ("Forced", "hand", "forced"),
    "reason_added": ("A reason was added", "plus", "held"),
    "reason_cleared": ("A reason was cleared", "check", "ready"),
    "ready_to_release": ("Ready to release", "circle-check", "ready"),
    "no_longer_ready": ("No longer ready", "pause", "held"),
    "released": ("Released", "check", "released"),
    "reinstated": ("Release taken back", "undo-2", "held"),
    "rejected": ("Rejected", "x", "rejected"),
    "reopened": ("Reopened", "rotate-cw", ""),
    "cancelled": ("Cancelled", "slash", ""),
    "assigned": ("Assigned", "user", ""),
    "review_date_set": ("Review date set", "calendar", ""),
    "noted": ("Note", "message-square", ""),
    "snoozed": ("Snoozed", "clock", ""),
    "woken": ("Back in the list", "activity", ""),
    "force_due": ("Forced until today", "hand", "forced"),
    "force_undone": ("Force taken back", "undo-2", ""),
    "asked": ("Sales asks", "message-square", "approval"),
}
"""What can happen to a hold: words, icon and tone of the timeline."""


def event_words(event: HoldEvent) -> str:
    """What happened, in a few words."""
    return EVENTS.get(event.type, (event.type.replace("_", " ").capitalize(), "", ""))[0]


def timeline(events: Iterable[HoldEvent]) -> list[dict[str, Any]]:
    """The history of a hold for the timeline, newest first."""
    return [_entry(event) for event in events]


def _entry(event: HoldEvent) -> dict[str, Any]:
    _, icon, tone = EVENTS.get(event.type, ("", "circle-dot", ""))
    return {
        "icon": icon or "circle-dot",
        "tone": tone,
        "text": event_words(event),
        "detail": details_of(event.data),
        "actor": actor_words(event.actor, event.actor_name),
        "at": event.at,
    }


def actor_words(reference: str, name: str) -> str:
    """Who acted: a person by name, a client or a job as such."""
    kind, _, rest = reference.partition(":")
    if kind == "system":
        return f"by the system ({name or rest})"
    return f"by {name or rest}" + (" (API client)" if kind == "client" else "")


DETAILS = {
    "reason": "reason",
    "review_date": "review on",
    "assignee": "to",
    "document": "document",
    "cause": "because of",
    "snoozed_until": "until",
    "until": "until",
}
WOKEN_BY = {
    "day": "its day has come",
    "person": "by hand",
    "reasons": "its reasons changed",
    "payment": "a payment arrived",
    "ship_date": "it ships within a day",
    "asked": "sales asked",
}
"""What ended a snooze."""


def details_of(data: Mapping[str, Any]) -> str:
    """What an event says besides its type, in words."""
    return " · ".join(_details(data))


def _details(data: Mapping[str, Any]) -> list[str]:
    said = []
    for key in ("cleared", "added", "reasons"):
        if data.get(key):
            said.append(f"{key}: {', '.join(REASONS.get(code, str(code)) for code in data[key])}")
    if data.get("mode"):
        said.append(str(dict(Hold.Mode.choices).get(data["mode"], data["mode"])).lower())
    said += [f"{label} {data[key]}" for key, label in DETAILS.items() if data.get(key)]
    if words := cause_words(data.get("causes", ())):
        said.append(f"because of {words}")
    if data.get("woken_by"):
        said.append(WOKEN_BY.get(data["woken_by"], str(data["woken_by"])))
    if data.get("note"):
        said.append(f"“{data['note']}”")
    if data.get("order_cancelled"):
        said.append("order cancelled")
    if data.get("undone"):
        said.append("taken back")
    return said


def _day(said: str) -> str:
    """A day as people write it; everything else as it stands."""
    try:
        day = dt.date.fromisoformat(said)
    except ValueError:
        return said
    return f"{day:%-d %b %Y}"


def event_icon(type: str) -> tuple[str, str]:
    """Icon and tone of what can happen to a hold."""
    _, icon, tone = EVENTS.get(type, ("", "", ""))
    return icon or "circle-dot", tone


def act_words(event: HoldEvent, holds: int) -> str:
    """What a person did to `holds` holds at once, told by the event of one of them: *Assigned 3 holds · to jan*."""
    words = event_words(event) + (f", {numbers.grouped(holds)} holds" if holds > 1 else "")
    said = [f"{label} {_day(event.data[key])}" for key, label in DETAILS.items() if event.data.get(key)]
    undone = ["taken back"] if event.data.get("undone") else []
    return " · ".join([words, *said, *undone])
