"""Parameters (`domain 10`): the default row and that of each legal entity, with the matrix of checkpoints."""

from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse

from credit_mgmt.forms import PARAMETER_GROUPS, ParametersForm, checkpoint_forms, parameter_words
from credit_mgmt.models import Parameters
from credit_mgmt.parameter_setup import save_parameters
from customers import access
from customers.access import Action
from customers.errors import InvalidInput
from customers.models import LegalEntity
from customers.numbers import grouped
from customers.views import PageView, add_errors

Item = dict[str, Any]
DEFAULT = "default"


class ParameterListPage(PageView):
    """GET `/parameters/`: which legal entity has a row of its own."""

    looks = Action.VIEW
    section = "parameters"

    def get(self, request: HttpRequest) -> HttpResponse:
        """Every legal entity that the reader sees, and the default row."""
        entities = access.scoped(LegalEntity.objects.all(), self.actor, path="code").order_by("code")
        rows = {row.legal_entity_id: row for row in Parameters.objects.prefetch_related("checkpoints").order_by("pk")}
        default = rows.get(None)
        listed = [
            (None, "Default", default),
            *((item.code, f"{item.code} {item.name}", rows.get(item.code)) for item in entities),
        ]
        return self.page(
            "credit_mgmt/parameter_list.html",
            {
                "rows": [
                    {
                        "label": label,
                        "url": reverse("parameters", args=[code or DEFAULT]),
                        "own": row is not None,
                        "row": row or default,
                        "checked": _checked(row or default),
                    }
                    for code, label, row in listed
                ],
            },
        )


class ParametersPage(PageView):
    """`/parameters/default/` and `/parameters/NL01/`."""

    looks = Action.VIEW
    section = "parameters"

    def get(self, request: HttpRequest, code: str) -> HttpResponse:
        """The form for administrators, the values for everybody else."""
        entity = self._entity(code)
        row, own = _row_of(entity)
        form = ParametersForm(instance=row, legal_entity=entity)
        return self._show(form, checkpoint_forms(row), entity, row, own=own)

    def post(self, request: HttpRequest, code: str) -> HttpResponse:
        """Save all of it through the one service, or nothing."""
        entity = self._entity(code)
        row, own = _row_of(entity)
        form = ParametersForm(request.POST, instance=Parameters(legal_entity_id=entity), legal_entity=entity)
        checkpoints = checkpoint_forms(row, request.POST)
        if not all([form.is_valid(), *(item.is_valid() for item in checkpoints)]):
            return self._show(form, checkpoints, entity, row, own=own, status=422)
        values = {name: _plain(value) for name, value in form.cleaned_data.items()}
        values["checkpoints"] = [item.given() for item in checkpoints]
        try:
            save_parameters(legal_entity=entity, values=values, actor=self.actor)
        except InvalidInput as problem:
            add_errors(form, problem)
            return self._show(form, checkpoints, entity, row, own=own, status=422)
        messages.success(request, "Parameters saved. They count from the next check on.")
        return self.go(reverse("parameters", args=[code]))

    def _entity(self, code: str) -> str | None:
        if code == DEFAULT:
            return None
        visible = access.scoped(LegalEntity.objects.all(), self.actor, path="code")
        if not visible.filter(code=code).exists():
            raise Http404(f"Legal entity {code} was not found.")
        return code

    def _show(
        self,
        form: ParametersForm,
        checkpoints: list[Any],
        entity: str | None,
        row: Parameters | None,
        *,
        own: bool,
        status: int = 200,
    ) -> HttpResponse:
        may_edit = self.actor.entities(Action.SETUP) is None or (entity is not None and self.may(Action.SETUP, entity))
        return self.page(
            "credit_mgmt/parameters.html",
            {
                "form": form,
                "checkpoints": checkpoints,
                "entity": entity,
                "own": own,
                "title": entity or "Default parameters",
                "may_edit": may_edit,
                "groups": _read(row) if row else [],
                "settings": list(row.checkpoints.order_by("pk")) if row and row.pk else [],
                "back_url": reverse("parameter-list"),
            },
            status=status,
        )


def _row_of(entity: str | None) -> tuple[Parameters | None, bool]:
    """The row of a legal entity, or the default row in its place; and whether it is its own."""
    own = Parameters.objects.filter(legal_entity=entity).first()
    return (own, True) if own else (Parameters.objects.filter(legal_entity=None).first(), False)


def _plain(value: Any) -> Any:
    """A reason as its code: services take the words of `api.md`."""
    return getattr(value, "code", value)


def _checked(row: Parameters | None) -> str:
    """The documents that are checked, in words."""
    if row is None:
        return "No parameters: every order is held, as it cannot be evaluated"
    checked = [setting.get_document_display() for setting in row.checkpoints.all() if setting.posting]
    return ", ".join(checked) or "No document is checked"


def _read(row: Parameters) -> list[tuple[str, list[Item]]]:
    """The values in words, for those who may only read."""
    return [
        (title, [{"label": parameter_words(name), "value": _words(row, name)} for name in names])
        for title, names in PARAMETER_GROUPS
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
    return "–" if value is None else str(getattr(value, "description", "") or value)
