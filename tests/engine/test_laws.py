"""The laws of the engine (`architecture.md`, Laws)."""

from collections import defaultdict
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit_mgmt.engine import exposure
from credit_mgmt.engine.decide import carry, decide, decide_queue
from credit_mgmt.engine.decision import Decision, Outcome
from credit_mgmt.engine.exposure import Book, counts, group_limit, total_limit
from credit_mgmt.engine.facts import Action, Checkpoint, Level, LimitType, OrderFacts, Part, Question, Rule, RuleType
from customers.money import ZERO, percent_of
from tests.engine import build
from tests.engine.worlds import World, moved, regrouped, rules, worlds


def recorded(world: World, order: OrderFacts, decision: Decision) -> World:
    """The world with the decision written down, as the database would say it when it is read again."""
    parameters = world.policy.parameters[None]
    stays = decision.holds and parameters.all_open_orders_use_credit
    change = 0 if stays else (not decision.holds) - order.counted
    if not change:
        return world
    customers = tuple(moved(one, order, change) if one.account == order.payer else one for one in world.positions)
    items = tuple(
        (replace(other, counted=not order.counted) if other.id == order.id else other, question, setting)
        for other, question, setting in world.items
    )
    return World(customers, regrouped(world.groups, customers), world.policy, items)


@given(worlds())
def test_law_1_a_queue_is_its_orders_one_by_one(world: World) -> None:
    """Deciding the queue equals deciding each alone, on facts into which the ones before were written."""
    queue = decide_queue(world.book(), world.items, policy=world.policy)
    alone, now = [], world
    for number in range(len(world.items)):
        order, question, setting = now.items[number]
        decision = decide(now.book(), order, policy=world.policy, question=question, setting=setting)
        alone.append(decision)
        now = recorded(now, order, decision)
    assert queue == alone


@given(worlds())
def test_deciding_leaves_the_book_as_it_is_and_explains_itself_later(world: World) -> None:
    """The trace and the figures are those of the moment of the decision, whenever they are looked at."""
    at_once = []
    book = world.book()
    for order, question, setting in world.items:
        once = decide(book, order, policy=world.policy, question=question, setting=setting)
        again = decide(book, order, policy=world.policy, question=question, setting=setting)
        assert (tuple(once.trace), dict(once.figures or {})) == (tuple(again.trace), dict(again.figures or {}))
        at_once.append(once)
        carry(book, order, once, policy=world.policy)
    assert decide_queue(world.book(), world.items, policy=world.policy) == at_once


def limit_rules() -> st.SearchStrategy[list[Rule]]:
    """One test of the limit for everybody, and any other blocking rules."""
    limit = st.sampled_from([50, 100, 120]).map(
        lambda percent: Rule(
            "L", "L", RuleType.LIMIT_USED, Action.BLOCKING, Level.ALL, threshold_percent=Decimal(percent)
        )
    )
    others = st.lists(rules((Action.BLOCKING,)), max_size=3, unique_by=lambda rule: rule.id)
    return st.tuples(limit, others).map(lambda both: [both[0], *both[1]])


@given(worlds(limit_types=(LimitType.BALANCE_ALL,), ruleset=limit_rules(), exempt=False, all_open=False))
def test_law_2_orders_that_passed_a_limit_test_together_never_exceed_it(world: World) -> None:
    """To the cent, in four currencies, for own limits and for groups."""
    parameters = world.policy.parameters[None]
    if not parameters.check_credit_limit:
        return
    percent = world.policy.rules[0].threshold_percent or ZERO
    book = world.book()
    passed: dict[str, OrderFacts] = {}
    decisions = decide_queue(book, world.items, policy=world.policy)
    for (order, _, _), decision in zip(world.items, decisions, strict=True):
        if decision.outcome is Outcome.PASSED:
            passed[order.payer] = order
    rates = world.items[0][2].rates
    for payer, order in passed.items():
        position = book.positions[payer]
        nothing = replace(order, id=-1, uninvoiced=ZERO, delivered=ZERO, amount=ZERO, counted=False)
        group = book.group_of(position)
        tested = group is not None and parameters.check_group_limit
        if group is not None and tested and not (position.unlimited and parameters.unlimited_skips_group):
            limit = group_limit(group)
            assert book.group_exposure(nothing, position, group, rates).without <= percent_of(percent, limit)
        stands_in = not position.limit and position.temporary_limit is None and not position.mandatory and tested
        if not position.unlimited and not stands_in:
            exposure = book.exposure(nothing, position, rates).without
            assert exposure <= percent_of(percent, total_limit(position, rates))


def owed(book: Book) -> dict[tuple[str, str], Decimal]:
    """What every customer owes by currency, without the zeros."""
    return {
        (account, currency): amount
        for account, position in book.positions.items()
        for currency, amount in book.owed(position).items()
        if amount
    }


@given(worlds(limit_types=(LimitType.BALANCE_ALL,), all_open=False))
def test_law_3_exposure_is_conserved(world: World) -> None:
    """At the end it is the start, minus what was committed, plus what was approved or posted unchecked."""
    expected = defaultdict(lambda: ZERO, owed(world.book()))
    book = world.book()
    decisions = decide_queue(book, world.items, policy=world.policy)
    for (order, _, _), decision in zip(world.items, decisions, strict=True):
        used = order.uninvoiced if order.uses_credit else ZERO
        expected[order.payer, order.currency] += used * (not decision.holds) - used * order.counted
    assert owed(book) == {key: amount for key, amount in expected.items() if amount}


