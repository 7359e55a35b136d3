"""Policies, guarantees and their types as they are fed or entered: what a row needs, and what is refused (`domain 2`).

Note [Cover is a limit]. A policy raises its customer's limit, so it changes as limits do: under the lock of the
customer's credit account, which is taken before the policies are read for good. The database records who changed what
(migration 0013); the customer is marked, so that its holds are looked at again.
"""

import uuid
from collections.abc import Collection, Iterable, Iterator
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet

from credit_mgmt.accounts import accounts_of, lock_accounts
from credit_mgmt.models import CoverageType, CoverChange, CoverPolicy, PolicyType
from credit_mgmt.models.cover import CoverKind
from customers import outbox
from customers.access import Action
from customers.errors import FieldError
from customers.imports import offer
from customers.imports.batch import Batch, Entry
from customers.imports.fields import (
    Field,
    Wrong,
    choice,
    currency_code,
    day,
    flag,
    key_pair,
    key_part,
    named,
    number,
    text,
)
from customers.imports.references import offer_code, split
from customers.imports.resource import Resource
from customers.imports.usage import refuse_changes
from customers.marks import Cause, CauseKind, mark_each
from customers.models import Customer
from customers.money import HUNDRED
from customers.signing import sign

POLICY_TYPE, COVERAGE_TYPE = "policy type", "coverage type"
"""What rows of policies refer to, besides what the lower room knows."""


class PolicyTypes(Resource):
    """Types of guarantees and of insurances."""

    name = "policy-types"
    model = PolicyType
    key_fields = named(Field("code", key_part))
    fields = named(Field("identifier", choice(CoverKind)), Field("description", text(100), default=""))

    def check(self, batch: Batch) -> None:
        """A policy is of a type of its own kind."""
        refuse_changes(batch, "identifier", "identifier")


class CoverageTypes(Resource):
    """What insurances cover."""

    name = "coverage-types"
    model = CoverageType
    key_fields = named(Field("code", key_part))
    fields = named(Field("description", text(100), default=""))


def _uuid(value: Any) -> uuid.UUID:
    try:
        return value if isinstance(value, uuid.UUID) else uuid.UUID(str(value))
    except ValueError:
        raise Wrong("invalid", "Give the UUID of the policy, or leave it out for a new one.") from None


class Policies(Resource):
    """Insurance policies and guarantees, each of one customer; amounts in the policy's currency."""

    name = "policies"
    model = CoverPolicy
    key_fields = named(Field("id", _uuid))
    fields = named(
        Field("customer", key_pair, "customer_id", refers_to="customer"),
        Field("type", key_part, "type_id", refers_to=POLICY_TYPE),
        Field("identifier", choice(CoverKind), default=""),
        Field("insurer", key_part, "insurer_id", default=None, refers_to="party"),
        Field("coverage_type", key_part, "coverage_type_id", default=None, refers_to=COVERAGE_TYPE),
        Field("identification", text(60), default=""),
        Field("effective_on", day),
        Field("expires_on", day),
        Field("value", number(), amount_in="currency"),
        Field("currency", currency_code, "currency_id", refers_to="currency"),
        Field("update_percent", number(high=HUNDRED), default=None),
        Field("update_amount", number(), default=None, amount_in="currency"),
        Field("included_in_exposure", flag, default=False),
    )

    def parse(self, entry: Entry) -> None:
        """A row that names no policy is a new one."""
        if isinstance(entry.raw, dict) and "id" not in entry.raw and "key" not in entry.raw:
            entry.raw = {"id": uuid.uuid4(), **entry.raw}
        super().parse(entry)

    def load(self, batch: Batch) -> None:
        """Find the policies, and again under the locks of their customers' accounts: see Note [Cover is a limit]."""
        super().load(batch)
        customers = {entry.existing.customer_id for entry in batch.good if entry.existing is not None}
        wanted = {entry.given["customer"] for entry in batch.good if "customer" in entry.given}
        customers |= {found.pk for key in wanted if (found := batch.references.get("customer", key)) is not None}
        lock_cover(customers)
        super().load(batch)

    def find(self, identities: set[Any]) -> QuerySet[Any]:
        """With what their meaning is checked against."""
        return super().find(identities).select_related("customer", "type")

    def entities_of(self, batch: Batch, entry: Entry) -> Iterable[str | None]:
        """The right is needed where the customer is."""
        entities = {split(entry.given["customer"])[0]} if "customer" in entry.given else set()
        return sorted(entities | ({entry.existing.customer.legal_entity_id} if entry.existing else set()))

    def _needs(self, batch: Batch, entry: Entry) -> set[Action]:
        return {Action.EDIT_INSURANCE}

    def default(self, batch: Batch, entry: Entry, field: Field) -> Any:
        """What the type is a type of needs not be said twice."""
        known = batch.references.get(POLICY_TYPE, entry.given.get("type", ""))
        return known.identifier if field.name == "identifier" and known is not None else field.default

    def check(self, batch: Batch) -> None:
        """What only several fields together can tell (`domain 2`)."""
        for entry in list(batch.good):
            entry.errors += _errors_of(batch, entry)

    def write(self, batch: Batch) -> None:
        """Write, and let everybody know who is concerned."""
        written = batch.to_write
        if not written:
            return
        sign(batch.actor)
        super().write(batch)
        tell_of_cover([entry.instance.pk for entry in written])


