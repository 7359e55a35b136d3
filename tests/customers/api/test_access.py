"""Who may call what, and that another legal entity's objects do not exist (`reliability.md` S01, S02, S04, S16)."""

import datetime as dt
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command
from django.test import Client

from customers import clock, outbox
from customers.access import POLICY, Action
from customers.models import AccessGrant, ApiClient, Job, OutboxEvent, Role
from tests.api_client import Api, client, everything

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("company")]


def test_without_a_token_nothing_is_answered() -> None:
    answer = Api().get("customers").is_(401)
    assert answer["code"] == "not_authenticated"
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("token", ["nonsense", "cm_" + "x" * 43, "x" * 500, "cm_ü"])
def test_a_token_that_is_none_is_refused(token: str) -> None:
    assert Api(token).get("customers").is_(401)["code"] == "invalid_token"


def test_a_revoked_and_an_expired_token_end_at_once() -> None:
    api = client("erp", "integration")
    api.get("customers").is_(200)
    ApiClient.objects.update(expires_at=clock.now() - dt.timedelta(seconds=1))
    assert "expired" in api.get("customers").is_(401)["detail"]
    ApiClient.objects.update(expires_at=None, revoked_at=clock.now())
    assert "revoked" in api.get("customers").is_(401)["detail"]


def test_the_token_is_not_kept() -> None:
    api = client("erp", "integration")
    kept = ApiClient.objects.get().token_digest
    assert api.token
    assert api.token not in kept
    assert len(kept) == 64


def test_a_right_that_is_taken_away_is_gone_with_the_next_call() -> None:
    api = client("erp", ["integration", "viewer"])
    api.patch("customers/USMF:US-001", {"country": "US"}).is_(200)
    AccessGrant.objects.filter(role="integration").delete()
    api.patch("customers/USMF:US-001", {"country": "CA"}).is_(403)
    AccessGrant.objects.all().delete()
    api.get("customers").is_(403)


CALLS: list[tuple[str, str, Any, Action]] = [
    ("GET", "customers", None, Action.VIEW),
    ("GET", "customers/USMF:US-001", None, Action.VIEW),
    ("PUT", "customers/USMF:US-001", {"name": "A"}, Action.FEED),
    ("PATCH", "customers/USMF:US-001", {"name": "A"}, Action.FEED),
    ("POST", "customers/bulk", [], Action.FEED),
    ("PUT", "parties/P-1", {"name": "A"}, Action.FEED),
    ("GET", "jobs", None, Action.VIEW_JOBS),
    ("GET", "events", None, Action.VIEW_EVENTS),
]


@pytest.mark.parametrize("role", Role.values)
@pytest.mark.parametrize(("method", "path", "body", "action"), CALLS)
def test_every_role_may_what_the_matrix_says(role: str, method: str, path: str, body: Any, action: Action) -> None:
    allowed = role in POLICY[action]
    status = client("somebody", role).call(method, path, body).status
    assert (status in {200, 201}) is allowed
    assert allowed or status == 403


@pytest.mark.parametrize("role", Role.values)
def test_only_clerks_and_managers_exclude_an_order(role: str) -> None:
    """domain 13: who may not feed orders may do this all the same."""
    everything("feeder").put("sales-orders/USMF:S-1", {"customer": "USMF:US-001"}).is_(201)
    somebody = client("somebody", role)
    answer = somebody.patch("sales-orders/USMF:S-1", {"exclude_from_credit_management": True})
    assert answer.status == (200 if role in POLICY[Action.EXCLUDE_ORDER] else 403)
    both = {"exclude_from_credit_management": answer.status == 200, "order_type": "pos"}
    assert somebody.patch("sales-orders/USMF:S-1", both).status == (200 if role in POLICY[Action.FEED] else 403)
    order = everything("reader").get("sales-orders/USMF:S-1").is_(200)
    assert order["exclude_from_credit_management"] is (answer.status == 200)
    assert order["order_type"] == ("pos" if role in POLICY[Action.FEED] else "sales")


@pytest.mark.parametrize("role", Role.values)
def test_a_credit_profile_is_changed_only_by_those_who_may(role: str) -> None:
    status = client("somebody", role).patch("customers/USMF:US-001", {"excluded": True}).status
    assert status == (200 if role in POLICY[Action.EDIT_CREDIT_PROFILE] else 403)


@pytest.fixture
def german() -> Api:
    return client("german", ["integration", "credit_clerk", "credit_administrator", "auditor"], "DEMF")


@pytest.fixture
def foreign_things(company: None) -> None:
    api = everything("feeder")
    invoice = {"customer": "USMF:US-001", "invoice_date": "2026-01-05", "due_date": "2026-02-04", "amount": "100.00"}
    api.put("invoices/USMF:I-1", invoice).is_(201)
    api.put("payments/USMF:P-1", {"customer": "USMF:US-001", "date": "2026-01-20", "amount": "80.00"}).is_(201)
    api.put("sales-orders/USMF:S-1", {"customer": "USMF:US-001"}).is_(201)
    api.put("reasons/hold:US", {"legal_entity": "USMF"}).is_(201)
    api.put("reasons/hold:ALL", {}).is_(201)


KEYS = ["customers/USMF:US-001", "invoices/USMF:I-1", "payments/USMF:P-1", "sales-orders/USMF:S-1",
        "legal-entities/USMF", "reasons/hold:US"]  # fmt: skip


