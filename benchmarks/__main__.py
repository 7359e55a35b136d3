"""`python -m benchmarks`: makes a database of its own, fills it, measures, prints ratios, and removes everything.

With DATABASE_URL set that server is used: the database it names must be empty.
"""

import argparse
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO
from urllib.error import URLError

from credit_mgmt.conf.commands import command
from credit_mgmt.conf.embedded import Postgres
from credit_mgmt.conf.state import ROOT


@contextmanager
def database() -> Iterator[None]:
    """DATABASE_URL of an empty database: the one given, or a server that lives as long as the run."""
    if os.environ.get("DATABASE_URL"):
        yield
        return
    folder = Path(tempfile.mkdtemp(prefix="credit-benchmark-"))
    folder.chmod(0o711)
    os.environ["CREDIT_EMBEDDED_ROOT"] = str(folder)
    server = Postgres(folder / "state").start()
    os.environ["DATABASE_URL"] = server.url
    try:
        yield
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def web() -> Iterator[str]:
    """The product's own web server on a free port, two workers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    env = {**os.environ, "PORT": port, "WEB_WORKERS": "2", "WEB_THREADS": "4"}
    # The log is written, as in production, but not to the terminal of whoever measures.
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(command("web", env), env=env, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=log)
        try:
            _wait_for(f"http://127.0.0.1:{port}/api/v1/health/live", log)
            yield f"127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(20)


def _wait_for(address: str, log: IO[bytes], patience: float = 60) -> None:
    until = time.monotonic() + patience
    while time.monotonic() < until:
        try:
            with urllib.request.urlopen(address, timeout=2):
                return
        except (URLError, OSError):
            time.sleep(0.2)
    log.seek(0)
    raise SystemExit(f"{address} does not answer. Its log:\n{log.read().decode(errors='replace')[-2000:]}")


def main() -> None:
    """Measure at the size asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="1 is a million invoices and 20,000 holds")
    scale = parser.parse_args().scale
    os.environ.update(
        DJANGO_SETTINGS_MODULE="credit_mgmt.conf.settings",
        CREDIT_DEMO="1",
        CREDIT_TODAY="2026-06-15",
        SECRET_KEY=os.environ.get("SECRET_KEY") or "benchmark-" + os.urandom(32).hex(),
    )
    os.environ.setdefault("CELERY_BROKER_URL", "memory://")
    with database():
        import django  # noqa: PLC0415 - settings read the environment that was just made

        django.setup()
        from benchmarks.report import run  # noqa: PLC0415 - needs the set-up Django

        run(scale=scale, web=web, out=sys.stdout)


if __name__ == "__main__":
    main()
