"""Which rules are on trial, from what the caller names."""

import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet

from credit_mgmt.engine.facts import Rule
from credit_mgmt.models import RuleState, RuleVersion
from credit_mgmt.policies import rule_value
from customers.access import Actor, scoped
from customers.errors import FieldError, InvalidInput

_NUMBER = re.compile(r"[0-9]{1,9}")


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
    shadow, else what counts, else the latest.
    """
    seen = scoped(RuleVersion.objects.all(), actor, shared=True)
    if "versions" not in told:
        return named_rules([_of_rule(seen, str(told["rule"]))])
    keys = list(dict.fromkeys(told["versions"]))
    known = {f"{code}/{number}" for code, number in _named(seen, keys).values_list("rule__code", "number")}
    codes = [key.partition("/")[0] for key in keys]
    errors = []
    for position, (key, code) in enumerate(zip(keys, codes, strict=True)):
        field = f"parameters.versions[{position}]"
        if key not in known:
            errors.append(FieldError(field, "unknown", f"There is no version {key} of a rule: name one as DO-07/3."))
        elif code in codes[:position]:
            errors.append(FieldError(field, "duplicate", f"Rule {code} is tried already: name one version of it."))
    if errors:
        raise InvalidInput(errors)
    return named_rules(keys)


def named_rules(keys: Sequence[str]) -> Tried:
    """The versions with these keys (`DO-07/3`); none of those that are no more."""
    rows = _named(RuleVersion.objects.all(), keys).select_related("rule", "customer").order_by("rule__code", "number")
    found = list(rows)
    active = RuleVersion.objects.filter(rule__in={row.rule_id for row in found}, state=RuleState.ACTIVE)
    now = dict(active.order_by("rule").values_list("rule", "number"))
    versions = tuple(
        {
            "key": row.key,
            "rule": str(row.rule_id),
            "code": row.rule.code,
            "now": now.get(row.rule_id),
            "tried": row.number,
            "state": row.state,
            "revision": row.revision,
        }
        for row in found
    )
    return Tried(tuple(rule_value(row) for row in found), versions)


def _named(versions: QuerySet[RuleVersion], keys: Sequence[str]) -> QuerySet[RuleVersion]:
    """Those of `versions` that have one of the keys."""
    condition = Q(pk__in=[])
    for key in keys:
        code, _, number = key.partition("/")
        if _NUMBER.fullmatch(number):
            condition |= Q(rule__code=code, number=int(number))
    return versions.filter(condition)


def _of_rule(seen: QuerySet[RuleVersion], name: str) -> str:
    """The key of the version that a rule's name means."""
    try:
        of_rule = seen.filter(rule=uuid.UUID(name))
    except ValueError:
        of_rule = seen.filter(rule__code=name)
    versions = list(of_rule.select_related("rule").order_by("-number"))
    if not versions:
        raise InvalidInput.of("parameters.rule", "unknown", f"There is no rule {name}.")
    by_state = {version.state: version for version in reversed(versions)}
    meant = (by_state.get(state) for state in (RuleState.DRAFT, RuleState.SHADOW, RuleState.ACTIVE))
    return next((version for version in meant if version is not None), versions[0]).key
