"""A kept connection is used without a question while the server's end of it is silent, and replaced when that ended."""

from collections.abc import Iterator

import pytest
from django.db import IntegrityError, connection

from credit_mgmt.conf.database.base import DatabaseWrapper

pytestmark = pytest.mark.django_db


@pytest.fixture
def kept() -> Iterator[DatabaseWrapper]:
    """A connection between two requests, as a thread of the web server keeps it."""
    other = connection.copy()
    assert isinstance(other, DatabaseWrapper)
    with other.cursor() as cursor:
        cursor.execute("SELECT 'the last request'")
    other.close_if_unusable_or_obsolete()
    yield other
    other.close()


def session_of(kept: DatabaseWrapper) -> int:
    return int(kept.connection.get_backend_pid())


def last_statement_of(kept: DatabaseWrapper) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT query FROM pg_stat_activity WHERE pid = %s", [session_of(kept)])
        return str(cursor.fetchone()[0])


def end(kept: DatabaseWrapper) -> None:
    """End the session from the server's side, and wait until it is gone."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 10000)", [session_of(kept)])
        assert cursor.fetchone()[0]


def test_a_connection_that_lives_is_used_without_asking(kept: DatabaseWrapper) -> None:
    assert kept.is_usable()
    assert last_statement_of(kept) == "SELECT 'the last request'"


def test_after_an_error_the_server_is_asked(kept: DatabaseWrapper) -> None:
    kept.errors_occurred = True
    assert kept.is_usable()
    assert last_statement_of(kept) == "SELECT 1"


def test_a_session_that_the_server_ended_is_replaced_before_the_next_statement(kept: DatabaseWrapper) -> None:
    before = session_of(kept)
    end(kept)
    with kept.cursor() as cursor:
        cursor.execute("SELECT 2")
        assert cursor.fetchone() == (2,)
    assert session_of(kept) != before


def test_a_closed_connection_is_not_usable(kept: DatabaseWrapper) -> None:
    kept.connection.close()
    assert not kept.is_usable()
    kept.close()
    assert not kept.is_usable()


def test_in_a_transaction_that_failed_nothing_can_be_asked(kept: DatabaseWrapper) -> None:
    """A refusal by a constraint is no error of the connection; Django would go on and ask in vain."""
    kept.set_autocommit(False)
    with kept.cursor() as cursor, pytest.raises(IntegrityError):
        cursor.execute("INSERT INTO customers_currency (code, minor_units) VALUES ('??', 2)")
    assert not kept.errors_occurred
    assert not kept.is_usable()
    kept.rollback()
    assert kept.is_usable()
