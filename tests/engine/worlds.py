"""Worlds for the laws: customers of two entities, credit groups, rules of all seven types, and a queue of orders.

Amounts are cents, chosen so that limits are met to the cent, missed by one, and mostly somewhere near. Each thing is
made from one number, so that hypothesis draws few numbers, is quick, and shrinks a world by leaving things out.
"""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from random import Random
from typing import Any, TypeVar

from hypothesis import strategies as st

from credit_mgmt.engine.decide import QueueItem
from credit_mgmt.engine.exposure import Book
from credit_mgmt.engine.facts import (
    Action,
    Checkpoint,
    CoverPart,
    CustomerPosition,
    GroupPosition,
    Level,
    LimitType,
    OrderFacts,
    Parameters,
    Part,
    Policy,
    Question,
    Rule,
    RuleType,
    Setting,
    Standing,
)
from customers.money import Rates
from tests.engine.build import EVERY_CHECKPOINT, TODAY, money

Made = TypeVar("Made")
UNITS = {"USD": 2, "EUR": 2, "GBP": 2, "JPY": 0}
RATES = {("EUR", "USD"): Decimal("1.0837"), ("GBP", "USD"): Decimal("1.2671"), ("USD", "JPY"): Decimal("149.37")}
ALL_RATES = {**RATES, ("GBP", "EUR"): Decimal("1.1692")}
CURRENCIES = ("USD", "USD", "USD", "EUR", "GBP")
ACCOUNTS = ("USMF:US-0", "USMF:US-1", "USMF:US-2", "DEMF:DE-1")
EVERY_TYPE = tuple(LimitType)


@dataclass(frozen=True)
class World:
    """Everything that a queue is decided with."""

    positions: tuple[CustomerPosition, ...]
    groups: tuple[GroupPosition, ...]
    policy: Policy
    items: tuple[QueueItem, ...]

    def book(self) -> Book:
        return Book(self.positions, self.groups)


def made(maker: Callable[[Random], Made]) -> st.SearchStrategy[Made]:
    """What `maker` makes of a number."""
    return st.integers(0, 2**24).map(lambda seed: maker(Random(seed)))


def cents(random: Random) -> Decimal:
    """An amount up to 4,000, often a round one."""
    return money(random.choice([random.randint(0, 400_000), random.randint(0, 40) * 10_000]) / Decimal(100))


_COVER = (
    (CoverPart("USD", money(3_000), percent=money(50)),),
    (CoverPart("EUR", money(1_500), amount=money(0), in_exposure=True), CoverPart("USD", money(40), amount=money(7))),
)


def a_position(random: Random, account: str, limit_types: tuple[LimitType, ...]) -> CustomerPosition:
    """A customer with some open items, some of them overdue, perhaps in a group."""
    days = random.choice([0, 0, 3, 45, 90])
    parts = tuple(
        Part(currency, cents(random) - 300, cents(random), cents(random), cents(random) / 8 if days else money(0))
        for currency in sorted(set(random.choices(CURRENCIES, k=random.randint(0, 3))))
    )
    return CustomerPosition(
        account=account,
        account_id=ACCOUNTS.index(account) + 1,
        legal_entity=account[:4],
        currency="USD" if account.startswith("USMF") else "EUR",
        limit=money(random.choice([0, 2_000, 5_000, 8_000, 10**6])),
        unlimited=random.random() < 0.1,
        mandatory=random.random() < 0.5,
        expires_on=random.choice([None, TODAY, TODAY - dt.timedelta(days=20)]),
        temporary_limit=random.choice([None, None, money(6_000)]),
        cover=random.choice([(), (), *_COVER]),
        parts=parts,
        days_overdue=days,
        oldest_overdue="INV-1" if days else None,
        limit_type=random.choice(limit_types),
        account_status=random.choice([None, "WATCH", "OK"]),
        processing_hold=random.choice(["none"] * 6 + ["invoice", "all"]),
        credit_management_group=random.choice([None, "WHOLESALE", "RETAIL"]),
        risk_group=random.choice([None, "HIGH"]),
        group=random.choice([None, "group:G1", "group:G2"]),
    )


def a_rule(random: Random, actions: tuple[Action, ...] = tuple(Action)) -> Rule:
    """A rule of any type, aimed at anybody."""
    kind, action = random.choice(list(RuleType)), random.choice(actions)
    level, name = random.choice(list(Level)), f"R{random.randint(0, 10**9)}"
    return Rule(
        id=name,
        name=name,
        type=kind,
        action=action,
        level=level,
        customer=random.choice(ACCOUNTS) if level is Level.TABLE else None,
        credit_management_group=random.choice(["WHOLESALE", "RETAIL"]) if level is Level.GROUP else None,
        risk_group=random.choice([None, None, "HIGH"]),
        legal_entity=random.choice([None, None, "USMF"]),
        release_sales_order=action is Action.EXCLUSION and random.random() < 0.25,
        **_values(random, kind, exclusion=action is Action.EXCLUSION),
    )


