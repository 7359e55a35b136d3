"""Who acts, told to the database for what it records by itself (`customers.models.history`)."""

from django.db import connection

from customers.access import Actor


def sign(actor: Actor) -> None:
    """Let what the database records until the end of this transaction name `actor`. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('customers.actor', %s, true), set_config('customers.actor_name', %s, true)",
            [actor.reference, actor.name],
        )
