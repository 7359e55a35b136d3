"""What is done with many customers of the list (`ux.md` 3.6): each succeeds or fails by itself, and both are said."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse

from credit_mgmt.fields import NumberField
from credit_mgmt.forms import DateInput
from credit_mgmt.journals.today import add_to_todays_drafts
from credit_mgmt.many_customers import AT_ONCE, TODAY, Changed, change_customers, next_review, start_change
from customers.access import Action
from customers.errors import InvalidInput, Refused
from customers.models import AccountStatus, CreditManagementGroup, Reason
from customers.views import PageView, add_errors
from holds.customer_list.selecting import Chosen, chosen_of
from holds.pages.selection import plural

Item = dict[str, Any]
SHOWN = 12


class CustomerBulkDialog(PageView):
    """A dialog on the customers that its address or form names. Subclasses make the form and say what is changed."""

    looks = Action.EDIT_CREDIT_PROFILE
    section = "customers"
    verb: ClassVar[str]
    note: ClassVar[str] = ""

    def get(self, request: HttpRequest) -> HttpResponse:
        """The dialog, or the same as a page."""
        return self._show(chosen_of(request.GET, self.actor, self.now), self.form(None))

    def post(self, request: HttpRequest) -> HttpResponse:
        """Do it; what is wrong is said beside its field and nothing typed is lost."""
        chosen = chosen_of(request.POST, self.actor, self.now)
        form = self.form(request.POST)
        if not chosen.customers or not form.is_valid():
            return self._show(chosen, form, status=422)
        try:
            return self.perform(chosen, form)
        except InvalidInput as problem:
            add_errors(form, problem)
            return self._show(chosen, form, status=422)
        except Refused as problem:
            form.add_error(None, problem.message)
            return self._show(chosen, form, status=409)

    def form(self, data: QueryDict | None) -> Form:
        """The form, with what was typed."""
        raise NotImplementedError

    def values(self, form: Form) -> dict[str, Any]:
        """What each customer is given, by the names of the API."""
        return dict(form.cleaned_data)

    def perform(self, chosen: Chosen, form: Form) -> HttpResponse:
        """Change them all; many in the background."""
        values = {name: _plain(value) for name, value in self.values(form).items()}
        if len(chosen.customers) > AT_ONCE:
            job = start_change(customers=chosen.keys, values=values, actor=self.actor, now=self.now)
            messages.success(self.request, f"{plural(len(chosen.keys), 'customer')}: in the background.")
            return self.go(reverse("job", args=[job.pk]))
        result = change_customers(
            customers=chosen.keys, values=values, actor=self.actor, today=self.today_of, at=self.now
        )
        if result.failed:
            return self._partly(chosen, form, result)
        messages.success(self.request, said(result))
        return self.go(self._back())

    def _partly(self, chosen: Chosen, form: Form, result: Changed) -> HttpResponse:
        """Some were left as they are: say which and why; they alone stay chosen."""
        failed = {one.customer: one.error for one in result.failed}
        fields = {error.field for error in failed.values()} & set(form.fields)
        for name in sorted(fields):
            form.add_error(name, next(error.message for error in failed.values() if error.field == name))
        rest = tuple(customer for customer in chosen.customers if customer.key in failed)
        outcomes = [{"key": customer.key, "name": customer.name, "message": failed[customer.key].message}
                    for customer in rest]  # fmt: skip
        left = Chosen(rest, tuple(("customer", customer.key) for customer in rest))
        done = said(result) if result.changed or result.unchanged else ""
        return self._show(left, form, status=422, outcomes=outcomes, said=done)

    def _show(self, chosen: Chosen, form: Form, status: int = 200, **more: Any) -> HttpResponse:
        context = {
            "form": form,
            "chosen": chosen,
            "shown": chosen.customers[:SHOWN],
            "more_count": max(0, len(chosen.customers) - SHOWN),
            "dialog_heading": f"{self.verb}: {plural(len(chosen.customers), 'customer')}",
            "dialog_note": self.note,
            "action_url": self.request.path,
            "cancel_url": self._back(),
            "next": self._back(),
            "in_background": len(chosen.customers) > AT_ONCE,
            "nothing_to_do": not chosen.customers,
            "verb": self.verb,
        }
        return self.page("customers/bulk.html", {**context, **more}, status=status)

    def _back(self) -> str:
        """The list from which they were chosen."""
        given = self.request.POST.get("next") or self.request.GET.get("next") or ""
        sent = "/" + self.request.headers.get("Referer", "").partition("//")[2].partition("/")[2]
        for url in (given, sent):
            if url.partition("?")[0] == reverse("customer-list"):
                return url
        return reverse("customer-list")


def said(result: Changed) -> str:
    """What was done, in words."""
    words = [f"{plural(len(result.changed), 'customer')} changed."]
    if result.unchanged:
        words.append(f"{plural(len(result.unchanged), 'customer')} were so already.")
    return " ".join(words)


def _plain(value: Any) -> Any:
    """A value as the job keeps it."""
    return value.isoformat() if hasattr(value, "isoformat") else value or None


# --- the dialogs ------------------------------------------------------------------------------------------------------


class _ReviewForm(forms.Form):
    next_review_date = forms.DateField(label="Next review", widget=DateInput)


class _ReviewedForm(forms.Form):
    next_review_date = forms.DateField(label="Next review", required=False, widget=DateInput)


class _GroupForm(forms.Form):
    credit_management_group = forms.ChoiceField(label="Credit management group", required=False)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        groups = CreditManagementGroup.objects.filter(open=True).order_by("pk")
        listed = [(group.pk, f"{group.pk} {group.description}".strip()) for group in groups]
        self.fields["credit_management_group"].choices = [("", "None"), *listed]  # type: ignore[attr-defined]


class _StatusForm(forms.Form):
    account_status = forms.ChoiceField(label="Account status", required=False)
    status_reason = forms.ChoiceField(label="Reason")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        statuses = AccountStatus.objects.filter(open=True).order_by("pk")
        reasons = Reason.objects.filter(type=Reason.Type.STATUS, open=True).order_by("code", "legal_entity")
        self.fields["account_status"].choices = [  # type: ignore[attr-defined]
            ("", "None"), *((status.pk, status.description or status.pk) for status in statuses),
        ]  # fmt: skip
        self.fields["status_reason"].choices = [  # type: ignore[attr-defined]
            ("", "Choose a reason"), *((reason.code, _reason(reason)) for reason in reasons),
        ]  # fmt: skip


def _reason(reason: Reason) -> str:
    where = f" ({reason.legal_entity_id})" if reason.legal_entity_id else ""
    return f"{reason.code} {reason.description}".strip() + where


class _JournalForm(forms.Form):
    value_type = forms.ChoiceField(
        label="Change", choices=[("percentage", "By per cent"), ("fixed", "By an amount")], initial="percentage"
    )
    adjustment = NumberField(label="By", help_text="Negative to lower the limit; 0 changes the date alone.")
    new_to = forms.DateField(label="New limit to", widget=DateInput)


class ReviewDates(CustomerBulkDialog):
    """`/customers/bulk/review/`."""

    verb = "Set the next review"
    note = "The list shows whose review is due."

    def form(self, data: QueryDict | None) -> Form:
        """The day."""
        return _ReviewForm(data)


class Reviewed(CustomerBulkDialog):
    """`/customers/bulk/reviewed/`: reviewed today, in each legal entity."""

    verb = "Mark reviewed"
    note = "The last review is today, in each legal entity."

    def form(self, data: QueryDict | None) -> Form:
        """The day of the next one, a year from now unless another is chosen."""
        return _ReviewedForm(data, initial={"next_review_date": next_review(self.today("UTC"))})

    def values(self, form: Form) -> dict[str, Any]:
        """Today, and the next one."""
        return {"last_review_date": TODAY, **form.cleaned_data}


class ManagementGroup(CustomerBulkDialog):
    """`/customers/bulk/group/`."""

    verb = "Set the management group"
    note = "Rules that aim at the group count from the next check on."

    def form(self, data: QueryDict | None) -> Form:
        """The group, or none."""
        return _GroupForm(data)


class StatusOfMany(CustomerBulkDialog):
    """`/customers/bulk/status/`."""

    verb = "Change the account status"
    note = "Orders on hold are looked at again; a processing hold stops the next document."

    def form(self, data: QueryDict | None) -> Form:
        """The status, and why."""
        return _StatusForm(data)


class AddToJournal(CustomerBulkDialog):
    """`/customers/bulk/journal/`: lines in today's draft of each legal entity; nothing changes before it is posted."""

    looks = Action.MAKE_JOURNALS
    verb = "Add to a limit journal"
    note = "Nothing changes before the journal is posted."

    def form(self, data: QueryDict | None) -> Form:
        """By how much, and until when."""
        return _JournalForm(data)

    def perform(self, chosen: Chosen, form: Form) -> HttpResponse:
        """Add the lines, and show the journal; the list of drafts where there are several."""
        given: Mapping[str, Any] = form.cleaned_data
        found = add_to_todays_drafts(
            customers=chosen.keys, given={**given, "dates": "absolute"}, actor=self.actor, at=self.now,
            today=self.today_of,
        )  # fmt: skip
        for one in found:
            messages.success(self.request, one.words())
        if len(found) == 1:
            return self.go(reverse("journal", args=[found[0].journal.number]))
        return self.go(f"{reverse('journal-list')}?view=my-drafts")


def bulk_actions(page: PageView) -> list[Item]:
    """The actions on a selection that the reader may do somewhere."""
    known = (
        (Action.MAKE_JOURNALS, "Add to journal…", "customer-bulk-journal", "l", "scale"),
        (Action.EDIT_CREDIT_PROFILE, "Mark reviewed…", "customer-bulk-reviewed", "", "check"),
        (Action.EDIT_CREDIT_PROFILE, "Next review…", "customer-bulk-review", "", "clock"),
        (Action.EDIT_CREDIT_PROFILE, "Management group…", "customer-bulk-group", "", "users"),
        (Action.EDIT_CREDIT_PROFILE, "Account status…", "customer-bulk-status", "", "landmark"),
    )
    return [
        {"label": label, "url": reverse(name), "shortcut": key, "icon": icon}
        for action, label, name, key, icon in known
        if page.may(action)
    ]
