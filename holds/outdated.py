"""What is to be known before an evaluation is started: what it will do, and which holds know other rules than today's.

A rule or a parameter that changes marks no customer, as it may concern everybody (`holds.reevaluation`): it asks for an
evaluation of all holds, and this says so.
"""

from collections.abc import Collection

from django.db.models import Exists, OuterRef

from credit_mgmt import policies
from credit_mgmt.models import DecisionRecord, Parameters
from customers.access import Actor, scoped
from customers.models import LegalEntity
from holds.models import Hold

MOST_COUNTED = 10_000


def decided_by_other_rules(actor: Actor) -> int:
    """How many holds that `actor` sees were last decided by other rules or parameters, counted up to 10,000."""
    version = policies.current_policy().version
    others = DecisionRecord.objects.filter(pk=OuterRef("last_decision_id")).exclude(policy=version)
    holds = scoped(Hold.objects.filter(status=Hold.Status.ACTIVE), actor).filter(Exists(others))
    return holds.order_by()[:MOST_COUNTED].count()


def when_ready(entities: Collection[str] | None) -> str:
    """What an evaluation does with holds that become ready, in words, for these legal entities (None: all)."""
    codes = sorted(entities if entities is not None else LegalEntity.objects.values_list("pk", flat=True))
    setup = policies.current_setup()
    by_words: dict[str, list[str]] = {}
    for code in codes:
        by_words.setdefault(_words(setup.row(code)), []).append(code)
    if len(by_words) < 2:
        return f"Holds that become ready {next(iter(by_words), _WAIT)}."
    return "Holds that become ready: " + "; ".join(f"{', '.join(some)} {said}" for said, some in by_words.items()) + "."


_WAIT = "wait for a person to release them"


def _words(row: Parameters | None) -> str:
    """What the parameter *automatically release* says (`domain 7`)."""
    if row is None or row.automatic_release_reason is None:
        return _WAIT
    how = {
        Parameters.AutomaticRelease.WITHOUT_POSTING.value: "are released without posting",
        Parameters.AutomaticRelease.WITH_POSTING.value: "are released and posted",
    }.get(row.automatically_release)
    return f"{how}, reason {row.automatic_release_reason.code}" if how else _WAIT
