"""One piece of a backtest: some hundred orders looked at, and what was found written down."""

import datetime as dt
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

import orjson

from credit_mgmt.backtests.outcomes import outcomes_of
from credit_mgmt.backtests.rebuilding import rebuilt_facts
from credit_mgmt.backtests.samples import Period, Sample, first_invoices, samples_of
from credit_mgmt.engine.codec import BadRecord, decode
from credit_mgmt.engine.condense import Facts
from credit_mgmt.engine.decide import decide
from credit_mgmt.engine.trial import Seen, Trial
from credit_mgmt.gathering import uncollected
from credit_mgmt.models.backtests import Backtest
from credit_mgmt.policies import Clock, Setup, current_setup, read_clock, setting_for
from customers.bulk import copy_rows
from customers.models import LegalEntity
from customers.money import MissingRate, Rates

_COLUMNS = (
    "backtest_id", "order_id", "legal_entity_id", "decision", "checkpoint", "date", "currency", "value",
    "stopped_now", "stopped_then", "otherwise", "released_now", "released_then", "became",
)  # fmt: skip
NO_ORDERS = {"orders": 0, "exact": 0, "rebuilt": 0, "not_rebuildable": 0, "stopped_now": 0, "stopped_then": 0}


@dataclass(frozen=True, slots=True)
class Found:
    """What was found of one order, with the check that says most of it: the first that differs or stops it."""

    seen: Seen
    facts: Facts
    decision: uuid.UUID | None


@dataclass(frozen=True, slots=True)
class _Rating:
    """Rates for facts that were stored under other rules: with a decision stand only those that its rules needed."""

    currencies: frozenset[str]
    clock: Clock
    setup: Setup

    def of(self, facts: Facts) -> Facts:
        """The facts with the rates of their day to all currencies of the rules."""
        setting = facts.setting
        if self.currencies <= setting.rates.minor_units.keys():
            return facts
        known = setting_for(setting.legal_entity, setting.as_of, setup=self.setup, clock=self.clock).rates
        rates = {**known.rates, **setting.rates.rates}
        units = {**known.minor_units, **setting.rates.minor_units}
        return replace(facts, setting=replace(setting, rates=Rates(rates, units)))


def look_at(backtest: Backtest, order_ids: Sequence[int], *, trial: Trial, period: Period) -> dict[str, int]:
    """Look at these orders and write the rows of those of which there is something to say; returns the counts."""
    with uncollected(len(order_ids)):
        exact = _stored(samples_of(order_ids, period), trial)
    missing = [order for order in order_ids if order not in exact]
    rebuilt = _rebuilt(first_invoices(missing, period), trial) if missing else {}
    found = {order: one for order, one in {**exact, **rebuilt}.items() if one is not None}
    _write(backtest, {order: one for order, one in found.items() if one.seen.says_something})
    known_exactly = sum(1 for one in exact.values() if one is not None)
    return {
        "orders": len(order_ids),
        "exact": known_exactly,
        "rebuilt": len(found) - known_exactly,
        "not_rebuildable": len(order_ids) - len(found),
        "stopped_now": sum(one.seen.stopped_now for one in found.values()),
        "stopped_then": sum(one.seen.stopped_then for one in found.values()),
    }


def _stored(samples: Collection[Sample], trial: Trial) -> dict[int, Found | None]:
    """What stored decisions say, by order; None where one of them can't be read."""
    found: dict[int, Found | None] = {}
    rating = _Rating(trial.currencies, clock := read_clock(), current_setup(clock))
    for sample in samples:
        known = found.get(sample.order)
        if sample.order in found and known is None:
            continue
        try:
            facts = rating.of(decode(Facts, orjson.loads(sample.facts)))
        except BadRecord:
            found[sample.order] = None
            continue
        one = Found(trial.look(facts), facts, sample.id)
        found[sample.order] = one if known is None else _joined(known, one)
    return found


def _joined(earlier: Found, later: Found) -> Found:
    first = later if later.seen.says_something and not earlier.seen.says_something else earlier
    return Found(earlier.seen.joined(later.seen), first.facts, first.decision)


def _rebuilt(days: Mapping[int, dt.date], trial: Trial) -> dict[int, Found | None]:
    """What rebuilt facts say, by order; None where something is missing on that day, as a rate may be."""
    found: dict[int, Found | None] = {}
    for order, facts in rebuilt_facts(days, trial.now).items():
        found[order] = Found(trial.look(facts), facts, None) if _is_whole(facts, trial) else None
    return found


def _is_whole(facts: Facts, trial: Trial) -> bool:
    decision = decide(
        facts.book(), facts.order, policy=trial.now, question=facts.question, setting=facts.setting
    )  # fmt: skip
    return not any(reason.type == "cannot_be_evaluated" for reason in decision.reasons)


def _write(backtest: Backtest, found: Mapping[int, Found]) -> None:
    """One row for each order, with what became of it; four statements for any number."""
    if not found:
        return
    became = outcomes_of(found, as_of=backtest.last_day)
    currencies = dict(LegalEntity.objects.order_by("pk").values_list("pk", "accounting_currency"))
    rows = (
        (
            backtest.pk, order, one.facts.order.legal_entity, one.decision, one.facts.question.checkpoint,
            one.facts.setting.as_of, currencies[one.facts.order.legal_entity],
            _value(one.facts, currencies[one.facts.order.legal_entity]), *one.seen, became[order],
        )
        for order, one in sorted(found.items())
    )  # fmt: skip
    copy_rows("credit_mgmt_backtestrow", _COLUMNS, rows)


def _value(facts: Facts, currency: str) -> Decimal | None:
    """The order's amount in `currency` at the rates of its check; None where one is missing."""
    try:
        return facts.setting.rates.convert(facts.order.amount, facts.order.currency, currency)
    except MissingRate:
        return None
