"""Master data that is set up by hand (`ux.md` 3.11): a list with a row to add, and ranks that move a step."""

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from credit_mgmt.pages.setup_base import Item, SetupView
from credit_mgmt.setup.forms import FORMS, ReasonRecordForm, RecordForm
from credit_mgmt.setup.health import listed
from credit_mgmt.setup.ladders import checked_pairs, easier, in_order, told
from credit_mgmt.setup.starters import STARTERS, add_starters
from credit_mgmt.setup.uses import Use, uses_of_kind, words_of
from customers import access
from customers.access import Action
from customers.errors import InvalidInput, NotFound, Refused
from customers.models import Reason
from customers.setup import Kind, add_record, kind_of, move_rank
from customers.views import add_errors

TITLES = {
    "reasons": "Reasons",
    "account-statuses": "Account statuses",
    "credit-management-groups": "Credit management groups",
    "payment-terms": "Ranks of terms",
    "cash-discounts": "Ranks of discounts",
}
ABOUT = {
    "reasons": "Why an order is held by force, released or rejected, and why a customer has its status.",
    "account-statuses": "A customer's standing. It can stop documents by itself, or by rules.",
    "credit-management-groups": "Labels that aim rules at customers. Not the groups that share a limit.",
    "payment-terms": "The easiest first; one rank, equally easy. With the check on, an order that moves up is held.",
    "cash-discounts": "The best first; one rank, equally good. With the check on, an order that moves up is held.",
}
RANKED = ("payment-terms", "cash-discounts")
MOST_COLUMNS = 8
"""Legal entities that have a column of their own in the matrix of reasons."""


class RecordView(SetupView):
    """A page about the records of one kind."""

    def kind(self, slug: str) -> Kind:
        """The kind of the address. Raises `NotFound`."""
        if slug not in FORMS:
            raise NotFound(f"Nothing called {slug} is set up here.")
        return kind_of(slug)

    def record_form(self, slug: str, *args: Any, **options: Any) -> RecordForm:
        """The form of a kind; of reasons, with the legal entities where the reader sets up."""
        if slug != "reasons":
            return FORMS[slug](*args, **options)
        everywhere = self.actor.entities(Action.SETUP) is None
        mine = [entity for entity in self.entities if self.may_set_up(entity.code)]
        return ReasonRecordForm(*args, entities=mine, everywhere=everywhere, **options)

    def may_add(self, slug: str) -> bool:
        """Reasons are added where the reader sets up; everything else is shared by all."""
        return self.may(Action.SETUP) if slug == "reasons" else self.may_set_up(None)

    def records(self, kind: Kind) -> list[Any]:
        """The records that the reader sees, in the order of their page."""
        records = kind.model._default_manager.order_by(*kind.key)
        if kind.model is Reason:
            return list(access.scoped(records, self.actor, shared=True))
        return in_order(list(records)) if kind.slug in RANKED else list(records)


