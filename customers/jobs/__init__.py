"""Background work that survives kills, lost messages and double delivery (`reliability.md` J01-J07).

The job lives in PostgreSQL. A message only says "look at this job"; losing it costs at most 30 s, until the sweeper
looks. A room registers a *kind* (`register_kind`); edges call `start_job`; workers call `run_job`, as often and as many
at once as they like.

    register_kind("evaluate_for_release", plan=..., work=..., parameters=..., action=Action.EVALUATE)

`plan(job)` cuts the work into lists of ids; `work(job, ids, actor)` does one list inside a transaction that also marks
it done, and returns its share of the result; `fold(results)` adds the shares up; `finish(job, actor)` runs once, in the
transaction that ends the job. What all lists are to go by, whatever changes meanwhile, `pin` puts in `job.pinned`.

Note [Order of locks]. Whoever touches a job and its items in one transaction locks the job first. Claiming touches one
item only, and never waits.
"""

from customers.jobs.control import (
    cancel_job,
    due_slot,
    restart_job,
    retry_job,
    start_job,
    sweep_jobs,
    wake,
)
from customers.jobs.kinds import Kind, Start, kind_of, register_kind, registered_kinds, sum_up
from customers.jobs.reading import Progress, changed_of, progress, progress_of, result, stuck_among, visible_jobs
from customers.jobs.running import MOST_ATTEMPTS, run_job
from customers.jobs.schedules import change_schedule, find_schedule, planned, register_schedule

__all__ = [
    "MOST_ATTEMPTS",
    "Kind",
    "Progress",
    "Start",
    "cancel_job",
    "change_schedule",
    "changed_of",
    "due_slot",
    "find_schedule",
    "kind_of",
    "planned",
    "progress",
    "progress_of",
    "register_kind",
    "register_schedule",
    "registered_kinds",
    "restart_job",
    "result",
    "retry_job",
    "run_job",
    "start_job",
    "stuck_among",
    "sum_up",
    "sweep_jobs",
    "visible_jobs",
    "wake",
]
