"""The tabs of a hold and of a customer, each at its own address: an island for htmx, a page for everybody else."""

import datetime as dt
from collections.abc import Callable
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse

from credit_mgmt import display
from credit_mgmt.decisions import policy_at
from credit_mgmt.display import TYPES
from credit_mgmt.engine.facts import Rule
from credit_mgmt.models import BlockingRule
from credit_mgmt.policies import current_policy
from customers.access import Action
from customers.views import PageView
from holds.pages import hold_blocks as blocks
from holds.pages import panel_contents as contents
from holds.pages.cover import cover_panel
from holds.pages.credit_groups import group_of
from holds.pages.customers import PANELS as CUSTOMER_PANELS
from holds.pages.customers import customer_or_404, customer_tabs
from holds.pages.hold_detail import PANELS as HOLD_PANELS
from holds.pages.hold_detail import hold_or_404, tabs_of
from holds.pages.limits_tab import limits
from holds.pages.panel_contents import Subject
from holds.words import status_of

Item = dict[str, Any]


def _trace(subject: Subject) -> Item:
    """Every rule that was looked at now, in order; nothing for a hold that is closed."""
    if subject.hold is None:
        raise Http404("A customer has no rule trace.")
    decision = blocks.standing_now(subject.page, subject.hold, with_position=False).decision
    return {"steps": display.trace_steps(decision.trace) if decision is not None else []}


CONTENTS: dict[str, Callable[[Subject], Item]] = {
    "trace": _trace,
    "limits": limits,
    "orders": contents.orders,
    "invoices": contents.invoices,
    "payments": contents.payments,
    "timeline": contents.timeline,
    "notes": contents.notes,
    "cover": cover_panel,
    "audit": contents.audit,
    "groups": group_of,
}


class HoldPanel(PageView):
    """GET `/holds/H-000123/panels/invoices/`."""

    looks = Action.VIEW
    section = "holds"

    def get(self, request: HttpRequest, number: str, panel: str) -> HttpResponse:
        """One tab of the hold."""
        if panel not in HOLD_PANELS:
            raise Http404(f"A hold has no tab {panel}.")
        hold = hold_or_404(number, self)
        self.require(Action.VIEW_EXPOSURE, hold.legal_entity_id)
        today = self.today(hold.legal_entity.time_zone)
        subject = Subject(self, hold.payer, today, hold, request.GET)
        heading = {"title": f"{hold.order.number} {hold.payer.name}", "status": status_of(hold), "forced": hold.forced}
        crumbs = [
            {"label": "Holds", "url": reverse("hold-list")},
            {"label": hold.number, "url": reverse("hold-detail", args=[hold.number])},
        ]
        return _shown(self, subject, panel, {"heading": heading, "crumbs": crumbs, "tabs": tabs_of(hold, panel)})


class CustomerPanel(PageView):
    """GET `/customers/NL01/C-10427/panels/invoices/`."""

    looks = Action.VIEW_EXPOSURE
    section = "customers"

    def get(self, request: HttpRequest, legal_entity: str, account: str, panel: str) -> HttpResponse:
        """One tab of the customer's card."""
        if panel not in CUSTOMER_PANELS:
            raise Http404(f"A customer has no tab {panel}.")
        customer = customer_or_404(self, legal_entity, account)
        subject = Subject(self, customer, self.today(customer.legal_entity.time_zone), None, request.GET)
        crumbs = [
            {"label": "Customers", "url": reverse("customer-list")},
            {"label": customer.key, "url": reverse("customer", args=[legal_entity, account])},
        ]
        tabs = customer_tabs(customer, panel)
        return _shown(self, subject, panel, {"heading": {"title": customer.name}, "crumbs": crumbs, "tabs": tabs})


def _shown(page: PageView, subject: Subject, panel: str, frame: Item) -> HttpResponse:
    inside = page.request.headers.get("HX-Request") and page.request.headers.get("HX-Target") == "panel"
    context = {
        **frame,
        **CONTENTS[panel](subject),
        "panel": panel,
        "panel_template": f"holds/panels/{panel}.html",
        "panel_title": {**HOLD_PANELS, **CUSTOMER_PANELS}[panel],
        "hold": subject.hold,
        "customer": subject.customer,
        "today": subject.today,
    }
    return page.page("holds/_panel.html" if inside else "holds/panel.html", context)


class HoldRule(PageView):
    """GET `/holds/H-000123/rules/ID/`: a rule as it was when it fired, beside the rule of today."""

    looks = Action.VIEW
    section = "holds"

    def get(self, request: HttpRequest, number: str, rule: str) -> HttpResponse:
        """The version of the policy that the stored decision used; `?at=hold` is the one that placed the hold."""
        hold = hold_or_404(number, self)
        first = request.GET.get("at") == "hold"
        record = hold.decision if first else hold.last_decision or hold.decision
        if record is None:
            raise Http404(f"No stored decision of hold {number} names a rule.")
        then = _rule_in(policy_at(record.policy_id).rules, rule)
        if then is None and hold.decision is not None:
            record = hold.decision
            then = _rule_in(policy_at(record.policy_id).rules, rule)
        if then is None:
            raise Http404(f"Rule {rule} did not decide on hold {number}.")
        now = _rule_in(current_policy().rules, rule)
        rows = _compared(then, now)
        context = {
            "hold": hold,
            "rule": then,
            "rows": rows,
            "record": record,
            "gone": now is None,
            "changed": any(row["changed"] for row in rows),
            "rule_url": _address_of(then),
        }
        return self.page("holds/rule.html", context)


def _address_of(rule: Rule) -> str:
    """The page of the version that fired; of the rule, where rules had no versions yet; none where it is gone."""
    if not BlockingRule.objects.filter(pk=rule.id).exists():
        return ""
    if rule.version is None:
        return reverse("rule-edit", args=[rule.name])
    return reverse("rule-version", args=[rule.name, rule.version])


def _rule_in(rules: Any, wanted: str) -> Rule | None:
    return next((rule for rule in rules if rule.id == wanted), None)


_WORDS: dict[str, str] = {
    "name": "Name", "type": "Type", "action": "Rule type", "level": "Valid for", "customer": "Customer",
    "credit_management_group": "Credit management group", "legal_entity": "Legal entity", "days": "Days",
    "amount": "Amount", "currency": "Currency", "threshold_percent": "Threshold, % of the limit",
    "threshold_amount": "Threshold amount", "account_status": "Account status", "payment_terms": "Terms of payment",
    "release_sales_order": "Releases the order", "active": "Active", "valid_from": "Valid from", "valid_to": "Valid to",
}  # fmt: skip


def _compared(then: Rule, now: Rule | None) -> list[Item]:
    """Every value of the rule as it was and as it is; what is empty on both sides is left out."""
    rows = []
    for name, label in _WORDS.items():
        before, after = getattr(then, name), getattr(now, name, None)
        if before in (None, "", False) and after in (None, "", False):
            continue
        rows.append(
            {"label": label, "then": _value(name, before), "now": _value(name, after),
             "changed": now is not None and before != after}
        )  # fmt: skip
    return rows


def _value(name: str, value: Any) -> str:
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dt.date):
        return value.isoformat()
    if name == "level":
        return display.LEVELS.get(str(value), str(value))
    return str(TYPES.get(str(value), value)) if name == "type" else str(value)
