"""Celery tasks of the room: run a job, sweep up jobs whose message or worker was lost. Safe to run twice."""

import datetime as dt
import uuid
from typing import Any

from celery import shared_task

from customers import clock, jobs, notification_mail, notifications
from customers.edge import idempotency

BUDGET = dt.timedelta(seconds=5)
"""A task hands over after this long, so that no long job keeps short work waiting: what a payment clears is to be seen
within 10 s (`domain 7`). Far below Celery's time limits and the broker's visibility timeout."""


@shared_task
def run_job(job_id: str, **_: Any) -> None:
    """Work on a job; where the time is up before the work is, call the next worker."""
    if jobs.run_job(job_id, budget=BUDGET):
        jobs.wake(uuid.UUID(job_id))


@shared_task
def sweep_jobs(**_: Any) -> None:
    """Every 30 s: wake workers for live jobs that nobody is at work on (`reliability.md` J02)."""
    jobs.sweep_jobs(now=clock.now())


@shared_task
def forget_idempotency_keys(**_: Any) -> None:
    """Every night: forget keys that are older than 30 days (`api.md` Conventions)."""
    idempotency.purge(now=clock.now())


@shared_task
def mail_notifications(**_: Any) -> None:
    """Every minute: send the mail of notifications that is due, each once (`ux.md` 3.18)."""
    notification_mail.send_due(now=clock.now())


@shared_task
def forget_notifications(**_: Any) -> None:
    """Every night: forget notifications that are older than 90 days."""
    notifications.forget_read(now=clock.now())
