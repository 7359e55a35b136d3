"""The reason codes that people give: of the right type, and valid in the legal entity (`domain 1`, `6`)."""

from customers.errors import InvalidInput
from customers.models import Reason


def find_reason(code: str | None, *, type: Reason.Type, note: str, required: bool = True) -> Reason | None:
    """The open reason `code` of `type`, of whichever legal entity; None where none is given and none is required.

    Raises `InvalidInput` on the field `reason`: `required`, `unknown`, or `closed`; and on the field `note` where the
    reason asks for one that is not given.
    """
    if not code:
        if required:
            raise InvalidInput.of("reason", "required", f"Give a reason of type {type.label.lower()}.")
        return None
    reason = Reason.objects.filter(type=type, code=code).first()
    if reason is None:
        raise InvalidInput.of("reason", "unknown", f"There is no reason {code!r} of type {type.label.lower()}.")
    if not reason.open:
        raise InvalidInput.of("reason", "closed", f"Reason {code} is closed: choose one that is open.")
    if reason.requires_note and not note.strip():
        raise InvalidInput.of("note", "required", f"Reason {code} needs a note: say what lies behind it.")
    return reason


def require_entity(reason: Reason | None, legal_entity: str) -> None:
    """Refuse a reason that belongs to another legal entity: `InvalidInput` on the field `reason`."""
    if reason is not None and reason.legal_entity_id not in (None, legal_entity):
        raise InvalidInput.of(
            "reason", "other_entity",
            f"Reason {reason.code} belongs to {reason.legal_entity_id}; choose one of {legal_entity} or a shared one.",
        )  # fmt: skip
