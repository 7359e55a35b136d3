"""What a person changes of a customer's limit: the limit itself, where the parameter allows it (`domain 8`), what the
customer is eligible for, and the days of its reviews. The services decide."""

from collections.abc import Mapping
from typing import Any

from django.http import QueryDict
from django.urls import reverse

from credit_mgmt.credit_profiles import change_profile
from credit_mgmt.forms import LimitForm, ReviewForm
from credit_mgmt.limits.eligibility import warning_of
from credit_mgmt.limits.entry import enter_limit
from credit_mgmt.models import CreditAccount
from customers.access import Action
from customers.models import Currency, Customer
from customers.money import ZERO, round_half_up
from holds.pages.customers import account_of, customer_or_404
from holds.pages.dialog import Dialog


class LimitDialog(Dialog):
    """`/customers/NL01/C-1/limit/`."""

    looks = Action.VIEW_EXPOSURE
    action = Action.EDIT_CREDIT_PROFILE
    section = "customers"

    def subject(self, **key: str) -> Customer:
        """The customer of the address."""
        return customer_or_404(self, key["legal_entity"], key["account"])

    def form(self, subject: Customer, data: QueryDict | None) -> LimitForm:
        """The limit as it is now."""
        account = account_of(subject)
        names = ("limit_amount", "unlimited", "mandatory", "expires_on")
        initial = {name: getattr(account, name) for name in names} if account else {}
        units = subject.legal_entity.accounting_currency.minor_units
        initial["limit_amount"] = round_half_up(initial.get("limit_amount", ZERO), units)
        own = subject.legal_entity.accounting_currency_id
        return LimitForm(data, initial=initial, currencies=list(dict.fromkeys((own, subject.currency_id))))

    def perform(self, subject: Customer, given: Mapping[str, Any]) -> str:
        """Change it, with its entry in the history."""
        values = {"currency": subject.legal_entity.accounting_currency_id} | dict(given)
        amount = values.pop("limit_amount")
        changed = enter_limit(
            customer=subject, amount=amount, actor=self.actor, at=self.now, as_of=self.today_of, **values
        )
        if changed is None:
            return f"The limit of {subject.name} was that already."
        warning = warning_of(CreditAccount.objects.get(pk=changed.account_id), self.today_of(subject.legal_entity_id))
        return f"Limit of {subject.name} changed. {warning}".rstrip()

    def words(self, subject: Customer) -> dict[str, Any]:
        """What the dialog says."""
        currency = subject.legal_entity.accounting_currency_id
        return {
            "dialog_heading": f"Change the limit of {subject.name}",
            "summary": f"{subject.key} · amounts in {currency}",
            "submit": "Change limit",
            "note": "Written to the limit history with your name.",
        }

    def back(self, subject: Customer) -> str:
        """The customer itself."""
        return reverse("customer", args=[subject.legal_entity_id, subject.account])


class LimitReviewDialog(Dialog):
    """`/customers/NL01/C-1/review/`."""

    looks = Action.VIEW_EXPOSURE
    action = Action.EDIT_CREDIT_PROFILE
    section = "customers"

    def subject(self, **key: str) -> Customer:
        """The customer of the address."""
        return customer_or_404(self, key["legal_entity"], key["account"])

    def form(self, subject: Customer, data: QueryDict | None) -> ReviewForm:
        """The profile as it is now."""
        initial = {name: getattr(subject, name) for name in ReviewForm.base_fields}
        currency = subject.eligible_credit_limit_currency or subject.legal_entity.accounting_currency
        initial["eligible_credit_limit_currency"] = currency.code
        if subject.eligible_credit_limit is not None:
            initial["eligible_credit_limit"] = round_half_up(subject.eligible_credit_limit, currency.minor_units)
        codes = Currency.objects.order_by("code").values_list("code", flat=True)
        return ReviewForm(data, initial=initial, currencies=list(codes))

    def perform(self, subject: Customer, given: Mapping[str, Any]) -> str:
        """Change the profile."""
        values = {name: None if value == "" else value for name, value in given.items()}
        if values["eligible_credit_limit"] is None:
            values["eligible_credit_limit_currency"] = None
        changed = change_profile(
            customer=subject.key, values=values, actor=self.actor, today=self.today_of, at=self.now
        )
        return f"Review of {subject.name} changed." if changed else f"The review of {subject.name} was that already."

    def words(self, subject: Customer) -> dict[str, Any]:
        """What the dialog says."""
        return {
            "dialog_heading": f"Eligible limit and review of {subject.name}",
            "summary": subject.key,
            "submit": "Save review",
            "note": "The list of customers shows whose review is due.",
        }

    def back(self, subject: Customer) -> str:
        """The limits of the customer."""
        return reverse("customer-panel", args=[subject.legal_entity_id, subject.account, "limits"])
