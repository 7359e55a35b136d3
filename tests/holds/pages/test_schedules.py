"""Schedules (`ux.md` 3.14): what runs by itself, and who changes when."""

import datetime as dt

import pytest
from django.utils import timezone
from django_celery_beat.models import PeriodicTask

from credit_mgmt.conf.celery import app
from credit_mgmt.conf.scheduler import Scheduler
from customers import jobs
from customers.access import NotAllowed
from customers.errors import InvalidInput, NotFound
from customers.models import Job, Role
from holds.evaluation import SCHEDULE, start_scheduled_evaluation
from tests.factories_holds import NOW, a_user, an_entity

pytestmark = pytest.mark.django_db
ADDRESS = "/jobs/schedules/evaluate-all-holds/"


def shown(answer) -> str:
    return " ".join(answer.content.decode().split())


@pytest.fixture
def administrator(sign_in):
    return sign_in(Role.CREDIT_ADMINISTRATOR, name="ada")


def started_scheduler() -> None:
    """What the scheduler does to its rows whenever it starts."""
    Scheduler(app=app, lazy=True).update_from_dict(app.conf.beat_schedule)


def change(**options) -> None:
    values = {
        "name": SCHEDULE, "on": True, "every": dt.timedelta(minutes=15), "at": None, "zone": "UTC",
        "actor": a_user("ada", Role.CREDIT_ADMINISTRATOR), "now": NOW,
    }  # fmt: skip
    jobs.change_schedule(**{**values, **options})


def test_are_listed_with_when_and_what_came_of_the_last_runs(clerk):
    for hours, status in enumerate(("finished", "failed", "cancelled")):
        at = NOW + dt.timedelta(hours=hours)
        Job.objects.create(
            kind="evaluate_for_release", actor="system:schedule", schedule=SCHEDULE, due_at=at, created_at=at,
            status=status,
        )  # fmt: skip
    page = clerk.get("/jobs/schedules/")
    [evaluation, purge] = page.context["rows"]
    assert (evaluation["when"], purge["when"]) == ("Every hour", "Once a day")
    assert [run["status"] for run in evaluation["runs"]] == ["Finished", "Failed", "Cancelled"]
    assert "Change…" not in shown(page)


@pytest.mark.django_db(transaction=True)  # the scheduler closes connections
def test_an_administrator_changes_how_often_and_a_restart_of_the_scheduler_keeps_it(administrator):
    started_scheduler()
    assert "Every 15 minutes" in shown(administrator.get(ADDRESS))
    answer = administrator.post(ADDRESS, {"on": "on", "every": "900"}, follow=True)
    assert "Evaluate all holds: saved." in shown(answer)
    assert "Changed by ada" in shown(answer)
    started_scheduler()
    row = PeriodicTask.objects.get(name=SCHEDULE)
    assert (row.interval.schedule.run_every, row.enabled) == (dt.timedelta(minutes=15), True)
    assert PeriodicTask.objects.filter(name="sweep jobs").exists(), "what is not the operator's comes from the code"


def test_once_a_day_needs_a_time_and_is_in_the_zone_of_who_said_it(administrator):
    answer = administrator.post(ADDRESS, {"on": "on", "every": "86400"})
    assert answer.status_code == 422
    assert "Say at what time of the day it runs." in shown(answer)
    page = shown(administrator.post(ADDRESS, {"on": "on", "every": "86400", "at": "06:30"}, follow=True))
    assert "Once a day at 06:30" in page
    row = PeriodicTask.objects.get(name=SCHEDULE)
    assert (row.crontab.hour, row.crontab.minute) == ("6", "30")
    assert str(row.crontab.timezone) == timezone.get_default_timezone_name()
    assert row.interval is None


def test_is_switched_off_and_on_again(administrator):
    page = shown(administrator.post(ADDRESS, {"every": "3600"}, follow=True))
    assert "Off" in page
    assert not PeriodicTask.objects.get(name=SCHEDULE).enabled
    administrator.post(ADDRESS, {"on": "on", "every": "3600"})
    assert PeriodicTask.objects.get(name=SCHEDULE).enabled


def test_takes_the_right_to_set_up_in_all_legal_entities(world, sign_in):
    an_entity("DEMF", "EUR")
    for browser in (sign_in(Role.CREDIT_MANAGER), sign_in(Role.CREDIT_ADMINISTRATOR, "DEMF")):
        assert browser.get(ADDRESS).status_code == 403
        assert browser.post(ADDRESS, {"on": "on", "every": "900"}).status_code == 403
    with pytest.raises(NotAllowed):
        change(actor=a_user("clerk"))
    assert not PeriodicTask.objects.filter(name=SCHEDULE).exists()


@pytest.mark.parametrize(
    ("options", "field"), [({"every": dt.timedelta(minutes=7)}, "every"), ({"every": dt.timedelta(days=1)}, "at")]
)
def test_bad_input_names_the_field(world, options, field):
    with pytest.raises(InvalidInput) as problem:
        change(**options)
    assert problem.value.errors[0].field == field


def test_what_keeps_the_system_going_is_nobodys_to_change(administrator):
    with pytest.raises(NotFound):
        change(name="sweep jobs")
    assert administrator.get("/jobs/schedules/sweep-jobs/").status_code == 404


def test_a_run_every_quarter_of_an_hour_is_one_every_quarter(world):
    change()
    first = start_scheduled_evaluation(now=NOW)
    jobs.cancel_job(job_id=first.pk, actor=a_user("boss", Role.CREDIT_MANAGER), now=NOW)
    assert start_scheduled_evaluation(now=NOW + dt.timedelta(minutes=3)) == first
    assert start_scheduled_evaluation(now=NOW + dt.timedelta(minutes=15)) != first


def test_through_the_api(world):
    from tests.api_client import client

    administrator = client("ada", "credit_administrator")
    listed = administrator.get("schedules").is_(200)["results"]
    assert [(row["name"], row["every_minutes"], row["on"]) for row in listed] == [
        ("evaluate all holds", 60, True), ("purge decisions", 1440, True),
    ]  # fmt: skip
    body = {"on": False, "every_minutes": 1440, "at": "06:30", "time_zone": "UTC"}
    changed = administrator.patch("schedules/evaluate-all-holds", body).is_(200)
    assert (changed["on"], changed["every_minutes"], changed["at"]) == (False, 1440, "06:30:00")
    assert client("boss", "credit_manager").patch("schedules/evaluate-all-holds", body).status == 403
    assert administrator.patch("schedules/evaluate-all-holds", {"every_minutes": 7}).is_(400).problem == [
        ("every_minutes", "unknown")
    ]
    assert administrator.patch("schedules/sweep-jobs", body).status == 404
