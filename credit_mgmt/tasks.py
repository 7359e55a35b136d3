"""Celery tasks of the room: edges, which call one service and may come twice."""

import datetime as dt
from typing import Any

from celery import shared_task

from credit_mgmt import figures
from credit_mgmt.backtests import reading as backtests
from credit_mgmt.limits.notices import tell_of_expiries as tell
from customers import clock
from customers.models import LegalEntity

FIGURES_BUDGET = dt.timedelta(seconds=30)


@shared_task
def tell_of_expiries(**_: Any) -> None:
    """Every hour, since days begin at different times: tell once of limits and cover that end within thirty days."""
    zones = LegalEntity.objects.order_by("pk").values_list("pk", "time_zone")
    tell(today={entity: clock.today(zone) for entity, zone in zones}, at=clock.now())


@shared_task
def refresh_figures(**_: Any) -> None:
    """Every minute: work out again the figures by which lists are sorted, as far as half a minute goes."""
    zones = LegalEntity.objects.order_by("pk").values_list("pk", "time_zone")
    figures.refresh(today={entity: clock.today(zone) for entity, zone in zones}, at=clock.now, budget=FIGURES_BUDGET)


@shared_task
def purge_backtests(**_: Any) -> None:
    """Every night: delete backtests that are older than 90 days."""
    backtests.purge_backtests(now=clock.now())
