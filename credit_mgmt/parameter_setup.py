"""Parameters and checkpoints are set up here and nowhere else (`domain 5.1`, `10`)."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.db import models, transaction
from django.db.models import Q

from credit_mgmt.engine import facts as engine
from credit_mgmt.engine.schedule import checkpoints_at_odds, grace_without_checkbox
from credit_mgmt.models import CheckpointSetting, Parameters
from customers.access import Action, Actor, authorize
from customers.errors import FieldError, InvalidInput, NotFound
from customers.models import Document, LegalEntity, Reason
from customers.money import HUNDRED, LARGEST, ZERO
from customers.setup.records import refuse_overtaken, version_of
from customers.signing import sign

DEFAULT = "default"
"""The key of the row that holds for every legal entity without one of its own."""
KIND = "parameters"
"""What their changes are kept as (`customers.models.history`)."""
REASONS = ("automatic_release_reason", "modified_order_reason", "cancelled_order_reason")
LONGEST_GRACE = 366
_RANGES: Mapping[str, tuple[int | Decimal, int | Decimal]] = {
    "dso_1_months": (1, 120),
    "dso_2_months": (1, 120),
    "average_balance_1_months": (1, 120),
    "average_balance_2_months": (1, 120),
    "average_limit_months": (1, 120),
    "average_exposure_months": (1, 120),
    "decision_retention_days": (1, 36_500),
    "release_tolerance_percent": (ZERO, HUNDRED),
    "ignore_open_items_below": (ZERO, LARGEST),
}
_CHECKPOINT_FIELDS = ("posting", "grace_days", "pro_forma", "pro_forma_grace_days")

FIELDS: Mapping[str, models.Field[Any, Any]] = {
    field.name: field for field in Parameters._meta.concrete_fields if field.name not in ("id", "legal_entity")
}
"""Every parameter of `domain 10` by its name in the API, which is the column's."""


@transaction.atomic
def save_parameters(
    *,
    legal_entity: str | None,
    values: Mapping[str, Any],
    actor: Actor,
    replace: bool = False,
    seen: int | None = None,
) -> Parameters:
    """Change parameters of a legal entity, or of the default row where None is named; the others stay.

    With `replace` the others get the default row's values, or in the default row those of `domain 10`. A legal entity
    without a row gets one with the default row's values. `checkpoints` replaces the whole list; reasons
    are bare codes. `seen` is the version at which the caller's screen was drawn (`parameters_version`). Raises
    `InvalidInput` naming every field that is wrong and what would be right, `NotAllowed`, `OutOfScope`, `NotFound`, and
    `Refused` (`stale`) where somebody changed the row since `seen`.
    """
    authorize(actor, Action.SETUP, legal_entity, f"Legal entity {legal_entity}")
    if seen is not None:
        refuse_overtaken(KIND, legal_entity or DEFAULT, seen)
    sign(actor)
    row, made = _row(legal_entity)
    before = parameter_values(row)
    after = {**(_defaults(legal_entity) if replace else before), **values}
    errors = [*_unknown_fields(values), *_wrong_values(after), *wrong_checkpoints(after["checkpoints"])]
    reasons = {name: _reason(name, after[name], legal_entity, errors, kept=before[name]) for name in REASONS}
    if after["automatically_release"] != Parameters.AutomaticRelease.NO and reasons["automatic_release_reason"] is None:
        message = "Releasing automatically needs its reason: name a release reason."
        errors.append(FieldError("automatic_release_reason", "required", message))
    if errors:
        raise InvalidInput(errors)
    written = _store(row, before, after, reasons)
    if seen is not None and not made:
        refuse_overtaken(KIND, legal_entity or DEFAULT, seen, mine=written)
    return row


def parameters_version(legal_entity: str | None) -> int:
    """The number of the last change of a legal entity's own row and its checkpoints, or of the default row's."""
    return version_of(KIND, legal_entity or DEFAULT)


def reasons_in_parameters(model: type[models.Model], keys: Collection[Any]) -> dict[Any, str]:
    """Why some of the reasons `keys` stay open: parameters name them. See `customers.imports.usage`."""
    if model is not Reason:
        return {}
    named = Q()
    for name in REASONS:
        named |= Q(**{f"{name}__in": list(keys)})
    why: dict[Any, str] = {}
    for row in Parameters.objects.filter(named).select_related(*REASONS).order_by("pk"):
        for name in REASONS:
            reason = getattr(row, name)
            if reason is not None:
                where = f"of {row.legal_entity_id}" if row.legal_entity_id else "of all legal entities"
                what = name.replace("_", " ")
                why[reason.pk] = (
                    f"{reason.code} is the {what} in the parameters {where}: choose another one there first."
                )
    return why


