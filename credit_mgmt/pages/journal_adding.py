"""Lines for customers and groups (`ux.md` 3.6, 3.8): added to a draft one or ten at a time, or begun from a limit."""

from collections.abc import Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.urls import reverse

from credit_mgmt.journals.cells import typed_cells
from credit_mgmt.journals.forms import ChangeLimitForm
from credit_mgmt.journals.lines import LineInput, add_lines, make_journal
from credit_mgmt.masking import Mask
from credit_mgmt.models import CreditAccount, LimitJournal
from credit_mgmt.pages.journal_base import Item, JournalView, by_line, url_of
from customers import access
from customers.access import Action
from customers.errors import FieldError, InvalidInput, Refused
from customers.models import Customer, CustomerCreditGroup, LegalEntity
from customers.rates import minor_units
from customers.views import PageView, add_errors

CELLS = ("owner", "new_limit", "new_from", "new_to")
MOST_ROWS = 20
FOUND = 12
GROUP = "group:"
Cells = Mapping[str, str]


def owner_of(text: str, legal_entity: str) -> tuple[str | None, str | None]:
    """Whom a cell means: a customer's key, or the number of a group written as `group:G-021`.

    An account without its legal entity is one of the journal's.
    """
    if text.lower().startswith(GROUP):
        return None, text[len(GROUP) :].strip()
    return (text if ":" in text else f"{legal_entity}:{text}") if text else None, None


class AddLinesPage(JournalView):
    """`/journals/<number>/add/?rows=10`: a plain form; the last row of the grid is sent here too."""

    looks = Action.MAKE_JOURNALS

    def get(self, request: HttpRequest, number: str) -> HttpResponse:
        """Empty rows."""
        journal = self.journal(number, Action.MAKE_JOURNALS)
        asked = request.GET.get("rows", "1")
        count = min(int(asked), MOST_ROWS) if asked.isdigit() else 1
        return self._show(journal, [dict.fromkeys(CELLS, "") for _ in range(max(count, 1))], {})

    def post(self, request: HttpRequest, number: str) -> HttpResponse:
        """Add the rows that say whom they are for, all or none."""
        journal = self.journal(number, Action.MAKE_JOURNALS)
        typed = [row for row in _rows(request.POST) if any(row.values())]
        try:
            if not typed:
                raise InvalidInput.of("lines[0].owner", "required", "Name a customer, or a group as group:G-021.")
            lines = _inputs(journal, typed)
            add_lines(journal=number, lines=lines, today=self.today_of, **self.signed)
        except InvalidInput as problem:
            return self._show(journal, typed or [dict.fromkeys(CELLS, "")], _beside(problem), status=422)
        except Refused as problem:
            return self._show(journal, typed, {0: {"owner": problem.message}}, status=409)
        messages.success(request, f"{len(typed)} {'lines' if len(typed) != 1 else 'line'} added.")
        return self.go(url_of(journal))

    def _show(
        self, journal: LimitJournal, rows: Sequence[Cells], wrong: Mapping[int, Cells], status: int = 200
    ) -> HttpResponse:
        context = {
            "journal": journal,
            "rows": [{"cells": row, "errors": wrong.get(place, {})} for place, row in enumerate(rows)],
            "wrong": wrong,
            "temporary": journal.type == LimitJournal.Type.TEMPORARY,
        }
        return self.page("credit_mgmt/journal_add.html", context, status=status)


def _rows(data: QueryDict) -> list[dict[str, str]]:
    columns = [data.getlist(name) for name in CELLS]
    count = min(len(columns[0]), MOST_ROWS)
    return [
        {
            name: column[place].strip() if place < len(column) else ""
            for name, column in zip(CELLS, columns, strict=True)
        }
        for place in range(count)
    ]


def _inputs(journal: LimitJournal, typed: Sequence[Cells]) -> list[LineInput]:
    """The rows as lines. Raises `InvalidInput` that names each cell that cannot be read, as `lines[3].new_limit`."""
    units, named = minor_units(), [owner_of(row["owner"], journal.legal_entity_id) for row in typed]
    groups = CustomerCreditGroup.objects.filter(pk__in=[group for _, group in named if group])
    currencies = dict(groups.values_list("pk", "currency_id"))
    lines: list[LineInput] = []
    errors: list[FieldError] = []
    for place, (row, (customer, group)) in enumerate(zip(typed, named, strict=True)):
        currency = currencies.get(str(group), journal.legal_entity.accounting_currency_id)
        cells = {name: row[name] for name in CELLS[1:]}
        try:
            values = typed_cells(cells, currency, units[currency], f"lines[{place}].")
            lines.append(LineInput(customer=customer, credit_group=group, **values))
        except InvalidInput as problem:
            errors += problem.errors
    if errors:
        raise InvalidInput(errors)
    return lines


def _beside(problem: InvalidInput) -> dict[int, dict[str, str]]:
    """Errors by row and cell; whom a line is for is one cell."""
    owners = {"customer": "owner", "credit_group": "owner", "": "owner"}
    return {
        place: {owners.get(field, field): message for field, message in errors.items()}
        for place, errors in by_line(problem.errors).items()
    }


