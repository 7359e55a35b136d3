"""Selecting holds across pages, and all that match, without a script (`ux.md` 3.0, Select)."""

import datetime as dt
import re
from html import unescape
from urllib.parse import urlencode

import pytest
from django.test import Client

from customers import clock
from customers.listing.selections import KEPT_PER_PERSON, LIVES
from customers.models import ListSelection
from holds.models import Hold
from holds.releases import release_hold
from holds.worklist import add_note
from tests.factories_holds import a_user as an_actor
from tests.holds.pages.rows import TODAY, a_customer, a_hold, a_reason, a_user, an_entity, an_order

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _today(settings):
    settings.CREDIT_TODAY = TODAY


@pytest.fixture
def entity():
    return an_entity()


@pytest.fixture
def clerk(client: Client, entity) -> Client:
    client.force_login(a_user(entity=entity))
    return client


@pytest.fixture
def holds(entity):
    """Thirty holds of 10.00, two pages of them."""
    customer = a_customer(entity)
    return [a_hold(an_order(customer, "10.00", number=f"SO-{number:02}")) for number in range(30)]


def ticked(answer) -> set[str]:
    return {row["hold"].order_number for row in answer.context["rows"] if row["selected"]}


def submit(client: Client, page, *, tick=(), untick=(), **button: str):
    """Submit the list's form as a browser without a script does: its hidden fields, its ticked boxes, the button."""
    html = page.content.decode()
    form = html[html.index('id="hold-rows"') : html.index("</form>", html.index('id="hold-rows"'))]
    fields = [
        (name, unescape(value)) for name, value in re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form)
    ]
    by_number = {row["hold"].order_number: row["hold"].number for row in page.context["rows"]}
    chosen = (ticked(page) | set(tick)) - set(untick)
    fields += [("hold", by_number[number]) for number in sorted(chosen)]
    return client.get(f"/holds/selection/?{urlencode([*fields, *button.items()])}", follow=True)


def test_what_is_ticked_on_one_page_stays_selected_on_the_next_and_back(clerk, holds):
    first = clerk.get("/holds/?per=25&sort=order")
    second = submit(clerk, first, tick=["SO-00", "SO-03"], then=first.context["pager"]["older_url"])
    assert ticked(second) == set()
    assert (second.context["picked"]["count"], second.context["picked"]["elsewhere"]) == (2, 2)
    assert "<strong>2 selected</strong> · 20.00 EUR" in second.content.decode()
    back = submit(clerk, second, tick=["SO-28"], then=second.context["pager"]["newer_url"])
    assert ticked(back) == {"SO-00", "SO-03"}
    assert back.context["picked"]["count"] == 3
    less = submit(clerk, back, untick=["SO-03"], then=back.context["pager"]["older_url"])
    assert ticked(less) == {"SO-28"}
    assert less.context["picked"]["count"] == 2


def test_all_that_match_are_taken_at_once_and_the_dialog_decides_on_all_of_them(clerk, holds):
    page = clerk.get("/holds/?per=25&value_max=10")
    assert page.context["select_all"]["label"] == "Select all 30 that match"
    taken = submit(clerk, page, all="1")
    assert taken.context["picked"]["count"] == 30
    assert taken.context["picked"]["everything"]
    assert taken.context["select_all"] is None
    token = taken.context["picked"]["token"]
    dialog = clerk.get(f"/holds/assign/?selected={token}")
    assert len(dialog.context["chosen"].active) == 30
    assert f'name="selected" value="{token}"' in dialog.content.decode()


def test_one_row_may_be_left_out_of_all_that_match(clerk, holds):
    taken = submit(clerk, clerk.get("/holds/?per=25&sort=order"), all="1")
    was = taken.context["picked"]["was"]
    left = [row["hold"].number for row in taken.context["rows"] if row["hold"].order_number != "SO-07"]
    query = urlencode([("selected", taken.context["picked"]["token"]), ("was", was), *(("hold", one) for one in left)])
    chosen = clerk.get(f"/holds/assign/?{query}").context["chosen"]
    assert len(chosen.active) == 29
    assert "SO-07" not in {hold.order_number for hold in chosen.active}


