"""Lines in today's draft: what people change of many customers or groups from their lists becomes one journal a day."""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from credit_mgmt.journals import create_journal
from credit_mgmt.journals.generation import Preview, generate_lines
from credit_mgmt.journals.phrases import LEFT_OUT
from credit_mgmt.journals.requests import CUSTOMERS, GROUPS, read_generation
from credit_mgmt.models import LimitJournal
from customers.access import Action, Actor, authorize, scoped
from customers.errors import InvalidInput
from customers.models import Customer, CustomerCreditGroup, LegalEntity

Today = Callable[[str], dt.date]


@dataclass(frozen=True, slots=True)
class Added:
    """What was added to one journal, and what was left out."""

    journal: LimitJournal
    preview: Preview

    def words(self) -> str:
        """`3 lines added to NL01-000012; 1 left out: unlimited.`"""
        count = self.preview.added
        said = f"{count} {'line' if count == 1 else 'lines'} added to {self.journal.number}"
        left = [
            f"{number} left out: {LEFT_OUT.get(reason, reason)}" for reason, number in self.preview.left_out.items()
        ]
        return "; ".join([said, *left]) + "."


def todays_draft(legal_entity: str, *, actor: Actor, at: dt.datetime, today: Today) -> LimitJournal:
    """The actor's newest draft of limits that was made today in the legal entity, or a new one.

    Raises `OutOfScope`, `NotAllowed`.
    """
    authorize(actor, Action.MAKE_JOURNALS, legal_entity, f"Legal entity {legal_entity}")
    day = today(legal_entity)
    described = f"Changes of {day:%-d %B %Y}"
    drafts = LimitJournal.objects.filter(
        legal_entity=legal_entity, status=LimitJournal.Status.DRAFT, type=LimitJournal.Type.CREDIT_LIMIT,
        owner=actor.reference, description=described,
    )  # fmt: skip
    found = drafts.order_by("-sequence").first()
    if found is not None:
        return found
    return create_journal(
        legal_entity=legal_entity, type=LimitJournal.Type.CREDIT_LIMIT, actor=actor, at=at, description=described
    )


@transaction.atomic
def add_to_todays_drafts(
    *,
    given: Mapping[str, Any],
    actor: Actor,
    at: dt.datetime,
    today: Today,
    customers: Sequence[str] = (),
    groups: Sequence[str] = (),
) -> list[Added]:
    """Lines that adjust the limits of these customers (keys) or groups (numbers), by legal entity, all or none.

    `given` are the values of a generation (`requests.GIVEN`). A line of a group goes into a journal of the first legal
    entity of its members in which the actor may. Raises `InvalidInput`, `NotAllowed`, `OutOfScope`.
    """
    owners = _customers(customers) if customers else _groups(groups, actor)
    if not owners:
        raise InvalidInput.of("", "required", "Choose at least one customer or group.")
    source = CUSTOMERS if customers else GROUPS
    generation = read_generation({**given, "source": source}, temporary=False)
    found = []
    for entity, only in sorted(owners.items()):
        draft = todays_draft(entity, actor=actor, at=at, today=today)
        journal, preview = generate_lines(
            journal=draft.number, generation=generation, actor=actor, at=at, today=today, only=only
        )
        found.append(Added(journal, preview))
    return found


def _customers(keys: Sequence[str]) -> dict[str, list[int | str]]:
    """The customers of these keys, by legal entity."""
    accounts: dict[str, list[str]] = {}
    for key in keys:
        entity, _, account = key.partition(":")
        accounts.setdefault(entity, []).append(account)
    found: dict[str, list[int | str]] = {}
    for entity, names in accounts.items():
        ids = Customer.objects.filter(legal_entity=entity, account__in=names).order_by("account", "pk")
        found[entity] = list(ids.values_list("pk", flat=True))
    return {entity: ids for entity, ids in found.items() if ids}


def _groups(numbers: Sequence[str], actor: Actor) -> dict[str, list[int | str]]:
    """The groups, each under the legal entity in whose journal its line goes."""
    may = scoped(LegalEntity.objects.order_by("code"), actor, Action.MAKE_JOURNALS, path="code")
    allowed = list(may.values_list("pk", flat=True))
    members: dict[str, set[str]] = {}
    rows = Customer.objects.filter(credit_group__in=numbers).order_by()
    for group, entity in rows.values_list("credit_group_id", "legal_entity_id").distinct():
        members.setdefault(str(group), set()).add(entity)
    found: dict[str, list[int | str]] = {}
    for number in CustomerCreditGroup.objects.filter(pk__in=numbers).order_by("pk").values_list("pk", flat=True):
        own = [entity for entity in allowed if entity in members.get(number, set())]
        for entity in (own or allowed)[:1]:
            found.setdefault(entity, []).append(number)
    return found
