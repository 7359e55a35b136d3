"""What rule health found, in words: a sentence that names the rules, and what it does to orders (`ux` 3.10)."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import NamedTuple

from credit_mgmt.engine.facts import Action, Rule
from credit_mgmt.engine.health import Code, Finding
from credit_mgmt.messages.phrases import day, percent

NO_EFFECT = "It has no effect: without it every order is decided in the same way."


class Said(NamedTuple):
    """A finding in words: what it is, in two words; what was found; what that does."""

    title: str
    sentence: str
    effect: str


def finding_message(finding: Finding) -> Said:
    """The finding in words."""
    title, sentence, effect = _WORDS[finding.code]
    return Said(title, sentence(finding), effect)


def names(rules: tuple[Rule, ...]) -> str:
    """The rules by their codes."""
    return counted_words(tuple(rule.name for rule in rules))


def counted_words(words: Sequence[str], most: int = 3) -> str:
    """`DO-01`, `DO-01 and DO-02`, `DO-01, DO-02, DO-03 and 4 others`."""
    known = list(words)
    if len(known) > most + 1:
        known = [*known[:most], f"{len(known) - most} others"]
    return " and ".join(part for part in (", ".join(known[:-1]), known[-1] if known else "") if part)


def _target(rule: Rule) -> str:
    if rule.customer is not None:
        return rule.customer
    return f"group {rule.credit_management_group}" if rule.credit_management_group else "everyone"


def _never_decides(finding: Finding) -> str:
    rule, other = finding.rule, finding.others[0]
    if rule.action is Action.EXCLUSION:
        return f"{rule.name} excuses nothing that {other.name} does not excuse, for the same customers or more."
    return f"{rule.name} is never reached: {other.name} stops the same orders, and earlier."


def _looser(finding: Finding) -> str:
    rule, other = finding.rule, finding.others[0]
    return (
        f"{rule.name} for {_target(rule)} lets pass more than {other.name} for {_target(other)}. A level that does not "
        f"block hands on to the next, so {other.name} stops these orders anyway."
    )


def _same_level(finding: Finding) -> str:
    verb, are = ("has", "is") if len(finding.others) == 1 else ("have", "are")
    return (
        f"{names(finding.others)} {verb} the level of the exclusion {finding.rule.name}, and {are} looked at first: "
        f"it never overrides."
    )


def _releases(finding: Finding) -> str:
    return (
        f"{finding.rule.name} releases every order of {_target(finding.rule)} that keeps within it, also where there "
        f"is nothing to excuse."
    )


_WORDS: dict[Code, tuple[str, Callable[[Finding], str], str]] = {
    Code.DUPLICATE: (
        "Duplicate",
        lambda finding: f"{finding.rule.name} says the same as {finding.others[0].name}.",
        NO_EFFECT,
    ),
    Code.NEVER_DECIDES: ("Never reached", _never_decides, NO_EFFECT),
    Code.LOOSER_THAN_BROADER: ("Looser than a broader rule", _looser, NO_EFFECT),
    Code.SAME_LEVEL: ("Same level", _same_level, NO_EFFECT),
    Code.OVERRIDES_NOTHING: (
        "Overrides nothing",
        lambda finding: f"Below the exclusion {finding.rule.name} there is no blocking rule of its type.",
        NO_EFFECT,
    ),
    Code.EXCUSES_NOTHING_BLOCKED: (
        "Excuses nothing that is blocked",
        lambda finding: f"What {finding.rule.name} excuses, {names(finding.others)} would not stop.",
        NO_EFFECT,
    ),
    Code.RELEASED_ANYWAY: (
        "Released anyway",
        lambda finding: f"{finding.others[0].name} releases outright whatever {finding.rule.name} excuses.",
        NO_EFFECT,
    ),
    Code.GROUP_WITHOUT_MEMBERS: (
        "Group without members",
        lambda finding: f"{finding.rule.name} is for group {finding.figures['group']}, which has no customers there.",
        "It concerns no order.",
    ),
    Code.LIMIT_CHECK_OFF: (
        "Limit check off",
        lambda finding: (
            f"{finding.rule.name} tests the credit limit, which is not checked in {finding.figures['entities']}."
        ),
        "It is not run.",
    ),
    Code.ENDED: (
        "Ended",
        lambda finding: f"{finding.rule.name} was valid to {day(finding.figures['on'])}.",
        "It concerns no order any more.",
    ),
    Code.NO_CHECKPOINT: (
        "No checkpoint",
        lambda finding: f"No document is checked in {finding.figures['entities']}, where {finding.rule.name} counts.",
        "Its orders are looked at by an evaluation only, never when a document is posted.",
    ),
    Code.NO_RATE: (
        "No exchange rate",
        lambda finding: (
            f"{finding.rule.name} compares in {finding.figures['currency']}, for which "
            f"{finding.figures['entities']} has no rate today."
        ),
        "A blocking rule holds the order as not to be evaluated; an exclusion excuses nothing.",
    ),
    Code.OTHER_FIGURE: (
        "Another figure",
        lambda finding: f"{finding.rule.name} compares an amount, {names(finding.others)} compares days.",
        "It excuses by the amount alone: a small debt passes however old it is.",
    ),
    Code.RELEASES_OUTRIGHT: (
        "Releases outright",
        _releases,
        "No other rule and no credit limit is looked at for these orders.",
    ),
    Code.RELEASES_MANY: (
        "Releases many",
        lambda finding: (
            f"{finding.rule.name} released {percent(Decimal(finding.figures['percent']))} of the newest "
            f"orders checked, outright."
        ),
        "Nothing else was looked at for these orders.",
    ),
    Code.OLD_DRAFT: (
        "Old draft",
        lambda finding: f"A draft of {finding.rule.name} waits since {day(finding.figures['since'])}.",
        "Nobody knows any more whether it is still wanted: activate it or discard it.",
    ),
}
