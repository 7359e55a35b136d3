"""The command lines of web, worker and schedule: the one source for `./run` and docker-compose.yml.

`./run serve web|worker|beat|prepare` (or `python -m credit_mgmt.conf.commands ...`) becomes one of them.
"""

import os
import sys
from collections.abc import Mapping

from credit_mgmt.conf.state import ROOT

# web takes requests, worker runs jobs, beat starts them on time, prepare brings database and static files up to date.
ROLES = ("web", "worker", "beat", "prepare")


def _web(env: Mapping[str, str]) -> list[str]:
    address = f"{env.get('HOST', '127.0.0.1')}:{env.get('PORT', '8000')}"
    size = ["--workers", env.get("WEB_WORKERS", "2"), "--threads", env.get("WEB_THREADS", "8")]
    # A form of 200 ticked holds is an address of three thousand characters.
    size += ["--limit-request-line", "8190"]
    options = ["--worker-class", "gthread", "--timeout", "60", "--graceful-timeout", "15", "--no-control-socket"]
    return ["gunicorn", "--bind", address, *size, *options, "credit_mgmt.conf.wsgi:application"]


def _worker(env: Mapping[str, str]) -> list[str]:
    # Processes by default: only they can enforce a task's hard time limit. Threads start faster and need less memory.
    size = ["--pool", env.get("WORKER_POOL", "prefork"), "--concurrency", env.get("WORKER_CONCURRENCY", "4")]
    return ["celery", "-A", "credit_mgmt.conf", "worker", "-l", "INFO", "--without-mingle", "--without-gossip", *size]


def _beat(env: Mapping[str, str]) -> list[str]:
    return ["celery", "-A", "credit_mgmt.conf", "beat", "-l", "INFO", "--max-interval", "5", "--pidfile="]


def _prepare(env: Mapping[str, str]) -> list[str]:
    return ["credit_mgmt.conf.prepare"]


def command(role: str, env: Mapping[str, str]) -> list[str]:
    """Return the command line of `role`; HOST, PORT, WEB_* and WORKER_* in `env` shape it."""
    lines = {"web": _web, "worker": _worker, "beat": _beat, "prepare": _prepare}
    return [sys.executable, "-m", *lines[role](env)]


def main(arguments: list[str]) -> None:
    """Become the process named by the only argument."""
    if len(arguments) != 1 or arguments[0] not in ROLES:
        sys.exit(f"usage: ./run serve {'|'.join(ROLES)}")
    os.chdir(ROOT)
    line = command(arguments[0], os.environ)
    os.execv(line[0], line)


if __name__ == "__main__":
    main(sys.argv[1:])
