"""What would clear a hold (ux 3.2), and law 5: carrying it out makes the check pass."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit_mgmt.engine.condense import Facts, condense
from credit_mgmt.engine.decide import decide
from credit_mgmt.engine.decision import Decision, Evidence, Remedy
from credit_mgmt.engine.exposure import Book
from credit_mgmt.engine.facts import Checkpoint, CustomerPosition, DueItem, GroupPosition, OrderFacts, Part, Question
from credit_mgmt.engine.remedies import AT_MOST, remedies_for
from tests.engine.build import (
    CUSTOMER,
    TODAY,
    check,
    group,
    money,
    order,
    policy,
    policy_of,
    position,
    rule,
    setting,
    types,
)
from tests.engine.worlds import World, worlds

FULL = rule("limit_used", threshold_percent=100)
LATE = rule("days_overdue", days=45)
ITEMS = (DueItem("INV-88120", 67, "USD", money(8_900)), DueItem("INV-88274", 20, "USD", money(9_600)))


def what_clears(
    facts: OrderFacts,
    customer: CustomerPosition,
    *rules: Any,
    items: Sequence[DueItem] = (),
    groups: tuple[GroupPosition, ...] = (),
    also: tuple[str, ...] = (),
    **parameters: Any,
) -> list[tuple[str, tuple[str, ...], dict[str, str]]]:
    """Action, reasons cleared and figures of each remedy."""
    found = remedies_for(
        Book([customer], groups),
        facts,
        policy=policy(*rules, **parameters),
        question=Question(Checkpoint.CONFIRMATION),
        setting=setting(),
        due_items=items,
        also=also,
    )
    return [(remedy.action, remedy.clears, dict(remedy.figures)) for remedy in found]


def test_the_pages_own_example() -> None:
    """ux 3.2: 228,050 of 210,000; payment of one invoice clears overdue; raise to 228,050; order down to 6,250."""
    customer = position(balance=203_750, limit=210_000, overdue=18_500, days_overdue=67)
    assert what_clears(order(24_300), customer, FULL, LATE, items=ITEMS) == [
        ("pay", ("days_overdue",), {"amount": "8900.00", "currency": "USD", "documents": "INV-88120"}),
        (
            "pay",
            ("days_overdue", "limit_used"),
            {"amount": "18050.00", "currency": "USD", "documents": "INV-88120 INV-88274"},
        ),
        (
            "raise_limit",
            ("limit_used",),
            {
                "account": CUSTOMER,
                "currency": "USD",
                "limit": "228050.00",
                "by": "18050.00",
                "total_limit": "228050.00",
            },
        ),
        ("reduce_order", ("limit_used",), {"amount": "6250.00", "currency": "USD"}),
    ]


def test_a_temporary_limit_in_force_and_cover_are_part_of_the_new_limit() -> None:
    """ux 3.2: temporary limit 180,000 to 198,050, with 30,000 of cover."""
    customer = position(balance=203_750, limit=150_000, temporary_limit=180_000, cover=(policy_of(30_000),))
    raised = next(
        figures for action, _, figures in what_clears(order(24_300), customer, FULL) if action == "raise_limit"
    )
    assert (raised["limit"], raised["by"], raised["total_limit"]) == ("198050.00", "18050.00", "228050.00")


def test_a_rule_of_80_percent_asks_for_a_limit_of_which_the_exposure_is_80_percent() -> None:
    customer = position(balance=90_000)
    found = what_clears(order(6_000), customer, rule("limit_used", threshold_percent=80))
    assert [figures["limit"] for action, _, figures in found if action == "raise_limit"] == ["120000.00"]
    assert [figures["amount"] for action, _, figures in found if action == "pay"] == ["16000.00"]
    assert all(action != "reduce_order" for action, _, _ in found)  # No order at all would fit.


def test_a_limit_of_a_group_names_the_group() -> None:
    """ux: payment in group x; group limit +x."""
    member = position(balance=1_000, limit=10**6, group="group:G1")
    other = position("USMF:US-002", balance=50_000, group="group:G1")
    found = what_clears(order(2_000), member, FULL, groups=(group(member, other, limit=52_000),))
    assert [figures for action, _, figures in found if action == "raise_limit"] == [
        {"group_account": "group:G1", "group_currency": "USD", "group_limit": "53000.00", "group_by": "1000.00"}
    ]
    assert [figures["amount"] for action, _, figures in found if action in ("pay", "reduce_order")] == [
        "1000.00",
        "1000.00",
    ]


def test_where_group_and_own_limit_both_exceed_the_remedy_raises_both() -> None:
    """The second reason shows only once the first is gone; the remedy clears the type all the same."""
    member = position(balance=1_000, limit=1_500, group="group:G1")
    [(_, clears, figures)] = [
        one
        for one in what_clears(order(2_000), member, FULL, groups=(group(member, limit=1_600),))
        if one[0] == "raise_limit"
    ]
    assert clears == ("limit_used",)
    assert (figures["group_limit"], figures["limit"]) == ("3000.00", "3000.00")


def test_days_overdue_of_another_member_are_that_members_to_pay() -> None:
    """domain 3.4."""
    member = position(group="group:G1")
    late = position("USMF:US-002", days_overdue=70, group="group:G1")
    shared = (group(member, late, use_member_days_overdue=True),)
    assert what_clears(order(), member, LATE, groups=shared) == [("pay", ("days_overdue",), {"members": "USMF:US-002"})]


@pytest.mark.parametrize(
    ("facts", "customer", "rules", "parameters", "remedy"),
    [
        ({}, {"account_status": "WATCH"}, [rule("account_status", account_status="WATCH")], {},
         ("change_status", ("account_status",), {"from": "WATCH"})),
        ({}, {"account_status": "STOP", "processing_hold": "all"}, [], {},
         ("change_status", ("account_on_hold",), {"from": "STOP"})),
        ({"payment_terms": "N90"}, {}, [rule("payment_terms", payment_terms="N90")], {},
         ("change_terms", ("payment_terms",), {"terms_from": "N90"})),
        ({"payment_terms": "N60", "terms_rank": 2, "default_terms_rank": 1, "default_payment_terms": "N30"}, {}, [],
         {"check_terms": True}, ("restore_terms", ("payment_terms_changed",),
                                 {"terms_rank": "1", "terms_from": "N60", "terms_to": "N30"})),
        ({"cash_discount": "D3", "discount_rank": 2, "default_discount_rank": 1}, {}, [], {"check_discount": True},
         ("restore_discount", ("settlement_discount_changed",), {"discount_rank": "1", "discount_from": "D3"})),
        ({}, {"expires_on": TODAY - dt.timedelta(days=12)}, [rule("limit_expired", days=0)], {},
         ("new_expiry", ("limit_expired",), {"accounts": CUSTOMER, "expires_on": "2026-11-21"})),
        ({"amount": 60_000}, {}, [rule("sales_order", amount=50_000)], {},
         ("reduce_order", ("sales_order",), {"amount": "50000.00", "currency": "USD"})),
        ({"amount": 60_000, "uninvoiced": 9_000}, {}, [rule("sales_order", amount=50_000)], {},
         ("release_by_person", ("sales_order",), {})),
        ({"currency": "GBP"}, {}, [], {},
         ("add_rate", ("cannot_be_evaluated",), {"rates": "GBP>USD", "date": "2026-11-21"})),
        ({}, {}, [], {"legal_entity": "DEMF"},
         ("complete_setup", ("cannot_be_evaluated",),
          {"cause": "there are no credit parameters for legal entity USMF"})),
    ],
)  # fmt: skip
def test_what_clears_each_other_reason(
    facts: dict, customer: dict, rules: list, parameters: dict, remedy: tuple
) -> None:
    """ux Reason vocabulary, the last column."""
    assert what_clears(order(**facts), position(**customer), *rules, **parameters) == [remedy]


def test_a_status_that_frees_the_order_otherwise_is_not_taken_away() -> None:
    """Changing the status would bring the limit back, so it is no way out of the account's hold."""
    freed = rule("account_status", "exclusion", account_status="STOP", release_sales_order=True)
    customer = position(balance=10**6, account_status="STOP", processing_hold="all")
    assert what_clears(order(), customer, freed, FULL) == [("release_by_person", ("account_on_hold",), {})]


