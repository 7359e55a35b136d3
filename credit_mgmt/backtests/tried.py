"""Which rules are on trial, from what the caller names."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.db.models import QuerySet

from credit_mgmt.engine.facts import Rule
from credit_mgmt.models import RuleState, RuleVersion
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
    """The versions that the caller means, as far as the actor may see them. Raises `InvalidInput`.

    `versions` names them as `DO-07/3`; `rule` names a rule, by id or code, and means its draft, else what runs in
    shadow, else what counts.
    """
    seen = scoped(RuleVersion.objects.select_related("rule"), actor, shared=True)
    named = told.get("versions")
    found = _versions(seen, named) if named else [_of_rule(seen, str(told["rule"]))]
    return named_rules([str(version.pk) for version in found])


def named_rules(keys: list[str]) -> Tried:
    """The versions with the keys that `tried_rules` found."""
    rows = RuleVersion.objects.select_related("rule", "customer").filter(pk__in=keys).order_by("rule__code", "number")
    found = list(rows)
    rules = {row.rule_id for row in found}
    counting = RuleVersion.objects.filter(rule__in=rules, state=RuleState.ACTIVE).values_list("rule", "number")
    now = dict(counting)
    versions = tuple(
        {
            "key": str(row.pk),
            "rule": str(row.rule_id),
            "code": row.rule.code,
            "now": now.get(row.rule_id),
            "tried": row.number,
            "state": row.state,
        }
        for row in found
    )
    return Tried(tuple(replace(rule_value(row), shadow=False) for row in found), versions)


def _versions(seen: QuerySet[RuleVersion], named: list[str]) -> list[RuleVersion]:
    found = []
    for key in named:
        code, _, number = str(key).partition("/")
        row = seen.filter(rule__code=code, number=int(number)).first() if number.isdecimal() else None
        if row is None:
            words = f"There is no version {key} of a rule: name one as DO-07/3."
            raise InvalidInput.of("parameters.versions", "unknown", words)
        found.append(row)
    return found


def _of_rule(seen: QuerySet[RuleVersion], name: str) -> RuleVersion:
    try:
        rows = list(seen.filter(rule=uuid.UUID(name)).order_by("-number"))
    except ValueError:
        rows = list(seen.filter(rule__code=name).order_by("-number"))
    by_state = {row.state: row for row in reversed(rows)}
    for state in (RuleState.DRAFT, RuleState.SHADOW, RuleState.ACTIVE):
        if state in by_state:
            return by_state[state]
    if rows:
        return rows[0]
    raise InvalidInput.of("parameters.rule", "unknown", f"There is no rule {name}.")
