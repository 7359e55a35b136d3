"""Release and reject dialogs on one hold or many (`ux.md` 3.3): how, why, and what became of each."""

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from django.contrib import messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse

from customers.access import Action
from customers.errors import InvalidInput
from customers.models import Reason
from customers.views import PageView, add_errors
from holds.each import BulkResult, Failure
from holds.forms import RejectForm, ReleaseForm, reasons_of
from holds.models import Hold, HoldEvent
from holds.pages.selection import Selection, inside, plural, selection
from holds.rejections import reject_holds
from holds.releases import release_holds

SHOWN = 20
"""Rows that a dialog lists before it says how many more there are."""

MODE_HINTS = {
    Hold.Mode.WITH_POSTING: (
        "Posts what was being posted when the order was stopped, with the same settings. It cannot be undone."
    ),
    Hold.Mode.WITHOUT_POSTING: (
        "The stopped document can be posted once without another check. You can take this back for 15 minutes."
    ),
}


class DecisionDialog(PageView):
    """What releasing and rejecting have in common: the selection, the form, the outcome of each hold."""

    section = "holds"
    template: ClassVar[str]
    verb: ClassVar[str]
    done: ClassVar[str]

    def get(self, request: HttpRequest) -> HttpResponse:
        """The dialog, or the same as a page."""
        chosen = selection(request.GET, self.actor)
        return self.show(chosen, self.form(chosen))

    def post(self, request: HttpRequest) -> HttpResponse:
        """Decide on the chosen holds: each succeeds or fails on its own (`domain 6`)."""
        chosen = selection(request.POST, self.actor)
        form = self.form(chosen, request.POST)
        if not chosen.active or not form.is_valid():
            return self.show(chosen, form, status=422)
        try:
            result = self.decide(chosen, form)
        except InvalidInput as problem:
            add_errors(form, problem)
            return self.show(chosen, form, status=422)
        if result.failed or len(chosen.active) < len(chosen.holds):
            return self._partly(chosen, form, result)
        messages.success(request, self.said(chosen, result), extra_tags=self.undo(chosen))
        return self.go(self.back(chosen))

    def form(self, chosen: Selection, data: QueryDict | None = None) -> Form:
        """The form for `chosen`, with what was typed."""
        raise NotImplementedError

    def decide(self, chosen: Selection, form: Form) -> BulkResult:
        """Call the one service."""
        raise NotImplementedError

    def undo(self, chosen: Selection) -> str:
        """The tag that adds *Undo* to the message, or nothing."""
        return ""

    def said(self, chosen: Selection, result: BulkResult) -> str:
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
        context = {
            "form": form,
            "chosen": chosen,
            "closed": [hold for hold in chosen.holds if hold.status != Hold.Status.ACTIVE],
            "shown": holds[:SHOWN],
            "more_count": max(0, len(holds) - SHOWN),
            "forced": [hold for hold in holds if hold.forced],
            "mode_hints": MODE_HINTS,
            "action_url": self.request.path,
            "cancel_url": self._cancel_url(chosen),
            "next": self._next(),
            "versions": [f"{hold.number}:{chosen.seen.get(hold.number, hold.version)}" for hold in holds],
            "verb": self.verb,
            "dialog_heading": f"{self.verb} {plural(len(holds), 'hold')}",
            "unfit": _unfit(chosen, form),
            "nothing_to_do": not holds,
        }
        return self.page(self.template, {**context, **more}, status=status)

    def _partly(self, chosen: Selection, form: Form, result: BulkResult) -> HttpResponse:
        """Some were not decided: say which and why, keep what was typed, offer the rest again with what is true now."""
        numbers = {str(hold.pk): hold for hold in chosen.holds}
        _show_at_fields(form, result.failed)
        again = QueryDict(mutable=True)
        again.setlist("hold", [numbers[str(item.id)].number for item in result.failed if str(item.id) in numbers])
        rest = selection(again, self.actor) if again.getlist("hold") else Selection((), {})
        last = _last_events(rest.holds)
        outcomes = [
            {"hold": numbers[str(item.id)], "message": item.message, "code": item.code, "event": last.get(str(item.id))}
            for item in result.failed
            if str(item.id) in numbers
        ]
        closed = [hold for hold in chosen.holds if hold not in chosen.active]
        outcomes += [{"hold": hold, "message": "It is no longer active.", "code": "hold_not_active"} for hold in closed]
        return self.show(
            rest,
            form,
            status=422,
            outcomes=outcomes,
            succeeded=len(result.succeeded),
            said=self.said(chosen, result) if result.succeeded else "",
        )

    def _cancel_url(self, chosen: Selection) -> str:
        if len(chosen.holds) == 1:
            return reverse("hold-detail", args=[chosen.holds[0].number])
        return self._next() or reverse("hold-list")

    def _next(self) -> str:
        """The address to go back to: the one given, or the page that the dialog was opened from."""
        given = inside(self.request.POST.get("next") or self.request.GET.get("next") or "")
        if given:
            return given
        path = inside("/" + self.request.headers.get("Referer", "").partition("//")[2].partition("/")[2])
        return "" if path.startswith(("/holds/release/", "/holds/reject/")) else path


