"""`./run`: database, broker, web, worker and schedule in one process tree, until Ctrl-C."""

import os
import signal
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass, field
from urllib.error import URLError

from credit_mgmt.conf import processes
from credit_mgmt.conf.commands import command
from credit_mgmt.conf.services import Services
from credit_mgmt.conf.state import ROOT, State

STOP_ORDER = ("beat", "web", "worker")  # first nobody starts jobs, then nobody asks, then the work ends
HEAD_START = 10.0  # seconds that web has at most before worker and beat start
TRIES = 4
HEALTHY_AFTER = 60.0  # seconds up, after which earlier crashes are forgotten
PATIENCE = 15.0  # seconds to finish what is being done; jobs survive a kill, so longer is not safer
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass
class Child:
    """One of web, worker and beat: restarted when it crashes, later each time."""

    role: str
    process: subprocess.Popen[bytes] | None = None
    crashes: int = 0
    start_at: float = 0.0
    started: float = field(default=0.0)

    def note_crash(self, now: float) -> bool:
        """Count a crash and plan the next start; return False when it is time to give up."""
        self.crashes = 1 if now - self.started > HEALTHY_AFTER else self.crashes + 1
        self.process = None
        self.start_at = now + 0.5 * 2**self.crashes
        return self.crashes < TRIES


