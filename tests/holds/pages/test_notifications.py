"""`/me/notifications/`: what one was told, read and unread, and how one is told; everything without a script."""

import datetime as dt

import pytest

from customers.models import Notification, NotificationChoice, Role
from customers.notifications import Told, tell
from tests.factories_holds import NOW, a_customer, a_user, an_order, held

pytestmark = pytest.mark.django_db
Kind = Notification.Kind
CHANNELS = dict.fromkeys(Kind.values, "screen")


def shown(answer) -> str:
    return " ".join(answer.content.decode().split())


@pytest.fixture
def told(clerk) -> list[Notification]:
    """Two notifications of the clerk, and one of somebody else."""
    hold = held(an_order(a_customer(limit="1"), "400", "SO-1"))
    user, other = a_user("clerk").user_id or 0, a_user("jan").user_id or 0
    tell([Told(user, Kind.ASSIGNED, "SO-1", hold.number, "marta")], at=NOW)
    ready = [Told(person, Kind.READY, "SO-1", hold.number) for person in (user, other)]
    tell(ready, at=NOW + dt.timedelta(minutes=1))
    return list(Notification.objects.filter(user=user).order_by("pk"))


def test_the_menu_of_every_page_says_how_many_are_unread(clerk, told):
    page = shown(clerk.get("/holds/"))
    assert '<span class="count">2<span class="sr-only"> unread</span></span></summary>' in page
    assert 'Notifications <span class="count">2</span>' in page


def test_nothing_is_said_where_nothing_is_unread(clerk):
    assert "unread" not in shown(clerk.get("/holds/"))
    assert "Nothing to tell you." in shown(clerk.get("/me/notifications/"))


def test_the_list_has_ones_own_newest_first(clerk, told):
    page = clerk.get("/me/notifications/")
    assert [row["text"] for row in page.context["rows"]] == [
        "SO-1 became ready to release",
        "SO-1 was assigned to you by marta",
    ]
    assert "Mark 2 as read" in shown(page)


def test_opening_one_reads_it_and_leads_to_what_it_is_about(clerk, told):
    answer = clerk.get(f"/me/notifications/{told[0].pk}/")
    assert answer.headers["Location"] == f"/holds/{told[0].target}/"
    assert Notification.objects.filter(read_at=None, user=told[0].user_id).count() == 1


def test_they_are_marked_one_by_one_or_all(clerk, told):
    clerk.post("/me/notifications/read/", {"one": told[0].pk})
    assert [row["told"].read_at is None for row in clerk.get("/me/notifications/").context["rows"]] == [True, False]
    assert "1 notification marked as read." in shown(clerk.post("/me/notifications/read/", follow=True))
    assert Notification.objects.filter(read_at=None).count() == 1, "somebody else's stays unread"


@pytest.mark.parametrize("word", ["x", "-1", "9" * 30])
def test_a_strange_number_marks_nothing_wrong(clerk, told, word):
    assert clerk.post("/me/notifications/read/", {"one": word}).status_code == 302


def test_somebody_elses_is_not_there(sign_in, told):
    assert sign_in(Role.CREDIT_CLERK, name="ada").get(f"/me/notifications/{told[0].pk}/").status_code == 404


def test_how_one_is_told_is_kept_and_shown(clerk):
    page = clerk.post("/me/notifications/", {**CHANNELS, "ready": "mail", "run_ended": "none"}, follow=True)
    assert "You are told like this from now on." in shown(page)
    assert '<option value="mail" selected>' in shown(page)
    kept = dict(NotificationChoice.objects.values_list("kind", "channel"))
    assert (kept["ready"], kept["run_ended"], kept["assigned"]) == ("mail", "none", "screen")
    assert "your account has no mail address: nothing is mailed" in shown(page)


def test_what_is_not_offered_is_refused_at_its_field(clerk):
    answer = clerk.post("/me/notifications/", {**CHANNELS, "ready": "pigeon"})
    assert (answer.status_code, list(answer.context["form"].errors)) == (422, ["ready"])
    assert not NotificationChoice.objects.exists()


def test_the_list_costs_few_queries(clerk, told, django_assert_num_queries):
    with django_assert_num_queries(7):  # session, person, grants, channels, rows, unread, running jobs
        clerk.get("/me/notifications/")