class ReleaseDialog(DecisionDialog):
    """`/holds/release/?hold=H-1&hold=H-2`."""

    looks = Action.RELEASE
    template = "holds/release.html"
    verb = "Release"
    done = "released"

    def form(self, chosen: Selection, data: QueryDict | None = None) -> ReleaseForm:
        """Only reasons that are valid for the chosen legal entities."""
        initial = {"mode": Hold.Mode.WITHOUT_POSTING}
        reasons = reasons_of(Reason.Type.RELEASE, chosen.entities)
        return ReleaseForm(data, initial=initial, reasons=reasons, entities=chosen.entities)

    def decide(self, chosen: Selection, form: Form) -> BulkResult:
        """Release them."""
        given: Mapping[str, Any] = form.cleaned_data
        return release_holds(
            ids=[hold.pk for hold in chosen.active],
            versions=chosen.versions,
            mode=given["mode"],
            reason=given["reason"],
            review_date=given["review_date"],
            note=given["note"],
            actor=self.actor,
            at=self.now,
            today=self.today_of,
        )

    def undo(self, chosen: Selection) -> str:
        """A single release without posting can be taken back (`domain 6`)."""
        if len(chosen.active) == 1 and self.request.POST.get("mode") == Hold.Mode.WITHOUT_POSTING:
            return f"undo:{reverse('hold-reinstate', args=[chosen.active[0].number])}"
        return ""


class RejectDialog(DecisionDialog):
    """`/holds/reject/?hold=H-1`."""

    looks = Action.REJECT
    template = "holds/reject.html"
    verb = "Reject"
    done = "rejected"

    def form(self, chosen: Selection, data: QueryDict | None = None) -> RejectForm:
        """Only reasons that are valid for the chosen legal entities."""
        return RejectForm(data, reasons=reasons_of(Reason.Type.RELEASE, chosen.entities), entities=chosen.entities)

    def decide(self, chosen: Selection, form: Form) -> BulkResult:
        """Reject them."""
        given: Mapping[str, Any] = form.cleaned_data
        return reject_holds(
            ids=[hold.pk for hold in chosen.active],
            versions=chosen.versions,
            reason=given["reason"] or None,
            note=given["note"],
            actor=self.actor,
            at=self.now,
        )


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


def _unfit(chosen: Selection, form: Form) -> list[str]:
    """Legal entities for which no reason of the others is valid, in words; empty where one reason fits all."""
    field = form.fields["reason"]
    choices = list(getattr(field, "choices", ()))
    shared = [choice for choice in choices if choice[0] and not isinstance(choice[1], list | tuple)]
    if shared or len(chosen.entities) < 2:
        return []
    having = {str(label).rpartition(" ")[2] for label, group in choices if isinstance(group, list | tuple)}
    return [
        f"{entity} has reasons of its own." if entity in having else f"{entity} has no release reason."
        for entity in chosen.entities
    ]
