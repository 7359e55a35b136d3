"""Writing under the tab *Notes and files*: notes on a customer, the pinned one, files; and fetching a file."""

import uuid
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.http import content_disposition_header

from customers import access
from customers.access import Action
from customers.errors import InvalidInput
from customers.models import Customer
from customers.views import PageView
from holds import notes
from holds.models import Attachment, Hold
from holds.pages import panel_contents as contents
from holds.pages.customers import customer_or_404, customer_tabs
from holds.pages.hold_detail import hold_or_404, tabs_of
from holds.pages.panel_contents import Subject

Item = dict[str, Any]


class NotesForm(PageView):
    """What the forms of the tab have in common: they act, or show the tab again with what was typed."""

    looks = Action.VIEW_EXPOSURE
    section = "customers"

    def done(self, customer: Customer, hold: Hold | None, said: str) -> HttpResponse:
        """Back to the tab that the form stands in."""
        messages.success(self.request, said)
        return self.go(self._subject(customer, hold).url("notes"))

    def again(self, customer: Customer, hold: Hold | None, problem: InvalidInput, typed: str = "") -> HttpResponse:
        """The tab with what is wrong, and what was typed."""
        subject = self._subject(customer, hold)
        tabs = tabs_of(hold, "notes") if hold is not None else customer_tabs(customer, "notes")
        context = {
            **contents.notes(subject),
            "errors": problem.errors,
            "typed": typed,
            "heading": {"title": customer.name},
            "crumbs": [{"label": customer.key, "url": reverse("customer", args=_key(customer))}],
            "tabs": tabs,
            "panel": "notes",
            "panel_template": "holds/panels/notes.html",
            "panel_title": "Notes and files",
            "hold": hold,
            "customer": customer,
        }
        return self.page("holds/panel.html", context, status=422)

    def hold_of(self, customer: Customer) -> Hold | None:
        """The hold under whose tab the form stands, if it is one of the customer."""
        number = self.request.POST.get("hold", "")
        hold = hold_or_404(number, self) if number else None
        if hold is not None and hold.payer_id != customer.pk:
            raise Http404(f"Hold {number} is not one of customer {customer.key}.")
        return hold

    def _subject(self, customer: Customer, hold: Hold | None) -> Subject:
        return Subject(self, customer, self.today(customer.legal_entity.time_zone), hold, self.request.GET)


class CustomerNoteForm(NotesForm):
    """POST `/customers/NL01/C-1/notes/`."""

    def post(self, request: HttpRequest, legal_entity: str, account: str) -> HttpResponse:
        """Write a note on the customer, pinned if so wished."""
        customer = customer_or_404(self, legal_entity, account)
        hold, text, pin = self.hold_of(customer), request.POST.get("text", ""), request.POST.get("pin") == "on"
        try:
            notes.add_customer_note(customer=customer, text=text, actor=self.actor, at=self.now, pin=pin)
        except InvalidInput as problem:
            return self.again(customer, hold, problem, text)
        return self.done(customer, hold, "Note added and pinned." if pin else "Note added.")


class PinForm(NotesForm):
    """POST `/customers/NL01/C-1/pin/`."""

    def post(self, request: HttpRequest, legal_entity: str, account: str) -> HttpResponse:
        """Pin another note, or none."""
        customer = customer_or_404(self, legal_entity, account)
        hold, chosen = self.hold_of(customer), request.POST.get("note", "")
        note = int(chosen) if chosen.isdigit() and len(chosen) < 18 else None
        notes.pin_note(customer=customer, note=note, actor=self.actor, at=self.now)
        return self.done(customer, hold, "Note pinned." if note else "No note is pinned any more.")


class FileForm(NotesForm):
    """POST `/customers/NL01/C-1/files/` and `/holds/H-1/files/`."""

    def post(self, request: HttpRequest, **key: str) -> HttpResponse:
        """Keep the file that was sent."""
        hold = hold_or_404(key["number"], self) if "number" in key else None
        customer = hold.payer if hold is not None else customer_or_404(self, key["legal_entity"], key["account"])
        sent = request.FILES.get("file")
        try:
            if sent is None:
                raise InvalidInput.of("file", "required", "Choose a file.")
            # One byte more than may be kept shows that there is more; the rest is not read.
            content = sent.read(notes.LARGEST_FILE + 1)
            kept = notes.keep_file(
                customer=customer, hold=hold, name=sent.name or "", content=content, actor=self.actor, at=self.now
            )
        except InvalidInput as problem:
            return self.again(customer, hold, problem)
        return self.done(customer, hold, f"{kept.name} is kept.")


class FilePage(PageView):
    """GET `/files/UUID/`: the file, never shown inside the site."""

    looks = Action.VIEW_EXPOSURE
    section = "customers"

    def get(self, request: HttpRequest, file: uuid.UUID) -> HttpResponse:
        """The content as a download: a browser neither guesses what it is nor runs it."""
        visible = access.scoped(Attachment.objects.all(), self.actor, self.looks, path="customer__legal_entity")
        found = visible.filter(pk=file).first()
        if found is None:
            raise Http404("The file was not found.")
        answer = HttpResponse(bytes(found.content), content_type="application/octet-stream")
        answer["Content-Disposition"] = content_disposition_header(True, found.name) or "attachment"
        answer["X-Content-Type-Options"] = "nosniff"
        return answer


def _key(customer: Customer) -> list[str]:
    return [customer.legal_entity_id, customer.account]
