"""Next and previous in the list that a hold was opened from (`ux.md` 3.0 Keyboard, 3.2)."""

import datetime as dt

import pytest

from customers.models import Role
from holds.models import Hold
from tests.factories_holds import DAY, a_customer, an_entity, an_order, held

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("world")]


def holds(count: int = 4) -> list[Hold]:
    """Holds in the order of the list: by ship date."""
    customer = a_customer(limit="1")
    days = [DAY + dt.timedelta(days=number) for number in range(count)]
    return [held(an_order(customer, "50", f"SO-{day:%d}", requested_ship_date=day)) for day in days]


def place(client, hold: Hold, listed: str = "view=open"):
    answer = client.get(f"/holds/{hold.number}/place/", {"from": listed}, headers={"HX-Request": "true"})
    return answer.context["place"]


def test_the_page_says_where_it_stands_in_its_list(clerk):
    first, second, *_, last = holds()
    assert place(clerk, second)["text"] == "2 of 4"
    assert (place(clerk, first)["previous"], place(clerk, last)["next"]) == ("", "")
    assert f"/holds/{second.number}/next/" in place(clerk, second)["next"]


def test_next_and_previous_work_without_a_script_and_keep_the_list(clerk):
    first, second, *_ = holds()
    page = clerk.get(f"/holds/{first.number}/?from=view%3Dopen").content.decode()
    assert f'href="/holds/{first.number}/next/?from=view%3Dopen"' in page
    answer = clerk.get(f"/holds/{first.number}/next/?from=view%3Dopen")
    assert answer["Location"] == f"/holds/{second.number}/?from=view%3Dopen"
    answer = clerk.get(f"/holds/{second.number}/previous/?from=view%3Dopen")
    assert answer["Location"] == f"/holds/{first.number}/?from=view%3Dopen"


def test_the_end_of_the_list_leads_back_to_it(clerk):
    *_, last = holds()
    answer = clerk.get(f"/holds/{last.number}/next/?from=view%3Dopen", follow=True)
    assert answer.redirect_chain[-1][0] == "/holds/?view=open"
    assert f"{last.order.number} was the last of the list." in answer.content.decode()


def test_the_order_is_that_of_the_list(clerk):
    first, second, *_ = holds()
    assert place(clerk, second, "view=open&sort=-ship")["text"] == "3 of 4"
    answer = clerk.get(f"/holds/{second.number}/next/", {"from": "view=open&sort=-ship"})
    assert first.number in answer["Location"]


def test_filters_of_the_list_hold(clerk):
    first, *_ = holds()
    far = DAY + dt.timedelta(days=3)
    answer = clerk.get(f"/holds/{first.number}/next/", {"from": f"ship_min={far}"})
    assert Hold.objects.get(order__requested_ship_date=far).number in answer["Location"]


def test_a_hold_that_was_just_decided_still_knows_what_comes_next(clerk):
    _, second, third, _ = holds()
    clerk.post("/holds/release/", {"hold": second.number, "mode": "without_posting", "reason": "PAID", "note": ""})
    assert place(clerk, second)["text"] == "left the list of 3"
    assert third.number in clerk.get(f"/holds/{second.number}/next/?from=view%3Dopen")["Location"]


@pytest.mark.parametrize("listed", ["", "sort=nonsense&value_min=x", "view=\0", "q=" + "x" * 9000, "%%%"])
def test_whatever_the_address_says_the_page_stands(clerk, listed):
    first, *_ = holds(2)
    assert clerk.get(f"/holds/{first.number}/", {"from": listed}).status_code == 200
    assert place(clerk, first, listed)["text"]


def test_holds_of_other_entities_are_not_stepped_to(sign_in):
    first, *_ = holds(2)
    other = sign_in(Role.CREDIT_CLERK, an_entity("DE01", "EUR").code)
    assert other.get(f"/holds/{first.number}/next/?from=view%3Dopen").status_code == 404


def test_the_page_itself_pays_nothing_for_it(clerk, django_assert_num_queries):
    first, *_ = holds()
    address = f"/holds/{first.number}/?from=view%3Dopen"
    clerk.get(address)
    with django_assert_num_queries(16):
        clerk.get(address)
    with django_assert_num_queries(12):
        place(clerk, first)
