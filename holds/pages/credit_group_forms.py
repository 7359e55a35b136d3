"""Making a customer credit group, describing it, changing its limit by hand (`domain 3.4`, `ux.md` 3.9)."""

from collections.abc import Mapping
from typing import Any

from django.forms import Form
from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse

from credit_mgmt.credit_groups import feed_group
from credit_mgmt.credit_groups.forms import GroupForm, GroupLimitForm, NewGroupForm
from credit_mgmt.models import CreditAccount
from customers.access import Action, authorize_each
from customers.errors import InvalidInput
from customers.models import Customer, CustomerCreditGroup
from holds.pages.credit_groups import group_or_404
from holds.pages.dialog import Dialog


class GroupDialog(Dialog):
    """What the dialogs about a group have in common: the right in all legal entities of its members."""

    looks = Action.VIEW_EXPOSURE
    action = Action.MANAGE_CREDIT_GROUPS
    section = "customers"

    def get(self, request: HttpRequest, **key: str) -> HttpResponse:
        """The dialog, or the same as a page."""
        subject = self.subject(**key)
        require_group(self, subject)
        return self._show(subject, self.form(subject, None))

    def subject(self, **key: str) -> CustomerCreditGroup:
        """The group of the address."""
        return group_or_404(self, key["number"])

    def back(self, subject: CustomerCreditGroup) -> str:
        """The group."""
        return reverse("group", args=[subject.pk])

    def feed(self, number: str, given: Mapping[str, Any], *, replace: bool = False) -> None:
        """The one service call of these dialogs."""
        row = {"number": number, **given}
        feed_group(row=row, actor=self.actor, today=self.today_of, at=self.now, replace=replace)


def require_group(page: Any, group: CustomerCreditGroup | None) -> None:
    """Raise unless the reader may manage the group; one without members concerns all legal entities."""
    members = Customer.objects.filter(credit_group=group) if group is not None else Customer.objects.none()
    entities = set(members.values_list("legal_entity_id", flat=True))
    if entities:
        authorize_each(page.actor, Action.MANAGE_CREDIT_GROUPS, entities)
    else:
        page.require(Action.MANAGE_CREDIT_GROUPS, None)


class NewGroupDialog(GroupDialog):
    """`/groups/new/`: a group begins without members."""

    def subject(self, **key: str) -> None:  # type: ignore[override]  # there is none yet
        """Nothing yet."""

    def form(self, subject: None, data: QueryDict | None) -> Form:
        """Number, description, currency, limit, date."""
        return NewGroupForm(data)

    def perform(self, subject: None, given: Mapping[str, Any]) -> str:
        """Make it, with its opening limit."""
        self.made = str(given["number"])
        if CustomerCreditGroup.objects.filter(pk=self.made).exists():
            self.made, taken = "", self.made
            raise InvalidInput.of("number", "duplicate", f"There is a credit group {taken} already.")
        self.feed(self.made, {name: value for name, value in given.items() if name != "number"}, replace=True)
        return f"Credit group {self.made} made. Add its members."

    def words(self, subject: None) -> dict[str, Any]:
        """What the dialog says."""
        return {
            "dialog_heading": "New credit group",
            "summary": "Customers, of any legal entity, that share one limit.",
            "submit": "Make the group",
            "note": "The limit opens its history. Members are added next.",
        }

    def back(self, subject: None) -> str:  # type: ignore[override]
        """The new group; the list where none was made."""
        made = getattr(self, "made", "")
        return reverse("group", args=[made]) if made and self.request.method == "POST" else reverse("group-list")


class EditGroupDialog(GroupDialog):
    """`/groups/G-021/edit/`: what the group is called, and how its members' days overdue count."""

    def form(self, subject: CustomerCreditGroup, data: QueryDict | None) -> Form:
        """As it is now."""
        names = ("description", "use_member_days_overdue")
        return GroupForm(data, initial={name: getattr(subject, name) for name in names})

    def perform(self, subject: CustomerCreditGroup, given: Mapping[str, Any]) -> str:
        """Change it."""
        self.feed(subject.pk, given)
        return f"Credit group {subject.pk} changed."

    def words(self, subject: CustomerCreditGroup) -> dict[str, Any]:
        """What the dialog says."""
        return {
            "dialog_heading": f"Edit credit group {subject.pk}",
            "summary": f"Amounts in {subject.currency_id}",
            "submit": "Save group",
            "note": "Counts from the next check on; orders on hold are looked at again.",
        }


class GroupLimitDialog(GroupDialog):
    """`/groups/G-021/limit/`: a change by hand, where the default row's parameter allows it."""

    def form(self, subject: CustomerCreditGroup, data: QueryDict | None) -> Form:
        """The limit as it is now."""
        account = CreditAccount.objects.filter(group=subject).first()
        initial = {"credit_limit": account.limit_amount, "credit_limit_to": account.expires_on} if account else {}
        return GroupLimitForm(data, initial=initial)

    def perform(self, subject: CustomerCreditGroup, given: Mapping[str, Any]) -> str:
        """Change it, with its entry in the history; the members take over the date."""
        self.feed(subject.pk, given)
        return f"Limit of credit group {subject.pk} changed."

    def words(self, subject: CustomerCreditGroup) -> dict[str, Any]:
        """What the dialog says."""
        return {
            "dialog_heading": f"Change the limit of group {subject.pk}",
            "summary": f"{subject.description or 'Credit group'} · amounts in {subject.currency_id}",
            "submit": "Change limit",
            "note": "The date becomes the end of every member's own limit, through the limit history.",
        }
