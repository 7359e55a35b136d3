"""Fit to headroom (`ux` 3.1): what fits is what the very same decision lets through, order by order."""

from dataclasses import replace
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from credit_mgmt.engine.decide import QueueItem, decide_queue
from credit_mgmt.engine.decision import Outcome
from credit_mgmt.engine.exposure import Book
from credit_mgmt.engine.facts import Checkpoint, Question
from credit_mgmt.engine.fitting import Trial, fit, identity, taken
from tests.engine import build
from tests.engine.worlds import World, worlds

QUESTION = Question(Checkpoint.CONFIRMATION, evaluation=True)


def items_of(amounts: list[int]) -> list[QueueItem]:
    return [(build.order(amount, id=n), QUESTION, build.setting()) for n, amount in enumerate(amounts, start=1)]


def tried(book: Book, items, policy, aside=()) -> list[Trial]:
    return fit([book], [(book, item) for item in items], policy=policy, aside=aside)


@given(
    st.lists(st.integers(1, 9_000), max_size=12),
    st.integers(0, 20_000),
    st.integers(-5_000, 15_000),
    st.sampled_from([80, 100, 120]),
)
def test_what_fits_never_exceeds_the_limit_test_and_what_does_not_would_have(amounts, limit, owed, percent):
    """Worked from the figures alone: exposure after each order that fits stays within the percentage of the limit."""
    policy = build.policy(build.rule("limit_used", threshold_percent=percent))
    book = Book([build.position(limit=limit, balance=owed)])
    allowed, used = Decimal(limit) * percent / 100, Decimal(owed)
    for trial, amount in zip(tried(book, items_of(amounts), policy), amounts, strict=True):
        assert trial.fits is (used + amount <= allowed)
        if trial.fits:
            used += amount
    assert used <= max(allowed, Decimal(owed))


@given(worlds())
def test_what_fits_released_in_that_order_is_held_for_nothing(world: World):
    """Whatever the rules, groups, currencies and parameters are: proposed alone, in that order, none is stopped."""
    items = [(order, replace(question, evaluation=True), setting) for order, question, setting in world.items]
    trials = tried(world.book(), items, world.policy)
    chosen = [item for item, trial in zip(items, trials, strict=True) if trial.fits]
    if any(parameters.all_open_orders_use_credit for parameters in world.policy.parameters.values()):
        assert all(trial.decision.outcome is not Outcome.HELD for trial in trials if trial.fits)
        return
    # What does not fit uses no credit: an order that was counted, and is left, is on hold.
    held = {trial.order.id for trial in trials if not trial.fits}
    book = world.book()
    for order, _, _ in items:
        if order.id in held:
            book.take(order, held=True)
    decisions = decide_queue(book, chosen, policy=world.policy)
    assert [decision for decision in decisions if decision.holds] == []


@given(worlds())
def test_without_anything_set_aside_it_is_the_queue_of_an_evaluation(world: World):
    trials = tried(world.book(), world.items, world.policy)
    assert [trial.decision for trial in trials] == decide_queue(world.book(), world.items, policy=world.policy)
    assert [trial.fits for trial in trials] == [not trial.decision.holds for trial in trials]


def test_a_rule_set_aside_lets_an_order_fit_that_takes_its_credit_all_the_same():
    overdue = build.rule("days_overdue", days=10, id="DO-07")
    policy = build.policy(overdue, build.rule("limit_used", threshold_percent=100))
    customer = build.position(limit=1_000, days_overdue=30)
    items = items_of([600, 500, 400])
    assert [trial.fits for trial in tried(Book([customer]), items, policy)] == [False, False, False]
    trials = tried(Book([customer]), items, policy, aside={("days_overdue", "DO-07")})
    assert [trial.fits for trial in trials] == [True, False, True]
    assert [identity(reason) for reason in trials[1].against] == [("limit_used", "limit_used-blocking-all")]


def test_a_limit_that_is_set_aside_still_counts_for_the_next_rule_that_is_not():
    policy = build.policy(
        build.rule("limit_used", threshold_percent=100, id="L-1"), build.rule("sales_order", amount=700, id="S-1")
    )
    trials = tried(
        Book([build.position(limit=1_000)]), items_of([600, 600, 800]), policy, aside={("limit_used", "L-1")}
    )
    assert [trial.fits for trial in trials] == [True, True, False]
    assert trials[2].decision.figures["exposure_without"] == "1200.00"


def test_afterwards_the_payer_stands_where_all_orders_have_taken_their_credit():
    """Figures of ux 3.3: released as they are, also above the limit."""
    policy = build.policy(build.rule("limit_used", threshold_percent=100))
    book = Book([build.position(limit=1_000, balance=100)])
    after = taken([book], [(book, item) for item in items_of([600, 500])], policy=policy)
    figures = after[build.CUSTOMER].figures
    assert (figures["exposure_after"], figures["over_limit"], figures["used_percent"]) == ("1200.00", "200.00", "120")


def test_members_of_a_group_share_what_is_left():
    one, two = (build.position(f"USMF:US-{n}", limit=9_000, group="group:G1") for n in (1, 2))
    group = build.group(one, two, limit=1_000)
    policy = build.policy(build.rule("limit_used", threshold_percent=100))
    items = [
        (build.order(700, id=1, payer=one.account), QUESTION, build.setting()),
        (build.order(600, id=2, payer=two.account), QUESTION, build.setting()),
        (build.order(300, id=3, payer=two.account), QUESTION, build.setting()),
    ]
    assert [trial.fits for trial in tried(Book([], [group]), items, policy)] == [True, False, True]
