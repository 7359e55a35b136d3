"""Blocking and exclusion rules (`ux.md` 3.10): read in the order in which they are looked at, changed by a form."""

import uuid
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.urls import reverse

from credit_mgmt.display import LEVELS
from credit_mgmt.engine.rules import types
from credit_mgmt.forms import RuleForm
from credit_mgmt.models import BlockingRule
from credit_mgmt.rule_setup import rule_values, save_rule
from credit_mgmt.templatetags.formats import amount, percent
from customers import access
from customers.access import Action, Actor
from customers.errors import InvalidInput
from customers.models import CreditManagementGroup, Customer
from customers.views import PageView, add_errors

Item = dict[str, Any]
EVERYBODY = "Every customer"
LEVEL_ORDER = {"table": 0, "group": 1, "all": 2}
TYPE_WORDS = dict(BlockingRule.Type.choices)


class RuleListPage(PageView):
    """GET `/rules/`: grouped by type, in ladder order."""

    looks = Action.VIEW
    section = "rules"

    def get(self, request: HttpRequest) -> HttpResponse:
        """The ladder of every type."""
        kind = request.GET.get("type", "")
        related = ("customer", "credit_management_group", "payment_terms", "account_status")
        rows = access.scoped(BlockingRule.objects.all(), self.actor, shared=True).select_related(*related)
        rules = sorted(rows, key=_ladder_order)
        counts = {name: sum(rule.type == name for rule in rules) for name in types}
        may_edit = self.may(Action.SETUP)
        return self.page(
            "credit_mgmt/rules.html",
            {
                "tabs": [
                    {"label": "All", "url": "?", "count": len(rules), "active": kind not in types},
                    *(
                        {
                            "label": TYPE_WORDS.get(name, name),
                            "url": f"?type={name}",
                            "count": counts[name],
                            "active": name == kind,
                        }
                        for name in types
                    ),
                ],
                "groups": [
                    {
                        "type": name,
                        "title": TYPE_WORDS.get(name, name),
                        "rows": [_row(rule, may_change(self.actor, rule)) for rule in rules if rule.type == name],
                        "new_url": f"{reverse('rule-new')}?type={name}" if may_edit else "",
                    }
                    for name in types
                    if kind not in types or name == kind
                ],
                "may_edit": may_edit,
            },
        )


class RuleEditor(PageView):
    """What a new and an existing rule have in common: the form and its saving."""

    looks = Action.VIEW
    section = "rules"

    def show(self, form: RuleForm, kind: str, rule: BlockingRule | None, status: int = 200) -> HttpResponse:
        """The form, or for readers what the rule says."""
        may_edit = self.may(Action.SETUP) if rule is None else may_change(self.actor, rule)
        return self.page(
            "credit_mgmt/rule.html",
            {
                "form": form,
                "rule": rule,
                "kind": kind,
                "kind_words": TYPE_WORDS.get(kind, kind),
                "sentence": sentence(rule) if rule else "",
                "may_edit": may_edit,
                "back_url": reverse("rule-list"),
                "why_not": ""
                if may_edit
                else "A credit administrator of every legal entity that the rule is for changes it.",
            },
            status=status,
        )

    def save(self, data: QueryDict, kind: str, rule: BlockingRule | None) -> HttpResponse:
        """Save through the one service; its errors stand beside their fields."""
        form = RuleForm(data, rule_type=kind)
        if not form.is_valid():
            return self.show(form, kind, rule, status=422)
        values: Mapping[str, Any] = {**form.given(), "type": kind}
        try:
            saved = save_rule(values=values, actor=self.actor, rule=rule.pk if rule else None)
        except InvalidInput as problem:
            add_errors(form, problem)
            return self.show(form, kind, rule, status=422)
        messages.success(self.request, f"Rule {saved.name} saved. It counts from the next check on.")
        return self.go(f"{reverse('rule-list')}?type={kind}")


