"""The versions of a rule (`ux.md` 3.10, Life cycle): what each said, who changed it and why, and the way back."""

from collections.abc import Mapping
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse

from credit_mgmt.models import RuleEvent, RuleState, RuleVersion
from credit_mgmt.pages.rule_ladder import may_change
from credit_mgmt.pages.rules import rule_or_404, version_in
from credit_mgmt.rules import current_of
from credit_mgmt.rules.ladders import stopped_in_shadow
from credit_mgmt.rules.values import version_values
from credit_mgmt.rules.wording import Difference, differences, reads_as
from customers.access import Action
from customers.people import names_of
from customers.views import PageView

Item = dict[str, Any]


class RuleVersionsPage(PageView):
    """GET `/rules/<code>/versions/`: all versions, latest first, each with what it changed."""

    looks = Action.VIEW
    section = "rules"

    def get(self, request: HttpRequest, code: str) -> HttpResponse:
        """The versions beside those before them."""
        versions = rule_or_404(self, code)
        events = list(RuleEvent.objects.filter(version__in=versions).order_by("-at", "-pk"))
        names = names_of([event.actor for event in events] + [version.changed_by for version in versions])
        earlier: list[RuleVersion | None] = [*versions[1:], None]
        may_restore = may_change(self.actor, current_of(versions)) and version_in(versions, RuleState.DRAFT) is None
        rows = [
            {
                **_row(version, before),
                "by": names.get(version.changed_by, version.changed_by),
                "events": [_event(event, names) for event in events if event.version_id == version.pk],
                "restore_url": _restore_url(version) if may_restore else "",
            }
            for version, before in zip(versions, earlier, strict=True)
        ]
        context = {"rule": versions[0].rule, "current": current_of(versions), "rows": rows}
        return self.page("credit_mgmt/rule_versions.html", context)


class RuleVersionPage(PageView):
    """GET `/rules/<code>/versions/<number>/`: one version, as it was when it counted, beside the one of today."""

    looks = Action.VIEW
    section = "rules"

    def get(self, request: HttpRequest, code: str, number: int) -> HttpResponse:
        """The version."""
        versions = rule_or_404(self, code)
        version = next((one for one in versions if one.number == number), None)
        if version is None:
            raise Http404(f"Rule {code} has no version {number}.")
        current = current_of(versions)
        events = list(RuleEvent.objects.filter(version=version).order_by("-at", "-pk"))
        names = names_of([event.actor for event in events])
        may_restore = may_change(self.actor, current) and version_in(versions, RuleState.DRAFT) is None
        in_shadow = any(event.step == RuleEvent.Step.SHADOWED for event in events)
        context = {
            "rule": version.rule,
            "version": version,
            "current": current,
            "reads_as": reads_as(version),
            "differences": differences(version_values(version), version_values(current)) if version != current else [],
            "events": [_event(event, names) for event in events],
            "in_shadow": in_shadow,
            "stopped": stopped_in_shadow([version.pk], today=self.today("UTC")).get(version.pk, 0) if in_shadow else 0,
            "restore_url": _restore_url(version) if may_restore else "",
        }
        return self.page("credit_mgmt/rule_version.html", context)


def _row(version: RuleVersion, before: RuleVersion | None) -> Item:
    changed: list[Difference] = []
    if before is not None:
        changed = differences(version_values(before), version_values(version))
    return {
        "version": version,
        "url": reverse("rule-version", args=[version.rule.code, version.number]),
        "status": f"rule_{version.state}",
        "reads_as": reads_as(version),
        "differences": changed,
        "is_first": before is None,
    }


def _restore_url(version: RuleVersion) -> str:
    retired = version.state == RuleState.RETIRED
    return reverse("rule-restore", args=[version.rule.code, version.number]) if retired else ""


def _event(event: RuleEvent, names: Mapping[str, str]) -> Item:
    return {
        "words": event.get_step_display(),
        "why": event.why,
        "by": names.get(event.actor, event.actor),
        "at": event.at,
    }