@given(worlds())
def test_exposure_of_a_group_is_that_of_its_members_after_any_queue(world: World) -> None:
    """The sums that are moved by deltas are the sums of their parts."""
    book = world.book()
    decide_queue(book, world.items, policy=world.policy)
    for group in world.groups:
        total: dict[tuple[str, str], Decimal] = defaultdict(lambda: ZERO)
        for member in group.members:
            for currency, amount in book.owed(book.positions[member.account]).items():
                total[member.currency, currency] += amount
        kept = {key: amount for key, amount in book.group_owed(group).items() if amount}
        assert kept == {key: amount for key, amount in total.items() if amount}


def one(world: World, policy_rules: tuple[Rule, ...]) -> Decision:
    order, question, setting = world.items[0]
    changed = replace(world.policy, rules=policy_rules)
    return decide(world.book(), order, policy=changed, question=question, setting=setting)


def kinds(decision: Decision) -> set[str]:
    return {reason.type for reason in decision.reasons}


@given(worlds(), rules((Action.EXCLUSION,)), st.integers(0, 8), st.sampled_from([None, "CHF"]))
def test_law_4_an_exclusion_never_makes_an_order_held(
    world: World, exclusion: Rule, place: int, unknown: str | None
) -> None:
    """It takes reasons away and never adds one, wherever it stands and whatever it lacks: a value, or the rate of its
    currency."""
    before, known = one(world, world.policy.rules), list(world.policy.rules)
    lacking = replace(exclusion, currency=unknown) if exclusion.currency and unknown else exclusion
    known.insert(place, replace(lacking, id="new", name="new"))
    assert kinds(one(world, tuple(known))) <= kinds(before)


STRICTER = ("days", "amount", "threshold_percent", "threshold_amount")


@given(worlds(), st.data())
def test_law_4_a_stricter_threshold_never_releases(world: World, data: st.DataObject) -> None:
    """Lowering any value of any rule, or adding a blocking rule, keeps all reasons."""
    if not world.policy.rules:
        return
    number = data.draw(st.integers(0, len(world.policy.rules) - 1))
    chosen = world.policy.rules[number]
    present = [name for name in STRICTER if getattr(chosen, name) is not None]
    stricter = {name: getattr(chosen, name) // data.draw(st.sampled_from([2, 10])) for name in present}
    changed = list(world.policy.rules)
    changed[number] = replace(chosen, **stricter)
    extra = data.draw(st.lists(rules((Action.BLOCKING,)), max_size=1))
    changed += [replace(rule, id="new", name="new") for rule in extra]
    assert kinds(one(world, world.policy.rules)) <= kinds(one(world, tuple(changed)))


@given(worlds())
def test_an_order_passes_only_when_nothing_is_unknown(world: World) -> None:
    """domain 4.9: a blocking rule that could not be evaluated is never in the trace of an order that passed."""
    for decision in decide_queue(world.book(), world.items, policy=world.policy):
        unknown = [line.rule for line in decision.trace if line.verdict == "unknown"]
        blocking = {rule.id for rule in world.policy.rules if rule.action is Action.BLOCKING}
        if decision.outcome is Outcome.PASSED:
            assert not blocking.intersection(unknown)
        if blocking.intersection(unknown) or "limit_exceeded" in unknown:
            assert "cannot_be_evaluated" in kinds(decision)


def test_what_is_rounded_is_the_sum_so_that_small_change_never_adds_up_to_an_overrun() -> None:
    """Law 2 to the cent: 0.01 EUR is worth 0.004 USD, which alone is nothing; four of them are more than the limit."""
    customer = build.position(limit="0.01")
    where, question = build.setting(EUR_USD="0.4"), Question(Checkpoint.CONFIRMATION)
    items = [(build.order("0.01", id=number, currency="EUR"), question, where) for number in range(10)]
    book = Book([customer])
    decisions = decide_queue(book, items, policy=build.policy(build.rule("limit_used", threshold_percent=100)))
    assert [decision.holds for decision in decisions] == [False] * 3 + [True] * 7
    assert book.exposure(build.order(0, id=99), customer, where.rates).without == Decimal("0.01")


def test_an_order_of_a_large_group_costs_what_any_other_order_costs(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the members owe is added up once for the queue, not once for an order."""
    calls = 0

    def counted(part: Part, limit_type: LimitType) -> Decimal:
        nonlocal calls
        calls += 1
        return counts(part, limit_type)

    monkeypatch.setattr(exposure, "counts", counted)
    members = [build.position(f"USMF:M{number}", balance=number, group="group:G1") for number in range(1_000)]
    where, question = build.setting(), Question(Checkpoint.CONFIRMATION)
    items = [(build.order(1, id=number, payer=f"USMF:M{number % 50}"), question, where) for number in range(500)]
    decide_queue(
        Book([], [build.group(*members, limit=10**9)]),
        items,
        policy=build.policy(build.rule("limit_used", threshold_percent=100)),
    )
    assert calls == 1_000 + 50
