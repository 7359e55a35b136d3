"""A rule saved in one call, as the API and imports do it: changed and, by its flag *active*, in force at once."""

import datetime as dt
import uuid
from collections.abc import Mapping
from typing import Any

from django.db import transaction

from credit_mgmt.models import RuleState, RuleVersion
from credit_mgmt.rules import activate_rule, change_rule, current_of, draft_rule, restore_version, retire_rule
from credit_mgmt.rules.values import DEFAULTS, version_values
from customers.access import Actor
from customers.errors import NotFound


@transaction.atomic
def save_rule(
    *,
    values: Mapping[str, Any],
    actor: Actor,
    at: dt.datetime,
    rule: uuid.UUID | None = None,
    replace: bool = True,
    why: str = "Saved in one call.",
) -> RuleVersion:
    """Make a rule, or change the one named, and let it count or not as `active` says; the version that results.

    With `replace` what `values` leaves out gets its default, and `active` is yes. Without, a rule that counts goes on
    counting with what it now says, and a draft stays one. What is the same already makes no version. `why` stands where
    the values give none. Raises `InvalidInput`, `NotFound`, `NotAllowed`, `OutOfScope`, `Refused`.
    """
    given = dict(values)
    active = given.pop("active", True if replace else None)
    why = given.get("why") or why
    if rule is None:
        version = draft_rule(values=given, actor=actor, at=at)
        return activate_rule(rule=version.rule_id, why=why, actor=actor, at=at) if active else version
    before = _current(rule)
    counted = before.state == RuleState.ACTIVE
    if counted and active is False:
        retire_rule(rule=rule, why=why, actor=actor, at=at)
    changed = _differs(before, given, replace=replace)
    if changed:
        before = change_rule(rule=rule, values=given, actor=actor, at=at, replace=replace)
    if active or (active is None and counted and changed):
        return _counting(rule, before, why, actor, at)
    return _current(rule)


def _counting(rule: uuid.UUID, version: RuleVersion, why: str, actor: Actor, at: dt.datetime) -> RuleVersion:
    if version.state == RuleState.ACTIVE:
        return version
    if version.state == RuleState.RETIRED:
        return restore_version(rule=rule, number=version.number, why=why, actor=actor, at=at)
    return activate_rule(rule=rule, why=why, actor=actor, at=at)


def _current(rule: uuid.UUID) -> RuleVersion:
    versions = list(RuleVersion.objects.filter(rule=rule).select_related("rule", "customer").order_by("-number"))
    if not versions:
        raise NotFound(f"There is no blocking rule {rule}.")
    return current_of(versions)


def _differs(version: RuleVersion, given: Mapping[str, Any], *, replace: bool) -> bool:
    """Whether the version would say something else; the reason why alone is no change."""
    known = version_values(version)
    base = {**DEFAULTS, "type": known["type"]} if replace else known
    wanted = {**base, **given}
    wanted["name"] = wanted["name"] or known["name"]
    return any(wanted[name] != known.get(name) for name in wanted.keys() - {"why", "code"})
