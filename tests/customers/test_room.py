"""The room as a whole: its migrations and its constraints."""

import pytest
from django.core.management import call_command
from django.db import connection

pytestmark = pytest.mark.django_db


def test_the_models_have_all_their_migrations() -> None:
    call_command("makemigrations", "customers", check=True, dry_run=True, verbosity=0)


@pytest.mark.parametrize("table", ["customers_exchangerate", "customers_currency"])
def test_the_reference_clock_is_moved_by_a_trigger(table: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT version FROM customers_referenceclock")
        (before,) = cursor.fetchone()
        cursor.execute(f"DELETE FROM {table}")
        cursor.execute("SELECT version FROM customers_referenceclock")
        (after,) = cursor.fetchone()
    assert after > before
