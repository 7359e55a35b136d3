"""The lines of a journal as its page draws them (`ux.md` 3.8): what changes, what would follow, what is found of it.

Nothing is decided here: findings come from `journal_checks`, consequences from `journal_exposures`.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from credit_mgmt.journals.exposures import consequences_of
from credit_mgmt.journals.phrases import finding_message
from credit_mgmt.masking import Mask
from credit_mgmt.models import LimitJournal, LimitJournalLine
from customers.access import Actor
from customers.money import HUNDRED, round_half_up
from customers.rates import minor_units

Item = dict[str, Any]
CELLS = ("new_limit", "new_from", "new_to")
OPEN = (
    LimitJournal.Status.DRAFT,
    LimitJournal.Status.IN_WORKFLOW,
    LimitJournal.Status.APPROVED,
    LimitJournal.Status.REJECTED,
)
"""States in which a journal may still have consequences."""


def line_rows(
    journal: LimitJournal,
    lines: Sequence[LimitJournalLine],
    *,
    actor: Actor,
    today: dt.date,
    typed: Mapping[int, Mapping[str, str]] | None = None,
    wrong: Mapping[int, Mapping[str, str]] | None = None,
) -> list[Item]:
    """The lines of a page, read with customer and group; `typed` and `wrong`: what was typed and refused, by number.

    Figures of groups only for who sees all their members. The number of queries does not depend on the lines.
    """
    mask, units = Mask(actor), minor_units()
    hidden = {line.number for line in lines if mask.hides_group(line.group_id)}
    seen = [line for line in lines if line.number not in hidden]
    consequences = consequences_of(journal, seen, today=today) if journal.status in OPEN and seen else {}
    rows = []
    for line in lines:
        found = consequences.get(line.number)
        errors = (wrong or {}).get(line.number, {})
        rows.append(
            {
                "line": line,
                "key": line.customer.account if line.customer else line.group_id,
                "name": line.customer.name if line.customer else line.group.description if line.group else "",
                "withheld": line.number in hidden,
                "change": change_of(before_of(journal, line), line.new_limit),
                "found": found,
                "moved": found is not None and found.now_limit != line.current_limit,
                "later": found is not None and found.takes_effect > today,
                "was": cells_of(line, units[line.currency_id]),
                "cells": (typed or {}).get(line.number) or cells_of(line, units[line.currency_id]),
                "errors": errors,
                "messages": [] if line.number in hidden else messages_of(line),
                "state": "error" if errors else line.problem,
            }
        )
    return rows


def before_of(journal: LimitJournal, line: LimitJournalLine) -> Decimal:
    """What the new limit takes the place of, in the account's currency: the base limit, or the temporary one."""
    temporary: Decimal | None = line.current_temporary
    replaced = temporary if journal.type == LimitJournal.Type.TEMPORARY else None
    return replaced if replaced is not None else line.current_limit


def change_of(before: Decimal, after: Decimal) -> Decimal | None:
    """By how many per cent a limit changes; None where there was none."""
    return (after - before) * HUNDRED / before if before else None


def cells_of(line: LimitJournalLine, units: int) -> dict[str, str]:
    """The values of a line as they stand in the fields of the grid: amounts grouped, dates ISO."""
    return {
        "new_limit": f"{round_half_up(line.new_limit, units):,f}",
        "new_from": line.new_from.isoformat() if line.new_from else "",
        "new_to": line.new_to.isoformat() if line.new_to else "",
    }


def messages_of(line: LimitJournalLine) -> list[Item]:
    """What was found of a line, as sentences."""
    return [
        {
            "level": finding["level"],
            "field": finding["field"],
            "text": finding_message(finding["code"], finding["values"], line.currency_id),
        }
        for finding in line.findings
    ]
