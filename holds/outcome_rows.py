"""The outcome of an evaluation: what it counts, and a row for every hold that is not as it was (`ux.md` 3.5)."""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from customers.money import amount_text
from customers.rates import minor_units
from holds.screening import Screened
from holds.words import kept_figures, kept_words


def outcome_of(
    screened: Sequence[Screened],
    ready_before: int,
    released: Mapping[uuid.UUID, str],
    failed: Sequence[Mapping[str, str]],
) -> dict[str, Any]:
    """What an evaluation came to: `cleared`, `ready` and `released` as numbers of holds, `failed`, and `changes`.

    `ready_before`: holds that were ready and nothing changed for; `released`: how each released hold was released.
    """
    ready = sum(1 for one in screened if one.hold.ready_to_release and one.hold.pk not in released)
    return {
        "cleared": sum(1 for one in screened if one.difference.cleared),
        "ready": ready_before + ready,
        "released": len(released),
        "failed": failed,
        "changes": _changes(screened, released, {problem["id"]: problem["message"] for problem in failed}),
    }


def _changes(
    screened: Sequence[Screened], released: Mapping[uuid.UUID, str], failed: Mapping[str, str]
) -> list[dict[str, Any]]:
    """The rows of the outcome table (`ux.md` 3.5): every hold that is not as it was, or was to be released."""
    units = minor_units() if screened else {}
    return [
        _described(one, released, failed.get(str(one.hold.pk), ""), units)
        for one in screened
        if one.changed or one.hold.pk in released or str(one.hold.pk) in failed
    ]


def _described(
    one: Screened, released: Mapping[uuid.UUID, str], problem: str, units: Mapping[str, int]
) -> dict[str, Any]:
    hold, row = one.hold, one.row
    return {
        "hold": str(hold.pk),
        "number": hold.number,
        "sales_order": row.key,
        "customer": row.payer_key,
        "customer_name": row.payer_name,
        "legal_entity": hold.legal_entity_id,
        "amount": amount_text(hold.amount, units.get(hold.currency, 2)),
        "currency": hold.currency,
        "before": one.before,
        "before_words": kept_words(one.chips_before),
        "before_figures": kept_figures(one.chips_before),
        "now": list(hold.reason_codes),
        "now_words": kept_words(hold.chips),
        "now_figures": kept_figures(hold.chips),
        "causes": one.causes,
        "outcome": _outcome(one, released, problem),
        "mode": released.get(hold.pk, ""),
        "message": problem,
    }


def _outcome(one: Screened, released: Mapping[uuid.UUID, str], problem: str) -> str:
    if problem:
        return "failed"
    if one.hold.pk in released:
        return "released"
    if one.hold.ready_to_release:
        return "ready"
    return "worse" if one.difference.added or one.difference.regained else "better"
