"""The API resources of the room `credit_mgmt` (`api.md` Resources)."""

from credit_mgmt.api import backtests, checks, cover, customers, groups, health, journals, limits, records, rules, setup
from customers.edge.routing import Router


def register(router: Router) -> None:
    """Add the resources of this room; `customers` takes the place of the lower room's."""
    customers.register(router)
    groups.register(router)
    setup.register(router)
    health.register(router)
    rules.register(router)
    backtests.register(router)
    cover.register(router)
    checks.register(router)
    records.register(router)
    limits.register(router)
    journals.register(router)
