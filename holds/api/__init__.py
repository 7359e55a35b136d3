"""The API resources of the room `holds`: holds, and the actions on sales orders (`api.md` Resources, Actions)."""

from customers.edge.routing import Router
from holds.api import forcing, new_orders, notes, working


def register(router: Router) -> None:
    """Add `holds` with what people do with them; `sales-orders` takes the place of the lower room's."""
    working.register(router)
    forcing.register(router)
    notes.register(router)
    new_orders.register(router)
