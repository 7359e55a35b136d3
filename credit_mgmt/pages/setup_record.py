"""One record of the master data (`ux.md` 3.11): edited, closed and opened again, deleted while nothing uses it."""

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from credit_mgmt.pages.setup_base import Item
from credit_mgmt.pages.setup_records import TITLES, RecordView
from credit_mgmt.setup.forms import RecordForm
from credit_mgmt.setup.uses import Use, uses_of_kind
from customers.access import Action, authorize
from customers.errors import InvalidInput, Refused
from customers.imports.usage import users_of
from customers.setup import Kind, change_record, delete_record, find_record, version_of
from customers.views import add_errors


class OneRecordView(RecordView):
    """A page about one record."""

    def record(self, kind: str, key: str) -> tuple[Kind, Any]:
        """The record of the address, that the reader may see. Raises `NotFound`, `OutOfScope`."""
        about, found = self.kind(kind), find_record(kind, key)
        if entity := getattr(found, "legal_entity_id", None):
            authorize(self.actor, Action.VIEW, entity, f"{about.word} {key}")
        return about, found

    def uses(self, kind: Kind, record: Any) -> list[Use]:
        """What uses it, counted."""
        return list(uses_of_kind(kind, self.actor, self.holds, now=self.now).get(str(record.pk), []))

    @property
    def seen(self) -> int:
        """The version at which the screen was drawn that is being sent."""
        typed = self.request.POST.get("seen", "")
        return int(typed) if typed.isdecimal() else 0


class RecordPage(OneRecordView):
    """`/setup/reasons/release:PAID/`."""

    def get(self, request: HttpRequest, kind: str, key: str) -> HttpResponse:
        """The record as it is."""
        about, record = self.record(kind, key)
        form = self._form(kind, record)
        return self._show(about, key, record, form, version_of(kind, key))

    def post(self, request: HttpRequest, kind: str, key: str) -> HttpResponse:
        """Save what was changed; the key of what exists stays."""
        about, record = self.record(kind, key)
        fixed = {part: getattr(record, part) for part in about.key}
        form = self._form(kind, record, {**request.POST.dict(), **fixed})
        if not form.is_valid():
            return self._show(about, key, record, form, self.seen, status=422)
        values = {name: value for name, value in form.given().items() if name not in fixed}
        try:
            changed = change_record(kind=kind, key=key, values=values, seen=self.seen, actor=self.actor)
        except InvalidInput as problem:
            add_errors(form, problem)
            return self._show(about, key, record, form, self.seen, status=422)
        except Refused as problem:
            if problem.code != "stale":
                form.add_error(problem.extra.get("field"), problem.message)
                return self._show(about, key, record, form, self.seen, status=409)
            return self._conflict(about, key, form, problem)
        messages.success(request, f"{about.word} {key} saved." if changed else "Nothing was changed.")
        return self.go(reverse("setup-records", args=[kind]))

    def _form(self, kind: str, record: Any, data: Mapping[str, Any] | None = None) -> RecordForm:
        form = self.record_form(kind, data)
        form.initial = _initial(record, form)
        return form

    def _conflict(self, kind: Kind, key: str, form: RecordForm, problem: Refused) -> HttpResponse:
        """What was typed stays, and what is there now is named; saving again is meant then."""
        record = find_record(kind.slug, key)
        there = _initial(record, form)
        given = form.given()
        now = [
            f"{field.label}: {_shown(there[name])}" for name, field in form.fields.items()
            if (there[name] or None) != (given[name] or None)
        ]  # fmt: skip
        conflict = {"text": problem.message, "now": now}
        return self._show(kind, key, record, form, version_of(kind.slug, key), conflict=conflict, status=409)

    def _show(
        self,
        kind: Kind,
        key: str,
        record: Any,
        form: RecordForm,
        seen: int,
        *,
        conflict: Item | None = None,
        status: int = 200,
    ) -> HttpResponse:
        uses = self.uses(kind, record)
        for part in kind.key:
            form.fields[part].disabled = True
        list_url = reverse("setup-records", args=[kind.slug])
        return self.page(
            "credit_mgmt/setup_record.html",
            {
                "form": form,
                "record": record,
                "key": key,
                "title": f"{kind.word} {getattr(record, 'code', key)}",
                "uses": uses,
                "open_holds": sum(use.open_holds for use in uses),
                "seen": seen,
                "conflict": conflict,
                "may_edit": self.may_set_up(getattr(record, "legal_entity_id", None)),
                "read": [{"label": field.label, "value": _shown(_initial(record, form)[name])}
                         for name, field in form.fields.items()],
                "switch_url": reverse("setup-switch", args=[kind.slug, key]),
                "delete_url": reverse("setup-delete", args=[kind.slug, key]),
                "back_url": list_url,
                "events": self.history(kind.slug, key),
                "crumbs": self.crumbs((TITLES[kind.slug], list_url), (key, "")),
            },
            status=status,
        )  # fmt: skip


