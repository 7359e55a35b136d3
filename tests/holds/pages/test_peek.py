"""The peek (`ux.md` 3.2): why, what clears it, how bad and the actions, in at most ten queries."""

import datetime as dt

import pytest

from customers.models import Role
from holds.models import Hold
from tests.factories_holds import DAY, a_customer, a_rule, an_entity, an_invoice, an_order, held

pytestmark = pytest.mark.django_db
FRAGMENT = {"HX-Request": "true", "HX-Target": "peek"}


def stopped() -> Hold:
    """A customer above its limit with an invoice long overdue."""
    a_rule("days_overdue", days=45, name="DO-07")
    customer = a_customer(limit="1000")
    an_invoice(customer, "300", due=DAY - dt.timedelta(days=67), number="INV-88120")
    return held(an_order(customer, "900", "SO-1"))


def shown(answer) -> str:
    return answer.content.decode()


def test_it_answers_why_what_clears_it_and_how_bad_with_the_actions(clerk):
    hold = stopped()
    page = shown(clerk.get(f"/holds/{hold.number}/peek/", headers=FRAGMENT))
    assert "<html" not in page
    for words in ("67 days past due", "Order reduced to", "1,200.00", "Release…", "Reject…", "Snooze…"):
        assert words in page, words


def test_it_takes_at_most_ten_queries(clerk, django_assert_max_num_queries):
    hold = stopped()
    for number in range(5):
        held(an_order(hold.payer, "500", f"SO-X{number}"))
        an_invoice(hold.payer, "10")
    address = f"/holds/{hold.number}/peek/"
    clerk.get(address, headers=FRAGMENT)
    with django_assert_max_num_queries(10):
        clerk.get(address, headers=FRAGMENT)


def test_without_a_script_it_is_a_page_of_its_own(clerk):
    hold = stopped()
    page = shown(clerk.get(f"/holds/{hold.number}/peek/?from=view%3Dready"))
    assert "<html" in page
    assert 'href="/holds/?view=ready"' in page
    assert f'href="/holds/{hold.number}/?from=view%3Dready"' in page


def test_the_address_of_the_list_opens_it(clerk):
    hold = stopped()
    page = shown(clerk.get(f"/holds/?view=open&peek={hold.number}"))
    assert f'data-peeked="{hold.number}"' in page
    assert "What would clear it" in page


def test_an_address_that_names_nothing_visible_is_the_list_alone(clerk, sign_in):
    hold = stopped()
    assert "data-peeked" not in shown(clerk.get("/holds/?peek=H-999999"))
    stranger = sign_in(Role.CREDIT_CLERK, an_entity("DE01", "EUR").code)
    assert "data-peeked" not in shown(stranger.get(f"/holds/?peek={hold.number}"))
    assert stranger.get(f"/holds/{hold.number}/peek/").status_code == 404


def test_a_dialog_leads_back_to_the_list_with_the_peek(clerk):
    hold = stopped()
    actions = clerk.get(f"/holds/{hold.number}/peek/?from=view%3Dready", headers=FRAGMENT).context["actions"]
    assert f"next=/holds/?view=ready&peek={hold.number}" not in actions[0]["url"], "the query is one value"
    assert "next=%2Fholds%2F%3Fview%3Dready%26peek%3D" in actions[0]["url"]


def test_each_row_leads_to_its_peek_and_its_page_and_both_know_the_list(clerk):
    hold = stopped()
    page = shown(clerk.get("/holds/?view=open&sort=-value"))
    assert f'href="/holds/{hold.number}/?from=view%3Dopen%26sort%3D-value"' in page
    assert f'data-peek="/holds/{hold.number}/peek/?from=view%3Dopen%26sort%3D-value"' in page
    assert f'href="/holds/?view=open&amp;sort=-value&amp;peek={hold.number}"' in page
    assert f'href="/holds/{hold.number}/?from=view%3Dopen"' in shown(clerk.get("/holds/"))
