"""Celery tasks of the room. The work itself is a job in PostgreSQL; a task only starts it, and may come twice."""

from typing import Any

from celery import shared_task

from customers import clock
from holds.evaluation import start_scheduled_evaluation
from holds.retention import start_scheduled_purge


@shared_task
def evaluate_all_holds(**_: Any) -> None:
    """Every hour: evaluate all holds for release; a run that finds the last one alive is recorded as skipped (J06)."""
    start_scheduled_evaluation(now=clock.now())


@shared_task
def purge_decisions(**_: Any) -> None:
    """Every night: delete decisions past the parameter *decision retention* that no hold refers to (`domain 10`)."""
    start_scheduled_purge(now=clock.now())
