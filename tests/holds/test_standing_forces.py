"""New orders of a customer are forced on hold, too, until a day (`ux` 3.4, `domain 6`): who said so, and the end."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from customers.access import NotAllowed, OutOfScope
from customers.errors import InvalidInput, Refused
from customers.models import Customer, Role, SalesOrder
from holds.evaluation import evaluate
from holds.force_many import force_chosen
from holds.forced import force_hold
from holds.models import Hold, StandingForce
from holds.mornings import ask_about_forced
from holds.orders import feed_orders
from holds.releases import release_hold
from holds.standing_forces import end_standing_force, force_new_orders, in_force
from tests.api_client import client, everything
from tests.factories_holds import (
    DAY,
    NOW,
    SYSTEM,
    a_customer,
    a_user,
    an_entity,
    an_order,
    on,
    post,
    reasons,
    today,
)  # fmt: skip

pytestmark = pytest.mark.django_db
UNTIL = DAY + dt.timedelta(15)


@pytest.fixture(autouse=True)
def _world(db, settings):
    settings.CREDIT_TODAY = DAY
    an_entity()
    reasons()


def stop(*customers: Customer, **options: Any) -> list[StandingForce]:
    values = {"reason": "DISPUTE", "until": UNTIL, "actor": a_user("marta"), "at": NOW, "today": today, **options}
    return force_new_orders(customers=[customer.pk for customer in customers], **values)


def row(customer: Customer, number: str, **fields: Any) -> dict[str, Any]:
    lines = [{"number": 1, "quantity": Decimal(1), "unit_price": Decimal(400)}]
    key = f"{customer.legal_entity_id}:{number}"
    return {"key": key, "customer": customer.key, "currency": "USD", "payment_terms": "N30", "lines": lines, **fields}


def comes(*rows: dict[str, Any], day: dt.date = DAY, replace: bool = True) -> list[str]:
    results = feed_orders(rows, actor=SYSTEM, at=NOW, today=on(day), replace=replace)
    assert [result.errors for result in results] == [()] * len(rows)
    return [result.status for result in results]


def held_orders() -> set[str]:
    return set(Hold.objects.filter(status="active").values_list("order__number", flat=True))


def test_a_new_order_is_on_forced_hold_when_it_comes_and_says_who_and_why():
    customer, other = a_customer("US-1"), a_customer("US-2")
    stop(customer, note="case 4411")
    assert comes(row(customer, "A"), row(other, "B")) == ["created", "created"]
    hold = Hold.objects.get()
    assert (hold.order.number, hold.order.credit_status, hold.forced) == ("A", "on_hold", True)
    assert (hold.forced_reason.code, hold.forced_note, hold.forced_until) == ("DISPUTE", "case 4411", UNTIL)
    assert (hold.forced_by, hold.held_by) == (a_user("marta").reference, "system:new_orders")
    assert hold.reasons.get().evidence["forced_by"] == "marta"
    event = hold.events.get()
    assert (event.type, event.actor, event.data["said_by"]) == ("forced", "system:new_orders", "marta")
    assert post(SalesOrder.objects.get(number="A")).outcome == "held"


def test_orders_that_are_there_already_and_are_fed_again_go_their_way():
    customer = a_customer("US-1")
    comes(row(customer, "A"))
    stop(customer)
    assert comes(row(customer, "A"), row(customer, "A2", requested_ship_date=UNTIL)) == ["unchanged", "created"]
    assert comes(row(customer, "A", requested_ship_date=UNTIL)) == ["updated"]
    assert held_orders() == {"A2"}


def test_who_pays_counts_as_who_orders_and_an_order_that_changes_its_customer_comes_to_it():
    payer = a_customer("US-PAY")
    member, other = a_customer("US-SUB", invoice_account=payer), a_customer("US-9")
    comes(row(other, "MOVES"), row(other, "STAYS"))
    stop(payer)
    comes(row(member, "A"), row(other, "MOVES") | {"customer": payer.key}, row(other, "STAYS"))
    assert held_orders() == {"A", "MOVES"}


@pytest.mark.parametrize(
    ("fields", "day", "stopped"),
    [
        ({}, UNTIL - dt.timedelta(1), True),
        ({}, UNTIL, False),
        ({"order_type": "pos"}, DAY, False),
        ({"order_type": "call_center"}, DAY, False),
        ({"intercompany": True}, DAY, True),
    ],
)
def test_which_orders_are_stopped(fields, day, stopped):
    customer = a_customer("US-1")
    stop(customer)
    comes(row(customer, "A", **fields), day=day)
    assert held_orders() == ({"A"} if stopped else set())


def test_it_ends_by_a_person_and_the_holds_stay():
    customer = a_customer("US-1")
    [standing] = stop(customer)
    comes(row(customer, "A"))
    end_standing_force(id=standing.pk, actor=a_user("jan"), at=NOW)
    comes(row(customer, "B"))
    assert held_orders() == {"A"}
    standing.refresh_from_db()
    assert (standing.ended_by_name, standing.ended_at) == ("jan", NOW)
    with pytest.raises(Refused) as problem:
        end_standing_force(id=standing.pk, actor=a_user("jan"), at=NOW)
    assert problem.value.code == "nothing_to_end"


def test_what_is_said_again_takes_the_place_of_what_was_said_before():
    customer = a_customer("US-1")
    [first] = stop(customer, note="one")
    [second] = stop(customer, note="two", actor=a_user("jan"))
    first.refresh_from_db()
    assert (first.ended_by_name, in_force([customer], today)) == ("jan", {customer.pk: second})


def test_such_a_hold_is_a_forced_hold_like_any_other():
    customer = a_customer("US-1")
    stop(customer)
    comes(row(customer, "A"))
    hold = Hold.objects.get()
    evaluate(hold_ids=[hold.pk], actor=SYSTEM, at=NOW, today={"USMF": DAY})
    assert held_orders() == {"A"}
    with pytest.raises(NotAllowed):
        release_hold(id=hold.pk, mode="without_posting", reason="PAID", actor=a_user(), at=NOW, today=today)
    ask_about_forced(at=NOW, today={"USMF": UNTIL})
    hold = Hold.objects.get()
    assert (hold.assignee.username, hold.review_date, hold.forced_until) == ("marta", UNTIL, None)


def test_a_released_order_is_not_stopped_again_when_it_is_fed_again():
    customer = a_customer("US-1")
    stop(customer)
    comes(row(customer, "A"))
    boss = a_user("boss", Role.CREDIT_MANAGER)
    release_hold(id=Hold.objects.get().pk, mode="without_posting", reason="PAID", actor=boss, at=NOW, today=today)
    comes(row(customer, "A", requested_ship_date=UNTIL))
    assert held_orders() == set()


@pytest.mark.parametrize(
    ("options", "field", "code"),
    [
        ({"reason": None}, "reason", "required"),
        ({"reason": "NOPE"}, "reason", "unknown"),
        ({"until": None}, "until", "required"),
        ({"until": DAY}, "until", "in_the_past"),
    ],
)
def test_bad_input_names_the_field_and_changes_nothing(options, field, code):
    with pytest.raises(InvalidInput) as problem:
        stop(a_customer("US-1"), **options)
    assert [(error.field, error.code) for error in problem.value.errors] == [(field, code)]
    assert not StandingForce.objects.exists()


def test_it_takes_the_right_to_force_in_the_customer_s_legal_entity():
    customer = a_customer("US-1")
    with pytest.raises(NotAllowed):
        stop(customer, actor=a_user("auditor", Role.AUDITOR))
    with pytest.raises(OutOfScope):
        stop(customer, actor=a_user("german", entity=an_entity("DEMF", "EUR").code))
    [standing] = stop(customer)
    with pytest.raises(NotAllowed):
        end_standing_force(id=standing.pk, actor=a_user("auditor", Role.AUDITOR), at=NOW)


def test_forcing_chosen_orders_says_it_first_so_that_it_stands_where_an_order_fails():
    customer = a_customer("US-1")
    order, invoiced = an_order(customer), an_order(customer, document_status="invoice")
    result = force_chosen(
        orders=[order.pk, invoiced.pk], reason="DISPUTE", until=UNTIL, actor=a_user(), at=NOW, today=today,
        also_new_of=[customer.pk],
    )  # fmt: skip
    assert (list(result.forced), list(result.failed)) == ([order.pk], [invoiced.pk])
    assert in_force([customer], today)


def test_a_feed_that_brings_nothing_new_does_not_ask():
    customer = a_customer("US-1")
    comes(row(customer, "A"))
    stop(customer)
    with connection.execute_wrapper(refusing("holds_standingforce")):
        comes(row(customer, "A"))


def refusing(table: str):
    def look(execute, sql, params, many, context):
        assert table not in sql
        return execute(sql, params, many, context)

    return look


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("UPDATE holds_standingforce SET note = 'other'", "only its end is written"),
        ("UPDATE holds_standingforce SET until = until + 1, ended_at = now(), ended_by = 'x'", "only its end"),
        ("DELETE FROM holds_standingforce", "append-only"),
        ("TRUNCATE holds_standingforce", "append-only"),
        ("UPDATE holds_standingforce SET ended_at = now()", "ended_standing_force_says_by_whom"),
        (
            "INSERT INTO holds_standingforce (customer_id, reason_id, note, until, actor, actor_name, at, ended_by,"
            " ended_by_name) SELECT customer_id, reason_id, '', until, actor, '', at, '', '' FROM holds_standingforce",
            "one_standing_force_per_customer",
        ),
    ],
)
def test_the_database_keeps_it_as_evidence(statement, message):
    stop(a_customer("US-1"))
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        with pytest.raises(IntegrityError, match=message), transaction.atomic():
            cursor.execute(statement)


def test_through_the_api():
    a_customer("US-1")
    body = {"customer": "USMF:US-1", "reason": "DISPUTE", "until": UNTIL.isoformat(), "note": "case 4411"}
    clerk = client("clerk", "credit_clerk")
    made = clerk.post("standing-forces", body).is_(201)
    assert (made["customer"], made["reason"], made["actor_name"], made["ended_at"]) == (
        "USMF:US-1", "DISPUTE", "clerk", None,
    )  # fmt: skip
    anyone = everything()
    assert anyone.get("standing-forces?customer=USMF:US-1").is_(200)["results"] == [made.body]
    ended = clerk.post(f"standing-forces/{made['id']}/end", {}).is_(200)
    assert ended["ended_by_name"] == "clerk"
    assert clerk.post(f"standing-forces/{made['id']}/end", {}).status == 409
    assert clerk.post("standing-forces/999/end", {}).status == 404
    assert anyone.post("standing-forces", {**body, "until": DAY.isoformat()}).is_(400).problem == [
        ("until", "in_the_past")
    ]
    assert client("reader", "auditor").post("standing-forces", body).status == 403
    german = client("german", "credit_clerk", an_entity("DEMF", "EUR").code)
    assert german.post("standing-forces", body).status == 404
    assert german.get("standing-forces").is_(200)["results"] == []


def test_forcing_by_hand_and_new_orders_do_not_get_in_each_other_s_way():
    customer = a_customer("US-1")
    order = an_order(customer)
    force_hold(order=order.pk, reason="DISPUTE", actor=a_user(), at=NOW, today=today)
    stop(customer)
    comes(row(customer, "A"))
    assert held_orders() == {order.number, "A"}
