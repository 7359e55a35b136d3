"""Facts, policies and decisions as JSON and back, exactly, so that a stored decision can be recomputed to itself.

Amounts are strings, dates ISO, and a field that has its default value is left out. What is read back is checked:
an unknown field, or a number that is not finite, is an error and never a fact.
"""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, fields
from decimal import Decimal
from enum import Enum
from operator import attrgetter
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

import orjson

from credit_mgmt.engine.condense import Facts, condense
from credit_mgmt.engine.decide import decide
from credit_mgmt.engine.decision import Decision
from credit_mgmt.engine.exposure import Book
from credit_mgmt.engine.facts import OrderFacts, Policy, Question, Setting
from credit_mgmt.engine.ladder import sorted_policy
from customers.money import Rates

Json = dict[str, Any]
Made = TypeVar("Made")
_Coder = Callable[[Any], Any]


class BadRecord(ValueError):
    """A stored record that can't be read back; the message names the field."""


def stored_facts(book: Book, order: OrderFacts, *, policy: Policy, question: Question, setting: Setting) -> Json:
    """What a decision on `order` was made of, few enough to be stored with it. Call it before the book moves on."""
    return encode(condense(book, order, question, setting, currencies=sorted_policy(policy).currencies))


def replay(stored: Mapping[str, Any], *, policy: Policy) -> Decision:
    """The decision that follows from stored facts under the policy of that time: the same one."""
    facts = decode(Facts, stored)
    return decide(facts.book(), facts.order, policy=policy, question=facts.question, setting=facts.setting)


def encode(value: Any) -> Json:
    """A facts, policy or decision value as a JSON object."""
    encoded: Json = _encoder(type(value))(value)
    return encoded


def encode_result(decision: Decision) -> Json:
    """A decision without what follows from its facts: no trace, no figures."""
    encoded: Json = _encoder(Decision, leaving_out=("trace", "figures"))(decision)
    return encoded


def decode(kind: type[Made], stored: Mapping[str, Any]) -> Made:
    """The value of `kind` that was stored. Raises `BadRecord`."""
    try:
        made: Made = _decoder(kind)(stored)
    except (KeyError, TypeError, ValueError, ArithmeticError) as error:
        raise BadRecord(f"this is no {kind.__name__}: {error}") from error
    return made


def canonical(stored: Json) -> str:
    """One text for one value, whatever the order in which it was put together."""
    return orjson.dumps(stored, option=orjson.OPT_SORT_KEYS).decode()


def _encoder(kind: type[Any], leaving_out: tuple[str, ...] = ()) -> _Coder:
    key = (kind, leaving_out) if leaving_out else kind
    coder = _ENCODERS.get(key)
    if coder is None:
        coder = _ENCODERS[key] = _encoder_of_fields(kind, leaving_out)
    return coder


def _decoder(kind: type[Any]) -> _Coder:
    coder = _DECODERS.get(kind)
    if coder is None:
        coder = _DECODERS[kind] = _decoder_of_fields(kind)
    return coder


def _encoder_of_fields(kind: type[Any], leaving_out: tuple[str, ...]) -> _Coder:
    hints = get_type_hints(kind)
    told = [(name, default) for name, default in _fields(kind) if name not in leaving_out]
    plans = [(name, _encode_as(hints[name]), default) for name, default in told]

    # All fields in one call: there are many, and most have their default.
    values = (
        attrgetter(*(name for name, _, _ in plans)) if len(plans) > 1 else lambda value: (getattr(value, plans[0][0]),)
    )

    def encode_fields(value: Any) -> Json:
        encoded = {}
        for (name, coder, default), item in zip(plans, values(value), strict=True):
            if item is not default and item != default:
                encoded[name] = item if coder is None or item is None else coder(item)
        return encoded

    return encode_fields


