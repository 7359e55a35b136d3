"""Cover for an absent colleague, and whose holds a word of the list means (`ux` 3.1: me, nobody, my cover, portfolio).

Nothing moves when somebody is away: the holds stay theirs, and the one who covers finds them under *My cover*.
"""

import datetime as dt
from typing import Any

from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import Q, QuerySet

from customers.access import Action, Actor, NotAllowed
from customers.errors import FieldError, InvalidInput
from customers.models import Customer
from holds.models import Absence
from holds.worklist import workers, works_in

LONGEST = dt.timedelta(days=366)


def owned_by(word: str, actor: Actor, today: dt.date) -> Q:
    """Whose holds a word of the address means: `me`, `none`, `cover` (colleagues that I cover for today), `portfolio`
    (customers whose credit controller I am), or a user name."""
    if word == "me":
        return Q(assignee=actor.user_id)
    if word == "none":
        return Q(assignee=None)
    if word == "cover":
        return Q(assignee__in=_away(today).filter(covered_by=actor.user_id).values("user"))
    if word == "portfolio":
        return Q(payer__in=Customer.objects.filter(credit_controller=actor.user_id))
    return Q(assignee__username=word)


def _away(today: dt.date) -> QuerySet[Absence]:
    return Absence.objects.filter(starts_on__lte=today, ends_on__gte=today)


def covered_by(actor: Actor, *, today: dt.date) -> list[Absence]:
    """The absences in which `actor` covers, those to come included."""
    rows = Absence.objects.filter(covered_by=actor.user_id, ends_on__gte=today).select_related("user")
    return list(rows.order_by("starts_on", "pk"))


def absence_of(actor: Actor) -> Absence | None:
    """When `actor` is away, if that is set."""
    return Absence.objects.filter(user=actor.user_id).select_related("covered_by").first()


def colleagues(actor: Actor) -> QuerySet[Any]:
    """People who work on holds in a legal entity where `actor` does."""
    return workers(actor.entities(Action.WORK_HOLDS)).exclude(pk=actor.user_id)


def set_absence(
    *, user: str, starts_on: dt.date, ends_on: dt.date, covered_by: str, actor: Actor, today: dt.date
) -> Absence:
    """Say that `user` is away from `starts_on` to `ends_on`, both included, and who covers. Replaces what was said.

    Everybody says so for themselves; a credit manager for those who work where the manager does. Raises `InvalidInput`
    on `user`, `starts_on`, `ends_on`, `covered_by`; `NotAllowed`.
    """
    person = _person(user, actor)
    errors = []
    if ends_on < max(starts_on, today):
        errors.append(FieldError("ends_on", "in_the_past", "Choose a last day that is not before the first, nor past."))
    elif ends_on - starts_on > LONGEST:
        errors.append(FieldError("ends_on", "too_far", "Choose a last day within a year."))
    cover = get_user_model().objects.filter(username=covered_by, is_active=True).first()
    if cover is None:
        errors.append(FieldError("covered_by", "unknown", f"There is no active user {covered_by!r}."))
    elif cover == person:
        errors.append(FieldError("covered_by", "same_person", "Choose somebody else to cover."))
    elif not _work_together(person.pk, cover.pk):
        errors.append(FieldError("covered_by", "cannot_work", f"{covered_by} may not work on holds where {user} does."))
    if errors:
        raise InvalidInput(errors)
    values = {"starts_on": starts_on, "ends_on": ends_on, "covered_by": cover}
    with transaction.atomic():
        absence, _ = Absence.objects.update_or_create(user=person, defaults=values)
    return absence


def end_absence(*, user: str, actor: Actor) -> None:
    """`user` is not away, nor going to be; nothing where that is so already. Raises as `set_absence`."""
    Absence.objects.filter(user=_person(user, actor)).delete()


def _person(user: str, actor: Actor) -> Any:
    """The user, if `actor` may speak for them. Raises `InvalidInput`, `NotAllowed`."""
    person = get_user_model().objects.filter(username=user, is_active=True).first()
    if person is None:
        raise InvalidInput.of("user", "unknown", f"There is no active user {user!r}.")
    action = Action.WORK_HOLDS if person.pk == actor.user_id else Action.MANAGE_COVER
    where, allowed = works_in(person.pk), actor.entities(action)
    if allowed is not None and not (None in where and allowed) and not where & allowed:
        raise NotAllowed(action, None, "Everybody sets their own absence; a credit manager also that of colleagues.")
    return person


def _work_together(first: int, second: int) -> bool:
    mine, theirs = works_in(first), works_in(second)
    return bool(mine and theirs and (None in mine or None in theirs or mine & theirs))
