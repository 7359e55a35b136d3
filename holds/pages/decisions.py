"""Release and reject dialogs on one hold or many (`ux.md` 3.3): how, why, and what became of each."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.forms import Form
from django.http import HttpResponse, QueryDict

from credit_mgmt.masking import Mask
from customers.access import Action
from customers.models import Reason
from customers.numbers import grouped
from holds import release_job
from holds.each import BulkResult
from holds.forms import RejectForm, ReleaseForm, reasons_of
from holds.models import Hold
from holds.pages import afterwards
from holds.pages.bulk import SelectionDialog
from holds.pages.selection import Selection
from holds.recent import last_release
from holds.rejections import reject_holds
from holds.releases import release_holds

IN_BACKGROUND_ABOVE = 50
"""So many holds are released while a person waits: with posting some tens of milliseconds each."""

MODE_HINTS = {
    Hold.Mode.WITH_POSTING: (
        "Posts what was being posted when the order was stopped, with the same settings. It cannot be undone."
    ),
    Hold.Mode.WITHOUT_POSTING: (
        "The stopped document can be posted once without another check. You can take this back for 15 minutes."
    ),
}
ORDER_HINTS = {
    "keep": "It cannot be posted until a credit manager reopens it; then it is checked again.",
    "cancel": "Nothing is left of it and its credit is free. It cannot be opened again.",
}


class DecisionDialog(SelectionDialog):
    """What releasing and rejecting have in common: a reason that must be valid in the legal entities."""

    def more(self, chosen: Selection, form: Form) -> dict[str, Any]:
        """Why no reason fits all."""
        return {"mode_hints": MODE_HINTS, "unfit": _unfit(chosen, form)}


class ReleaseDialog(DecisionDialog):
    """`/holds/release/?hold=H-1&hold=H-2`."""

    looks = Action.RELEASE
    template = "holds/release.html"
    verb = "Release"
    done = "released"
    kind = release_job.KIND
    at_once = IN_BACKGROUND_ABOVE

    def form(self, chosen: Selection, data: QueryDict | None = None) -> ReleaseForm:
        """How, as the reader did last; only reasons that are valid for the chosen legal entities."""
        mode, reason = last_release(self.actor)
        initial = {
            "mode": mode or Hold.Mode.WITHOUT_POSTING,
            "reason": reason,
            "note": self.request.GET.get("note", "")[:2000],
        }
        return ReleaseForm(
            data,
            initial=initial,
            reasons=reasons_of(Reason.Type.RELEASE, chosen.entities),
            entities=chosen.entities,
            can_post=any(hold.posting_request for hold in chosen.active),
            forced=sum(1 for hold in chosen.active if hold.forced),
            other=sum(1 for hold in chosen.active if not hold.forced),
        )

    def more(self, chosen: Selection, form: Form) -> dict[str, Any]:
        """Where the customers stand afterwards, what is posted, and until when nothing is checked again."""
        holds = _meant(chosen, form)
        known = holds and len(holds) <= afterwards.MOST
        return {
            **super().more(chosen, form),
            "mode_hints": {**MODE_HINTS, Hold.Mode.WITH_POSTING: _posting_hint(holds)},
            "after": afterwards.afterwards(holds, self.today_of, Mask(self.actor)) if known else None,
            "grace": afterwards.grace(holds, self.today_of),
            "meant": len(holds),
            "last_reason": form.initial.get("reason"),
        }

    def first(self, chosen: Selection, form: Form) -> HttpResponse | None:
        """Ask once more where figures moved since the dialog was opened; many are released in the background."""
        holds = _meant(chosen, form)
        seen = dict(word.rpartition("=")[::2] for word in self.request.POST.getlist("seen"))
        few, mask = len(holds) <= afterwards.MOST, Mask(self.actor)
        if seen and few and afterwards.afterwards(holds, self.today_of, mask).moved(seen):
            return self.show(chosen, form, status=409, moved=True)
        return self.in_background(holds, chosen, self.given(form)) if len(holds) > self.at_once else None

    def given(self, form: Form) -> dict[str, Any]:
        """How, why, and when to look again."""
        given = form.cleaned_data
        review_date = given["review_date"].isoformat() if given["review_date"] else None
        return {"mode": given["mode"], "reason": given["reason"], "review_date": review_date, "note": given["note"]}

    def decide(self, chosen: Selection, form: Form) -> BulkResult:
        """Release them."""
        given: Mapping[str, Any] = form.cleaned_data
        return release_holds(
            ids=[hold.pk for hold in _meant(chosen, form)],
            versions=chosen.versions,
            mode=given["mode"],
            reason=given["reason"],
            review_date=given["review_date"],
            note=given["note"],
            actor=self.actor,
            at=self.now,
            today=self.today_of,
        )

    def said(self, chosen: Selection, form: Form, result: BulkResult) -> str:
        """Also what was left out because it was forced."""
        left = len(chosen.active) - len(_meant(chosen, form))
        said = super().said(chosen, form, result)
        return f"{said} {grouped(left)} forced left out." if left else said

    def undo(self, chosen: Selection, form: Form) -> str:
        """A release without posting can be taken back (`domain 6`)."""
        return super().undo(chosen, form) if form.cleaned_data["mode"] == Hold.Mode.WITHOUT_POSTING else ""


def _meant(chosen: Selection, form: Form) -> tuple[Hold, ...]:
    """The holds that are released: forced ones among others only where their box is ticked."""
    if "forced_too" not in form.fields or form["forced_too"].value():
        return chosen.active
    return tuple(hold for hold in chosen.active if not hold.forced)


def _posting_hint(holds: Sequence[Hold]) -> str:
    what = ", ".join(afterwards.documents(holds))
    return f"{what[:1].upper()}{what[1:]}, with the settings of the original attempt. It cannot be undone."


class RejectDialog(DecisionDialog):
    """`/holds/reject/?hold=H-1`."""

    looks = Action.REJECT
    template = "holds/reject.html"
    verb = "Reject"
    done = "rejected"
    undoable = False
    kind = "reject_holds"

    def form(self, chosen: Selection, data: QueryDict | None = None) -> RejectForm:
        """Only reasons that are valid for the chosen legal entities."""
        return RejectForm(
            data,
            reasons=reasons_of(Reason.Type.RELEASE, chosen.entities),
            entities=chosen.entities,
            may_cancel=all(self.may(Action.CANCEL_ORDER, entity) for entity in chosen.entities),
        )

    def more(self, chosen: Selection, form: Form) -> dict[str, Any]:
        """What becomes of the order, in words."""
        return {**super().more(chosen, form), "order_hints": ORDER_HINTS}

    def given(self, form: Form) -> dict[str, Any]:
        """Why, and what becomes of the orders."""
        cancels = isinstance(form, RejectForm) and form.cancels
        return {
            "reason": form.cleaned_data["reason"] or None, "note": form.cleaned_data["note"], "cancel_order": cancels,
        }  # fmt: skip

    def decide(self, chosen: Selection, form: Form) -> BulkResult:
        """Reject them."""
        given: Mapping[str, Any] = form.cleaned_data
        return reject_holds(
            ids=[hold.pk for hold in chosen.active],
            versions=chosen.versions,
            reason=given["reason"] or None,
            note=given["note"],
            cancel_order=isinstance(form, RejectForm) and form.cancels,
            actor=self.actor,
            at=self.now,
        )

    def said(self, chosen: Selection, form: Form, result: BulkResult) -> str:
        """Also that the orders were cancelled."""
        said = super().said(chosen, form, result)
        if not (isinstance(form, RejectForm) and form.cancels):
            return said
        return f"{said[:-1]}, {'order' if len(result.succeeded) == 1 else 'orders'} cancelled."


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
