"""Whose work a hold is (`ux.md` 3.3): a person, nobody, several in turn, or me with one key; who covers for whom."""

from typing import Any

from django.contrib import messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse

from customers.access import Action
from customers.errors import InvalidInput
from customers.views import PageView, add_errors
from holds import absences, worklist
from holds.each import BulkResult
from holds.forms import AbsenceForm, AssignForm
from holds.pages.bulk import WorkDialog
from holds.pages.selection import Selection, plural


class AssignDialog(WorkDialog):
    """`/holds/assign/?hold=H-1&hold=H-2`."""

    template = "holds/assign.html"
    verb = "Assign"
    done = "assigned"
    kind = "assign_holds"

    def form(self, chosen: Selection, data: QueryDict | None = None) -> AssignForm:
        """People who work on holds in these legal entities; me first."""
        holders = {hold.assignee_id for hold in chosen.active}
        current = chosen.active[0].assignee if len(holders) == 1 else None
        people = worklist.workers(chosen.entities)
        initial = {"assignee": current.get_username() if current else self.actor.name}
        return AssignForm(data, people=people, me=self.actor.name, initial=initial, several=len(chosen.active) > 1)

    def given(self, form: Form) -> dict[str, Any]:
        """To whom: a person, nobody, or several in turn."""
        people = list(form.cleaned_data.get("people") or ())
        return {"people": people, "assignee": "" if people else form.cleaned_data["assignee"]}

    def decide(self, chosen: Selection, form: Form) -> BulkResult:
        """Give them to the person, or to the people in turn."""
        given = form.cleaned_data
        what: dict[str, Any] = {
            "ids": [hold.pk for hold in chosen.active],
            "versions": chosen.versions,
            "actor": self.actor,
            "at": self.now,
        }
        if given.get("people"):
            return worklist.share_holds(people=given["people"], **what)
        return worklist.assign_holds(assignee=given["assignee"] or None, **what)

    def said(self, chosen: Selection, form: Form, result: BulkResult) -> str:
        """To whom."""
        given = form.cleaned_data
        if given.get("people"):
            whom = f"in turn to {plural(len(given['people']), 'person').replace('persons', 'people')}"
        else:
            whom = f"to {form.name_of(given['assignee'])}"  # type: ignore[attr-defined]  # an AssignForm
        return f"{plural(len(result.succeeded), 'hold')} assigned {whom}."


class ClaimDialog(WorkDialog):
    """`/holds/claim/?hold=H-1`: the holds are mine (`m`)."""

    template = "holds/claim.html"
    verb = "Take"
    done = "assigned to you"
    kind = "assign_holds"

    def form(self, chosen: Selection, data: QueryDict | None = None) -> Form:
        """Nothing to fill in."""
        return Form(data)

    def given(self, form: Form) -> dict[str, Any]:
        """To the reader."""
        return {"assignee": self.actor.name}

    def decide(self, chosen: Selection, form: Form) -> BulkResult:
        """Assign them to the reader."""
        return worklist.assign_holds(
            ids=[hold.pk for hold in chosen.active],
            assignee=self.actor.name,
            versions=chosen.versions,
            actor=self.actor,
            at=self.now,
        )


class AbsencePage(PageView):
    """`/holds/absence/`: when I am away, who looks after my holds, and for whom I do."""

    looks = Action.WORK_HOLDS
    section = "holds"

    def get(self, request: HttpRequest) -> HttpResponse:
        """What is set."""
        return self._show(self._form())

    def post(self, request: HttpRequest) -> HttpResponse:
        """Set it, or take it back with `clear`."""
        who: dict[str, Any] = {"user": self.actor.name, "actor": self.actor}
        if "clear" in request.POST:
            absences.end_absence(**who)
            messages.success(request, "You are not away.")
            return self.go(reverse("hold-absence"))
        form = self._form(request.POST)
        if not form.is_valid():
            return self._show(form, 422)
        try:
            absences.set_absence(**who, **form.cleaned_data, today=self.today("UTC"))
        except InvalidInput as problem:
            add_errors(form, problem)
            return self._show(form, 422)
        messages.success(request, f"{form.name_of(form.cleaned_data['covered_by'])} covers for you.")
        return self.go(reverse("hold-absence"))

    def _form(self, data: QueryDict | None = None) -> AbsenceForm:
        mine = absences.absence_of(self.actor)
        initial = (
            {"starts_on": mine.starts_on, "ends_on": mine.ends_on, "covered_by": mine.covered_by.get_username()}
            if mine
            else {"starts_on": self.today("UTC")}
        )
        return AbsenceForm(data, people=absences.colleagues(self.actor), initial=initial)

    def _show(self, form: AbsenceForm, status: int = 200) -> HttpResponse:
        return self.page(
            "holds/absence.html",
            {
                "form": form,
                "mine": absences.absence_of(self.actor),
                "covered": absences.covered_by(self.actor, today=self.today("UTC")),
            },
            status=status,
        )
