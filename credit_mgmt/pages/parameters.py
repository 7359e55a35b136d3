"""Parameters (`domain 10`, `ux.md` 3.11): the default row and that of each legal entity, in three sections."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse

from credit_mgmt.models import Parameters
from credit_mgmt.pages.setup_base import Item, SetupView, touched
from credit_mgmt.parameter_setup import DEFAULT, KIND, REASONS, parameters_version, save_parameters
from credit_mgmt.setup import counts
from credit_mgmt.setup.forms import ParametersForm
from credit_mgmt.setup.health import checkpoint_words, listed
from credit_mgmt.setup.words import NAMES, PARAMETERS, SECTIONS
from customers import access
from customers.errors import InvalidInput, Refused
from customers.numbers import grouped
from customers.views import add_errors

Rows = Mapping[str | None, Parameters]


class ParameterListPage(SetupView):
    """GET `/setup/parameters/`: all entities, and where a legal entity differs."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """The default row, and every legal entity that the reader sees."""
        rows, entities = parameter_rows(self.actor), self.entities
        default = rows.get(None)
        listed_rows = [(None, "All entities"), *((item.code, f"{item.code} {item.name}") for item in entities)]
        return self.page(
            "credit_mgmt/parameter_list.html",
            {
                "rows": [
                    {
                        "label": label,
                        "url": reverse("parameters", args=[code or DEFAULT]),
                        "own": code in rows,
                        "differs": _differs(rows, code),
                        "row": rows.get(code) or default,
                        "checked": checkpoint_words(rows.get(code) or default),
                    }
                    for code, label in listed_rows
                ],
                "crumbs": self.crumbs(("Parameters", "")),
            },
        )


class ParametersPage(SetupView):
    """`/setup/parameters/default/` and `/setup/parameters/NL01/`."""

    def get(self, request: HttpRequest, code: str) -> HttpResponse:
        """The form for administrators, the values for everybody else."""
        entity, rows = self._entity(code), parameter_rows(self.actor)
        row = rows.get(entity) or rows.get(None)
        form = ParametersForm(instance=row, legal_entity=entity, initial={"seen": parameters_version(entity)})
        return self._show(form, entity, rows)

    def post(self, request: HttpRequest, code: str) -> HttpResponse:
        """Save all of it through the one service, or nothing."""
        entity, rows = self._entity(code), parameter_rows(self.actor)
        row = rows.get(entity) or rows.get(None)
        form = ParametersForm(request.POST, instance=row, legal_entity=entity)
        if not form.is_valid():
            return self._show(form, entity, rows, status=422)
        seen = form.cleaned_data["seen"]
        try:
            save_parameters(legal_entity=entity, values=form.given(), actor=self.actor, seen=seen)
        except InvalidInput as problem:
            add_errors(form, problem)
            return self._show(form, entity, parameter_rows(self.actor), status=422)
        except Refused as problem:
            return self._conflict(form, entity, problem)
        messages.success(request, "Parameters saved. They count from the next check on.")
        return self.go(reverse("parameters", args=[code]))

    def _conflict(self, form: ParametersForm, entity: str | None, problem: Refused) -> HttpResponse:
        """What was typed stays, and what is there now is named; saving again is meant then."""
        rows = parameter_rows(self.actor)
        now = rows.get(entity) or rows.get(None)
        given = form.given()
        different = [
            f"{PARAMETERS[name].label}: {_words(now, name)}"
            for name in NAMES
            if now and _plain(now, name) != given[name]
        ]
        data = self.request.POST.copy()
        data["seen"] = str(parameters_version(entity))
        form.data = data
        conflict = {"text": problem.message, "now": different}
        return self._show(form, entity, rows, conflict=conflict, status=409)

    def _entity(self, code: str) -> str | None:
        """The legal entity of the address, or None for the default row. Raises `Http404`."""
        if code == DEFAULT:
            return None
        if not any(entity.code == code for entity in self.entities):
            raise Http404(f"Legal entity {code} was not found.")
        return code

    def _show(
        self,
        form: ParametersForm,
        entity: str | None,
        rows: Rows,
        *,
        conflict: Item | None = None,
        status: int = 200,
    ) -> HttpResponse:
        own = entity in rows
        title = entity or "All entities"
        row = rows.get(entity) or rows.get(None)
        notes = self._notes(entity, rows)
        query = f"?entity={entity}" if entity else ""
        return self.page(
            "credit_mgmt/parameters.html",
            {
                "form": form,
                "sections": form.sections(notes),
                "read": _read(row, notes) if row else [],
                "entity": entity,
                "own": own,
                "title": title,
                "heading": f"Parameters of {entity or 'all entities'}",
                "conflict": conflict,
                "may_edit": self.may_set_up(entity),
                "checked": checkpoint_words(row),
                "checkpoints_url": reverse("setup-checkpoints") + query,
                "events": self.history(KIND, entity or DEFAULT),
                "back_url": reverse("parameter-list"),
                "crumbs": self.crumbs(("Parameters", reverse("parameter-list")), (title, "")),
            },
            status=status,
        )

    def _notes(self, entity: str | None, rows: Rows) -> dict[str, list[str]]:
        """By parameter: what a change touches, and who differs (`ux.md` 3.11)."""
        without = [code for code in rows if code is not None]
        customers = counts.of_parameters(self.actor, only=entity, without=without)
        holds = self.holds.of_parameters(self.actor, only=entity, without=without) if self.holds else {}
        notes: dict[str, list[str]] = {}
        for name in NAMES:
            lines = [touched(((holds.get(name, 0), "open hold"), (customers.get(name, 0), "customer"))),
                     _compared(rows, entity, name)]  # fmt: skip
            notes[name] = [line for line in lines if line]
        return notes


def parameter_rows(actor: access.Actor) -> dict[str | None, Parameters]:
    """The default row (None) and those of the legal entities that `actor` sees: two queries."""
    rows = Parameters.objects.select_related(*REASONS).prefetch_related("checkpoints").order_by("pk")
    return {row.legal_entity_id: row for row in access.scoped(rows, actor, shared=True)}


def _plain(row: Parameters, name: str) -> Any:
    """A value as the services take it: a reason as its code."""
    value = getattr(row, name)
    return getattr(value, "code", value)


def _differs(rows: Rows, entity: str | None) -> list[str]:
    """What a legal entity's own row has otherwise than the default row, in words."""
    own, default = rows.get(entity), rows.get(None)
    if entity is None or own is None or default is None:
        return []
    return [PARAMETERS[name].label for name in NAMES if _plain(own, name) != _plain(default, name)]


