"""The ladders of blocking and exclusion rules (`ux.md` 3.10): read in the order in which a check looks at them."""

import datetime as dt
import itertools
from typing import Any, ClassVar

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from credit_mgmt.display import LEVELS, VERDICT_ICONS
from credit_mgmt.engine.decision import Verdict
from credit_mgmt.engine.reading import reading_instruction
from credit_mgmt.engine.rules import types
from credit_mgmt.messages import verdict_label
from credit_mgmt.messages.health import counted_words, finding_message
from credit_mgmt.models import BlockingRule, RuleState, RuleVersion
from credit_mgmt.pages.rule_filters import chips, filters, narrowed, states_asked
from credit_mgmt.policies import current_setup
from credit_mgmt.rules.health import findings_of
from credit_mgmt.rules.ladders import (
    HoldsByRule,
    Rung,
    TypeLadder,
    add_findings,
    add_holds,
    ladders_of,
    look_for,
)
from credit_mgmt.rules.phrases import aim, condition, effect, type_words
from credit_mgmt.rules.reading import live_versions, retired_versions
from credit_mgmt.rules.starters import starter_sentences
from credit_mgmt.tester import Imagined, Trial, try_order
from customers import access
from customers.access import Action, Actor
from customers.errors import InvalidInput
from customers.listing import Address
from customers.models import Customer
from customers.money import ZERO
from customers.views import PageView

Item = dict[str, Any]
MOST_ROWS = 200
"""Rows that one page shows; filters find the others."""
STEPS = {RuleState.ACTIVE: "retire", RuleState.SHADOW: "activate", RuleState.DRAFT: "activate"}
"""The step that a row offers."""


