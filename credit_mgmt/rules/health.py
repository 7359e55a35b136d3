"""What is wrong with the rules that are set up (`ux` 3.10, Rule health): read in bulk, judged by the engine.

Rules in force are judged together. A version in shadow and a draft are judged as if they were in force in the place of
the version that is, so that what is wrong with them is known before they are activated.
"""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

import orjson
from django.db import connection

from credit_mgmt.engine.decision import Verdict
from credit_mgmt.engine.facts import Policy, Rule
from credit_mgmt.engine.health import OLD_DRAFT, Code, Finding, Population, examine, examine_one
from credit_mgmt.models import RuleState, RuleVersion
from credit_mgmt.policies import Clock, Setup, current_setup, read_clock, rule_value, setting_for
from customers.access import Action, Actor, scoped
from customers.models import LegalEntity

SAMPLE = 500
"""So many of the newest postings checked in each legal entity are looked at for what was released outright."""
_NEWEST = """
    SELECT newest.content FROM customers_legalentity entity CROSS JOIN LATERAL (
        SELECT content FROM credit_mgmt_decisionrecord record
        WHERE record.legal_entity_id = entity.code AND record.kind = 'posting' AND record.outcome <> 'not_checked'
        ORDER BY record.at DESC, record.id DESC LIMIT %s
    ) newest WHERE entity.code = ANY(%s)
"""
_WITH_MEMBERS = """
    SELECT wanted.code, entity.code FROM unnest(%s::text[]) wanted (code) CROSS JOIN customers_legalentity entity
    WHERE EXISTS (
        SELECT FROM customers_customer customer
        WHERE customer.credit_management_group_id = wanted.code AND customer.legal_entity_id = entity.code
    )
"""


def findings_of(
    versions: Sequence[RuleVersion], *, actor: Actor, today: dt.date, sampled: bool = False
) -> list[Finding]:
    """What is found of these versions, which count, are in shadow or are drafts; in the order of their ladders.

    `sampled` also looks at what was released outright of late. A bounded number of queries, whatever the rules.
    """
    clock = read_clock()
    setup = current_setup(clock)
    people = _population(actor, setup, clock, today, versions, sampled=sampled)
    shown = {str(version.rule_id) for version in versions}
    found = [finding for finding in examine(setup.policy, people, today=today) if finding.rule.id in shown]
    for version in versions:
        if version.state in (RuleState.DRAFT, RuleState.SHADOW):
            found += _waiting(version, setup.policy, people, today)
    return found


def _waiting(version: RuleVersion, policy: Policy, people: Population, today: dt.date) -> Iterable[Finding]:
    """What would be found of a draft or a shadow version, and whether a draft has waited for too long."""
    rule = rule_value(version)
    yield from examine_one(rule, policy, people, today=today)
    since = version.changed_at.date()
    if version.state == RuleState.DRAFT and today - since > OLD_DRAFT:
        yield Finding(Code.OLD_DRAFT, rule, figures={"since": since.isoformat()})


def _population(
    actor: Actor, setup: Setup, clock: Clock, today: dt.date, versions: Iterable[RuleVersion], *, sampled: bool
) -> Population:
    """What the rules are aimed at; whoever asks, since the rules count for everybody."""
    currencies = dict(LegalEntity.objects.order_by("code").values_list("code", "accounting_currency_id"))
    rates = {entity: setting_for(entity, today, setup=setup, clock=clock).rates for entity in currencies}
    released = _released(actor, setup.policy.rules) if sampled else {}
    return Population(currencies, rates, _with_members(setup.policy.rules, versions), released)


def _with_members(rules: Iterable[Rule], versions: Iterable[RuleVersion]) -> frozenset[tuple[str, str]]:
    """The groups that rules name which have customers, with their legal entities; one query, a look-up each."""
    named = {rule.credit_management_group for rule in rules} | {one.credit_management_group_id for one in versions}
    groups = sorted(group for group in named if group is not None)
    if not groups:
        return frozenset()
    with connection.cursor() as cursor:
        cursor.execute(_WITH_MEMBERS, [groups])
        return frozenset(cursor.fetchall())


def _released(actor: Actor, rules: Iterable[Rule]) -> dict[str, Decimal]:
    """Per cent of the newest postings that each outright release let through, where the reader sees them."""
    if not any(rule.release_sales_order for rule in rules):
        return {}
    seen = scoped(LegalEntity.objects.order_by("code"), actor, Action.VIEW_EXPOSURE, path="code")
    entities = list(seen.values_list("code", flat=True))
    with connection.cursor() as cursor:
        cursor.execute(_NEWEST, [SAMPLE, entities])
        contents = [content for (content,) in cursor.fetchall()]
    by_rule = Counter(rule for content in contents for rule in _releasing(content))
    return {rule: Decimal(100 * count) / len(contents) for rule, count in by_rule.items()}


def _releasing(content: str) -> Iterable[str]:
    """The exclusion that released an order outright, by a stored decision."""
    if f'"{Verdict.RELEASED}"' not in content:
        return ()
    lines: list[dict[str, Any]] = orjson.loads(content).get("trace", [])
    return [line["rule"] for line in lines if line.get("verdict") == Verdict.RELEASED]
