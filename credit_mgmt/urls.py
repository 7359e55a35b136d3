"""Addresses of the pages of this room."""

from django.urls import path

from credit_mgmt.pages.parameters import ParameterListPage, ParametersPage
from credit_mgmt.pages.rules import NewRulePage, RuleListPage, RulePage, RuleSwitch

urlpatterns = [
    path("rules/", RuleListPage.as_view(), name="rule-list"),
    path("rules/new/", NewRulePage.as_view(), name="rule-new"),
    path("rules/<uuid:rule_id>/", RulePage.as_view(), name="rule-edit"),
    path("rules/<uuid:rule_id>/activate/", RuleSwitch.as_view(active=True), name="rule-activate"),
    path("rules/<uuid:rule_id>/deactivate/", RuleSwitch.as_view(active=False), name="rule-deactivate"),
    path("parameters/", ParameterListPage.as_view(), name="parameter-list"),
    path("parameters/<str:code>/", ParametersPage.as_view(), name="parameters"),
]
