"""`./run` for real: started, used beside, killed, started again, stopped. No demonstration, so nothing is seeded."""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

import pytest

from credit_mgmt.conf import processes, supervisor
from credit_mgmt.conf.state import ROOT, State

UNDISTURBED = 1.0  # seconds that Django's command line needs to start on two cores that have nothing else to do
KEY = "0123456789abcdef" * 4


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Run:
    """One `./run` in a state folder of its own."""

    def __init__(self, place: Path, port: int) -> None:
        inherited = {
            name: value for name, value in os.environ.items() if not name.startswith(("CREDIT_", "DATABASE_", "DEBUG"))
        }
        self.state = State(place / "state")
        self.env = {
            **inherited,
            "CREDIT_STATE_DIR": str(self.state.folder),
            "CREDIT_EMBEDDED_ROOT": str(place),
            "SECRET_KEY": KEY,
            "ALLOWED_HOSTS": "credit.example",
            "PORT": str(port),
        }
        self.lines: list[str] = []
        self.process: subprocess.Popen[str] | None = None

    def start(self, patience: float = 90) -> float:
        """Return the seconds until it was ready."""
        began = time.monotonic()
        line = [sys.executable, "-m", "credit_mgmt.conf.supervisor"]
        self.process = process = subprocess.Popen(
            line, cwd=ROOT, env=self.env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        ready = threading.Event()

        def read() -> None:
            for text in process.stdout or ():
                self.lines.append(text)
                if text.startswith("Ready after"):
                    ready.set()

        threading.Thread(target=read, daemon=True).start()
        while not ready.wait(0.1):
            assert process.poll() is None, "".join(self.lines)
            assert time.monotonic() - began < patience, "".join(self.lines)
        return time.monotonic() - began

    def family(self) -> list[int]:
        """Return the processes of this run, found by what only they have in their environment or command line."""
        marks = str(self.state.folder.parent).encode()
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                if marks in (entry / "environ").read_bytes() or marks in (entry / "cmdline").read_bytes():
                    found.append(int(entry.name))
            except OSError:  # gone meanwhile, or not ours
                continue
        return found

    def running(self, command: str) -> list[int]:
        return [pid for pid in self.family() if command in processes.command_line(pid)]

    def manage(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        env = {name: value for name, value in self.env.items() if name not in ("SECRET_KEY", "ALLOWED_HOSTS")}
        line = [sys.executable, "-m", "credit_mgmt.conf.manage", *arguments]
        return subprocess.run(line, cwd=ROOT, env=env, capture_output=True, text=True, check=False, timeout=120)

    def wait_until_gone(self, patience: float = 20) -> list[int]:
        deadline = time.monotonic() + patience
        while (left := self.family()) and time.monotonic() < deadline:
            time.sleep(0.05)
        return left


@pytest.fixture(scope="module")
def run():
    with tempfile.TemporaryDirectory(prefix="credit run ") as name:
        Path(name).chmod(0o711)
        run = Run(Path(name), free_port())
        yield run
        if run.process is not None and run.process.poll() is None:
            run.process.terminate()
            run.process.wait(30)


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs /proc to find the processes of a run")
class TestRun:
    """One story in order: each step stands on the one before."""

    def test_manage_works_alone_and_leaves_nothing_running(self, run):
        done = run.manage("migrate", "-v", "0")
        assert done.returncode == 0, done.stderr
        assert run.wait_until_gone() == []

    def test_becomes_ready_and_answers(self, run):
        run.start()
        address = f"http://127.0.0.1:{run.env['PORT']}/api/v1/health/ready"
        question = urllib.request.Request(address, headers={"Host": "credit.example"})
        with urllib.request.urlopen(question, timeout=5) as answer:
            assert json.load(answer) == {"status": "ok", "database": "ok", "broker": "ok"}

    def test_lets_manage_work_beside_it(self, run):
        done = run.manage("shell", "-v", "0", "-c", "from django.conf import settings; print(settings.SECRET_KEY)")
        assert done.stdout.strip() == KEY, done.stderr

    def test_passes_on_the_exit_code_of_a_command(self, run):
        assert run.manage("no-such-command").returncode == 1

    def test_does_not_start_twice(self, run):
        line = [sys.executable, "-m", "credit_mgmt.conf.supervisor"]
        done = subprocess.run(line, cwd=ROOT, env=run.env, capture_output=True, text=True, check=False)
        assert done.returncode == 1
        assert f"Already running: http://127.0.0.1:{run.env['PORT']}/" in done.stderr

    def test_starts_a_crashed_worker_again(self, run):
        deadline = time.monotonic() + 40
        while not (workers := run.running("celery -A credit_mgmt.conf worker")):
            assert time.monotonic() < deadline, run.lines
            time.sleep(0.05)
        os.kill(workers[0], signal.SIGKILL)
        while not any("worker ended with -9, starting it again" in line for line in run.lines):
            assert time.monotonic() < deadline, run.lines
            time.sleep(0.05)

    def test_leaves_nothing_behind_when_it_is_killed(self, run):
        run.process.kill()
        run.process.wait()
        assert run.wait_until_gone() == []

    def test_starts_again_after_the_kill_within_fifteen_seconds(self, run):
        began = time.monotonic()
        subprocess.run(
            [sys.executable, "manage.py", "--version"], cwd=ROOT, env=run.env, check=True, capture_output=True
        )
        busy = (
            time.monotonic() - began
        ) / UNDISTURBED  # other programs' share of the machine is not ours to answer for
        assert run.start() < 15 * max(1.0, busy)

    @pytest.mark.parametrize("stop_signal", [signal.SIGINT, signal.SIGHUP], ids=["Ctrl-C", "a closed terminal"])
    def test_stops_everything_on(self, run, stop_signal):
        if run.process.poll() is not None:
            run.start()
        run.process.send_signal(stop_signal)
        assert run.process.wait(40) == 0
        assert run.wait_until_gone() == []
        assert run.state.published() is None


class TestPort:
    def test_is_the_first_free_one(self, monkeypatch):
        monkeypatch.setattr(processes, "port_is_free", lambda port, host: port == 8003)
        assert supervisor.choose_port(None, "127.0.0.1") == 8003

    def test_is_the_one_asked_for(self):
        port = free_port()
        assert supervisor.choose_port(str(port), "127.0.0.1") == port

    def test_is_refused_in_one_sentence_when_someone_else_has_it(self):
        with socket.socket() as other:
            other.bind(("127.0.0.1", 0))
            other.listen()
            taken = other.getsockname()[1]
            with pytest.raises(SystemExit, match=f"Port {taken} is taken: set PORT to a free one"):
                supervisor.choose_port(str(taken), "127.0.0.1", patience=0)

    @pytest.mark.parametrize("wanted", ["http", "0", "65536", "-1", "80.5"])
    def test_is_refused_when_it_is_none(self, wanted):
        with pytest.raises(SystemExit, match="from 1 to 65535"):
            supervisor.choose_port(wanted, "127.0.0.1")


class TestCrashes:
    def test_are_answered_later_each_time_and_at_last_given_up(self):
        child = supervisor.Child("worker", started=100.0)
        waits, more = [], []
        for _ in range(4):
            more.append(child.note_crash(now=110.0))
            waits.append(child.start_at - 110.0)
        assert waits == [1.0, 2.0, 4.0, 8.0]
        assert more == [True, True, True, False]

    def test_are_forgotten_after_a_healthy_minute(self):
        child = supervisor.Child("worker", started=100.0, crashes=3)
        assert child.note_crash(now=161.0)
        assert child.crashes == 1
