"""Forcing many (`ux` 3.4, `domain 6`): which orders a filter means, what becomes of each, who may, the job."""

import datetime as dt
from typing import Any

import pytest

from customers import jobs
from customers.errors import InvalidInput
from customers.models import CreditManagementGroup, Job, Role, SalesOrder
from holds.force_many import BY_A_CLERK, Aim, effects_of, force_chosen, orders_of
from holds.forced import force_hold
from holds.models import Hold
from tests.api_client import client, everything
from tests.factories_holds import (
    DAY,
    NOW,
    a_customer,
    a_group,
    a_rule,
    a_user,
    an_entity,
    an_order,
    held,
    post,
    reasons,
    today,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _world(db, settings):
    settings.CREDIT_TODAY = DAY
    an_entity()
    reasons()


def keys(rows) -> set[str]:
    return {order.number for order in rows}


def test_a_filter_means_the_open_orders_of_a_customer_a_group_an_entity():
    CreditManagementGroup.objects.create(code="WHOLE")
    labelled = a_customer("US-1", credit_management_group_id="WHOLE")
    member = a_customer("US-2", credit_group=a_group("G1"))
    foreign = a_customer("DE-1", entity=an_entity("DEMF", "EUR"))
    for number, customer in (("A", labelled), ("B", member), ("C", foreign)):
        an_order(customer, number=number)
    an_order(labelled, number="DONE", document_status="invoice")
    an_order(labelled, number="GONE", credit_status="cancelled")
    assert keys(orders_of(Aim(customers=("USMF:US-1",)), None)) == {"A"}
    assert keys(orders_of(Aim(credit_management_group="WHOLE"), None)) == {"A"}
    assert keys(orders_of(Aim(credit_group="G1"), None)) == {"B"}
    assert keys(orders_of(Aim(legal_entity="USMF"), None)) == {"A", "B"}
    assert keys(orders_of(Aim(legal_entity="USMF", credit_group="G1"), None)) == {"B"}
    assert keys(orders_of(Aim(legal_entity="DEMF"), {"USMF"})) == set()
    assert keys(orders_of(Aim(sales_orders=("USMF:DONE", "USMF:A")), None)) == {"A", "DONE"}


def test_an_order_is_its_payer_s_too():
    payer = a_customer("US-PAY")
    an_order(a_customer("US-SUB", invoice_account=payer), number="A")
    assert keys(orders_of(Aim(customers=("USMF:US-PAY",)), None)) == {"A"}
    assert keys(orders_of(Aim(customers=("USMF:US-SUB",)), None)) == {"A"}


@pytest.mark.parametrize(
    ("aim", "field"),
    [
        (Aim(), "sales_orders"),
        (Aim(legal_entity="NOPE"), "legal_entity"),
        (Aim(credit_group="NOPE"), "credit_group"),
        (Aim(credit_management_group="NOPE"), "credit_management_group"),
        (Aim(customers=("USMF:NOPE",)), "customers"),
        (Aim(sales_orders=("NOPE",)), "sales_orders"),
    ],
)
def test_what_does_not_exist_is_named(aim, field):
    with pytest.raises(InvalidInput) as problem:
        aim.checked()
    assert problem.value.errors[0].field == field


def test_the_preview_says_of_each_order_what_the_act_then_does():
    """Ux 3.4: the drawn rows. The same refusals, asked before."""
    customer = a_customer("US-1")
    open_one, confirmed = an_order(customer), an_order(customer)
    post(confirmed)
    a_rule()
    on_hold = held(an_order(a_customer("US-2", limit="1"))).order
    forced = an_order(customer)
    force_hold(order=forced.pk, reason="DISPUTE", actor=a_user(), at=NOW, today=today)
    invoiced, counter = an_order(customer, document_status="invoice"), an_order(customer, order_type="pos")
    orders = [open_one, confirmed, on_hold, forced, invoiced, counter]
    effects = effects_of(orders)
    assert [effect.before for effect in effects] == ["confirmation", "packing slip", "", "", "", ""]
    assert [effect.usual for effect in effects] == [True, True, True, False, False, False]
    assert [bool(effect.hold) for effect in effects] == [False, False, True, True, False, False]
    result = force_chosen(orders=[order.pk for order in orders], reason="DISPUTE", actor=a_user(), at=NOW, today=today)
    assert [order.pk in result.forced for order in orders] == [effect.possible for effect in effects]
    for effect in effects:
        if effect.before:
            checkpoint = Hold.objects.get(order=effect.order).checkpoint
            assert checkpoint.replace("_", " ") == effect.before


def test_a_clerk_forces_up_to_a_number_and_a_manager_more():
    customer = a_customer(limit=None)
    orders = [an_order(customer, "1").pk for _ in range(BY_A_CLERK + 1)]
    options: dict[str, Any] = {"reason": "DISPUTE", "at": NOW, "today": today}
    with pytest.raises(InvalidInput) as problem:
        force_chosen(orders=orders, actor=a_user(), **options)
    assert (problem.value.errors[0].code, Hold.objects.count()) == ("too_many", 0)
    manager = a_user("manager", Role.CREDIT_MANAGER)
    assert len(force_chosen(orders=orders, actor=manager, **options).forced) == BY_A_CLERK + 1


# --- the job and the API ----------------------------------------------------------------------------------------------


def run(answer) -> dict:
    job = Job.objects.get(pk=answer.body["id"])
    jobs.run_job(job.pk)
    job.refresh_from_db()
    assert job.status == "finished", job.message
    return jobs.result(job)


def test_a_whole_filter_is_a_manager_s_job():
    customer = a_customer("US-1")
    orders = [an_order(customer) for _ in range(3)]
    an_order(customer, order_type="pos", number="POS-1")
    an_order(a_customer("US-2"))
    body = {"kind": "force_hold", "parameters": {"customers": ["USMF:US-1"], "reason": "DISPUTE", "note": "4411"}}
    assert client("clerk", "credit_clerk").post("jobs", body).status == 403
    result = run(client("boss", "credit_manager").post("jobs", body).is_(202))
    assert result["forced"] == 3
    assert [(item["id"], item["code"]) for item in result["failed"]] == [("USMF:POS-1", "never_on_hold")]
    assert {hold.order_id for hold in Hold.objects.filter(forced_note="4411")} == {order.pk for order in orders}
    SalesOrder.objects.filter(number="POS-1").update(order_type="sales")
    again = jobs.retry_job(job_id=Job.objects.get().pk, actor=a_user("boss", Role.CREDIT_MANAGER), now=NOW)
    jobs.run_job(again.pk)
    assert Hold.objects.get(order__number="POS-1").forced


def test_the_job_stays_in_the_legal_entities_of_who_started_it():
    an_order(a_customer("US-1"))
    an_order(a_customer("DE-1", entity=an_entity("DEMF", "EUR")))
    CreditManagementGroup.objects.create(code="WHOLE")
    a_customer("US-9", credit_management_group_id="WHOLE")
    body = {"kind": "force_hold", "parameters": {"legal_entity": "DEMF", "reason": "DISPUTE"}}
    assert client("us", "credit_manager", "USMF").post("jobs", body).status == 404
    assert run(client("de", "credit_manager", "DEMF").post("jobs", body).is_(202))["forced"] == 1
    assert set(Hold.objects.values_list("legal_entity", flat=True)) == {"DEMF"}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"customers": "USMF:US-1"}, "parameters.customers"),
        ({"filter": {"colour": "red"}}, "parameters.filter"),
        ({"until": "soon"}, "parameters.until"),
        ({"reason": None}, "reason"),
        ({"customers": []}, "sales_orders"),
        ({"speed": 9}, "parameters.speed"),
    ],
)
def test_what_the_job_is_given_is_checked_first(change, field):
    a_customer("US-1")
    body = {"kind": "force_hold", "parameters": {"customers": ["USMF:US-1"], "reason": "DISPUTE", **change}}
    assert everything().post("jobs", body).is_(400).problem[0][0] == field
    assert not Job.objects.exists()


