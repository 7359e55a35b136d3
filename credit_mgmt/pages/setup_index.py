"""The overview of the setup (`ux.md` 3.11): each page with its state in one line, and what is missing to go live."""

from collections.abc import Sequence

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from credit_mgmt.models import CoverageType, PolicyType
from credit_mgmt.pages.setup_base import Item, SetupView
from credit_mgmt.parameter_setup import DEFAULT
from credit_mgmt.policies import current_setup
from credit_mgmt.setup.facts import SetupFacts, setup_facts
from credit_mgmt.setup.health import Finding, checkpoint_words, listed, rank_words, setup_health
from customers.access import Action
from customers.jobs.schedules import registered_schedules
from customers.models import AccountStatus, Reason


class SetupPage(SetupView):
    """GET `/setup/`."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Groups of pages; above them what was found."""
        facts = setup_facts(self.actor, today=self.today)
        found = setup_health(facts)
        return self.page(
            "credit_mgmt/setup.html",
            {
                "groups": [{"title": title, "entries": entries} for title, entries in self._groups(facts)],
                "findings": [{"finding": finding, "url": page_url(finding)} for finding in found],
                "stopping": sum(finding.stops for finding in found),
            },
        )

    def _groups(self, facts: SetupFacts) -> list[tuple[str, list[Item]]]:
        differing = facts.differing()
        own = (
            f"{listed(differing)} {'differs' if len(differing) == 1 else 'differ'}"
            if differing
            else "all entities alike"
        )
        parameters = reverse("parameters", args=[DEFAULT])
        return [
            ("Holds", [
                _entry("Checkpoints and grace", reverse("setup-checkpoints"), _checkpoints(facts)),
                _entry("Parameters: holds", f"{parameters}#holds", own),
                _entry("Reasons", _records("reasons"), _reasons(facts.reasons)),
                _entry("Account statuses", _records("account-statuses"), _statuses(facts)),
            ]),
            ("Limits", [_entry("Parameters: limits", f"{parameters}#limits", own)]),
            ("Rules", [
                _entry("Blocking rules and exclusions", reverse("rule-list"), _rules()),
                _entry("Credit management groups", _records("credit-management-groups"), f"{facts.groups} open"),
                _entry("Ranks of terms", _records("payment-terms"), rank_words(facts.terms)),
                _entry("Ranks of discounts", _records("cash-discounts"), rank_words(facts.discounts)),
            ]),
            ("Cover", [
                _entry("Insurance and guarantee types, coverage types", reverse("cover-types"), _cover()),
                *([_entry("Cover register", reverse("cover-register"), "policies and guarantees of all customers")]
                  if self.may(Action.VIEW_EXPOSURE) else []),
            ]),
            ("System", [
                _entry("Parameters: statistics", f"{parameters}#statistics", own),
                _entry("Parameters by legal entity", reverse("parameter-list"), own),
                *([_entry("Schedules", reverse("job-schedules"), f"{len(registered_schedules())} run by themselves")]
                  if self.may(Action.VIEW_JOBS) else []),
            ]),
        ]  # fmt: skip


def page_url(finding: Finding) -> str:
    """Where a finding is put right."""
    if finding.page == "parameters":
        return reverse("parameters", args=[finding.legal_entity or DEFAULT])
    if finding.page == "checkpoints":
        query = f"?entity={finding.legal_entity}" if finding.legal_entity else ""
        return reverse("setup-checkpoints") + query
    return reverse("setup-records", args=[finding.page])


def _records(kind: str) -> str:
    return reverse("setup-records", args=[kind])


def _entry(label: str, url: str, state: str) -> Item:
    return {"label": label, "url": url, "state": state}


def _checkpoints(facts: SetupFacts) -> str:
    own = facts.differing()
    return checkpoint_words(facts.parameters.get(None)) + (f"; {listed(own)} by itself" if own else "")


def _reasons(reasons: Sequence[Reason]) -> str:
    open_ones = [reason for reason in reasons if reason.open]
    counts = [(kind.label.lower(), sum(reason.type == kind for reason in open_ones)) for kind in Reason.Type]
    return ", ".join(f"{count} {label}" for label, count in counts)


def _statuses(facts: SetupFacts) -> str:
    stopping = [status.code for status in facts.statuses if status.processing_hold != AccountStatus.ProcessingHold.NONE]
    return f"{len(facts.statuses)} open" + (f", stopping documents: {listed(stopping)}" if stopping else "")


def _rules() -> str:
    active = sum(rule.active for rule in current_setup().policy.rules)
    return f"{active} active"


def _cover() -> str:
    return f"{PolicyType.objects.count()} types, {CoverageType.objects.count()} coverage types"