class RuleListPage(PageView):
    """GET `/rules/?type=days_overdue&for=NL01:C-10427`."""

    looks = Action.VIEW
    section = "rules"
    holds_by_rule: ClassVar[HoldsByRule | None] = None
    """How often rules held orders; handed in with the route (`rule_urls`)."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """The ladder of every type, or of the one that the address names."""
        address = Address(request.GET)
        today = self.today("UTC")
        ladders = self._ladders(address, today)
        count = sum(len(rung.findings) for ladder in ladders for rung in ladder.rungs)
        trial = self._looked_for(address)
        if trial is not None:
            look_for(ladders, trial)
        kind = address.one("type")
        shown, left_out = _shown(ladders, kind, address)
        may_edit = self.may(Action.SETUP)
        context = {
            "tabs": _tabs(ladders, kind, address),
            "ladders": [_drawn(ladder, self.actor) for ladder in shown if ladder.rungs],
            "empty_types": [
                {"type": ladder.type, "title": type_words(ladder.type)} for ladder in shown if not ladder.rungs
            ],
            "left_out": left_out,
            "reading": reading_instruction(),
            "order_checks": _order_checks(),
            "filters": self._filters(address, ladders),
            "chips": chips(address),
            "hidden": [{"name": "type", "value": kind}] if kind in types else [],
            "search": {"name": "q", "value": address.one("q"), "placeholder": "Code, name or customer"},
            "problems": address.problems,
            "customer": trial.facts.order.payer if trial else "",
            "starters": [] if BlockingRule.objects.exists() else starter_sentences(),
            "may_edit": may_edit,
            "actions": self._actions(may_edit, count),
            "bulk_actions": [{"label": "Retire…", "url": reverse("rules-retire")}] if may_edit else [],
            "tools": [{"label": "Import", "url": reverse("rule-import"), "quiet": True}] if may_edit else [],
            "exports": [
                {"label": form.upper(), "url": reverse("rules-export") + address.url(format=form)}
                for form in ("csv", "xlsx")
            ],
        }
        return self.page("credit_mgmt/rules.html", context)

    def _ladders(self, address: Address, today: dt.date) -> list[TypeLadder]:
        """All that the reader may see in the states asked for, with counts and findings."""
        states = states_asked(address)
        versions = [version for version in live_versions(self.actor) if version.state in states]
        findings = findings_of(versions, actor=self.actor, today=today)
        if RuleState.RETIRED in states:
            versions += retired_versions(self.actor)
        ladders = ladders_of(versions, since=today)
        add_findings(ladders, findings)
        count = self.holds_by_rule
        add_holds(ladders, count(self.actor, now=self.now) if count else {}, today=today)
        return ladders

    def _looked_for(self, address: Address) -> Trial | None:
        """What the rules say of an order without value of the customer that the reader looks at."""
        key = address.one("for")
        if not key:
            return None
        entity, _, account = key.partition(":")
        visible = access.scoped(Customer.objects.all(), self.actor, Action.VIEW_EXPOSURE)
        found = visible.filter(legal_entity=entity, account=account).select_related("legal_entity").first()
        if found is None:
            address.problems.append(f"There is no customer {key} whose exposure you may see. Write it like NL01:C-1.")
            return None
        order = Imagined(key, ZERO, found.legal_entity.accounting_currency_id)
        try:
            return try_order(order=order, actor=self.actor, today=self.today_of, in_any_case=True)
        except InvalidInput as problem:
            address.problems += [error.message for error in problem.errors]
            return None

    def _filters(self, address: Address, ladders: list[TypeLadder]) -> list[Item]:
        found = filters(address, (rung for ladder in ladders for rung in ladder.rungs))
        if not self.may(Action.VIEW_EXPOSURE):
            return found
        key = address.one("for")
        field = {"name": "for", "label": "Customer", "value": key, "hint": "NL01:C-10427"}
        return [*found, {"label": "Show for", "name": "for", "summary": key, "fields": [field]}]

    def _actions(self, may_edit: bool, findings: int) -> list[Item]:
        actions: list[Item] = []
        if self.may(Action.VIEW_EXPOSURE):
            actions.append({"label": "Tester", "url": reverse("rule-tester"), "icon": "scale", "shortcut": "t"})
        actions.append({"label": f"Rule health {findings}", "url": reverse("rule-health"), "icon": "shield-check"})
        if may_edit:
            new = {"label": "New rule", "url": reverse("rule-new"), "icon": "plus", "primary": True, "shortcut": "c"}
            actions.append(new)
        return actions


def _shown(ladders: list[TypeLadder], kind: str, address: Address) -> tuple[list[TypeLadder], int]:
    """The ladders that the address asks for, and how many rows of them do not fit on one page."""
    asked = [
        TypeLadder(ladder.type, narrowed(ladder.rungs, address))
        for ladder in ladders
        if kind not in types or ladder.type == kind
    ]
    left, shown = MOST_ROWS, []
    for ladder in asked:
        shown.append(TypeLadder(ladder.type, ladder.rungs[:left]))
        left -= len(shown[-1].rungs)
    return shown, sum(len(ladder.rungs) for ladder in asked) - (MOST_ROWS - left)


def _tabs(ladders: list[TypeLadder], kind: str, address: Address) -> list[Item]:
    total = sum(len(ladder.rungs) for ladder in ladders)
    tabs: list[Item] = [{"label": "All", "url": address.url(type=None), "count": total, "active": kind not in types}]
    tabs += [
        {
            "label": type_words(ladder.type),
            "url": address.url(type=ladder.type),
            "count": len(ladder.rungs),
            "active": ladder.type == kind,
        }
        for ladder in ladders
    ]
    return tabs


def _drawn(ladder: TypeLadder, actor: Actor) -> Item:
    """A ladder as the page draws it, level by level."""
    rows = []
    for level, rungs in itertools.groupby(ladder.rungs, key=lambda rung: rung.version.valid_for):
        rows += [
            {**_row(rung, actor), "level": LEVELS[level], "is_first": not place} for place, rung in enumerate(rungs)
        ]
    return {"type": ladder.type, "title": type_words(ladder.type), "rows": rows}


def _row(rung: Rung, actor: Actor) -> Item:
    version, code = rung.version, rung.version.rule.code
    verb = STEPS.get(RuleState(version.state), "")
    may_edit = may_change(actor, version)
    return {
        "version": version,
        "code": code,
        "url": reverse("rule-edit", args=[code]),
        "aim": aim(version),
        "effect": effect(version),
        "overrides": counted_words(rung.overrides),
        "when": condition(version),
        "status": f"rule_{version.state}",
        "holds": rung.holds,
        "shadow_held": rung.shadow_held,
        "findings": [finding_message(finding) for finding in rung.findings],
        "greyed": rung.out_of_reach,
        "decides": verdict_label(rung.decides) if rung.decides else "",
        "verdict": VERDICT_ICONS[Verdict(rung.decides)] if rung.decides else "",
        "may_edit": may_edit,
        "verb": verb.capitalize(),
        "step_url": reverse(f"rule-{verb}", args=[code]) if may_edit and verb else "",
    }


def may_change(actor: Actor, version: RuleVersion) -> bool:
    """Whether `actor` may change the rule: a shared one needs the right in every legal entity."""
    entities = actor.entities(Action.SETUP)
    return entities is None or version.legal_entity_id in entities


def _order_checks() -> list[Item]:
    """The two checks of a changed order, which are parameters and no rules: where they are on."""
    rows = current_setup().policy.parameters
    checks = (("Terms raised", "check_terms"), ("Discount raised", "check_discount"))
    return [
        {"label": label, "state": _where({entity: getattr(row, name) for entity, row in rows.items()})}
        for label, name in checks
    ]


def _where(on: dict[str | None, bool]) -> str:
    """`on`, `off`, or where it differs: `off, on in NL01`."""
    default = on.get(None, False)
    others = sorted(entity for entity, value in on.items() if entity is not None and value != default)
    said, other = ("on", "off") if default else ("off", "on")
    return f"{said}, {other} in {', '.join(others)}" if others else said
