"""Bring the database and the static files up to date and, in a demonstration, load its company: one process, as
starting Django is most of the time. Progress goes to stderr, the demo users to stdout."""

import os
import sys

import django
from django.conf import settings
from django.core.management import call_command, get_commands
from django.db import connection

LOCK_KEY = 0x43524D47  # any number: two starts beside each other must not migrate at once


def main() -> None:
    """Migrate, collect static files, seed a demonstration that has no legal entity yet."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "credit_mgmt.conf.settings")
    django.setup()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK_KEY])
    call_command("migrate", interactive=False, verbosity=0, stdout=sys.stderr)
    call_command("collectstatic", interactive=False, verbosity=0, stdout=sys.stderr)
    if settings.CREDIT_DEMO and "seed_demo" in get_commands():
        call_command("seed_demo", "--if-empty", stdout=sys.stderr)
        call_command("seed_demo", "--print-users")
    connection.close()


if __name__ == "__main__":
    main()
