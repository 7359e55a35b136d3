"""Working on holds as pages (`ux.md` 3.0, 3.3): assign, claim, snooze, wake, my recent actions, absence and cover."""

import datetime as dt

import pytest

from customers.models import Role
from holds.models import Absence, Hold
from holds.pages.snoozing import usual_days
from tests.factories_holds import a_customer, a_user, an_entity, an_order, held

pytestmark = pytest.mark.django_db
THURSDAY = dt.date(2026, 11, 26)


def a_hold(account: str = "US-001", **customer) -> Hold:
    return held(an_order(a_customer(account, limit="100", **customer), "400"))


def shown(answer) -> str:
    return answer.content.decode()


def numbers(*holds: Hold) -> list[str]:
    return [hold.number for hold in holds]


def fresh(hold: Hold) -> Hold:
    return Hold.objects.get(pk=hold.pk)


# --- snooze -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("today", "expected"),
    [
        (dt.date(2026, 11, 20), {"Tomorrow": 21, "Next week": 23, "Thursday": 26}),
        (dt.date(2026, 11, 18), {"Tomorrow": 19, "Next week": 23}),
        (dt.date(2026, 11, 19), {"Tomorrow": 20, "Next week": 23, "Thursday": 26}),
        (dt.date(2026, 11, 22), {"Tomorrow": 23, "Thursday": 26}),
    ],
)
def test_the_usual_days_are_after_today_and_named_once(today, expected):
    assert {words: day.day for words, day in usual_days(today)} == expected


def test_two_holds_are_snoozed_until_thursday_and_the_toast_takes_it_back(clerk):
    holds = [a_hold("US-001"), a_hold("US-002")]
    opened = clerk.get("/holds/snooze/", {"hold": numbers(*holds)})
    assert "Thu 26 Nov" in shown(opened)
    values = {"hold": numbers(*holds), "version": opened.context["versions"], "wakes_on": ["reasons", "payment"]}
    answer = clerk.post("/holds/snooze/", {**values, "when": THURSDAY.isoformat()}, follow=True)
    assert "2 holds snoozed until 26 Nov 2026." in shown(answer)
    assert {fresh(hold).snoozed_until for hold in holds} == {THURSDAY}
    [address] = {line.split('"')[0] for line in shown(answer).split('action="')[1:] if line.startswith("/holds/undo/")}
    taken = clerk.post(address, follow=True)
    assert "2 holds taken back." in shown(taken)
    assert {fresh(hold).snoozed_until for hold in holds} == {None}


def test_another_day_is_typed_and_a_missing_one_is_asked_for(clerk):
    hold = a_hold()
    page = clerk.post("/holds/snooze/", {"hold": hold.number, "when": "date", "wakes_on": ["payment"]})
    assert page.status_code == 422
    assert "Choose the day on which it comes back." in shown(page)
    clerk.post("/holds/snooze/", {"hold": hold.number, "when": "date", "until": "2026-12-03", "wakes_on": ["payment"]})
    assert (fresh(hold).snoozed_until, fresh(hold).wakes_on) == (dt.date(2026, 12, 3), ["payment"])


def test_a_day_that_has_passed_is_refused_beside_its_field_and_stays_typed(clerk):
    hold = a_hold()
    page = shown(clerk.post("/holds/snooze/", {"hold": hold.number, "when": "date", "until": "2026-11-19"}))
    assert "Choose a day after today, 2026-11-20." in page
    assert 'value="2026-11-19"' in page
    assert fresh(hold).snoozed_until is None


def test_what_fails_stays_chosen_with_its_cause_and_the_rest_is_done(clerk):
    mine, decided = a_hold("US-001"), a_hold("US-002")
    opened = clerk.get("/holds/snooze/", {"hold": numbers(mine, decided)})
    clerk.post("/holds/reject/", {"hold": decided.number})
    values = {"hold": numbers(mine, decided), "version": opened.context["versions"], "when": THURSDAY.isoformat()}
    answer = clerk.post("/holds/snooze/", values)
    assert answer.status_code == 422
    assert "It is no longer active." in shown(answer)
    assert fresh(mine).snoozed_until == THURSDAY


def test_a_stale_screen_snoozes_nothing(clerk):
    hold = a_hold()
    opened = clerk.get("/holds/snooze/", {"hold": hold.number})
    clerk.post(f"/holds/{hold.number}/note/", {"note": "called"})
    values = {"hold": hold.number, "version": opened.context["versions"], "when": THURSDAY.isoformat()}
    page = shown(clerk.post("/holds/snooze/", values))
    assert "was changed since you looked at it" in page
    assert fresh(hold).snoozed_until is None


def test_a_snoozed_hold_is_woken(clerk):
    hold = a_hold()
    clerk.post("/holds/snooze/", {"hold": hold.number, "when": THURSDAY.isoformat()})
    assert f"/holds/wake/?hold={hold.number}" in shown(clerk.get("/holds/snooze/", {"hold": hold.number}))
    assert "Back in the working views" in shown(clerk.get("/holds/wake/", {"hold": hold.number}))
    assert fresh(hold).snoozed_until == THURSDAY
    answer = clerk.post("/holds/wake/", {"hold": hold.number}, follow=True)
    assert f"{hold.order.number} back in the list." in shown(answer)
    assert fresh(hold).snoozed_until is None


# --- whose ------------------------------------------------------------------------------------------------------------


