"""Steps of a rule's life (`ux.md` 3.10): into shadow, activated, retired, restored, its draft discarded."""

from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse

from credit_mgmt.backtests.phrases import CHANGED, lines_of
from credit_mgmt.backtests.reading import backtests_of_rule, changed_since
from credit_mgmt.messages.health import finding_message
from credit_mgmt.models import RuleState, RuleVersion
from credit_mgmt.rules import (
    activate_rule,
    current_of,
    discard_draft,
    restore_version,
    retire_rule,
    start_shadow,
)
from credit_mgmt.rules.health import findings_of
from credit_mgmt.rules.reading import versions_of
from credit_mgmt.rules.wording import reads_as
from customers.access import Action
from customers.errors import InvalidInput, NotFound, Refused
from customers.views import PageView, add_errors

Item = dict[str, Any]


class WhyForm(forms.Form):
    """Why the step is taken."""

    why = forms.CharField(label="Why", max_length=300, help_text="Kept with the rule, for whoever asks later.")


class ShadowForm(WhyForm):
    """How long the draft runs in shadow."""

    field_order = ("days", "why")
    days = forms.IntegerField(
        label="Days", min_value=1, max_value=366, initial=14, widget=forms.TextInput(attrs={"inputmode": "numeric"})
    )


class RuleStep(PageView):
    """A dialog that takes one step with a rule."""

    looks = Action.SETUP
    section = "rules"
    form_class: ClassVar[type[forms.Form]] = WhyForm
    verb: ClassVar[str]
    meaning: ClassVar[str]

    def get(self, request: HttpRequest, code: str, **address: Any) -> HttpResponse:
        """Ask first."""
        return self._ask(self._versions(code), self.form_class(), address)

    def post(self, request: HttpRequest, code: str, **address: Any) -> HttpResponse:
        """Take the step through the one service."""
        versions = self._versions(code)
        form = self.form_class(request.POST)
        if not form.is_valid():
            return self._ask(versions, form, address, status=422)
        try:
            said = self.take(versions[0], **form.cleaned_data, **address)
        except InvalidInput as problem:
            add_errors(form, problem)
            return self._ask(versions, form, address, status=422)
        except Refused as problem:
            form.add_error(None, problem.message)
            return self._ask(versions, form, address, status=409)
        messages.success(request, said)
        return self.go(reverse("rule-edit", args=[code]))

    def take(self, version: RuleVersion, **given: Any) -> str:
        """Take the step and say what is now."""
        raise NotImplementedError

    def meant(self, versions: list[RuleVersion], address: Item) -> RuleVersion:
        """The version that the step is about."""
        return next((item for item in versions if item.state == RuleState.DRAFT), current_of(versions))

    def _ask(self, versions: list[RuleVersion], form: forms.Form, address: Item, status: int = 200) -> HttpResponse:
        version = self.meant(versions, address)
        context = {
            "version": version,
            "sentence": reads_as(version),
            "form": form,
            "verb": self.verb,
            "meaning": self.meaning,
            "dialog_heading": f"{self.verb}: {version.rule} version {version.number}",
            "action_url": self.request.path,
            "cancel_url": reverse("rule-edit", args=[version.rule.code]),
            **self.known(version),
        }
        return self.page("credit_mgmt/rule_step.html", context, status=status)

    def known(self, version: RuleVersion) -> Item:
        """What else is known before the step is taken."""
        return {}

    def _versions(self, code: str) -> list[RuleVersion]:
        try:
            return versions_of(code, self.actor)
        except NotFound as problem:
            raise Http404(problem.message) from problem


class ActivateRule(RuleStep):
    """`/rules/<code>/activate/`."""

    verb = "Activate"
    meaning = "It counts from the next check on, in the place of the version before."

    def meant(self, versions: list[RuleVersion], address: Item) -> RuleVersion:
        """The draft, or where there is none the version in shadow."""
        found = {version.state: version for version in versions}
        return found.get(RuleState.DRAFT) or found.get(RuleState.SHADOW) or current_of(versions)

    def known(self, version: RuleVersion) -> Item:
        """What would be found of it, and what the newest backtest of this very version came to."""
        findings = findings_of([version], actor=self.actor, today=self.today("UTC"))
        mine = [finding_message(one) for one in findings if one.rule.version == version.number]
        if not self.may(Action.VIEW_EXPOSURE):
            return {"findings": mine}
        runs = backtests_of_rule(version.rule_id, self.actor).exclude(totals=None)[:1]
        tried = [run for run in runs if any(one["tried"] == version.number for one in run.versions)]
        return {
            "findings": mine,
            "backtest_url": reverse("rule-backtest", args=[version.rule.code]),
            "backtest": tried[0] if tried else None,
            "lines": lines_of(tried[0]) if tried else [],
            "changed_words": CHANGED.get(changed_since(tried[0]), "") if tried else "",
        }

    def take(self, version: RuleVersion, **given: Any) -> str:
        """Let it count."""
        active = activate_rule(rule=version.rule_id, actor=self.actor, at=self.now, **given)
        return f"{active.rule} version {active.number} is active."


class ShadowRule(RuleStep):
    """`/rules/<code>/shadow/`."""

    form_class = ShadowForm
    verb = "Run in shadow"
    meaning = "It is looked at beside every check and what it would have done is counted; it holds nothing."

    def take(self, version: RuleVersion, **given: Any) -> str:
        """Let it run beside."""
        entity = version.legal_entity_id
        today = self.today_of(entity) if entity else self.today("UTC")
        shadow = start_shadow(rule=version.rule_id, actor=self.actor, at=self.now, today=today, **given)
        return f"{shadow.rule} version {shadow.number} runs in shadow to {shadow.shadow_to}."


class RetireRule(RuleStep):
    """`/rules/<code>/retire/`."""

    verb = "Retire"
    meaning = "It does not count any more from the next check on. It can be restored."

    def take(self, version: RuleVersion, **given: Any) -> str:
        """Let it count no longer."""
        retired = retire_rule(rule=version.rule_id, actor=self.actor, at=self.now, **given)
        return f"{retired.rule} is retired."

    def meant(self, versions: list[RuleVersion], address: Item) -> RuleVersion:
        """What counts."""
        return current_of(versions)


class DiscardDraft(RuleStep):
    """`/rules/<code>/discard/`."""

    form_class = forms.Form
    verb = "Discard draft"
    meaning = "What counts goes on counting. The draft stays among the versions and can be restored."

    def take(self, version: RuleVersion, **given: Any) -> str:
        """Give it up."""
        discarded = discard_draft(rule=version.rule_id, actor=self.actor, at=self.now)
        return f"The draft of {discarded.rule} is discarded."


class RestoreVersion(RuleStep):
    """`/rules/<code>/versions/<number>/restore/`."""

    verb = "Restore"
    meaning = "A new version that says the same counts from the next check on."

    def take(self, version: RuleVersion, **given: Any) -> str:
        """Let it count again."""
        restored = restore_version(rule=version.rule_id, actor=self.actor, at=self.now, **given)
        return f"{restored.rule} version {restored.number} is active and says what version {given['number']} said."

    def meant(self, versions: list[RuleVersion], address: Item) -> RuleVersion:
        """The version asked for."""
        found = next((version for version in versions if version.number == address["number"]), None)
        if found is None:
            raise Http404(f"Rule {versions[0].rule} has no version {address['number']}.")
        return found
