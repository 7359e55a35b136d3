"""Ranks of terms and discounts, and the changes of an order that are checked because of them (`domain 4.6`)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from credit_mgmt.engine.schedule import is_higher
from credit_mgmt.setup.health import listed

Pairs = frozenset[tuple[str, str]]


def checked_pairs(ranks: Mapping[str, int | None]) -> Pairs:
    """(from, to): changes of an order's terms that are checked, as the engine compares ranks."""
    return frozenset(
        (one, other) for one, rank in ranks.items() for other, than in ranks.items() if is_higher(than, rank)
    )


def easier(ranks: Mapping[str, int | None]) -> dict[str, str]:
    """For each code, to what a change from it is checked, in words."""
    by_rank = sorted(ranks, key=lambda code: (ranks[code] or 0, code))
    return {
        code: listed(others) if (others := [to for to in by_rank if is_higher(ranks[to], ranks[code])]) else ""
        for code in ranks
    }


def told(before: Pairs, after: Pairs) -> str:
    """What a move changed: the pairs that are checked now, and those that no longer are."""
    said = []
    if new := sorted(after - before):
        said.append(f"Now checked: {listed(_arrows(new))}.")
    if gone := sorted(before - after):
        said.append(f"No longer: {listed(_arrows(gone))}.")
    return " ".join(said)


def _arrows(pairs: Iterable[tuple[str, str]]) -> list[str]:
    return [f"{one} → {other}" for one, other in pairs]


def in_order(rows: Sequence[Any]) -> list[Any]:
    """Rows of the ladder, the easiest first, as Up leads there; without a rank last."""
    return sorted(rows, key=lambda row: (row.rank is None, -(row.rank or 0), row.code))
