"""What a person does to an order: post a document, ask the check, force, cancel, reopen (`domain 5`, `6`)."""

from collections.abc import Mapping
from typing import Any

from django.contrib import messages as toasts
from django.forms import Form
from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse

from credit_mgmt import display, messages
from credit_mgmt.checks import ask_about
from credit_mgmt.engine.decision import Decision
from credit_mgmt.masking import Mask
from customers.access import Action
from customers.errors import InvalidInput, Refused
from customers.models import Document, Reason, SalesOrder
from customers.numbers import grouped
from customers.views import PageView
from holds.forced import force_hold
from holds.forms import DocumentForm, ForceForm, reasons_of
from holds.orders import cancel_order
from holds.pages.dialog import Dialog
from holds.pages.orders import open_documents, order_or_404, sold_at_the_counter
from holds.posting import Posting, post_document
from holds.rejections import reopen_order


class PostDocument(PageView):
    """POST `/orders/NL01/SO-1/post/`: check, then post."""

    looks = Action.VIEW
    section = "orders"

    def get(self, request: HttpRequest, legal_entity: str, number: str) -> HttpResponse:
        """Ask first: a link never posts anything."""
        order = order_or_404(self, legal_entity, number)
        self.require(Action.POST_DOCUMENT, legal_entity)
        form = DocumentForm(documents=open_documents(order), initial=request.GET.dict())
        return self._ask(order, form)

    def post(self, request: HttpRequest, legal_entity: str, number: str) -> HttpResponse:
        """Post it, or say why not; a hold is an answer, not an error."""
        order = order_or_404(self, legal_entity, number)
        form = DocumentForm(request.POST, documents=open_documents(order))
        if not form.is_valid():
            return self._ask(order, form, status=422)
        try:
            posting = post_document(
                order=order.pk,
                document=form.cleaned_data["document"],
                pro_forma=form.cleaned_data["pro_forma"],
                actor=self.actor,
                at=self.now,
                today=self.today_of,
            )
        except Refused as problem:
            toasts.error(request, problem.message)
            return self.go(_order_url(order))
        except InvalidInput as problem:
            toasts.error(request, " ".join(error.message for error in problem.errors))
            return self.go(_order_url(order))
        return self._answer(order, posting, form.cleaned_data["document"])

    def _ask(self, order: SalesOrder, form: DocumentForm, status: int = 200) -> HttpResponse:
        return self.page(
            "holds/dialog.html",
            {
                "form": form,
                "action_url": self.request.path,
                "cancel_url": _order_url(order),
                "submit": "Post",
                "dialog_heading": f"Post a document of {order.number}",
                "summary": order.customer.name,
                "note": "The credit check runs first; the order may be put on hold.",
            },
            status=status,
        )

    def _answer(self, order: SalesOrder, posting: Posting, document: str) -> HttpResponse:
        name = str(Document(document).label)
        decision = Mask(self.actor).decision(posting.decision) if posting.decision else None
        if posting.outcome == "posted":
            warnings = " ".join(messages.reason_message(item) for item in (decision.warnings if decision else ()))
            toasts.success(self.request, f"{name} of {order.number} posted. {warnings}".strip())
        elif posting.outcome == "cleared":
            toasts.success(self.request, f"{name} of {order.number} is cleared; the ERP posts it.")
        elif posting.outcome == "held" and posting.hold is not None:
            toasts.warning(self.request, f"{order.number} is on hold. {posting.message}".strip())
            return self.go(reverse("hold-detail", args=[posting.hold.number]))
        else:
            toasts.error(self.request, posting.message or f"{name} of {order.number} was refused.")
        return self.go(_order_url(order))


