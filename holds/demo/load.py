"""Loads the demonstration company through the product's own services, in one go that can be repeated safely."""

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import groupby
from random import Random

from django.contrib.auth import get_user_model
from django.db import connection, transaction

from credit_mgmt import accounts
from credit_mgmt.credit_groups import feed_groups
from credit_mgmt.limits import LimitChange, set_limits
from credit_mgmt.models import CreditAccount, LimitHistory
from credit_mgmt.parameter_setup import save_parameters
from credit_mgmt.rules.saving import save_rule
from customers import imports
from customers.access import Actor, actor_of_user, system_actor
from customers.errors import NotDecided
from customers.models import AccessGrant, Customer, LegalEntity, SalesOrder
from customers.money import ZERO
from holds import forced, posting
from holds.demo import company, cover, groups, journals, ledger, orders, policy, reviews
from holds.demo.company import DemoUser, Row, Trader

SEED = 20_04
EMAIL_DOMAIN = "demo.invalid"
_BULK = 5_000
_HANDFUL = 40
_ATTEMPTS = 5
_CENT = Decimal("0.01")
Say = Callable[[str], None]


def load_demo(*, now: dt.datetime, today: dt.date, say: Say) -> None:
    """Load everything as of `today`; the random numbers are the same each time. One transaction: all or nothing.

    So a first start that is killed leaves an empty database, and the next one begins again: half a company would pass
    for a whole one. Much of it can't be taken back, as evidence is append-only.
    """
    random = Random(SEED)  # noqa: S311 - a demonstration, not a secret
    with transaction.atomic():
        _be_patient()
        traders = _company(random, now, today, say)
        made = orders.orders(random, today, traders)
        say(f"{len(made):,} orders")
        _feed("sales-orders", [order.row for order in made], system_actor("demo"), today)
        _post(made, now, today, say)
        _force(random, now, today)
        journals.make_journals(now, _always(today))
        _be_patient()


def _be_patient() -> None:
    """Lift the limits of a session for this transaction: what makes a company up takes longer than a person waits.

    Each check sets limits of its own until the transaction ends; they must not hurry the commit.
    """
    with connection.cursor() as cursor:
        for limit in ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout"):
            cursor.execute(f"SET LOCAL {limit} = 0")


def _company(random: Random, now: dt.datetime, today: dt.date, say: Say) -> list[Trader]:
    """Legal entities, customers with two years behind them, limits, rules, people."""
    actor = system_actor("demo")
    _reference_data(actor, today)
    traders = company.traders(random, today)
    groups.join_parties(traders)
    invoices, payments = ledger.invoices_and_payments(random, today, traders)
    say(f"{len(traders)} customers, {len(invoices):,} invoices, {len(payments):,} payments")
    parties = {trader.row["party"]: _party(trader) for trader in reversed(traders)}
    _feed("parties", list(parties.values()), actor, today)
    reviewed = reviews.reviews(traders, today)
    _feed("customers", [{**trader.row, **reviewed.get(trader.key, {})} for trader in traders], actor, today)
    _feed("invoices", invoices, actor, today)
    _feed("payments", payments, actor, today)
    owed = ledger.open_balances(invoices, payments)
    _limits(random, now, today, traders, owed)
    _policy(traders, actor, now)
    _groups(owed, now, today)
    _cover(traders, today)
    _users()
    return traders


def is_loaded() -> bool:
    """Whether there is anything here already: a demonstration is never mixed into somebody's data."""
    return LegalEntity.objects.exists()


def demo_users() -> tuple[DemoUser, ...]:
    """Logins of the demonstration with roles and passwords."""
    return company.USERS


def _feed(resource: str, rows: Sequence[Row], actor: Actor, today: dt.date) -> None:
    for start in range(0, len(rows), _BULK):
        results = imports.upsert(resource, rows[start : start + _BULK], actor=actor, today=_always(today), atomic=True)
        failed = next((result for result in results if result.errors), None)
        if failed is not None:
            raise ValueError(f"demonstration {resource} {failed.key}: {failed.errors}")


def _reference_data(actor: Actor, today: dt.date) -> None:
    start = today - dt.timedelta(days=ledger.DAYS + 30)
    rates = [("USD", "EUR", "0.92"), ("GBP", "EUR", "1.17"), ("GBP", "USD", "1.27")]
    rows = [
        {"rate_type": "default", "from_currency": one, "to_currency": two, "rate": Decimal(rate), "valid_from": start}
        for one, two, rate in rates
    ]
    _feed("currencies", company.CURRENCIES, actor, today)
    _feed("legal-entities", company.LEGAL_ENTITIES, actor, today)
    _feed("exchange-rates", rows, actor, today)
    _feed("payment-terms", company.PAYMENT_TERMS, actor, today)
    _feed("cash-discounts", company.CASH_DISCOUNTS, actor, today)
    _feed("credit-management-groups", company.MANAGEMENT_GROUPS, actor, today)
    _feed("account-statuses", company.ACCOUNT_STATUSES, actor, today)
    _feed("reasons", company.REASONS, actor, today)


def _party(trader: Trader) -> Row:
    return {"number": trader.row["party"], "name": trader.row["name"], "country": trader.row["country"]}


