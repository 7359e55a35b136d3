"""Who acted is named beside the reference: in the API, on pages, in the feed; also who has been deleted since."""

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test.utils import CaptureQueriesContext

from customers.access import Actor
from customers.models import AccessGrant, ApiClient, OutboxEvent
from customers.people import names_of
from holds.forced import force_hold
from holds.models import Hold
from holds.pages.jobs import names_of as names_on_pages
from holds.rejections import reject_hold
from holds.releases import release_hold
from tests.api_client import Api, client, everything
from tests.factories_holds import NOW, a_customer, a_rule, a_user, an_entity, an_order, held, reasons, today

pytestmark = pytest.mark.django_db


@pytest.fixture
def api() -> Api:
    an_entity()
    reasons()
    a_rule()
    return everything("Office")


def a_hold(by: Actor) -> Hold:
    return held(an_order(a_customer(f"US-{Hold.objects.count()}", limit="1")), actor=by)


def as_erp() -> Actor:
    client("ERP", "integration")
    made = ApiClient.objects.get(name="ERP")
    return Actor("client", made.pk, made.name)


def johanna() -> Actor:
    actor = a_user("johanna")
    get_user_model().objects.filter(username="johanna").update(first_name="Johanna", last_name="Wolff")
    return actor


def test_holds_decisions_and_limits_name_people_clients_and_the_system(api: Api):
    clerk = johanna()
    first, second = a_hold(as_erp()), a_hold(clerk)
    release_hold(id=first.pk, mode="without_posting", reason="PAID", actor=clerk, at=NOW, today=today)
    shown = api.get(f"holds/{first.pk}").is_(200)
    assert (shown["held_by"], shown["held_by_name"]) == (first.held_by, "ERP")
    assert (shown["decided_by_name"], shown["forced_by_name"]) == ("Johanna Wolff", "")
    rows = {row["id"]: row for row in api.get("holds").is_(200)["results"]}
    assert rows[str(second.pk)]["held_by_name"] == "Johanna Wolff"
    assert rows[str(second.pk)]["decided_by_name"] == ""
    decisions = api.get("decisions").is_(200)["results"]
    assert {row["actor_name"] for row in decisions} == {"ERP", "Johanna Wolff"}
    assert api.get(f"decisions/{first.decision_id}").is_(200)["actor_name"] == "ERP"
    assert {row["actor_name"] for row in api.get("limit-history").is_(200)["results"]} == {"test"}


def test_a_page_asks_for_names_once(api: Api):
    for _ in range(2):
        a_hold(johanna())
    for path in ("holds", "decisions", "limit-history"):
        with CaptureQueriesContext(connection) as few:
            api.get(path).is_(200)
        for number in range(3):
            a_hold(a_user(f"clerk{path}{number}"))
        with CaptureQueriesContext(connection) as many:
            api.get(path).is_(200)
        assert len(many) == len(few)


def test_who_was_deleted_keeps_the_name_that_was_recorded(api: Api):
    clerk = johanna()
    hold = a_hold(clerk)
    reject_hold(id=hold.pk, actor=clerk, at=NOW)
    AccessGrant.objects.filter(user=clerk.user_id).delete()
    get_user_model().objects.filter(username="johanna").delete()
    shown = api.get(f"holds/{hold.pk}").is_(200)
    assert (shown["held_by_name"], shown["decided_by_name"]) == ("johanna", "johanna")
    assert api.get(f"decisions/{hold.decision_id}").is_(200)["actor_name"] == "johanna"
    assert names_on_pages([clerk.reference]) == {clerk.reference: "johanna"}


def test_the_sentence_of_a_forced_hold_names_who_forced_it_and_when(api: Api):
    order = an_order(a_customer())
    hold = force_hold(order=order.pk, reason="DISPUTE", note="see mail", actor=johanna(), at=NOW, today=today)
    [reason] = api.get(f"holds/{hold.pk}").is_(200)["reasons"]
    assert reason["message"] == "johanna forced this hold on 20 Nov 2026: DISPUTE, “see mail”."


def test_the_feed_names_who_acted(api: Api):
    hold = a_hold(as_erp())
    told = OutboxEvent.objects.get(key=f"hold:{hold.pk}:1").data
    assert (told["actor"], told["actor_name"]) == (hold.held_by, "ERP")


def test_one_query_names_everybody_and_nobody_knows_strangers():
    clerk, erp = johanna(), as_erp()
    references = [clerk.reference, erp.reference, "system:evaluation", ""]
    with CaptureQueriesContext(connection) as captured:
        named = names_of(references)
    assert len(captured) == 1
    assert named == {clerk.reference: "Johanna Wolff", erp.reference: "ERP", "system:evaluation": "evaluation"}
    assert names_of(["user:999999", "client:x", "robot"]) == {
        "user:999999": "user:999999", "client:x": "client:x", "robot": "robot",
    }  # fmt: skip
    assert names_of([a_user("unnamed").reference]).popitem()[1] == "unnamed"
    assert names_on_pages([erp.reference, "system:schedule"]) == {
        erp.reference: "ERP", "system:schedule": "system schedule",
    }  # fmt: skip
