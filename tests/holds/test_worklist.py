"""The columns that people fill in: assignee, review date, note (`ux` 3.1)."""

import pytest

from customers.errors import InvalidInput
from holds.models import Hold, HoldEvent
from holds.releases import release_hold
from holds.worklist import add_note, assign_holds, set_review_date
from tests.factories_holds import DAY, NOW, a_customer, a_rule, a_user, an_entity, an_order, held, reasons, today

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _world():
    an_entity()
    reasons()
    a_rule()


def test_holds_are_assigned_reviewed_and_noted():
    hold = held(an_order(a_customer(limit="1")))
    clerk = a_user()
    assert assign_holds(ids=[hold.pk], assignee="clerk", actor=clerk, at=NOW).succeeded == [hold.pk]
    assert set_review_date(ids=[hold.pk], review_date=DAY, actor=clerk, at=NOW).succeeded == [hold.pk]
    assert add_note(ids=[hold.pk], note="called", actor=clerk, at=NOW).succeeded == [hold.pk]
    assert add_note(ids=[hold.pk], note="called", actor=clerk, at=NOW).succeeded == [hold.pk]  # no change
    hold = Hold.objects.get(pk=hold.pk)
    assert (hold.assignee.username, hold.review_date, hold.note, hold.version) == ("clerk", DAY, "called", 4)
    events = HoldEvent.objects.order_by("version").values_list("type", flat=True)
    assert list(events) == ["hold_placed", "assigned", "review_date_set", "noted"]
    assign_holds(ids=[hold.pk], assignee=None, actor=clerk, at=NOW)
    assert Hold.objects.get(pk=hold.pk).assignee is None


def test_a_hold_is_assigned_to_somebody_who_may_work_on_it():
    hold = held(an_order(a_customer(limit="1")))
    an_entity("DEMF", "EUR")
    a_user("german", entity="DEMF")
    result = assign_holds(ids=[hold.pk], assignee="german", actor=a_user(), at=NOW)
    assert [failure.code for failure in result.failed] == ["cannot_work"]
    a_user("auditor", role="auditor")
    result = assign_holds(ids=[hold.pk], assignee="auditor", actor=a_user(), at=NOW)
    assert [failure.code for failure in result.failed] == ["cannot_work"]
    with pytest.raises(InvalidInput):
        assign_holds(ids=[hold.pk], assignee="nobody", actor=a_user(), at=NOW)


def test_a_closed_hold_is_not_assigned_but_may_be_reviewed():
    hold = held(an_order(a_customer(limit="1")))
    clerk = a_user()
    release_hold(id=hold.pk, mode="without_posting", reason="PAID", actor=clerk, at=NOW, today=today)
    assert assign_holds(ids=[hold.pk], assignee="clerk", actor=clerk, at=NOW).failed[0].code == "hold_not_active"
    assert set_review_date(ids=[hold.pk], review_date=DAY, actor=clerk, at=NOW).succeeded == [hold.pk]
