"""Rules, parameters and ranks that a long run goes by to its end (`domain 7`).

Note [Pinned]. An evaluation of twenty thousand holds takes minutes, and is worked on by several processes, any of which
may be killed. So that no two holds are judged by different rules, the run writes down at its start by what it goes, and
every worker reads it from there. Pinned are the rules, all parameters with their checkpoints, and the ranks of terms
and discounts, which are reference data and move no policy clock. What is true rather than decided (rates, limits,
statuses, orders) is not pinned: it is read when a hold's turn comes.
"""

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

from django.db.models import Field

from credit_mgmt.decisions import policy_at, store_policy
from credit_mgmt.engine.codec import canonical
from credit_mgmt.models import Parameters, PinnedSetup
from credit_mgmt.policies import Ranks, Setup, current_setup
from customers.errors import NotFound
from customers.models import CashDiscount, PaymentTerms

Pin = Mapping[str, Any]
"""What a job keeps: `setup`, the digest of a `PinnedSetup`; `version` of the policy; `as_of`, when it was pinned."""


def pin_setup(*, at: dt.datetime) -> dict[str, Any]:
    """Write the setup in force down, and return the pin that finds it again. Part of the caller's transaction."""
    setup = replace(current_setup(), ranks=_ranks())
    version, (parameters, ranks) = setup.policy.version, _texts(setup)
    digest = hashlib.sha256(f"{version}\n{parameters}\n{ranks}".encode()).hexdigest()
    store_policy(setup.policy, at=at)
    PinnedSetup.objects.bulk_create(
        [PinnedSetup(digest=digest, policy_id=version, parameters=parameters, ranks=ranks, created_at=at)],
        ignore_conflicts=True,
    )
    return {"setup": digest, "version": version, "as_of": at.isoformat()}


def pinned_setup(pin: Pin) -> Setup | None:
    """The setup that was pinned; None where nothing was. Raises `NotFound` where it was not kept."""
    return _read(pin["setup"]) if pin else None


def described(pin: Pin) -> dict[str, Any]:
    """What the result of a run says of the rules it went by: `version`, `as_of`, and whether they `changed_since`."""
    return {"version": pin["version"], "as_of": pin["as_of"], "changed_since": changed_since(pin)}


def changed_since(pin: Pin) -> bool:
    """Whether rules, parameters or ranks are other ones by now; saving the same again is no change."""
    pinned, now = _read(pin["setup"]), replace(current_setup(), ranks=_ranks())
    same_version = replace(now.policy, version=pinned.policy.version)
    return same_version != pinned.policy or _texts(now) != _texts(pinned)


@lru_cache(maxsize=16)
def _read(digest: str) -> Setup:
    kept = PinnedSetup.objects.filter(pk=digest).first()
    if kept is None:
        raise NotFound(f"The setup {digest[:12]} of this run was not kept: start the run again.")
    rows = {entity or None: _row(values) for entity, values in json.loads(kept.parameters).items()}
    return Setup(policy_at(kept.policy_id), rows, Ranks(*json.loads(kept.ranks)))


def _ranks() -> Ranks:
    terms = PaymentTerms.objects.order_by("pk").values_list("pk", "rank")
    return Ranks(dict(terms), dict(CashDiscount.objects.order_by("pk").values_list("pk", "rank")))


def _texts(setup: Setup) -> tuple[str, str]:
    """Parameter rows and ranks as canonical JSON."""
    rows = {entity or "": _values(row) for entity, row in setup.rows.items()}
    return canonical(rows), json.dumps(setup.ranks, sort_keys=True)


def _values(row: Parameters) -> dict[str, str | None]:
    values = {field.attname: field.value_from_object(row) for field in _fields()}
    return {name: None if value is None else str(value) for name, value in values.items()}


def _row(values: Mapping[str, Any]) -> Parameters:
    """The row as it was; a column that came since has its default."""
    known = [field for field in _fields() if field.attname in values]
    return Parameters(**{field.attname: field.to_python(values[field.attname]) for field in known})


def _fields() -> list[Field[Any, Any]]:
    return list(Parameters._meta.concrete_fields)
