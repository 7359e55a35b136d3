"""`.run/`: one starter per checkout, and what it tells the commands beside it."""

import os
import stat
import subprocess
import sys
import time

import pytest

from credit_mgmt.conf.state import ROOT, State

HOLD = """
import sys, time
from pathlib import Path
from credit_mgmt.conf.state import State
state = State(Path(sys.argv[1]))
assert state.take()
state.publish({"CREDIT_ADDRESS": "http://somewhere/"})
print("taken", flush=True)
time.sleep(60)
"""


@pytest.fixture
def state(tmp_path):
    return State(tmp_path / "with space" / ".run")


@pytest.fixture
def other_starter(state):
    process = subprocess.Popen([sys.executable, "-c", HOLD, state.folder], cwd=ROOT, stdout=subprocess.PIPE)
    assert process.stdout
    assert process.stdout.readline() == b"taken\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


class TestFolder:
    def test_of_another_user_is_refused_with_what_to_do(self, state, monkeypatch):
        monkeypatch.setattr(os, "geteuid", lambda: state.folder.stat().st_uid + 1)
        with pytest.raises(SystemExit, match="belongs to another user: run this as that user"):
            State(state.folder)


class TestTake:
    def test_is_refused_while_another_process_has_it(self, state, other_starter):
        assert not state.take()

    def test_is_granted_after_the_other_was_killed_and_forgets_its_addresses(self, state, other_starter):
        other_starter.kill()
        other_starter.wait()
        assert state.published() is not None
        assert state.take(patience=5)
        assert state.published() is None

    def test_gives_up_after_its_patience(self, state, other_starter):
        began = time.monotonic()
        assert not state.take(patience=0.3)
        assert 0.3 <= time.monotonic() - began < 5


class TestAddresses:
    def test_are_read_as_they_were_written(self, state):
        state.publish({"DATABASE_URL": "postgres://u:p@/db?host=/a%20b"})
        assert state.published() == {"DATABASE_URL": "postgres://u:p@/db?host=/a%20b"}

    def test_are_for_this_user_only(self, state):
        state.publish({"DATABASE_URL": "postgres://u:secret@/db"})
        assert stat.S_IMODE((state.folder / "running.json").stat().st_mode) == 0o600
        assert stat.S_IMODE(state.folder.stat().st_mode) == 0o700

    def test_are_gone_after_a_withdrawal(self, state):
        state.publish({})
        state.withdraw()
        assert state.published() is None


class TestSecretKey:
    def test_is_generated_once_and_kept_for_this_user_only(self, state):
        key = state.secret_key()
        assert len(key) > 50
        assert State(state.folder).secret_key() == key
        assert stat.S_IMODE((state.folder / "secret-key").stat().st_mode) == 0o600

    def test_differs_between_checkouts(self, state, tmp_path):
        assert state.secret_key() != State(tmp_path / "other").secret_key()
