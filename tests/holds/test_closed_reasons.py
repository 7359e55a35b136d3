"""Reasons that people give: none that is closed, and a note with those that ask for one (`ux.md` 3.11)."""

from typing import Any

import pytest

from credit_mgmt.parameter_setup import save_parameters
from customers.errors import InvalidInput
from customers.models import Reason
from holds.forced import force_hold
from holds.forms import reasons_of
from holds.models import Hold
from holds.rejections import reject_hold
from holds.releases import release_hold
from holds.standing_forces import force_new_orders
from tests.api_client import everything
from tests.factories_holds import DAY, NOW, SYSTEM, a_customer, a_rule, an_order, held, on, reasons, today

pytestmark = pytest.mark.django_db


@pytest.fixture
def hold() -> Hold:
    reasons()
    a_rule(name="LU-01")
    return held(an_order(a_customer(limit="100"), "400"))


def release(hold: Hold, note: str) -> Any:
    return release_hold(id=hold.pk, mode="without_posting", reason="PAID", note=note, actor=SYSTEM, at=NOW, today=today)


def reject(hold: Hold, note: str) -> Any:
    return reject_hold(id=hold.pk, reason="PAID", note=note, actor=SYSTEM, at=NOW)


def force(hold: Hold, note: str) -> Any:
    return force_hold(order=hold.order_id, reason="DISPUTE", note=note, actor=SYSTEM, at=NOW, today=today)


def force_next(hold: Hold, note: str) -> Any:
    until = DAY.replace(day=DAY.day + 5)
    return force_new_orders(
        customers=[hold.payer_id], reason="DISPUTE", until=until, note=note, actor=SYSTEM, at=NOW, today=on(DAY)
    )


WAYS = [release, reject, force, force_next]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_a_closed_reason_is_refused_with_what_to_do(hold, way):
    Reason.objects.update(open=False)
    with pytest.raises(InvalidInput, match="is closed: choose one that is open") as refused:
        way(hold, "")
    assert [(error.field, error.code) for error in refused.value.errors] == [("reason", "closed")]
    assert Hold.objects.get(pk=hold.pk).version == hold.version


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_a_reason_that_needs_a_note_asks_for_it(hold, way):
    Reason.objects.update(requires_note=True)
    with pytest.raises(InvalidInput, match="needs a note: say what lies behind it") as refused:
        way(hold, "  ")
    assert [(error.field, error.code) for error in refused.value.errors] == [("note", "required")]
    way(hold, "Agreed with their treasurer")


def test_closed_reasons_are_not_offered_and_those_with_a_note_say_so(hold):
    Reason.objects.filter(code="PAID").update(open=False)
    assert [reason.code for reason in reasons_of(Reason.Type.RELEASE, ["USMF"])] == ["AUTO", "GONE"]


@pytest.mark.parametrize("kind", ["release_holds", "reject_holds"])
def test_a_job_refuses_it_before_it_starts(hold, kind):
    Reason.objects.update(open=False)
    given = {"holds": [str(hold.pk)], "reason": "PAID"}
    parameters = {**given, "mode": "without_posting"} if kind == "release_holds" else given
    answer = everything().post("jobs", {"kind": kind, "parameters": parameters})
    assert answer.is_(400).problem == [("reason", "closed")]


class TestReasonsOfParameters:
    def test_one_that_is_closed_is_not_named_newly(self, hold):
        Reason.objects.filter(code="AUTO").update(open=False)
        with pytest.raises(InvalidInput, match="Release reason AUTO is closed") as refused:
            save_parameters(legal_entity=None, values={"modified_order_reason": "AUTO"}, actor=SYSTEM)
        assert [(error.field, error.code) for error in refused.value.errors] == [("modified_order_reason", "closed")]

    def test_one_that_stands_there_already_stays(self, hold):
        save_parameters(legal_entity=None, values={"modified_order_reason": "AUTO"}, actor=SYSTEM)
        Reason.objects.filter(code="AUTO").update(open=False)
        save_parameters(legal_entity=None, values={"dso_1_months": 7}, actor=SYSTEM)

    def test_one_that_is_named_is_not_closed_by_the_api(self, hold):
        save_parameters(legal_entity="USMF", values={"modified_order_reason": "AUTO"}, actor=SYSTEM)
        answer = everything().patch("reasons/release:AUTO", {"open": False}).is_(409)
        assert (answer["code"], answer["field"]) == ("in_use", "open")
        assert "the modified order reason in the parameters of USMF: choose another one there first" in answer["detail"]
