"""`./run manage COMMAND`: a Django command with a database under it, beside a running ./run or alone."""

import os
import signal
import subprocess
import sys
import time

from credit_mgmt.conf import processes
from credit_mgmt.conf.services import Services
from credit_mgmt.conf.state import ROOT, State

PATIENCE = 90  # seconds for another start to become ready: it may be creating the database


def run_command(arguments: list[str], env: dict[str, str]) -> int:
    """Run `manage.py` in the foreground with `env` and return its exit code; it takes Ctrl-C itself."""
    handlers = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT,)}
    child = subprocess.Popen(
        [sys.executable, str(ROOT / "manage.py"), *arguments],
        env=env,
        preexec_fn=_foreground_child,  # noqa: PLW1509 - as in processes.start
    )
    for number in (signal.SIGTERM, signal.SIGHUP):
        handlers[number] = signal.signal(number, lambda received, _frame: child.send_signal(received))
    try:
        code = child.wait()
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    return code if code >= 0 else 128 - code


def _foreground_child() -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)
    processes.die_with_parent(signal.SIGTERM)


def main(arguments: list[str]) -> int:
    """Run one Django command: with the servers of the environment, of a running ./run, or of our own."""
    state = State()
    services = Services(state)
    if services.all_given():
        os.environ.update(services.environment())
        os.execv(sys.executable, [sys.executable, str(ROOT / "manage.py"), *arguments])
    deadline = time.monotonic() + PATIENCE
    while not state.take():
        with state.join_users():
            if (addresses := state.published()) is not None:
                return run_command(arguments, {**addresses, **os.environ})
        if time.monotonic() > deadline:
            print("Another ./run of this checkout is starting and not ready: try again, or stop it.", file=sys.stderr)
            return 1
        time.sleep(0.1)
    try:
        services.start()
        env = services.environment()
        state.publish(services.shared(env))
        return run_command(arguments, env)
    finally:
        state.withdraw()
        state.wait_for_users()
        services.stop()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
