"""`manage.py grant_role USERNAME ROLE [--legal-entity CODE]`: how the first administrator comes to be.

A superuser has no business rights, so somebody with access to the server gives the first role; from then on
administrators give roles in the admin.
"""

from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError, CommandParser

from customers.access import system_actor
from customers.errors import InvalidInput, Refused
from customers.grants import grant_role
from customers.models import Role


class Command(BaseCommand):
    """Give a person a role."""

    help = "Give a person a role in a legal entity, or in all."

    def add_arguments(self, parser: CommandParser) -> None:
        """Who gets which role, where."""
        parser.add_argument("username")
        parser.add_argument("role", choices=Role.values)
        parser.add_argument("--legal-entity", metavar="CODE", help="left out: in all legal entities")

    def handle(self, *args: Any, **options: Any) -> None:
        """Give the role, or say why not."""
        user = get_user_model().objects.filter(username=options["username"]).first()
        if user is None:
            raise CommandError(f"There is no user {options['username']}; create one with createsuperuser or the admin.")
        try:
            grant = grant_role(
                user=user, role=options["role"], legal_entity=options["legal_entity"], actor=system_actor("grant_role")
            )
        except (InvalidInput, Refused) as problem:
            raise CommandError(str(problem)) from problem
        self.stdout.write(f"{grant}")