class SwitchPage(OneRecordView):
    """POST `/setup/reasons/release:PAID/open/`: close it for new use, or open it again."""

    looks = Action.SETUP

    def post(self, request: HttpRequest, kind: str, key: str) -> HttpResponse:
        """Switch it, and back to its page."""
        about, _ = self.record(kind, key)
        opens = request.POST.get("open") == "1"
        try:
            change_record(kind=kind, key=key, values={"open": opens}, seen=self.seen, actor=self.actor)
        except Refused as problem:
            messages.error(request, problem.message)
        else:
            said = "is open again." if opens else "is closed: it stays where it is used, and nobody chooses it newly."
            messages.success(request, f"{about.word} {key} {said}")
        return self.go(reverse("setup-record", args=[kind, key]))


class DeletePage(OneRecordView):
    """`/setup/reasons/release:PAID/delete/`."""

    looks = Action.SETUP

    def get(self, request: HttpRequest, kind: str, key: str) -> HttpResponse:
        """Ask, or say what uses it."""
        about, record = self.record(kind, key)
        self.require(Action.SETUP, getattr(record, "legal_entity_id", None))
        return self._show(about, key, record, version_of(kind, key))

    def post(self, request: HttpRequest, kind: str, key: str) -> HttpResponse:
        """Delete it, unless somebody came to use it or changed it meanwhile."""
        about, record = self.record(kind, key)
        try:
            delete_record(kind=kind, key=key, seen=self.seen, actor=self.actor)
        except Refused as problem:
            return self._show(about, key, record, version_of(kind, key), why=problem.message, status=409)
        messages.success(request, f"{about.word} {key} deleted. Its history stays.")
        return self.go(reverse("setup-records", args=[kind]))

    def _show(self, kind: Kind, key: str, record: Any, seen: int, *, why: str = "", status: int = 200) -> HttpResponse:
        names = users_of(kind.model, [record.pk]).get(record.pk, [])
        return self.page(
            "credit_mgmt/setup_delete.html",
            {
                "word": kind.word,
                "key": key,
                "description": record.description,
                "used_by": ", ".join(names),
                "why": why,
                "seen": seen,
                "danger": True,
                "nothing_to_do": bool(names),
                "dialog_heading": f"Delete {key}",
                "action_url": reverse("setup-delete", args=[kind.slug, key]),
                "cancel_url": reverse("setup-record", args=[kind.slug, key]),
            },
            status=status,
        )


def _initial(record: Any, form: RecordForm) -> dict[str, Any]:
    """The record's values as its form takes them."""
    names: Mapping[str, str] = {"legal_entity": "legal_entity_id"}
    values = {name: getattr(record, names.get(name, name)) for name in form.fields}
    return {name: f"{value.normalize():f}" if name == "percent" else value for name, value in values.items()}


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "none" if value in (None, "") else str(value)
