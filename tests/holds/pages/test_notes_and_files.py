"""Notes and files kept with a hold and its customer, and who else looks (`ux.md` 3.0 Live, 3.2, 3.6)."""

import datetime as dt
import uuid

import pytest
from django.contrib.auth import get_user_model
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, connection, transaction

from customers import clock
from customers.access import NotAllowed, OutOfScope
from customers.errors import InvalidInput, NotFound
from customers.models import Role
from holds import notes, worklist
from holds.models import Attachment, CustomerNote, Hold, HoldEvent, HoldViewer, PinnedNote
from holds.presence import GONE_AFTER, seen
from tests.factories_holds import NOW, a_customer, a_user, an_entity, an_order, held, stranger

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("world")]
PDF = b"%PDF-1.7 a promise to pay"
ISLAND = {"HX-Request": "true", "HX-Target": "live"}


def shown(answer) -> str:
    return answer.content.decode()


def a_hold(number: str = "SO-1") -> Hold:
    return held(an_order(a_customer(limit="100"), "900", number))


def noted(customer, text: str = "Pays on Fridays.", pin: bool = False) -> CustomerNote:
    return notes.add_customer_note(customer=customer, text=text, actor=a_user("jan"), at=NOW, pin=pin)


# --- notes -----------------------------------------------------------------------------------------------------------


def test_a_pinned_note_is_shown_on_every_hold_of_the_customer(clerk):
    hold = a_hold()
    other = held(an_order(hold.payer, "500", "SO-2"))
    assert "Pinned note" not in shown(clerk.get(f"/holds/{other.number}/"))
    clerk.post("/customers/USMF/US-001/notes/", {"text": "Ask for Mr. Bakker.", "pin": "on"})
    for one in (hold, other):
        page = shown(clerk.get(f"/holds/{one.number}/"))
        assert "Ask for Mr. Bakker." in page
        assert "by clerk" in page
    assert "Ask for Mr. Bakker." in shown(clerk.get("/customers/USMF/US-001/"))


def test_one_note_is_pinned_at_most_and_unpinning_keeps_it(clerk):
    customer = a_hold().payer
    first, second = noted(customer, "first", pin=True), noted(customer, "second", pin=True)
    assert PinnedNote.objects.get().note == second
    clerk.post("/customers/USMF/US-001/pin/", {"note": str(first.pk)})
    assert PinnedNote.objects.get().note == first
    clerk.post("/customers/USMF/US-001/pin/", {"note": ""})
    assert not PinnedNote.objects.exists()
    assert CustomerNote.objects.count() == 2


def test_the_tab_under_a_hold_leads_back_to_that_hold(clerk):
    hold = a_hold()
    answer = clerk.post("/customers/USMF/US-001/notes/", {"text": "called", "hold": hold.number})
    assert answer["Location"] == f"/holds/{hold.number}/panels/notes/"
    page = shown(clerk.get(answer["Location"]))
    assert "called" in page
    assert '<span class="count">1</span>' in page


@pytest.mark.parametrize("text", ["", "   ", "x" * 4001, "a\0b"])
def test_a_note_that_cannot_be_kept_is_refused_with_the_remedy_and_nothing_is_lost(clerk, text):
    a_hold()
    answer = clerk.post("/customers/USMF/US-001/notes/", {"text": text})
    assert answer.status_code == 422
    assert "This could not be kept" in shown(answer)
    assert f">{text}</textarea>" in shown(answer)
    assert not CustomerNote.objects.exists()


@pytest.mark.parametrize("change", ["UPDATE holds_customernote SET text = 'x'", "DELETE FROM holds_customernote"])
def test_notes_are_never_changed(change):
    noted(a_hold().payer)
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(change)


