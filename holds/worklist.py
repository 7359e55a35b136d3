"""Working the hold list: who looks after a hold, when to look again, what was found out (`domain 6`, `13`)."""

import datetime as dt
import itertools
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import Q, QuerySet

from customers.access import POLICY, Action, Actor
from customers.errors import InvalidInput
from customers.models import AccessGrant
from holds.each import BulkResult
from holds.editing import edit_each
from holds.events import EventType
from holds.models import Hold

Versions = Mapping[Any, int] | None


def workers(entities: Iterable[str] | None) -> QuerySet[Any]:
    """People who may work on holds in one of `entities`, or anywhere where none are named; by name."""
    grants = AccessGrant.objects.filter(role__in=POLICY[Action.WORK_HOLDS])
    if entities is not None:
        grants = grants.filter(Q(legal_entity__in=list(entities)) | Q(legal_entity=None))
    people = get_user_model().objects.filter(is_active=True, pk__in=grants.values("user"))
    return people.order_by("first_name", "last_name", "username")


def assign_holds(
    *, ids: Iterable[uuid.UUID | str], assignee: str | None, actor: Actor, at: dt.datetime, versions: Versions = None
) -> BulkResult:
    """Give each active hold to a user, by name, or to nobody: only to people who may work on holds of its entity.

    Raises `InvalidInput` for an unknown user. Failure codes as `edit_each`, and `cannot_work`.
    """
    people = [find_person(assignee)] if assignee else [None]
    return _assign(ids, people, actor=actor, at=at, versions=versions)


def share_holds(
    *, ids: Iterable[uuid.UUID | str], people: Sequence[str], actor: Actor, at: dt.datetime, versions: Versions = None
) -> BulkResult:
    """Deal the active holds out to `people`, by user name, in turn; who may not work on a hold is passed over.

    Raises `InvalidInput` for nobody at all and for an unknown user. Failure codes as `assign_holds`.
    """
    if not people:
        raise InvalidInput.of("people", "required", "Choose the people among whom the holds are shared.")
    found = [find_person(name, field="people") for name in dict.fromkeys(people)]
    return _assign(ids, found, actor=actor, at=at, versions=versions)


def find_person(name: str, field: str = "assignee") -> Any:
    """The active user of that name. Raises `InvalidInput` at `field` where there is none."""
    user = get_user_model().objects.filter(username=name, is_active=True).first()
    if user is None:
        raise InvalidInput.of(field, "unknown", f"There is no active user {name!r}.")
    return user


def _assign(
    ids: Iterable[uuid.UUID | str], people: Sequence[Any], *, actor: Actor, at: dt.datetime, versions: Versions
) -> BulkResult:
    """Each hold to the next of `people` who may work on it; one `None` takes them from everybody."""
    where = {user.pk: works_in(user.pk) for user in people if user is not None}
    turns = itertools.cycle(range(len(people)))
    names = {user.pk: user.get_username() for user in people if user is not None}

    def edit(hold: Hold) -> Mapping[str, Any] | None:
        user = _next(people, turns, where, hold)
        if hold.assignee_id == (user.pk if user else None):
            return None
        before, hold.assignee = _name(hold.assignee_id, names), user
        return {"assignee": user.get_username() if user else "", "before": {"assignee": before}}

    return edit_each(ids, EventType.ASSIGNED, edit, actor=actor, at=at, versions=versions)


def _name(user_id: int | None, known: dict[int, str]) -> str:
    """The user name of a holder; asked of the database once for each person, not once for each hold."""
    if user_id is None:
        return ""
    if user_id not in known:
        known[user_id] = get_user_model().objects.values_list("username", flat=True).get(pk=user_id)
    return known[user_id]


def _next(people: Sequence[Any], turns: Iterator[int], where: Mapping[int, set[str | None]], hold: Hold) -> Any:
    """Whose turn it is among those who may. Raises `InvalidInput` with `cannot_work` where nobody may."""
    for turn in itertools.islice(turns, len(people)):
        user = people[turn]
        if user is None or None in where[user.pk] or hold.legal_entity_id in where[user.pk]:
            return user
    names = " nor ".join(user.get_username() for user in people)
    raise InvalidInput.of(
        "assignee", "cannot_work", f"{names} may not work on holds of {hold.legal_entity_id}: choose somebody who may."
    )


def works_in(user_id: int) -> set[str | None]:
    """The legal entities in which a person may work on holds; None among them stands for all."""
    grants = AccessGrant.objects.filter(user_id=user_id, role__in=POLICY[Action.WORK_HOLDS])
    return set(grants.values_list("legal_entity_id", flat=True))


def set_review_date(
    *, ids: Iterable[uuid.UUID | str], review_date: dt.date | None, actor: Actor, at: dt.datetime
) -> BulkResult:
    """Note on which day each hold is to be looked at again; None takes the date away. Closed holds may have one too."""

    def edit(hold: Hold) -> Mapping[str, Any] | None:
        if hold.review_date == review_date:
            return None
        before, hold.review_date = hold.review_date, review_date
        return {"review_date": day_text(review_date), "before": {"review_date": day_text(before)}}

    return edit_each(ids, EventType.REVIEW_DATE_SET, edit, actor=actor, at=at, closed=True)


def day_text(day: dt.date | None) -> str:
    """A day as evidence keeps it; empty for none."""
    return day.isoformat() if day else ""


def add_note(*, ids: Iterable[uuid.UUID | str], note: str, actor: Actor, at: dt.datetime) -> BulkResult:
    """Replace the note that the list shows of each hold; what was written before stays in its history."""

    def edit(hold: Hold) -> Mapping[str, Any] | None:
        if hold.note == note:
            return None
        before, hold.note = hold.note, note
        return {"note": note, "before": {"note": before}}

    return edit_each(ids, EventType.NOTED, edit, actor=actor, at=at, closed=True)


@transaction.atomic
def edit_hold(*, id: uuid.UUID | str, changes: Mapping[str, Any], actor: Actor, at: dt.datetime) -> Hold:
    """Change `review_date`, `assignee` and `note` of one hold, those that `changes` names; all or none.

    Raises what `assign_holds`, `set_review_date` and `add_note` list as failures.
    """
    if "assignee" in changes:
        assign_holds(ids=[id], assignee=changes["assignee"], actor=actor, at=at).only()
    if "review_date" in changes:
        set_review_date(ids=[id], review_date=changes["review_date"], actor=actor, at=at).only()
    if "note" in changes:
        add_note(ids=[id], note=changes["note"], actor=actor, at=at).only()
    return Hold.objects.get(pk=id)
