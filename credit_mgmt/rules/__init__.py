"""Blocking and exclusion rules are set up here and nowhere else (`domain 4.2`, `ux` 3.10, Life cycle).

A change is a draft of the rule's next version beside the one in force. A draft may run in shadow first; activating it
retires the version before. What a version says never changes once it was more than a draft, so that a hold can name the
very version that stopped it.

Note [Who holds a rule]. Every step raises the counter of the rule before it reads the versions, which holds its row to
the end of the transaction: two people who activate at once do it one after the other, and the second finds what the
first did.
"""

import datetime as dt
import re
import uuid
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from django.db import IntegrityError, transaction
from django.db.models import F
from django_fsm import TransitionNotAllowed

from credit_mgmt.models import Backtest, BlockingRule, Parameters, RuleEvent, RuleState, RuleVersion
from credit_mgmt.models.rules import RuleStep
from credit_mgmt.rules.values import DEFAULTS, default_name, read_values, version_values
from customers.access import Action, Actor, authorize
from customers.errors import FieldError, InvalidInput, NotFound, Refused

LONGEST_SHADOW = 366
FRESH = dt.timedelta(days=7)
"""How old a backtest may be that a parameter asks for (`ux` 5, measure 12)."""
LONGEST_WHY = 300
_CODE = re.compile(r"[A-Z0-9][A-Z0-9-]{1,19}")
_ALREADY = {
    RuleState.ACTIVE: "is active already",
    RuleState.SHADOW: "runs in shadow already",
    RuleState.RETIRED: "is retired: restore it as a new version",
    RuleState.DRAFT: "is a draft",
}


@transaction.atomic
def draft_rule(*, values: Mapping[str, Any], actor: Actor, at: dt.datetime) -> RuleVersion:
    """A new rule, as a draft that holds nothing yet.

    `values` are those of `api.md`, references as keys, and perhaps a `code`; without one it gets the next of its type.
    Raises `InvalidInput` naming every field that is wrong and what would be right; `NotAllowed`, `OutOfScope`.
    """
    given = dict(values)
    code = given.pop("code", None)
    read = read_values(given, base=DEFAULTS, actor=actor)
    rule = _new_rule(read.values["type"], code)
    version = RuleVersion(rule=rule, number=1, changed_by=actor.reference, changed_at=at)
    read.into(version)
    version.save(force_insert=True)
    _note(version, RuleEvent.Step.DRAFTED, _Said(actor, at, version.why))
    return version


@transaction.atomic
def change_rule(
    *,
    rule: uuid.UUID,
    values: Mapping[str, Any],
    actor: Actor,
    at: dt.datetime,
    replace: bool = False,
    revision: int | None = None,
) -> RuleVersion:
    """The draft of a rule with `values` in place of its own; made from the version in force where there is none yet.

    With `replace` what `values` leaves out gets its default. `revision` is that of the draft as it was read, 0 where
    there was none: another one is `Refused` as `stale`. Raises `NotFound`, `InvalidInput`, `NotAllowed`.
    """
    versions = _held(rule, actor)
    draft = _in(versions, RuleState.DRAFT)
    if revision is not None and revision != (draft.revision if draft else 0):
        raise Refused("stale", f"The draft of {versions[0].rule} was changed meanwhile: look at it again.")
    source = draft or current_of(versions)
    known = version_values(source) if draft else {**version_values(source), "why": ""}
    base = {**(DEFAULTS if replace else known), "type": source.rule.type}
    _refuse_other_type(values, source.rule)
    given = {name: value for name, value in values.items() if name != "code"}
    read = read_values(given, base=base, actor=actor)
    if draft is None:
        version = RuleVersion(rule=source.rule, number=versions[0].number + 1)
    else:
        version, draft.revision = draft, draft.revision + 1
    read.into(version)
    version.changed_by, version.changed_at = actor.reference, at
    version.save()
    step = RuleEvent.Step.DRAFTED if draft is None else RuleEvent.Step.CHANGED
    _note(version, step, _Said(actor, at, version.why))
    return version


@transaction.atomic
def start_shadow(*, rule: uuid.UUID, days: int, why: str, actor: Actor, at: dt.datetime, today: dt.date) -> RuleVersion:
    """Let the draft run in shadow for `days` from `today` on: looked at and counted, holding nothing.

    Raises `NotFound`, `InvalidInput`, `NotAllowed`; `Refused` where there is no draft.
    """
    if not 1 <= days <= LONGEST_SHADOW:
        raise InvalidInput.of("days", "out_of_range", f"Give a number of days from 1 to {LONGEST_SHADOW}.")
    versions = _held(rule, actor)
    version = _in(versions, RuleState.DRAFT) or _nothing_to(versions, "run in shadow")
    said = _Said(actor, at, why)
    before = _in(versions, RuleState.SHADOW)
    if before is not None:
        _take(before, RuleVersion.retire, RuleEvent.Step.REPLACED, said)
    version.shadow_to = today + dt.timedelta(days=days - 1)
    _take(version, RuleVersion.shadow, RuleEvent.Step.SHADOWED, said)
    return version