class RecordsPage(RecordView):
    """`/setup/reasons/` and its like."""

    def get(self, request: HttpRequest, kind: str) -> HttpResponse:
        """The list."""
        about = self.kind(kind)
        return self._show(about, self.record_form(kind) if self.may_add(kind) else None)

    def post(self, request: HttpRequest, kind: str) -> HttpResponse:
        """Add what was typed at the top, or, with `starters`, what a setup may begin with."""
        about = self.kind(kind)
        if "starters" in request.POST:
            return self._begin(kind)
        form = self.record_form(kind, request.POST)
        if not form.is_valid():
            return self._show(about, form, status=422)
        try:
            key = add_record(kind=kind, values=form.given(), actor=self.actor)
        except InvalidInput as problem:
            add_errors(form, problem)
            return self._show(about, form, status=422)
        messages.success(request, f"{about.word} {key} added.")
        return self.go(reverse("setup-records", args=[kind]))

    def _begin(self, kind: str) -> HttpResponse:
        try:
            made = add_starters(kind=kind, actor=self.actor)
        except Refused as problem:
            messages.error(self.request, problem.message)
        else:
            messages.success(self.request, f"{made} set up. Change them as you like.")
        return self.go(reverse("setup-records", args=[kind]))

    def _show(self, kind: Kind, form: RecordForm | None, status: int = 200) -> HttpResponse:
        records = self.records(kind)
        uses = uses_of_kind(kind, self.actor, self.holds, now=self.now)
        ladder = easier({row.code: row.rank for row in records if row.open}) if kind.slug in RANKED else {}
        entities = [entity.code for entity in self.entities] if kind.model is Reason else []
        columns = entities if len(entities) <= MOST_COLUMNS else []
        rows = [self._row(kind, record, uses, ladder, entities) for record in records]
        return self.page(
            "credit_mgmt/setup_records.html",
            {
                "kind": kind.slug,
                "title": TITLES[kind.slug],
                "about": ABOUT[kind.slug],
                "groups": _groups(kind, rows),
                "entities": columns,
                "columns": 5 + (len(columns) or 1),
                "total": len(rows),
                "lacking": _lacking(records, entities),
                "ranked": kind.slug in RANKED,
                "may_edit": self.may_add(kind.slug),
                "starters": STARTERS.get(kind.slug, ()) if not rows and self.may_set_up(None) else (),
                "form": form,
                "crumbs": self.crumbs((TITLES[kind.slug], "")),
            },
            status=status,
        )

    def _row(
        self, kind: Kind, record: Any, uses: Mapping[str, list[Use]], ladder: Mapping[str, str], entities: list[str]
    ) -> Item:
        key = kind.key_of(record)
        used = uses.get(str(record.pk), [])
        return {
            "record": record,
            "key": key,
            "url": reverse("setup-record", args=[kind.slug, key]),
            "move_url": reverse("setup-move", args=[kind.slug, key]) if kind.slug in RANKED else "",
            "used": words_of(used),
            "rules": ", ".join(code for use in used for code in use.rules),
            "easier": ladder.get(key, ""),
            "valid": [getattr(record, "legal_entity_id", None) in (None, code) for code in entities],
        }


class MovePage(RecordView):
    """POST `/setup/payment-terms/N30/move/`: one step up or down the ladder."""

    looks = Action.SETUP

    def post(self, request: HttpRequest, kind: str, key: str) -> HttpResponse:
        """Move, and say which changes of an order are checked because of it."""
        about = self.kind(kind)
        if kind not in RANKED:
            raise NotFound(f"{about.word} has no rank.")
        seen = request.POST.get("seen", "")
        before = self._pairs(about)
        try:
            up = request.POST.get("way") == "up"
            rank = int(seen) if seen.removeprefix("-").isdecimal() else None
            moved = move_rank(kind=kind, code=key, up=up, seen=rank, actor=self.actor)
        except (InvalidInput, Refused) as problem:
            messages.error(request, getattr(problem, "message", str(problem)))
        else:
            words = told(before, self._pairs(about)) if moved else "It stands at the end already."
            messages.success(request, f"{key} moved. {words}" if moved else words)
        return self.go(reverse("setup-records", args=[kind]))

    def _pairs(self, kind: Kind) -> frozenset[tuple[str, str]]:
        return checked_pairs({row.code: row.rank for row in self.records(kind) if row.open})


def _groups(kind: Kind, rows: list[Item]) -> list[Item]:
    """Reasons by their type; everything else in one group."""
    if kind.model is not Reason:
        return [{"title": "", "rows": rows}]
    return [
        {"title": label, "rows": [row for row in rows if row["record"].type == value]}
        for value, label in Reason.Type.choices
    ]


def _lacking(records: list[Any], entities: list[str]) -> str:
    """Legal entities without an open release reason, in words; empty where there are none."""
    valid = {
        record.legal_entity_id for record in records if isinstance(record, Reason) and record.open
        and record.type == Reason.Type.RELEASE
    }  # fmt: skip
    missing = [code for code in entities if not valid & {None, code}]
    return f"{listed(missing)} {'has' if len(missing) == 1 else 'have'} no release reason" if missing else ""
