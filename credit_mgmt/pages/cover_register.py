"""The register of insurance policies and guarantees over all customers (`ux.md` 3.11), and what is done with many."""

import datetime as dt
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse

from credit_mgmt.cover import NOTICE, cover_lines, save_policies
from credit_mgmt.cover.facts import in_force
from credit_mgmt.cover.file import as_csv
from credit_mgmt.forms import DateInput
from credit_mgmt.models import CoverPolicy
from credit_mgmt.models.cover import CoverKind
from credit_mgmt.pages.cover import RELATED, policy_row
from customers import access
from customers.access import Action
from customers.listing import Address, page_of, sort_keys
from customers.models import LegalEntity
from customers.views import PageView

Item = dict[str, Any]
SORTS = {"customer": "customer__name", "from": "effective_on", "to": "expires_on", "value": "value"}
COLUMNS = (
    ("customer", "Customer", ""), ("", "Kind", ""), ("", "Type", ""), ("", "Insurer or guarantor", ""),
    ("", "Coverage type", ""), ("", "Number", ""), ("from", "From", ""), ("to", "To", ""),
    ("value", "Value", "right"), ("", "Currency", ""), ("", "Counts %", "right"), ("", "In exposure", ""),
    ("", "Amount counted", "right"), ("", "Status", ""), ("", "End", ""),
)  # fmt: skip
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
YES_NO = {"yes": "Yes", "no": "No"}
BOUNDS = {"value_min": "value__gte", "value_max": "value__lte"}
DATES = {"from_min": "effective_on__gte", "from_max": "effective_on__lte", "to_min": "expires_on__gte",
         "to_max": "expires_on__lte"}  # fmt: skip
LABELS = {
    "kind": "Kind", "entity": "Entity", "customer": "Customer", "type": "Type", "coverage": "Coverage type",
    "currency": "Currency", "exposure": "In exposure", "value_min": "Value from", "value_max": "Value to",
    "from_min": "Begins from", "from_max": "Begins by", "to_min": "Ends from", "to_max": "Ends by", "q": "Search",
}  # fmt: skip
"""The keys of the address that narrow the register, as its chips call them."""
OnDay = Callable[[dt.date], Q]
VIEWS: dict[str, tuple[str, OnDay]] = {
    "in-force": ("In force", in_force),
    "expiring": ("Expiring in 30 days", lambda day: in_force(day) & Q(expires_on__lte=day + NOTICE)),
    "not-yet": ("Not yet", lambda day: Q(effective_on__gt=day)),
    "expired": ("Expired", lambda day: Q(expires_on__lt=day)),
    "all": ("All", lambda day: Q()),
}


class CoverRegister(PageView):
    """GET `/cover/`."""

    looks = Action.VIEW_EXPOSURE
    section = "cover"

    def get(self, request: HttpRequest) -> HttpResponse:
        """Policies by their last day, or as the address asks."""
        address = Address(request.GET, rows=self.rows)
        entities = access.scoped(LegalEntity.objects.all(), self.actor, self.looks, path="code").order_by("code")
        days = {entity.code: self.today(entity.time_zone) for entity in entities}
        slug = request.GET.get("view", "in-force")
        slug = slug if slug in VIEWS else "in-force"
        rows = access.scoped(CoverPolicy.objects.all(), self.actor, path="customer__legal_entity")
        rows = rows.filter(_on_its_day(VIEWS[slug][1], days), _narrowed(address, days, self.today("UTC")))
        if request.GET.get("format") == "csv":
            return _file(rows)
        return self.page("credit_mgmt/cover.html", self._context(address, slug, days, rows))

    def _context(self, address: Address, slug: str, days: Mapping[str, dt.date], rows: QuerySet[CoverPolicy]) -> Item:
        """The page of the register."""
        given = self.request.GET
        sort, keys = sort_keys(given.get("sort", ""), SORTS, ("to",), "id")
        place = {name: given.get(name, "") for name in ("after", "before")}
        page = page_of(rows.select_related(*RELATED), keys, per=address.per, **place)
        lines = cover_lines(page.rows, lambda entity: days[entity])
        return {
            "rows": [policy_row(line, self.actor) for line in lines],
            "tabs": [
                {"label": label, "url": address.url(view=name), "active": name == slug}
                for name, (label, _) in VIEWS.items()
            ],
            "search": {"name": "q", "value": address.one("q"), "placeholder": "Customer, insurer or number",
                       "label": "Search cover"},
            "filters": _filters(address, days),
            "exports": [{"label": "CSV", "url": address.url(format="csv")}],
            "hidden": [{"name": key, "value": given[key]} for key in ("view", "sort", "customer") if key in given],
            "chips": _chips(address),
            "problems": address.problems,
            "columns": address.heads(COLUMNS, sort),
            "pager": address.pager(page),
            "bulk_actions": _bulk(self),
            "actions": _actions(self),
        }  # fmt: skip


