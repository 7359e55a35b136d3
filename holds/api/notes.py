"""`customer-notes` and `attachments`: what people write down and put beside a customer or a hold; append-only."""

import base64
import binascii
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from customers.access import Action, scoped
from customers.edge import filters as by
from customers.edge.fields import FlagField, KeyField, StrictSerializer, TextField
from customers.edge.resources import CollectionResource, refuse_parameters
from customers.edge.routing import Router
from customers.errors import InvalidInput, NotFound
from customers.models import Customer
from holds.models import Attachment, CustomerNote, Hold, PinnedNote
from holds.notes import LARGEST_FILE, LONGEST_NOTE, add_customer_note, keep_file, pin_note


class CustomerNoteSerializer(StrictSerializer):
    """A note on a customer; a pinned one is shown on every hold of that customer."""

    id = serializers.IntegerField(read_only=True)
    customer = KeyField(source="customer.key")
    text = TextField(max_length=LONGEST_NOTE)
    pinned = FlagField(default=False)
    actor = serializers.CharField(read_only=True)
    actor_name = serializers.CharField(read_only=True)
    at = serializers.DateTimeField(read_only=True)


class AttachmentSerializer(StrictSerializer):
    """A file kept with a customer and perhaps with one of its holds; its content is fetched by itself."""

    id = serializers.UUIDField(read_only=True)
    customer = KeyField(source="customer.key")
    hold = serializers.UUIDField(source="hold_id", required=False, allow_null=True, default=None)
    name = TextField(max_length=120)
    content_type = serializers.CharField(read_only=True)
    size = serializers.IntegerField(read_only=True)
    sha256 = serializers.CharField(read_only=True)
    actor = serializers.CharField(read_only=True)
    actor_name = serializers.CharField(read_only=True)
    at = serializers.DateTimeField(read_only=True)


class NewAttachmentSerializer(AttachmentSerializer):
    """A file to be kept; `content` is base64."""

    content = serializers.CharField(write_only=True)


class ContentSerializer(StrictSerializer):
    """A file as it was kept; `content` is base64."""

    name = serializers.CharField()
    content_type = serializers.CharField()
    content = serializers.CharField()


class OfCustomers(CollectionResource):
    """What both resources have in common: they belong to a customer, and are scoped with it."""

    scope_path = "customer__legal_entity"
    default_ordering = ("-at",)
    orderings = {"at": "at"}

    def customer(self, key: str) -> Customer:
        """The customer with that key, as far as the caller sees it."""
        entity, _, account = key.partition(":")
        visible = scoped(Customer.objects.select_related("legal_entity"), self.actor, Action.VIEW_EXPOSURE)
        found = visible.filter(legal_entity=entity, account=account).first()
        if found is None:
            raise NotFound(f"Customer {key} was not found.")
        return found


class CustomerNotes(OfCustomers):
    """Notes on customers, newest first."""

    model = CustomerNote
    serializer_class = CustomerNoteSerializer
    rights = {
        "list": Action.VIEW_EXPOSURE,
        "create": Action.WORK_HOLDS,
        "pin": Action.WORK_HOLDS,
        "unpin": Action.WORK_HOLDS,
    }
    related = ("customer",)
    filters = {
        "id": by.whole("pk"),
        "customer": by.key("customer"),
        "text": by.text("text"),
        "pinned": by.flag("pinned"),
        "actor": by.text("actor"),
        "actor_name": by.text("actor_name"),
        "at": by.instant("at"),
    }

    def rows(self) -> QuerySet[Any]:
        """What the caller may see, annotated with whether it is `pinned`."""
        pinned = Exists(PinnedNote.objects.filter(note=OuterRef("pk")))
        rows: QuerySet[Any] = super().rows().annotate(pinned=pinned)
        return rows

    @extend_schema(request=CustomerNoteSerializer, responses={201: CustomerNoteSerializer})
    def create(self, request: Request) -> Response:
        """Write a note, pinned if so wished."""
        given = self.read()
        customer = self.customer(given["customer"])
        note = add_customer_note(
            customer=customer, text=given["text"], actor=self.actor, at=self.now, pin=given["pinned"]
        )
        return self._shown(note.pk, 201)

    @extend_schema(request=None, responses=CustomerNoteSerializer)
    @action(detail=True, methods=["post"])
    def pin(self, request: Request, pk: str) -> Response:
        """Show this note on every hold of its customer instead of the one before."""
        note = self._note(pk)
        pin_note(customer=note.customer, note=note.pk, actor=self.actor, at=self.now)
        return self._shown(note.pk)

    @extend_schema(request=None, responses=CustomerNoteSerializer)
    @action(detail=True, methods=["post"])
    def unpin(self, request: Request, pk: str) -> Response:
        """Show it no longer; nothing changes where another note is pinned."""
        note = self._note(pk)
        if note.pinned:
            pin_note(customer=note.customer, note=None, actor=self.actor, at=self.now)
        return self._shown(note.pk)

    def _note(self, pk: str) -> Any:
        refuse_parameters(self.request)
        note = self.rows().filter(pk=int(pk)).first() if pk.isdigit() and len(pk) < 18 else None
        if note is None:
            raise NotFound(f"Note {pk} was not found.")
        return note

    def _shown(self, pk: int, status: int = 200) -> Response:
        return Response(CustomerNoteSerializer(self.rows().get(pk=pk)).data, status=status)


