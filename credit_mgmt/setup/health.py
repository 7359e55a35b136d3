"""What is missing or odd in the setup before going live, or since (`ux.md` 3.11; `domain 4.6`, `4.9`, `5.1`, `6`).

Facts are read once (`setup.facts`); each finding says what happens because of it, and where it is put right.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from credit_mgmt.engine.schedule import checkpoints_at_odds
from credit_mgmt.models import Parameters
from credit_mgmt.parameter_setup import REASONS
from credit_mgmt.setup.facts import Ranked, SetupFacts, settings_of
from customers.models import Document, Reason


@dataclass(frozen=True, slots=True)
class Finding:
    """Something to put right: `code` is stable; `page` names the setup page; `stops`: orders suffer from it today."""

    code: str
    page: str
    words: str
    legal_entity: str | None = None
    stops: bool = False


def setup_health(facts: SetupFacts) -> list[Finding]:
    """Everything found, what stops orders first, then in the order of the legal entities. Empty: ready to go live."""
    found = list(_of_all(facts))
    for row in facts.rows():
        found += _of_parameters(row)
        found += _of_ranks(facts, row)
    for entity in facts.entities:
        found += _of_reasons(facts.reasons, entity)
        found += _of_rates(facts, entity)
    return sorted(found, key=lambda finding: not finding.stops)


def _of_all(facts: SetupFacts) -> Iterator[Finding]:
    if None not in facts.parameters:
        words = "There are no default parameters: orders of legal entities without their own can't be evaluated."
        yield Finding("no_default_parameters", "parameters", f"{words} They are held.", stops=True)


def _of_reasons(reasons: Iterable[Reason], entity: str) -> Iterator[Finding]:
    valid = {reason.type for reason in reasons if reason.open and reason.legal_entity_id in (None, entity)}
    if Reason.Type.RELEASE not in valid:
        words = f"{entity} has no release reason: nobody can release a hold there."
        yield Finding("no_release_reason", "reasons", words, entity, stops=True)
    if Reason.Type.HOLD not in valid:
        words = f"{entity} has no hold reason: nobody can put an order on hold by force there."
        yield Finding("no_hold_reason", "reasons", words, entity)


def _of_parameters(row: Parameters) -> Iterator[Finding]:
    settings, entity, where = settings_of(row), row.legal_entity_id, place(row)
    if not any(setting.posting for setting in settings.values()):
        words = f"{where}: no document is checked at posting, and every order passes unchecked."
        yield Finding("nothing_is_checked", "checkpoints", words, entity)
    if odd := checkpoints_at_odds(settings):
        words = (
            f"{where}: grace days are at odds at {documents(odd)}. Either all that check at posting have them, or none."
        )
        yield Finding("grace_days_at_odds", "checkpoints", words, entity)
    for name in REASONS:
        yield from _of_reason(row, name)


def place(row: Parameters) -> str:
    """Where a row of parameters holds, in words."""
    return row.legal_entity_id or "All entities"


_HAPPENS = {
    "automatic_release_reason": "holds are released automatically without saying why",
    "modified_order_reason": "a held order that is changed until nothing blocks it waits for a person",
    "cancelled_order_reason": "holds of cancelled orders close without a reason",
}


def _of_reason(row: Parameters, name: str) -> Iterator[Finding]:
    reason: Reason | None = getattr(row, name)
    called, entity = name.replace("_", " "), row.legal_entity_id
    if reason is None:
        if name != "automatic_release_reason" or row.automatically_release != Parameters.AutomaticRelease.NO:
            words = f"{place(row)}: without the {called}, {_HAPPENS[name]}."
            yield Finding(f"no_{name}", "parameters", words, entity)
    elif not reason.open:
        words = f"{place(row)}: the {called}, {reason.code}, is closed. It still counts; choose one that is open."
        yield Finding("closed_reason", "parameters", words, entity)


def _of_ranks(facts: SetupFacts, row: Parameters) -> Iterator[Finding]:
    checks = (
        (row.check_when_payment_terms_are_increased, facts.terms, "terms of payment", "payment-terms"),
        (row.check_when_settlement_discount_is_increased, facts.discounts, "cash discounts", "cash-discounts"),
    )
    for checked, ranked, called, page in checks:
        unranked = [item.code for item in ranked if item.used and item.rank is None]
        if checked and unranked:
            words = (
                f"{place(row)}: easier {called} are checked, but those without a rank never are: {listed(unranked)}."
            )
            yield Finding(f"{page.replace('-', '_')}_without_rank", page, words, row.legal_entity_id)


def _of_rates(facts: SetupFacts, entity: str) -> Iterator[Finding]:
    if missing := facts.without_rate.get(entity):
        words = f"{entity} has customers in {listed(missing)}, and no exchange rate: their orders can't be evaluated."
        yield Finding("rate_missing", "parameters", f"{words} They are held.", entity, stops=True)


def listed(items: Iterable[str], most: int = 4) -> str:
    """`N10, N30 and N60`; beyond `most`, `and 3 more`."""
    names = list(items)
    if len(names) > most:
        names = [*names[:most], f"{len(names) - most} more"]
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last


def documents(codes: Iterable[str]) -> str:
    """`Packing slip and Invoice`."""
    return listed(str(Document(code).label) for code in codes)


def checkpoint_words(row: Parameters | None) -> str:
    """The state of a row's checkpoints in one line: `3 of 5 on, grace days missing for Invoice`."""
    settings = settings_of(row)
    on = [document for document in Document.values if document in settings and settings[document].posting]
    said = f"{len(on)} of {len(Document.values)} on"
    graced = [document for document in on if settings[document].grace_days is not None]
    missing = [document for document in on if document not in graced]
    if graced and missing:
        return f"{said}, grace days missing for {documents(missing)}"
    return f"{said}, {'with' if graced else 'no'} grace days" if on else said


def rank_words(ranked: Iterable[Ranked]) -> str:
    """The state of a ladder of ranks in one line."""
    every = list(ranked)
    without = [item for item in every if item.rank is None]
    return f"{len(every)} open" + (
        f", {len(without)} without a rank" if without else ", each with a rank" if every else ""
    )