def _limits(random: Random, now: dt.datetime, today: dt.date, traders: list[Trader], owed: dict[str, Decimal]) -> None:
    """Limits that leave most customers room; some are unlimited, some zero, some expired, some too low."""
    actor = system_actor("demo")
    ids = {customer.key: customer.pk for customer in Customer.objects.order_by("pk")}
    accounts.open_accounts(customer_ids=ids.values())
    held = dict(CreditAccount.objects.filter(customer__isnull=False).values_list("customer_id", "pk"))
    changes = [_limit(random, today, trader, held[ids[trader.key]], owed.get(trader.key, ZERO)) for trader in traders]
    ends = {held[ids[key]]: day for key, day in reviews.last_days(traders, today).items()}
    changes = [replace(change, expires_on=change.expires_on or ends.get(change.account)) for change in changes]
    note = "Opening limit of the demonstration"
    set_limits(changes=changes, source=LimitHistory.Source.OPENING, actor=actor, at=now, as_of=today, note=note)


def _limit(random: Random, today: dt.date, trader: Trader, account: int, owed: Decimal) -> LimitChange:
    room = owed * Decimal("1.6") + trader.typical * random.randint(6, 20)
    dice = random.random()
    without = dice < 0.015 or trader.key in groups.WITHOUT_OWN_LIMIT
    amount = ZERO if without else room * Decimal("0.45") if dice < 0.045 else room
    expired = today - dt.timedelta(days=random.randint(12, 60)) if 0.045 <= dice < 0.065 else None
    return LimitChange(
        account, limit_amount=round(amount, -3).quantize(_CENT), unlimited=0.065 <= dice < 0.085, expires_on=expired
    )


def _groups(owed: dict[str, Decimal], now: dt.datetime, today: dt.date) -> None:
    """Customers that share one limit; their own limits end with the group's."""
    rows = groups.groups(owed, today)
    results = feed_groups(rows=rows, actor=system_actor("demo"), today=_always(today), at=now, atomic=True)
    failed = next((result for result in results if result.errors), None)
    if failed is not None:
        raise ValueError(f"demonstration credit group {failed.key}: {failed.errors}")


def _policy(traders: list[Trader], actor: Actor, now: dt.datetime) -> None:
    for entity, values in policy.PARAMETERS.items():
        save_parameters(legal_entity=entity, values=values, actor=actor)
    for values in policy.rules(traders):
        save_rule(values=values, actor=actor, at=now)


def _cover(traders: list[Trader], today: dt.date) -> None:
    """Insurance policies and guarantees, with what they refer to."""
    actor = system_actor("demo")
    _feed("parties", cover.INSURERS, actor, today)
    _feed("policy-types", cover.POLICY_TYPES, actor, today)
    _feed("coverage-types", cover.COVERAGE_TYPES, actor, today)
    _feed("policies", cover.policies(traders, today), actor, today)


def _users() -> None:
    users = get_user_model()
    for demo in company.USERS:
        first, last = demo.name.split(" ", 1)
        user = users.objects.create_user(
            demo.username,
            f"{demo.username}@{EMAIL_DOMAIN}",
            demo.password,
            first_name=first,
            last_name=last,
            is_staff=True,
        )
        AccessGrant.objects.create(user=user, role=demo.role, legal_entity_id=demo.entity)


def _post(made: list[orders.DemoOrder], now: dt.datetime, today: dt.date, say: Say) -> None:
    """Post each order's documents on the day they were due, oldest day first, so that holds have an age."""
    ids = {order.key: order.pk for order in SalesOrder.objects.order_by("pk")}
    for age, same_day in groupby(made, key=lambda order: order.age):
        wave = list(same_day)
        at = now - dt.timedelta(days=age, hours=2)
        for document, batch in _by_document(wave):
            _post_patiently([ids[order.key] for order in batch], document, at, today - dt.timedelta(days=age))
        say(f"{len(wave)} orders posted {age} days ago")


def _post_patiently(order_ids: Sequence[int], document: str, at: dt.datetime, day: dt.date) -> None:
    """Post in handfuls: each has the seconds that a check has, which must do on a slow machine too."""
    for start in range(0, len(order_ids), _HANDFUL):
        handful = order_ids[start : start + _HANDFUL]
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                posting.post_documents(
                    orders=handful, document=document, actor=system_actor("demo"), at=at, today=_always(day)
                )
                break
            except NotDecided:
                if attempt == _ATTEMPTS:
                    raise


def _always(day: dt.date) -> Callable[[str], dt.date]:
    return lambda _: day


def _by_document(wave: list[orders.DemoOrder]) -> Iterator[tuple[str, list[orders.DemoOrder]]]:
    for document in ("confirmation", "picking_list", "packing_slip", "invoice"):
        batch = [order for order in wave if document in order.documents]
        if batch:
            yield document, batch


def _force(random: Random, now: dt.datetime, today: dt.date) -> None:
    """Five forced holds: what no rule can know."""
    actor = actor_of_user(get_user_model().objects.get(username="manager"))
    passed = list(
        SalesOrder.objects.filter(credit_status=SalesOrder.CreditStatus.PASSED, document_status="confirmation")
        .order_by("pk")
        .values_list("pk", flat=True)
    )
    for order_id in random.sample(passed, 5):
        forced.force_hold(
            order=order_id,
            reason="DISPUTE",
            note="Customer disputes the last delivery; wait for the claim.",
            actor=actor,
            at=now - dt.timedelta(hours=random.randint(3, 90)),
            today=_always(today),
        )
