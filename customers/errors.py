"""What services raise, in the words of their caller. Edges translate: 400, 409, 404, 503 (`api.md` Errors).

`NotAllowed` (403) and `OutOfScope` (404) stand beside the policy table in `customers.access`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class FieldError:
    """One thing wrong with one field; `message` names the remedy.

    `field` is the path as the caller wrote it, e.g. `lines[2].quantity`; empty for the row as a whole.
    """

    field: str
    code: str
    message: str


class InvalidInput(Exception):
    """The input cannot be accepted and nothing was changed (400)."""

    def __init__(self, errors: Iterable[FieldError]) -> None:
        self.errors: tuple[FieldError, ...] = tuple(errors)
        super().__init__("; ".join(f"{error.field}: {error.message}" for error in self.errors))

    @classmethod
    def of(cls, field: str, code: str, message: str) -> "InvalidInput":
        """The common case: one field, one error."""
        return cls([FieldError(field, code, message)])


class Refused(Exception):
    """The input is good, but the state of things forbids it (409); `code` is stable, `extra` goes into the answer.

    `errors` names the parts that forbid it, where it is a whole of many: the lines of a journal.
    """

    def __init__(
        self,
        code: str,
        message: str,
        extra: Mapping[str, Any] | None = None,
        errors: Iterable[FieldError] = (),
    ) -> None:
        self.code = code
        self.message = message
        self.extra: dict[str, Any] = dict(extra or {})
        self.errors: tuple[FieldError, ...] = tuple(errors)
        super().__init__(message)


class NotFound(Exception):
    """There is no such object (404)."""

    def __init__(self, message: str) -> None:
        self.message = message
        super().__init__(message)


class NotDecided(Exception):
    """No decision was possible in time and nothing was done (503); ask again after `retry_after` seconds."""

    def __init__(self, message: str, retry_after: int = 1) -> None:
        self.message = message
        self.retry_after = retry_after
        super().__init__(message)
