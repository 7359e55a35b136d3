"""Fit to headroom (`ux.md` 3.1): the orders of a customer or a credit group that its free limit carries, chosen for a
release. A page that is its address: what is expected, in which order, what is set aside."""

from decimal import Decimal
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from credit_mgmt import messages
from credit_mgmt.engine.decision import Reason
from credit_mgmt.engine.fitting import Aside, identity
from credit_mgmt.masking import Mask
from credit_mgmt.messages.phrases import reason_label
from customers.access import Action
from customers.errors import InvalidInput
from customers.money import ZERO
from customers.views import PageView, add_errors
from holds.forms import FitForm
from holds.headroom import By, Fitting, Row, Scope, find_scope, fit_holds, promises_of, reason_word
from holds.pages.selection import inside, plural

Item = dict[str, Any]


class FitPage(PageView):
    """GET `/holds/fit/?customer=NL01:C-10427` or `?group=G1`."""

    looks = Action.VIEW_EXPOSURE
    section = "holds"

    def get(self, request: HttpRequest) -> HttpResponse:
        """What fits, with the boxes ticked; the button opens the release dialog."""
        scope = find_scope(request.GET.get("customer", ""), request.GET.get("group", ""), self.actor)
        asked = request.GET.copy()
        asked.setdefault("by", By.SHIP.value)
        form = FitForm(asked)
        aside = tuple(reason_word(word) for word in request.GET.getlist("aside"))
        valid = form.is_valid()
        receipt = form.cleaned_data.get("receipt") or ZERO
        try:
            found = self._fit(scope, form, receipt, aside)
        except InvalidInput as problem:
            add_errors(form, problem)
            found, valid = self._fit(scope, form, ZERO, aside), False
        context = {
            "form": form,
            "scope": scope,
            "found": found,
            "rows": [_row(row) for row in found.rows],
            "asides": [_aside_choice(reason, aside) for reason in found.may_set_aside],
            "promises": self._promises(scope, found),
            "back": inside(request.GET.get("next", "")) or reverse("hold-list"),
            "release_url": reverse("hold-release") if self.may(Action.RELEASE) else "",
            "note": _note(found, aside),
            "nouns": plural(len(found.chosen), "order"),
            "mask": Mask(self.actor),
        }
        return self.page("holds/fit.html", context, status=200 if valid else 422)

    def _fit(self, scope: Scope, form: FitForm, receipt: Decimal, aside: tuple[Aside, ...]) -> Fitting:
        by = By(form.cleaned_data.get("by") or By.SHIP)
        return fit_holds(scope, by=by, receipt=receipt, aside=aside, actor=self.actor, today=self.today_of)

    def _promises(self, scope: Scope, found: Fitting) -> list[Item]:
        """What was promised, as links that take it for received."""
        if scope.payer is None:
            return []
        items = []
        for promise in promises_of(scope.payer, self.today_of(scope.payer.legal_entity_id)):
            query = self.request.GET.copy()
            query["receipt"] = f"{promise.amount:f}"
            items.append({"on": promise.on, "amount": promise.amount, "url": f"?{query.urlencode()}"})
        return items


def _aside_choice(reason: Reason, aside: tuple[Aside, ...]) -> Item:
    rule = reason.evidence.get("rule_name", "")
    label = reason_label(reason.type)
    return {
        "value": ":".join(identity(reason)),
        "label": f"{label}, {rule}" if rule and rule != reason.type else label,
        "checked": identity(reason) in aside,
    }


def _row(row: Row) -> Item:
    """The row with what is against it, as the chips of the list say it."""
    chips = [messages.reason_chip(reason) for reason in row.against]
    return {"row": row, "against": ", ".join(f"{chip.text}" for chip in chips)}


def _note(found: Fitting, aside: tuple[Aside, ...]) -> str:
    """What the release's note begins with where a rule was set aside: it needs a reason."""
    names = [_aside_choice(reason, aside)["label"] for reason in found.may_set_aside if identity(reason) in aside]
    return f"Set aside: {'; '.join(names)}. " if names else ""
