"""The life of a hold is kept by the database, whatever path a change takes (`domain 6`, `reliability.md` I1-I4)."""

import datetime as dt
from contextlib import contextmanager

import pytest
from django.db import IntegrityError, connection, transaction
from django_fsm import TransitionNotAllowed

from credit_mgmt.decisions import purge_decisions
from holds.models import Hold, HoldEvent, HoldReason
from tests.factories_holds import NOW, a_customer, an_entity, an_order, post

pytestmark = pytest.mark.django_db


def a_hold(**fields) -> Hold:
    """A consistent hold, written without a service."""
    order = fields.pop("order", None) or an_order(a_customer(limit="0"))
    values = {"payer": order.payer, "legal_entity_id": order.legal_entity_id, "checkpoint": "confirmation", **fields}
    hold = Hold.objects.create(order=order, held_at=NOW, held_by="system:test", currency="USD", **values)
    HoldReason.objects.create(hold=hold, type="limit_used", added_at=NOW)
    tell(hold, 1, "", "active")
    check_now()
    return hold


def tell(hold: Hold, version: int, before: str, after: str, **data) -> None:
    HoldEvent.objects.create(
        hold=hold,
        version=version,
        type="x",
        from_status=before,
        to_status=after,
        actor="system:test",
        at=NOW,
        data=data,
    )