def _file(rows: QuerySet[CoverPolicy]) -> HttpResponse:
    """All rows that the address asks for, as the import page takes them."""
    policies = rows.select_related("customer", "currency").order_by("expires_on", "pk")
    disposition = {"Content-Disposition": 'attachment; filename="cover.csv"'}
    return HttpResponse(as_csv(policies), content_type="text/csv; charset=utf-8", headers=disposition)


def _on_its_day(view: OnDay, days: Mapping[str, dt.date]) -> Q:
    """What `view` means today, as each legal entity sees it (`domain 1`)."""
    condition = Q(pk__in=[])
    for day in sorted(set(days.values())):
        here = [code for code, today in days.items() if today == day]
        condition |= Q(customer__legal_entity__in=here) & view(day)
    return condition


def _narrowed(address: Address, days: Mapping[str, dt.date], today: dt.date) -> Q:
    """What the address asks for beside its view; relative days are seen from `today`."""
    condition = _words(address, days)
    for key, lookup in BOUNDS.items():
        number = address.number(key)
        condition &= Q() if number is None else Q(**{lookup: number})
    for key, lookup in DATES.items():
        day = address.day(key, today)
        condition &= Q() if day is None else Q(**{lookup: day})
    return condition


def _words(address: Address, days: Mapping[str, dt.date]) -> Q:
    condition = Q()
    for key, column in (("type", "type"), ("coverage", "coverage_type"), ("currency", "currency")):
        if words := address.all(key):
            condition &= Q(**{f"{column}__in": words})
    if included := address.choices("exposure", YES_NO):
        condition &= Q(included_in_exposure__in=[word == "yes" for word in included])
    if kinds := address.choices("kind", CoverKind.values):
        condition &= Q(identifier__in=kinds)
    if entities := address.choices("entity", days):
        condition &= Q(customer__legal_entity__in=entities)
    if key := address.one("customer"):
        entity, _, account = key.partition(":")
        condition &= Q(customer__legal_entity=entity, customer__account=account)
    if text := address.one("q"):
        paths = ("customer__account", "customer__name", "insurer__name", "insurer__number", "identification")
        found = Q()
        for path in paths:
            found |= Q(**{f"{path}__icontains": text})
        condition &= found
    return condition


def _filters(address: Address, days: Mapping[str, dt.date]) -> list[Item]:
    kinds, entities = address.all("kind"), address.all("entity")
    return [
        {
            "name": "kind",
            "label": "Kind",
            "summary": ", ".join(kind.label for kind in CoverKind if kind in kinds),
            "options": [{"value": kind.value, "label": kind.label, "selected": kind in kinds} for kind in CoverKind],
        },
        {
            "name": "entity",
            "label": "Entity",
            "summary": ", ".join(code for code in days if code in entities),
            "options": [{"value": code, "label": code, "selected": code in entities} for code in days],
        },
        _panel(address, "dates", "Dates", _fields(address, tuple(DATES), {"to_max": "+30d", "to_min": "+0d"})),
        _panel(address, "more", "More", [
            *_fields(address, ("type", "coverage", "currency", "value_min", "value_max"), {"currency": "EUR"}),
            {"name": "exposure", "label": LABELS["exposure"],
             "options": [{"value": word, "label": label, "selected": word == address.one("exposure")}
                         for word, label in YES_NO.items()]},
        ]),
    ]  # fmt: skip


def _fields(address: Address, names: Sequence[str], hints: Mapping[str, str]) -> list[Item]:
    return [
        {"name": name, "label": LABELS[name], "value": address.one(name), "hint": hints.get(name, "")} for name in names
    ]


def _panel(address: Address, name: str, label: str, fields: list[Item]) -> Item:
    applied = sum(1 for field in fields if address.one(field["name"]))
    return {"name": name, "label": label, "summary": str(applied) if applied else "", "fields": fields}


def _chips(address: Address) -> list[Item]:
    return [
        {"label": f"{label}: {YES_NO.get(word, word) if key == 'exposure' else word}",
         "remove_url": address.without(key, word)}
        for key, label in LABELS.items()
        for word in address.all(key)
    ]  # fmt: skip


def _bulk(page: PageView) -> list[Item]:
    if not page.may(Action.EDIT_INSURANCE):
        return []
    return [
        {"label": "End…", "url": reverse("cover-bulk-end"), "icon": "x"},
        {"label": "Change dates…", "url": reverse("cover-bulk-dates"), "icon": "clock"},
    ]


