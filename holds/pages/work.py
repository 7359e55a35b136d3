"""Working one hold: when to look again, what to remember; and taking a release back (`domain 6`)."""

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse

from customers.access import Action
from customers.errors import Refused
from customers.views import PageView
from holds import worklist
from holds.forms import NoteForm, ReviewForm
from holds.models import Hold
from holds.pages.dialog import Dialog
from holds.pages.hold_detail import hold_or_404
from holds.releases import reinstate_hold


class HoldDialog(Dialog):
    """A dialog on one hold."""

    action = Action.WORK_HOLDS
    undoable = True

    def subject(self, **key: str) -> Hold:
        """The hold of the address."""
        return hold_or_404(key["number"], self)

    def back(self, subject: Hold) -> str:
        """The hold itself."""
        return reverse("hold-detail", args=[subject.number])


class NoteDialog(HoldDialog):
    """`/holds/H-1/note/`."""

    def form(self, subject: Hold, data: QueryDict | None) -> NoteForm:
        """An empty note: notes are added, never overwritten."""
        return NoteForm(data)

    def perform(self, subject: Hold, given: Mapping[str, Any]) -> str:
        """Add it."""
        worklist.add_note(ids=[subject.pk], note=given["note"], actor=self.actor, at=self.now).only()
        return f"Note added to {subject.order.number}."

    def words(self, subject: Hold) -> dict[str, Any]:
        """What the dialog says."""
        return {
            "dialog_heading": f"Note on {subject.order.number}",
            "summary": subject.payer.name,
            "submit": "Add note",
        }


class ReviewDialog(HoldDialog):
    """`/holds/H-1/review/`."""

    def form(self, subject: Hold, data: QueryDict | None) -> ReviewForm:
        """The date as it is."""
        return ReviewForm(data, initial={"review_date": subject.review_date})

    def perform(self, subject: Hold, given: Mapping[str, Any]) -> str:
        """Set or clear it."""
        day = given["review_date"]
        worklist.set_review_date(ids=[subject.pk], review_date=day, actor=self.actor, at=self.now).only()
        return (
            f"{subject.order.number} is due for review on {day}."
            if day
            else f"{subject.order.number} has no review date."
        )

    def words(self, subject: Hold) -> dict[str, Any]:
        """What the dialog says."""
        return {
            "dialog_heading": f"Review date of {subject.order.number}",
            "summary": subject.payer.name,
            "submit": "Save",
            "note": "On that day the hold stands in the view “Due for review”.",
        }


class Reinstate(PageView):
    """`/holds/H-1/reinstate/`: a release without posting, taken back."""

    looks = Action.VIEW
    section = "holds"

    def get(self, request: HttpRequest, number: str) -> HttpResponse:
        """Ask first: a link never changes anything."""
        hold = hold_or_404(number, self)
        back = reverse("hold-detail", args=[hold.number])
        return self.page("holds/reinstate.html", {"hold": hold, "action_url": request.path, "cancel_url": back})

    def post(self, request: HttpRequest, number: str) -> HttpResponse:
        """Take it back; the service decides whether it may be."""
        hold = hold_or_404(number, self)
        try:
            reinstate_hold(id=hold.pk, actor=self.actor, at=self.now)
        except Refused as problem:
            messages.error(request, problem.message)
        else:
            messages.success(request, f"{hold.order.number} is on hold again.")
        return self.go(reverse("hold-detail", args=[hold.number]))