def _values(random: Random, kind: RuleType, *, exclusion: bool) -> dict[str, Any]:
    currency, percent = random.choice(CURRENCIES), Decimal(random.choice([0, 50, 80, 100, 120]))
    if kind is RuleType.DAYS_OVERDUE and exclusion and random.random() < 0.5:
        return {"amount": cents(random), "currency": currency}
    if kind is RuleType.OVERDUE_AMOUNT:
        threshold: dict[str, Any] = {"threshold_percent": percent}
        if exclusion and random.random() < 0.5:
            threshold = {"threshold_amount": cents(random)}
        return {"amount": cents(random), "currency": currency, **threshold}
    values: dict[RuleType, dict[str, Any]] = {
        RuleType.DAYS_OVERDUE: {"days": random.choice([0, 3, 30, 60])},
        RuleType.LIMIT_EXPIRED: {"days": random.choice([0, 3, 30, 60])},
        RuleType.SALES_ORDER: {"amount": cents(random), "currency": currency},
        RuleType.LIMIT_USED: {"threshold_percent": percent},
        RuleType.ACCOUNT_STATUS: {"account_status": random.choice(["WATCH", "OK"])},
        RuleType.PAYMENT_TERMS: {"payment_terms": random.choice(["N30", "N90"])},
    }
    return values[kind]


def an_order(random: Random, number: int, *, exempt: bool) -> OrderFacts:
    """An order of any customer; with `exempt`, perhaps one that is not checked or uses no credit."""
    payer, amount, rank = random.choice(ACCOUNTS), cents(random), random.choice([None, 1, 2, 3])
    uninvoiced = random.choice([amount, amount, amount / 2])
    return OrderFacts(
        id=number,
        key=f"{payer[:4]}:SO-{number}",
        legal_entity=payer[:4],
        customer=payer,
        payer=payer,
        currency=random.choice(CURRENCIES),
        amount=amount,
        uninvoiced=uninvoiced,
        delivered=random.choice([money(0), uninvoiced / 4, uninvoiced]),
        payment_terms=random.choice([None, "N30", "N90"]),
        terms_rank=rank,
        default_terms_rank=1,
        discount_rank=rank,
        default_discount_rank=2,
        uses_credit=not exempt or random.random() > 0.1,
        excluded=exempt and random.random() < 0.1,
        counted=random.random() < 0.5,
        standing=random.choice([None, Standing(money(10), terms_rank=2, discount_rank=1)]),
    )


def a_group(random: Random, number: int) -> GroupPosition:
    """A credit group that has no members yet."""
    return GroupPosition(
        account=f"group:G{number}",
        account_id=100 + number,
        currency=random.choice(["USD", "EUR"]),
        limit=money(random.choice([4_000, 9_000, 20_000])),
        expires_on=random.choice([TODAY, TODAY - dt.timedelta(days=40)]),
        temporary_limit=random.choice([None, money(12_000)]),
        use_member_days_overdue=random.random() < 0.5,
    )


def some_parameters(random: Random, limit_types: tuple[LimitType, ...], *, all_open: bool) -> Parameters:
    """One row of parameters for both entities, every checkpoint on."""
    return Parameters(
        limit_type=random.choice(limit_types),
        all_open_orders_use_credit=all_open and random.random() < 0.5,
        check_credit_limit=random.random() < 0.8,
        exceeding_is_error=random.random() < 0.5,
        check_group_limit=random.random() < 0.8,
        unlimited_skips_group=random.random() < 0.5,
        check_terms=random.random() < 0.5,
        check_discount=random.random() < 0.5,
        ignore_expiry_when_blank=random.random() < 0.5,
        checkpoints=EVERY_CHECKPOINT,
    )


def moved(customer: CustomerPosition, order: OrderFacts, sign: int) -> CustomerPosition:
    """The customer with the order added to, or taken from, what is delivered and ordered."""
    if not order.uses_credit:
        return customer
    waiting = order.uninvoiced - order.delivered
    part = Part(order.currency, delivered=sign * order.delivered, ordered=sign * waiting)
    return replace(customer, parts=(*customer.parts, part))


def regrouped(groups: tuple[GroupPosition, ...], customers: tuple[CustomerPosition, ...]) -> tuple[GroupPosition, ...]:
    """The groups with these customers as their members."""
    return tuple(
        replace(group, members=tuple(customer for customer in customers if customer.group == group.account))
        for group in groups
    )


def rules(actions: tuple[Action, ...] = tuple(Action)) -> st.SearchStrategy[Rule]:
    """Any rule with one of these actions."""
    return made(lambda random: a_rule(random, actions))


@st.composite
def worlds(
    draw: st.DrawFn,
    *,
    limit_types: tuple[LimitType, ...] = EVERY_TYPE,
    ruleset: st.SearchStrategy[list[Rule]] | None = None,
    exempt: bool = True,
    all_open: bool = True,
    missing_rates: bool = True,
) -> World:
    """Customers, groups, rules, parameters and a queue of orders, each order once."""
    seeds = draw(st.lists(st.integers(0, 2**24), min_size=1, max_size=8))
    queue = [an_order(Random(seed), number, exempt=exempt) for number, seed in enumerate(seeds)]
    random = Random(draw(st.integers(0, 2**24)))
    owing = {account: a_position(random, account, limit_types) for account in ACCOUNTS}
    for order in queue:
        if order.counted:
            owing[order.payer] = moved(owing[order.payer], order, 1)
    customers = tuple(owing.values())
    rates = {pair: rate for pair, rate in RATES.items() if random.random() > 0.1} if missing_rates else ALL_RATES
    settings = {entity: Setting(entity, TODAY, Rates(rates, UNITS)) for entity in ("USMF", "DEMF")}
    question = Question(random.choice([Checkpoint.CONFIRMATION, Checkpoint.INVOICE]))
    known = draw(st.lists(rules(), max_size=8, unique_by=lambda rule: rule.id) if ruleset is None else ruleset)
    return World(
        positions=customers,
        groups=regrouped((a_group(random, 1), a_group(random, 2)), customers),
        policy=Policy(7, tuple(known), {None: some_parameters(random, limit_types, all_open=all_open)}),
        items=tuple((order, question, settings[order.legal_entity]) for order in queue),
    )
