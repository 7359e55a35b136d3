"""What would clear a hold, as sentences (ux "Reason vocabulary"). Import them from `credit_mgmt.messages`."""

from collections.abc import Callable, Mapping

from credit_mgmt.engine.decision import Remedy
from credit_mgmt.engine.remedies import WORDS
from credit_mgmt.messages.phrases import account_name, amount, amount_of, day, reason_label
from credit_mgmt.messages.withheld import WITHHELD, withheld_remedy

Evidence = Mapping[str, str]


def remedy_message(remedy: Remedy) -> str:
    """What would clear reasons, as one sentence; which ones is `cleared_by`."""
    if WITHHELD in remedy.figures:
        return withheld_remedy(remedy.action)
    if WORDS in remedy.figures:
        return remedy.figures[WORDS]
    return _REMEDIES[remedy.action](remedy.figures)


def cleared_by(remedy: Remedy) -> str:
    """Which reasons a remedy clears: `clears limit used and days overdue`."""
    names = [reason_label(code).lower() for code in remedy.clears]
    return "clears " + (" and ".join(filter(None, (", ".join(names[:-1]), names[-1]))) if names else "nothing")


def _pay(figures: Evidence) -> str:
    members = f"Payment of what {figures['members']} has overdue" if "members" in figures else ""
    if "amount" not in figures:
        return members
    documents = " + ".join(figures.get("documents", "").split())
    payment = f"Payment of {documents + ', ' if documents else 'at least '}{amount_of(figures, 'amount')}"
    return f"{payment}, and {members[0].lower()}{members[1:]}" if members else payment


def _raise_limit(figures: Evidence) -> str:
    raised = []
    if "limit" in figures:
        limit, more = amount(figures["limit"]), amount_of(figures, "by")
        raised.append(f"Limit of {account_name(figures['account'])} to {limit} or more, +{more}")
    if "group_limit" in figures:
        limit, more = amount(figures["group_limit"]), amount_of(figures, "group_by", "group_currency")
        raised.append(f"Limit of {account_name(figures['group_account'])} to {limit} or more, +{more}")
    return "; ".join(raised)


def _new_expiry(figures: Evidence) -> str:
    accounts = " and ".join(account_name(account) for account in figures["accounts"].split())
    return f"New expiration date of {day(figures['expires_on'])} or later for {accounts}"


def _reduce_order(figures: Evidence) -> str:
    return f"Order reduced to {amount_of(figures, 'amount')} or less"


def _change_terms(figures: Evidence) -> str:
    instead = f" instead of {figures['terms_from']}" if "terms_from" in figures else ""
    if "terms_rank" not in figures:
        return f"Other terms of payment{instead}"
    other = "Terms of payment" + (f" {figures['terms_to']}" if "terms_to" in figures else "")
    return f"{other} of rank {figures['terms_rank']} or lower{instead}"


def _restore_discount(figures: Evidence) -> str:
    instead = f" instead of {figures['discount_from']}" if "discount_from" in figures else ""
    other = "Cash discount" + (f" {figures['discount_to']}" if "discount_to" in figures else "")
    return f"{other} of rank {figures['discount_rank']} or lower{instead}"


def _change_order(figures: Evidence) -> str:
    parts = [
        _reduce_order(figures) if "amount" in figures else "",
        _change_terms(figures) if {"terms_from", "terms_rank"} & figures.keys() else "",
        _restore_discount(figures) if "discount_rank" in figures else "",
    ]
    return "; ".join(filter(None, parts))


def _add_rate(figures: Evidence) -> str:
    pairs = ", ".join(pair.replace(">", " to ") for pair in figures["rates"].split())
    return f"Add the exchange rate {pairs} for {day(figures['date'])}, then check again"


_REMEDIES: dict[str, Callable[[Evidence], str]] = {
    "pay": _pay,
    "raise_limit": _raise_limit,
    "new_expiry": _new_expiry,
    "adjust_limit": lambda figures: f"{_raise_limit(figures)}; {_new_expiry(figures)}",
    "reduce_order": _reduce_order,
    "change_terms": _change_terms,
    "restore_terms": _change_terms,
    "restore_discount": _restore_discount,
    "change_order": _change_order,
    "change_status": lambda figures: f"Change the account status{_from(figures)}",
    "add_rate": _add_rate,
    "complete_setup": lambda figures: f"Complete the setup: {figures['cause']}; then check again",
    "release_by_person": lambda figures: "Release by an authorised person",
}


def _from(figures: Evidence) -> str:
    return f" from {figures['from']}" if figures.get("from") else ""