class FindOwnerPage(JournalView):
    """GET `/journals/<number>/find/?owner=harb`: customers and groups for the cell that is typed into."""

    looks = Action.MAKE_JOURNALS

    def get(self, request: HttpRequest, number: str) -> HttpResponse:
        """Some that fit what was typed so far, by account or name."""
        journal = self.journal(number, Action.MAKE_JOURNALS)
        text = (request.GET.getlist("owner") or [""])[-1].strip()
        if not text:
            return self.page("credit_mgmt/journal_found.html", {"customers": [], "groups": []})
        words = text[len(GROUP) :] if text.lower().startswith(GROUP) else text
        visible = access.scoped(Customer.objects.filter(legal_entity=journal.legal_entity_id), self.actor, self.looks)
        customers = visible.filter(Q(account__icontains=words) | Q(name__icontains=words)).order_by("account", "pk")
        groups = CustomerCreditGroup.objects.filter(
            Q(number__icontains=words) | Q(description__icontains=words), members__in=visible
        )
        context = {"customers": customers[:FOUND], "groups": groups.order_by("number").distinct()[:FOUND]}
        return self.page("credit_mgmt/journal_found.html", context)


class ChangeByJournalPage(PageView):
    """`/journals/change/?customer=USMF:US-001` or `?group=G-021`: a line for it, in a draft or a new journal."""

    looks = Action.MAKE_JOURNALS
    section = "journals"

    def get(self, request: HttpRequest) -> HttpResponse:
        """Ask for the new limit."""
        account = self._account()
        initial: Item = {"type": LimitJournal.Type.CREDIT_LIMIT}
        drafts = self._drafts(account)
        initial["journal"] = next((draft.number for draft in drafts if self._of_today(draft)), "")
        return self._show(account, ChangeLimitForm(drafts=drafts, initial=initial))

    def post(self, request: HttpRequest) -> HttpResponse:
        """Add the line and show the journal."""
        account = self._account()
        form = ChangeLimitForm(request.POST, drafts=self._drafts(account))
        if not form.is_valid():
            return self._show(account, form, status=422)
        try:
            made = self._add(account, form.cleaned_data)
        except InvalidInput as problem:
            add_errors(form, InvalidInput([_unnumbered(error) for error in problem.errors]))
            return self._show(account, form, status=422)
        except Refused as problem:
            form.add_error(None, problem.message)
            return self._show(account, form, status=409)
        messages.success(request, f"A line was added to journal {made.number}. The limit changes when it is posted.")
        return self.go(url_of(made))

    def _add(self, account: CreditAccount, given: Mapping[str, Any]) -> LimitJournal:
        line = LineInput(
            customer=account.customer.key if account.customer else None,
            credit_group=account.group_id,
            **{name: given[name] for name in ("new_limit", "new_from", "new_to")},
        )
        common: Item = {"lines": [line], "today": self.today_of, "actor": self.actor, "at": self.now}
        if given["journal"]:
            return add_lines(journal=given["journal"], **common)
        return make_journal(
            legal_entity=self._entity(account), type=given["type"], description=given["description"], **common
        )

    def _entity(self, account: CreditAccount) -> str:
        """Whose journal it becomes: the customer's legal entity; for a group, the first in which the reader may."""
        if account.customer:
            return str(account.customer.legal_entity_id)
        may = access.scoped(LegalEntity.objects.all(), self.actor, self.looks, path="code")
        own = may.filter(pk__in=Customer.objects.filter(credit_group=account.group_id).values("legal_entity"))
        return str((own.order_by("code").first() or may.order_by("code")[0]).code)

    def _account(self) -> CreditAccount:
        """The credit account that the address names, as far as the reader may change it."""
        key, group = self.request.GET.get("customer", ""), self.request.GET.get("group", "")
        entity, _, account = key.partition(":")
        customers = access.scoped(Customer.objects.all(), self.actor, Action.VIEW_EXPOSURE)
        rows = CreditAccount.objects.select_related("customer", "group")
        if group:
            found = rows.filter(group=group).filter(
                Q(group__members__isnull=True) | Q(group__members__in=customers)
            ).distinct().first()  # fmt: skip
        else:
            found = rows.filter(customer__in=customers.filter(legal_entity=entity, account=account)).first()
            self.require(self.looks, entity)
        if found is None:
            raise Http404("The customer or group was not found.")
        return found

    def _drafts(self, account: CreditAccount) -> list[LimitJournal]:
        """The reader's own drafts, newest first."""
        rows = access.scoped(LimitJournal.objects.filter(status=LimitJournal.Status.DRAFT), self.actor, self.looks)
        rows = rows.filter(owner=self.actor.reference)
        if account.customer:
            rows = rows.filter(legal_entity=account.customer.legal_entity_id)
        return list(rows.select_related("legal_entity").order_by("-changed_at", "number")[:FOUND])

    def _of_today(self, draft: LimitJournal) -> bool:
        """Whether a draft of credit limits was made today: one in which a person gathers the day's changes."""
        made = draft.created_at.astimezone(ZoneInfo(draft.legal_entity.time_zone)).date()
        return draft.type == LimitJournal.Type.CREDIT_LIMIT and made == self.today_of(draft.legal_entity_id)

    def _show(self, account: CreditAccount, form: ChangeLimitForm, status: int = 200) -> HttpResponse:
        customer, group = account.customer, account.group
        name = customer.name if customer else str(group)
        query = f"customer={customer.key}" if customer else f"group={account.group_id}"
        context = {
            "form": form,
            "account": account,
            "withheld": Mask(self.actor).hides_group(account.group_id),
            "dialog_heading": f"Change the limit of {name} by journal",
            "submit": "Add to journal",
            "note": "Nothing changes until the journal is posted.",
            "action_url": f"{self.request.path}?{query}",
            "cancel_url": reverse("customer", args=[customer.legal_entity_id, customer.account])
            if customer
            else reverse("group", args=[account.group_id]),
        }
        return self.page("credit_mgmt/journal_change.html", context, status=status)


def _unnumbered(error: FieldError) -> FieldError:
    """An error of the one line, as an error of the form."""
    return FieldError(error.field.partition(".")[2], error.code, error.message)