def _decoder_of_fields(kind: type[Any]) -> _Coder:
    hints = get_type_hints(kind)
    coders = {name: _decode_field(hints[name]) for name, _ in _fields(kind)}

    def decode_fields(stored: Mapping[str, Any]) -> Any:
        unknown = set(stored) - coders.keys()
        if unknown:
            raise BadRecord(f"unknown field {', '.join(sorted(unknown))}")
        return kind(**{name: coders[name](item) for name, item in stored.items()})

    return decode_fields


def _fields(kind: type[Any]) -> list[tuple[str, Any]]:
    """The fields of a dataclass or named tuple, with their defaults."""
    if issubclass(kind, tuple):
        defaults: dict[str, Any] = getattr(kind, "_field_defaults", {})
        return [(name, defaults.get(name, MISSING)) for name in getattr(kind, "_fields", ())]
    return [
        (item.name, item.default_factory() if item.default_factory is not MISSING else item.default)
        for item in fields(kind)
    ]


def _encode_as(hint: Any) -> _Coder | None:
    """How to write a value of this kind; None where it is JSON already, as texts, numbers and codes are."""
    hint = _not_none(hint)
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (tuple, Sequence):
        coder = _encode_as(arguments[0])
        return list if coder is None else lambda items: [coder(item) for item in items]
    if origin is Mapping:
        return _mapping_encoder(_encode_as(arguments[1]))
    return None if hint in (str, int, bool) or issubclass(hint, Enum) else _encoder(hint)


def _mapping_encoder(coder: _Coder | None) -> _Coder:
    """JSON has no null keys: the default row of the parameters is kept under the empty name."""
    return lambda items: {
        name or "": item if coder is None or item is None else coder(item) for name, item in items.items()
    }


def _decode_as(hint: Any) -> _Coder:
    hint = _not_none(hint)
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (tuple, Sequence):
        coder = _decode_as(arguments[0])
        return lambda items: tuple(coder(item) for item in items)
    if origin is Mapping:
        key, coder = _key_from_text(arguments[0]), _decode_optional(arguments[1])
        return lambda items: {key(name): coder(item) for name, item in items.items()}
    return hint if issubclass(hint, Enum) else _decoder(hint)


def _decode_optional(hint: Any) -> _Coder:
    coder = _decode_as(hint)
    return lambda item: None if item is None else coder(item)


def _decode_field(hint: Any) -> _Coder:
    return _decode_as(hint) if hint is _not_none(hint) else _decode_optional(hint)


def _not_none(hint: Any) -> Any:
    if get_origin(hint) in (UnionType, Union):
        [hint] = [argument for argument in get_args(hint) if argument is not NoneType]
    return hint


def _key_from_text(hint: Any) -> Callable[[str], str | None]:
    return (lambda key: key or None) if NoneType in get_args(hint) else str


def _amount(text: Any) -> Decimal:
    if not isinstance(text, str):
        raise BadRecord(f"an amount is a string, not {text!r}")
    amount = Decimal(text)
    if not amount.is_finite():
        raise BadRecord(f"{text} is no amount")
    return amount


def _exactly(kind: type) -> _Coder:
    def checked(item: Any) -> Any:
        if type(item) is not kind:
            raise BadRecord(f"{item!r} is no {kind.__name__}")
        return item

    return checked


def _encode_rates(rates: Rates) -> Json:
    pairs = {f"{source}>{target}": str(rate) for (source, target), rate in rates.rates.items()}
    return {"rates": pairs, "minor_units": dict(rates.minor_units)}


def _decode_rates(stored: Mapping[str, Any]) -> Rates:
    pairs = {}
    for pair, rate in stored["rates"].items():
        source, target = pair.split(">")
        pairs[source, target] = _amount(rate)
    units = {code: _exactly(int)(places) for code, places in stored["minor_units"].items()}
    return Rates(pairs, units)


_ENCODERS: dict[Any, _Coder] = {
    Decimal: str,
    dt.date: dt.date.isoformat,
    Rates: _encode_rates,
}
_DECODERS: dict[Any, _Coder] = {
    Decimal: _amount,
    dt.date: dt.date.fromisoformat,
    str: _exactly(str),
    int: _exactly(int),
    bool: _exactly(bool),
    Rates: _decode_rates,
}
