"""Many rules at once (`ux.md` 3.10): the first three drafted, retired together, written to a file."""

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from credit_mgmt.models import RuleState, RuleVersion
from credit_mgmt.pages.rule_filters import narrowed, states_asked
from credit_mgmt.pages.rule_steps import WhyForm
from credit_mgmt.rules import retire_rule
from credit_mgmt.rules.ladders import ladders_of
from credit_mgmt.rules.reading import current_versions, live_versions
from credit_mgmt.rules.starters import draft_starters
from credit_mgmt.rules.values import COLUMNS, version_values
from credit_mgmt.rules.wording import reads_as
from customers.access import Action, NotAllowed
from customers.errors import InvalidInput, Refused
from customers.listing import Address
from customers.listing.files import FORMATS, as_csv, as_xlsx
from customers.views import PageView, add_errors

Item = dict[str, Any]
MOST_AT_ONCE = 200
HEADS = ("rule", "version", "state", "type", *COLUMNS)
"""The columns of a file of rules, by the names of the API."""


class RetireRules(PageView):
    """`/rules/retire/?rule=DO-01&rule=DO-02`: a dialog; each rule is retired or not by itself."""

    looks = Action.SETUP
    section = "rules"

    def get(self, request: HttpRequest) -> HttpResponse:
        """Ask first."""
        return self._ask(self._versions(request.GET.getlist("rule")), WhyForm())

    def post(self, request: HttpRequest) -> HttpResponse:
        """Retire them, and say which could not be."""
        versions = self._versions(request.POST.getlist("rule"))
        form = WhyForm(request.POST)
        if not form.is_valid():
            return self._ask(versions, form, status=422)
        retired, kept = [], []
        for version in versions:
            try:
                retire_rule(rule=version.rule_id, actor=self.actor, at=self.now, why=form.cleaned_data["why"])
                retired.append(version.rule.code)
            except InvalidInput as problem:
                add_errors(form, problem)
                return self._ask(versions, form, status=422)
            except (Refused, NotAllowed) as problem:
                kept.append(str(problem))
        if retired:
            messages.success(request, f"Retired: {', '.join(retired)}.")
        if kept:
            messages.error(request, f"Not retired: {' '.join(kept)}")
        return self.go(reverse("rule-list"))

    def _versions(self, codes: Sequence[str]) -> list[RuleVersion]:
        """What counts of these rules, as far as the reader may see it; one for each."""
        counting = (RuleState.ACTIVE, RuleState.SHADOW)
        rows = live_versions(self.actor).filter(rule__code__in=codes[:MOST_AT_ONCE], state__in=counting)
        return list({version.rule_id: version for version in rows}.values())

    def _ask(self, versions: list[RuleVersion], form: WhyForm, status: int = 200) -> HttpResponse:
        count = len(versions)
        context = {
            "versions": [(version, reads_as(version)) for version in versions],
            "form": form,
            "dialog_heading": f"Retire {count} rule{'' if count == 1 else 's'}" if count else "Retire rules",
            "action_url": self.request.path,
            "cancel_url": reverse("rule-list"),
        }
        return self.page("credit_mgmt/rules_retire.html", context, status=status)


class StartRules(PageView):
    """POST `/rules/start/`: draft the three rules to begin with."""

    looks = Action.SETUP
    section = "rules"

    def post(self, request: HttpRequest) -> HttpResponse:
        """Draft them through the one service."""
        drafts = draft_starters(actor=self.actor, at=self.now)
        codes = ", ".join(draft.rule.code for draft in drafts)
        messages.success(request, f"Drafted: {codes}. They hold nothing until they are activated.")
        return self.go(reverse("rule-list"))


class ExportRules(PageView):
    """GET `/rules/export/?format=xlsx&…`: the rules that the address asks for, by the names of the API."""

    looks = Action.VIEW
    section = "rules"

    def get(self, request: HttpRequest) -> HttpResponse:
        """The file, in the order of the ladders."""
        form = request.GET.get("format", "csv")
        form = form if form in FORMATS else "csv"
        rows = list(self._rows(Address(request.GET)))
        if form == "csv":
            content = as_csv([HEADS, *rows])
        else:
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "rules.xlsx"
                as_xlsx(path, "Rules", HEADS, rows)
                content = path.read_bytes()
        answer = HttpResponse(content, content_type=FORMATS[form])
        answer["Content-Disposition"] = f'attachment; filename="rules.{form}"'
        answer["X-Content-Type-Options"] = "nosniff"
        return answer

    def _rows(self, address: Address) -> Iterator[list[Any]]:
        """One row for each rule, of the version that stands for it: as the import takes them."""
        states = states_asked(address)
        rows = current_versions(self.actor).select_related("credit_management_group").order_by("rule__code")
        kind = address.one("type")
        for ladder in ladders_of([version for version in rows if version.state in states], since=self.today("UTC")):
            if kind in ("", ladder.type):
                for rung in narrowed(ladder.rungs, address):
                    yield _cells(rung.version)


def _cells(version: RuleVersion) -> list[Any]:
    values = version_values(version)
    flags = {"release_sales_order": "yes" if version.release_sales_order else "no"}
    said = {**values, **flags}
    return [version.rule.code, version.number, version.state, version.rule.type, *(said[name] for name in COLUMNS)]
