"""`manage.py create_api_client NAME --role ROLE [--legal-entity CODE]`: prints a token once (`api.md` Conventions)."""

import argparse
import datetime as dt
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from customers import clock
from customers.access import system_actor
from customers.errors import InvalidInput
from customers.grants import create_client
from customers.models import Role

ALL = "all"


class Command(BaseCommand):
    """Create an API client."""

    help = "Create an API client with roles in legal entities (default: all) and print its token, which is shown once."

    def add_arguments(self, parser: CommandParser) -> None:
        """The client's name, roles, legal entities and last day."""
        parser.add_argument("name", help="how the client is called in lists and in the audit trail")
        parser.add_argument(
            "--role",
            dest="roles",
            action="append",
            required=True,
            choices=[*Role.values, ALL],
            help="a role; give it several times for several roles. 'all' is for tests and demonstrations",
        )
        parser.add_argument("--legal-entity", dest="legal_entities", action="append", default=[], metavar="CODE")
        parser.add_argument("--expires", type=_day, metavar="YYYY-MM-DD", help="the last day on which the token works")

    def handle(self, *args: Any, **options: Any) -> None:
        """Create the client and print the token, alone on its line, so that scripts can take it."""
        roles: list[str] = options["roles"]
        if ALL in roles:
            if settings.CREDIT_DEPLOYED:
                raise CommandError("The role 'all' is for tests and demonstrations only: name the roles it needs.")
            roles = list(Role.values)
        now = clock.now()
        try:
            client, token = create_client(
                name=options["name"],
                roles=roles,
                legal_entities=options["legal_entities"],
                expires_at=_end_of(options["expires"]),
                actor=system_actor("create_api_client"),
                now=now,
            )
        except InvalidInput as problem:
            raise CommandError("\n".join(error.message for error in problem.errors)) from problem
        self.stderr.write(f"Client {client.name} was created. Its token is shown this once:")
        self.stdout.write(token)


def _day(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError as problem:
        raise argparse.ArgumentTypeError(f"{text} is not a date; write it like 2026-12-31") from problem


def _end_of(day: dt.date | None) -> dt.datetime | None:
    """The first instant, in UTC, after `day`."""
    return dt.datetime.combine(day + dt.timedelta(days=1), dt.time(), dt.UTC) if day else None
