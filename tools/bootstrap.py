"""Build .venv from requirements.lock, then become the requested command. Standard library only."""

import fcntl
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
LOCK = ROOT / "requirements.lock"
STAMP = VENV / ".stamp"
VENV_PYTHON = VENV / "bin" / "python"
# The interpreter behind a virtual environment: a rebuild must not depend on the folder that it replaces.
BASE_PYTHON: str = getattr(sys, "_base_executable", None) or sys.executable

COMMANDS = {
    "start": ["-m", "credit_mgmt.conf.supervisor"],
    "manage": ["-m", "credit_mgmt.conf.manage"],
    "serve": ["-m", "credit_mgmt.conf.commands"],
    "test": ["tools/check.py"],
}
USAGE = "usage: ./run | ./run test [pytest arguments] | ./run manage COMMAND ... | ./run serve web|worker|beat"


def fingerprint() -> str:
    """What the environment was built from: the lock, the interpreter and the place (environments do not move)."""
    parts = (LOCK.read_bytes(), sys.version.encode(), sys.base_prefix.encode(), str(VENV).encode())
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def installer() -> list[list[str]]:
    """Return the commands that make the environment with what this machine has: uv, venv with pip, or pip alone."""
    options = ["install", "-qq", "--require-hashes", "--only-binary", ":all:", "-r", str(LOCK)]
    pip_options = [*options, "--disable-pip-version-check", "--no-input"]
    uv = shutil.which("uv")
    if uv and not os.environ.get("NO_UV"):
        return [
            [uv, "venv", "-q", "--no-project", "--python", BASE_PYTHON, str(VENV)],
            [uv, "pip", options[0], "--python", str(VENV_PYTHON), *options[1:]],
        ]
    if importlib.util.find_spec("ensurepip"):
        return [[BASE_PYTHON, "-m", "venv", str(VENV)], [str(VENV_PYTHON), "-m", "pip", *pip_options]]
    if importlib.util.find_spec("pip"):
        return [
            [BASE_PYTHON, "-m", "venv", "--without-pip", str(VENV)],
            [BASE_PYTHON, "-m", "pip", "--python", str(VENV_PYTHON), *pip_options],
        ]
    sys.exit(
        "This Python can install nothing: install its venv module (Debian, Ubuntu: apt install python3-venv) or uv."
    )


def ensure_environment() -> None:
    """Build .venv unless it is there, complete, and made from this lock by this interpreter."""
    wanted = fingerprint()
    if STAMP.exists() and STAMP.read_text() == wanted:
        return
    with (ROOT / ".venv.lock").open("w") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)  # two first starts at once: the second waits and finds it built
        if STAMP.exists() and STAMP.read_text() == wanted:
            return
        commands = installer()
        print("First run: installing the locked packages into .venv ...", file=sys.stderr, flush=True)
        shutil.rmtree(VENV, ignore_errors=True)
        for command in commands:
            code = subprocess.run(command, check=False).returncode
            if code:
                sys.exit(f"Installing failed (exit {code}) at: {' '.join(command[:4])} ... See the lines above.")
        STAMP.write_text(wanted)


def main(arguments: list[str]) -> None:
    """Become the command named by the first argument; without one, start everything."""
    name, rest = (arguments[0], arguments[1:]) if arguments else ("start", [])
    if name not in COMMANDS:
        print(USAGE, file=sys.stdout if name in ("-h", "--help", "help") else sys.stderr)
        sys.exit(0 if name in ("-h", "--help", "help") else 2)
    ensure_environment()
    os.chdir(ROOT)
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    os.execv(VENV_PYTHON, [str(VENV_PYTHON), *COMMANDS[name], *rest])


if __name__ == "__main__":
    main(sys.argv[1:])