def test_a_forced_hold_and_a_failed_posting_need_a_person() -> None:
    """ux 3.2: if nothing can clear it (forced) it says who can."""
    assert what_clears(order(), position(), also=("forced",)) == [("release_by_person", ("forced",), {})]
    both = what_clears(order(), position(days_overdue=99, overdue=5), LATE, also=("forced", "posting_failed"))
    assert [(action, clears) for action, clears, _ in both] == [
        ("pay", ("days_overdue",)),
        ("release_by_person", ("forced", "posting_failed")),
    ]


def test_an_order_that_is_not_held_needs_nothing() -> None:
    assert what_clears(order(), position()) == []


def test_overdue_items_that_nobody_named_are_paid_as_one_sum() -> None:
    customer = position(balance=5_000, overdue=5_000, days_overdue=99)
    assert what_clears(order(), customer, LATE, items=(ITEMS[0].__class__("INV-1", 20, "USD", money(3_000)),)) == [
        ("pay", ("days_overdue",), {"amount": "2000.00", "currency": "USD"})
    ]


class Carried:
    """The facts after remedies were carried out by what they name, written down apart from the engine."""

    def __init__(self, facts: Facts, items: Sequence[DueItem]) -> None:
        assert facts.position is not None
        self.order, self.position, self.group = facts.order, facts.position, facts.group
        self.items = sorted(items, key=lambda item: -item.days_overdue)
        self.paid = Decimal(0)
        self.by_a_person = False

    def carry_out(self, remedy: Remedy) -> None:
        figures = remedy.figures
        self.by_a_person |= remedy.action == "release_by_person"
        if "members" in figures:
            assert self.group is not None
            late = tuple(replace(member, days_overdue=0) for member in self.group.members)
            self.group = replace(self.group, members=late)
        if remedy.action == "pay" and "amount" in figures:
            self.paid = max(self.paid, Decimal(figures["amount"]))
        self.adjust_limits(figures)
        if remedy.action in ("reduce_order", "change_order") and "amount" in figures:
            less = max(Decimal(0), self.order.amount - Decimal(figures["amount"]))
            left = self.order.uninvoiced - less
            delivered = min(self.order.delivered, left)
            self.order = replace(self.order, amount=self.order.amount - less, uninvoiced=left, delivered=delivered)
        if "terms_from" in figures or "terms_rank" in figures:
            rank = int(figures["terms_rank"]) if "terms_rank" in figures else self.order.terms_rank
            self.order = replace(self.order, payment_terms=figures.get("terms_to"), terms_rank=rank)
        if "discount_rank" in figures:
            self.order = replace(self.order, discount_rank=int(figures["discount_rank"]))
        if remedy.action == "change_status":
            self.position = replace(self.position, account_status=None, processing_hold="none")

    def adjust_limits(self, figures: Evidence) -> None:
        if "limit" in figures:
            self.raise_own(max(Decimal(figures["limit"]), self.position.limit))
        if "group_limit" in figures:
            assert self.group is not None
            limit = Decimal(figures["group_limit"])
            temporary = None if self.group.temporary_limit is None else limit
            self.group = replace(self.group, limit=limit, temporary_limit=temporary)
        for account in figures.get("accounts", "").split():
            day = dt.date.fromisoformat(figures["expires_on"])
            if self.group is not None and account == self.group.account:
                self.group = replace(self.group, expires_on=day)
            else:
                self.position = replace(self.position, expires_on=day)

    def raise_own(self, limit: Decimal) -> None:
        if self.position.temporary_limit is None:
            self.position = replace(self.position, limit=limit)
        else:
            self.position = replace(self.position, temporary_limit=limit)

    def after_payment(self, facts: Facts) -> CustomerPosition:
        """The payer after it paid, oldest item first; the rest pays what is not due yet."""
        position, left, paid, still_open = self.position, self.paid, [], []
        for item in self.items:
            cost = facts.setting.rates.convert(item.amount, item.currency, position.currency)
            settled = (
                item.amount if cost <= left else facts.setting.rates.convert(left, position.currency, item.currency)
            )
            left -= min(cost, left)
            paid.append(Part(item.currency, balance=-settled, overdue=-settled))
            still_open += [item] if settled < item.amount else []
        paid.append(Part(position.currency, balance=-left))
        days = max((item.days_overdue for item in still_open), default=0)
        return replace(position, parts=(*position.parts, *paid), days_overdue=days)

    def decide(self, facts: Facts, world: World) -> Decision:
        position = self.after_payment(facts)
        groups: tuple[GroupPosition, ...] = ()
        if self.group is not None:
            members = tuple(position if one.account == position.account else one for one in self.group.members)
            groups = (replace(self.group, members=members),)
        return decide(
            Book([position], groups), self.order, policy=world.policy, question=facts.question, setting=facts.setting
        )