def test_many_through_the_api_with_a_preview():
    order, counter = an_order(a_customer("US-1")), an_order(a_customer("US-2"), order_type="pos")
    until = (DAY + dt.timedelta(14)).isoformat()
    body = {"sales_orders": [order.key, counter.key, "USMF:NOPE"], "reason": "DISPUTE", "until": until}
    api = client("clerk", "credit_clerk")
    preview = api.post("sales-orders/force-hold", {**body, "preview": True}).is_(200)["preview"]
    assert [(row["sales_order"], row["possible"], row["stops_before"]) for row in preview] == [
        (order.key, True, "confirmation"), (counter.key, False, ""),
    ]  # fmt: skip
    assert not Hold.objects.exists()
    answer = api.post("sales-orders/force-hold", body).is_(200)
    assert answer["succeeded"] == [order.key]
    failed = {item["id"]: item["code"] for item in answer["failed"]}
    assert failed == {counter.key: "never_on_hold", "USMF:NOPE": "not_found"}
    hold = api.get(f"holds?sales_order={order.key}").is_(200)["results"][0]
    assert (hold["forced"], hold["forced_until"]) == (True, until)
    assert api.post("sales-orders/force-hold", {"sales_orders": [order.key]}).is_(400).problem == [
        ("reason", "required")
    ]
    one = an_order(a_customer("US-3"))
    single = api.post(f"sales-orders/{one.key}/force-hold", {"reason": "DISPUTE", "until": until}).is_(200)
    assert single["forced_until"] == until
