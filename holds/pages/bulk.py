"""Dialogs on chosen holds (`ux.md` 3.3): each hold succeeds or fails on its own, and what failed stays chosen.

One template serves the native dialog and the full page. After an act that can be taken back the toast offers *Undo*.
What takes long is done by a job, whose page shows the progress and what became of each.
"""

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from django.contrib import messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse

from credit_mgmt.masking import Mask
from customers import jobs
from customers.access import Action
from customers.errors import InvalidInput
from customers.views import PageView, add_errors
from holds import many
from holds.each import BulkResult, Failure
from holds.lists import read_address
from holds.lists.selections import MOST as MOST_SELECTED
from holds.lists.selections import select_failed
from holds.models import Hold, HoldEvent
from holds.pages.selection import MOST, Selection, inside, plural, selection

SHOWN = 20
"""Rows that a dialog lists before it says how many more there are."""


class SelectionDialog(PageView):
    """A dialog on the holds that its address or form names. Subclasses make the form and call one service."""

    section = "holds"
    template: ClassVar[str]
    verb: ClassVar[str]
    done: ClassVar[str]
    undoable: ClassVar[bool] = True
    kind: ClassVar[str] = ""
    """The job (`holds.many`) that works on more than a person waits for; nothing where that many cannot be chosen."""
    at_once: ClassVar[int] = many.AT_ONCE

    @property
    def most(self) -> int:
        """As many holds as can be chosen: all that a selection has, where there is a job."""
        return MOST_SELECTED if self.kind else MOST

    def get(self, request: HttpRequest) -> HttpResponse:
        """The dialog, or the same as a page."""
        chosen = selection(request.GET, self.actor, most=self.most)
        return self.show(chosen, self.form(chosen))

    def post(self, request: HttpRequest) -> HttpResponse:
        """Do it to the chosen holds: each succeeds or fails on its own (`domain 6`)."""
        chosen = selection(request.POST, self.actor, most=self.most)
        form = self.form(chosen, request.POST)
        if not chosen.active or not form.is_valid():
            return self.show(chosen, form, status=422)
        answer = self.first(chosen, form)
        if answer is not None:
            return answer
        try:
            result = self.decide(chosen, form)
        except InvalidInput as problem:
            add_errors(form, problem)
            return self.show(chosen, form, status=422)
        if result.failed or len(chosen.active) < len(chosen.holds):
            return self.partly(chosen, form, result)
        messages.success(request, self.said(chosen, form, result), extra_tags=self.undo(chosen, form))
        return self.go(self.back(chosen))

    def form(self, chosen: Selection, data: QueryDict | None = None) -> Form:
        """The form for `chosen`, with what was typed."""
        raise NotImplementedError

    def decide(self, chosen: Selection, form: Form) -> BulkResult:
        """Call the one service."""
        raise NotImplementedError

    def first(self, chosen: Selection, form: Form) -> HttpResponse | None:
        """What comes between a valid form and the service, where something does: many are worked on by a job."""
        if not self.kind or len(chosen.active) <= self.at_once:
            return None
        return self.in_background(chosen.active, chosen, self.given(form))

    def given(self, form: Form) -> dict[str, Any]:
        """What the form says, as parameters of the job."""
        return {}

    def in_background(self, holds: Iterable[Hold], chosen: Selection, given: Mapping[str, Any]) -> HttpResponse:
        """Start the job, and show it."""
        ids = [str(hold.pk) for hold in holds]
        parameters = {"holds": ids, "versions": chosen.versions, **given}
        job = jobs.start_job(self.kind, parameters, actor=self.actor, now=self.now)
        messages.success(self.request, f"{plural(len(ids), 'hold')}: in the background, with an outcome for each.")
        return self.go(reverse("job", args=[job.pk]))

    def more(self, chosen: Selection, form: Form) -> dict[str, Any]:
        """What else the template shows."""
        return {}

    def undo(self, chosen: Selection, form: Form) -> str:
        """The tag that adds *Undo* to the message, or nothing."""
        return undo_tag(self.now) if self.undoable else ""

    def said(self, chosen: Selection, form: Form, result: BulkResult) -> str:
        """What was done, in words."""
        count = len(result.succeeded)
        if count == 1 and len(chosen.holds) == 1:
            return f"{chosen.holds[0].order.number} {self.done}."
        return f"{plural(count, 'hold')} {self.done}."

    def back(self, chosen: Selection) -> str:
        """Where to go on: the page that the dialog was opened from, or the list."""
        return inside(self.request.POST.get("next", "")) or reverse("hold-list")

    def show(self, chosen: Selection, form: Form, *, status: int = 200, **more: Any) -> HttpResponse:
        """The dialog around `form`."""
        holds = chosen.active
        what = chosen.active[0].order.number if len(holds) == 1 else plural(len(holds), "hold")
        context = {
            "form": form,
            "chosen": chosen,
            "closed": [hold for hold in chosen.holds if hold.status != Hold.Status.ACTIVE],
            "shown": holds[:SHOWN],
            "more_count": max(0, len(holds) - SHOWN),
            "forced": [hold for hold in holds if hold.forced],
            "in_background": bool(self.kind) and len(holds) > self.at_once,
            "action_url": self.request.path,
            "cancel_url": self._cancel_url(chosen),
            "next": self._next(),
            "versions": [f"{hold.number}:{chosen.seen.get(hold.number, hold.version)}" for hold in holds],
            "verb": self.verb,
            "what": what,
            "dialog_heading": f"{self.verb} {what}",
            "nothing_to_do": not holds,
            "mask": Mask(self.actor),
        }
        return self.page(self.template, {**context, **self.more(chosen, form), **more}, status=status)

    def partly(self, chosen: Selection, form: Form, result: BulkResult) -> HttpResponse:
        """Some were left as they are: say which and why, keep what was typed, and offer them again as they are now."""
        numbers = {str(hold.pk): hold for hold in chosen.holds}
        _show_at_fields(form, result.failed)
        again = QueryDict(mutable=True)
        again.setlist("hold", [numbers[str(item.id)].number for item in result.failed if str(item.id) in numbers])
        rest = selection(again, self.actor, most=self.most) if again.getlist("hold") else Selection((), {})
        last = _last_events(rest.holds)
        outcomes: list[dict[str, Any]] = [
            {"hold": numbers[str(item.id)], "message": item.message, "code": item.code, "event": last.get(str(item.id))}
            for item in result.failed
            if str(item.id) in numbers
        ]
        leave = self._list_of_failed({hold.pk: item["message"] for item in outcomes if (hold := item["hold"])})
        closed = [hold for hold in chosen.holds if hold not in chosen.active]
        outcomes += [{"hold": hold, "message": "It is no longer active.", "code": "hold_not_active"} for hold in closed]
        return self.show(
            rest,
            form,
            status=422,
            outcomes=outcomes,
            succeeded=len(result.succeeded),
            said=self.said(chosen, form, result) if result.succeeded else "",
            **({"leave_url": leave, "cancel_url": leave} if leave else {}),
        )

    def _list_of_failed(self, causes: Mapping[uuid.UUID, str]) -> str:
        """The list from which was chosen, with what failed still selected and the cause in each row (`ux.md` 3.3)."""
        path, _, query = self._next().partition("?")
        if path != reverse("hold-list"):
            return ""
        params = QueryDict(query, mutable=True)
        params.pop("selected", None)
        asked = read_address(params, actor=self.actor, now=self.now, today=self.today)
        kept = select_failed(asked, causes, self.request.path, actor=self.actor, at=self.now)
        if kept is not None:
            params["selected"] = str(kept.pk)
        return f"{path}?{params.urlencode()}" if params else path

    def _cancel_url(self, chosen: Selection) -> str:
        if len(chosen.holds) == 1:
            return reverse("hold-detail", args=[chosen.holds[0].number])
        return self._next() or reverse("hold-list")

    def _next(self) -> str:
        """The address to go back to: the one given, or the page that the dialog was opened from."""
        given = inside(self.request.POST.get("next") or self.request.GET.get("next") or "")
        if given:
            return given
        path = came_from(self.request)
        return "" if path.startswith(self.request.path) else path


