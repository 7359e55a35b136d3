"""pytest plugin: a throw-away PostgreSQL for the run, unless DATABASE_URL names a server.

Tests that commit (`transaction=True`, `live_server`) leave what the migrations put there, whichever test is next; to
clean up after them, and for nothing else, the triggers that protect evidence from TRUNCATE are switched off for that
statement.

It works when it is imported (`-p credit_mgmt.conf.pgplugin`), as pytest-django reads the settings before any conftest.
"""

import atexit
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import pytest

from credit_mgmt.conf.embedded import Postgres

PREFIX = "credit-test-"
# Triggers BEFORE TRUNCATE (bits 2 and 32 of tgtype), and how they are enabled.
TRUNCATE_GUARDS = """
SELECT tgrelid::regclass::text, tgname, CASE tgenabled WHEN 'A' THEN 'ALWAYS' ELSE '' END
FROM pg_trigger WHERE NOT tgisinternal AND tgtype & 34 = 34 AND tgenabled IN ('O', 'A')
"""


def _locked(folder: Path) -> IO[str] | None:
    """Return the lock of a run's folder, or None while that run is alive (or its owner is someone else)."""
    try:
        lock = (folder / "lock").open("w")
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return None
    return lock


def remove_leftovers() -> None:
    """Delete the folders of runs that were killed; their servers died with them."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        if (lock := _locked(folder)) is not None:
            shutil.rmtree(folder, ignore_errors=True)
            lock.close()


class ThrowAwayDatabase:
    """A cluster in a temporary folder, gone with the test run."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix=PREFIX))
        self.lock = _locked(self.folder)
        self.folder.chmod(0o711)  # as root the server's account must pass through
        os.environ["CREDIT_EMBEDDED_ROOT"] = str(self.folder)
        try:
            self.server = Postgres(self.folder / "state", throw_away=True).start()
        except BaseException:
            shutil.rmtree(self.folder, ignore_errors=True)
            raise
        finally:
            del os.environ["CREDIT_EMBEDDED_ROOT"]

    def remove(self) -> None:
        """Stop the server and delete its files; a second time does nothing."""
        self.server.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
        if not self.server.sockets.is_relative_to(self.folder):
            shutil.rmtree(self.server.sockets, ignore_errors=True)


_database: ThrowAwayDatabase | None = None
os.environ["CREDIT_TESTING"] = "1"
if not os.environ.get("DATABASE_URL") and "PYTEST_XDIST_WORKER" not in os.environ:
    remove_leftovers()
    _database = ThrowAwayDatabase()
    atexit.register(_database.remove)  # for a run that ends before pytest is configured
    os.environ["DATABASE_URL"] = _database.server.url


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let every test that commits know the rows of the migrations, which the cleaning up after it removes."""
    for item in items:
        marker = item.get_closest_marker("django_db")
        given = dict(marker.kwargs) if marker else {}
        fixtures = getattr(item, "fixturenames", ())
        if given.get("transaction") or "transactional_db" in fixtures or "live_server" in fixtures:
            item.add_marker(
                pytest.mark.django_db(**{**given, "transaction": True, "serialized_rollback": True}), append=False
            )


@pytest.fixture(scope="session", autouse=True)
def _rows_of_the_migrations_come_back() -> Iterator[None]:
    """Put them back right after the cleaning up, not before the next test that commits, as Django does: where tests run
    on several workers, any test may come next."""
    from django.db import connections  # noqa: PLC0415 - after the settings
    from django.test import TransactionTestCase  # noqa: PLC0415 - after the settings

    case: Any = TransactionTestCase  # its hooks are not public
    clean_up, set_up = case._fixture_teardown, case._fixture_setup.__func__

    def clean_up_and_put_back(self: Any) -> None:
        clean_up(self)
        for alias in self._databases_names(include_mirrors=False):
            rows = getattr(connections[alias], "_test_serialized_contents", None)
            if self.serialized_rollback and rows is not None:
                connections[alias].creation.deserialize_db_from_string(rows)

    def set_up_as_it_is(cls: Any) -> None:
        with pytest.MonkeyPatch.context() as here:
            here.setattr(cls, "serialized_rollback", False)
            set_up(cls)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(case, "_fixture_teardown", clean_up_and_put_back)
        patch.setattr(case, "_fixture_setup", classmethod(set_up_as_it_is))
        yield


@pytest.fixture(scope="session", autouse=True)
def _evidence_can_be_cleaned_up() -> Iterator[None]:
    """Extend Django's flush, which TransactionTestCase calls, for tables that refuse TRUNCATE."""
    from django.db.backends.postgresql.operations import DatabaseOperations  # noqa: PLC0415 - after the settings

    flush = DatabaseOperations.sql_flush

    def sql_flush(self: DatabaseOperations, *arguments: Any, **options: Any) -> list[str]:
        statements = flush(self, *arguments, **options)
        with self.connection.cursor() as cursor:
            cursor.execute(TRUNCATE_GUARDS)
            guards = cursor.fetchall()
        off = [f'ALTER TABLE {table} DISABLE TRIGGER "{name}";' for table, name, _ in guards]
        on = [f'ALTER TABLE {table} ENABLE {how} TRIGGER "{name}";' for table, name, how in guards]
        return [*off, *statements, *on] if statements else []

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DatabaseOperations, "sql_flush", sql_flush)
        yield


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove what this plugin started."""
    if _database is not None:
        _database.remove()