def parameter_values(row: Parameters) -> dict[str, Any]:
    """The row in the words of `api.md`: every parameter, reasons as bare codes, checkpoints in the documents' order."""
    values = {name: getattr(row, name) for name in FIELDS if name not in REASONS}
    for name in REASONS:
        reason = getattr(row, name)
        values[name] = reason.code if reason else None
    settings = {setting.document: setting for setting in row.checkpoints.all()} if row.pk else {}
    values["checkpoints"] = [
        {"document": document, **{name: getattr(settings[document], name) for name in _CHECKPOINT_FIELDS}}
        for document in Document.values
        if document in settings
    ]
    return values


def find_parameters(legal_entity: str | None) -> Parameters:
    """The row that holds for a legal entity: its own, else the default row. Raises `NotFound`."""
    rows = Parameters.objects.select_related(*REASONS).prefetch_related("checkpoints")
    own = rows.filter(legal_entity=legal_entity).first() if legal_entity else None
    found = own or rows.filter(legal_entity=None).first()
    if found is None:
        raise NotFound("There is no default parameter row: run the migrations, or create it.")
    return found


def _defaults(legal_entity: str | None) -> dict[str, Any]:
    """What holds where nothing is said: the default row, or in that the values of `domain 5.1` and `10`."""
    if legal_entity is not None:
        return parameter_values(find_parameters(None))
    checked = (Document.CONFIRMATION, Document.PACKING_SLIP, Document.INVOICE)
    values = {name: None if name in REASONS else field.get_default() for name, field in FIELDS.items()}
    return {**values, "checkpoints": [{"document": document.value, "posting": True} for document in checked]}


def _row(legal_entity: str | None) -> tuple[Parameters, bool]:
    """The row to change, and whether it was made: a new one starts with the default row's values and checkpoints."""
    if legal_entity is not None and not LegalEntity.objects.filter(pk=legal_entity).exists():
        raise NotFound(f"There is no legal entity {legal_entity}.")
    row = find_parameters(legal_entity)
    if row.legal_entity_id == legal_entity:
        return row, False
    values = {field.attname: getattr(row, field.attname) for field in FIELDS.values()}
    # Two calls may make the row at once: the second one changes the first one's.
    copy, created = Parameters.objects.get_or_create(legal_entity_id=legal_entity, defaults=values)
    if not created:
        return find_parameters(legal_entity), False
    CheckpointSetting.objects.bulk_create(
        CheckpointSetting(
            parameters=copy, document=setting.document, **{name: getattr(setting, name) for name in _CHECKPOINT_FIELDS}
        )
        for setting in row.checkpoints.all()
    )
    return copy, True


def _unknown_fields(values: Mapping[str, Any]) -> Iterator[FieldError]:
    for name in values.keys() - FIELDS.keys() - {"checkpoints"}:
        yield FieldError(name, "unknown_field", "There is no such parameter.")


def _wrong_values(values: Mapping[str, Any]) -> Iterator[FieldError]:
    for name, field in FIELDS.items():
        choices = [value for value, _ in field.choices or ()]
        if choices and values[name] not in choices:
            yield FieldError(name, "invalid_choice", f"Use one of: {', '.join(choices)}.")
        if isinstance(field, models.BooleanField) and not isinstance(values[name], bool):
            yield FieldError(name, "invalid", "Give true or false.")
    for name, (low, high) in _RANGES.items():
        if not _is_within(values[name], low, high):
            yield FieldError(name, "out_of_range", f"Give a number from {low} to {high}.")
    rate_type = values["credit_limit_exchange_rate_type"]
    if not isinstance(rate_type, str) or not 1 <= len(rate_type) <= 30:
        yield FieldError("credit_limit_exchange_rate_type", "invalid", "Name a rate type with 1 to 30 characters.")


def _is_within(value: Any, low: int | Decimal, high: int | Decimal) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return False
    return Decimal(value).is_finite() and low <= value <= high


