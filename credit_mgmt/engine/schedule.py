"""Checkpoints, grace days, what a release clears, and which document comes next (`domain 5`)."""

import datetime as dt
from collections.abc import Mapping

from credit_mgmt.engine.decision import NotChecked
from credit_mgmt.engine.facts import Checkpoint, CheckpointSetting, OrderFacts, Parameters, Question, Standing
from customers.money import HUNDRED

DOCUMENTS = tuple(Checkpoint)
OPTIONAL = frozenset({Checkpoint.RELEASE_TO_WAREHOUSE, Checkpoint.PICKING_LIST})
OFF = CheckpointSetting()


def is_checked(setting: CheckpointSetting, *, pro_forma: bool) -> bool:
    """Whether the checkpoint is enabled for a posting, or for a pro forma (`domain 5.1`)."""
    return setting.pro_forma if pro_forma else setting.posting


def is_looked_at(question: Question, parameters: Parameters) -> bool:
    """Whether the checkpoint of the question is enabled; an evaluation looks at it in any case (`domain 7`)."""
    setting = parameters.checkpoints.get(question.checkpoint, OFF)
    return question.evaluation or is_checked(setting, pro_forma=question.pro_forma)


def grace_days(setting: CheckpointSetting, *, pro_forma: bool) -> int | None:
    """Grace days of a posting or a pro forma; they need their checkbox (`domain 5.1`). None: no grace."""
    if not is_checked(setting, pro_forma=pro_forma):
        return None
    return setting.pro_forma_grace_days if pro_forma else setting.grace_days


def grace_until(setting: CheckpointSetting, passed_on: dt.date, *, pro_forma: bool = False) -> dt.date | None:
    """The last day without a check after one that passed, or a release, on `passed_on`: D + g (`domain 5.2`)."""
    days = grace_days(setting, pro_forma=pro_forma)
    return None if days is None else passed_on + dt.timedelta(days=days)


def checkpoints_at_odds(checkpoints: Mapping[str, CheckpointSetting]) -> tuple[str, ...]:
    """The enabled posting checkpoints at odds with the rest: all have grace days or none has (`domain 5.1`).

    The odd ones are the fewer; where both are as many, those without grace days. Empty if the setup is sound.
    """
    enabled = [document for document in DOCUMENTS if checkpoints.get(document, OFF).posting]
    without = tuple(document.value for document in enabled if checkpoints[document].grace_days is None)
    graced = tuple(document.value for document in enabled if checkpoints[document].grace_days is not None)
    if not without or not graced:
        return ()
    return graced if len(graced) < len(without) else without


def grace_without_checkbox(checkpoints: Mapping[str, CheckpointSetting]) -> tuple[str, ...]:
    """Documents whose grace days lack the checkbox that they need (`domain 5.1`)."""
    return tuple(
        document.value
        for document in DOCUMENTS
        if (checkpoints.get(document, OFF).grace_days is not None and not checkpoints[document].posting)
        or (checkpoints.get(document, OFF).pro_forma_grace_days is not None and not checkpoints[document].pro_forma)
    )


def got_easier(order: OrderFacts, standing: Standing, parameters: Parameters) -> bool:
    """Whether the order changed so much since its last pass or release that grace and clearance end (`domain 5.2`).

    Its value rose beyond the release tolerance, unless such edits are allowed; or its terms or cash discount have a
    higher rank, where the parameter says that this is looked at.
    """
    allowed = standing.amount * (HUNDRED + parameters.release_tolerance_percent) / HUNDRED
    if order.amount > allowed and not parameters.allow_edit_after_release:
        return True
    if parameters.check_terms and is_higher(order.terms_rank, standing.terms_rank):
        return True
    return parameters.check_discount and is_higher(order.discount_rank, standing.discount_rank)


def is_higher(rank: int | None, than: int | None) -> bool:
    """Strictly higher; a term without a rank is not compared (`domain 4.6`)."""
    return rank is not None and than is not None and rank > than


def exempt(order: OrderFacts) -> NotChecked | None:
    """Why the order itself is never checked, not even for an account on hold (`domain 4.1`, `4.7`)."""
    if order.intercompany:
        return NotChecked.INTERCOMPANY
    return NotChecked.ORDER_EXCLUDED if order.excluded else None


def customer_exempt(order: OrderFacts, as_of: dt.date) -> NotChecked | None:
    """Why the order's customers are not checked on that day (`domain 4.1`)."""
    if order.customer_excluded:
        return NotChecked.CUSTOMER_EXCLUDED
    if order.ignore_until is not None and order.ignore_until >= as_of:
        return NotChecked.IGNORED_UNTIL
    return None


def document_exempt(order: OrderFacts, parameters: Parameters, question: Question, as_of: dt.date) -> NotChecked | None:
    """Why this document needs no check: checkpoint off, cleared by a release, or grace (`domain 4.1`, `5.2`).

    An evaluation for release looks again at a held order; none of these answer for it (`domain 7`).
    """
    if question.evaluation:
        return None
    if not is_looked_at(question, parameters):
        return NotChecked.CHECKPOINT_OFF
    standing = order.standing
    if standing is None or got_easier(order, standing, parameters):
        return None
    if standing.cleared_document == question.checkpoint and standing.cleared_pro_forma == question.pro_forma:
        return NotChecked.CLEARED_BY_RELEASE
    until = standing.pro_forma_grace_until if question.pro_forma else standing.grace_until
    return NotChecked.GRACE if until is not None and as_of <= until else None


def next_documents(status: str) -> tuple[Checkpoint, ...]:
    """The documents that may be posted after `status`, which is `open` or the last document posted (`domain 1`).

    Release to warehouse and picking list may be left out; confirmation, packing slip and invoice may not.
    Raises `ValueError` for a status that is no document.
    """
    following = DOCUMENTS if status == "open" else DOCUMENTS[DOCUMENTS.index(Checkpoint(status)) + 1 :]
    allowed = []
    for document in following:
        allowed.append(document)
        if document not in OPTIONAL:
            break
    return tuple(allowed)


def may_post(status: str, document: Checkpoint) -> bool:
    """Whether `document` is in order after `status` (`domain 5.3`)."""
    return document in next_documents(status)
