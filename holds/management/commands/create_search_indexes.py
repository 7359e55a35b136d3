"""`manage create_search_indexes`: the indexes for searching in texts, where the migrations could not make them."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from customers.trigrams import CREATE_EXTENSION, create_text_indexes
from customers.trigrams import TEXT_INDEXES as OF_CUSTOMERS
from holds.lists.searching import TEXT_INDEXES as OF_HOLDS


class Command(BaseCommand):
    help = "Make the indexes for searching in texts. Needs the extension pg_trgm, or the right to create it."

    def handle(self, *args: Any, **options: Any) -> None:
        """Make what is missing; what is there stays."""
        if not create_text_indexes(connection, (*OF_CUSTOMERS, *OF_HOLDS)):
            raise CommandError(f"The extension is missing: let the owner of the server run “{CREATE_EXTENSION}”.")
        self.stdout.write("The indexes for searching in texts are there.")
