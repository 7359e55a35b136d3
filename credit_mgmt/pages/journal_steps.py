"""What is done with a journal as a whole (`ux.md` 3.8): described, submitted, taken back, posted, copied, reversed."""

from collections.abc import Iterable, Mapping
from operator import itemgetter
from typing import Any

from django.contrib import messages
from django.db.models import F
from django.db.models.functions import Coalesce
from django.forms import Form
from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse

from credit_mgmt.journals import posting as journal_posting
from credit_mgmt.journals.approval import return_to_draft, submit_journal
from credit_mgmt.journals.display import before_of, line_rows
from credit_mgmt.journals.effects import effect_of
from credit_mgmt.journals.forms import DescribeForm
from credit_mgmt.journals.lines import rewrite_journal
from credit_mgmt.journals.posting import post_journal
from credit_mgmt.journals.reversal import copy_journal, reverse_journal
from credit_mgmt.models import LimitJournal, LimitJournalLine
from credit_mgmt.pages.journal_base import Item, JournalDialog, JournalView, url_of
from credit_mgmt.pages.journal_effects import effect_words
from customers import jobs
from customers.access import Action

BIGGEST = 10
"""Increases and decreases that the dialog names."""
COUNTED_AT_ONCE = 300
"""Lines of which the effect is counted with the dialog; for more it comes when the dialog stands."""


class DescribeDialog(JournalDialog):
    """`/journals/<number>/description/`."""

    def form(self, journal: LimitJournal, data: QueryDict | None) -> Form:
        """The description as it is."""
        return DescribeForm(data, initial={"description": journal.description})

    def perform(self, journal: LimitJournal, given: Mapping[str, Any]) -> tuple[str, str]:
        """Change it."""
        rewrite_journal(journal=journal.number, description=given["description"], today=self.today_of, **self.signed)
        return "Saved.", url_of(journal)

    def words(self, journal: LimitJournal) -> Item:
        """What the dialog says."""
        return {
            "dialog_heading": f"Describe journal {journal.number}",
            "submit": "Save",
            "note": "Kept in the limit history when the journal is posted.",
        }


class SubmitDialog(JournalDialog):
    """`/journals/<number>/submit/`."""

    def perform(self, journal: LimitJournal, given: Mapping[str, Any]) -> tuple[str, str]:
        """Hand it in."""
        submitted = submit_journal(journal=journal.number, today=self.today_of, **self.signed)
        if submitted.status == LimitJournal.Status.APPROVED:
            return f"Journal {journal.number} needs no approval: a credit manager can post it.", url_of(journal)
        return f"Journal {journal.number} waits for approval.", url_of(journal)

    def words(self, journal: LimitJournal) -> Item:
        """What the dialog says."""
        return {
            "dialog_heading": f"Submit journal {journal.number}",
            "summary": f"{journal.line_count:,} lines. All are looked at once more.",
            "submit": "Submit",
            "note": "It can’t be edited then; it can be taken back to draft.",
        }


class RecallDialog(JournalDialog):
    """`/journals/<number>/recall/`."""

    def perform(self, journal: LimitJournal, given: Mapping[str, Any]) -> tuple[str, str]:
        """Take it back."""
        return_to_draft(journals=[journal.number], **self.signed)
        return f"Journal {journal.number} is a draft again.", url_of(journal)

    def words(self, journal: LimitJournal) -> Item:
        """What the dialog says."""
        return {
            "dialog_heading": f"Take journal {journal.number} back to draft",
            "submit": "Back to draft",
            "note": "What was approved of it no longer counts.",
        }


class PostDialog(JournalDialog):
    """`/journals/<number>/post/`: says what will change; then all lines are in force, or none."""

    action = Action.POST_JOURNALS
    template = "credit_mgmt/journal_post.html"

    def perform(self, journal: LimitJournal, given: Mapping[str, Any]) -> tuple[str, str]:
        """Post it; a long one by a job, whose page shows how far it is."""
        if journal.line_count > journal_posting.WHILE_WAITING:
            started = jobs.start_job(journal_posting.KIND, {"journal": journal.number}, actor=self.actor, now=self.now)
            return f"Journal {journal.number} is being posted.", reverse("job", args=[started.pk])
        post_journal(journal=journal.number, today=self.today_of, **self.signed)
        said = f"Journal {journal.number} is posted: {journal.line_count:,} limits are in force."
        return f"{said} The holds of these customers are looked at again.", url_of(journal)

    def words(self, journal: LimitJournal) -> Item:
        """What will change: sums, the effect on holds and exposures, the biggest increases and decreases."""
        biggest = list(_biggest(journal))
        today = self.today_of(journal.legal_entity_id)
        rows = line_rows(journal, biggest, actor=self.actor, today=today)
        changes = [(row["line"].new_limit - before_of(journal, row["line"]), row) for row in rows]
        changes.sort(key=itemgetter(0))
        return {
            "dialog_heading": f"Post journal {journal.number}",
            "rises": [row for change, row in reversed(changes) if change > 0][:BIGGEST],
            "falls": [row for change, row in changes if change < 0][:BIGGEST],
            **self._effect(journal),
            "currency": journal.legal_entity.accounting_currency_id,
            "background": journal.line_count > journal_posting.WHILE_WAITING,
        }

    def _effect(self, journal: LimitJournal) -> Item:
        """What it would do to holds and exposures; of a long one, where that is counted."""
        if journal.line_count > COUNTED_AT_ONCE:
            return {"effects_url": url_of(journal, "journal-effects")}
        return effect_words(journal, effect_of(journal, actor=self.actor, today=self.today_of, holds=self.effects))


def _biggest(journal: LimitJournal) -> Iterable[LimitJournalLine]:
    """The lines that change most, up and down, read with customer and group."""
    temporary = journal.type == LimitJournal.Type.TEMPORARY
    before = Coalesce(F("current_temporary"), F("current_limit")) if temporary else F("current_limit")
    change, lines = F("new_limit") - before, journal.lines.select_related("customer", "group")
    ends = (lines.order_by(change.desc(), "number")[:BIGGEST], lines.order_by(change.asc(), "number")[:BIGGEST])
    return {line.pk: line for rows in ends for line in rows}.values()


class ReverseDialog(JournalDialog):
    """`/journals/<number>/reverse/`."""

    def perform(self, journal: LimitJournal, given: Mapping[str, Any]) -> tuple[str, str]:
        """Make the draft that restores what was."""
        made = reverse_journal(journal=journal.number, today=self.today_of, **self.signed)
        return f"Journal {made.number} restores what {journal.number} changed, once it is posted.", url_of(made)

    def words(self, journal: LimitJournal) -> Item:
        """What the dialog says."""
        return {
            "dialog_heading": f"Reverse journal {journal.number}",
            "summary": "A new draft restores the former limits and dates of its lines.",
            "submit": "Make reversing draft",
            "note": "Nothing changes until that draft is posted.",
        }


class CopyPage(JournalView):
    """POST `/journals/<number>/copy/`."""

    http_method_names = ["post"]
    looks = Action.MAKE_JOURNALS

    def post(self, request: HttpRequest, number: str) -> HttpResponse:
        """A new draft with the same lines."""
        made = copy_journal(journal=number, today=self.today_of, **self.signed)
        messages.success(request, f"Journal {made.number} is a copy of {number}.")
        return self.go(url_of(made))