@pytest.mark.usefixtures("foreign_things")
@pytest.mark.parametrize("path", KEYS)
def test_what_is_another_entitys_does_not_exist(german: Api, path: str) -> None:
    german.get(path).is_(404)
    prefix, key = path.split("/")
    unknown = german.get(f"{prefix}/{key}9").is_(404)
    assert german.patch(path, {}).status == german.patch(f"{prefix}/{key}9", {}).status
    assert german.patch(path, {}).status == (403 if prefix == "legal-entities" else 404)
    assert german.get(path)["detail"].replace(key, "") == unknown["detail"].replace(f"{key}9", "")
    assert key not in german.get(f"{prefix}?page_size=500").is_(200).keys


@pytest.mark.usefixtures("foreign_things")
def test_filters_and_orderings_find_nothing_of_another_entity(german: Api) -> None:
    for query in ("customers?legal_entity=USMF", "invoices?customer=USMF:US-001", "sales-orders?number=S-1",
                  "reasons?legal_entity=USMF", "payments?customer=USMF:US-001"):  # fmt: skip
        assert german.get(query).is_(200)["results"] == []
    assert german.get("reasons").keys == ["hold:ALL"]
    assert german.get("legal-entities").keys == ["DEMF"]


@pytest.mark.usefixtures("foreign_things")
def test_writes_references_and_bulk_calls_do_not_reach_another_entity(german: Api) -> None:
    german.put("customers/USMF:NEW", {"name": "A"}).is_(404)
    german.post("payments/USMF:P-1/reverse").is_(404)
    refused = german.put("sales-orders/DEMF:S-1", {"customer": "USMF:US-001"}).is_(400)
    missing = german.put("sales-orders/DEMF:S-1", {"customer": "USMF:NOBODY"}).is_(400)
    assert refused.problem[0][0] == missing.problem[0][0] == "customer"
    rows = german.post("customers/bulk", [{"key": "USMF:US-001", "name": "A"}, {"key": "DEMF:D-2", "name": "B"}])
    assert [(row["status"], [error["code"] for error in row["errors"]]) for row in rows.is_(200)["results"]] == [
        ("failed", ["not_found"]),
        ("created", []),
    ]
    assert everything().get("customers/USMF:US-001")["name"] != "A"


def test_shared_reference_data_needs_the_right_in_all_entities(german: Api) -> None:
    german.put("currencies/CHF", {"minor_units": 2}).is_(403)
    assert german.get("currencies/USD").is_(200)["minor_units"] == 2


def test_events_and_jobs_of_other_entities_do_not_exist(german: Api) -> None:
    for entity in ("USMF", "DEMF"):
        outbox.record("hold_placed", entity, entity, f"{entity}:S-1", clock.now(), {})
    jobs = [Job.objects.create(kind="none", actor="system:x", legal_entities=[entity], created_at=clock.now())
            for entity in ("USMF", "DEMF")]  # fmt: skip
    assert [event["key"] for event in german.get("events").is_(200)["results"]] == ["DEMF"]
    german.get(f"jobs/{jobs[0].pk}").is_(404)
    german.post(f"jobs/{jobs[0].pk}/cancel").is_(404)


def test_events_are_read_in_order_from_where_one_stopped() -> None:
    for number in range(5):
        outbox.record("hold_placed", f"e{number}", "USMF", "USMF:S-1", clock.now(), {"n": number})
    api = client("erp", "integration")
    first = api.get("events?page_size=3").is_(200)
    assert [event["key"] for event in first["results"]] == ["e0", "e1", "e2"]
    rest = api.get(first["next"]).is_(200)
    assert ([event["key"] for event in rest["results"]], rest["next"]) == (["e3", "e4"], None)
    last = OutboxEvent.objects.order_by("-sequence")[0].sequence
    assert api.get(f"events?after={last}").is_(200)["results"] == []
    for wrong in ("after=-1", "after=x", "before=1"):
        api.get(f"events?{wrong}").is_(400)


def test_people_call_with_their_session_and_a_csrf_token() -> None:
    user = get_user_model().objects.create_user("ada", password="a long password")
    AccessGrant.objects.create(user=user, role="credit_administrator")
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(user)
    assert browser.get("/api/v1/customers").status_code == 200
    refused = browser.put("/api/v1/parties/P-1", {"name": "A"}, content_type="application/json")
    assert (refused.status_code, refused.json()["code"]) == (403, "csrf_failed")


def test_a_superuser_may_nothing_by_being_one() -> None:
    browser = Client()
    browser.force_login(get_user_model().objects.create_superuser("root", password="a long password"))
    assert browser.get("/api/v1/customers").status_code == 403


def created(*arguments: str) -> Api:
    out = StringIO()
    call_command("create_api_client", *arguments, stdout=out, stderr=StringIO())
    return Api(out.getvalue().strip())


def test_the_command_prints_a_token_that_works() -> None:
    api = created("erp", "--role", "integration", "--legal-entity", "DEMF", "--expires", "2100-01-01")
    assert api.get("customers").is_(200).keys == ["DEMF:DE-001"]
    assert ApiClient.objects.get().expires_at == dt.datetime(2100, 1, 2, tzinfo=dt.UTC)


def test_the_role_all_is_for_tests_and_demonstrations(settings: Any) -> None:
    created("test", "--role", "all").get("events").is_(200)
    settings.CREDIT_DEPLOYED = True
    with pytest.raises(CommandError, match="for tests and demonstrations only"):
        created("prod", "--role", "all")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["erp", "--role", "integration", "--legal-entity", "XXMF"], "There is no legal entity XXMF"),
        (["taken", "--role", "integration"], "take another name"),
    ],
)
def test_the_command_says_what_is_wrong(arguments: list[str], message: str) -> None:
    client("taken", "viewer")
    with pytest.raises(CommandError, match=message):
        created(*arguments)
    assert ApiClient.objects.count() == 1
