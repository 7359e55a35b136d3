"""Why an evaluation found a hold changed: the payment that came, the limit that was raised, the rule that is new.

A change that somebody made is named by who made it known (`customers.marks`). Where nobody did, what the decision was
made from tells: another version of the policy, or another day.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db import connection

from credit_mgmt.models import DecisionRecord
from customers.marks import CAUSES_KEPT, CauseKind, Causes
from holds.models import Hold

RULES, DATE = "rules", "date"
"""Causes that nobody marks a customer with: rules or parameters are others, a day went by."""
WORDS = {
    CauseKind.PAYMENT.value: "payment {}",
    CauseKind.PAYMENT_REVERSED.value: "payment {} reversed",
    CauseKind.CREDIT_NOTE.value: "credit note {}",
    CauseKind.WRITE_OFF.value: "write-off {}",
    CauseKind.INVOICE.value: "invoice {} changed",
    CauseKind.CUSTOMER.value: "customer {} changed",
    CauseKind.ACCOUNT_STATUS.value: "account status of {}",
    CauseKind.CREDIT_GROUP.value: "members of credit group {}",
    CauseKind.LIMIT.value: "limit of {} changed",
    CauseKind.LIMIT_RAISED.value: "limit of {} raised",
    CauseKind.COVER.value: "cover of {} changed",
    CauseKind.ORDER.value: "order {} uses less credit",
    CauseKind.ORDER_STOPPED.value: "order {} on hold",
    RULES: "rules or parameters",
    DATE: "a new day",
}
KINDS = {
    CauseKind.PAYMENT.value: "Payment",
    CauseKind.PAYMENT_REVERSED.value: "Payment reversed",
    CauseKind.CREDIT_NOTE.value: "Credit note",
    CauseKind.WRITE_OFF.value: "Write-off",
    CauseKind.INVOICE.value: "Invoice",
    CauseKind.CUSTOMER.value: "Customer",
    CauseKind.ACCOUNT_STATUS.value: "Account status",
    CauseKind.CREDIT_GROUP.value: "Credit group",
    CauseKind.LIMIT.value: "Limit",
    CauseKind.LIMIT_RAISED.value: "Limit raised",
    CauseKind.COVER.value: "Cover",
    CauseKind.ORDER.value: "Order",
    CauseKind.ORDER_STOPPED.value: "Order stopped",
    RULES: "Rules",
    DATE: "New day",
}
"""What a kind of cause is called where causes are counted."""


def cause_words(causes: Iterable[Mapping[str, str]]) -> str:
    """Causes in words, the latest first: `payment P-55102, limit of US-001 raised`. Unknown ones are left out."""
    said = [
        WORDS[cause["kind"]].format(cause.get("subject", "").rpartition(":")[2]).strip()
        for cause in causes
        if cause.get("kind") in WORDS
    ]
    return ", ".join(dict.fromkeys(reversed(said)))


def marked(hold_ids: Collection[UUID]) -> dict[UUID, Causes]:
    """What was made known of the customers that these holds are about and nobody has looked at yet. One query."""
    with connection.cursor() as cursor:
        cursor.execute(_MARKED, [list(hold_ids)])
        found: dict[UUID, Causes] = {}
        for hold, kind, subject in cursor.fetchall():
            found.setdefault(hold, []).append({"kind": kind, "subject": subject})
    return {hold: causes[-CAUSES_KEPT:] for hold, causes in found.items()}


_MARKED = """
    SELECT h.id, c.cause->>'kind', c.cause->>'subject'
    FROM holds_hold h
    JOIN customers_salesorder o ON o.id = h.order_id
    JOIN customers_customer p ON p.id = o.payer_id
    JOIN (customers_customermark m JOIN customers_customer changed ON changed.id = m.customer_id)
      ON changed.id IN (o.payer_id, o.customer_id) OR changed.credit_group_id = p.credit_group_id
    CROSS JOIN LATERAL jsonb_array_elements(m.causes) WITH ORDINALITY AS c(cause, nth)
    WHERE h.id = ANY(%s)
    ORDER BY h.id, m.last_at, c.nth
"""


def _told_of(hold: Hold, causes: Causes) -> Causes:
    """What happened in another legal entity is told as what it is here: something in the credit group. Who reads the
    hold may not see that entity (`domain 3.4`)."""
    elsewhere = {"kind": CauseKind.CREDIT_GROUP.value, "subject": ""}
    told = [cause if _is_of(hold, cause.get("subject", "")) else elsewhere for cause in causes]
    return [cause for place, cause in enumerate(told) if cause is not elsewhere or elsewhere not in told[:place]]


def _is_of(hold: Hold, subject: str) -> bool:
    entity, colon, _ = subject.partition(":")
    return not colon or entity in (hold.legal_entity_id, "group")


def inferred(decisions: Mapping[UUID, tuple[Any, Any]]) -> dict[UUID, Causes]:
    """What the decisions before and now tell, by hold, where it is the policy or the day. One query."""
    ids = {decision for pair in decisions.values() for decision in pair if decision is not None}
    if not ids:
        return {}
    records = DecisionRecord.objects.filter(pk__in=ids).order_by("pk").values_list("pk", "policy", "date")
    known = {pk: (policy, date) for pk, policy, date in records}
    found: dict[UUID, Causes] = {}
    for hold, (before, now) in decisions.items():
        if before not in known or now not in known or before == now:
            continue
        if known[before][0] != known[now][0]:
            found[hold] = [{"kind": RULES, "subject": ""}]
        elif known[before][1] != known[now][1]:
            found[hold] = [{"kind": DATE, "subject": known[now][1].isoformat()}]
    return found


def causes_of(changed: Sequence[tuple[Hold, Any]], given: Mapping[UUID, Causes] | None = None) -> dict[UUID, Causes]:
    """Why these holds changed, by hold, each with the decision that it had before; at most two queries.

    `given` is what the evaluation was asked for by; else what is marked, else what the decisions tell.
    """
    ids = [hold.pk for hold, _ in changed]
    if not ids:
        return {}
    found = {pk: list(given[pk]) for pk in ids if pk in given} if given is not None else marked(ids)
    found = {hold.pk: _told_of(hold, found[hold.pk]) for hold, _ in changed if hold.pk in found}
    rest = {hold.pk: (before, hold.last_decision_id) for hold, before in changed if not found.get(hold.pk)}
    return found | inferred(rest)