class CheckOrder(PageView):
    """GET `/orders/NL01/SO-1/check/?document=invoice`: the credit check as a question; nothing is stored."""

    looks = Action.VIEW
    section = "orders"

    def get(self, request: HttpRequest, legal_entity: str, number: str) -> HttpResponse:
        """The answer with its trace and what would clear it."""
        order = order_or_404(self, legal_entity, number)
        self.require(Action.CHECK, legal_entity)
        form = DocumentForm(request.GET or None, documents=open_documents(order))
        decision = self._decide(order, form) if form.is_bound and form.is_valid() else None
        counter = sold_at_the_counter(order)
        return self.page(
            "holds/check.html",
            {
                "order": order,
                "form": form,
                "order_url": _order_url(order),
                "decision": decision,
                "words": ("Refused" if counter and decision.holds else display.outcome_words(decision))
                if decision
                else "",
                "counter": counter,
                "reasons": display.reason_rows(decision.reasons) if decision else [],
                "warnings": [messages.reason_message(reason) for reason in decision.warnings] if decision else [],
                "remedies": display.remedy_rows(decision) if decision else [],
                "exposure": display.exposure_bar(decision.figures) if decision else None,
                "steps": display.trace_steps(decision.trace) if decision else [],
            },
        )

    def _decide(self, order: SalesOrder, form: DocumentForm) -> Decision:
        decision = ask_about(
            order.pk,
            order_type=order.order_type,
            checkpoint=form.cleaned_data["document"],
            pro_forma=form.cleaned_data["pro_forma"],
            as_of={order.legal_entity_id: self.today(order.legal_entity.time_zone)},
        )
        return Mask(self.actor).decision(decision)


class OrderDialog(Dialog):
    """A dialog on one order."""

    section = "orders"

    def subject(self, **key: str) -> SalesOrder:
        """The order of the address."""
        return order_or_404(self, key["legal_entity"], key["number"])

    def back(self, subject: SalesOrder) -> str:
        """The order itself."""
        return _order_url(subject)


class ForceDialog(OrderDialog):
    """`/orders/NL01/SO-1/force/`: stop an order for a reason outside the rules."""

    action = Action.FORCE_HOLD
    undoable = True

    def form(self, subject: SalesOrder, data: QueryDict | None) -> ForceForm:
        """Hold reasons that are valid in the order's legal entity."""
        entities = [subject.legal_entity_id]
        return ForceForm(data, reasons=reasons_of(Reason.Type.HOLD, entities), entities=entities)

    def perform(self, subject: SalesOrder, given: Mapping[str, Any]) -> str:
        """Force it."""
        force_hold(
            order=subject.pk,
            reason=given["reason"],
            note=given["note"],
            until=given["until"],
            actor=self.actor,
            at=self.now,
            today=self.today_of,
        )
        return f"{subject.number} is on hold, forced."

    def words(self, subject: SalesOrder) -> dict[str, Any]:
        """What the dialog says."""
        value = f"{grouped(subject.amount, 2)} {subject.currency_id}"
        return {
            "dialog_heading": f"Force a hold on {subject.number}",
            "summary": f"{subject.customer.name} · {value}",
            "submit": "Force hold",
            "note": "A forced hold waits for a person: it is never released automatically.",
        }


class CancelDialog(OrderDialog):
    """`/orders/NL01/SO-1/cancel/`."""

    action = Action.CANCEL_ORDER

    def form(self, subject: SalesOrder, data: QueryDict | None) -> Form:
        """Nothing to fill in."""
        return Form(data)

    def perform(self, subject: SalesOrder, given: Mapping[str, Any]) -> str:
        """Cancel it; its hold closes."""
        cancel_order(order=subject.pk, actor=self.actor, at=self.now)
        return f"{subject.number} is cancelled."

    def words(self, subject: SalesOrder) -> dict[str, Any]:
        """What the dialog says."""
        return {
            "dialog_heading": f"Cancel order {subject.number}",
            "summary": subject.customer.name,
            "submit": "Cancel the order",
            "note": "Its hold closes and it uses no credit any more.",
            "danger": True,
        }


class ReopenDialog(OrderDialog):
    """`/orders/NL01/SO-1/reopen/`: a rejected order may be posted again, after another check."""

    action = Action.REOPEN

    def form(self, subject: SalesOrder, data: QueryDict | None) -> Form:
        """Nothing to fill in."""
        return Form(data)

    def perform(self, subject: SalesOrder, given: Mapping[str, Any]) -> str:
        """Reopen it."""
        reopen_order(order=subject.pk, actor=self.actor, at=self.now)
        return f"{subject.number} is open again."

    def words(self, subject: SalesOrder) -> dict[str, Any]:
        """What the dialog says."""
        return {
            "dialog_heading": f"Reopen order {subject.number}",
            "summary": subject.customer.name,
            "submit": "Reopen",
            "note": "It is checked again at its next document.",
        }


def _order_url(order: SalesOrder) -> str:
    return reverse("order", args=[order.legal_entity_id, order.number])