def test_a_new_hold_is_not_in_a_selection_that_was_taken_before_it(clerk, entity, holds):
    taken = submit(clerk, clerk.get("/holds/"), all="1") if clerk.get("/holds/").context["select_all"] else None
    assert taken is None  # thirty fit on one page, so there is nothing beyond it to take
    taken = submit(clerk, clerk.get("/holds/?per=25"), all="1")
    a_hold(an_order(a_customer(entity, "C-2", "Late"), "10.00"))
    assert clerk.get(f"/holds/?per=25&selected={taken.context['picked']['token']}").context["picked"]["count"] == 30


def test_the_dialog_names_what_changed_since_it_was_selected_and_leaves_it_alone(clerk, entity, holds):
    taken = submit(clerk, clerk.get("/holds/?per=25"), all="1")
    changed = next(hold for hold in holds if hold.order_number == "SO-05")
    add_note(ids=[changed.pk], note="called them", actor=an_actor("jan"), at=clock.now()).only()
    token = taken.context["picked"]["token"]
    a_reason("PAID")
    dialog = clerk.get(f"/holds/release/?selected={token}")
    assert [hold.order_number for hold in dialog.context["chosen"].changed] == ["SO-05"]
    assert "1 changed since you selected it" in dialog.content.decode()
    answer = clerk.post("/holds/release/", {"selected": token, "mode": "without_posting", "reason": "PAID"})
    assert [item["hold"].order_number for item in answer.context["outcomes"]] == ["SO-05"]
    assert Hold.objects.get(pk=changed.pk).status == "active"


def test_what_was_decided_meanwhile_is_not_counted_any_more(clerk, holds):
    first = clerk.get("/holds/?per=25&sort=order")
    page = submit(clerk, first, tick=["SO-00", "SO-01"])
    a_reason("PAID")
    release_hold(
        id=holds[0].pk, mode="without_posting", reason="PAID", actor=an_actor("jan"), at=clock.now(),
        today=lambda entity: TODAY,
    )  # fmt: skip
    again = clerk.get(f"/holds/?per=25&sort=order&selected={page.context['picked']['token']}")
    assert again.context["picked"]["count"] == 1


def test_another_filter_begins_without_a_selection(clerk, holds):
    page = submit(clerk, clerk.get("/holds/?per=25"), all="1")
    token = page.context["picked"]["token"]
    assert clerk.get(f"/holds/?per=25&sort=-value&selected={token}").context["picked"]["count"] == 30
    assert clerk.get(f"/holds/?per=25&value_min=1&selected={token}").context["picked"]["count"] == 0


def test_a_selection_is_its_owners_and_expires(clerk, client, entity, holds, monkeypatch):
    token = submit(clerk, clerk.get("/holds/?per=25"), all="1").context["picked"]["token"]
    client.force_login(a_user("other", entity=entity))
    assert client.get(f"/holds/?per=25&selected={token}").context["picked"]["count"] == 0
    client.force_login(ListSelection.objects.get(pk=token).user)
    ListSelection.objects.update(expires_at=clock.now() - dt.timedelta(seconds=1))
    assert client.get(f"/holds/?per=25&selected={token}").context["picked"]["count"] == 0
    answer = client.get(f"/holds/assign/?selected={token}")
    assert answer.status_code == 409
    assert "select it again" in answer.content.decode()
    assert dt.timedelta(hours=1) < LIVES


def test_holds_of_other_legal_entities_are_never_in_it(clerk, holds):
    other = an_entity("US01", "USD")
    theirs = a_hold(an_order(a_customer(other, "C-9", "Theirs"), "10.00"))
    taken = submit(clerk, clerk.get("/holds/?per=25"), all="1")
    assert str(theirs.pk) not in ListSelection.objects.get(pk=taken.context["picked"]["token"]).keys
    answer = clerk.get(f"/holds/selection/?from=&hold={theirs.number}", follow=True)
    assert answer.context["picked"]["count"] == 0


def test_a_person_has_only_so_many(clerk, holds):
    for _ in range(KEPT_PER_PERSON + 3):
        submit(clerk, clerk.get("/holds/?per=25"), all="1")
    assert ListSelection.objects.count() == KEPT_PER_PERSON
