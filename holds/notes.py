"""Notes on customers and files kept with a hold or a customer (`ux.md` 3.2, 3.6): evidence, so nothing is taken back.

A note on a hold is an event of that hold (`worklist.add_note`). Files stay in the database: they are backed up and
scoped with what they belong to. They are checked for size and for being what their name says; looking for viruses is
left to what stands before this system.
"""

import datetime as dt
import hashlib
from dataclasses import dataclass
from pathlib import PurePath

from django.db import transaction

from customers.access import Action, Actor, authorize
from customers.errors import InvalidInput, NotFound
from customers.models import Customer
from holds.models import Attachment, CustomerNote, Hold, PinnedNote

LONGEST_NOTE = 4_000
LARGEST_FILE = 5 * 1024 * 1024
MOST_FILES = 200
"""Files of one customer, with those of its holds."""

_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
OFFICE = "application/vnd.openxmlformats-officedocument"


@dataclass(frozen=True, slots=True)
class FileKind:
    """A kind of file that may be kept: its media type, and how its content begins; None means text."""

    media_type: str
    begins: bytes | None


KINDS = {
    "pdf": FileKind("application/pdf", b"%PDF-"),
    "png": FileKind("image/png", b"\x89PNG\r\n\x1a\n"),
    "jpg": FileKind("image/jpeg", b"\xff\xd8\xff"),
    "jpeg": FileKind("image/jpeg", b"\xff\xd8\xff"),
    "xlsx": FileKind(f"{OFFICE}.spreadsheetml.sheet", _ZIP),
    "docx": FileKind(f"{OFFICE}.wordprocessingml.document", _ZIP),
    "msg": FileKind("application/vnd.ms-outlook", _OLE),
    "eml": FileKind("message/rfc822", None),
    "txt": FileKind("text/plain", None),
    "csv": FileKind("text/csv", None),
}
"""What may be kept, by the end of its name. Nothing that a browser would run."""


@transaction.atomic
def add_customer_note(
    *, customer: Customer, text: str, actor: Actor, at: dt.datetime, pin: bool = False
) -> CustomerNote:
    """Write a note on a customer and, with `pin`, show it on every hold of that customer.

    Raises `InvalidInput` for a note that says nothing or too much, `NotAllowed`, `OutOfScope`.
    """
    authorize(actor, Action.WORK_HOLDS, customer.legal_entity_id, f"Customer {customer.key}")
    text = text.strip()
    if not text:
        raise InvalidInput.of("text", "required", "Write what there is to note.")
    if len(text) > LONGEST_NOTE:
        raise InvalidInput.of(
            "text", "too_long", f"A note has at most {LONGEST_NOTE:,} characters; this has {len(text):,}."
        )
    if "\0" in text:
        raise InvalidInput.of("text", "invalid", "The note has characters that cannot be kept; type it again.")
    note = CustomerNote.objects.create(
        customer=customer, text=text, actor=actor.reference, actor_name=actor.name, at=at
    )  # fmt: skip
    if pin:
        _pin(note, actor, at)
    return note


@transaction.atomic
def pin_note(*, customer: Customer, note: int | None, actor: Actor, at: dt.datetime) -> None:
    """Show this note of the customer on all its holds instead of the one before; None shows none.

    Raises `NotFound` for a note of somebody else, `NotAllowed`, `OutOfScope`.
    """
    authorize(actor, Action.WORK_HOLDS, customer.legal_entity_id, f"Customer {customer.key}")
    if note is None:
        PinnedNote.objects.filter(customer=customer).delete()
        return
    found = CustomerNote.objects.filter(customer=customer, pk=note).first()
    if found is None:
        raise NotFound(f"Customer {customer.key} has no note {note}.")
    _pin(found, actor, at)


def _pin(note: CustomerNote, actor: Actor, at: dt.datetime) -> None:
    who = {"actor": actor.reference, "actor_name": actor.name, "at": at}
    PinnedNote.objects.update_or_create(customer_id=note.customer_id, defaults={"note": note, **who})


@transaction.atomic
def keep_file(
    *, customer: Customer, name: str, content: bytes, actor: Actor, at: dt.datetime, hold: Hold | None = None
) -> Attachment:
    """Keep a file with `customer` and, where it belongs to one decision, with that `hold` of the customer.

    Raises `InvalidInput` for a file that is empty, too large, of another kind than its name says or of no kind that is
    kept, `NotAllowed`, `OutOfScope`.
    """
    authorize(actor, Action.WORK_HOLDS, customer.legal_entity_id, f"Customer {customer.key}")
    if hold is not None and hold.payer_id != customer.pk:
        raise NotFound(f"Hold {hold.number} is not one of customer {customer.key}.")
    name, kind = _checked(name, content)
    if Attachment.objects.filter(customer=customer).count() >= MOST_FILES:
        message = f"Customer {customer.key} has {MOST_FILES} files already: keep further ones in your document system."
        raise InvalidInput.of("file", "too_many", message)
    return Attachment.objects.create(
        customer=customer, hold=hold, name=name, content_type=kind.media_type, size=len(content), content=content,
        sha256=hashlib.sha256(content).hexdigest(), actor=actor.reference, actor_name=actor.name, at=at,
    )  # fmt: skip


def _checked(name: str, content: bytes) -> tuple[str, FileKind]:
    """The name without folders, and the kind; what cannot be kept is refused with the remedy."""
    name = "".join(letter for letter in PurePath(name.replace("\\", "/")).name if letter.isprintable()).strip()[-120:]
    ending = name.rpartition(".")[2].lower()
    kind = KINDS.get(ending) if "." in name else None
    if kind is None:
        raise InvalidInput.of("file", "kind", f"Files of these kinds are kept: {', '.join(sorted(KINDS))}.")
    if not content:
        raise InvalidInput.of("file", "empty", f"{name} is empty: choose another file.")
    if len(content) > LARGEST_FILE:
        limit, size = LARGEST_FILE // 1024 // 1024, len(content) / 1024 / 1024
        raise InvalidInput.of("file", "too_large", f"{name} has {size:.1f} MB; at most {limit} MB are kept.")
    if not _is(kind, content):
        raise InvalidInput.of(
            "file", "content", f"{name} does not contain what its name says: save it again as {ending}."
        )
    return name, kind


def _is(kind: FileKind, content: bytes) -> bool:
    if kind.begins is not None:
        return content.startswith(kind.begins)
    if b"\0" in content:
        return False
    try:
        content.decode()
    except UnicodeDecodeError:
        return kind.media_type == "message/rfc822" or _is_latin(content)
    return True


def _is_latin(content: bytes) -> bool:
    """Text of an older program: every byte is a letter or an ordinary control character."""
    return not any(byte < 32 and byte not in b"\t\n\r\f" for byte in content)
