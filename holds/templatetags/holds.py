"""Filters of the hold pages: `{% load holds %}`. Words only; figures and rules come from the view."""

from typing import Any

from django import template

from credit_mgmt.masking import Mask
from holds.models import CustomerNote, Hold, HoldEvent
from holds.words import actor_words, chips_of, event_words, status_of

register = template.Library()


@register.filter
def hold_chips(hold: Hold, mask: Mask) -> list[dict[str, Any]]:
    """The reasons of a hold as chips, as far as the reader may see them."""
    return chips_of(hold, mask)


@register.filter
def hold_status(hold: Hold) -> str:
    """The status of a hold as a badge knows it."""
    return status_of(hold)


@register.filter(name="event_words")
def words_of_event(event: HoldEvent) -> str:
    """What happened, in a few words."""
    return event_words(event)


@register.filter
def signed(note: CustomerNote) -> str:
    """Who wrote a note, by the name that was recorded."""
    return actor_words(note.actor, note.actor_name)
