"""`manage.py seed_demo`: load the demonstration company, or print its logins."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from customers import clock
from holds.demo import load
from holds.demo.company import LEGAL_ENTITIES


class Command(BaseCommand):
    """Loads three legal entities with customers, two years of receivables, orders, rules and holds."""

    help = "Load the demonstration company (demo and development only)."

    def add_arguments(self, parser: CommandParser) -> None:
        """`--if-empty` for scripts that run again, `--print-users` for the logins."""
        parser.add_argument("--if-empty", action="store_true", help="do nothing when there is data already")
        parser.add_argument("--print-users", action="store_true", help="print the demo logins and stop")

    def handle(self, *args: Any, **options: Any) -> None:
        """Raises `CommandError` outside a demonstration, or when there is data already."""
        if not (settings.CREDIT_DEMO or settings.DEBUG or settings.CREDIT_TESTING):
            raise CommandError("Demo users have published passwords: set CREDIT_DEMO=1 where people only try.")
        if options["print_users"]:
            self._print_users()
        elif not load.is_loaded():
            self.stderr.write("Loading the demonstration company ...")
            now = clock.now()
            today = clock.today(str(LEGAL_ENTITIES[0]["time_zone"]))
            load.load_demo(now=now, today=today, say=lambda text: self.stderr.write(f"  {text}"))
        elif not options["if_empty"]:
            raise CommandError("There is data here already; a demonstration is only loaded into an empty database.")

    def _print_users(self) -> None:
        self.stdout.write("Demo logins (user, password, role):")
        for user in load.demo_users():
            where = f" in {user.entity}" if user.entity else ""
            self.stdout.write(f"  {user.username:<10} {user.password:<20} {user.role.label}{where}")