def _compared(rows: Rows, entity: str | None, name: str) -> str:
    """`NL01 and US01 differ.` on the default row; `All entities: Yes.` where a legal entity's own row differs."""
    default = rows.get(None)
    if default is None:
        return ""
    if entity is not None:
        own = rows.get(entity)
        differs = own is not None and _plain(own, name) != _plain(default, name)
        return f"All entities: {_words(default, name)}." if differs else ""
    others = [code for code, row in rows.items() if code and _plain(row, name) != _plain(default, name)]
    return f"{listed(sorted(others))} {'differs' if len(others) == 1 else 'differ'}." if others else ""


def _read(row: Parameters, notes: Mapping[str, list[str]]) -> list[Item]:
    """The values in words, for those who may only read."""
    return [
        {
            "title": title,
            "items": [
                {"label": PARAMETERS[name].label, "value": _words(row, name), "hint": " ".join(notes[name])}
                for name in names
            ],
        }
        for _, title, names in SECTIONS
    ]


def _words(row: Parameters, name: str) -> str:
    shown = getattr(row, f"get_{name}_display", None)
    if shown is not None:
        return str(shown())
    value = getattr(row, name)
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, Decimal):
        return grouped(value.normalize())
    return "none" if value is None else str(getattr(value, "description", "") or value)
