"""Checkpoints and grace days in words, worked out by the engine: *What this means* and *Try it* (`ux.md` 3.11)."""

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from django import forms

from credit_mgmt.engine.decision import NotChecked
from credit_mgmt.engine.facts import Checkpoint, CheckpointSetting
from credit_mgmt.engine.rehearsal import Visit, rehearse
from credit_mgmt.engine.schedule import OPTIONAL
from credit_mgmt.forms import DateInput
from customers.models import Document

STEP = dt.timedelta(days=3)
"""Between the documents that *Try it* begins with."""
_FIRST = dt.date(2026, 1, 1)
Settings = Mapping[str, CheckpointSetting]


class TryForm(forms.Form):
    """The days on which documents are posted; an empty one is left out."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{**options, "prefix": "try"})
        for document in Document:
            self.fields[document.value] = forms.DateField(label=document.label, required=False, widget=DateInput())

    def postings(self) -> list[tuple[Checkpoint, dt.date]]:
        """The documents with their days, in the documents' order."""
        given = self.cleaned_data if self.is_bound else self.initial
        return [(checkpoint, given[checkpoint]) for checkpoint in Checkpoint if given.get(checkpoint)]

    def clean(self) -> dict[str, Any]:
        """Documents follow in order."""
        given = {name: day for name, day in self.cleaned_data.items() if day}
        days = [given[document] for document in Document.values if document in given]
        if days != sorted(days):
            raise forms.ValidationError("Documents are posted in their order: give each a day not before the last one.")
        return self.cleaned_data


def first_days(settings: Settings, today: dt.date) -> dict[str, dt.date]:
    """What *Try it* begins with: the required documents and those that are checked, three days apart."""
    wanted = [item for item in Checkpoint if item not in OPTIONAL or (item in settings and settings[item].posting)]
    return {item.value: today + number * STEP for number, item in enumerate(wanted)}


def tried(settings: Settings, postings: Iterable[tuple[Checkpoint, dt.date]]) -> list[dict[str, Any]]:
    """Each document that is tried, with whether it is checked, and why not."""
    return [
        {"document": Document(visit.checkpoint).label, "day": visit.day, "checked": visit.checked, "why": _why(visit)}
        for visit in rehearse(settings, postings)
    ]


def meaning(settings: Settings) -> list[dict[str, Any]]:
    """For each checkpoint that checks at posting, the days after a check that passed, in steps."""
    said = []
    for checkpoint in Checkpoint:
        if checkpoint in settings and settings[checkpoint].posting:
            [visit] = rehearse(settings, [(checkpoint, _FIRST)])
            said.append({"document": Document(checkpoint).label, "steps": _steps(visit)})
    return said


def _steps(visit: Visit) -> list[tuple[bool, str]]:
    """Whether a step is a check, and its words."""
    checked = (True, "day 1 posted, checked")
    if visit.grace_until is None:
        return [checked, (True, "the next document is checked again, on whatever day")]
    last = (visit.grace_until - _FIRST).days + 1
    free = (
        "rest of day 1 not checked"
        if last == 1
        else "day 2 not checked"
        if last == 2
        else f"days 2 to {last} not checked"
    )
    return [checked, (False, free), (True, f"day {last + 1} next posting is checked again")]


def _why(visit: Visit) -> str:
    if visit.checked:
        return "checked"
    if visit.because is NotChecked.GRACE:
        return f"not checked, grace until {visit.grace_until:%-d %b}"
    return "not checked, this checkpoint is off"