class WorkDialog(SelectionDialog):
    """A dialog of people who work on holds."""

    looks = Action.WORK_HOLDS


def came_from(request: HttpRequest) -> str:
    """The page of holds from which this request was sent, or nothing."""
    return inside("/" + request.headers.get("Referer", "").partition("//")[2].partition("/")[2])


def undo_tag(moment: dt.datetime) -> str:
    """The tag of a message that adds *Undo* for what was done at `moment` (`holds.recent`)."""
    return f"undo:{undo_url(moment)}"


def undo_url(moment: dt.datetime) -> str:
    """Where what was done at `moment` is taken back: the moment in microseconds is its name."""
    epoch = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    return reverse("hold-undo", args=[(moment - epoch) // dt.timedelta(microseconds=1)])


def _show_at_fields(form: Form, failed: Iterable[Failure]) -> None:
    """A failure that is about a field of the form is also said beside it, once."""
    said: set[tuple[str, str]] = set()
    for failure in failed:
        if isinstance(failure.error, InvalidInput):
            for error in failure.error.errors:
                if error.field in form.fields and (error.field, error.message) not in said:
                    said.add((error.field, error.message))
                    form.add_error(error.field, error.message)


def _last_events(holds: tuple[Hold, ...]) -> dict[str, HoldEvent]:
    """Who changed each hold last, by hold id: what a stale screen has to be told."""
    events = HoldEvent.objects.filter(hold__in=holds).order_by("hold", "-version").distinct("hold")
    return {str(event.hold_id): event for event in events}