def _actions(page: PageView) -> list[Item]:
    actions: list[Item] = []
    if page.may(Action.EDIT_INSURANCE):
        actions.append({"label": "New policy…", "url": reverse("cover-new"), "icon": "plus"})
        actions.append({"label": "Import…", "url": reverse("cover-import"), "icon": "file-text"})
    if page.may(Action.VIEW):
        actions.append({"label": "Types", "url": reverse("cover-types"), "icon": "settings"})
    return actions


# --- many policies ----------------------------------------------------------------------------------------------------


class _EndForm(forms.Form):
    expires_on = forms.DateField(label="Last day", widget=DateInput, help_text="Counts up to and including this day.")


class _DatesForm(forms.Form):
    effective_on = forms.DateField(label="Effective on", required=False, widget=DateInput)
    expires_on = forms.DateField(
        label="Expires on", required=False, widget=DateInput, help_text="What is left empty stays as it is."
    )

    def clean(self) -> dict[str, Any]:
        """At least one of them."""
        given = {name: value for name, value in (super().clean() or {}).items() if value is not None}
        if not given and not self.errors:
            raise forms.ValidationError("Give a first day, a last day, or both.")
        return given


class CoverBulkDialog(PageView):
    """Dates of many policies: each succeeds or fails by itself, and both are said."""

    looks = Action.EDIT_INSURANCE
    section = "cover"
    verb = "Change dates"
    form_class: type[forms.Form] = _DatesForm

    def get(self, request: HttpRequest) -> HttpResponse:
        """Ask for the days."""
        return self._show(self._chosen(request.GET), self.form_class())

    def post(self, request: HttpRequest) -> HttpResponse:
        """Change them through the one service."""
        chosen, form = self._chosen(request.POST), self.form_class(request.POST)
        if not chosen or not form.is_valid():
            return self._show(chosen, form, status=422)
        rows, failed = [], {}
        for policy in chosen:
            if problem := self.refusal(policy, form.cleaned_data):
                failed[policy.pk] = problem
            else:
                rows.append({"id": policy.pk, **form.cleaned_data})
        results = save_policies(rows=rows, actor=self.actor, replace=False)
        for row, result in zip(rows, results, strict=True):
            if result.errors:
                failed[row["id"]] = result.errors[0].message
        count = len(chosen) - len(failed)
        done = f"{count} {'policy' if count == 1 else 'policies'} changed." if count else ""
        if not failed:
            messages.success(request, f"{done} The holds of their customers are looked at again.")
            return self.go(reverse("cover-register"))
        rest = [policy for policy in chosen if policy.pk in failed]
        outcomes = [{"policy": policy, "message": failed[policy.pk]} for policy in rest]
        return self._show(rest, form, status=422, outcomes=outcomes, said=done)

    def refusal(self, policy: CoverPolicy, given: Mapping[str, Any]) -> str:
        """Why a policy cannot be meant, before the service is asked."""
        return ""

    def _chosen(self, params: QueryDict) -> list[CoverPolicy]:
        """The policies of the address, as far as the reader may see them."""
        ids = [word for word in dict.fromkeys(params.getlist("policy")) if UUID.fullmatch(word)]
        rows = access.scoped(CoverPolicy.objects.filter(pk__in=ids), self.actor, path="customer__legal_entity")
        return list(rows.select_related(*RELATED).order_by("expires_on", "pk"))

    def _show(self, chosen: Sequence[CoverPolicy], form: forms.Form, status: int = 200, **more: Any) -> HttpResponse:
        count = len(chosen)
        context = {
            "form": form,
            "chosen": chosen,
            "verb": self.verb,
            "dialog_heading": f"{self.verb}: {count} {'policy' if count == 1 else 'policies'}",
            "action_url": self.request.path,
            "cancel_url": reverse("cover-register"),
            "nothing_to_do": not chosen,
        }
        return self.page("credit_mgmt/cover_bulk.html", {**context, **more}, status=status)


class EndPolicies(CoverBulkDialog):
    """`/cover/bulk/end/`: they count up to a day, and stay in the register."""

    verb = "End"
    form_class = _EndForm

    def refusal(self, policy: CoverPolicy, given: Mapping[str, Any]) -> str:
        """Ending is never later than agreed."""
        if given["expires_on"] <= policy.expires_on:
            return ""
        return f"It ends on {policy.expires_on} already: give an earlier day, or change its dates."


class ChangeDates(CoverBulkDialog):
    """`/cover/bulk/dates/`: another first or last day, of policies that were renewed together."""
