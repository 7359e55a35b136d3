"""Indexes for searching inside texts: PostgreSQL's extension `pg_trgm`, where the database has it.

The extension is *trusted*, so the owner of a database may create it; some hosts forbid that all the same. Then nothing
fails: the same searches give the same answers without their indexes, slower in large lists, and
`manage create_search_indexes` makes up for it once somebody with the right has created the extension.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import DatabaseError, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

logger = logging.getLogger(__name__)

CREATE_EXTENSION = "CREATE EXTENSION IF NOT EXISTS pg_trgm"


@dataclass(frozen=True, slots=True)
class TextIndex:
    """An index of upper-case `column`, which is what `icontains` asks for; only of the rows that meet `condition`."""

    name: str
    table: str
    column: str
    condition: str = ""

    def create(self) -> str:
        """The statement that makes it, unless it is there."""
        where = f" WHERE {self.condition}" if self.condition else ""
        on = f"{self.table} USING gin (UPPER({self.column}) gin_trgm_ops)"
        return f"CREATE INDEX IF NOT EXISTS {self.name} ON {on}{where}"

    def drop(self) -> str:
        """The statement that removes it, if it is there."""
        return f"DROP INDEX IF EXISTS {self.name}"


CUSTOMER_NAME = TextIndex("customer_name_text", "customers_customer", "name")
CUSTOMER_ACCOUNT = TextIndex("customer_account_text", "customers_customer", "account")
ORDER_NUMBER = TextIndex("order_number_text", "customers_salesorder", "number")
TEXT_INDEXES = (CUSTOMER_NAME, CUSTOMER_ACCOUNT, ORDER_NUMBER)


def create_text_indexes(connection: BaseDatabaseWrapper, indexes: Sequence[TextIndex]) -> bool:
    """Make `indexes`, and the extension before them. Returns False, and says why, where the role may not."""
    with connection.cursor() as cursor:
        try:
            with transaction.atomic(using=connection.alias):
                cursor.execute(CREATE_EXTENSION)
        except DatabaseError as problem:
            logger.warning(
                "The extension pg_trgm could not be created (%s): searching in texts works, without an index. Let the"
                " owner of the server run “%s”, then run: manage create_search_indexes",
                str(problem).strip().splitlines()[0],
                CREATE_EXTENSION,
            )
            return False
        for index in indexes:
            cursor.execute(index.create())
    return True


def drop_text_indexes(connection: BaseDatabaseWrapper, indexes: Sequence[TextIndex]) -> None:
    """Remove `indexes`; the extension stays, as others may use it."""
    with connection.cursor() as cursor:
        for index in indexes:
            cursor.execute(index.drop())