def test_a_pin_names_a_note_of_its_own_customer():
    mine, others = a_hold().payer, a_customer("US-002")
    note = noted(others)
    with pytest.raises(NotFound):
        notes.pin_note(customer=mine, note=note.pk, actor=a_user("jan"), at=NOW)
    with pytest.raises(IntegrityError, match="pinned_note_of_its_customer"), transaction.atomic():  # noqa: PT012 - at commit
        PinnedNote.objects.create(customer=mine, note=note, actor="user:1", at=NOW)
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.CREDIT_ADMINISTRATOR])
def test_who_may_not_work_on_holds_reads_and_does_not_write(sign_in, role):
    hold = a_hold()
    noted(hold.payer)
    reader = sign_in(role)
    page = shown(reader.get(f"/holds/{hold.number}/panels/notes/"))
    assert "Pays on Fridays." in page
    assert "<textarea" not in page
    assert reader.post("/customers/USMF/US-001/notes/", {"text": "no"}).status_code == 403
    assert reader.post(f"/holds/{hold.number}/files/", {"file": SimpleUploadedFile("a.pdf", PDF)}).status_code == 403
    with pytest.raises(NotAllowed):
        notes.pin_note(customer=hold.payer, note=None, actor=a_user("v", role), at=NOW)


# --- files -----------------------------------------------------------------------------------------------------------


def sent(client, address: str, name: str, content: bytes):
    return client.post(address, {"file": SimpleUploadedFile(name, content, content_type="text/html")}, follow=True)


def test_a_file_is_kept_with_hold_and_customer_and_comes_back_as_it_was(clerk):
    hold = a_hold()
    page = shown(sent(clerk, f"/holds/{hold.number}/files/", "promise <i>.pdf", PDF))
    assert "promise &lt;i&gt;.pdf" in page
    kept = Attachment.objects.get()
    assert (kept.hold, kept.customer, kept.actor_name, kept.content_type) == (
        hold, hold.payer, "clerk", "application/pdf",
    )  # fmt: skip
    answer = clerk.get(f"/files/{kept.pk}/")
    assert answer.content == PDF
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Disposition"].startswith("attachment;")
    assert "no-store" in answer["Cache-Control"]
    assert "promise" in shown(clerk.get("/customers/USMF/US-001/panels/notes/"))


@pytest.mark.parametrize(
    ("name", "content", "remedy"),
    [
        ("page.html", b"<script>alert(1)</script>", "Files of these kinds are kept"),
        ("noending", b"text", "Files of these kinds are kept"),
        ("run.exe", b"MZ", "Files of these kinds are kept"),
        ("picture.svg", b"<svg/>", "Files of these kinds are kept"),
        ("empty.pdf", b"", "is empty: choose another file."),
        ("fake.pdf", b"<html>", "does not contain what its name says"),
        ("binary.txt", b"a\0b", "does not contain what its name says"),
        ("large.pdf", PDF + b"x" * notes.LARGEST_FILE, "at most 5 MB"),
    ],
)
def test_what_cannot_be_kept_is_refused_with_the_remedy(clerk, name, content, remedy):
    hold = a_hold()
    answer = sent(clerk, f"/holds/{hold.number}/files/", name, content)
    assert answer.status_code == 422
    assert remedy in shown(answer)
    assert not Attachment.objects.exists()


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.txt", "grüß".encode()), ("old.csv", "grüß;1\r\n".encode("latin-1")), ("b.PNG", b"\x89PNG\r\n\x1a\nx")],
)
def test_ordinary_files_are_kept(clerk, name, content):
    sent(clerk, f"/holds/{a_hold().number}/files/", name, content)
    assert bytes(Attachment.objects.get().content) == content


def test_folders_in_a_name_are_left_out(clerk):
    sent(clerk, f"/holds/{a_hold().number}/files/", "..\\..\\secret\\note.txt", b"x")
    assert Attachment.objects.get().name == "note.txt"


def test_a_form_without_a_file_says_so(clerk):
    assert "Choose a file." in shown(clerk.post(f"/holds/{a_hold().number}/files/", {}))


def test_files_belong_to_their_legal_entity(clerk, sign_in):
    hold = a_hold()
    sent(clerk, f"/holds/{hold.number}/files/", "a.pdf", PDF)
    file = Attachment.objects.get()
    other = sign_in(Role.CREDIT_CLERK, an_entity("DE01", "EUR").code)
    assert other.get(f"/files/{file.pk}/").status_code == 404
    assert clerk.get(f"/files/{uuid.uuid4()}/").status_code == 404
    with pytest.raises(OutOfScope):
        notes.keep_file(customer=hold.payer, name="b.pdf", content=PDF, actor=stranger(), at=NOW)