@transaction.atomic
def activate_rule(*, rule: uuid.UUID, why: str, actor: Actor, at: dt.datetime) -> RuleVersion:
    """Let the draft count from the next check on, or where there is none the version in shadow.

    The version before is retired. `why` is required. Raises `NotFound`, `InvalidInput`, `NotAllowed`, `Refused`: with
    `needs_backtest` where the parameter asks for one that is fresh and of this very version.
    """
    _refuse_no_reason(why)
    versions = _held(rule, actor)
    version = _in(versions, RuleState.DRAFT) or _in(versions, RuleState.SHADOW) or _nothing_to(versions, "activate")
    _refuse_untried(version, at)
    return _let_count(versions, version, _Said(actor, at, why))


@transaction.atomic
def retire_rule(*, rule: uuid.UUID, why: str, actor: Actor, at: dt.datetime) -> RuleVersion:
    """Let the rule count no longer, neither in force nor in shadow; a draft of it stays. `why` is required.

    Raises `NotFound`, `InvalidInput`, `NotAllowed`; `Refused` where nothing of it counts.
    """
    _refuse_no_reason(why)
    versions = _held(rule, actor)
    counting = [version for version in versions if version.state in (RuleState.ACTIVE, RuleState.SHADOW)]
    if not counting:
        raise Refused("not_active", f"Rule {versions[0].rule} is neither active nor in shadow.")
    said = _Said(actor, at, why)
    for version in counting:
        _take(version, RuleVersion.retire, RuleEvent.Step.RETIRED, said)
    return counting[0]


@transaction.atomic
def discard_draft(*, rule: uuid.UUID, actor: Actor, at: dt.datetime) -> RuleVersion:
    """Give up the draft of a rule; it stays among its versions. Raises `NotFound`, `NotAllowed`, `Refused`."""
    versions = _held(rule, actor)
    version = _in(versions, RuleState.DRAFT) or _nothing_to(versions, "discard")
    _take(version, RuleVersion.retire, RuleEvent.Step.DISCARDED, _Said(actor, at, ""))
    return version


@transaction.atomic
def restore_version(*, rule: uuid.UUID, number: int, why: str, actor: Actor, at: dt.datetime) -> RuleVersion:
    """Let a version from before count again, as a new version that says the same, in one action. `why` is required.

    No backtest is asked for of what counted before. Raises `NotFound`, `InvalidInput`, `NotAllowed`; `Refused` where a
    draft is being worked on.
    """
    versions = _held(rule, actor)
    wanted = next((version for version in versions if version.number == number), None)
    if wanted is None:
        raise NotFound(f"Rule {versions[0].rule} has no version {number}.")
    if wanted.state != RuleState.RETIRED:
        raise Refused("not_retired", f"Version {number} of {wanted.rule} {_ALREADY[RuleState(wanted.state)]}.")
    if _in(versions, RuleState.DRAFT) is not None:
        raise Refused("has_draft", f"Rule {wanted.rule} has a draft: activate or discard it first.")
    values = {name: value for name, value in version_values(wanted).items() if name not in ("type", "risk_group")}
    draft = change_rule(rule=rule, values={**values, "why": why}, actor=actor, at=at)
    if not RuleEvent.objects.filter(version=wanted, step=RuleEvent.Step.ACTIVATED).exists():
        _refuse_untried(draft, at)  # what counted before needs no trial: this is the way back
    return _let_count(versions, draft, _Said(actor, at, why))


@transaction.atomic
def delete_rule(*, rule: uuid.UUID, actor: Actor) -> None:
    """Remove a rule that never counted. Raises `NotFound`, `NotAllowed`; `Refused` (`in_use`) for any other."""
    versions = _held(rule, actor)
    numbers = [version.pk for version in versions]
    counted = (RuleEvent.Step.ACTIVATED, RuleEvent.Step.SHADOWED)
    if RuleEvent.objects.filter(version__in=numbers, step__in=counted).exists():
        raise Refused("in_use", f"Rule {versions[0].rule} has counted, so that it is kept: retire it instead.")
    RuleEvent.objects.filter(version__in=numbers).delete()
    RuleVersion.objects.filter(pk__in=numbers).delete()
    BlockingRule.objects.filter(pk=rule).delete()


def current_of(versions: list[RuleVersion]) -> RuleVersion:
    """The version that stands for its rule: the one in force, else in shadow, else the draft, else the latest.

    `versions` are all of one rule, latest first.
    """
    order = (RuleState.ACTIVE, RuleState.SHADOW, RuleState.DRAFT)
    found = (_in(versions, state) for state in order)
    return next((version for version in found if version is not None), versions[0])


