"""Statements prepared once on each connection, for the few questions that every call asks.

Note [Prepared by hand]. Neither Django nor psycopg2 prepares statements, so building and planning a query costs more
than running it. A question that comes with every call (whose is this token, which order is meant) is written as SQL
once, prepared once on each connection, and only executed afterwards. Without `CREDIT_PREPARE_STATEMENTS`, behind a
pooler that changes sessions between transactions, the same text runs unprepared. `credit_mgmt.compiled` does this for
querysets with slots.
"""

import hashlib
import weakref
from typing import Any

from django.conf import settings
from django.db import connection

_known: "weakref.WeakKeyDictionary[Any, set[str]]" = weakref.WeakKeyDictionary()


class Prepared:
    """SQL with named parameters, written `{name}`, of the PostgreSQL types given by name.

    Its name is made of its text, so that the same name never means two things on a connection.
    """

    def __init__(self, text: str, **types: str) -> None:
        self.name = f"credit_{hashlib.sha256(text.encode()).hexdigest()[:24]}"
        given = {name: f"%({name})s::{kind}" for name, kind in types.items()}
        numbered = {name: f"${number}" for number, name in enumerate(types, start=1)}
        self._plain = text.format(**given)
        self._prepare = f"PREPARE {self.name} ({', '.join(types.values())}) AS {text.format(**numbered)}"
        self._execute = f"EXECUTE {self.name} ({', '.join(given.values())})"

    def rows(self, **values: Any) -> list[tuple[Any, ...]]:
        """All rows for these values."""
        with connection.cursor() as cursor:
            if settings.CREDIT_PREPARE_STATEMENTS:
                self._prepare_once(cursor)
                cursor.execute(self._execute, values)
            else:
                cursor.execute(self._plain, values)
            return list(cursor.fetchall())

    def _prepare_once(self, cursor: Any) -> None:
        known = _known.setdefault(connection.connection, set())
        if self.name not in known:
            # Prepared statements outlive a rollback: they belong to the session.
            cursor.execute(self._prepare)
            known.add(self.name)