def test_a_customer_has_so_many_files_at_most(monkeypatch):
    customer = a_hold().payer
    monkeypatch.setattr(notes, "MOST_FILES", 1)
    actor = a_user("jan")
    notes.keep_file(customer=customer, name="a.pdf", content=PDF, actor=actor, at=NOW)
    with pytest.raises(InvalidInput, match="files already"):
        notes.keep_file(customer=customer, name="b.pdf", content=PDF, actor=actor, at=NOW)


def test_lists_do_not_read_what_is_in_the_files(clerk, django_assert_max_num_queries):
    hold = a_hold()
    sent(clerk, f"/holds/{hold.number}/files/", "a.pdf", PDF)
    with django_assert_max_num_queries(14) as queries:
        clerk.get(f"/holds/{hold.number}/panels/notes/")
    assert not any('"content"' in query["sql"] for query in queries.captured_queries)


# --- who looks, and what somebody else did ---------------------------------------------------------------------------


def test_who_else_looks_is_said_and_who_left_is_not():
    hold, jan, mira = a_hold(), a_user("jan"), a_user("mira")
    get_user_model().objects.filter(username="mira").update(first_name="Mira", last_name="Visser")
    assert seen(hold=hold, actor=jan, at=NOW) == []
    assert seen(hold=hold, actor=mira, at=NOW) == ["jan"]
    assert seen(hold=hold, actor=jan, at=NOW + GONE_AFTER) == ["Mira Visser"]
    assert seen(hold=hold, actor=jan, at=NOW + GONE_AFTER + dt.timedelta(seconds=1)) == []


def test_looking_leaves_nothing_behind():
    first, second, jan = a_hold(), held(an_order(a_customer("US-002", limit="1"), "9", "SO-9")), a_user("jan")
    seen(hold=first, actor=jan, at=NOW)
    seen(hold=second, actor=jan, at=NOW + dt.timedelta(minutes=5))
    assert [viewer.hold for viewer in HoldViewer.objects.all()] == [second]


def test_a_heartbeat_changes_nothing_of_the_hold(clerk):
    hold = a_hold()
    before = Hold.objects.filter(pk=hold.pk).values().get()
    answer = clerk.post(f"/holds/{hold.number}/seen/", {"version": hold.version}, headers=ISLAND)
    assert answer.status_code == 200
    assert Hold.objects.filter(pk=hold.pk).values().get() == before
    assert HoldEvent.objects.filter(hold=hold).count() == 1
    assert "banner" not in shown(answer)


def test_what_a_colleague_decided_is_said_with_the_reason_and_the_actions_go(clerk, sign_in):
    hold = a_hold()
    sign_in(Role.CREDIT_MANAGER, name="mira").post(
        "/holds/release/", {"hold": hold.number, "mode": "without_posting", "reason": "PAID", "note": "on the phone"}
    )
    page = shown(clerk.post(f"/holds/{hold.number}/seen/", {"version": hold.version}, headers=ISLAND))
    assert "Released by mira" in page
    assert "reason PAID" in page
    assert "“on the phone”" in page
    assert "What you typed is kept." in page
    assert 'hx-swap-oob="true"' in page
    assert "Release…" not in page


def test_what_i_did_myself_is_no_conflict(clerk):
    hold = a_hold()
    actor = a_user("clerk")
    worklist.add_note(ids=[hold.pk], note="mine", actor=actor, at=clock.now())
    page = shown(clerk.post(f"/holds/{hold.number}/seen/", {"version": hold.version}, headers=ISLAND))
    assert 'role="alert"' not in page


@pytest.mark.parametrize("version", ["", "x", "99999999999999", "-1"])
def test_a_heartbeat_with_a_strange_version_is_harmless(clerk, version):
    answer = clerk.post(f"/holds/{a_hold().number}/seen/", {"version": version}, headers=ISLAND)
    assert answer.status_code == 200


def test_a_heartbeat_of_another_entity_is_not_found(sign_in):
    hold = a_hold()
    other = sign_in(Role.CREDIT_CLERK, an_entity("DE01", "EUR").code)
    assert other.post(f"/holds/{hold.number}/seen/", {"version": 1}).status_code == 404
    assert not HoldViewer.objects.exists()
