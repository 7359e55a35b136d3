"""A manual change of a customer's limit, where the parameter allows it (`domain 8`); the service decides."""

from collections.abc import Mapping
from typing import Any

from django.http import QueryDict
from django.urls import reverse

from credit_mgmt.accounts import open_accounts
from credit_mgmt.forms import LimitForm
from credit_mgmt.limits import set_limit
from credit_mgmt.models import CreditAccount, LimitHistory
from customers.access import Action
from customers.models import Customer
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
        return LimitForm(data, initial={name: getattr(account, name) for name in names} if account else {})

    def perform(self, subject: Customer, given: Mapping[str, Any]) -> str:
        """Change it, with its entry in the history."""
        open_accounts(customer_ids=[subject.pk])
        account = CreditAccount.objects.get(customer=subject)
        changed = set_limit(
            account=account.pk,
            source=LimitHistory.Source.MANUAL,
            actor=self.actor,
            at=self.now,
            as_of=self.today_of,
            **given,
        )
        return f"Limit of {subject.name} changed." if changed else f"The limit of {subject.name} was that already."

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
