"""The Celery app and the default schedule; django-celery-beat keeps the schedule editable in the database."""

import os
from typing import Any

from celery import Celery
from celery.signals import beat_init, setup_logging, worker_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "credit_mgmt.conf.settings")

app = Celery("credit_mgmt")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.conf.beat_schedule = {
    # Jobs live in PostgreSQL; this finds those whose message or worker was lost (reliability J01).
    "sweep jobs": {"task": "customers.tasks.sweep_jobs", "schedule": 30.0, "options": {"expires": 30.0}},
    # Marks live in PostgreSQL too; whoever changed something wakes a worker, and this finds what was not told.
    "recheck marked customers": {
        "task": "holds.tasks.recheck_marked",
        "schedule": 5.0,
        "options": {"expires": 5.0},
    },
    # Days begin at different times in different legal entities; what is not due costs two statements.
    "begin the day": {"task": "holds.tasks.begin_day", "schedule": 60.0, "options": {"expires": 60.0}},
    "tell people": {"task": "holds.tasks.tell_people", "schedule": 10.0, "options": {"expires": 10.0}},
    "mail notifications": {
        "task": "customers.tasks.mail_notifications",
        "schedule": 60.0,
        "options": {"expires": 60.0},
    },
    "forget notifications": {"task": "customers.tasks.forget_notifications", "schedule": 24 * 60 * 60.0},
    "evaluate all holds": {"task": "holds.tasks.evaluate_all_holds", "schedule": 60 * 60.0},
    "tell of expiries": {"task": "credit_mgmt.tasks.tell_of_expiries", "schedule": 60 * 60.0},
    "refresh figures of lists": {
        "task": "credit_mgmt.tasks.refresh_figures",
        "schedule": 60.0,
        "options": {"expires": 60.0},
    },
    "purge backtests": {"task": "credit_mgmt.tasks.purge_backtests", "schedule": 24 * 60 * 60.0},
    "purge decisions": {"task": "holds.tasks.purge_decisions", "schedule": 24 * 60 * 60.0},
    "forget idempotency keys": {"task": "customers.tasks.forget_idempotency_keys", "schedule": 24 * 60 * 60.0},
}
app.set_default()


@setup_logging.connect
def _keep_django_logging(**_: Any) -> None:
    """Celery leaves logging alone when this signal has a receiver; Django has set it up."""


@worker_init.connect
@beat_init.connect
def _refuse_unsafe_deployment(**_: Any) -> None:
    from credit_mgmt.conf.production import refuse_if_unsafe  # noqa: PLC0415 - needs loaded apps

    refuse_if_unsafe()
