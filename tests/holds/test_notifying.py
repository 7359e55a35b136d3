"""People are told what happened to their holds and customers, once, as they chose (`ux` 3.18)."""

import datetime as dt
import smtplib

import pytest
from django.contrib.auth import get_user_model
from django.core import mail

from credit_mgmt.limits.notices import tell_of_expiries
from customers import jobs, notifications
from customers.access import NotAllowed, system_actor
from customers.errors import InvalidInput
from customers.models import AccessGrant, FeedPosition, Job, Notification, NotificationChoice
from customers.notification_mail import MOST_ATTEMPTS, WAIT, send_due
from customers.notifications import TOGETHER, choose_channels, described, mark_read
from holds import notifying
from holds.evaluation import start_evaluation
from holds.models import Hold
from holds.notifying import tell_people
from holds.snoozing import snooze_holds, wake_due
from holds.worklist import assign_holds
from tests.factories_credit import give_limit
from tests.factories_holds import DAY, NOW, a_customer, a_rule, a_user, an_entity, an_order, held, reasons, today

pytestmark = pytest.mark.django_db(transaction=True)
LATER = NOW + dt.timedelta(minutes=2)


@pytest.fixture(autouse=True)
def _world(settings):
    settings.CREDIT_TODAY = DAY
    settings.CREDIT_SITE_URL = "https://credit.example"
    an_entity()
    reasons()
    a_rule()


@pytest.fixture
def jan():
    """Somebody who is told."""
    actor = a_user("jan")
    get_user_model().objects.filter(username="jan").update(email="jan@example.com")
    return actor


@pytest.fixture
def clerk():
    return a_user("marta")


@pytest.fixture
def three() -> list[Hold]:
    return [held(an_order(a_customer(f"US-{n}", limit="100"), "400", f"SO-{n}")) for n in (1, 2, 3)]


def give(holds, name: str, actor, at=NOW) -> None:
    assign_holds(ids=[hold.pk for hold in holds], assignee=name, actor=actor, at=at)


def told(actor) -> list[str]:
    return [described(each).text for each in notifications.notifications_of(actor)]


def paths(actor) -> list[str]:
    return [described(each).path for each in notifications.notifications_of(actor)]


class TestWhatOneIsToldOf:
    def test_a_hold_that_somebody_assigns(self, clerk, jan, three):
        give(three[:1], "jan", clerk)
        tell_people(at=NOW)
        assert told(jan) == ["SO-1 was assigned to you by marta"]
        assert paths(jan) == [f"/holds/{three[0].number}/"]

    def test_not_what_one_takes_oneself(self, jan, three):
        give(three, "jan", jan)
        tell_people(at=NOW)
        assert told(jan) == []

    def test_a_snoozed_hold_that_is_back_by_itself(self, clerk, jan, three):
        give(three[:1], "jan", jan)
        day = DAY + dt.timedelta(days=1)
        snooze_holds(ids=[three[0].pk], until=day, actor=jan, at=NOW, today=today)
        wake_due(at=NOW, today={"USMF": day})
        tell_people(at=NOW)
        assert told(jan) == ["SO-1, which was snoozed, is back"]

    def test_a_hold_that_became_ready(self, clerk, jan, three):
        give(three[:1], "jan", jan)
        give_limit(three[0].payer, "1000")
        jobs.run_job(start_evaluation(parameters={}, actor=clerk, now=NOW).pk)
        tell_people(at=NOW)
        assert told(jan) == ["SO-1 became ready to release"]

    def test_a_run_that_has_ended(self, clerk, jan, three):
        job = start_evaluation(parameters={}, actor=clerk, now=NOW)
        jobs.run_job(job.pk)
        assert told(clerk) == ["Your run “Evaluate for release” has ended"]
        assert paths(clerk) == [f"/jobs/{job.pk}/"]
        assert told(jan) == []

    def test_not_of_a_run_of_the_schedule(self, three):
        jobs.run_job(start_evaluation(parameters={}, actor=system_actor("schedule"), now=NOW).pk)
        assert not Notification.objects.exists()

    def test_a_limit_of_ones_customer_that_ends_soon(self, jan, three):
        customer = three[0].payer
        customer.credit_controller_id = jan.user_id
        customer.save()
        give_limit(customer, "100", expires_on=DAY + dt.timedelta(days=9))
        tell_of_expiries(today={"USMF": DAY}, at=NOW)
        tell_people(at=NOW)
        assert told(jan) == ["Limit of Customer US-1 ends on 29 Nov 2026"]
        assert paths(jan) == ["/customers/USMF/US-1/"]


