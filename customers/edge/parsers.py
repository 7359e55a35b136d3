"""JSON as it was meant: no duplicate names, no NaN, fractions kept exactly, a bounded size; and a digest."""

import hashlib
import json
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import IO, Any, NoReturn

from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

from customers.edge.problems import TooLarge

LARGEST_BODY = 64 * 1024 * 1024
"""Bytes; 10,000 orders of ten lines are about 20 MB."""
HALF_A_CHARACTER = re.compile(rb"\\u[dD][89a-fA-F]")


class StrictJSONParser(BaseParser):
    """The parser of every endpoint. Leaves the body's digest on the request, for `customers.edge.idempotency`."""

    media_type = "application/json"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        """The body as Python values: fractions as `Decimal`. Raises `ParseError`, `TooLarge`."""
        body: bytes = stream.read(LARGEST_BODY + 1)
        if len(body) > LARGEST_BODY:
            raise TooLarge
        if parser_context and "request" in parser_context:
            parser_context["request"]._request.body_digest = hashlib.sha256(body).hexdigest()
        try:
            value = json.loads(
                body.decode("utf-8"),
                parse_float=Decimal,
                parse_constant=_refuse_constant,
                object_pairs_hook=_without_duplicates,
            )
        except (ValueError, RecursionError) as problem:
            raise ParseError(f"The body is not JSON: {problem}.") from problem
        _refuse_unstorable(body, value)
        return value


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a number in JSON")


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the name {twice!r} stands twice in one object")
    return made


def _refuse_unstorable(body: bytes, value: Any) -> None:
    """Refuse what JSON can write and a database cannot keep: NUL, and halves of characters."""
    if rb"\u0000" in body:
        raise ParseError("The body has a NUL character (\\u0000), which cannot be stored.")
    if HALF_A_CHARACTER.search(body):
        try:
            json.dumps(value, ensure_ascii=False, default=str).encode("utf-8")
        except UnicodeEncodeError as problem:
            raise ParseError("The body has half of a surrogate pair, which is no character.") from problem
