"""Evaluate for release (`ux.md` 3.5, `domain 7`): choose which holds, start the job, watch it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse

from customers import access
from customers.access import Action
from customers.errors import InvalidInput
from customers.models import Customer
from customers.views import PageView, add_errors
from holds.evaluation import MOST_SELECTED, start_evaluation
from holds.forms import EvaluateForm
from holds.lists import FILTERS, matching_holds
from holds.outdated import MOST_COUNTED, decided_by_other_rules, when_ready
from holds.pages.selection import Selection, plural, selection

EVERYTHING = "all"


@dataclass(frozen=True, slots=True)
class Scope:
    """One answer to *which holds*: words, a hint, and the job's parameters."""

    label: str
    hint: str
    parameters: Mapping[str, Any]


class EvaluateDialog(PageView):
    """`/holds/evaluate/?hold=…`, `?customer=NL01:C-1`, or with the filters of the list."""

    looks = Action.EVALUATE
    section = "holds"

    def get(self, request: HttpRequest) -> HttpResponse:
        """The dialog, or the same as a page."""
        scopes = self._scopes(request.GET)
        asked = request.GET.get("scope", "")
        scope = asked if asked in scopes else next(iter(scopes), "")
        # Chosen for this scope already, or not asked yet: then a preview where everything is evaluated.
        chosen = request.GET.get("preview_for") == scope
        preview = "preview" in request.GET if chosen else scope == EVERYTHING
        return self._show(scopes, self._form(scopes, None, scope, preview=preview), request.GET)

    def post(self, request: HttpRequest) -> HttpResponse:
        """Start the job and show it."""
        scopes = self._scopes(request.POST)
        form = self._form(scopes, request.POST)
        if not form.is_valid():
            return self._show(scopes, form, request.POST, status=422)
        scope = form.cleaned_data["scope"]
        parameters = dict(scopes[scope].parameters)
        if form.cleaned_data["preview"] or (scope == EVERYTHING and form.cleaned_data["preview_for"] != EVERYTHING):
            parameters["preview"] = True
        try:
            job = start_evaluation(parameters=parameters, actor=self.actor, now=self.now)
        except InvalidInput as problem:
            add_errors(form, problem)
            return self._show(scopes, form, request.POST, status=422)
        if job.created_at != self.now:
            messages.info(request, "This run is under way already.")
        return self.go(reverse("job", args=[job.pk]))

    def _scopes(self, params: QueryDict) -> dict[str, Scope]:
        """What can be chosen here, narrowest first."""
        scopes: dict[str, Scope] = {}
        named = params.getlist("hold") or params.get("selected")
        chosen = selection(params, self.actor, most=MOST_SELECTED) if named else Selection((), {})
        if chosen.active:
            ids = [str(hold.pk) for hold in chosen.active]
            label = chosen.active[0].order.number if len(ids) == 1 else plural(len(ids), "selected hold")
            scopes["selected"] = Scope(label, chosen.summary(), {"holds": ids})
        for customer in self._customers(params, chosen):
            scopes["customer"] = Scope(f"All holds of {customer.name}", customer.key, {"customer": customer.key})
        if any(params.getlist(key) for key in (*FILTERS, "view")) and not chosen.active:
            found = matching_holds(params, actor=self.actor, now=self.now, today=self.today)
            if found:
                label = f"{plural(len(found), 'hold')} of the list as it is filtered"
                scopes["view"] = Scope(label, "", {"holds": [str(item) for item in found]})
        if self.may(Action.EVALUATE_ALL):
            entities = self.actor.entities(Action.EVALUATE_ALL)
            where = ", ".join(sorted(entities)) if entities else "every legal entity"
            scopes[EVERYTHING] = Scope("All open holds", f"Of {where}, oldest hold first.", {})
        return scopes

    def _customers(self, params: QueryDict, chosen: Selection) -> list[Customer]:
        """The customer named in the address, or the one of all chosen holds."""
        payers = {hold.payer_id: hold.payer for hold in chosen.active}
        if payers:
            return list(payers.values()) if len(payers) == 1 else []
        entity, _, account = params.get("customer", "").partition(":")
        visible = access.scoped(Customer.objects.all(), self.actor, Action.EVALUATE)
        return list(visible.filter(legal_entity=entity, account=account)) if account else []

    def _form(
        self, scopes: Mapping[str, Scope], data: QueryDict | None, scope: str = "", *, preview: bool = False
    ) -> EvaluateForm:
        choices = [(name, found.label) for name, found in scopes.items()]
        initial = {"scope": scope, "preview": preview, "preview_for": scope}
        return EvaluateForm(data, scopes=choices, initial=initial)

    def _outdated(self) -> str:
        """How many holds know other rules than today's, in words; empty where none does."""
        count = decided_by_other_rules(self.actor)
        several = f"{plural(count, 'hold')} or more" if count == MOST_COUNTED else plural(count, "hold")
        was = "was" if count == 1 else "were"
        return f"{several} {was} last evaluated under earlier ones." if count else ""

    def _show(
        self, scopes: Mapping[str, Scope], form: EvaluateForm, params: QueryDict, status: int = 200
    ) -> HttpResponse:
        kept = [(key, value) for key in ("hold", "selected", "was", "view", *FILTERS) for value in params.getlist(key)]
        return self.page(
            "holds/evaluate.html",
            {
                "form": form,
                "hints": {name: scope.hint for name, scope in scopes.items()},
                "kept": kept,
                "afterwards": when_ready(self.actor.entities(Action.EVALUATE)),
                "outdated": self._outdated(),
                "action_url": self.request.path,
                "cancel_url": reverse("hold-list"),
                "dialog_heading": "Evaluate for release",
            },
            status=status,
        )
