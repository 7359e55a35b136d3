"""Every check and every test, in this order; with arguments, pytest alone with these. The one place that says what is
checked: `./run test` and .ci/run both come here."""

import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

CHECKS = {
    "style (ruff)": ["-m", "ruff", "check", "--quiet", "."],
    "format (ruff)": ["-m", "ruff", "format", "--check", "--quiet", "."],
    "imports between rooms (import-linter)": ["-c", "from importlinter.cli import lint_imports_command as run; run()"],
    "types (mypy)": ["-m", "mypy", "--no-error-summary"],
    # Without a database Django warns that it cannot look at the applied migrations: that is not asked here.
    "migrations": ["-W", "ignore::RuntimeWarning", "manage.py", "makemigrations", "--check", "--dry-run"],
}


EVERYTHING = ["--numprocesses", "auto", "--dist", "loadfile"]
"""Every test, a file at a time, on all cores."""


def failed_checks() -> list[str]:
    """Run all checks, show the output of those that fail, and return their names."""
    failed = []
    for name, arguments in CHECKS.items():
        began = time.monotonic()
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=ROOT,
            env={**os.environ, "CREDIT_TESTING": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        print(f"{'ok    ' if done.returncode == 0 else 'FAILED'} {name} ({time.monotonic() - began:.1f} s)", flush=True)
        if done.returncode:
            failed.append(name)
            print(done.stdout.decode(errors="replace"), flush=True)
    return failed


def main(arguments: list[str]) -> int:
    """Return 0 only if every check and every test passed. pytest runs in any case and has the last line."""
    failed = [] if arguments else failed_checks()
    if failed:
        print(f"This run fails, whatever the tests say: {', '.join(failed)}", flush=True)
    tests = [sys.executable, "-m", "pytest", *(arguments or EVERYTHING)]
    code = subprocess.run(tests, cwd=ROOT, check=False).returncode
    return code or bool(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