def items_of(customer: CustomerPosition, shares: list[int]) -> tuple[DueItem, ...]:
    """The customer's overdue amounts cut into items, the oldest as old as the customer's days overdue."""
    items = []
    for part in customer.parts:
        left = part.overdue
        for number, share in enumerate(shares):
            amount = (part.overdue * share / 100).quantize(Decimal("0.01"))
            amount = left if number == len(shares) - 1 else min(left, amount)
            if amount > 0:
                days = max(1, customer.days_overdue - 20 * number)
                items.append(DueItem(f"INV-{part.currency}-{number}", days, part.currency, amount))
            left -= amount
    return tuple(items)


@given(worlds(missing_rates=False), st.lists(st.integers(10, 60), min_size=1, max_size=3))
def test_law_5_carrying_out_what_would_clear_it_makes_the_check_pass(world: World, shares: list[int]) -> None:
    """Those remedies that together clear all reasons, carried out by their figures alone, leave no reason."""
    wanted, question, where = world.items[0]
    book = world.book()
    items = items_of(book.positions[wanted.payer], shares)
    asked = {"policy": world.policy, "question": question, "setting": where}
    decision = decide(book, wanted, **asked)  # type: ignore[arg-type]
    remedies = remedies_for(book, wanted, due_items=items, **asked)  # type: ignore[arg-type]
    reasons = set(types(decision))
    assert {code for remedy in remedies for code in remedy.clears} == reasons
    assert len(remedies) <= AT_MOST
    assert all(remedy.clears for remedy in remedies)
    facts = condense(book, wanted, question, where)
    carried, left = Carried(facts, items), set(reasons)
    for remedy in sorted(remedies, key=lambda one: -len(one.clears)):
        if left.intersection(remedy.clears):
            carried.carry_out(remedy)
            left.difference_update(remedy.clears)
    if not carried.by_a_person and "cannot_be_evaluated" not in reasons:
        assert types(carried.decide(facts, world)) == ()


@given(worlds(missing_rates=False))
def test_each_remedy_alone_clears_what_it_says(world: World) -> None:
    """What a remedy claims to clear is gone once it alone is carried out, and nothing new has come."""
    wanted, question, where = world.items[0]
    book = world.book()
    items = items_of(book.positions[wanted.payer], [100])
    asked = {"policy": world.policy, "question": question, "setting": where}
    before = set(types(decide(book, wanted, **asked)))  # type: ignore[arg-type]
    facts = condense(book, wanted, question, where)
    for remedy in remedies_for(book, wanted, due_items=items, **asked):  # type: ignore[arg-type]
        if remedy.action in ("release_by_person", "add_rate", "complete_setup"):
            continue
        carried = Carried(facts, items)
        carried.carry_out(remedy)
        assert set(types(carried.decide(facts, world))) <= before.difference(remedy.clears)


def test_a_queue_does_not_work_out_remedies() -> None:
    """They cost a dozen decisions each; a page asks for those of the order it shows."""
    assert check(order(), position(days_overdue=99), LATE).remedies == ()
