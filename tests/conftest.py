"""What every test shares."""

import pytest
from django.db import connections


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None) -> None:
    """Let every connection object know the rows of the migrations, with which tests that commit begin.

    Django keeps them on the connection of the thread that made the database; where Playwright's event loop runs,
    `connections["default"]` is another object.
    """
    connection = connections["default"]
    contents = getattr(connection, "_test_serialized_contents", None)
    if contents is not None:
        type(connection)._test_serialized_contents = contents  # type: ignore[attr-defined]
