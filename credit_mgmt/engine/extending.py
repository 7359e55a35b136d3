"""A rule type of another package is one class (`architecture`, Extension): this is what it is made from.

`read` decides. Everything else has a default, and is what people see of the type: its name, the words for its values in
the editor and in a rule's sentence, the chip and the sentence of a hold, and what would clear it. `docs/rule-types.md`
teaches it with an example.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import ClassVar, NamedTuple

from credit_mgmt.engine.case import Case
from credit_mgmt.engine.condense import Facts
from credit_mgmt.engine.decision import Evidence, Reason
from credit_mgmt.engine.facts import Rule
from credit_mgmt.engine.rules import Reading, RuleTest, types
from customers.money import ZERO


class WayOut(NamedTuple):
    """Something that may clear a reason: the facts as they would be then. The check is asked whether it does.

    With one of the engine's own actions (`pay`, `raise_limit`, `reduce_order` …) and its figures no `words` are needed.
    """

    action: str
    facts: Facts
    figures: Evidence
    words: str = ""
    """What is to be done, as a sentence without a full stop."""
    moved: Decimal = ZERO
    """How much money it moves, in the payer's currency: the smallest way out is named first."""


class ValueWords(NamedTuple):
    """The words around a value of the type, in the editor and in a rule's sentence: `the order is` more than 30 `% of
    the total credit limit`."""

    label: str = ""
    """What stands before it; the name of the field as words where nothing is given."""
    unit: str = ""
    """What follows it."""


class OwnRuleType(RuleTest, ABC):
    """Base of the rule types of other packages. Set `type`, name the values, write `read`; override what differs."""

    type: ClassVar[str]
    """A code: small letters, digits and underscores. It is stored with rules and holds, so it never changes."""
    label: ClassVar[str] = ""
    """What people call the type; the code as words where nothing is given."""
    blocking_values: ClassVar[tuple[str, ...]] = ()
    """The fields of `Rule` that a blocking rule of the type needs."""
    exclusion_values: ClassVar[tuple[str, ...]] = ()
    """Those that an exclusion needs."""
    is_limit_check: ClassVar[bool] = False
    """Whether it is run only with *check credit limit for sales order* (`domain 4.5`)."""
    values: ClassVar[Mapping[str, ValueWords]] = {}
    """Words for some of the values."""

    @abstractmethod
    def read(self, rule: Rule, case: Case) -> Reading:
        """Measure and compare; `evidence` where it blocks. Raises `MissingRate`, `MissingFact` for a missing figure."""

    def chip(self, evidence: Evidence) -> tuple[str, str]:
        """The label and the number on the chip of a hold."""
        return label_of(self.type), evidence.get("measured", "")

    def sentence(self, evidence: Evidence) -> str:
        """Why the order is held, up to where the rule is named: `An order of 5,000.00 USD is 50 % of the limit`."""
        return f"{label_of(self.type)}: {evidence.get('measured', '?')}, allowed {evidence.get('threshold', '?')}"

    def ways_out(self, reason: Reason, facts: Facts) -> Iterable[WayOut]:
        """What may clear the reason; each is shown only where the check would then be clear of it."""
        return ()


def own_type(code: str) -> OwnRuleType | None:
    """The type of another package with that code; None for the seven, and for what is no rule type."""
    test = types.get(code)
    return test if isinstance(test, OwnRuleType) else None


def label_of(code: str) -> str:
    """What a type is called: as its class says, or its code as words."""
    own = own_type(code)
    return (own.label if own else "") or code.replace("_", " ").capitalize()


def value_words(code: str, name: str) -> ValueWords:
    """The words of a type for one of its values; empty ones where it has none of its own."""
    own = own_type(code)
    return own.values.get(name, ValueWords()) if own else ValueWords()
