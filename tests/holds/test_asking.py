"""Sales asks about an order on hold (`ux` 3.19): the owner finds it due for review, with the question."""

import datetime as dt

import pytest

from customers.access import NotAllowed, OutOfScope
from customers.errors import InvalidInput, Refused
from customers.models import Role
from holds.asking import ask_credit
from holds.models import Hold
from holds.snoozing import snooze_holds
from holds.worklist import set_review_date
from tests.api_client import client
from tests.factories_holds import (
    DAY,
    NOW,
    SYSTEM,
    a_customer,
    a_rule,
    a_user,
    an_entity,
    an_order,
    held,
    reasons,
    today,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def hold(settings) -> Hold:
    settings.CREDIT_TODAY = DAY
    an_entity()
    reasons()
    a_rule()
    return held(an_order(a_customer(limit="100"), "400", "SO-1"))


def ask(hold: Hold, question: str = "They pay on Thursday. Can it go?", actor=None) -> Hold:
    seller = actor or a_user("seller", Role.SALES_VIEWER)
    ask_credit(order=hold.order_id, question=question, actor=seller, at=NOW, today=today)
    return Hold.objects.get(pk=hold.pk)


def test_the_hold_is_due_for_review_with_the_question_in_its_history(hold):
    asked = ask(hold)
    assert asked.review_date == DAY
    event = asked.events.get(version=2)
    assert (event.type, event.actor_name, event.data["note"]) == ("asked", "seller", "They pay on Thursday. Can it go?")
    assert asked.note == "", "what the clerks noted stays theirs"


@pytest.mark.parametrize(
    ("before", "after"), [(DAY + dt.timedelta(4), DAY), (DAY - dt.timedelta(4), DAY - dt.timedelta(4))]
)
def test_a_review_that_was_later_comes_first_and_one_that_is_due_stays(hold, before, after):
    set_review_date(ids=[hold.pk], review_date=before, actor=SYSTEM, at=NOW)
    assert ask(hold).review_date == after


def test_a_hold_that_was_put_aside_comes_back(hold):
    snooze_holds(ids=[hold.pk], until=DAY + dt.timedelta(5), actor=a_user(), at=NOW, today=today)
    assert ask(hold).snoozed_until is None


@pytest.mark.parametrize(("question", "code"), [("  ", "required"), ("x" * 2001, "too_long")])
def test_a_question_that_says_nothing_or_too_much_is_refused(hold, question, code):
    with pytest.raises(InvalidInput) as problem:
        ask(hold, question)
    assert (problem.value.errors[0].field, problem.value.errors[0].code) == ("question", code)


def test_there_is_nothing_to_ask_of_an_order_that_is_not_held(hold):
    order = an_order(a_customer("US-2"))
    with pytest.raises(Refused) as problem:
        ask_credit(order=order.pk, question="?", actor=a_user("seller", Role.SALES_VIEWER), at=NOW, today=today)
    assert problem.value.code == "not_on_hold"


def test_who_may_not_ask_is_told_and_other_entities_do_not_exist(hold):
    with pytest.raises(NotAllowed):
        ask(hold, actor=a_user("auditor", Role.AUDITOR))
    with pytest.raises(OutOfScope):
        ask(hold, actor=a_user("german", Role.SALES_VIEWER, an_entity("DEMF", "EUR").code))


def test_through_the_api_without_any_figure(hold):
    seller = client("seller", "sales_viewer")
    answer = seller.post("sales-orders/USMF:SO-1/ask-credit", {"question": "Can it go?"}).is_(200)
    assert answer.body == {"sales_order": "USMF:SO-1", "review_date": DAY.isoformat()}
    assert seller.post("sales-orders/USMF:SO-1/ask-credit", {"question": " "}).is_(400).problem[0][0] == "question"
    assert client("auditor", "auditor").post("sales-orders/USMF:SO-1/ask-credit", {"question": "?"}).status == 403