def _held(rule: uuid.UUID, actor: Actor) -> list[RuleVersion]:
    """All versions of a rule, latest first, held by the transaction: see Note [Who holds a rule]."""
    if not BlockingRule.objects.filter(pk=rule).update(changes=F("changes") + 1):
        raise NotFound(f"There is no blocking rule {rule}.")
    related = ("rule", "customer")
    versions = list(RuleVersion.objects.filter(rule=rule).select_related(*related).order_by("-number"))
    entities = {version.legal_entity_id for version in versions if version.state != RuleState.RETIRED}
    for entity in entities or {versions[0].legal_entity_id}:
        authorize(actor, Action.SETUP, entity, f"Blocking rule {versions[0].rule}")
    return versions


def _in(versions: list[RuleVersion], state: RuleState) -> RuleVersion | None:
    return next((version for version in versions if version.state == state), None)


def _nothing_to(versions: list[RuleVersion], verb: str) -> RuleVersion:
    raise Refused("no_draft", f"Rule {versions[0].rule} has no draft to {verb}: change it first.")


def _refuse_untried(version: RuleVersion, at: dt.datetime) -> None:
    """Raise `Refused` where the parameter asks for a backtest and this very version has no fresh one."""
    rows = Parameters.objects.filter(legal_entity=version.legal_entity_id)
    row = rows.first() or Parameters.objects.filter(legal_entity=None).first()
    if row is None or not row.require_backtest_before_activation:
        return
    tried = {"rule": str(version.rule_id), "tried": version.number}
    runs = Backtest.objects.filter(versions__contains=[tried], finished_at__gte=at - FRESH)
    if not runs.filter(created_at__gte=version.changed_at).exists():
        words = f"{version} has no backtest of the last {FRESH.days} days as it now is: run one first."
        raise Refused("needs_backtest", words)


def _let_count(versions: list[RuleVersion], version: RuleVersion, said: "_Said") -> RuleVersion:
    before = _in(versions, RuleState.ACTIVE)
    if before is not None:
        _take(before, RuleVersion.retire, RuleEvent.Step.REPLACED, said)
    _take(version, RuleVersion.activate, RuleEvent.Step.ACTIVATED, said)
    return version


class _Said(NamedTuple):
    """Who takes a step, when and why."""

    actor: Actor
    at: dt.datetime
    why: str


def _take(version: RuleVersion, step: Callable[[RuleVersion], Any], event: RuleStep, said: _Said) -> None:
    """Take one of a version's transitions and write it down."""
    try:
        step(version)
    except TransitionNotAllowed as problem:
        raise Refused("not_now", f"{version} {_ALREADY[RuleState(version.state)]}.") from problem
    version.save(update_fields=["state", "shadow_to"])
    _note(version, event, said)


def _note(version: RuleVersion, step: RuleStep, said: _Said) -> None:
    actor = said.actor.reference
    RuleEvent.objects.create(version=version, step=step, why=said.why, actor=actor, at=said.at)


def _refuse_no_reason(why: str) -> None:
    if not why.strip():
        raise InvalidInput.of("why", "required", "Say why, for whoever asks later.")
    if len(why) > LONGEST_WHY:
        raise InvalidInput.of("why", "too_long", f"Use at most {LONGEST_WHY} characters.")


def _refuse_other_type(values: Mapping[str, Any], rule: BlockingRule) -> None:
    errors = []
    if values.get("type", rule.type) != rule.type:
        words = f"Rule {rule} is of type {default_name(rule.type).lower()}: make a new rule for another type."
        errors.append(FieldError("type", "fixed", words))
    if values.get("code") not in (None, "", rule.code):
        errors.append(FieldError("code", "fixed", f"The code of rule {rule} stays: holds and decisions name it."))
    if errors:
        raise InvalidInput(errors)


def _new_rule(rule_type: str, code: str | None) -> BlockingRule:
    """The rule itself, under the code asked for or the next one of its type."""
    if code:
        code = code.strip().upper()
        if not _CODE.fullmatch(code):
            words = "Use 2 to 20 capital letters, digits and hyphens, as DO-07, or leave it out."
            raise InvalidInput.of("code", "invalid", words)
        try:
            with transaction.atomic():
                return BlockingRule.objects.create(type=rule_type, code=code)
        except IntegrityError as problem:
            raise InvalidInput.of("code", "taken", f"There is a rule {code} already: choose another code.") from problem
    while True:
        try:
            with transaction.atomic():
                return BlockingRule.objects.create(type=rule_type, code=_next_code(rule_type))
        except IntegrityError:  # somebody else took this code just now: the next one is ours
            continue


def _next_code(rule_type: str) -> str:
    """`DO-08` after `DO-07`; of the initials of the type's words."""
    prefix = "".join(word[0] for word in rule_type.split("_") if word).upper()
    taken = BlockingRule.objects.filter(code__regex=rf"^{prefix}-\d{{1,9}}$").values_list("code", flat=True)
    number = max((int(code.rpartition("-")[2]) for code in taken), default=0) + 1
    return f"{prefix}-{number:02d}"
