"""Addresses of the pages of rules, below `rules/`."""

from django.urls import URLPattern, path

from credit_mgmt.pages.backtests import RuleBacktest
from credit_mgmt.pages.rule_health import RuleHealthPage
from credit_mgmt.pages.rule_import import RuleImportPage
from credit_mgmt.pages.rule_ladder import RuleListPage
from credit_mgmt.pages.rule_steps import ActivateRule, DiscardDraft, RestoreVersion, RetireRule, ShadowRule
from credit_mgmt.pages.rule_tester import RuleTesterPage
from credit_mgmt.pages.rule_versions import RuleVersionPage, RuleVersionsPage
from credit_mgmt.pages.rules import NewRulePage, ReadsAs, RulePage
from credit_mgmt.pages.rules_bulk import ExportRules, RetireRules, StartRules
from credit_mgmt.rules.ladders import HoldsByRule

ONE = "<str:code>/"


def rule_urls(holds_by_rule: HoldsByRule) -> list[URLPattern]:
    """The addresses. `holds_by_rule` counts holds: the room above knows, and hands it in."""
    return [
        path("", RuleListPage.as_view(holds_by_rule=holds_by_rule), name="rule-list"),
        path("test/", RuleTesterPage.as_view(), name="rule-tester"),
        path("health/", RuleHealthPage.as_view(), name="rule-health"),
        path("export/", ExportRules.as_view(), name="rules-export"),
        path("retire/", RetireRules.as_view(), name="rules-retire"),
        path("import/", RuleImportPage.as_view(), name="rule-import"),
        path("start/", StartRules.as_view(), name="rules-start"),
        path("reads/", ReadsAs.as_view(), name="rule-reads"),
        path("new/", NewRulePage.as_view(), name="rule-new"),
        path(ONE, RulePage.as_view(), name="rule-edit"),
        path(ONE + "activate/", ActivateRule.as_view(), name="rule-activate"),
        path(ONE + "shadow/", ShadowRule.as_view(), name="rule-shadow"),
        path(ONE + "retire/", RetireRule.as_view(), name="rule-retire"),
        path(ONE + "discard/", DiscardDraft.as_view(), name="rule-discard"),
        path(ONE + "versions/", RuleVersionsPage.as_view(), name="rule-versions"),
        path(ONE + "versions/<int:number>/", RuleVersionPage.as_view(), name="rule-version"),
        path(ONE + "versions/<int:number>/restore/", RestoreVersion.as_view(), name="rule-restore"),
        path(ONE + "backtest/", RuleBacktest.as_view(), name="rule-backtest"),
    ]