class TestTogether:
    def test_many_are_one(self, clerk, jan, three):
        give(three, "jan", clerk)
        tell_people(at=NOW)
        assert told(jan) == ["3 holds were assigned to you by marta"]
        assert paths(jan) == ["/holds/?view=mine"]

    def test_what_a_job_does_in_pieces_is_one(self, clerk, jan, three, monkeypatch):
        monkeypatch.setattr("holds.many.CHUNK", 1)
        monkeypatch.setattr(notifying, "PIECE", 1)
        given = {"holds": [str(hold.pk) for hold in three], "assignee": "jan"}
        jobs.run_job(jobs.start_job("assign_holds", given, actor=clerk, now=NOW).pk)
        tell_people(at=NOW)
        assert told(jan) == ["3 holds were assigned to you by marta"]

    def test_not_by_different_people(self, clerk, jan, three):
        give(three[:1], "jan", clerk)
        give(three[1:], "jan", a_user("ada"))
        tell_people(at=NOW)
        assert sorted(told(jan)) == ["2 holds were assigned to you by ada", "SO-1 was assigned to you by marta"]

    def test_not_with_what_was_read(self, clerk, jan, three):
        give(three[:1], "jan", clerk)
        tell_people(at=NOW)
        assert mark_read(actor=jan, at=NOW) == 1
        give(three[1:2], "jan", clerk)
        tell_people(at=LATER)
        assert told(jan) == ["SO-2 was assigned to you by marta", "SO-1 was assigned to you by marta"]

    def test_not_with_what_was_long_before(self, clerk, jan, three):
        give(three[:1], "jan", clerk)
        tell_people(at=NOW)
        give(three[1:2], "jan", clerk)
        tell_people(at=NOW + TOGETHER + dt.timedelta(seconds=1))
        assert len(told(jan)) == 2


class TestOnce:
    def test_twice_tells_nothing_new(self, clerk, jan, three):
        give(three[:1], "jan", clerk)
        assert tell_people(at=NOW) == 1
        assert tell_people(at=NOW) == 0
        assert len(told(jan)) == 1

    def test_a_reader_that_died_reads_again_from_where_it_was(self, clerk, jan, three, monkeypatch):
        give(three[:1], "jan", clerk)
        before = FeedPosition.objects.get().sequence

        def dies(*args, **kwargs):
            raise RuntimeError("killed")

        with monkeypatch.context() as broken:
            broken.setattr("customers.notifications._write", dies)
            with pytest.raises(RuntimeError):
                tell_people(at=NOW)
        assert FeedPosition.objects.get().sequence == before
        tell_people(at=NOW)
        assert len(told(jan)) == 1

    def test_who_may_no_longer_work_there_is_not_told(self, clerk, jan, three):
        give(three[:1], "jan", clerk)
        AccessGrant.objects.filter(user_id=jan.user_id).delete()
        tell_people(at=NOW)
        assert not Notification.objects.exists()


