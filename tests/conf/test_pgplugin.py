"""The throw-away database of the tests, and the tests that commit."""

import os
import subprocess
import sys
import tempfile
from itertools import takewhile
from pathlib import Path

import pytest
from django.contrib.auth.models import Permission
from django.db import connection

from credit_mgmt.conf import pgplugin
from credit_mgmt.conf.state import ROOT
from credit_mgmt.models import Parameters


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("time", ["first", "second"])
class TestTestThatCommits:
    def test_begins_with_the_rows_of_the_migrations(self, time):
        assert Parameters.objects.count() == 1  # the default row of domain 10
        assert Permission.objects.exists()

    def test_is_cleaned_up_and_evidence_stays_protected(self, time):
        with connection.cursor() as cursor:
            cursor.execute(pgplugin.TRUNCATE_GUARDS)
            assert {"credit_mgmt_limithistory", "holds_holdevent"} <= {table for table, _, _ in cursor.fetchall()}


class TestLeftovers:
    def test_of_a_killed_run_are_removed_and_those_of_a_living_one_are_not(self, tmp_path, monkeypatch):
        monkeypatch.setattr(tempfile, "gettempdir", lambda: str(tmp_path))
        dead, alive = tmp_path / "credit-test-dead", tmp_path / "credit-test-alive"
        dead.mkdir()
        alive.mkdir()
        with pgplugin._locked(alive) or pytest.fail("nobody else has it"):
            pgplugin.remove_leftovers()
            assert not dead.exists()
            assert alive.exists()


class TestRunOfPytest:
    @pytest.fixture
    def env(self, tmp_path):
        names = ("DATABASE_URL", "PYTEST_XDIST_WORKER")
        return {**{name: value for name, value in os.environ.items() if name not in names}, "TMPDIR": str(tmp_path)}

    def test_leaves_nothing_even_if_it_ends_before_pytest_is_configured(self, env, tmp_path):
        tmp_path.chmod(0o711)
        ours = Path(tempfile.gettempdir()).resolve()
        for parent in takewhile(lambda folder: folder != ours, tmp_path.resolve().parents):
            parent.chmod(0o711)  # pytest's own folders, closed to the account that the database runs as
        line = [sys.executable, "-m", "pytest", "--no-such-option"]
        done = subprocess.run(line, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
        assert "unrecognized arguments" in done.stderr
        assert list(Path(tmp_path).iterdir()) == []

    def test_starts_nothing_when_a_database_is_given(self, env, tmp_path):
        line = [sys.executable, "-c", "import credit_mgmt.conf.pgplugin as plugin; print(plugin._database)"]
        env |= {"DATABASE_URL": "postgres:///somewhere"}
        done = subprocess.run(line, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
        assert done.stdout.strip() == "None", done.stderr
        assert list(Path(tmp_path).iterdir()) == []