class Supervisor:
    """Starts everything, watches it, stops everything. All children are started from the main thread."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.services = Services(state)
        self.children = [Child(role) for role in STOP_ORDER]
        self.signals = 0
        self.env: dict[str, str] = {}
        self.logs = state.folder / "logs"

    def on_signal(self, *_: object) -> None:
        """Stop; a second signal stops without patience."""
        self.signals += 1

    def run(self) -> int:
        """Run until a signal or until something cannot be kept alive; return the exit code."""
        began = time.monotonic()
        for number in STOP_SIGNALS:
            signal.signal(number, self.on_signal)
        try:
            self.services.start()
            self.env = self._environment()
            users = self._prepare()
            if users is None or self.signals:
                return 0 if self.signals else 1
            self.state.publish({**self.services.shared(self.env), "CREDIT_ADDRESS": self.address})
            return self._serve(began, users)
        finally:
            say("Stopping ...")
            self.state.withdraw()
            self._stop_children()
            self.services.stop()

    def _environment(self) -> dict[str, str]:
        self.logs.mkdir(mode=0o700, exist_ok=True)
        env = {"WEB_WORKERS": "1", "WORKER_POOL": "threads", **self.services.environment()}
        return {**env, "PORT": str(choose_port(env.get("PORT"), env.get("HOST", "127.0.0.1")))}

    @property
    def address(self) -> str:
        """Where to point a browser."""
        host = self.env.get("HOST", "127.0.0.1")
        return f"http://{'127.0.0.1' if host == '0.0.0.0' else host}:{self.env['PORT']}/"  # noqa: S104 - compared

    def _prepare(self) -> str | None:
        """Migrate, collect, seed; return what to tell about demo users, or None if it failed."""
        preparing = subprocess.Popen(
            command("prepare", self.env),
            env=self.env,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
            preexec_fn=processes.child_setup(None, signal.SIGTERM),  # noqa: PLW1509 - as in processes.start
        )
        while True:
            try:
                users, _ = preparing.communicate(timeout=0.2)
            except subprocess.TimeoutExpired:
                if self.signals:
                    preparing.terminate()
                continue
            if preparing.returncode and not self.signals:
                say("Preparing the database failed; the reason is above.")
            return None if preparing.returncode else users

    def _serve(self, began: float, users: str) -> int:
        ready = False
        # The page first: three starts at once on two cores would let it wait for what works in the background.
        for child in self.children:
            child.start_at = 0.0 if child.role == "web" else time.monotonic() + HEAD_START
        while not self.signals:
            if (server := self.services.dead()) is not None:
                say(f"{server} stopped by itself; see {self.state.folder}.")
                return 1
            if not self._keep_alive():
                return 1
            if not ready and self._answers():
                ready = True
                for child in self.children:
                    child.start_at = min(child.start_at, time.monotonic())
                say(f"\n{users}Ready after {time.monotonic() - began:.0f} s: {self.address}")
                say(f"Logs are in {self.logs}. Ctrl-C stops everything.")
            time.sleep(0.2)
        return 0

    def _keep_alive(self) -> bool:
        now = time.monotonic()
        for child in self.children:
            if child.process is None and now >= child.start_at:
                child.started = now
                child.process = processes.start(
                    command(child.role, self.env), env=self.env, cwd=ROOT, log=self.logs / f"{child.role}.log"
                )
            elif child.process is not None and child.process.poll() is not None:
                code = child.process.returncode
                processes.kill_group(child.process.pid)
                more = child.note_crash(now)
                log = self.logs / f"{child.role}.log"
                say(f"{child.role} ended with {code}, {'starting it again' if more else 'giving up'}; see {log}.")
                if not more:
                    say(last_lines(log.read_text(errors="replace")))
                    return False
        return True

    def _answers(self) -> bool:
        # Asked under a name that the settings accept.
        named = self.env.get("ALLOWED_HOSTS", "").split(",")[0].strip().lstrip(".")
        headers = {"Host": named} if named not in ("", "*") else {}
        question = urllib.request.Request(f"{self.address}api/v1/health/ready", headers=headers)  # noqa: S310 - http
        try:
            with urllib.request.urlopen(question, timeout=2) as answer:  # noqa: S310 - http, our own address
                return bool(answer.status == 200)
        except (URLError, OSError):  # not listening yet, or not ready
            return False

    def _stop_children(self) -> None:
        running = [child.process for child in self.children if child.process is not None]
        for process in running:
            if process.poll() is None:
                process.terminate()
        deadline, asked = time.monotonic() + PATIENCE, self.signals
        while any(process.poll() is None for process in running):
            if time.monotonic() > deadline or self.signals > asked:
                break
            time.sleep(0.05)
        for process in running:
            processes.kill_group(process.pid)
            process.wait()


def say(text: str) -> None:
    """Tell the person at the terminal, who may have closed it."""
    try:
        print(text, flush=True)
    except OSError:  # SIGHUP: nobody reads, and stopping must go on
        return


def last_lines(text: str, count: int = 15) -> str:
    """Return the end of a log."""
    return "\n".join(text.splitlines()[-count:])


def choose_port(wanted: str | None, host: str, patience: float = 10) -> int:
    """Return the port to serve on: `wanted`, or the first free one from 8000.

    :raises SystemExit: it is taken (for longer than a killed predecessor needs to go), or is no port.
    """
    if not wanted:
        for port in range(8000, 8100):
            if processes.port_is_free(port, host):
                return port
        raise SystemExit("Ports 8000 to 8099 are all taken: set PORT to a free one.")
    if not wanted.isdecimal() or not 0 < int(wanted) < 65536:
        raise SystemExit(f"PORT is {wanted!r}: set it to a number from 1 to 65535.")
    deadline = time.monotonic() + patience
    while not processes.port_is_free(int(wanted), host):
        if time.monotonic() > deadline:
            raise SystemExit(f"Port {wanted} is taken: set PORT to a free one.")
        time.sleep(0.2)
    return int(wanted)


def main() -> int:
    """Start everything, unless this checkout is running already."""
    state = State()
    if not state.take():
        running = (state.published() or {}).get("CREDIT_ADDRESS")
        if running is not None:
            sys.exit(f"Already running: {running}")
        say("Waiting for another ./run of this checkout ...")
        if not state.take(patience=60):
            sys.exit("Another ./run of this checkout does not end: stop it, or see .run/.")
    return Supervisor(state).run()


if __name__ == "__main__":
    os.chdir(ROOT)
    sys.exit(main())
