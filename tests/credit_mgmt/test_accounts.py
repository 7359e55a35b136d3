"""Locking credit accounts (`reliability.md` 0, the lock protocol). Real threads on real connections."""

import ast
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, connection, connections, transaction
from django.test.utils import CaptureQueriesContext

from credit_mgmt import accounts, checks, commitments
from credit_mgmt.accounts import LockedAccounts, Patience, lock_accounts, locked
from credit_mgmt.models import Commitment, CreditAccount, CreditUse
from customers.errors import NotDecided
from customers.models import Customer, CustomerCreditGroup
from tests import factories as make
from tests.factories_credit import AT, TODAY, BlockingRuleFactory, account_of, give_limit

ROOT = Path(__file__).parents[2]


@pytest.fixture
def members(transactional_db: None) -> tuple[Customer, Customer]:
    """Two customers of one credit group. The group's account is opened between theirs, so that ids interleave."""
    group = make.CustomerCreditGroupFactory()
    first = make.CustomerFactory(credit_group=group)
    account_of(first)
    account_of(group)
    second = make.CustomerFactory(credit_group=group)
    account_of(second)
    return first, second


def in_threads(count: int, work: Callable[[int], Any]) -> list[Any]:
    """Run `work` in threads that start together; what they returned or raised."""
    barrier = threading.Barrier(count)

    def run(number: int) -> Any:
        barrier.wait()
        try:
            return work(number)
        except Exception as problem:  # noqa: BLE001 - the test looks at what came out
            return problem
        finally:
            connections.close_all()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


def test_own_and_group_account_are_locked_by_one_sorted_statement(members: tuple[Customer, Customer]) -> None:
    with CaptureQueriesContext(connection) as captured, locked([member.pk for member in members]) as held:
        pass
    locks = [query["sql"] for query in captured if "FOR NO KEY UPDATE" in query["sql"]]
    assert len(locks) == 1
    assert "ORDER BY id" in locks[0]
    assert held.versions.keys() == set(CreditAccount.objects.values_list("pk", flat=True))
    assert {len(own) for own in held.of_payer.values()} == {2}


def test_the_lock_takes_three_statements_and_its_transaction(members: tuple[Customer, Customer]) -> None:
    with CaptureQueriesContext(connection) as captured, locked([members[0].pk]):
        pass
    kinds = [query["sql"].split()[0] for query in captured]
    assert kinds == ["BEGIN", "SELECT", "SET", "SELECT", "COMMIT"]


def test_members_locked_from_both_ends_never_deadlock(members: tuple[Customer, Customer]) -> None:
    one, other = members

    def work(number: int) -> int:
        done = 0
        for _ in range(25):
            payers = [one.pk, other.pk] if number % 2 else [other.pk, one.pk]
            with locked(payers, patience=Patience.WORK):
                done += 1
        return done

    assert in_threads(4, work) == [25, 25, 25, 25]


def test_whoever_waits_too_long_is_told_that_nothing_was_decided(members: tuple[Customer, Customer]) -> None:
    with locked([members[0].pk]):
        [answer] = in_threads(1, lambda _: _lock_briefly(members[1]))
    assert isinstance(answer, NotDecided)


def _limits() -> tuple[str, ...]:
    """How long this transaction waits for a lock, may take for a statement, and may think between two."""
    names = ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout")
    with connection.cursor() as cursor:
        cursor.execute("SELECT " + ", ".join(f"current_setting('{name}')" for name in names))
        row: tuple[str, ...] = cursor.fetchone()
    return row


def test_work_may_think_longer_between_two_statements_than_a_session_and_a_check_may_not(
    members: tuple[Customer, Customer],
) -> None:
    """An evaluation decides thousands of orders of one credit group in between; the session is ended after 10 s."""
    with connection.cursor() as cursor:
        cursor.execute("SET idle_in_transaction_session_timeout = '10s'")
    try:
        with locked([members[0].pk], patience=Patience.CHECK):
            assert _limits() == ("700ms", "2s", "10s")
        with locked([members[0].pk], patience=Patience.WORK):
            assert _limits() == ("2s", "10s", "1min")
        assert _limits()[2] == "10s"
    finally:
        with connection.cursor() as cursor:
            cursor.execute("RESET idle_in_transaction_session_timeout")


def _lock_briefly(customer: Customer) -> None:
    with locked([customer.pk], patience=Patience.CHECK):
        pass


def test_a_customer_that_moves_while_it_is_locked_is_locked_with_its_new_group(
    members: tuple[Customer, Customer], monkeypatch: pytest.MonkeyPatch
) -> None:
    mover = members[0]
    target = make.CustomerCreditGroupFactory()
    new_account = account_of(target)
    _move_during_the_first_lock(monkeypatch, mover, [target])
    with locked([mover.pk]) as held:
        assert new_account.pk in held.versions
        assert held.of_payer[mover.pk] == (account_of(mover).pk, new_account.pk)


def test_a_customer_that_never_stops_moving_is_not_decided(
    members: tuple[Customer, Customer], monkeypatch: pytest.MonkeyPatch
) -> None:
    groups: list[Any] = [make.CustomerCreditGroupFactory() for _ in range(3)]
    for group in groups:
        account_of(group)
    _move_during_the_first_lock(monkeypatch, members[0], groups)
    with pytest.raises(NotDecided), locked([members[0].pk]):
        pass


