"""Notes and files through the API: everything that a page does (`domain 12`)."""

import base64

import pytest

from customers.models import Role
from holds.models import Attachment, CustomerNote, Hold
from tests.api_client import Api, client, everything
from tests.factories_holds import DAY, a_customer, a_rule, an_entity, an_order, held, reasons

pytestmark = pytest.mark.django_db
PDF = base64.b64encode(b"%PDF-1.7 a promise").decode()


@pytest.fixture
def api(settings) -> Api:
    settings.CREDIT_TODAY = DAY
    an_entity()
    reasons()
    a_rule()
    return everything()


def a_hold(account: str = "US-001") -> Hold:
    return held(an_order(a_customer(account, limit="100"), "900"))


def test_a_note_is_written_listed_pinned_and_unpinned(api: Api):
    a_hold()
    a_customer("US-002")
    first = api.post("customer-notes", {"customer": "USMF:US-001", "text": "first", "pinned": True}).is_(201)
    second = api.post("customer-notes", {"customer": "USMF:US-001", "text": "second"}).is_(201)
    api.post("customer-notes", {"customer": "USMF:US-002", "text": "another's"}).is_(201)
    assert (first["pinned"], second["pinned"], first["customer"]) == (True, False, "USMF:US-001")
    assert api.post(f"customer-notes/{second['id']}/pin", {}).is_(200)["pinned"]
    listed = api.get("customer-notes?customer=USMF:US-001").is_(200)["results"]
    assert [(row["text"], row["pinned"]) for row in listed] == [("second", True), ("first", False)]
    assert not api.post(f"customer-notes/{second['id']}/unpin", {}).is_(200)["pinned"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"text": "x"}, "customer"),
        ({"customer": "USMF:US-001"}, "text"),
        ({"customer": "USMF:US-001", "text": ""}, "text"),
        ({"customer": "USMF:US-001", "text": "x", "pinned": "maybe"}, "pinned"),
        ({"customer": "USMF:US-001", "text": "x", "colour": "red"}, "colour"),
    ],
)
def test_a_note_that_cannot_be_kept_names_its_field(api: Api, body, field):
    a_hold()
    assert api.post("customer-notes", body).is_(400)["errors"][0]["field"] == field
    assert not CustomerNote.objects.exists()


def test_what_is_not_there_is_not_found(api: Api):
    api.post("customer-notes", {"customer": "USMF:NOBODY", "text": "x"}).is_(404)
    api.post("customer-notes/999/pin", {}).is_(404)
    api.post("customer-notes/x/unpin", {}).is_(404)
    api.get("attachments/x/content").is_(404)


def test_a_file_is_kept_with_its_hold_and_fetched_as_it_was(api: Api):
    hold = a_hold()
    body = {"customer": "USMF:US-001", "hold": str(hold.pk), "name": "promise.pdf", "content": PDF}
    kept = api.post("attachments", body).is_(201)
    assert (kept["size"], kept["content_type"], kept["hold"]) == (18, "application/pdf", str(hold.pk))
    [row] = api.get(f"attachments?hold={hold.pk}").is_(200)["results"]
    assert row["id"] == kept["id"]
    assert "content" not in row
    assert api.get(f"attachments/{kept['id']}/content").is_(200)["content"] == PDF


@pytest.mark.parametrize(
    "change", [{"content": "not base64!"}, {"content": ""}, {"name": "page.html"}, {"name": "fake.png"}]
)
def test_a_file_that_cannot_be_kept_is_refused(api: Api, change):
    a_hold()
    body = {"customer": "USMF:US-001", "name": "promise.pdf", "content": PDF, **change}
    assert api.post("attachments", body).is_(400)["errors"][0]["field"] == "content"
    assert not Attachment.objects.exists()


def test_a_file_does_not_go_to_a_hold_of_somebody_else(api: Api):
    hold = a_hold()
    a_customer("US-002")
    body = {"customer": "USMF:US-002", "hold": str(hold.pk), "name": "promise.pdf", "content": PDF}
    api.post("attachments", body).is_(404)


def test_other_legal_entities_see_nothing_and_who_may_not_work_writes_nothing(api: Api):
    a_hold()
    note = api.post("customer-notes", {"customer": "USMF:US-001", "text": "x"}).is_(201)
    file = api.post("attachments", {"customer": "USMF:US-001", "name": "a.pdf", "content": PDF}).is_(201)
    other = client("other", Role.CREDIT_CLERK, an_entity("DE01", "EUR").code)
    assert other.get("customer-notes").is_(200)["results"] == []
    other.post(f"customer-notes/{note['id']}/pin", {}).is_(404)
    other.get(f"attachments/{file['id']}/content").is_(404)
    auditor = client("auditor", Role.AUDITOR)
    assert len(auditor.get("customer-notes").is_(200)["results"]) == 1
    auditor.post("customer-notes", {"customer": "USMF:US-001", "text": "x"}).is_(403)
