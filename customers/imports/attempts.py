"""Running a transaction again when another was faster, see Note [Two feeds at once] in `customers.imports.engine`."""

from collections.abc import Callable
from typing import TypeVar

from django.db import IntegrityError, OperationalError, connection, transaction

from customers.errors import Refused
from customers.imports.sql import Overtaken

T = TypeVar("T")
MOST_ATTEMPTS = 20
"""Each lost attempt means that somebody else got through: so many would have to write the same object at once."""
MOST_VIOLATIONS = 3
"""A constraint that says no again and again, on fresh data, is not a race."""
DEADLOCK = "40P01"


def again_if_overtaken(run: Callable[[], T]) -> T:
    """Run `run` in a transaction of its own (a savepoint within another one), again where another one came first.

    Raises `Refused` (`stale`) where that happens too often, and whatever `run` raises.
    """
    within = connection.in_atomic_block
    violations = 0
    for _ in range(MOST_ATTEMPTS):
        try:
            with transaction.atomic():
                return run()
        except Overtaken:
            continue
        except IntegrityError:
            violations += 1
            if violations == MOST_VIOLATIONS:
                raise
        except OperationalError as error:
            # A deadlock ends the whole transaction: only its owner can start again.
            if within or getattr(error.__cause__, "pgcode", None) != DEADLOCK:
                raise
    raise Refused("stale", "Others keep changing the same objects: send it again.")
