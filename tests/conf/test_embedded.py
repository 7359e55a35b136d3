"""The embedded servers: started, killed, started again, and never in anybody's way."""

import os
import signal
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psycopg2
import pytest

from credit_mgmt.conf import embedded, processes


@pytest.fixture
def place(monkeypatch):
    """A folder that the database's account may pass through, with a space in its name."""
    with tempfile.TemporaryDirectory(prefix="credit test ") as name:
        Path(name).chmod(0o711)
        monkeypatch.setenv("CREDIT_EMBEDDED_ROOT", name)
        yield Path(name)


@pytest.fixture
def postgres(place):
    server = embedded.Postgres(place / "state", throw_away=True)
    yield server
    server.stop()


@pytest.fixture
def valkey(place):
    server = embedded.Valkey(place / "state")
    yield server
    server.stop()


def query(server: embedded.Postgres, sql: str) -> list[tuple[object, ...]]:
    connection = psycopg2.connect(server.url)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall() if cursor.description else []
    finally:
        connection.close()


def kill_hard(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()


class TestPostgres:
    def test_listens_on_no_port(self, postgres):
        postgres.start()
        assert query(postgres, "SHOW listen_addresses") == [("",)]

    def test_keeps_what_was_committed_through_a_hard_kill(self, postgres):
        postgres.throw_away = False
        postgres.start()
        query(postgres, "CREATE TABLE kept AS SELECT 1 AS n")
        kill_hard(postgres.process)
        assert query(postgres.start(), "SELECT n FROM kept") == [(1,)]

    def test_starts_although_the_pid_file_names_a_program_that_is_not_ours_and_leaves_that_alone(self, postgres):
        postgres.start()
        kill_hard(postgres.process)
        with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as bystander:
            pid_file = postgres.data / "postmaster.pid"
            pid_file.write_text(f"{bystander.pid}\n" + "".join(pid_file.read_text().splitlines(True)[1:]))
            postgres.start()
            assert bystander.poll() is None
            bystander.kill()

    def test_makes_the_cluster_again_when_initdb_was_interrupted(self, postgres):
        (postgres.data / "PG_VERSION").write_text("18\n")
        assert query(postgres.start(), "SELECT 1") == [(1,)]

    def test_shows_its_password_to_this_user_only(self, postgres):
        postgres.start()
        assert stat.S_IMODE(postgres.password_file.stat().st_mode) == 0o600
        assert not (postgres.sockets / "initial-password").exists()

    def test_refuses_another_password(self, postgres):
        postgres.start()
        with pytest.raises(psycopg2.Error, match="password authentication failed"):
            psycopg2.connect(host=str(postgres.sockets), user=embedded.OWNER, password="guessed", dbname="postgres")

    def test_puts_its_socket_elsewhere_when_the_path_is_too_long_for_one(self, place):
        server = embedded.Postgres(place / ("long" * 30) / "state", throw_away=True)
        if os.geteuid() != 0:  # as root the data is below CREDIT_EMBEDDED_ROOT, whatever the checkout's path
            assert not server.sockets.is_relative_to(place)
        try:
            assert query(server.start(), "SELECT 1") == [(1,)]
        finally:
            server.stop()

    def test_does_not_take_a_folder_of_someone_else(self, place, monkeypatch):
        theirs = place / "theirs"
        theirs.mkdir()
        monkeypatch.setattr(os, "geteuid", lambda: theirs.stat().st_uid + 1)
        with pytest.raises(embedded.NotStarted, match="belongs to someone else"):
            embedded._own_folder(theirs, 0o700, None)

    def test_says_why_when_it_cannot_start(self, postgres):
        postgres.start()
        postgres.stop()
        (postgres.data / "postgresql.conf").write_text("max_connections = many\n")
        with pytest.raises(embedded.NotStarted, match="max_connections"):
            postgres.start()


class TestValkey:
    def test_keeps_messages_through_a_stop(self, valkey):
        valkey.start()
        assert valkey._ask(b"RPUSH q m") == b":1\r\n"
        valkey.stop()
        assert valkey.start()._ask(b"LLEN q") == b":1\r\n"

    def test_ends_an_orphan_before_it_starts(self, valkey, place):
        orphan = valkey.start().process
        again = embedded.Valkey(place / "state").start()
        try:
            assert orphan.wait(5) is not None
            assert again._answers()
        finally:
            again.stop()

    def test_is_open_to_this_user_only(self, valkey):
        valkey.start()
        assert stat.S_IMODE(valkey.socket.stat().st_mode) == 0o700
        assert stat.S_IMODE(valkey.socket.parent.stat().st_mode) == 0o700


class TestChild:
    @pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux tells children of a parent's death")
    def test_dies_with_its_parent(self):
        code = (
            "import sys, time; from credit_mgmt.conf import processes;"
            "child = processes.start([sys.executable, '-c', 'import time; time.sleep(60)']);"
            "print(child.pid, flush=True); time.sleep(60)"
        )
        parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
        assert parent.stdout
        child = int(parent.stdout.readline())
        kill_hard(parent)
        parent.stdout.close()
        deadline = time.monotonic() + 5
        while processes.command_line(child) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert processes.command_line(child) == ""

    def test_is_killed_with_its_group_when_it_does_not_stop(self):
        stubborn = "import signal, time; signal.signal(15, signal.SIG_IGN); print('on', flush=True); time.sleep(60)"
        process = subprocess.Popen([sys.executable, "-c", stubborn], stdout=subprocess.PIPE, start_new_session=True)
        assert process.stdout
        assert process.stdout.readline() == b"on\n"
        assert processes.stop(process, patience=0.2) is False
        assert process.returncode == -signal.SIGKILL
        process.stdout.close()