def check_now() -> None:
    """Let the deferred triggers look now instead of at commit."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


@contextmanager
def refused(constraint: str):
    """What is done in the block is refused when the transaction would commit."""
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():  # noqa: PT012 - the block is the test's
        yield
        check_now()


def test_a_hold_gets_its_number_from_the_database():
    assert a_hold().number.startswith("H-")
    with connection.cursor() as cursor:
        cursor.execute("SELECT setval('holds_hold_number', 1234567, false)")
        cursor.execute("SELECT holds_next_number()")
        assert cursor.fetchone() == ("H-1234567",)


def test_a_raw_change_of_status_is_refused_at_commit():
    hold = a_hold()
    with refused("last event says otherwise"), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE holds_hold SET status = 'released', release_mode = 'with_posting', decided_by = 'x',"
            " decided_at = now() WHERE id = %s", [hold.pk],
        )  # fmt: skip


def test_a_raw_change_of_version_is_refused_at_commit():
    hold = a_hold()
    with refused("last event says otherwise"):
        Hold.objects.filter(pk=hold.pk).update(version=2)


def test_a_hold_without_any_event_is_refused():
    order = an_order(a_customer())
    with refused("last event says otherwise"):
        Hold.objects.create(
            order=order, payer=order.payer, legal_entity_id="USMF", checkpoint="invoice", held_at=NOW, held_by="x",
            currency="USD",
        )  # fmt: skip


@pytest.mark.parametrize(
    ("version", "before", "after"),
    [(3, "active", "active"), (2, "released", "active"), (2, "", "active")],
    ids=["a gap", "another beginning", "no beginning"],
)
def test_events_follow_on_one_another(version, before, after):
    hold = a_hold()
    with refused("does not follow"):
        tell(hold, version, before, after)


def test_an_event_ahead_of_its_hold_is_refused():
    hold = a_hold()
    with refused("ahead of its hold"):
        tell(hold, 2, "active", "active")


@pytest.mark.parametrize(
    ("before", "after"), [("rejected", "active"), ("cancelled", "active"), ("rejected", "released")]
)
def test_a_closed_hold_stays_closed(before, after):
    hold = a_hold()
    with refused(f"does not go from {before} to {after}"):
        tell(hold, 2, "active", before)
        tell(hold, 3, before, after, mode="x", reason="x")
        Hold.objects.filter(pk=hold.pk).update(version=3)


def test_the_edges_of_the_database_are_those_of_the_model():
    """The table stands twice: in migration 0003 and in the transitions."""
    wanted = {
        ("active", "released"), ("active", "rejected"), ("active", "cancelled"), ("released", "active"),
    }  # fmt: skip
    found = set()
    for before in Hold.Status.values:
        for move in (Hold.release, Hold.reject, Hold.cancel, Hold.reinstate):
            hold = Hold(status=before)
            try:
                move(hold)
            except TransitionNotAllowed:
                continue
            found.add((before, hold.status))
    assert found == wanted
    with connection.cursor() as cursor:
        cursor.execute("SELECT prosrc FROM pg_proc WHERE proname = 'holds_event_follows'")
        source = cursor.fetchone()[0]
    for edge in wanted | {("", "active")}:
        assert f"('{edge[0]}', '{edge[1]}')" in source


@pytest.mark.parametrize("data", [{}, {"mode": "with_posting"}, {"reason": "PAID", "mode": ""}])
def test_a_release_says_its_mode_and_its_reason(data):
    hold = a_hold()
    with refused("neither its mode nor its reason"):
        tell(hold, 2, "active", "released", **data)


def test_an_active_hold_keeps_a_valid_reason():
    hold = a_hold()
    with refused("without a valid reason"):
        HoldReason.objects.filter(hold=hold).update(valid=False, cleared_at=NOW)


def test_the_last_reason_is_not_deleted():
    hold = a_hold()
    with refused("without a valid reason"):
        HoldReason.objects.filter(hold=hold).delete()


def test_a_hold_that_is_ready_needs_no_reason():
    hold = a_hold()
    HoldReason.objects.filter(hold=hold).update(valid=False, cleared_at=NOW)
    Hold.objects.filter(pk=hold.pk).update(ready_to_release=True)
    check_now()


def test_an_order_has_one_active_hold():
    """Domain 6, I4."""
    hold = a_hold()
    with refused("one_active_hold_per_order"):
        Hold.objects.create(
            order=hold.order, payer=hold.payer, legal_entity_id="USMF", checkpoint="invoice", held_at=NOW, held_by="x",
            currency="USD",
        )  # fmt: skip


def test_a_hold_is_of_its_orders_legal_entity():
    an_entity("DEMF")
    order = an_order(a_customer())
    with refused("hold_order_within_entity"):
        hold = Hold.objects.create(
            order=order, payer=order.payer, legal_entity_id="DEMF", checkpoint="invoice", held_at=NOW, held_by="x",
            currency="USD",
        )  # fmt: skip
        tell(hold, 1, "", "active")
        HoldReason.objects.create(hold=hold, type="limit_used", added_at=NOW)


@pytest.mark.parametrize(
    "statement",
    ["UPDATE holds_holdevent SET actor = 'nobody'", "DELETE FROM holds_holdevent", "TRUNCATE holds_holdevent"],
)
def test_events_are_never_changed(statement):
    a_hold()
    # Pending deferred triggers would refuse a TRUNCATE too, for another reason: a_hold has let them look.
    with refused("append-only"), connection.cursor() as cursor:
        cursor.execute(statement)


def test_status_is_not_assigned():
    """Only the transitions move it (style 23)."""
    hold = a_hold()
    with pytest.raises(AttributeError):
        hold.status = Hold.Status.RELEASED


def test_amounts_are_numbers():
    hold = a_hold()
    with refused("hold_amounts_are_numbers"), connection.cursor() as cursor:
        cursor.execute("UPDATE holds_hold SET amount = 'NaN' WHERE id = %s", [hold.pk])


def test_a_forced_hold_has_its_reason():
    hold = a_hold()
    with refused("forced_hold_has_its_reason"):
        Hold.objects.filter(pk=hold.pk).update(forced=True)


def test_a_released_hold_says_how_by_whom_and_when():
    hold = a_hold()
    with refused("released_hold_says_how"), connection.cursor() as cursor:
        cursor.execute("UPDATE holds_hold SET status = 'released' WHERE id = %s", [hold.pk])


def test_a_cleared_reason_says_when():
    hold = a_hold()
    with refused("cleared_reason_says_when"):
        HoldReason.objects.filter(hold=hold).update(cleared_at=NOW + dt.timedelta(days=1))


def test_the_decisions_of_a_hold_are_about_its_order():
    hold, other = a_hold(), post(an_order(a_customer("US-002"))).decision_id
    for name in ("decision", "last_decision"):
        with refused(f"hold_{name}_of_its_order"):
            Hold.objects.filter(pk=hold.pk).update(**{name: other})


def test_a_decision_that_a_hold_refers_to_is_not_deleted():
    order = an_order(a_customer())
    hold = a_hold(order=order, last_decision_id=post(order).decision_id)
    with refused("hold_last_decision_of_its_order"):
        purge_decisions(legal_entity=hold.legal_entity_id, older_than=NOW + dt.timedelta(days=1))