class TestChoices:
    def test_who_wants_to_hear_nothing_is_not_told(self, clerk, jan, three):
        choose_channels(actor=jan, channels={"assigned": "none"})
        give(three, "jan", clerk)
        tell_people(at=NOW)
        assert told(jan) == []

    @pytest.mark.parametrize("channels", [{"assigned": "pigeon"}, {"weather": "mail"}])
    def test_what_is_not_offered_is_refused(self, jan, channels):
        with pytest.raises(InvalidInput) as refused:
            choose_channels(actor=jan, channels=channels)
        assert {error.field for error in refused.value.errors} == set(channels)
        assert not NotificationChoice.objects.exists()

    def test_machines_choose_nothing(self):
        with pytest.raises(NotAllowed):
            choose_channels(actor=system_actor("test"), channels={"assigned": "mail"})


class TestMail:
    @pytest.fixture(autouse=True)
    def _by_mail(self, clerk, jan, three):
        choose_channels(actor=jan, channels={"assigned": "mail"})
        give(three[:2], "jan", clerk)
        tell_people(at=NOW)

    def state(self) -> tuple[str, int]:
        row = Notification.objects.get()
        return row.mail, row.mail_attempts

    def test_is_sent_once(self):
        assert send_due(now=LATER) == 1
        assert send_due(now=LATER) == 0
        [message] = mail.outbox
        assert (message.subject, message.to) == ("2 holds were assigned to you by marta", ["jan@example.com"])
        assert "https://credit.example/holds/?view=mine" in message.body
        assert self.state() == ("sent", 1)

    def test_waits_for_what_else_comes(self, clerk, three):
        assert send_due(now=NOW) == 0
        give(three[2:], "jan", clerk)
        tell_people(at=NOW + dt.timedelta(seconds=50))
        assert send_due(now=NOW + dt.timedelta(seconds=70)) == 0
        send_due(now=LATER)
        assert mail.outbox[0].subject == "3 holds were assigned to you by marta"

    def test_is_tried_again_later_and_given_up_in_the_end(self, monkeypatch):
        def refuses(self):
            raise smtplib.SMTPServerDisconnected("closed")

        monkeypatch.setattr("django.core.mail.EmailMessage.send", refuses)
        now = LATER
        for attempt in range(1, MOST_ATTEMPTS + 1):
            assert send_due(now=now) == 0
            assert self.state() == ("due" if attempt < MOST_ATTEMPTS else "failed", attempt)
            assert send_due(now=now) == 0, "not at once"
            now += WAIT * attempt
        assert self.state() == ("failed", MOST_ATTEMPTS)

    def test_is_never_sent_twice_by_a_worker_that_died_after_handing_it_over(self, monkeypatch):
        def dies(self):
            raise KeyboardInterrupt

        with monkeypatch.context() as broken:
            broken.setattr("django.core.mail.EmailMessage.send", dies)
            with pytest.raises(KeyboardInterrupt):
                send_due(now=LATER)
        assert send_due(now=LATER + dt.timedelta(days=1)) == 0
        assert (self.state(), mail.outbox) == (("sending", 1), [])

    def test_is_not_sent_to_who_wants_none_any_more(self, jan):
        choose_channels(actor=jan, channels={"assigned": "screen"})
        assert send_due(now=LATER) == 0
        assert len(told(jan)) == 1


def test_nobody_without_an_address_is_mailed(clerk, three):
    choose_channels(actor=clerk, channels={"run_ended": "mail"})
    jobs.run_job(start_evaluation(parameters={}, actor=clerk, now=NOW).pk)
    assert Notification.objects.get().mail == ""


def test_a_job_of_somebody_who_was_deleted_ends_all_the_same(clerk, three):
    job = start_evaluation(parameters={}, actor=clerk, now=NOW)
    Job.objects.filter(pk=job.pk).update(actor="user:999999")
    jobs.run_job(job.pk)
    assert Job.objects.get(pk=job.pk).status == "failed"


def test_what_is_old_is_forgotten(clerk, jan, three):
    give(three, "jan", clerk)
    tell_people(at=NOW)
    assert notifications.forget_read(now=NOW + dt.timedelta(days=91)) == 1
