"""The policy in force: parameters, checkpoints and rules as the engine's values, cached by the policy clock.

Note [Policy versions]. Triggers raise the clock on every change of a table that the policy is made of; the number comes
from a sequence and is never given out twice. So what a process read under a version is right as long as the clock
shows that version: one cheap query, then memory. A decision names its version, and the version's content is stored
with the first decision that used it; with that and its facts a decision can be recomputed (`domain 4`).
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from credit_mgmt.compiled import Statement
from credit_mgmt.engine import facts as engine
from credit_mgmt.models import Parameters, RuleState, RuleVersion
from customers.errors import NotDecided, NotFound
from customers.rates import rates_on

READS = 5
"""How often the policy is read again when it changes while it is being read."""


Rank = int | None


class Ranks(NamedTuple):
    """The ranks of terms of payment and of cash discounts, by code (`domain 4.6`)."""

    terms: Mapping[str, Rank]
    discounts: Mapping[str, Rank]


@dataclass(frozen=True, slots=True)
class Setup:
    """Everything that was set up, read at one version: as the engine sees it, and the parameter rows themselves."""

    policy: engine.Policy
    rows: Mapping[str | None, Parameters]
    ranks: Ranks | None = None
    """Only of a setup that was pinned (`pinning`): otherwise an order brings the ranks that stand now."""

    def row(self, legal_entity: str) -> Parameters | None:
        """The parameter row of the legal entity, else the default row, else None."""
        return self.rows.get(legal_entity) or self.rows.get(None)


@dataclass(frozen=True, slots=True)
class Clock:
    """What everything cached depends on, read in one query."""

    policy: int
    reference: int
    last_settlement: dt.date | None
    """The latest day on which anything was settled: before it, the kept open amounts are not those of the day."""
    last_limit: dt.date | None
    """The latest day on which a limit changed: before it, the limits of the accounts are not those of the day."""
    policy_is_stored: bool
    """Whether a decision has used this policy already, so that its content is stored."""


_CLOCK = Statement("""
    SELECT (SELECT version FROM credit_mgmt_policyclock), (SELECT version FROM customers_referenceclock),
           (SELECT max(date) FROM customers_settlement), (SELECT max(effective_on) FROM credit_mgmt_limithistory),
           EXISTS (SELECT FROM credit_mgmt_policyversion v JOIN credit_mgmt_policyclock c ON c.version = v.version)
""")
_cached: Setup | None = None


def read_clock() -> Clock:
    """The clocks now. Raises `NotDecided` in a database that was never migrated."""
    [(policy, reference, last_settlement, last_limit, stored)] = _CLOCK.rows()
    if policy is None or reference is None:
        raise NotDecided("The policy clock or the reference clock is missing: run the migrations.")
    return Clock(policy, reference, last_settlement, last_limit, stored)


def current_setup(clock: Clock | None = None) -> Setup:
    """The setup in force. One query while nothing changed, none with a `clock` just read.

    Raises `NotDecided` if it never stands still.
    """
    global _cached  # noqa: PLW0603 - one immutable value per process, replaced as a whole
    version = (clock or read_clock()).policy
    for _ in range(READS):
        if _cached is not None and _cached.policy.version == version:
            return _cached
        setup = _read_setup(version)
        again = read_clock().policy
        if again == version:
            _cached = setup
        version = again
    raise NotDecided("The rules are being changed right now; nothing was decided. Ask again.")


def current_policy() -> engine.Policy:
    """The rules and parameters in force, as the engine's value."""
    return current_setup().policy


def parameters_row(legal_entity: str) -> Parameters:
    """The parameters of a legal entity, or the default row. Raises `NotFound` where there is neither (`domain 4.9`)."""
    row = current_setup().row(legal_entity)
    if row is None:
        raise NotFound(f"There are no parameters for {legal_entity} and no default row: set up the default parameters.")
    return row


def setting_for(
    legal_entity: str, as_of: dt.date, *, setup: Setup | None = None, clock: Clock | None = None
) -> engine.Setting:
    """How amounts look from a legal entity: the rates of its rate type on `as_of` (`domain 1`, `3.4`)."""
    row = (setup or current_setup(clock)).row(legal_entity)
    rate_type = row.credit_limit_exchange_rate_type if row else "default"
    rates = rates_on(rate_type, as_of, version=clock.reference if clock else None)
    return engine.Setting(legal_entity=legal_entity, as_of=as_of, rates=rates)


def _read_setup(version: int) -> Setup:
    rows = {row.legal_entity_id: row for row in Parameters.objects.prefetch_related("checkpoints").order_by("pk")}
    counting = RuleVersion.objects.filter(state__in=[RuleState.ACTIVE, RuleState.SHADOW])
    rules = counting.select_related("rule", "customer").order_by("rule__code", "number")
    policy = engine.Policy(
        version=version,
        rules=tuple(rule_value(rule) for rule in rules),
        parameters={entity: parameters_value(row) for entity, row in rows.items()},
    )
    return Setup(policy=policy, rows=rows)


def rule_value(version: RuleVersion) -> engine.Rule:
    """A version of a rule as the engine sees it; its name is the code, which every page and message shows."""
    return engine.Rule(
        id=str(version.rule_id),
        name=version.rule.code,
        version=version.number,
        shadow=version.state == RuleState.SHADOW,
        type=version.rule.type,
        action=engine.Action(version.action),
        level=engine.Level(version.valid_for),
        customer=version.customer.key if version.customer else None,
        credit_management_group=version.credit_management_group_id,
        legal_entity=version.legal_entity_id,
        days=version.days,
        amount=version.amount,
        currency=version.currency_id,
        threshold_percent=version.threshold_percent,
        threshold_amount=version.threshold_amount,
        account_status=version.account_status_id,
        payment_terms=version.payment_terms_id,
        release_sales_order=version.release_sales_order,
        valid_from=version.valid_from,
        valid_to=version.counted_to,
    )


def parameters_value(row: Parameters) -> engine.Parameters:
    """A parameter row, with its checkpoints, as the engine sees it."""
    return engine.Parameters(
        limit_type=engine.LimitType(row.credit_limit_type),
        all_open_orders_use_credit=row.open_orders_that_use_credit == Parameters.OpenOrders.ALL,
        check_credit_limit=row.check_credit_limit_for_sales_order,
        exceeding_is_error=row.message_when_exceeding_credit_limit == Parameters.Message.ERROR,
        check_group_limit=row.check_customer_credit_groups_credit_limit,
        unlimited_skips_group=row.unlimited_customers_skip_the_group_limit,
        check_terms=row.check_when_payment_terms_are_increased,
        check_discount=row.check_when_settlement_discount_is_increased,
        ignore_expiry_when_blank=row.ignore_limit_expired_when_date_is_blank,
        allow_edit_after_release=row.allow_edit_of_order_value_after_release,
        release_tolerance_percent=row.release_tolerance_percent,
        checkpoints={
            setting.document: engine.CheckpointSetting(
                posting=setting.posting,
                grace_days=setting.grace_days,
                pro_forma=setting.pro_forma,
                pro_forma_grace_days=setting.pro_forma_grace_days,
            )
            for setting in row.checkpoints.all()
        },
    )
