"""Whose holds a word of the list means (`ux` 3.1): me, nobody, my cover, my customers."""

import datetime as dt

import pytest

from customers.models import Customer
from holds.absences import covered_by, owned_by, set_absence
from holds.models import Hold
from holds.worklist import assign_holds
from tests.factories_holds import DAY, NOW, a_customer, a_rule, a_user, an_entity, an_order, held, reasons

pytestmark = pytest.mark.django_db


@pytest.fixture
def holds() -> list[Hold]:
    an_entity()
    reasons()
    a_rule()
    a_user("anna")
    found = [held(an_order(a_customer(f"US-{n}", limit="1"))) for n in range(3)]
    assign_holds(ids=[found[0].pk], assignee="anna", actor=a_user("jan"), at=NOW)
    assign_holds(ids=[found[1].pk], assignee="jan", actor=a_user("jan"), at=NOW)
    return found


def whose(word: str, name: str, day: dt.date = DAY) -> list[Hold]:
    return list(Hold.objects.filter(owned_by(word, a_user(name), day)).order_by("number"))


def test_me_nobody_and_a_person(holds):
    assert whose("me", "jan") == [holds[1]]
    assert whose("none", "jan") == [holds[2]]
    assert whose("anna", "jan") == [holds[0]]


def test_my_cover_is_what_absent_colleagues_have_while_they_are_away(holds):
    friday, monday = DAY + dt.timedelta(7), DAY + dt.timedelta(10)
    set_absence(
        user="anna", starts_on=DAY + dt.timedelta(1), ends_on=friday, covered_by="jan", actor=a_user("anna"), today=DAY
    )
    assert whose("cover", "jan") == []
    assert whose("cover", "jan", friday) == [holds[0]]
    assert whose("cover", "jan", monday) == []
    assert whose("cover", "anna", friday) == []
    assert [absence.user.username for absence in covered_by(a_user("jan"), today=DAY)] == ["anna"]


def test_my_portfolio_is_the_holds_of_customers_whose_credit_controller_i_am(holds):
    jan = a_user("jan")
    Customer.objects.filter(account="US-2").update(credit_controller=jan.user_id)
    assert whose("portfolio", "jan") == [holds[2]]
    assert whose("portfolio", "anna") == []


def test_a_new_hold_is_its_customer_s_credit_controller_s(holds):
    customer = a_customer("US-9", limit="1", credit_controller_id=a_user("anna").user_id)
    assert held(an_order(customer)).assignee.username == "anna"
