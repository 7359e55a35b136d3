"""Blocking and exclusion rules (`ux.md` 3.10): read in the order in which they are looked at, changed by a form."""

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.urls import reverse

from credit_mgmt.display import LEVELS
from credit_mgmt.engine.rules import types
from credit_mgmt.forms import RuleForm
from credit_mgmt.models import BlockingRule, RuleState, RuleVersion
from credit_mgmt.rules import change_rule, current_of, draft_rule
from credit_mgmt.rules.phrases import TYPE_WORDS, aim, condition, effect, sentence
from credit_mgmt.rules.reading import current_versions, versions_of
from credit_mgmt.rules.values import version_values
from customers.access import Action, Actor
from customers.errors import InvalidInput, NotFound, Refused
from customers.views import PageView, add_errors

Item = dict[str, Any]
LEVEL_ORDER = {"table": 0, "group": 1, "all": 2}


class RuleListPage(PageView):
    """GET `/rules/`: grouped by type, in ladder order."""

    looks = Action.VIEW
    section = "rules"

    def get(self, request: HttpRequest) -> HttpResponse:
        """The ladder of every type."""
        kind = request.GET.get("type", "")
        rules = sorted(current_versions(self.actor).select_related("credit_management_group"), key=_ladder_order)
        counts = {name: sum(version.type == name for version in rules) for name in types}
        may_edit = self.may(Action.SETUP)
        tabs = [{"label": "All", "url": "?", "count": len(rules), "active": kind not in types}]
        for name in types:
            words = TYPE_WORDS.get(name, name)
            tabs.append({"label": words, "url": f"?type={name}", "count": counts[name], "active": name == kind})
        groups = [
            {
                "type": name,
                "title": TYPE_WORDS.get(name, name),
                "rows": [_row(version, may_change(self.actor, version)) for version in rules if version.type == name],
                "new_url": f"{reverse('rule-new')}?type={name}" if may_edit else "",
            }
            for name in types
            if kind not in types or name == kind
        ]
        return self.page("credit_mgmt/rules.html", {"tabs": tabs, "groups": groups, "may_edit": may_edit})


class RuleEditor(PageView):
    """What a new and an existing rule have in common: the form and its saving."""

    looks = Action.VIEW
    section = "rules"

    def show(self, form: RuleForm, kind: str, versions: list[RuleVersion], status: int = 200) -> HttpResponse:
        """The form, or for readers what the rule says."""
        current = current_of(versions) if versions else None
        may_edit = self.may(Action.SETUP) if current is None else may_change(self.actor, current)
        draft = next((version for version in versions if version.state == RuleState.DRAFT), None)
        context = {
            "form": form,
            "current": current,
            "draft": draft,
            "versions": versions,
            "kind": kind,
            "kind_words": TYPE_WORDS.get(kind, kind),
            "sentence": sentence(current) if current else "",
            "draft_sentence": sentence(draft) if draft and draft != current else "",
            "revision": draft.revision if draft else 0,
            "may_edit": may_edit,
            "back_url": reverse("rule-list"),
            "why_not": ""
            if may_edit
            else "A credit administrator of every legal entity that the rule is for changes it.",
        }
        return self.page("credit_mgmt/rule.html", context, status=status)

    def save(self, data: QueryDict, kind: str, versions: list[RuleVersion]) -> HttpResponse:
        """Save as a draft through the one service; its errors stand beside their fields."""
        form = RuleForm(data, rule_type=kind)
        if not form.is_valid():
            return self.show(form, kind, versions, status=422)
        values: Mapping[str, Any] = {**form.given(), "type": kind}
        try:
            saved = self._saved(values, data, versions)
        except InvalidInput as problem:
            add_errors(form, problem)
            return self.show(form, kind, versions, status=422)
        except Refused as problem:
            form.add_error(None, problem.message)
            return self.show(form, kind, versions, status=409)
        messages.success(self.request, f"Draft of {saved.rule} saved. It holds nothing until it is activated.")
        return self.go(reverse("rule-edit", args=[saved.rule.code]))

    def _saved(self, values: Mapping[str, Any], data: QueryDict, versions: list[RuleVersion]) -> RuleVersion:
        if not versions:
            return draft_rule(values=values, actor=self.actor, at=self.now)
        seen = str(data.get("revision", ""))
        revision = int(seen) if seen.isdecimal() else None
        rule = versions[0].rule_id
        return change_rule(rule=rule, values=values, actor=self.actor, at=self.now, replace=True, revision=revision)


class NewRulePage(RuleEditor):
    """`/rules/new/?type=days_overdue`."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """An empty rule of the type."""
        kind = _known(request.GET.get("type", ""))
        if not self.may(Action.SETUP):
            self.require(Action.SETUP, None)
        return self.show(RuleForm(rule_type=kind, initial={"action": "blocking", "valid_for": "all"}), kind, [])

    def post(self, request: HttpRequest) -> HttpResponse:
        """Make its draft."""
        return self.save(request.POST, _known(request.GET.get("type", "")), [])


class RulePage(RuleEditor):
    """`/rules/<code>/`."""

    def get(self, request: HttpRequest, code: str) -> HttpResponse:
        """The rule as it counts, and its draft to go on with."""
        versions = self._versions(code)
        draft = next((version for version in versions if version.state == RuleState.DRAFT), None)
        initial = version_values(draft or current_of(versions))
        if draft is None:
            initial["why"] = ""
        return self.show(RuleForm(rule_type=versions[0].type, initial=initial), versions[0].type, versions)

    def post(self, request: HttpRequest, code: str) -> HttpResponse:
        """Save the draft."""
        versions = self._versions(code)
        return self.save(request.POST, versions[0].type, versions)

    def _versions(self, code: str) -> list[RuleVersion]:
        try:
            return versions_of(code, self.actor)
        except NotFound as problem:
            raise Http404(problem.message) from problem


def may_change(actor: Actor, version: RuleVersion) -> bool:
    """Whether `actor` may change the rule: a shared one needs the right in every legal entity."""
    entities = actor.entities(Action.SETUP)
    return entities is None or version.legal_entity_id in entities


def _known(kind: str) -> str:
    if kind not in types:
        raise Http404(f"There is no rule type {kind!r}.")
    return kind


def _ladder_order(version: RuleVersion) -> tuple[Any, ...]:
    """Levels most specific first, blocking before exclusions, as they are looked at (`domain 4.4`)."""
    blocking = version.action == BlockingRule.Action.BLOCKING
    return (LEVEL_ORDER[version.valid_for], not blocking, version.rule.code)


def _row(version: RuleVersion, may_edit: bool) -> Item:
    step = {RuleState.ACTIVE: "retire", RuleState.SHADOW: "activate", RuleState.DRAFT: "activate"}
    verb = step.get(RuleState(version.state), "")
    return {
        "rule": version,
        "code": version.rule.code,
        "url": reverse("rule-edit", args=[version.rule.code]),
        "level": LEVELS[version.valid_for],
        "aim": aim(version),
        "effect": effect(version),
        "when": condition(version),
        "status": f"rule_{version.state}",
        "verb": verb.capitalize(),
        "step_url": reverse(f"rule-{verb}", args=[version.rule.code]) if may_edit and verb else "",
    }
