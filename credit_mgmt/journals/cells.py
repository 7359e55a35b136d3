"""What people type into the cells of a journal: amounts with separators, sums such as `=150000*1.1`, days."""

import ast
import operator
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from credit_mgmt.engine.typed import NotRead, amount_typed, day_typed
from credit_mgmt.fields import reader_style
from customers.errors import FieldError, InvalidInput
from customers.money import round_half_up
from customers.numbers import comma_before_decimals

_OPERATORS: dict[type[ast.operator], Callable[[Decimal, Decimal], Decimal]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
LONGEST_SUM = 100
_SUM_HELP = "Write a sum of numbers such as =150000*1.1, with + - * / and brackets."


def typed_amount(text: str, currency: str, units: int) -> Decimal | None:
    """The amount in a cell, in `currency`; a sum is rounded half-up to `units` decimals. None for an empty cell.

    A point stands before the decimals, as in the cells; who reads a comma there may type it (`credit_mgmt.fields`), in
    sums as well. Raises `NotRead`.
    """
    text = text.strip()
    if text.startswith("="):
        return round_half_up(_sum(text[1:]), units)
    return amount_typed(text, currency, reader_style()) if text else None


def typed_cells(cells: Mapping[str, str], currency: str, units: int, path: str = "") -> dict[str, Any]:
    """The values of one line, its amount in `currency`.

    Raises `InvalidInput` that names each cell that cannot be read, below `path`.
    """
    values: dict[str, Any] = {}
    errors: list[FieldError] = []
    for name, text in cells.items():
        try:
            if name == "new_limit":
                values[name] = typed_amount(text, currency, units)
            else:
                values[name] = day_typed(text) if text.strip() else None
        except NotRead as problem:
            errors.append(FieldError(f"{path}{name}", problem.code, problem.message))
    if errors:
        raise InvalidInput(errors)
    return values


def _sum(text: str) -> Decimal:
    """What a sum comes to, in exact decimals; nothing but numbers, the four operations and brackets."""
    text = text.replace(" ", "")
    text = _with_points(text) if comma_before_decimals() else text.replace(",", "")
    try:
        if len(text) > LONGEST_SUM:
            raise ValueError
        return _value(ast.parse(text, mode="eval").body, text)
    except (SyntaxError, ValueError, ArithmeticError, RecursionError):
        raise NotRead("invalid", f"“={text[:30]}” can’t be computed. {_SUM_HELP}") from None


def _with_points(text: str) -> str:
    """A sum whose numbers may have a comma before their decimals. Raises `NotRead` for those read in two ways."""
    return re.sub("[0-9][0-9.,]*", lambda number: f"{amount_typed(number[0], '', reader_style()):f}", text)


def _value(node: ast.expr, text: str) -> Decimal:
    if isinstance(node, ast.Constant):
        return Decimal(ast.get_source_segment(text, node) or "")
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        return _OPERATORS[type(node.op)](_value(node.left, text), _value(node.right, text))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_value(node.operand, text)
    raise ValueError
