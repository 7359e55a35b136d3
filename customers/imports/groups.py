"""Customer credit groups with their members as they are fed (`domain 3.4`); limits belong to the room above."""

from collections.abc import Iterable, Iterator
from typing import Any

from customers.access import Action
from customers.imports.batch import Batch, Entry
from customers.imports.fields import Field, Wrong, currency_code, flag, key_pair, key_part, named, text
from customers.imports.references import split, unknown
from customers.imports.resource import Resource
from customers.imports.sql import assign
from customers.marks import Cause, CauseKind, mark_each
from customers.models import Customer, CustomerCreditGroup
from customers.signing import sign

MOST_MEMBERS = 10_000


def _member_keys(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or len(value) > MOST_MEMBERS:
        raise Wrong("invalid", f"Give a list of at most {MOST_MEMBERS} customer keys.")
    return tuple(dict.fromkeys(key_pair(key) for key in value))


class CreditGroups(Resource):
    """Customers that share one limit; a customer is in at most one group."""

    name = "credit-groups"
    model = CustomerCreditGroup
    key_fields = named(Field("number", key_part))
    parts = frozenset({"members"})
    feeds = Action.MANAGE_CREDIT_GROUPS
    fields = named(
        Field("description", text(100), default=""),
        Field("currency", currency_code, "currency_id", refers_to="currency"),
        Field("use_member_days_overdue", flag, default=False),
        Field("members", _member_keys, default=()),
    )

    def want(self, batch: Batch) -> None:
        """The members too."""
        super().want(batch)
        for entry in batch.entries:
            for key in entry.given.get("members", ()):
                batch.references.want("customer", key)

    def load(self, batch: Batch) -> None:
        """With the members that the groups have now."""
        super().load(batch)
        numbers = [entry.existing.pk for entry in batch.good if entry.existing is not None]
        held: dict[str, dict[str, Customer]] = {number: {} for number in numbers}
        if numbers:
            for customer in Customer.objects.filter(credit_group__in=numbers):
                held[str(customer.credit_group_id)][customer.key] = customer
        for entry in batch.good:
            entry.plan = held.get(entry.existing.pk, {}) if entry.existing is not None else {}

    def entities_of(self, batch: Batch, entry: Entry) -> Iterable[str | None]:
        """A group needs the right in all the entities of its members; without members, in all there are."""
        keys = {*(entry.plan or ()), *entry.given.get("members", ())}
        return sorted({split(key)[0] for key in keys}) or [None]

    def check(self, batch: Batch) -> None:
        """Every member exists and is in no other group, as things will be after this call."""
        while self._check_members(batch):
            pass  # a group that failed keeps its members, so others can't have them

    def _check_members(self, batch: Batch) -> bool:
        entries = list(batch.good)
        leaving = {key: entry.key for entry in entries for key in entry.plan if key not in self._members(batch, entry)}
        joined: dict[str, str | None] = {}
        failed = False
        for entry in entries:
            for position, key in enumerate(entry.given.get("members", ())):
                customer = batch.references.get("customer", key)
                if customer is None:
                    entry.errors.append(unknown("customer", key, f"members[{position}]"))
                    continue
                other = joined.get(key)
                if other is None and customer.credit_group_id not in (None, entry.key) and key not in leaving:
                    other = customer.credit_group_id
                if other is not None:
                    entry.fail(f"members[{position}]", "in_other_group", f"{key} is a member of {other}.")
                joined[key] = entry.key
            failed = failed or bool(entry.errors)
        return failed

    def _members(self, batch: Batch, entry: Entry) -> tuple[str, ...]:
        """The members as they will be."""
        if "members" in entry.given or entry.existing is None or batch.replace:
            return tuple(entry.given.get("members", ()))
        return tuple(sorted(entry.plan))

    def compare(self, batch: Batch, entry: Entry) -> None:
        """Members count as a field."""
        members = self._members(batch, entry)
        super().compare(batch, entry)
        if set(entry.plan) != set(members):
            entry.changed.add("members")
        entry.values["members"] = members

    def write(self, batch: Batch) -> None:
        """Groups, then who left or joined: one statement each."""
        super().write(batch)
        left: dict[int, str | None] = {}
        joined: dict[int, str | None] = {}
        for entry in batch.to_write:
            members = entry.values["members"]
            left |= {customer.pk: None for key, customer in entry.plan.items() if key not in members}
            for key in members:
                customer = batch.references.get("customer", key)
                if customer is not None and key not in entry.plan:
                    joined[customer.pk] = entry.instance.pk
        if left or joined:
            sign(batch.actor)
        assign(Customer, "credit_group", left | joined)
        mark_each(mark for entry in batch.to_write for mark in self._marks(batch, entry))

    @staticmethod
    def _marks(batch: Batch, entry: Entry) -> Iterator[tuple[int, Cause]]:
        """Everybody who was or is a member: who leaves takes exposure along, who joins brings some."""
        members = [batch.references.get("customer", key) for key in entry.values["members"]]
        ids = {customer.pk for customer in (*members, *entry.plan.values()) if customer is not None}
        for customer_id in ids:
            yield customer_id, Cause(CauseKind.CREDIT_GROUP, entry.key or "")
