"""Decisions as evidence: stored with their facts and their policy version, so that each can be recomputed (`domain 4`).

Append-only, enforced by the database (migration 0003). Storing any number of decisions is one statement.
"""

import datetime as dt
import hashlib
import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from django.db import connection, transaction

from credit_mgmt.checks import LIMIT_ONLY, Checked, limit_only
from credit_mgmt.engine.codec import Json, canonical, decode, encode, encode_result
from credit_mgmt.engine.codec import replay as replay_facts
from credit_mgmt.engine.condense import Facts
from credit_mgmt.engine.decision import Decision
from credit_mgmt.engine.facts import Policy
from credit_mgmt.engine.remedies import remedies_for
from credit_mgmt.models import DecisionRecord, PolicyVersion
from credit_mgmt.rules.shadows import note_shadows
from customers.access import Actor
from customers.bulk import copy_rows
from customers.errors import NotFound

_COLUMNS = (
    "id", "kind", "order_id", "payer_id", "legal_entity_id", "checkpoint", "pro_forma", "date", "at", "actor",
    "outcome", "policy_id", "content", "facts", "digest",
)  # fmt: skip
# The policy is stored with the first decision that used it; two first ones at once are one.
_STORE_POLICY = """
    INSERT INTO credit_mgmt_policyversion (version, content, digest, created_at)
    VALUES (%s, %s, %s, %s) ON CONFLICT (version) DO NOTHING
"""


@dataclass(frozen=True, slots=True)
class _Texts:
    """One decision as it is stored."""

    checked: Checked
    content: str
    facts: str
    digest: str


def record_decisions(
    checked: Sequence[Checked],
    *,
    kind: str,
    actor: Actor,
    at: dt.datetime,
    known: Mapping[int, uuid.UUID | None] | None = None,
) -> list[uuid.UUID]:
    """Store the decisions with the facts they were made from, and return their ids in the same order.

    `checked` comes from `checks.check(..., evidence=True)`. `known` names, by order, a decision stored before: the very
    same decision from the very same facts under the same policy is not stored twice. Part of the caller's transaction:
    the decision and what it lets happen commit together (`domain 4.10`).
    """
    if any(item.facts is None for item in checked):
        raise ValueError("only decisions checked with evidence=True can be stored: without facts there is no replay")
    texts = [_texts(item, kind) for item in checked]
    before = _digests(known or {})
    ids = [before.get((item.checked.row.id, item.digest)) for item in texts]
    made = [pk or uuid.uuid4() for pk in ids]
    new = [(pk, item) for pk, known_id, item in zip(made, ids, texts, strict=True) if known_id is None]
    if new:
        _insert(new, kind, actor, at)
    return made


def _digests(known: Mapping[int, uuid.UUID | None]) -> dict[tuple[int, str], uuid.UUID]:
    """The decisions known before, by order and digest; one query, or none."""
    ids = [pk for pk in known.values() if pk is not None]
    if not ids:
        return {}
    rows = DecisionRecord.objects.filter(pk__any_of=ids).values_list("order_id", "digest", "pk")
    return {(order, digest): pk for order, digest, pk in rows}


def _texts(item: Checked, kind: str) -> _Texts:
    content, facts = _content(item.decision, kind), canonical(item.facts or {})
    digest = hashlib.sha256(f"{kind}\n{item.policy.version}\n{content}\n{facts}".encode()).hexdigest()
    return _Texts(item, content, facts, digest)


def _insert(new: Sequence[tuple[uuid.UUID, _Texts]], kind: str, actor: Actor, at: dt.datetime) -> None:
    """One statement for any number, and one for the policy where no decision has used it yet."""
    first = new[0][1].checked
    if not first.policy_is_stored:
        store_policy(first.policy, at=at)
    copy_rows("credit_mgmt_decisionrecord", _COLUMNS, (_row(pk, item, kind, actor.reference, at) for pk, item in new))
    note_shadows([item.checked for _, item in new])


