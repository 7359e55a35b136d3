"""Working on holds through the API (`api.md` Actions): snooze, wake, share, take back; absences and cover."""

from decimal import Decimal

import pytest

from customers.models import Role
from holds.models import Absence, Hold
from tests.api_client import Api, client, everything
from tests.factories_credit import give_limit
from tests.factories_holds import DAY, a_customer, a_rule, a_user, an_entity, an_order, held, reasons

pytestmark = pytest.mark.django_db
UNTIL = "2026-11-26"


@pytest.fixture
def api(settings) -> Api:
    settings.CREDIT_TODAY = DAY
    an_entity()
    reasons()
    a_rule()
    return everything()


def a_hold(account: str = "US-001", **fields) -> Hold:
    return held(an_order(a_customer(account, limit="100", **fields)))


def test_holds_are_snoozed_found_by_their_day_and_woken(api: Api):
    hold, other = a_hold(), a_hold("US-002")
    answer = api.post("holds/snooze", {"ids": [str(hold.pk)], "until": UNTIL, "wakes_on": ["payment"]}).is_(200)
    assert (answer["succeeded"], answer["failed"]) == ([str(hold.pk)], [])
    shown = api.get(f"holds/{hold.pk}").is_(200)
    assert (shown["snoozed_until"], shown["wakes_on"]) == (UNTIL, ["payment"])
    assert [row["id"] for row in api.get(f"holds?snoozed_until={UNTIL}").is_(200)["results"]] == [str(hold.pk)]
    assert api.get(f"holds/{other.pk}").is_(200)["snoozed_until"] is None
    api.post("holds/wake", {"ids": [str(hold.pk)]}).is_(200)
    assert api.get(f"holds/{hold.pk}").is_(200)["snoozed_until"] is None


def test_a_bad_snooze_names_the_field_and_each_hold_fails_on_its_own(api: Api):
    hold = a_hold()
    assert api.post("holds/snooze", {"ids": [str(hold.pk)]}).is_(400)["errors"][0]["field"] == "until"
    wrong = api.post("holds/snooze", {"ids": [str(hold.pk)], "until": UNTIL, "wakes_on": ["moon"]}).is_(400)
    assert wrong["errors"][0]["field"].startswith("wakes_on")
    answer = api.post("holds/snooze", {"ids": [str(hold.pk)], "until": "2026-11-20"}).is_(200)
    assert [item["code"] for item in answer["failed"]] == ["in_the_past"]
    stale = {"ids": [str(hold.pk)], "until": UNTIL, "versions": {str(hold.pk): 9}}
    assert [item["code"] for item in api.post("holds/snooze", stale).is_(200)["failed"]] == ["stale"]


def test_holds_are_shared_in_turn(api: Api):
    a_user("anna")
    a_user("jan")
    holds = [a_hold("US-001"), a_hold("US-002")]
    ids = [str(hold.pk) for hold in holds]
    api.post("holds/assign", {"ids": ids, "people": ["anna", "jan"]}).is_(200)
    assert [Hold.objects.get(pk=hold).assignee.username for hold in ids] == ["anna", "jan"]
    both = api.post("holds/assign", {"ids": ids, "people": ["anna"], "assignee": "jan"}).is_(400)
    assert both["errors"][0]["field"] == "assignee"
    assert api.post("holds/assign", {"ids": ids}).is_(400)["errors"][0]["code"] == "required"


def test_what_a_client_did_is_listed_and_taken_back(api: Api):
    hold = a_hold()
    api.post("holds/snooze", {"ids": [str(hold.pk)], "until": UNTIL}).is_(200)
    [act] = api.get("holds/recent").is_(200)["results"]
    assert (act["type"], act["holds"], act["can_undo"]) == ("snoozed", [str(hold.pk)], True)
    answer = api.post("holds/undo", {"at": act["at"]}).is_(200)
    assert answer["succeeded"] == [str(hold.pk)]
    assert Hold.objects.get(pk=hold.pk).snoozed_until is None
    assert client("desk", Role.CREDIT_CLERK).post("holds/undo", {"at": act["at"]}).status == 404


def test_rights(api: Api):
    hold = a_hold()
    body = {"ids": [str(hold.pk)], "until": UNTIL}
    assert client("audit", Role.AUDITOR).post("holds/snooze", body).status == 403
    an_entity("DEMF", "EUR")
    answer = client("german", Role.CREDIT_CLERK, "DEMF").post("holds/snooze", body).is_(200)
    assert [item["code"] for item in answer["failed"]] == ["not_found"]


def test_absences_are_set_shown_and_ended(api: Api):
    a_user("anna")
    a_user("jan")
    body = {"starts_on": "2026-11-20", "ends_on": UNTIL, "covered_by": "jan"}
    assert api.get("absences/anna").status == 404
    assert api.put("absences/anna", body).is_(200).body == {"user": "anna", **body}
    assert api.get("absences/anna").is_(200)["covered_by"] == "jan"
    for change, field in (
        ({"covered_by": "anna"}, "covered_by"),
        ({"covered_by": "nobody"}, "covered_by"),
        ({"ends_on": "2026-11-19"}, "ends_on"),
        ({"ends_on": "2206-01-01"}, "ends_on"),
    ):
        assert [error["field"] for error in api.put("absences/anna", body | change).is_(400)["errors"]] == [field]
    a_user("reader", Role.AUDITOR)
    wrong = api.put("absences/anna", body | {"covered_by": "reader"}).is_(400)
    assert wrong["errors"][0]["code"] == "cannot_work"
    assert client("desk", Role.CREDIT_CLERK).put("absences/anna", body).status == 403
    assert api.call("DELETE", "absences/anna").status == 204
    assert not Absence.objects.exists()


def test_what_fits_is_asked_through_the_api(api: Api):
    customer = a_customer("US-7", limit="1000")
    holds = [held(an_order(customer, value)) for value in ("1400", "1300")]
    give_limit(customer, Decimal(1500))
    answer = api.post("holds/fit", {"customer": "USMF:US-7", "by": "most"}).is_(200)
    figures = tuple(answer[name] for name in ("currency", "free", "total", "left"))
    assert figures == ("USD", "1500.00", "1300.00", "200.00")
    assert answer["chosen"] == [str(holds[1].pk)]
    rows = {row["number"]: (row["fits"], row["short"]) for row in answer["rows"]}
    assert rows == {holds[0].number: (False, "1200.00"), holds[1].number: (True, None)}
    more = api.post("holds/fit", {"customer": "USMF:US-7", "receipt": "1200"}).is_(200)
    assert (more["to_place"], len(more["chosen"])) == ("2700.00", 2)
    assert api.post("holds/fit", {"customer": "USMF:NOPE"}).status == 404
    assert api.post("holds/fit", {"customer": "USMF:US-7", "receipt": "-1"}).is_(400).problem[0][0] == "receipt"
    assert {hold.version for hold in Hold.objects.all()} == {1}