class NewRulePage(RuleEditor):
    """`/rules/new/?type=days_overdue`."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """An empty rule of the type."""
        kind = _known(request.GET.get("type", ""))
        if not self.may(Action.SETUP):
            self.require(Action.SETUP, None)
        return self.show(
            RuleForm(rule_type=kind, initial={"action": "blocking", "valid_for": "all", "active": True}), kind, None
        )

    def post(self, request: HttpRequest) -> HttpResponse:
        """Make it."""
        return self.save(request.POST, _known(request.GET.get("type", "")), None)


class RulePage(RuleEditor):
    """`/rules/<uuid>/`."""

    def get(self, request: HttpRequest, rule_id: uuid.UUID) -> HttpResponse:
        """The rule as it is."""
        rule = self._rule(rule_id)
        return self.show(RuleForm(rule_type=rule.type, initial=rule_values(rule)), rule.type, rule)

    def post(self, request: HttpRequest, rule_id: uuid.UUID) -> HttpResponse:
        """Change it."""
        rule = self._rule(rule_id)
        return self.save(request.POST, rule.type, rule)

    def _rule(self, rule_id: uuid.UUID) -> BlockingRule:
        rows = access.scoped(BlockingRule.objects.all(), self.actor, shared=True)
        rule = rows.filter(pk=rule_id).select_related("customer").first()
        if rule is None:
            raise Http404("The rule was not found.")
        return rule


class RuleSwitch(PageView):
    """`/rules/<uuid>/activate/` and `/deactivate/`: a rule is switched off, not lost."""

    looks = Action.SETUP
    section = "rules"
    active = False

    def get(self, request: HttpRequest, rule_id: uuid.UUID) -> HttpResponse:
        """Ask first: from the next check on it counts, or does not."""
        rule = self._rule(rule_id)
        verb = "Activate" if self.active else "Deactivate"
        return self.page(
            "credit_mgmt/rule_switch.html",
            {
                "rule": rule,
                "sentence": sentence(rule),
                "verb": verb,
                "dialog_heading": f"{verb} {rule.name}",
                "action_url": request.path,
                "cancel_url": reverse("rule-list"),
            },
        )

    def post(self, request: HttpRequest, rule_id: uuid.UUID) -> HttpResponse:
        """Switch it through the one service."""
        rule = self._rule(rule_id)
        try:
            save_rule(values={"active": self.active}, actor=self.actor, rule=rule.pk, replace=False)
        except InvalidInput as problem:
            messages.error(request, " ".join(error.message for error in problem.errors))
        else:
            messages.success(request, f"Rule {rule.name} is {'active' if self.active else 'inactive'}.")
        return self.go(f"{reverse('rule-list')}?type={rule.type}")

    def _rule(self, rule_id: uuid.UUID) -> BlockingRule:
        rule = access.scoped(BlockingRule.objects.all(), self.actor, shared=True).filter(pk=rule_id).first()
        if rule is None:
            raise Http404("The rule was not found.")
        return rule


def may_change(actor: Actor, rule: BlockingRule) -> bool:
    """Whether `actor` may change the rule: a shared one needs the right in every legal entity."""
    entities = actor.entities(Action.SETUP)
    return entities is None or rule.legal_entity_id in entities


def _known(kind: str) -> str:
    if kind not in types:
        raise Http404(f"There is no rule type {kind!r}.")
    return kind


def _ladder_order(rule: BlockingRule) -> tuple[Any, ...]:
    """Levels most specific first, blocking before exclusions, as they are looked at (`domain 4.4`)."""
    return (LEVEL_ORDER[rule.valid_for], rule.action != BlockingRule.Action.BLOCKING, rule.name.lower(), str(rule.pk))


def _row(rule: BlockingRule, may_edit: bool) -> Item:
    return {
        "rule": rule,
        "url": reverse("rule-edit", args=[rule.pk]),
        "level": LEVELS[rule.valid_for],
        "aim": aim(rule),
        "effect": effect(rule),
        "when": condition(rule),
        "status": "active_rule" if rule.active else "inactive",
        "switch_url": reverse("rule-deactivate" if rule.active else "rule-activate", args=[rule.pk])
        if may_edit
        else "",
    }


def aim(rule: BlockingRule) -> str:
    """Whom the rule is for."""
    customer: Customer | None = rule.customer
    if customer is not None:
        return f"{customer.key} {customer.name}"
    group: CreditManagementGroup | None = rule.credit_management_group
    if group is not None:
        return f"{group.code} {group.description}".strip()
    return EVERYBODY


def effect(rule: BlockingRule) -> str:
    """What the rule does."""
    if rule.action == BlockingRule.Action.BLOCKING:
        return "Block"
    return "Exclude, release the order" if rule.release_sales_order else "Exclude"


def condition(rule: BlockingRule) -> str:
    """When a blocking rule exceeds, or up to where an exclusion excuses, from its own values."""
    blocks = rule.action == BlockingRule.Action.BLOCKING
    above, joint = ("above", "and") if blocks else ("up to", "and")
    parts = [f"{above} {value}" for value in _values(rule)]
    if rule.account_status_id:
        parts.append(f"status is {rule.account_status_id}")
    if rule.payment_terms_id:
        parts.append(f"terms are {rule.payment_terms_id}")
    return f" {joint} ".join(parts) or "–"


def _values(rule: BlockingRule) -> list[str]:
    """The values of the rule, each with its unit."""
    unit = "d after it ended" if rule.type == BlockingRule.Type.LIMIT_EXPIRED else "d overdue"
    values = [] if rule.days is None else [f"{rule.days} {unit}"]
    if rule.amount is not None:
        words = {"sales_order": "of order value", "overdue_amount": "overdue", "days_overdue": "overdue"}
        values.append(
            f"{amount(rule.amount, rule.currency_id or '')} {rule.currency_id} {words.get(rule.type, '')}".strip()
        )
    if rule.threshold_percent is not None:
        values.append(f"{percent(Decimal(rule.threshold_percent), 0)} of the limit used")
    if rule.threshold_amount is not None:
        values.append(f"{amount(rule.threshold_amount, rule.currency_id or '')} {rule.currency_id} of exposure")
    return values


def sentence(rule: BlockingRule) -> str:
    """The rule as a sentence."""
    where = f" in {rule.legal_entity_id}" if rule.legal_entity_id else ""
    what = TYPE_WORDS.get(rule.type, rule.type).lower()
    whom = aim(rule)
    whom = "every customer" if whom == EVERYBODY else whom
    return f"{effect(rule)} orders of {whom}{where} by {what}: {condition(rule)}."
