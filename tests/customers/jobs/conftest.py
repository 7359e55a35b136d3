from collections.abc import Iterator

import pytest

from tests.customers.jobs import toy


@pytest.fixture(autouse=True)
def quiet_toy() -> Iterator[None]:
    toy.interruptions.clear()
    toy.finished.clear()
    yield
    toy.interruptions.clear()
