"""Which limit binds a member of a credit group, in words (`ux.md` 3.9, "What binds"; `domain 3.4`, the table)."""

BINDS = {
    "tighter_group": ("Group", "The group’s limit is tested first, then its own. The group is the tighter limit."),
    "tighter_own": ("Own", "The group’s limit is tested first, then its own. Its own is the tighter limit."),
    "group_unlimited": ("Group", "It is unlimited: only the group’s limit binds."),
    "group_stands_in": ("Group", "Its own limit is 0 and not mandatory: the group’s limit stands in for it."),
    "no_credit": ("No credit", "Its own limit is 0 and mandatory: every order is stopped."),
    "own": ("Own", "The limits of groups are not checked here: only its own limit binds."),
    "none": ("None", "It is unlimited and skips the group’s limit: no limit binds."),
    "untested": ("Not tested", "The credit limit type is none: limits are shown and not tested."),
}
"""By code: a word for the table, and a sentence."""


def binds_word(code: str) -> str:
    """One or two words for a column."""
    return BINDS[code][0]


def binds_sentence(code: str) -> str:
    """Which limit applies, and why."""
    return BINDS[code][1]