def _row(pk: uuid.UUID, item: _Texts, kind: str, actor: str, at: dt.datetime) -> tuple[Any, ...]:
    """The values of `_COLUMNS`."""
    row, question, setting = item.checked.row, item.checked.question, item.checked.setting
    return (
        pk, kind, row.id, row.payer_id, row.legal_entity, question.checkpoint, question.pro_forma, setting.as_of, at,
        actor, item.checked.decision.outcome, item.checked.policy.version, item.content, item.facts, item.digest,
    )  # fmt: skip


def _content(decision: Decision, kind: str) -> str:
    """The decision as it is stored; an evaluation's without what follows from the facts, see `DecisionRecord`."""
    if kind == DecisionRecord.Kind.EVALUATION:
        return canonical(encode_result(decision))
    return canonical(encode(decision))


def store_policy(policy: Policy, *, at: dt.datetime) -> None:
    """Write down what a version of the policy says, where that is not written down yet."""
    content = canonical(encode(policy))
    digest = hashlib.sha256(content.encode()).hexdigest()
    with connection.cursor() as cursor:
        cursor.execute(_STORE_POLICY, [policy.version, content, digest, at])


def policy_at(version: int) -> Policy:
    """The policy that a stored decision used. Raises `NotFound` for a version that no decision used."""
    return _stored_policy(version)


@lru_cache(maxsize=64)
def _stored_policy(version: int) -> Policy:
    stored = PolicyVersion.objects.filter(pk=version).first()
    if stored is None:
        raise NotFound(f"Policy version {version} is not stored: no decision used it.")
    return decode(Policy, json.loads(stored.content))


def stored_decision(record: DecisionRecord) -> Decision:
    """The decision as it was made. Raises `BadRecord` if it can't be read.

    Trace and figures of an evaluation are recomputed; where the recomputed decision differs, as after a change of the
    engine, they are left out: what was not recorded is not made up.
    """
    stored = decode(Decision, json.loads(record.content))
    if record.kind != DecisionRecord.Kind.EVALUATION:
        return stored
    again = replay(record)
    same = (again.outcome, again.reasons, again.warnings) == (stored.outcome, stored.reasons, stored.warnings)
    return replace(stored, trace=again.trace, figures=again.figures) if same else stored


def explained(record: DecisionRecord) -> Decision:
    """The decision as it was made, with what would have cleared it then, worked out from the stored facts.

    Overdue invoices are not named: their numbers are not among the facts of a decision.
    """
    decision = stored_decision(record)
    if not decision.holds:
        return decision
    stored, policy = _facts_and_policy(record)
    facts = decode(Facts, stored)
    remedies = remedies_for(facts.book(), facts.order, policy=policy, question=facts.question, setting=facts.setting)
    return replace(decision, remedies=remedies)


def replay(record: DecisionRecord) -> Decision:
    """The decision recomputed from what is stored with it; equal to `stored_decision` for ever (D11)."""
    facts, policy = _facts_and_policy(record)
    return replay_facts(facts, policy=policy)


def _facts_and_policy(record: DecisionRecord) -> tuple[Json, Policy]:
    """What the decision was made of, and the policy that was applied: without its rules where only the limit counts."""
    facts: Json = json.loads(record.facts)
    policy = policy_at(record.policy_id)
    return facts, limit_only(policy) if facts.pop(LIMIT_ONLY, False) else policy


@transaction.atomic
def purge_decisions(
    *,
    legal_entity: str,
    older_than: dt.datetime,
    keep: Iterable[uuid.UUID] = (),
    ids: Iterable[uuid.UUID] | None = None,
) -> int:
    """Delete decisions of a legal entity past the parameter *decision retention*, of `ids` or all; how many went.

    `keep` names those that something still refers to (a hold shows its decisions). The only way to delete evidence:
    the setting lasts for this transaction.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('credit_mgmt.purging_decisions', 'on', true)")
    outdated = DecisionRecord.objects.filter(legal_entity=legal_entity, at__lt=older_than).exclude(pk__in=list(keep))
    if ids is not None:
        outdated = outdated.filter(pk__in=list(ids))
    deleted = outdated.delete()[0]
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('credit_mgmt.purging_decisions', 'off', true)")
    return deleted
