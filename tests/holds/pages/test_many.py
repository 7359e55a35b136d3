"""Many holds in the background (`ux.md` 3.0, Select; `domain 6`): each on its own, by the services of the dialogs."""

import datetime as dt
from typing import Any

import pytest

from customers import jobs
from customers.errors import InvalidInput
from customers.models import Job
from holds.models import Hold
from holds.worklist import add_note
from tests.factories_holds import NOW, a_customer, a_user, an_order, held

pytestmark = pytest.mark.django_db
LATER = "2026-11-26"
WORK: dict[str, tuple[dict[str, Any], str, dict[str, Any]]] = {
    "reject_holds": ({"note": "no answer"}, "rejected", {"status": "rejected"}),
    "snooze_holds": ({"until": LATER, "wakes_on": ["payment"]}, "snoozed", {"snoozed_until": dt.date(2026, 11, 26)}),
    "wake_holds": ({}, "woken", {"snoozed_until": None}),
    "assign_holds": ({"assignee": "clerk"}, "assigned", {"assignee__username": "clerk"}),
}
"""What is given, what the result calls it, and what the holds are then."""


@pytest.fixture
def three(world) -> list[Hold]:
    return [held(an_order(a_customer(f"US-00{n}", limit="100"), "400")) for n in (1, 2, 3)]


def run(kind: str, chosen: list[Hold], /, **given) -> Job:
    values = {"holds": [str(hold.pk) for hold in chosen], "versions": {str(hold.pk): hold.version for hold in chosen}}
    job = jobs.start_job(kind, {**values, **given}, actor=a_user("clerk"), now=NOW)
    jobs.run_job(job.pk, at=lambda: NOW)
    job.refresh_from_db()
    return job


@pytest.mark.parametrize("kind", WORK)
def test_what_was_changed_since_stays_as_it_is_and_the_others_go_on(kind, three):
    given, done, then = WORK[kind]
    if kind == "wake_holds":
        run("snooze_holds", three, until=LATER, wakes_on=[])
        three = list(Hold.objects.order_by("number"))
    stale = three[1]
    add_note(ids=[stale.pk], note="they called", actor=a_user("somebody"), at=NOW)
    before = Hold.objects.filter(pk=stale.pk).values(*then).get()
    job = run(kind, three, **given)
    result = jobs.result(job)
    assert (job.status, result[done]) == ("finished", 2)
    assert [(item["id"], item["code"]) for item in result["failed"]] == [(str(stale.pk), "stale")]
    assert Hold.objects.exclude(pk=stale.pk).filter(**then).count() == 2
    assert Hold.objects.filter(pk=stale.pk).values(*then).get() == before


def test_holds_are_dealt_out_in_turn_to_as_many_each(three):
    a_user("second")
    holds = [*three, held(an_order(a_customer("US-004", limit="100"), "400"))]
    assert jobs.result(run("assign_holds", holds, people=["clerk", "second"]))["assigned"] == 4
    owners = Hold.objects.order_by("number").values_list("assignee__username", flat=True)
    assert list(owners) == ["clerk", "second", "clerk", "second"]


def test_a_job_run_again_rejects_nothing_twice(three):
    run("reject_holds", three)
    again = jobs.result(run("reject_holds", three))
    assert again["rejected"] == 0
    assert {item["code"] for item in again["failed"]} == {"hold_not_active"}


@pytest.mark.parametrize(
    ("kind", "given", "field"),
    [
        ("reject_holds", {"reason": "NO-SUCH"}, "reason"),
        ("reject_holds", {"until": LATER}, "parameters.until"),
        ("snooze_holds", {}, "parameters.until"),
        ("snooze_holds", {"until": "soon"}, "parameters.until"),
        ("snooze_holds", {"until": LATER, "wakes_on": ["rain"]}, "wakes_on"),
        ("assign_holds", {"assignee": "nobody-of-that-name"}, "parameters.assignee"),
        ("assign_holds", {"people": "clerk"}, "parameters.people"),
        ("assign_holds", {"people": ["clerk"], "assignee": "clerk"}, "parameters.people"),
        ("wake_holds", {"holds": []}, "parameters.holds"),
        ("wake_holds", {"holds": ["H-000001"]}, "parameters.holds"),
        ("wake_holds", {"versions": {"a": "b"}}, "parameters.versions"),
    ],
)
def test_what_cannot_be_done_is_said_before_anything_is(three, kind, given, field):
    with pytest.raises(InvalidInput) as refused:
        run(kind, three, **given)
    assert refused.value.errors[0].field == field
    assert not Job.objects.exists()


# --- the dialogs ------------------------------------------------------------------------------------------------------

DIALOGS: dict[str, tuple[dict[str, Any], str, dict[str, Any]]] = {
    "reject": ({"reason": "PAID", "note": "no answer", "order": "keep"}, "reject_holds", {"status": "rejected"}),
    "snooze": ({"when": "date", "until": LATER, "wakes_on": ["payment"]}, "snooze_holds", {"snoozed_until": LATER}),
    "wake": ({}, "wake_holds", {"snoozed_until": None}),
    "assign": ({"assignee": "clerk"}, "assign_holds", {"assignee__username": "clerk"}),
    "claim": ({}, "assign_holds", {"assignee__username": "clerk"}),
}


@pytest.mark.parametrize("dialog", DIALOGS)
def test_all_that_match_are_worked_on_in_the_background_where_nobody_would_wait(clerk, three, monkeypatch, dialog):
    monkeypatch.setattr("holds.pages.bulk.SelectionDialog.at_once", 2)
    monkeypatch.setattr("holds.pages.selection.MOST", 2)
    given, kind, then = DIALOGS[dialog]
    if dialog == "wake":
        run("snooze_holds", three, until=LATER, wakes_on=[])
    view = "snoozed" if dialog == "wake" else "open"
    listed = clerk.get("/holds/selection/", {"from": f"view={view}", "all": "1"}, follow=True)
    token = listed.context["picked"]["token"]
    opened = clerk.get(f"/holds/{dialog}/", {"selected": token})
    assert "In the background, with progress and an outcome for each hold" in opened.content.decode()
    answer = clerk.post(f"/holds/{dialog}/", {"selected": token, **given})
    job = Job.objects.get(kind=kind)
    assert answer.headers["Location"] == f"/jobs/{job.pk}/"
    assert (job.kind, len(job.parameters["holds"])) == (kind, 3)
    jobs.run_job(job.pk, at=lambda: NOW)
    assert Hold.objects.filter(**then).count() == 3
    assert clerk.get(f"/jobs/{job.pk}/").status_code == 200
