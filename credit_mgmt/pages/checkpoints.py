"""Checkpoints and grace days (`domain 5.1`, `ux.md` 3.11): a matrix, what it means, and a row to try it."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.urls import reverse

from credit_mgmt.engine.facts import CheckpointSetting
from credit_mgmt.engine.schedule import checkpoints_at_odds
from credit_mgmt.pages.parameters import parameter_rows
from credit_mgmt.pages.setup_base import Item, SetupView
from credit_mgmt.parameter_setup import DEFAULT, KIND, parameter_values, parameters_version, save_parameters
from credit_mgmt.setup.counts import AtCheckpoint
from credit_mgmt.setup.forms import CheckpointForm, checkpoint_forms
from credit_mgmt.setup.rehearsing import TryForm, first_days, meaning, tried
from customers.access import Action
from customers.errors import FieldError, InvalidInput, Refused

_PATH = re.compile(r"checkpoints\[(\d+)\]\.(\w+)")


class CheckpointsPage(SetupView):
    """`/setup/checkpoints/?entity=NL01`; without an entity, the default row."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """The matrix as it is set up."""
        entity = self._entity()
        return self._show(entity, checkpoint_forms(self._checkpoints(entity)), parameters_version(entity))

    def post(self, request: HttpRequest) -> HttpResponse:
        """Save the matrix, or, with `do=try`, only show what it would mean."""
        entity = self._entity()
        trying = request.POST.get("do") == "try"
        if not trying:
            self.require(Action.SETUP, entity)
        may_edit = self.may_set_up(entity)
        forms = checkpoint_forms(self._checkpoints(entity), request.POST if may_edit else None)
        seen = _number(request.POST.get("seen"))
        good = not may_edit or all([form.is_valid() for form in forms])
        if trying or not good:
            errors = [] if good else [FieldError("", "invalid", "Give whole numbers of days, or leave them empty.")]
            return self._show(entity, forms, seen, errors=errors, days=request.POST, status=200 if good else 422)
        try:
            values = {"checkpoints": [form.given() for form in forms]}
            save_parameters(legal_entity=entity, values=values, actor=self.actor, seen=seen)
        except InvalidInput as problem:
            return self._show(entity, forms, seen, errors=problem.errors, days=request.POST, status=422)
        except Refused as problem:
            return self._conflict(entity, forms, problem)
        messages.success(request, "Checkpoints saved. They count from the next check on.")
        return self.go(_address(entity))

    def _conflict(self, entity: str | None, forms: list[CheckpointForm], problem: Refused) -> HttpResponse:
        """What was typed stays, and what is there now is named; saving again is meant then."""
        now = checkpoint_forms(self._checkpoints(entity))
        different = [
            f"{form.label}: {_setting_words(there.initial)}" for form, there in zip(forms, now, strict=True)
            if _setting_words(form.cleaned_data) != _setting_words(there.initial)
        ]  # fmt: skip
        conflict = {"text": problem.message, "now": different}
        seen, days = parameters_version(entity), self.request.POST
        return self._show(entity, forms, seen, conflict=conflict, days=days, status=409)

    def _entity(self) -> str | None:
        """The legal entity that the address names, or None. Raises `Http404`."""
        code = self.request.GET.get("entity") or None
        if code is not None and not any(entity.code == code for entity in self.entities):
            raise Http404(f"Legal entity {code} was not found.")
        return code

    def _checkpoints(self, entity: str | None) -> list[Mapping[str, Any]]:
        rows = parameter_rows(self.actor)
        row = rows.get(entity) or rows.get(None)
        return parameter_values(row)["checkpoints"] if row else []

    def _show(
        self,
        entity: str | None,
        forms: list[CheckpointForm],
        seen: int,
        *,
        errors: Iterable[FieldError] = (),
        conflict: Item | None = None,
        days: QueryDict | None = None,
        status: int = 200,
    ) -> HttpResponse:
        settings = {form.document: CheckpointSetting(**_settings(form)) for form in forms}
        today = self.today_of(entity) if entity else self.today("UTC")
        try_form = TryForm(days, initial=first_days(settings, today))
        postings = try_form.postings() if days is None or try_form.is_valid() else []
        errors, own = list(errors), [code for code in parameter_rows(self.actor) if code is not None]
        return self.page(
            "credit_mgmt/checkpoints.html",
            {
                "rows": self._rows(entity, forms, settings, errors, own),
                "errors": [error.message for error in errors],
                "conflict": conflict,
                "seen": seen,
                "may_edit": self.may_set_up(entity),
                "meaning": meaning(settings),
                "try_form": try_form,
                "tried": tried(settings, postings),
                "entity": entity,
                "own": entity is None or entity in own,
                "scopes": self._scopes(entity),
                "address": _address(entity),
                "events": self.history(KIND, entity or DEFAULT),
                "crumbs": self.crumbs(("Checkpoints and grace", "")),
                "title": f"Checkpoints and grace, {entity or 'all entities'}",
            },
            status=status,
        )

    def _rows(
        self,
        entity: str | None,
        forms: list[CheckpointForm],
        settings: Mapping[str, CheckpointSetting],
        errors: Iterable[FieldError],
        own: list[str],
    ) -> list[Item]:
        """A row for each document; holds are counted where these very settings hold."""
        counted = self.holds.at_checkpoints(self.actor, now=self.now, only=entity, without=own) if self.holds else {}
        odd = checkpoints_at_odds(settings)
        wrong: dict[int, list[str]] = {}
        for error in errors:
            if match := _PATH.match(error.field):
                wrong.setdefault(int(match[1]), []).append(error.message)
        return [
            {
                "form": form,
                "counts": counted.get(form.document, AtCheckpoint()),
                "odd": form.document in odd,
                "wrong": [*wrong.get(place, ()), *(words for found in form.errors.values() for words in found)],
                **_settings(form),
            }
            for place, form in enumerate(forms)
        ]

    def _scopes(self, entity: str | None) -> list[Item]:
        """All entities, and each legal entity: which one's checkpoints are shown."""
        codes = [None, *(item.code for item in self.entities)]
        return [
            {"label": code or "All entities", "url": _address(code), "active": code == entity, "count": None}
            for code in codes
        ]


def _address(entity: str | None) -> str:
    return reverse("setup-checkpoints") + (f"?entity={entity}" if entity else "")


def _settings(form: CheckpointForm) -> dict[str, Any]:
    """What a row says: as typed where that can be read, else as it is set up."""
    given = getattr(form, "cleaned_data", {}) if form.is_bound else form.initial
    names = CheckpointForm.base_fields
    return {name: given.get(name, False if name in ("posting", "pro_forma") else None) for name in names}


def _setting_words(given: Mapping[str, Any]) -> str:
    parts = []
    for name, words in (("posting", "posting"), ("pro_forma", "pro forma")):
        days = given.get("grace_days" if name == "posting" else "pro_forma_grace_days")
        if given.get(name):
            parts.append(words if days is None else f"{words} with {days} days")
    return ", ".join(parts) or "off"


def _number(typed: str | None) -> int:
    return int(typed) if typed and typed.isdecimal() else 0
