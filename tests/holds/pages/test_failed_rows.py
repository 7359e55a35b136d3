"""What an action did not work with stays selected in the list, each row with its cause and *Retry* (`ux.md` 3.3)."""

import html
import re

import pytest

from customers.models import ListSelection
from holds.models import Hold
from holds.worklist import add_note
from tests.factories_holds import NOW, a_customer, a_user, an_order, held

pytestmark = pytest.mark.django_db
LIST = "https://testserver/holds/?view=open&sort=order"
RELEASE = {"mode": "without_posting", "reason": "PAID"}


def shown(answer) -> str:
    return " ".join(answer.content.decode().split())


@pytest.fixture
def three(world) -> list[Hold]:
    return [held(an_order(a_customer(f"US-{n}", limit="100"), "400", f"SO-{n}")) for n in (1, 2, 3)]


def decide(browser, holds: list[Hold], dialog: str = "release", given=None, **headers):
    """Decide on `holds` from the list, as they were when they were looked at."""
    numbers = [hold.number for hold in holds]
    seen = [f"{hold.number}:{hold.version}" for hold in holds]
    data = {"hold": numbers, "version": seen, "next": LIST.removeprefix("https://testserver"), **(given or RELEASE)}
    return browser.post(f"/holds/{dialog}/", data, headers=headers)


def changed(hold: Hold, note: str = "they called") -> None:
    """Somebody else did something with a hold meanwhile."""
    add_note(ids=[hold.pk], note=note, actor=a_user("somebody"), at=NOW)


def way_back(answer) -> str:
    [address] = re.findall(r'<a class="btn" href="([^"]*selected=[^"]*)"', shown(answer))
    return html.unescape(address)


def row_of(page: str, hold: Hold) -> str:
    return page.partition(f'id="row-{hold.number}"')[2].partition("</tr>")[0]


@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}], ids=["without a script", "in a dialog"])
def test_the_list_shows_the_cause_in_the_row_and_keeps_it_selected(clerk, three, headers):
    changed(three[1])
    answer = decide(clerk, three, **headers)
    assert answer.status_code == 422
    listed = clerk.get(way_back(answer))
    assert listed.context["found"].address.one("sort") == "order", "the list that it came from"
    row = row_of(shown(listed), three[1])
    assert row.startswith(' data-state="error">')
    assert " checked>" in row
    assert "was changed since you looked at it" in row
    assert f'<a href="/holds/release/?hold={three[1].number}" data-dialog>Retry</a>' in row
    assert "SO-1<" not in shown(listed), "what was released has gone"


@pytest.mark.parametrize(
    ("dialog", "given"),
    [
        ("reject", {"reason": "PAID", "note": "no answer", "order": "keep"}),
        ("snooze", {"when": "date", "until": "2026-11-26", "wakes_on": ["payment"]}),
        ("assign", {"assignee": "clerk"}),
    ],
)
def test_so_does_every_other_dialog(clerk, three, dialog, given):
    changed(three[1])
    listed = clerk.get(way_back(decide(clerk, three, dialog, given)))
    assert f'href="/holds/{dialog}/?hold={three[1].number}" data-dialog>Retry' in row_of(shown(listed), three[1])


def test_retry_decides_on_what_the_row_shows_now(clerk, three):
    changed(three[1])
    decide(clerk, three)
    again = clerk.get(f"/holds/release/?hold={three[1].number}")
    [fresh] = again.context["chosen"].holds
    assert decide(clerk, [fresh]).status_code == 302
    assert Hold.objects.get(pk=fresh.pk).status == "released"


def test_a_cause_goes_when_the_hold_is_another_by_then(clerk, three):
    changed(three[1])
    address = way_back(decide(clerk, three))
    changed(three[1], "and called again")
    row = row_of(shown(clerk.get(address)), three[1])
    assert "Retry" not in row
    assert " checked>" in row


def test_clearing_the_selection_clears_the_causes(clerk, three):
    changed(three[1])
    listed = clerk.get(way_back(decide(clerk, three)))
    assert "Retry" not in shown(clerk.get("/holds/" + listed.context["picked"]["clear_url"]))


def test_what_is_closed_already_needs_no_retry(clerk, three):
    decide(clerk, [three[1]])
    answer = decide(clerk, three)
    assert "selected=" not in "".join(re.findall(r'class="btn" href="[^"]*"', shown(answer)))
    assert not ListSelection.objects.exists()


def test_a_dialog_of_a_page_goes_back_to_that_page(clerk, three):
    changed(three[1])
    data = {"hold": three[1].number, "version": f"{three[1].number}:1", "next": f"/holds/{three[1].number}/", **RELEASE}
    answer = clerk.post("/holds/release/", data)
    assert f'href="/holds/{three[1].number}/"' in shown(answer)
    assert not ListSelection.objects.exists()


def test_the_list_costs_no_query_more(clerk, three, django_assert_max_num_queries):
    changed(three[1])
    address = way_back(decide(clerk, three))
    with django_assert_max_num_queries(11):  # 8 of the list, session and person, the selection and what is left of it
        clerk.get(address)
