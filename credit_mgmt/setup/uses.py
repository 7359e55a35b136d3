"""*Used by* of master data: what refers to a record, how often, and where that is looked at (`ux.md` 3.11)."""

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Model
from django.urls import reverse

from credit_mgmt.models import Parameters, RuleVersion
from credit_mgmt.setup.counts import HoldCounts, ReasonUse
from credit_mgmt.setup.health import listed
from customers.access import Action, Actor, scoped
from customers.models import AccountStatus, CreditManagementGroup, Customer, PaymentTerms, Reason
from customers.setup import Kind, count_users

AIMED: Mapping[type[Model], str] = {
    AccountStatus: "account_status",
    CreditManagementGroup: "credit_management_group",
    PaymentTerms: "payment_terms",
}
"""What versions of rules name."""
FILTERS: Mapping[str, str] = {"account_status": "status", "credit_management_group": "group"}
"""By what the list of customers is narrowed to them."""


@dataclass(frozen=True, slots=True)
class Use:
    """`12 customers`, with the page that shows them; `open_holds`: of these, open holds; `rules`: of these, codes."""

    words: str
    url: str = ""
    open_holds: int = 0
    rules: Sequence[str] = ()


def uses_of_kind(kind: Kind, actor: Actor, holds: HoldCounts | None, *, now: dt.datetime) -> Mapping[str, list[Use]]:
    """What uses each record of a kind, by its primary key as text: at most two queries, whatever their number.

    Orders and closed holds are many, and are only asked whether there are any, where something is deleted.
    """
    found: dict[str, list[Use]] = defaultdict(list)
    among = [Customer.objects.all(), Parameters.objects.all()]
    for key, relations in count_users(kind.model, among, actor=actor).items():
        found[key] += [_use(relation, count, key) for relation, count in relations.items()]
    if name := AIMED.get(kind.model):
        for key, codes in _rules_naming(name, actor).items():
            words = f"{'rule' if len(codes) == 1 else 'rules'} {listed(codes)}"
            found[key].append(Use(words, reverse("rule-list"), rules=codes))
    if holds is not None and kind.model is Reason:
        for reason, use in holds.of_reasons(actor, now=now).items():
            found[str(reason)] += _of_holds(use)
    return found


def words_of(uses: Sequence[Use]) -> str:
    """`12 customers, rule AS-01`; an en dash for nothing."""
    return ", ".join(use.words for use in uses) or "–"


def _rules_naming(name: str, actor: Actor) -> dict[str, list[str]]:
    """Codes of the rules of which a version that is not retired names each record."""
    versions = scoped(RuleVersion.objects.exclude(state=RuleVersion.State.RETIRED), actor, Action.VIEW, shared=True)
    named = versions.exclude(**{name: None}).order_by("rule__code").values_list(name, "rule__code").distinct()
    found: dict[str, list[str]] = defaultdict(list)
    for key, code in named:
        found[str(key)].append(code)
    return found


def _use(relation: str, count: int, key: str) -> Use:
    model, _, field = relation.partition(".")
    if model == "parameters":
        return Use(f"parameters ({field.removesuffix('_reason').replace('_', ' ')})", reverse("parameter-list"))
    query = f"?{FILTERS[field]}={key}" if field in FILTERS else ""
    return Use(_plural(count, "customer"), reverse("customer-list") + query)


def _of_holds(use: ReasonUse) -> list[Use]:
    forced = f"{_plural(use.forced, 'open hold')} forced"
    standing = f"new orders of {_plural(use.standing, 'customer')} stopped"
    uses: list[Any] = [
        use.forced and Use(forced, f"{reverse('hold-list')}?view=forced", use.forced),
        use.standing and Use(standing),
        use.decided and Use(f"{_plural(use.decided, 'decision')} in 30 days"),
    ]
    return [one for one in uses if one]


def _plural(count: int, noun: str) -> str:
    return f"{count:,} {noun if count == 1 else noun + 's'}"
