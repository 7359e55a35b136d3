"""What posting a journal would do (`ux.md` 3.8), counted over all of its lines: a page, and a part of the dialog."""

from django.http import HttpRequest, HttpResponse

from credit_mgmt.journals.display import OPEN
from credit_mgmt.journals.effects import MOST_LINES, WholeEffect, effect_of
from credit_mgmt.models import LimitJournal
from credit_mgmt.pages.journal_base import Item, JournalView
from customers.errors import Refused

SHOWN = 10
"""Orders and customers that are named; the counts are of all."""


class EffectsPage(JournalView):
    """GET `/journals/<number>/effects/`: asked for by the dialog of a long journal, and a page of its own."""

    def get(self, request: HttpRequest, number: str) -> HttpResponse:
        """Count, and name the first."""
        journal = self.journal(number)
        if journal.status not in OPEN:
            raise Refused("already_posted", f"Journal {number} has its effect already, or will never have one.")
        found = effect_of(journal, actor=self.actor, today=self.today_of, holds=self.effects)
        context = {"journal": journal, **effect_words(journal, found)}
        part = (
            "credit_mgmt/_journal_effects.html"
            if request.headers.get("HX-Request")
            else "credit_mgmt/journal_effects.html"
        )
        return self.page(part, context)


def effect_words(journal: LimitJournal, found: WholeEffect) -> Item:
    """What the templates show of it: counts, and the first orders without the legal entity that they share."""
    prefix = f"{journal.legal_entity_id}:"
    return {
        "effect": found,
        "most_lines": MOST_LINES,
        "cleared": [order.removeprefix(prefix) for order in found.cleared[:SHOWN]],
        "placed": [order.removeprefix(prefix) for order in found.placed[:SHOWN]],
        "below": found.below[:SHOWN],
    }
