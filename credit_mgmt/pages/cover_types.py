"""Types of guarantees and insurances, and coverage types (`ux.md` 3.11): one page lists them, one form changes each."""

from typing import Any

from django.contrib import messages
from django.db.models import Count, Model
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse

from credit_mgmt.cover.forms import TYPE_FORMS
from credit_mgmt.models import CoverageType, PolicyType
from customers.access import Action
from customers.errors import InvalidInput, Refused
from customers.imports import upsert_one
from customers.views import PageView, add_errors

Item = dict[str, Any]
MODELS: dict[str, type[Model]] = {"policy-types": PolicyType, "coverage-types": CoverageType}
WORDS = {"policy-types": "Insurance and guarantee type", "coverage-types": "Coverage type"}


class CoverTypesPage(PageView):
    """GET `/cover/types/`."""

    looks = Action.VIEW
    section = "cover"

    def get(self, request: HttpRequest) -> HttpResponse:
        """Both lists, with how many policies use each."""
        may_edit = self.may_edit()
        return self.page(
            "credit_mgmt/cover_types.html",
            {
                "groups": [
                    {
                        "kind": kind,
                        "title": f"{WORDS[kind]}s",
                        "has_kinds": model is PolicyType,
                        "rows": [_row(kind, row, may_edit) for row in _rows(model)],
                        "new_url": reverse("cover-type-new", args=[kind]) if may_edit else "",
                    }
                    for kind, model in MODELS.items()
                ],
            },
        )

    def may_edit(self) -> bool:
        """All legal entities share the types: the right is needed in all."""
        return self.actor.entities(Action.FEED) is None


def _rows(model: type[Model]) -> Any:
    return model._default_manager.annotate(used=Count("policies")).order_by("pk")


def _row(kind: str, row: Any, may_edit: bool) -> Item:
    return {"row": row, "url": reverse("cover-type", args=[kind, row.pk]) if may_edit else ""}


class CoverTypePage(PageView):
    """`/cover/types/policy-types/new/` and `/cover/types/policy-types/BANK/`."""

    looks = Action.FEED
    section = "cover"

    def get(self, request: HttpRequest, kind: str, code: str = "") -> HttpResponse:
        """The type as it is."""
        row = self._row(kind, code)
        initial = {name: getattr(row, name) for name in TYPE_FORMS[kind].base_fields} if row else {}
        return self._show(kind, code, TYPE_FORMS[kind](initial=initial))

    def post(self, request: HttpRequest, kind: str, code: str = "") -> HttpResponse:
        """Save through the one service; the code of what exists stays."""
        self._row(kind, code)
        form = TYPE_FORMS[kind]({**request.POST.dict(), **({"code": code} if code else {})})
        if not form.is_valid():
            return self._show(kind, code, form, status=422)
        try:
            self._refuse_twins(kind, code, form)
            upsert_one(kind, form.cleaned_data, actor=self.actor, today=None)
        except InvalidInput as problem:
            add_errors(form, problem)
            return self._show(kind, code, form, status=422)
        except Refused as problem:
            form.add_error(None, problem.message)
            return self._show(kind, code, form, status=409)
        messages.success(request, f"{WORDS[kind]} {form.cleaned_data['code']} saved.")
        return self.go(reverse("cover-types"))

    def _row(self, kind: str, code: str) -> Any:
        if kind not in MODELS:
            raise Http404(f"There is nothing called {kind} here.")
        self.require(Action.FEED, None)
        row = MODELS[kind]._default_manager.filter(pk=code).first() if code else None
        if code and row is None:
            raise Http404(f"{WORDS[kind]} {code} was not found.")
        return row

    @staticmethod
    def _refuse_twins(kind: str, code: str, form: Form) -> None:
        """A new type is not to replace one that happens to have its code."""
        wanted = form.cleaned_data["code"]
        if not code and MODELS[kind]._default_manager.filter(pk=wanted).exists():
            raise InvalidInput.of("code", "duplicate", f"{wanted} exists already: choose another code, or change it.")

    def _show(self, kind: str, code: str, form: Form, status: int = 200) -> HttpResponse:
        if code:
            form.fields["code"].disabled = True
        context = {"form": form, "title": WORDS[kind], "code": code, "back_url": reverse("cover-types")}
        return self.page("credit_mgmt/cover_type.html", context, status=status)