class Attachments(OfCustomers):
    """Files of customers and their holds, newest first; their content is fetched one by one."""

    model = Attachment
    serializer_class = AttachmentSerializer
    rights = {"list": Action.VIEW_EXPOSURE, "create": Action.WORK_HOLDS, "content": Action.VIEW_EXPOSURE}
    related = ("customer",)
    filters = {
        "id": by.uuid("pk"),
        "customer": by.key("customer"),
        "hold": by.uuid("hold"),
        "name": by.text("name"),
        "content_type": by.text("content_type"),
        "size": by.whole("size"),
        "sha256": by.text("sha256"),
        "actor": by.text("actor"),
        "actor_name": by.text("actor_name"),
        "at": by.instant("at"),
    }

    def rows(self) -> QuerySet[Any]:
        """What the caller may see, without the contents."""
        return super().rows().defer("content")

    @extend_schema(request=NewAttachmentSerializer, responses={201: AttachmentSerializer})
    def create(self, request: Request) -> Response:
        """Keep a file."""
        given = self.read(NewAttachmentSerializer)
        customer, hold = self.customer(given["customer"]), given["hold"]
        found = scoped(Hold.objects.all(), self.actor).filter(pk=hold).first() if hold else None
        if hold and found is None:
            raise NotFound(f"Hold {hold} was not found.")
        content = _decoded(given["content"])
        try:
            kept = keep_file(
                customer=customer, hold=found, name=given["name"], content=content, actor=self.actor, at=self.now
            )
        except InvalidInput as problem:
            raise InvalidInput(replace(error, field="content") for error in problem.errors) from problem
        return Response(AttachmentSerializer(kept).data, status=201)

    @extend_schema(responses=ContentSerializer)
    @action(detail=True, methods=["get"])
    def content(self, request: Request, pk: str) -> Response:
        """The file as it was kept."""
        refuse_parameters(request)
        try:
            found = self.rows().filter(pk=UUID(pk)).first()
        except ValueError:
            found = None
        if found is None:
            raise NotFound(f"Attachment {pk} was not found.")
        told = {"name": found.name, "content_type": found.content_type}
        return Response({**told, "content": base64.b64encode(bytes(found.content)).decode()})


def _decoded(text: str) -> bytes:
    """The content that was sent. Raises `InvalidInput` where it is no base64 or more than is kept."""
    if len(text) > LARGEST_FILE * 4 // 3 + 8:
        raise InvalidInput.of("content", "too_large", f"At most {LARGEST_FILE // 1024 // 1024} MB are kept.")
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as problem:
        raise InvalidInput.of("content", "invalid", "Send the content as base64.") from problem


def register(router: Router) -> None:
    """Add the resources `customer-notes` and `attachments`."""
    router.register("customer-notes", CustomerNotes)
    router.register("attachments", Attachments)
