"""`limit-adjustments`: journals that change limits, their lines, and what can be done with them (`domain 8`)."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import Q
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from credit_mgmt.api.journal_serializers import (
    LINES_SHOWN,
    AdjustSerializer,
    FileSerializer,
    FullJournalSerializer,
    GeneratedSerializer,
    GenerateSerializer,
    JournalInputSerializer,
    JournalSerializer,
    LineSerializer,
    VersionSerializer,
    generated_data,
    line_adjustment,
    line_inputs,
)
from credit_mgmt.journals import cancel_journals
from credit_mgmt.journals import jobs as journal_jobs
from credit_mgmt.journals import posting as journal_posting
from credit_mgmt.journals.adjusting import adjust_lines
from credit_mgmt.journals.approval import return_to_draft, submit_journal
from credit_mgmt.journals.checks import check_journal
from credit_mgmt.journals.generation import count_found, generate_lines, preview_lines
from credit_mgmt.journals.lines import make_journal, refresh_lines, rewrite_journal
from credit_mgmt.journals.pasting import paste_lines
from credit_mgmt.journals.posting import post_journal
from credit_mgmt.journals.requests import as_json, read_generation
from credit_mgmt.journals.reversal import copy_journal, reverse_journal
from credit_mgmt.journals.undoing import take_back
from credit_mgmt.masking import Mask
from credit_mgmt.models import LimitJournal, LimitJournalLine
from customers import jobs
from customers.access import Action
from customers.edge import filters as by
from customers.edge import paging
from customers.edge.resources import ListResource, refuse_parameters
from customers.edge.routing import BASE, Router
from customers.errors import FieldError, InvalidInput
from customers.models import Job

_EDITS = (
    "create",
    "update",
    "partial_update",
    "bring_in",
    "adjust",
    "undo",
    "generate",
    "submit",
    "check",
    "refresh",
    "cancel",
    "recall",
    "copy",
)


class StartedSerializer(serializers.Serializer[Any]):
    """A job that does the work in the background: `GET jobs/{id}` follows it."""

    job = serializers.UUIDField()


class LimitAdjustments(ListResource):
    """The journals of the caller's legal entities; figures of groups only for who sees all their members."""

    model = LimitJournal
    serializer_class = JournalSerializer
    rights = {
        "list": Action.VIEW_EXPOSURE,
        "retrieve": Action.VIEW_EXPOSURE,
        "lines": Action.VIEW_EXPOSURE,
        **dict.fromkeys((*_EDITS, "reverse"), Action.MAKE_JOURNALS),
        "put_in_force": Action.POST_JOURNALS,
    }
    related = ("legal_entity", "reverses")
    filters = {
        "number": by.text("number"),
        "type": by.choice("type", LimitJournal.Type),
        "status": by.choice("status", LimitJournal.Status),
        "origin": by.choice("origin", LimitJournal.Origin),
        "legal_entity": by.code("legal_entity"),
        "description": by.text("description"),
        "owner": by.text("owner"),
        "customer": by.key("lines__customer"),
        "credit_group": by.code("lines__group"),
        "line_count": by.whole("line_count"),
        "increase": by.amount("increase"),
        "decrease": by.amount("decrease"),
        "version": by.whole("version"),
        "reverses": by.text("reverses__number"),
        "created_at": by.instant("created_at"),
        "changed_at": by.instant("changed_at"),
        "submitted_by": by.text("submitted_by"),
        "submitted_at": by.instant("submitted_at"),
        "decided_by": by.text("decided_by"),
        "decided_at": by.instant("decided_at"),
        "posted_by": by.text("posted_by"),
        "posted_at": by.instant("posted_at"),
    }
    orderings = {
        "number": "number",
        "changed_at": "changed_at",
        "created_at": "created_at",
        "posted_at": "posted_at",
        "line_count": "line_count",
        "increase": "increase",
        "decrease": "decrease",
    }
    default_ordering = ("-changed_at",)
    unique = "number"

    def by_key(self, key: str) -> Q:
        """A journal is addressed by its number."""
        return Q(number=key)

    def _shown(self, journal: LimitJournal, status: int = 200) -> Response:
        """The journal with its first lines; the others are at `lines`."""
        lines = journal.lines.order_by("number").select_related("customer")[:LINES_SHOWN]
        data = JournalSerializer(journal, context={"view": self}).data
        return Response({**data, "lines": self._lines(list(lines))}, status=status)

    def _lines(self, lines: Sequence[LimitJournalLine]) -> Any:
        return LineSerializer(lines, many=True, context={"view": self, "mask": Mask(self.actor)}).data

    def _signed(self) -> dict[str, Any]:
        return {"actor": self.actor, "at": self.now}

    def _changed(self, journal: LimitJournal, status: int = 200) -> Response:
        return self._shown(self.object_of(journal.number), status)

    @extend_schema(responses=FullJournalSerializer)
    def retrieve(self, request: Request, key: str) -> Response:
        """One journal, with its first 500 lines."""
        refuse_parameters(request)
        return self._shown(self.object_of(key))

    @extend_schema(responses=LineSerializer(many=True))
    @action(detail=True, methods=["get"])
    def lines(self, request: Request, key: str) -> Response:
        """The lines of a journal, a page at a time, in their order; `?problem=error` shows those with errors."""
        journal = self.object_of(key)
        rows = journal.lines.select_related("customer")
        filters = {"problem": by.text("problem"), "customer": by.key("customer"), "credit_group": by.code("group")}
        found = by.apply(rows, filters, request.query_params)
        page, links = paging.page_of(request, found, paging.Ordering({"number": "number"}, ("number",), "pk"))
        return Response({"results": self._lines(page), **links})

    @extend_schema(request=JournalInputSerializer, responses={201: FullJournalSerializer})
    def create(self, request: Request) -> Response:
        """A new draft with its lines; its number is given by the system."""
        refuse_parameters(request)
        given = self.read(JournalInputSerializer)
        if "number" in given:
            raise InvalidInput.of("number", "read_only", "The number is given by the system: leave it out.")
        made = make_journal(
            legal_entity=_required(given, "legal_entity"),
            type=_required(given, "type"),
            description=given.get("description", ""),
            lines=line_inputs(given.get("lines", ())),
            today=self.today_in,
            **self._signed(),
        )
        return self._changed(made, status=201)

    @extend_schema(request=JournalInputSerializer, responses=FullJournalSerializer)
    def update(self, request: Request, key: str) -> Response:
        """Replace what a draft has: description and all lines."""
        return self._rewrite(request, key, {"description": "", "lines": ()})

    @extend_schema(request=JournalInputSerializer, responses=FullJournalSerializer)
    def partial_update(self, request: Request, key: str) -> Response:
        """Change the fields that are named; `lines` take the place of all that there are."""
        return self._rewrite(request, key, {})

    def _rewrite(self, request: Request, key: str, defaults: Mapping[str, Any]) -> Response:
        refuse_parameters(request)
        given = {**defaults, **self.read(JournalInputSerializer, partial=True)}
        journal = self.object_of(key)
        _refuse_other(given, journal)
        lines = given.get("lines")
        changed = rewrite_journal(
            journal=key,
            description=given.get("description"),
            lines=None if lines is None else line_inputs(lines),
            version=given.get("version"),
            today=self.today_in,
            **self._signed(),
        )
        return self._changed(changed)

    @extend_schema(request=FileSerializer, responses=FullJournalSerializer)
    @action(detail=True, methods=["post"], url_path="import")
    def bring_in(self, request: Request, key: str) -> Response:
        """Add the rows of a CSV file or workbook to a draft, all or none; what is wrong is named at its row, from 0."""
        refuse_parameters(request)
        given = self.read(FileSerializer)
        added = paste_lines(
            journal=key,
            text=given["content"],
            style=given.get("style", ""),
            version=given.get("version"),
            today=self.today_in,
            **self._signed(),
        )
        return self._changed(added)

    @extend_schema(request=GenerateSerializer, responses={200: GeneratedSerializer, 202: StartedSerializer})
    @action(detail=True, methods=["post"])
    def generate(self, request: Request, key: str) -> Response:
        """Lines made of existing limits; with `preview` nothing is written. Many are made by a job (202)."""
        given = self.read(GenerateSerializer)
        journal = self.object_of(key)
        generation = read_generation(given, temporary=journal.type == LimitJournal.Type.TEMPORARY)
        if given["preview"]:
            seen = preview_lines(journal=key, generation=generation, actor=self.actor, today=self.today_in)
            return Response(generated_data(seen, self.actor))
        if count_found(journal, generation) > journal_jobs.WHILE_WAITING:
            return self._started(journal_jobs.KIND, {"journal": key, **as_json(given)})
        _, made = generate_lines(journal=key, generation=generation, today=self.today_in, **self._signed())
        return Response(generated_data(made, self.actor))

    def _started(self, kind: str, parameters: Mapping[str, Any]) -> Response:
        job: Job = jobs.start_job(kind, parameters, actor=self.actor, now=self.now)
        response = Response({"job": str(job.pk)}, status=202)
        response["Location"] = self.request.build_absolute_uri(f"{BASE}jobs/{job.pk}")
        return response

    @extend_schema(request=AdjustSerializer, responses={200: FullJournalSerializer})
    @action(detail=True, methods=["post"])
    def adjust(self, request: Request, key: str) -> Response:
        """Change lines of a draft together (all, if none are named), all or none; what is left out stays."""
        refuse_parameters(request)
        given = self.read(AdjustSerializer)
        adjustment, numbers = line_adjustment(given), given.get("lines")
        signed = {"version": given.get("version"), "today": self.today_in, **self._signed()}
        return self._changed(adjust_lines(journal=key, adjustment=adjustment, numbers=numbers, **signed))

    @extend_schema(request=None, responses=FullJournalSerializer)
    @action(detail=True, methods=["post"])
    def undo(self, request: Request, key: str) -> Response:
        """Take back your last change or removal of many lines, within 15 minutes; lines changed since stay."""
        refuse_parameters(request)
        return self._changed(take_back(journal=key, today=self.today_in, **self._signed()).journal)

    @extend_schema(request=VersionSerializer, responses=FullJournalSerializer)
    @action(detail=True, methods=["post"])
    def submit(self, request: Request, key: str) -> Response:
        """Hand a draft in for approval; where none is required it is approved with that."""
        version = self.read(VersionSerializer).get("version")
        return self._changed(submit_journal(journal=key, version=version, today=self.today_in, **self._signed()))

    @extend_schema(request=VersionSerializer, responses={200: FullJournalSerializer, 202: StartedSerializer})
    @action(detail=True, methods=["post"], url_path="post")
    def put_in_force(self, request: Request, key: str) -> Response:
        """Put all lines in force, or none. More than 2,000 are posted by a job (202)."""
        version = self.read(VersionSerializer).get("version")
        if self.object_of(key).line_count > journal_posting.WHILE_WAITING:
            return self._started(journal_posting.KIND, {"journal": key})
        return self._changed(post_journal(journal=key, version=version, today=self.today_in, **self._signed()))

    @extend_schema(request=VersionSerializer, responses=FullJournalSerializer)
    @action(detail=True, methods=["post"])
    def check(self, request: Request, key: str) -> Response:
        """Look at all lines of a draft again: what is found stands with them."""
        version = self.read(VersionSerializer).get("version")
        day = self.today_in(self.object_of(key).legal_entity_id)
        return self._changed(check_journal(journal=key, today=day, version=version, **self._signed()))

    @extend_schema(request=VersionSerializer, responses=FullJournalSerializer)
    @action(detail=True, methods=["post"])
    def refresh(self, request: Request, key: str) -> Response:
        """Take what is in force now for what all lines of a draft compare themselves with."""
        version = self.read(VersionSerializer).get("version")
        return self._changed(refresh_lines(journal=key, today=self.today_in, version=version, **self._signed()))

    @extend_schema(request=None, responses=FullJournalSerializer)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, key: str) -> Response:
        """Cancel a draft; its number stays."""
        [cancelled] = cancel_journals(journals=[key], **self._signed())
        return self._changed(cancelled)

    @extend_schema(request=None, responses=FullJournalSerializer)
    @action(detail=True, methods=["post"])
    def recall(self, request: Request, key: str) -> Response:
        """Take a journal back to draft; what was approved of it no longer counts."""
        [recalled] = return_to_draft(journals=[key], **self._signed())
        return self._changed(recalled)

    @extend_schema(request=None, responses={201: FullJournalSerializer})
    @action(detail=True, methods=["post"])
    def copy(self, request: Request, key: str) -> Response:
        """A new draft with the same lines, compared with what is in force now."""
        return self._changed(copy_journal(journal=key, today=self.today_in, **self._signed()), status=201)

    @extend_schema(request=None, responses={201: FullJournalSerializer})
    @action(detail=True, methods=["post"])
    def reverse(self, request: Request, key: str) -> Response:
        """A new draft that restores what a posted journal changed."""
        return self._changed(reverse_journal(journal=key, today=self.today_in, **self._signed()), status=201)


def _required(given: Mapping[str, Any], name: str) -> str:
    if not given.get(name):
        raise InvalidInput.of(name, "required", f"Give the {name.replace('_', ' ')} of the journal.")
    return str(given[name])


def _refuse_other(given: Mapping[str, Any], journal: LimitJournal) -> None:
    """What a journal keeps may be repeated, not changed."""
    kept = {"legal_entity": journal.legal_entity_id, "type": journal.type, "number": journal.number}
    errors = [
        FieldError(name, "immutable", f"A journal keeps it: this one has {value}. Make another journal.")
        for name, value in kept.items()
        if given.get(name, value) != value
    ]
    if errors:
        raise InvalidInput(errors)


def register(router: Router) -> None:
    """Add the resource."""
    router.register("limit-adjustments", LimitAdjustments)
