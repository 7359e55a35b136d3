"""The actions on a row (`ux.md` 3.0, key `.`), as a page for who has no script: what the reader may do, and back."""

import pytest

from customers.models import Role
from holds.forced import force_hold
from holds.models import Hold
from tests.factories_holds import NOW, SYSTEM, a_customer, an_entity, an_order, held, today

pytestmark = pytest.mark.django_db


@pytest.fixture
def hold(world) -> Hold:
    return held(an_order(a_customer(limit="100"), "400"))


def shown(answer) -> str:
    return " ".join(answer.content.decode().split())


def test_every_row_leads_to_its_actions_and_they_lead_back_to_the_list(clerk, hold):
    listed = shown(clerk.get("/holds/?sort=-value"))
    assert f'href="/holds/{hold.number}/actions/?from=' in listed
    page = shown(clerk.get(f"/holds/{hold.number}/actions/", {"from": "sort=-value"}))
    for words in ("Release…", "Reject…", "Snooze…", "Evaluate", "Assign…", "Add note…", "Open the hold", "Customer"):
        assert words in page
    assert f"/holds/release/?hold={hold.number}&amp;next=%2Fholds%2F%3Fsort%3D-value" in page
    assert 'href="/holds/?sort=-value"' in page
    assert f"/holds/{hold.number}/?from=sort%3D-value" in page


def test_what_is_not_possible_in_this_case_says_why(clerk, hold):
    force_hold(order=hold.order_id, reason="DISPUTE", actor=SYSTEM, at=NOW, today=today)
    assert "A credit manager releases a forced hold." in shown(clerk.get(f"/holds/{hold.number}/actions/"))


def test_who_may_only_look_has_no_menu_of_actions(sign_in, hold):
    auditor = sign_in(Role.AUDITOR)
    assert "/actions/" not in shown(auditor.get("/holds/"))
    assert "Release" not in shown(auditor.get(f"/holds/{hold.number}/actions/"))
    assert sign_in(entity=an_entity("DEMF", "EUR").code).get(f"/holds/{hold.number}/actions/").status_code == 404