def wrong_checkpoints(checkpoints: Sequence[Mapping[str, Any]]) -> Iterator[FieldError]:
    """What is wrong with a list of checkpoints, document by document (`domain 5.1`)."""
    settings: dict[str, engine.CheckpointSetting] = {}
    for index, checkpoint in enumerate(checkpoints):
        document = checkpoint.get("document")
        path = f"checkpoints[{index}]"
        if document not in Document.values:
            yield FieldError(f"{path}.document", "invalid_choice", f"Use one of: {', '.join(Document.values)}.")
            continue
        if document in settings:
            yield FieldError(f"{path}.document", "repeated", f"Name {document} once.")
        yield from _wrong_days(checkpoint, path)
        given = {name: checkpoint[name] for name in _CHECKPOINT_FIELDS if name in checkpoint}
        settings[document] = engine.CheckpointSetting(**given)
    for document in grace_without_checkbox(settings):
        message = f"Grace days at {document} need their checkbox: switch the check on, or leave the days out."
        yield FieldError("checkpoints", "grace_without_checkpoint", message)
    odd = checkpoints_at_odds(settings)
    if odd:
        message = f"Either all enabled posting checkpoints have grace days or none has. At odds: {', '.join(odd)}."
        yield FieldError("checkpoints", "grace_days_at_odds", message)


def _wrong_days(checkpoint: Mapping[str, Any], path: str) -> Iterator[FieldError]:
    for name in ("grace_days", "pro_forma_grace_days"):
        days = checkpoint.get(name)
        if days is not None and not _is_within(days, 0, LONGEST_GRACE):
            yield FieldError(f"{path}.{name}", "out_of_range", f"Give 0 to {LONGEST_GRACE} days, or null for none.")
    for name in ("posting", "pro_forma"):
        if not isinstance(checkpoint.get(name, False), bool):
            yield FieldError(f"{path}.{name}", "invalid", "Give true or false.")
    for name in checkpoint.keys() - {"document", *_CHECKPOINT_FIELDS}:
        yield FieldError(f"{path}.{name}", "unknown_field", "A checkpoint has no such field.")


def _reason(
    name: str, code: str | None, legal_entity: str | None, errors: list[FieldError], *, kept: str | None
) -> Reason | None:
    """The release reason with this code, valid in the legal entity; the default row takes shared reasons only.

    One that is closed is not chosen newly; where it stands already it is `kept`.
    """
    if code is None:
        return None
    reason = Reason.objects.filter(type=Reason.Type.RELEASE, code=code).first()
    if reason is None:
        errors.append(FieldError(name, "unknown_reference", f"There is no release reason {code}."))
    elif reason.legal_entity_id not in (None, legal_entity):
        where = f"legal entity {legal_entity}" if legal_entity else "all legal entities"
        message = f"Release reason {code} is of {reason.legal_entity_id}: name one that is valid for {where}."
        errors.append(FieldError(name, "other_legal_entity", message))
    elif not reason.open and code != kept:
        errors.append(FieldError(name, "closed", f"Release reason {code} is closed: choose one that is open."))
    return reason


def _store(
    row: Parameters, before: Mapping[str, Any], after: Mapping[str, Any], reasons: Mapping[str, Reason | None]
) -> int:
    """Write what is different, and return in how many rows: the policy clock moves with every write."""
    changed = [name for name in FIELDS if after[name] != before[name]]
    for name in changed:
        setattr(row, name, reasons[name] if name in reasons else after[name])
    if changed:
        row.save(update_fields=changed)
    now, then = _complete(after["checkpoints"]), _complete(before["checkpoints"])
    different = [
        document for document in Document.values if now.get(document, _NOTHING) != then.get(document, _NOTHING)
    ]
    if now != then:
        row.checkpoints.exclude(document__in=list(now)).delete()
        CheckpointSetting.objects.bulk_create(
            [
                CheckpointSetting(
                    parameters=row,
                    document=document,
                    **dict(zip(_CHECKPOINT_FIELDS, now[document], strict=True)),
                )
                for document in now
                if document in different or document not in then
            ],
            update_conflicts=True,
            unique_fields=["parameters", "document"],
            update_fields=list(_CHECKPOINT_FIELDS),
        )
        getattr(row, "_prefetched_objects_cache", {}).clear()
    return bool(changed) + len(different)


_OFF = {"posting": False, "grace_days": None, "pro_forma": False, "pro_forma_grace_days": None}
_NOTHING = tuple(_OFF.values())


def _complete(checkpoints: Sequence[Mapping[str, Any]]) -> dict[str, tuple[Any, ...]]:
    """The list as a mapping that can be compared."""
    return {
        checkpoint["document"]: tuple(checkpoint.get(name, _OFF[name]) for name in _CHECKPOINT_FIELDS)
        for checkpoint in checkpoints
    }
