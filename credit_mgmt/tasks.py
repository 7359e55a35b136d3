"""Celery tasks of the room: edges, which call one service and may come twice."""

from typing import Any

from celery import shared_task

from credit_mgmt.limits.notices import tell_of_expiries as tell
from customers import clock
from customers.models import LegalEntity


@shared_task
def tell_of_expiries(**_: Any) -> None:
    """Every hour, since days begin at different times: tell once of limits and cover that end within thirty days."""
    zones = LegalEntity.objects.order_by("pk").values_list("pk", "time_zone")
    tell(today={entity: clock.today(zone) for entity, zone in zones}, at=clock.now())
