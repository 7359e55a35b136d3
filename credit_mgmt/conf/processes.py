"""Child processes that die with their parent, as the account they should run as. Standard library only."""

import ctypes
import os
import pwd
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO

PR_SET_PDEATHSIG = 1
# Loaded here, because nothing may be imported between fork and exec.
_LIBC = ctypes.CDLL(None) if sys.platform.startswith("linux") else None


def die_with_parent(death_signal: signal.Signals) -> None:
    """Ask the kernel to send `death_signal` when the parent's thread ends; macOS has no such call."""
    if _LIBC is not None:
        _LIBC.prctl(PR_SET_PDEATHSIG, int(death_signal))


def child_setup(
    account: pwd.struct_passwd | None, death_signal: signal.Signals | None, own_group: bool = True
) -> Callable[[], None]:
    """Return what a child does between fork and exec: own group (Ctrl-C stays ours), account, tight umask."""

    def setup() -> None:
        if own_group:
            os.setpgid(0, 0)
        if account is not None:
            os.setgroups([])
            os.setgid(account.pw_gid)
            os.setuid(account.pw_uid)
            os.umask(0o077)
        if death_signal is not None:
            die_with_parent(death_signal)  # after setuid, which clears it

    return setup


def start(
    command: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | str = "/",
    log: Path | None = None,
    account: pwd.struct_passwd | None = None,
    death_signal: signal.Signals = signal.SIGTERM,
) -> subprocess.Popen[bytes]:
    """Start `command` in its own process group, writing to `log`. Call it from the main thread only: the kernel's
    parent-death signal follows the thread that forked."""
    output: IO[bytes] | int = log.open("ab") if log else subprocess.DEVNULL
    try:
        return subprocess.Popen(
            command,
            env=env,
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            preexec_fn=child_setup(account, death_signal),  # noqa: PLW1509 - no thread of ours runs while forking
        )
    finally:
        if not isinstance(output, int):
            output.close()


def stop(process: subprocess.Popen[bytes], stop_signal: signal.Signals = signal.SIGTERM, patience: float = 15) -> bool:
    """Stop `process` and whatever is left of its group; return False if it had to be killed."""
    willing = True
    if process.poll() is None:
        process.send_signal(stop_signal)
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            willing = False
    kill_group(process.pid)
    process.wait()
    return willing


def kill_group(leader: int) -> None:
    """Kill every process of the group; none left is fine."""
    try:
        os.killpg(leader, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):  # macOS answers EPERM for a group of zombies
        return


def unprivileged_account() -> pwd.struct_passwd:
    """Return an existing account for the server processes that refuse to run as root."""
    for name in ("postgres", "nobody", "daemon"):
        try:
            account = pwd.getpwnam(name)
        except KeyError:
            continue
        if account.pw_uid != 0:
            return account
    raise SystemExit("PostgreSQL does not run as root, and there is no account 'postgres', 'nobody' or 'daemon'.")


def can_use(path: Path, account: pwd.struct_passwd, mode: int) -> bool:
    """Say whether `account` may use `path`: asked in a child, as only that account knows."""
    pid = os.fork()
    if pid == 0:
        try:
            child_setup(account, None)()
            os._exit(0 if os.access(path, mode) else 1)
        except BaseException:  # noqa: BLE001 - a forked child may only leave through _exit
            os._exit(2)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def command_line(pid: int) -> str:
    """Return the command line of a running process, empty if there is none."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except FileNotFoundError:
        if Path("/proc/self").exists():
            return ""
    shown = subprocess.run(["ps", "-p", str(pid), "-o", "command="], capture_output=True, text=True, check=False)  # noqa: S607
    return shown.stdout


def port_is_free(port: int, host: str = "127.0.0.1") -> bool:
    """Say whether a server could listen there: tried by binding, as a busy port answers health checks too."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True
