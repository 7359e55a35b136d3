"""What the tests of backtests start from."""

from typing import Any

import pytest

from tests.credit_mgmt.backtests.world import TODAY


@pytest.fixture(autouse=True)
def today(settings: Any) -> None:
    """The day of `world`, everywhere."""
    settings.CREDIT_TODAY = TODAY
