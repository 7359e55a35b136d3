"""Letting new orders of a customer through again, after they had been forced on hold (`ux.md` 3.4)."""

from collections.abc import Mapping
from typing import Any

from django.forms import Form
from django.http import Http404, QueryDict
from django.urls import reverse

from customers.access import Action
from holds.models import StandingForce
from holds.pages.customers import customer_or_404
from holds.pages.dialog import Dialog
from holds.standing_forces import end_standing_force, in_force


class NewOrdersDialog(Dialog):
    """`/customers/NL01/C-1/new-orders/`."""

    looks = Action.VIEW_EXPOSURE
    action = Action.FORCE_HOLD
    section = "customers"

    def subject(self, **key: str) -> StandingForce:
        """What is in force for the customer of the address. Raises `Http404` where nothing is."""
        customer = customer_or_404(self, key["legal_entity"], key["account"])
        standing = in_force([customer], self.today_of).get(customer.pk)
        if standing is None or standing.customer_id != customer.pk:
            raise Http404(f"New orders of {customer.key} are not forced on hold.")
        return standing

    def legal_entity(self, subject: StandingForce) -> str:
        """That of the customer."""
        return subject.customer.legal_entity_id

    def form(self, subject: StandingForce, data: QueryDict | None) -> Form:
        """Nothing is asked."""
        return Form(data)

    def perform(self, subject: StandingForce, given: Mapping[str, Any]) -> str:
        """End it."""
        end_standing_force(id=subject.pk, actor=self.actor, at=self.now)
        return f"New orders of {subject.customer.name} are no longer forced on hold."

    def words(self, subject: StandingForce) -> dict[str, Any]:
        """What the dialog says."""
        return {
            "dialog_heading": f"Let new orders of {subject.customer.name} through",
            "summary": f"Forced on hold until {subject.until:%d %b %Y} by {subject.actor_name}.",
            "submit": "Let new orders through",
            "note": "Orders that are on hold already stay there until somebody releases them.",
        }

    def back(self, subject: StandingForce) -> str:
        """The customer itself."""
        return reverse("customer", args=[subject.customer.legal_entity_id, subject.customer.account])
