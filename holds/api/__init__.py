"""The API resources of the room `holds`: holds, and the actions on sales orders (`api.md` Resources, Actions)."""

from customers.edge.routing import Router
from holds.api import holds, orders


def register(router: Router) -> None:
    """Add the resources of this room; `sales-orders` takes the place of the lower room's."""
    holds.register(router)
    orders.register(router)
