"""Two people at one hold (`reliability.md` F01-F03): one wins, the others are told, nothing happens twice."""

import pytest
from django.db import connection

from credit_mgmt import accounts
from credit_mgmt.models import Commitment
from customers.errors import Refused
from customers.models import OutboxEvent
from holds import releases, saving
from holds.evaluation import evaluate
from holds.forced import force_hold
from holds.models import Hold, HoldEvent
from holds.rejections import reject_hold
from holds.releases import release_hold, release_holds
from tests.factories_holds import DAY, NOW, SYSTEM, a_customer, a_rule, a_user, an_order, held, reasons, today
from tests.reliability.races import RACERS, ROUNDS, race, retried

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


@pytest.fixture(autouse=True)
def _world():
    a_customer("US-000")
    reasons()
    a_rule()


def a_hold() -> Hold:
    return held(an_order(a_customer(f"US-{Hold.objects.count() + 1}", limit="100")))


def release(hold: Hold, actor):
    return lambda: (
        release_hold(
            id=hold.pk, mode="without_posting", reason="PAID", actor=actor, at=NOW, today=today, versions={hold.pk: 1}
        ).pk
    )


def release_in_bulk(hold: Hold, actor):
    def run():
        result = release_holds(ids=[hold.pk], mode="without_posting", reason="PAID", actor=actor, at=NOW, today=today)
        return result.only()

    return run


def test_of_eight_releases_of_one_hold_exactly_one_wins():
    """F01; single and bulk calls race each other."""
    clerk = a_user()
    for _ in range(ROUNDS):
        hold = a_hold()
        tasks = [(release if n % 2 else release_in_bulk)(hold, clerk) for n in range(RACERS)]
        outcomes = race([retried(task) for task in tasks])
        winners = [outcome for outcome in outcomes if not isinstance(outcome, Exception)]
        codes = {outcome.code for outcome in outcomes if isinstance(outcome, Refused)}
        assert len(winners) == 1
        assert codes == {"hold_not_active"}
        assert HoldEvent.objects.filter(hold=hold, type="released").count() == 1
        assert OutboxEvent.objects.filter(key=f"hold:{hold.pk}:2").count() == 1
        assert Commitment.objects.filter(order=hold.order).count() == 1
        assert Hold.objects.get(pk=hold.pk).version == 2


@pytest.mark.parametrize("rival", ["reject", "force", "evaluate"])
def test_a_release_and_its_rival_end_as_if_one_had_come_after_the_other(rival):
    """F02: the outcome equals one of the two serial orders, and nothing is lost."""
    clerk = a_user()
    for _ in range(ROUNDS):
        hold = a_hold()
        rivals = {
            "reject": lambda hold=hold: reject_hold(id=hold.pk, actor=clerk, at=NOW).pk,
            "force": lambda hold=hold: (
                force_hold(order=hold.order_id, reason="DISPUTE", actor=clerk, at=NOW, today=today).pk
            ),
            "evaluate": lambda hold=hold: evaluate(hold_ids=[hold.pk], actor=SYSTEM, at=NOW, today={"USMF": DAY})[
                "evaluated"
            ],
        }
        race([retried(release_in_bulk(hold, clerk)), retried(rivals[rival])])
        done = Hold.objects.get(pk=hold.pk)
        order = done.order
        on_hold = Hold.objects.filter(order=order, status="active").exists()
        assert (order.credit_status == "on_hold") is on_hold
        assert Commitment.objects.filter(order=order).exists() is (order.credit_status == "released")
        assert done.events.count() == done.version
        if rival == "force":
            # Either it was forced first, and the clerk may not release it; or released first, and stopped again.
            assert Hold.objects.get(order=order, status="active").forced


def winners_of(hold: Hold, clerk) -> int:
    outcomes = race([release(hold, clerk) for _ in range(RACERS)])
    return sum(1 for outcome in outcomes if not isinstance(outcome, Exception))


def forget_the_lock(monkeypatch) -> None:
    monkeypatch.setattr(accounts, "_LOCK", accounts._LOCK.replace("FOR NO KEY UPDATE", ""))


def test_sabotage_without_the_lock_the_version_lets_one_win(monkeypatch):
    """The conditional update is a net of its own (C01)."""
    clerk = a_user()
    forget_the_lock(monkeypatch)
    assert [winners_of(a_hold(), clerk) for _ in range(5)] == [1] * 5


def test_sabotage_s7_without_lock_version_and_nets_several_win(monkeypatch):
    """S7: with the version gone from the conditional update, and the nets below it taken away, the race is lost."""
    clerk = a_user()
    forget_the_lock(monkeypatch)
    monkeypatch.setattr(saving, "_KEYS", {"id": "uuid"})
    monkeypatch.setattr(saving, "update_rows", _unconditional)
    told: list[int] = []
    monkeypatch.setattr(releases, "tell", lambda changes, **_: told.append(len(changes)))
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE holds_hold DISABLE TRIGGER hold_is_as_told")
        cursor.execute("ALTER TABLE credit_mgmt_credituse DROP CONSTRAINT one_credit_use_per_account_and_number")
    try:
        assert max(winners_of(a_hold(), clerk) for _ in range(5)) > 1
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM credit_mgmt_credituse")
            cursor.execute(
                "ALTER TABLE credit_mgmt_credituse ADD CONSTRAINT one_credit_use_per_account_and_number"
                " UNIQUE (account_id, sequence)"
            )
            cursor.execute("ALTER TABLE holds_hold ENABLE TRIGGER hold_is_as_told")


def _unconditional(table, columns, rows, *, keys):
    from customers.bulk import update_rows

    return update_rows(table, columns, rows, keys={name: kind for name, kind in keys.items() if name != "old_version"})