def offer_resources() -> None:
    """Let cover be fed like everything else; called once per process."""
    offer_code(POLICY_TYPE, PolicyType, PolicyTypes.name)
    offer_code(COVERAGE_TYPE, CoverageType, CoverageTypes.name)
    offer(PolicyTypes, CoverageTypes, Policies)


def lock_cover(customer_ids: Collection[int]) -> None:
    """Lock the customers' own accounts: cover never raises a group's limit. See Note [Cover is a limit]."""
    lock_accounts(own[0] for own in accounts_of(customer_ids).values())


def tell_of_cover(policy_ids: Collection[uuid.UUID]) -> None:
    """An event for the latest change of each policy, and a mark for each customer; call it last in the transaction."""
    latest = CoverChange.objects.filter(policy_id__in=list(policy_ids)).order_by("policy_id", "-sequence")
    changes = list(latest.distinct("policy_id").select_related("customer"))
    outbox.record_all([_event(change) for change in changes])
    mark_each((change.customer_id, Cause(CauseKind.COVER, change.customer.key)) for change in changes)


def _event(change: CoverChange) -> outbox.Event:
    customer: Customer = change.customer
    return outbox.Event(
        type="cover_changed",
        key=f"cover:{change.policy_id}:{change.sequence}",
        legal_entity=customer.legal_entity_id,
        subject=customer.key,
        at=change.at,
        data={"policy": str(change.policy_id), "before": change.before, "after": change.after, "actor": change.actor},
    )


def _errors_of(batch: Batch, entry: Entry) -> Iterator[FieldError]:
    values = entry.values
    if entry.existing is not None and values["customer"] != entry.existing.customer_id:
        message = "A policy stays with its customer: end this one, and enter another for the other customer."
        yield FieldError("customer", "immutable", message)
    yield from _wrong_kind(batch, entry)
    if values["expires_on"] < values["effective_on"]:
        message = f"It ends before it starts on {values['effective_on']}: give a last day on or after that day."
        yield FieldError("expires_on", "ends_before_it_starts", message)
    yield from _wrong_amounts(values["value"], values["update_percent"], values["update_amount"])


def _wrong_kind(batch: Batch, entry: Entry) -> Iterator[FieldError]:
    """Kind, type and coverage type fit together."""
    values = entry.values
    known = batch.references.get(POLICY_TYPE, values["type"]) or (entry.existing.type if entry.existing else None)
    if known is not None and known.identifier != values["identifier"]:
        message = f"{known.code} is a type of {known.identifier}: name a type of {values['identifier']}."
        yield FieldError("type", "other_identifier", message)
    if values["identifier"] == CoverKind.GUARANTEE and values["coverage_type"] is not None:
        message = "Only insurances have a coverage type: leave it out, or make it an insurance."
        yield FieldError("coverage_type", "only_for_insurance", message)


def _wrong_amounts(value: Decimal, percent: Decimal | None, amount: Decimal | None) -> Iterator[FieldError]:
    if percent is None and amount is None:
        message = "Say how much of it counts: a percentage of the value, or a fixed amount."
        yield FieldError("update_percent", "required", message)
    if percent is not None and amount is not None:
        message = "Give either the percentage or the fixed amount, and leave the other one empty."
        yield FieldError("update_amount", "ambiguous", message)
    if amount is not None and amount > value:
        yield FieldError("update_amount", "above_value", f"The policy is worth {value}: give at most that.")
