"""Background work: start it, follow it, cancel it (`api.md` Jobs)."""

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from customers import jobs
from customers.access import Action
from customers.edge import filters as by
from customers.edge.fields import JsonField, StrictSerializer, TextField
from customers.edge.resources import ListResource
from customers.edge.routing import BASE, Router
from customers.models import Job


class ParametersField(JsonField):
    """The parameters of a job; ten thousand rows are told by their number."""

    def to_representation(self, value: Any) -> Any:
        """As they are kept, but for rows."""
        told: Any = super().to_representation(value)
        return {**told, "rows": len(told["rows"])} if isinstance(told.get("rows"), list) else told


class JobSerializer(StrictSerializer):
    """A job; `done`, `failed` and `total` count its smallest parts, such as orders."""

    id = serializers.UUIDField()
    kind = TextField()
    parameters = ParametersField(help_text="as it was started; of an import the number of its rows")
    status = serializers.ChoiceField(choices=Job.Status.choices)
    done = serializers.IntegerField()
    failed = serializers.IntegerField()
    skipped = serializers.IntegerField()
    total = serializers.IntegerField()
    result = JsonField()
    message = TextField()
    follows = serializers.UUIDField(
        source="follows_id",
        allow_null=True,
        help_text="the preview that it applies, or the run whose failures it tries again",
    )
    created_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "evaluate one customer",
            value={"kind": "evaluate_for_release", "parameters": {"customer": "USMF:US-001"}},
            request_only=True,
        ),
        OpenApiExample(
            "bring in objects of one resource, up to 10,000",
            value={
                "kind": "import",
                "parameters": {
                    "resource": "customers",
                    "rows": [{"key": "USMF:US-001", "name": "Adatum", "currency": "USD"}],
                },
            },
            request_only=True,
        ),
        OpenApiExample(
            "preview the evaluation of everything",
            value={"kind": "evaluate_for_release", "parameters": {"preview": True}},
            request_only=True,
        ),
        OpenApiExample(
            "apply a preview that is younger than 10 minutes",
            value={
                "kind": "evaluate_for_release",
                "parameters": {"applies": "5f8f3a2f-2837-4fb5-b880-ad483e94fcc9"},
            },
            request_only=True,
        ),
    ]
)
class StartSerializer(StrictSerializer):
    """What to do, and how."""

    kind = TextField()
    parameters = serializers.DictField(required=False)


class Jobs(ListResource):
    """The jobs in whose legal entities, all of them, the caller may see jobs."""

    model = Job
    serializer_class = JobSerializer
    lookup = "uuid"
    rights = {
        "list": Action.VIEW_JOBS,
        "retrieve": Action.VIEW_JOBS,
        "create": Action.VIEW_JOBS,
        "cancel": Action.VIEW_JOBS,
        "retry": Action.VIEW_JOBS,
    }
    filters = {
        "id": by.uuid("pk"),
        "message": by.text("message"),
        "follows": by.uuid("follows_id"),
        "kind": by.text("kind"),
        "status": by.choice("status", Job.Status),
        "created_at": by.instant("created_at"),
        "started_at": by.instant("started_at"),
        "finished_at": by.instant("finished_at"),
    }
    orderings = {
        "created_at": "created_at",
        "started_at": "started_at",
        "finished_at": "finished_at",
        "kind": "kind",
        "status": "status",
    }
    default_ordering = ("-created_at",)

    def rows(self) -> QuerySet[Any]:
        """What `customers.jobs` lets the caller see."""
        return jobs.visible_jobs(self.actor)

    def represent(self, rows: Sequence[Job]) -> Any:
        """With progress and result, both derived from the jobs' items."""
        progress = jobs.progress_of(rows)
        for job in rows:
            counted = progress[job.pk]
            for name in ("done", "failed", "skipped", "total"):
                setattr(job, name, getattr(counted, name))
            job.result = jobs.result(job)  # type: ignore[attr-defined]
        return super().represent(rows)

    def _job(self, job: Job, status: int = 200) -> Response:
        [represented] = self.represent([job])
        return Response(represented, status=status)

    def retrieve(self, request: Request, key: str) -> Response:
        """One job, to follow it."""
        return self._job(self.object_of(key))

    @extend_schema(request=StartSerializer, responses={202: JobSerializer})
    def create(self, request: Request) -> Response:
        """Start a job; each kind needs its own right, where it is to work. What is under way already is joined."""
        given = self.read(StartSerializer)
        job = jobs.start_job(given["kind"], given.get("parameters", {}), actor=self.actor, now=self.now)
        return self._started(job)

    def _started(self, job: Job) -> Response:
        response = self._job(job, status=202)
        response["Location"] = self.request.build_absolute_uri(f"{BASE}jobs/{job.pk}")
        return response

    @extend_schema(request=None, responses=JobSerializer)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, key: str) -> Response:
        """End a job that is queued or running; what is done stays."""
        self.object_of(key)
        return self._job(jobs.cancel_job(job_id=key, actor=self.actor, now=self.now))

    @extend_schema(request=None, responses={202: JobSerializer})
    @action(detail=True, methods=["post"])
    def retry(self, request: Request, key: str) -> Response:
        """Try what failed of an ended job again, as a job that follows it."""
        self.object_of(key)
        return self._started(jobs.retry_job(job_id=key, actor=self.actor, now=self.now))


def register(router: Router) -> None:
    """Add the resource."""
    router.register("jobs", Jobs)
