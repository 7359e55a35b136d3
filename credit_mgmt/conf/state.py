"""What a checkout keeps in .run/: locks, the generated secret key, and the addresses of what is running."""

import fcntl
import json
import os
import secrets
import time
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parent.parent.parent


class State:
    """The folder `.run/` (or `CREDIT_STATE_DIR`); deleting it starts over. One checkout is one user's.

    :raises SystemExit: another user has started this checkout before.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = (folder or Path(os.environ.get("CREDIT_STATE_DIR", ROOT / ".run"))).resolve()
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self.folder.stat().st_uid != os.geteuid():
            raise SystemExit(
                f"{self.folder} belongs to another user: run this as that user, remove the folder (the demonstration "
                "is loaded again), or set CREDIT_STATE_DIR to a folder of your own."
            )
        self._addresses = self.folder / "running.json"
        self._held: IO[str] | None = None

    def take(self, patience: float = 0) -> bool:
        """Become the one process that starts servers for this checkout. A killed process holds nothing."""
        lock = (self.folder / "lock").open("w")
        deadline = time.monotonic() + patience
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    lock.close()
                    return False
                time.sleep(0.1)
            else:
                self._held = lock
                self._addresses.unlink(missing_ok=True)  # of a run that was killed
                return True

    def publish(self, addresses: dict[str, str]) -> None:
        """Let `./run manage` beside us find the servers; only this user may read it, as it holds passwords."""
        written = self.folder / "running.json.new"
        written.unlink(missing_ok=True)
        written.touch(mode=0o600)
        written.write_text(json.dumps(addresses))
        written.rename(self._addresses)

    def withdraw(self) -> None:
        """Take the addresses back before the servers stop."""
        self._addresses.unlink(missing_ok=True)

    def published(self) -> dict[str, str] | None:
        """Return the addresses of what is running, or None while nothing is ready."""
        try:
            addresses: dict[str, str] = json.loads(self._addresses.read_text())
        except FileNotFoundError:
            return None
        return addresses

    def join_users(self) -> IO[str]:
        """Say, until the returned file is closed, that a command uses the servers of another process."""
        users = (self.folder / "users").open("w")
        fcntl.flock(users, fcntl.LOCK_SH)
        return users

    def wait_for_users(self) -> None:
        """Wait until no other command uses our servers."""
        with (self.folder / "users").open("w") as users:
            fcntl.flock(users, fcntl.LOCK_EX)

    def secret_key(self) -> str:
        """Return this checkout's own key for sessions and signatures, generated once; never one for production."""
        path = self.folder / "secret-key"
        if not path.exists():
            written = self.folder / "secret-key.new"
            written.touch(mode=0o600)
            written.write_text(secrets.token_urlsafe(64))
            written.rename(path)
        return path.read_text()
