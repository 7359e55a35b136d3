"""Following, trying again and joining jobs through the API (`api.md` Jobs)."""

import pytest

from customers.models import Job
from tests.api_client import client
from tests.customers.jobs import toy

pytestmark = pytest.mark.django_db(transaction=True)


def test_what_failed_is_tried_again_as_a_job_that_follows() -> None:
    admin = client("admin", "credit_administrator")
    job = toy.start(poison=[3])
    admin.post(f"jobs/{job.pk}/retry").is_(409)
    for minute in range(8):
        toy.run(job, toy.NOW + minute * (toy.LATER - toy.NOW))
    answer = admin.post(f"jobs/{job.pk}/retry").is_(202)
    again = Job.objects.get(follows=job)
    assert (answer["id"], answer["follows"], answer["status"], answer["total"]) == (
        str(again.pk), str(job.pk), "running", 1,
    )  # fmt: skip
    assert answer.headers["Location"].endswith(f"/api/v1/jobs/{again.pk}")
    assert [row["id"] for row in admin.get(f"jobs?follows={job.pk}").is_(200)["results"]] == [str(again.pk)]


def test_who_may_not_start_it_may_not_try_it_again() -> None:
    job = toy.start(poison=[3])
    for minute in range(8):
        toy.run(job, toy.NOW + minute * (toy.LATER - toy.NOW))
    client("viewer", "viewer").post(f"jobs/{job.pk}/retry").is_(403)
    assert Job.objects.count() == 1
