"""How much of its total credit limit a customer may spend on one order: a rule type as another package brings it.

The example of `docs/rule-types.md`. It is one class; nothing of the application knows it by name.
"""

from collections.abc import Iterator
from decimal import Decimal
from math import ceil

from credit_mgmt.engine.case import Case
from credit_mgmt.engine.condense import Facts
from credit_mgmt.engine.decision import Evidence, Reason
from credit_mgmt.engine.exposure import base_limit, convert, cover_of, total_limit
from credit_mgmt.engine.extending import OwnRuleType, ValueWords, WayOut
from credit_mgmt.engine.facts import Rule
from credit_mgmt.engine.rules import Reading, amount_evidence, required
from credit_mgmt.engine.texts import amount_text, percent_text, used_percent
from credit_mgmt.engine.whatif import limit_for, minor_unit, with_order_amount, with_own_limit
from credit_mgmt.messages.phrases import amount, amount_of, percent
from customers.money import percent_of


class OrderShare(OwnRuleType):
    """The order's value > percentage × total credit limit, both in the currency of the limit."""

    type = "order_share"
    label = "Order share"
    blocking_values = ("threshold_percent",)
    exclusion_values = ("threshold_percent",)
    values = {"threshold_percent": ValueWords(label="the order is", unit="% of the total credit limit")}

    def read(self, rule: Rule, case: Case) -> Reading:
        """An unlimited customer has no share: neither blocked nor excused."""
        allowed_percent = required(rule.threshold_percent, rule, "percentage of the credit limit")
        position = case.position
        if position.unlimited:
            return Reading(False, False, why="unlimited", tested=False)
        limit = total_limit(position, case.rates)
        value = case.convert(case.order.amount, case.order.currency, position.currency)
        allowed = percent_of(allowed_percent, limit)
        exceeds = value > allowed
        evidence = None
        if exceeds:
            share = used_percent(value, limit)
            evidence = {
                **amount_evidence(case, value, allowed, position.currency),
                "limit": case.text(limit, position.currency),
                "threshold_percent": percent_text(allowed_percent),
                **({} if share is None else {"percent": percent_text(share)}),
            }
        return Reading(exceeds, not exceeds, value, allowed, position.account, position.currency, evidence)

    def chip(self, evidence: Evidence) -> tuple[str, str]:
        """`Order share 50 %`; of a limit of zero there is no percentage."""
        return self.label, percent(evidence["percent"]) if "percent" in evidence else ""

    def sentence(self, evidence: Evidence) -> str:
        """`The order is 5,000.00 USD of a limit of 10,000.00 USD; one order may use 30 %`."""
        limit = amount(evidence["limit"], evidence["currency"])
        allowed = percent(evidence["threshold_percent"])
        return f"The order is {amount_of(evidence, 'measured')} of a limit of {limit}; one order may use {allowed}"

    def ways_out(self, reason: Reason, facts: Facts) -> Iterator[WayOut]:
        """A smaller order; a higher limit; or the same in several orders."""
        order, position = facts.order, facts.position
        if position is None:
            return
        rates, own = facts.setting.rates, position.currency
        over = convert(rates, Decimal(reason.evidence["over"]), own, order.currency, own)
        less = order.amount - max(over, minor_unit(facts, order.currency))
        if less > 0:
            text = amount_text(less, rates.minor_units[order.currency])
            figures = {"amount": text, "currency": order.currency}
            smaller = with_order_amount(facts, Decimal(text))
            yield WayOut("reduce_order", smaller, figures, moved=Decimal(reason.evidence["over"]))
            parts = ceil(order.amount / less)
            words = f"Split into {parts} orders of at most {amount(text, order.currency)} each"
            yield WayOut("split_order", smaller, {"orders": str(parts)}, words)
        total = limit_for(
            Decimal(reason.evidence["measured"]), Decimal(reason.evidence["threshold_percent"]), minor_unit(facts, own)
        )
        if total is not None:
            base = total - cover_of(position, rates)
            by, units = base - base_limit(position), rates.minor_units[own]
            amounts = {"limit": base, "by": by, "total_limit": total}
            figures = {name: amount_text(value, units) for name, value in amounts.items()}
            figures |= {"account": position.account, "currency": own}
            yield WayOut("raise_limit", with_own_limit(facts, base), figures, moved=by)
