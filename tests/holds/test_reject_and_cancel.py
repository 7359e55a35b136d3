"""Rejecting a hold and cancelling its order in one act (`ux` 3.3, `domain 6`)."""

import uuid

import pytest

from credit_mgmt.models import Commitment
from customers import access
from customers.access import Action
from customers.errors import Refused
from customers.models import OutboxEvent, Role, SalesOrder
from holds import orders, rejections
from holds.models import Hold, HoldEvent
from holds.rejections import reject_hold, reject_holds, reopen_order
from tests.api_client import client, everything
from tests.factories_holds import NOW, a_customer, a_rule, a_user, an_entity, an_order, held, parameters, post, reasons

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _world(db):
    an_entity()
    reasons()
    a_rule()


def a_hold() -> Hold:
    return held(an_order(a_customer(f"US-{uuid.uuid4().hex[:6]}", limit="1")))


def order_of(hold: Hold) -> SalesOrder:
    return SalesOrder.objects.get(pk=hold.order_id)


@pytest.fixture
def nobody_cancels(monkeypatch):
    roles = tuple(role for role in access.POLICY[Action.CANCEL_ORDER] if role != Role.CREDIT_CLERK)
    monkeypatch.setitem(access.POLICY, Action.CANCEL_ORDER, roles)


def test_the_hold_is_rejected_and_nothing_is_left_of_the_order():
    parameters(open_orders_that_use_credit="all")
    hold = a_hold()
    rejected = reject_hold(
        id=hold.pk, reason="GONE", note="customer went elsewhere", actor=a_user(), at=NOW, cancel_order=True
    )
    order = order_of(hold)
    assert (rejected.status, rejected.release_reason.code) == ("rejected", "GONE")
    assert (order.credit_status, order.is_open) == ("cancelled", False)
    assert not Commitment.objects.filter(order=order).exists()
    event = HoldEvent.objects.get(hold=hold, version=2)
    assert (event.type, event.data["order_cancelled"]) == ("rejected", True)
    assert OutboxEvent.objects.get(key=f"hold:{hold.pk}:2").data["order_cancelled"] is True
    with pytest.raises(Refused) as refused:
        reopen_order(order=order.pk, actor=a_user("boss", Role.CREDIT_MANAGER), at=NOW)
    assert refused.value.code == "not_rejected"
    with pytest.raises(Refused) as refused:
        post(order)
    assert refused.value.code == "order_cancelled"


def test_without_it_the_order_is_kept():
    hold = a_hold()
    reject_hold(id=hold.pk, actor=a_user(), at=NOW)
    assert order_of(hold).credit_status == "rejected"
    assert "order_cancelled" not in HoldEvent.objects.get(hold=hold, version=2).data


@pytest.mark.usefixtures("nobody_cancels")
def test_it_takes_the_right_to_cancel_and_without_it_nothing_is_done():
    hold = a_hold()
    result = reject_holds(ids=[hold.pk], actor=a_user(), at=NOW, cancel_order=True)
    assert [failure.code for failure in result.failed] == ["not_allowed"]
    assert (Hold.objects.get(pk=hold.pk).status, order_of(hold).credit_status) == ("active", "on_hold")
    assert reject_holds(ids=[hold.pk], actor=a_user(), at=NOW).succeeded == [hold.pk]


def test_where_the_order_cannot_be_cancelled_its_hold_stays_and_the_others_go_on(monkeypatch):
    first, second, third = a_hold(), a_hold(), a_hold()
    real = orders.end_order

    def refuses(order):
        if order.pk == second.order_id:
            real(order)
            raise Refused("order_not_open", "It is invoiced.")
        real(order)

    monkeypatch.setattr(rejections, "end_order", refuses)
    result = reject_holds(ids=[first.pk, second.pk, third.pk], actor=a_user(), at=NOW, cancel_order=True)
    assert result.succeeded == [first.pk, third.pk]
    assert [failure.code for failure in result.failed] == ["order_not_open"]
    assert (Hold.objects.get(pk=second.pk).status, order_of(second).credit_status) == ("active", "on_hold")
    assert HoldEvent.objects.filter(hold=second).count() == 1


def test_the_api_does_it_for_one_and_for_many():
    api = everything()
    first, second = a_hold(), a_hold()
    assert api.post(f"holds/{first.pk}/reject", {"cancel_order": True}).is_(200)["status"] == "rejected"
    assert api.get(f"sales-orders/{first.order.key}").is_(200)["credit_status"] == "cancelled"
    answer = api.post("holds/reject", {"ids": [str(second.pk)], "cancel_order": True}).is_(200)
    assert answer["succeeded"] == [str(second.pk)]
    assert order_of(second).credit_status == "cancelled"
    assert api.post(f"holds/{second.pk}/reject", {"cancel_order": "maybe"}).is_(400).problem[0][0] == "cancel_order"


@pytest.mark.usefixtures("nobody_cancels")
def test_the_api_refuses_without_the_right():
    hold = a_hold()
    clerk = client("clerk", "credit_clerk")
    assert clerk.post(f"holds/{hold.pk}/reject", {"cancel_order": True}).is_(403)["code"] == "not_allowed"
    assert clerk.post(f"holds/{hold.pk}/reject", {}).is_(200)["status"] == "rejected"
