"""Putting holds aside until a day, and bringing them back (`ux.md` 3.3)."""

import datetime as dt
from typing import Any

from django.forms import Form
from django.http import QueryDict

from holds.each import BulkResult
from holds.forms import SnoozeForm
from holds.pages.bulk import WorkDialog
from holds.pages.selection import Selection, plural
from holds.snoozing import USUAL, snooze_holds, wake_holds

MONDAY, THURSDAY = 0, 3


class SnoozeDialog(WorkDialog):
    """`/holds/snooze/?hold=H-1&hold=H-2`."""

    template = "holds/snooze.html"
    verb = "Snooze"
    done = "snoozed"
    kind = "snooze_holds"

    def form(self, chosen: Selection, data: QueryDict | None = None) -> SnoozeForm:
        """The usual days, as the first hold's legal entity sees them; as it is where one hold is snoozed already."""
        days = usual_days(self.today_of(chosen.entities[0]) if chosen.active else self.today("UTC"))
        values = [(day.isoformat(), words) for words, day in days]
        now = chosen.active[0] if len(chosen.active) == 1 else None
        initial: dict[str, Any] = {"when": values[0][0], "wakes_on": [word.value for word in USUAL]}
        if now is not None and now.snoozed_until is not None:
            initial = {"when": SnoozeForm.OTHER, "until": now.snoozed_until, "wakes_on": now.wakes_on}
        return SnoozeForm(data, days=values, initial=initial)

    def more(self, chosen: Selection, form: Form) -> dict[str, object]:
        """The day behind each of the usual words."""
        choices = form.fields["when"].choices  # type: ignore[attr-defined]  # a choice field
        days = {value: dt.date.fromisoformat(value) for value, _ in choices if value != SnoozeForm.OTHER}
        snoozed = [hold for hold in chosen.active if hold.snoozed_until is not None]
        return {"hints": {value: f"{day:%a %-d %b}" for value, day in days.items()}, "snoozed": snoozed}

    def given(self, form: Form) -> dict[str, Any]:
        """Until when, and what ends it earlier."""
        return {"until": form.cleaned_data["until"].isoformat(), "wakes_on": form.cleaned_data["wakes_on"]}

    def decide(self, chosen: Selection, form: Form) -> BulkResult:
        """Put them aside."""
        given = form.cleaned_data
        return snooze_holds(
            ids=[hold.pk for hold in chosen.active],
            until=given["until"],
            wakes_on=given["wakes_on"],
            versions=chosen.versions,
            actor=self.actor,
            at=self.now,
            today=self.today_of,
        )

    def said(self, chosen: Selection, form: Form, result: BulkResult) -> str:
        """Until when."""
        what = chosen.holds[0].order.number if len(chosen.holds) == 1 else plural(len(result.succeeded), "hold")
        return f"{what} snoozed until {form.cleaned_data['until']:%-d %b %Y}."


class WakeDialog(WorkDialog):
    """`/holds/wake/?hold=H-1`: back into the working views now."""

    template = "holds/wake.html"
    verb = "Wake"
    done = "back in the list"
    kind = "wake_holds"

    def form(self, chosen: Selection, data: QueryDict | None = None) -> Form:
        """Nothing to fill in."""
        return Form(data)

    def decide(self, chosen: Selection, form: Form) -> BulkResult:
        """Wake them."""
        ids = [hold.pk for hold in chosen.active]
        return wake_holds(ids=ids, versions=chosen.versions, actor=self.actor, at=self.now)


def usual_days(today: dt.date) -> list[tuple[str, dt.date]]:
    """Tomorrow, Thursday, next week (its Monday): each day once, in their order."""
    days = {
        "Tomorrow": today + dt.timedelta(days=1),
        "Thursday": _next(THURSDAY, today),
        "Next week": _next(MONDAY, today),
    }
    named: dict[dt.date, str] = {}
    for words, day in days.items():
        named.setdefault(day, words)
    return [(words, day) for day, words in sorted(named.items())]


def _next(weekday: int, today: dt.date) -> dt.date:
    return today + dt.timedelta(days=(weekday - today.weekday() - 1) % 7 + 1)