def _move_during_the_first_lock(
    monkeypatch: pytest.MonkeyPatch, customer: Customer, groups: list[CustomerCreditGroup]
) -> None:
    """Another connection moves the customer to the next group whenever accounts are about to be locked."""
    waiting, lock = iter(groups), accounts.lock_accounts

    def move_then_lock(*arguments: Any, **options: Any) -> dict[int, int]:
        group = next(waiting, None)
        if group is not None:
            in_threads(1, lambda _: Customer.objects.filter(pk=customer.pk).update(credit_group=group))
        return lock(*arguments, **options)

    monkeypatch.setattr(accounts, "lock_accounts", move_then_lock)


def test_locking_outside_a_transaction_is_refused(members: tuple[Customer, Customer]) -> None:
    with pytest.raises(RuntimeError, match="inside a transaction"):
        lock_accounts([account_of(members[0]).pk])


def test_locking_under_another_isolation_level_is_refused(members: tuple[Customer, Customer]) -> None:
    account = account_of(members[0]).pk
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        with pytest.raises(RuntimeError, match="READ COMMITTED"):
            lock_accounts([account])


def test_accounts_are_opened_once_however_many_open_them(members: tuple[Customer, Customer]) -> None:
    fresh = make.CustomerFactory()
    answers = in_threads(4, lambda _: accounts.accounts_of([fresh.pk]))
    assert len({str(answer) for answer in answers}) == 1
    assert CreditAccount.objects.filter(customer=fresh).count() == 1


@pytest.fixture
def room_for_three(members: tuple[Customer, Customer]) -> list[int]:
    """Eight orders of 100 by two members of a group whose limit is 350: three fit."""
    give_limit(members[0].credit_group, "350")  # type: ignore[arg-type]
    BlockingRuleFactory()
    return [make.SalesOrderFactory(customer=members[n % 2], amount=100).pk for n in range(8)]


def _approve_if_it_fits(order_id: int, payer_id: int) -> bool:
    with locked([payer_id]) as held:
        [decision] = checks.check_orders([order_id], checkpoint="confirmation", as_of={"USMF": TODAY})
        if not decision.holds:
            commitments.commit([order_id], accounts=held, at=AT)
        return not decision.holds


def test_eight_racers_on_one_groups_limit_never_overrun_it(
    room_for_three: list[int], members: tuple[Customer, Customer]
) -> None:
    """domain 4.10, law 2"""
    passed = in_threads(8, lambda n: _approve_if_it_fits(room_for_three[n], members[n % 2].pk))
    assert sorted(map(str, passed)) == ["False"] * 5 + ["True"] * 3
    assert Commitment.objects.count() == 3
    group = CreditAccount.objects.get(group__isnull=False)
    uses = CreditUse.objects.filter(account=group).order_by("sequence")
    assert list(uses.values_list("sequence", flat=True)) == [1, 2, 3]
    assert group.version == 3


def test_a_forgotten_lock_collides_instead_of_overrunning(
    room_for_three: list[int], members: tuple[Customer, Customer]
) -> None:
    """reliability finding 4: sabotage - the versions are read, and nothing is locked"""
    payers = [member.pk for member in members]
    barrier = threading.Barrier(8)

    def work(number: int) -> bool:
        with transaction.atomic():
            versions = dict(CreditAccount.objects.values_list("pk", "version"))
            held = LockedAccounts(of_payer=accounts.accounts_of(payers), versions=versions)
            [decision] = checks.check_orders([room_for_three[number]], checkpoint="confirmation", as_of={"USMF": TODAY})
            barrier.wait()
            commitments.commit([room_for_three[number]], accounts=held, at=AT)
            return not decision.holds

    answers = in_threads(8, work)
    assert sum(answer is True for answer in answers) == 1
    assert all(isinstance(answer, IntegrityError) for answer in answers if answer is not True)


def test_rows_are_locked_in_one_place_only() -> None:
    """architecture.md Locking; job items claimed with SKIP LOCKED wait for nobody and are something else.

    So is the policy clock, for which a trigger waits that numbers changes of parameters: no check ever holds it.
    """
    found = []
    for room in ("customers", "credit_mgmt", "holds", "workflows"):
        for path in sorted((ROOT / room).rglob("*.py")):
            if path.name not in ("accounts.py", "0018_parameters_have_a_history.py"):
                found += [f"{path.relative_to(ROOT)}: {what}" for what in _row_locks(ast.parse(path.read_text()))]
    assert found == []


def _row_locks(tree: ast.Module) -> Iterator[str]:
    documentation = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and node.body
        and isinstance(node.body[0], ast.Expr)
    }  # fmt: skip
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "select_for_update":
            if not any(keyword.arg == "skip_locked" for keyword in node.keywords):
                yield f"select_for_update in line {node.lineno}"
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documentation:
            text = " ".join(node.value.upper().split())
            for clause in ("FOR UPDATE", "FOR NO KEY UPDATE", "FOR SHARE", "FOR KEY SHARE", "LOCK TABLE"):
                if clause in text and "SKIP LOCKED" not in text:
                    yield f"{clause} in line {node.lineno}"
