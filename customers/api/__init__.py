"""The API resources of the room `customers`. Higher rooms register subclasses of `customers` and `sales-orders`."""

from customers.api import customers, events, jobs, orders, receivables, reference, schedules
from customers.edge.routing import Router


def register(router: Router) -> None:
    """Add the resources of this room."""
    reference.register(router)
    customers.register(router)
    receivables.register(router)
    orders.register(router)
    jobs.register(router)
    schedules.register(router)
    events.register(router)
