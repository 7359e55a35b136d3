"""Which rules are on trial, from what the caller names."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from credit_mgmt.engine.facts import Rule
from credit_mgmt.models import BlockingRule
from credit_mgmt.policies import rule_value
from customers.access import Actor, scoped
from customers.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class Tried:
    """Rules on trial as the engine sees them, and how people call their versions."""

    rules: tuple[Rule, ...]
    versions: tuple[Mapping[str, Any], ...]

    def legal_entities(self) -> frozenset[str | None]:
        """The legal entities that the rules are for; None: all."""
        return frozenset(rule.legal_entity for rule in self.rules)


def tried_rules(told: Mapping[str, Any], actor: Actor) -> Tried:
    """The rules that the caller means, as far as the actor may see them. Raises `InvalidInput`."""
    rows = scoped(BlockingRule.objects.all(), actor, shared=True)
    try:
        ids = [str(uuid.UUID(str(name))) for name in told.get("versions") or [told["rule"]]]
    except ValueError:
        raise InvalidInput.of("parameters.rule", "unknown", f"There is no rule {told.get('rule')}.") from None
    if rows.filter(pk__in=ids).count() != len(set(ids)):
        raise InvalidInput.of("parameters.rule", "unknown", f"There is no rule {told.get('rule')}.")
    return named_rules(ids)


def named_rules(keys: list[str]) -> Tried:
    """The rules with the keys that `tried_rules` found."""
    rules = list(BlockingRule.objects.select_related("customer").filter(pk__in=keys).order_by("pk"))
    versions = tuple(
        {"key": str(rule.pk), "rule": str(rule.pk), "code": rule.name, "now": 1, "tried": 1, "state": "active"}
        for rule in rules
    )
    return Tried(tuple(rule_value(rule) for rule in rules), versions)