def test_only_who_may_work_on_holds_of_the_entity_is_offered_me_first(clerk):
    an_entity("DEMF", "EUR")
    a_user("auditor", Role.AUDITOR)
    a_user("german", entity="DEMF")
    a_user("anna", entity="USMF")
    page = clerk.get("/holds/assign/", {"hold": a_hold().number})
    assert [value for value, _ in page.context["form"].fields["assignee"].choices] == ["", "clerk", "anna"]
    assert "Me, clerk" in shown(page)


def test_holds_are_shared_in_turn(clerk):
    a_user("anna")
    a_user("jan")
    holds = [a_hold(f"US-00{n}") for n in range(4)]
    answer = clerk.post("/holds/assign/", {"hold": numbers(*holds), "people": ["anna", "jan"]}, follow=True)
    assert "4 holds assigned in turn to 2 people." in shown(answer)
    assert sorted(fresh(hold).assignee.username for hold in holds) == ["anna", "anna", "jan", "jan"]


def test_a_hold_is_given_to_nobody(clerk):
    hold = a_hold()
    clerk.post("/holds/claim/", {"hold": hold.number})
    assert fresh(hold).assignee.username == "clerk"
    answer = clerk.post("/holds/assign/", {"hold": hold.number, "assignee": ""}, follow=True)
    assert "assigned to nobody" in shown(answer)
    assert fresh(hold).assignee is None


def test_claiming_asks_first_where_there_is_no_script(clerk):
    hold = a_hold()
    assert "Assign to me" in shown(clerk.get("/holds/claim/", {"hold": hold.number}))
    assert fresh(hold).assignee is None


@pytest.mark.parametrize("path", ["assign", "claim", "snooze", "wake"])
def test_who_may_not_work_on_holds_is_refused_and_strangers_find_nothing(sign_in, path):
    hold = a_hold()
    auditor = sign_in(Role.AUDITOR)
    values = {"hold": hold.number, "when": THURSDAY.isoformat()}
    assert auditor.get(f"/holds/{path}/", values).status_code == 403
    assert auditor.post(f"/holds/{path}/", values).status_code == 403
    an_entity("DEMF", "EUR")
    assert sign_in(entity="DEMF").post(f"/holds/{path}/", values).status_code == 404
    assert fresh(hold).version == 1


def test_absence_and_cover(clerk, sign_in):
    anna = sign_in(name="anna")
    days = {"starts_on": "2026-11-20", "ends_on": "2026-11-27"}
    page = clerk.post("/holds/absence/", {**days, "covered_by": "anna"}, follow=True)
    assert "anna covers for you." in shown(page)
    assert "Holds that I cover" in shown(anna.get("/holds/absence/"))
    assert "Choose a last day" in shown(
        clerk.post("/holds/absence/", {"starts_on": "2026-11-20", "ends_on": "2026-11-19", "covered_by": "anna"})
    )
    clerk.post("/holds/absence/", {"clear": "1"})
    assert not Absence.objects.exists()


# --- my recent actions ------------------------------------------------------------------------------------------------


def test_my_recent_actions_list_what_i_did_and_only_that(clerk, manager):
    first, second = a_hold("US-001"), a_hold("US-002")
    clerk.post("/holds/snooze/", {"hold": numbers(first, second), "when": THURSDAY.isoformat()})
    manager.post("/holds/claim/", {"hold": first.number})
    clerk.post("/holds/reject/", {"hold": second.number})
    answer = clerk.get("/holds/recent/")
    page = shown(answer)
    assert "Snoozed, 2 holds · until 26 Nov 2026" in page
    assert "Rejected" in page
    assert "Assigned" not in page
    assert [bool(act["undo_url"]) for act in answer.context["acts"]] == [False, True]
    assert first.order.number in page


def test_undo_leads_back_to_the_page_of_holds_it_was_asked_from_and_nowhere_else(clerk):
    hold = a_hold()
    for referer, back in (
        ("http://testserver/holds/?view=mine", "/holds/?view=mine"),
        ("https://example.org/elsewhere", "/holds/recent/"),
        ("", "/holds/recent/"),
    ):
        clerk.post("/holds/snooze/", {"hold": hold.number, "when": THURSDAY.isoformat()})
        act = next(act for act in clerk.get("/holds/recent/").context["acts"] if act["undo_url"])
        answer = clerk.post(act["undo_url"], headers={"Referer": referer})
        assert answer.headers["Location"] == back


def test_an_old_action_offers_no_undo_and_the_page_of_it_says_why(clerk):
    hold = a_hold()
    clerk.post("/holds/snooze/", {"hold": hold.number, "when": THURSDAY.isoformat()})
    act = clerk.get("/holds/recent/").context["acts"][0]
    assert "Take back" in shown(clerk.get(act["undo_url"]))
    clerk.post(act["undo_url"])
    page = shown(clerk.get(act["undo_url"]))
    assert "This can no longer be taken back" in page
    assert clerk.get("/holds/undo/17/").status_code == 404
    assert clerk.get("/holds/undo/99999999999999999999999/").status_code == 404


def test_nobody_undoes_for_somebody_else(clerk, manager):
    hold = a_hold()
    clerk.post("/holds/snooze/", {"hold": hold.number, "when": THURSDAY.isoformat()})
    act = clerk.get("/holds/recent/").context["acts"][0]
    assert manager.post(act["undo_url"]).status_code == 404
    assert fresh(hold).snoozed_until == THURSDAY


def test_good_words_for_who_did_nothing_yet(sign_in):
    assert "You have not done anything to a hold yet." in shown(sign_in(name="new").get("/holds/recent/"))


def test_the_account_menu_leads_there(clerk):
    page = shown(clerk.get("/holds/"))
    assert 'href="/holds/recent/" data-go="z"' in page
    assert 'href="/holds/absence/"' in page
