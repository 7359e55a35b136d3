"""Bring the database and the static files up to date and, in a demonstration, load its company: one process, as
starting Django is most of the time. Progress goes to stderr, the demo users to stdout."""

import hashlib
import os
import sys
from pathlib import Path

import django
from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command, get_commands
from django.db import connection

LOCK_KEY = 0x43524D47  # any number: two starts beside each other must not migrate at once


def static_fingerprint() -> str:
    """Return what changes when any static file of any app does: names, sizes and times."""
    digest = hashlib.sha256(django.__version__.encode())
    for finder in get_finders():
        for path, storage in finder.list([]):
            found = os.stat(storage.path(path))
            digest.update(f"{path} {found.st_size} {found.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def collect_static(root: Path) -> None:
    """Collect, hash and compress the static files below `root`, unless they are those of the last time."""
    stamp, wanted = root / ".collected-from", static_fingerprint()
    if stamp.exists() and stamp.read_text() == wanted:
        return
    stamp.unlink(missing_ok=True)
    call_command("collectstatic", interactive=False, verbosity=0, clear=True, stdout=sys.stderr)
    stamp.write_text(wanted)


def main() -> None:
    """Migrate, collect static files, seed a demonstration that has no legal entity yet."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "credit_mgmt.conf.settings")
    django.setup()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK_KEY])  # until the connection closes
    call_command("migrate", interactive=False, verbosity=0, stdout=sys.stderr)
    collect_static(Path(settings.STATIC_ROOT))
    if settings.CREDIT_DEMO and "seed_demo" in get_commands():
        call_command("seed_demo", "--if-empty", stdout=sys.stderr)
        call_command("seed_demo", "--print-users")
    connection.close()


if __name__ == "__main__":
    main()
