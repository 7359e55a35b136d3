"""Working a hold: whose it is, when to look again, what to remember; and taking a release back (`domain 6`)."""

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.contrib.auth import get_user_model
from django.db.models import Q, QuerySet
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.urls import reverse

from customers.access import POLICY, Action
from customers.errors import Refused
from customers.models import AccessGrant
from customers.views import PageView
from holds import worklist
from holds.forms import AssignForm, NoteForm, ReviewForm
from holds.models import Hold
from holds.pages.dialog import Dialog
from holds.pages.hold_detail import hold_or_404
from holds.pages.selection import Selection, inside, plural, selection
from holds.releases import reinstate_hold


class HoldDialog(Dialog):
    """A dialog on one hold."""

    action = Action.WORK_HOLDS

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


class AssignDialog(Dialog):
    """`/holds/assign/?hold=H-1&hold=H-2`."""

    action = Action.WORK_HOLDS
    template = "holds/assign.html"

    def subject(self, **key: str) -> Selection:
        """The chosen holds."""
        chosen = selection(self.request.POST if self.request.method == "POST" else self.request.GET, self.actor)
        if not chosen.active:
            raise Http404("No active hold was chosen.")
        return chosen

    def legal_entity(self, subject: Selection) -> str | None:
        """The service decides for each hold; the first one shows whether the dialog makes sense."""
        return subject.entities[0]

    def form(self, subject: Selection, data: QueryDict | None) -> Form:
        """People who work holds in one of these legal entities."""
        holders = {hold.assignee_id for hold in subject.active}
        current = subject.active[0].assignee if len(holders) == 1 else None
        initial = {"assignee": current.get_username() if current else ""}
        return AssignForm(data, people=workers(subject.entities), initial=initial)

    def perform(self, subject: Selection, given: Mapping[str, Any]) -> str:
        """Assign them."""
        person = given["assignee"]
        result = worklist.assign_holds(
            ids=[hold.pk for hold in subject.active],
            assignee=person.get_username() if person else None,
            actor=self.actor,
            at=self.now,
        )
        if result.failed:
            raise Refused(result.failed[0].code, " ".join(dict.fromkeys(item.message for item in result.failed)))
        name = (person.get_full_name() or person.get_username()) if person else "nobody"
        return f"{plural(len(result.succeeded), 'hold')} assigned to {name}."

    def words(self, subject: Selection) -> dict[str, Any]:
        """What the dialog says."""
        return {
            "dialog_heading": f"Assign {plural(len(subject.active), 'hold')}",
            "summary": subject.summary(),
            "submit": "Assign",
            "chosen": subject,
            "versions": [],
            "next": inside(self.request.POST.get("next") or self.request.GET.get("next", "")),
        }

    def back(self, subject: Selection) -> str:
        """The hold, where there is one; else the list."""
        if len(subject.holds) == 1:
            return reverse("hold-detail", args=[subject.holds[0].number])
        return reverse("hold-list")


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


def workers(entities: list[str]) -> QuerySet[Any]:
    """People who may work holds in one of `entities`."""
    grants = AccessGrant.objects.filter(role__in=POLICY[Action.WORK_HOLDS]).filter(
        Q(legal_entity__in=entities) | Q(legal_entity=None)
    )
    people = get_user_model().objects.filter(is_active=True, pk__in=grants.values("user"))
    return people.order_by("first_name", "last_name", "username")
