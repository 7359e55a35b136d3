"""Rules from a file (`ux` 3.10): how they differ from those that there are, and drafts made of the differences.

The file is the one that the export of rules writes, CSV or workbook: a row is a rule by its code, with the fields of
`api.md`; an empty cell has the field's default. Rules that the file does not name stay as they are. What comes in is a
draft and holds nothing until somebody activates it.
"""

import datetime as dt
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db import transaction

from credit_mgmt.models import RuleState, RuleVersion
from credit_mgmt.rules import change_rule, draft_rule
from credit_mgmt.rules.reading import current_versions
from credit_mgmt.rules.values import COLUMNS, DEFAULTS, default_name, version_values
from customers.access import Actor
from customers.errors import FieldError, InvalidInput, NotFound, Refused
from customers.imports.files import BadFile, Row, read_table
from customers.spreadsheets import as_written
from customers.workbooks import is_workbook, plain_text

LARGEST_FILE = 1024 * 1024
MOST_RULES = 1000
CODE = "rule"
TOLD = ("version", "state")
"""Columns of the export that say how things are; they are read and mean nothing here."""
FIELDS = (CODE, "type", *COLUMNS)


@dataclass(frozen=True, slots=True)
class FileRule:
    """One row: its line, the code of the rule or none for a new one, and what the rule says."""

    line: int
    code: str
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Difference:
    """What a row would change: of a rule that there is (`version`), or a new one. Fields as (name, before, after)."""

    row: FileRule
    version: RuleVersion | None
    fields: tuple[tuple[str, Any, Any], ...]


def read_rules(content: bytes) -> list[FileRule]:
    """The rules of a file. Raises `InvalidInput` that names line and column of everything that is wrong."""
    if len(content) > LARGEST_FILE:
        raise InvalidInput.of("file", "too_large", "The file is larger than 1 MB: split it.")
    # The reader takes a last line without an end for one that was cut off; here the size was counted.
    whole = content if is_workbook(content) or content.endswith(b"\n") else content + b"\n"
    try:
        rows = list(read_table(io.BytesIO(whole), columns=("type",)))
    except BadFile as problem:
        raise InvalidInput.of("file", "invalid", str(problem)) from problem
    if not 1 <= len(rows) <= MOST_RULES:
        raise InvalidInput.of("file", "out_of_range", f"Give 1 to {MOST_RULES:,} rules below the heading.")
    errors: list[FieldError] = list(_unknown_columns(rows[0]))
    read = [_rule(row, errors) for row in rows]
    errors += _named_twice(read)
    if errors:
        raise InvalidInput(errors)
    return read


def differences(rules: Sequence[FileRule], *, actor: Actor) -> list[Difference]:
    """What each rule of a file would change, in the order of the file; what is the same already is left out."""
    known = {version.rule.code: version for version in current_versions(actor)}
    found = []
    for row in rules:
        version = known.get(row.code)
        before = {**DEFAULTS, **version_values(version)} if version else dict(DEFAULTS)
        after = {**before, **dict.fromkeys(COLUMNS), **DEFAULTS, **row.values}
        after["name"] = after["name"] or (before["name"] if version else default_name(after["type"]))
        fields = tuple((name, before[name], after[name]) for name in DEFAULTS if before[name] != after[name])
        if version is None or any(name != "why" for name, _, _ in fields):
            found.append(Difference(row, version, fields))
    return found


@transaction.atomic
def draft_differences(rules: Sequence[FileRule], *, actor: Actor, at: dt.datetime) -> list[RuleVersion]:
    """Draft what a file would change, all or nothing. A rule whose draft is being worked on is refused.

    Raises `InvalidInput` that names the lines; `NotAllowed`, `OutOfScope`.
    """
    errors: list[FieldError] = []
    drafts = []
    for difference in differences(rules, actor=actor):
        try:
            with transaction.atomic():
                drafts.append(_drafted(difference, actor, at))
        except InvalidInput as problem:
            errors += [_located(difference.row, error.field, error.message) for error in problem.errors]
        except (Refused, NotFound) as problem:
            errors.append(_located(difference.row, "", problem.message))
    if errors:
        raise InvalidInput(errors)
    return drafts


def _drafted(difference: Difference, actor: Actor, at: dt.datetime) -> RuleVersion:
    row, version = difference.row, difference.version
    if version is None:
        return draft_rule(values={**row.values, **({"code": row.code} if row.code else {})}, actor=actor, at=at)
    if RuleVersion.objects.filter(rule=version.rule_id, state=RuleState.DRAFT).exists():
        raise Refused("has_draft", f"Rule {version.rule} has a draft: activate or discard it first.")
    return change_rule(rule=version.rule_id, values=row.values, actor=actor, at=at, replace=True)


def _located(row: FileRule, field: str, message: str) -> FieldError:
    return FieldError("file", "invalid", f"Line {row.line}{f', {field}' if field else ''}: {message}")


def _unknown_columns(row: Row) -> Iterator[FieldError]:
    for name in row.fields.keys() - {*FIELDS, *TOLD}:
        yield FieldError("file", "unknown_field", f"There is no column {name}. Use: {', '.join(FIELDS)}.")


def _named_twice(rules: Sequence[FileRule]) -> Iterator[FieldError]:
    seen: dict[str, int] = {}
    for rule in rules:
        if rule.code and seen.setdefault(rule.code, rule.line) != rule.line:
            yield _located(rule, CODE, f"Rule {rule.code} stands in line {seen[rule.code]} already.")


def _rule(row: Row, errors: list[FieldError]) -> FileRule:
    """The row as the service takes it; what can't be read is an error."""
    values: dict[str, Any] = {}
    for name, cell in row.fields.items():
        if name not in FIELDS:
            continue
        try:
            text = as_written(plain_text(cell).strip())
            if text:
                values[name] = _READ.get(name, str)(text)
        except ValueError as problem:
            errors.append(FieldError("file", "invalid", f"Line {row.line}, {name}: {problem}"))
    return FileRule(row.line, str(values.pop(CODE, "")).upper(), values)


def _day(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"“{text}” is no date. Write it like 2026-01-31.") from None


def _number(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise ValueError(f"“{text}” is no number. Write it like 1250.00.") from None


def _whole(text: str) -> int:
    if not text.removesuffix(".0").isdecimal():
        raise ValueError(f"“{text}” is no whole number of days.")
    return int(text.removesuffix(".0"))


def _flag(text: str) -> bool:
    if text.lower() not in ("true", "false", "yes", "no"):
        raise ValueError(f"“{text}” is neither true nor false.")
    return text.lower() in ("true", "yes")


_READ: Mapping[str, Callable[[str], Any]] = {
    "days": _whole,
    **dict.fromkeys(("amount", "threshold_percent", "threshold_amount"), _number),
    **dict.fromkeys(("valid_from", "valid_to"), _day),
    "release_sales_order": _flag,
}
