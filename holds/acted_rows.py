"""The outcome of work on many holds: a row for each, with why it did not work (`ux.md` 3.5, as an evaluation has)."""

import uuid
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from customers.money import amount_text
from customers.rates import minor_units
from holds.each import BulkResult
from holds.models import Hold
from holds.words import kept_figures, kept_words

Chips = list[dict[str, Any]]
NOTHING_SAID: Callable[[Hold], str] = lambda hold: ""  # noqa: E731 - the usual answer


class Looked:
    """The reasons of holds before something is done with them. One query."""

    def __init__(self, ids: Iterable[uuid.UUID | str]) -> None:
        rows = Hold.objects.filter(pk__in=list(ids)).values_list("pk", "reason_codes", "chips")
        self._before: Mapping[uuid.UUID, tuple[list[str], Chips]] = {pk: (codes, chips) for pk, codes, chips in rows}

    def outcome(self, result: BulkResult, done: str, say: Callable[[Hold], str] = NOTHING_SAID) -> dict[str, Any]:
        """The share of a job's result: `failed` as every job lists it, and `changes`, a row for each hold there is.

        `done` is the outcome of those with which it worked, and `say` adds a word about each. Two queries.
        """
        failed = {one.id: one.message for one in result.failed}
        holds = Hold.objects.filter(pk__in=[*result.succeeded, *failed]).select_related("order", "payer", "assignee")
        units = minor_units()
        rows = [
            {
                **self._row(hold, units),
                "outcome": "failed" if hold.pk in failed else done,
                "message": failed.get(hold.pk, "") or say(hold),
                "mode": hold.release_mode,
            }
            for hold in holds.order_by("number")
        ]
        return {"failed": failures(result), "changes": rows}

    def _row(self, hold: Hold, units: Mapping[str, int]) -> dict[str, Any]:
        codes, chips = self._before.get(hold.pk, ([], []))
        waits = hold.status == Hold.Status.ACTIVE
        return {
            "hold": str(hold.pk),
            "number": hold.number,
            "sales_order": hold.order.key,
            "customer": hold.payer.key,
            "customer_name": hold.payer.name,
            "legal_entity": hold.legal_entity_id,
            "amount": None if hold.amount_unknown else amount_text(hold.amount, units.get(hold.currency, 2)),
            "currency": hold.currency,
            "before": codes,
            "before_words": kept_words(chips),
            "before_figures": kept_figures(chips),
            "now": list(hold.reason_codes) if waits else [],
            "now_words": kept_words(hold.chips) if waits else [],
            "now_figures": kept_figures(hold.chips) if waits else [],
        }


def failures(result: BulkResult) -> list[dict[str, str]]:
    """What did not work, as the result of a job lists it (`api.md` Jobs)."""
    return [{"id": str(one.id), "code": one.code, "message": one.message} for one in result.failed]
