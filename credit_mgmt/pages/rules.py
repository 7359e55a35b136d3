"""The editor of a rule (`ux.md` 3.10): a draft of the next version, as a sentence with inputs."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.urls import reverse

from credit_mgmt.engine.rules import types
from credit_mgmt.messages.health import finding_message
from credit_mgmt.models import RuleState, RuleVersion
from credit_mgmt.pages.rule_ladder import may_change
from credit_mgmt.policies import current_setup
from credit_mgmt.rules import change_rule, current_of, draft_rule
from credit_mgmt.rules.forms import RuleSentenceForm
from credit_mgmt.rules.health import findings_of
from credit_mgmt.rules.phrases import type_words
from credit_mgmt.rules.reading import versions_of
from credit_mgmt.rules.trying import as_typed
from credit_mgmt.rules.values import version_values
from credit_mgmt.rules.wording import reads_as
from customers.access import Action
from customers.errors import InvalidInput, NotFound, Refused
from customers.views import PageView, add_errors

Item = dict[str, Any]
EMPTY = {"action": "blocking", "valid_for": "all"}


def rule_or_404(page: PageView, code: str) -> list[RuleVersion]:
    """All versions of the rule of the address, latest first, as far as the reader may see them."""
    try:
        return versions_of(code, page.actor)
    except NotFound as problem:
        raise Http404(problem.message) from problem


def version_in(versions: list[RuleVersion], state: RuleState) -> RuleVersion | None:
    """The version in a state, where there is one."""
    return next((version for version in versions if version.state == state), None)


class RuleEditor(PageView):
    """What a new and an existing rule have in common: the sentence and its saving."""

    looks = Action.VIEW
    section = "rules"

    def show(self, form: RuleSentenceForm, versions: list[RuleVersion], status: int = 200) -> HttpResponse:
        """The sentence with inputs, or for readers what the rule says."""
        current = current_of(versions) if versions else None
        draft, shadow = version_in(versions, RuleState.DRAFT), version_in(versions, RuleState.SHADOW)
        may_edit = self.may(Action.SETUP) if current is None else may_change(self.actor, current)
        live = [version for version in versions if version.state != RuleState.RETIRED]
        context = {
            "form": form,
            "current": current,
            "draft": draft,
            "shadow": shadow,
            "standing": [(version, reads_as(version)) for version in reversed(live)],
            "others": len(versions) - len(live),
            "kind": form.kind,
            "kind_words": type_words(form.kind),
            "findings": self._findings(live),
            "note": _note(form.kind),
            "revision": draft.revision if draft else 0,
            "next_number": draft.number if draft else versions[0].number + 1 if versions else 1,
            "may_edit": may_edit,
            "actions": _actions(current, draft, shadow) if may_edit and current else [],
            "knows": self.may(Action.VIEW_EXPOSURE),
            "back_url": reverse("rule-list"),
        }
        return self.page("credit_mgmt/rule.html", context, status=status)

    def _findings(self, live: list[RuleVersion]) -> list[Item]:
        if not live:
            return []
        found = findings_of(live, actor=self.actor, today=self.today("UTC"))
        return [{"said": finding_message(one), "version": one.rule.version} for one in found]

    def save(self, data: QueryDict, kind: str, versions: list[RuleVersion]) -> HttpResponse:
        """Save as a draft through the one service; its errors stand beside their fields."""
        form = RuleSentenceForm(data, rule_type=kind)
        if not form.is_valid():
            return self.show(form, versions, status=422)
        try:
            saved = self._saved({**form.given(), "type": kind}, data, versions)
        except InvalidInput as problem:
            add_errors(form, problem)
            return self.show(form, versions, status=422)
        except Refused as problem:
            form.add_error(None, problem.message)
            return self.show(form, versions, status=409)
        messages.success(self.request, f"Draft of {saved.rule} saved. It holds nothing until it is activated.")
        return self.go(reverse("rule-edit", args=[saved.rule.code]))

    def _saved(self, values: Item, data: QueryDict, versions: list[RuleVersion]) -> RuleVersion:
        if not versions:
            return draft_rule(values=values, actor=self.actor, at=self.now)
        seen = str(data.get("revision", ""))
        revision = int(seen) if seen.isdecimal() else None
        rule = versions[0].rule_id
        return change_rule(rule=rule, values=values, actor=self.actor, at=self.now, replace=True, revision=revision)


class NewRulePage(RuleEditor):
    """`/rules/new/?type=days_overdue`; without a type, the types to choose from."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """An empty sentence of the type."""
        if not self.may(Action.SETUP):
            self.require(Action.SETUP, None)
        kind = request.GET.get("type", "")
        if not kind:
            choices = [{"label": type_words(name), "url": f"?type={name}"} for name in types]
            return self.page("credit_mgmt/rule_new.html", {"choices": choices})
        return self.show(RuleSentenceForm(rule_type=_known(kind), initial=EMPTY), [])

    def post(self, request: HttpRequest) -> HttpResponse:
        """Make its draft."""
        return self.save(request.POST, _known(request.GET.get("type", "")), [])


class RulePage(RuleEditor):
    """`/rules/<code>/`."""

    def get(self, request: HttpRequest, code: str) -> HttpResponse:
        """The rule as it counts, and its draft to go on with."""
        versions = rule_or_404(self, code)
        draft = version_in(versions, RuleState.DRAFT)
        initial = version_values(draft or current_of(versions))
        if draft is None:
            initial["why"] = ""
        return self.show(RuleSentenceForm(rule_type=versions[0].type, initial=initial), versions)

    def post(self, request: HttpRequest, code: str) -> HttpResponse:
        """Save the draft."""
        versions = rule_or_404(self, code)
        return self.save(request.POST, versions[0].type, versions)


class ReadsAs(PageView):
    """GET `/rules/reads/?type=days_overdue&days=30…`: what was typed so far, as a sentence, with its findings."""

    looks = Action.SETUP

    def get(self, request: HttpRequest) -> HttpResponse:
        """A fragment; empty while what was typed says nothing yet."""
        form = RuleSentenceForm(request.GET, rule_type=_known(request.GET.get("type", "")))
        form.fields["why"].required = form.fields["name"].required = False
        version = None
        if form.is_valid():
            values = {**form.given(), "type": form.kind}
            version = as_typed(values, rule=request.GET.get("rule", ""), actor=self.actor, at=self.now)
        context: Item = {"reads_as": "", "findings": []}
        if version is not None:
            found = findings_of([version], actor=self.actor, today=self.today("UTC"))
            mine = [finding_message(one) for one in found if one.rule.version == version.number]
            context = {"reads_as": reads_as(version), "findings": mine}
        return self.page("credit_mgmt/_reads_as.html", context)


def _known(kind: str) -> str:
    if kind not in types:
        raise Http404(f"There is no rule type {kind!r}.")
    return kind


def _note(kind: str) -> str:
    """What a parameter means for rules of the type, where it is not plain (`ux` 3.10, Particular inputs)."""
    row = current_setup().policy.parameters.get(None)
    if row is None:
        return ""
    if kind == "limit_expired":
        counts = "never counts as expired" if row.ignore_expiry_when_blank else "always counts as expired"
        return f"A limit without an expiration date {counts}, by the parameter."
    if types[kind].is_limit_check and not row.check_credit_limit:
        return "The credit limit of sales orders is not checked, by the parameter: such rules are not run."
    return ""


def _actions(current: RuleVersion, draft: RuleVersion | None, shadow: RuleVersion | None) -> list[Item]:
    """The steps that the rule may take now."""
    code = [current.rule.code]
    actions: list[Item] = []
    if draft or shadow:
        actions.append({"label": "Activate…", "url": reverse("rule-activate", args=code), "primary": True})
    if draft:
        actions.append({"label": "Run in shadow…", "url": reverse("rule-shadow", args=code)})
        actions.append({"label": "Discard draft…", "url": reverse("rule-discard", args=code)})
    if current.state in (RuleState.ACTIVE, RuleState.SHADOW):
        actions.append({"label": "Retire…", "url": reverse("rule-retire", args=code)})
    return [{**action, "dialog": True} for action in actions]
