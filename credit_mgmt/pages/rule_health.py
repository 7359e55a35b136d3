"""Rule health (`ux.md` 3.10): every finding with what it does and one way out of it."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from credit_mgmt.engine.health import Code, Finding
from credit_mgmt.messages.health import finding_message
from credit_mgmt.models import RuleVersion
from credit_mgmt.pages.rule_ladder import may_change
from credit_mgmt.rules.health import findings_of
from credit_mgmt.rules.phrases import type_words
from credit_mgmt.rules.reading import live_versions
from customers.access import Action, Actor
from customers.views import PageView

Item = dict[str, Any]
PARAMETERS = frozenset({Code.LIMIT_CHECK_OFF, Code.NO_CHECKPOINT})
"""Findings whose cause are parameters rather than the rule."""


class RuleHealthPage(PageView):
    """GET `/rules/health/`."""

    looks = Action.VIEW
    section = "rules"

    def get(self, request: HttpRequest) -> HttpResponse:
        """All findings of rules that the reader may see."""
        versions = list(live_versions(self.actor))
        by_key = {(str(version.rule_id), version.number): version for version in versions}
        found = findings_of(versions, actor=self.actor, today=self.today("UTC"), sampled=True)
        rows = []
        for finding in found:
            version = by_key.get((finding.rule.id, finding.rule.version or 0))
            if version is not None:
                rows.append(_row(finding, version, self.actor))
        return self.page("credit_mgmt/rule_health.html", {"rows": rows, "rules": len(versions)})


def _row(finding: Finding, version: RuleVersion, actor: Actor) -> Item:
    code = version.rule.code
    return {
        "said": finding_message(finding),
        "idle": finding.idle,
        "code": code,
        "status": f"rule_{version.state}",
        "type": type_words(version.rule.type),
        "url": reverse("rule-edit", args=[code]),
        "fix": _fix(finding, version) if may_change(actor, version) else None,
    }


def _fix(finding: Finding, version: RuleVersion) -> Item:
    """One way out: a step with the rule, the rule itself, or the parameters that are the cause."""
    code = version.rule.code
    if finding.code in PARAMETERS:
        return {"label": "Parameters", "url": reverse("parameter-list"), "dialog": False}
    if version.state == "draft":
        if finding.idle or finding.code is Code.OLD_DRAFT:
            return {"label": "Discard draft…", "url": reverse("rule-discard", args=[code]), "dialog": True}
    elif finding.idle:
        return {"label": "Retire…", "url": reverse("rule-retire", args=[code]), "dialog": True}
    return {"label": "Change", "url": reverse("rule-edit", args=[code]), "dialog": False}
