"""Where a person can go: the pages of the top bar and of the account menu, and what the search knows them by.

One list, so that the bar, the menu, the shortcuts (`g` and the key) and the palette cannot differ.
"""

from dataclasses import dataclass

from django.urls import reverse

from customers.access import Action, Actor


@dataclass(frozen=True, slots=True)
class Destination:
    """A page. `key` follows `g`; `words` are what else it is looked for by; `bar`: whether the top bar has it."""

    section: str
    label: str
    route: str
    action: Action
    key: str = ""
    words: str = ""
    bar: bool = True

    @property
    def url(self) -> str:
        """Its address."""
        return reverse(self.route)


DESTINATIONS = (
    Destination("holds", "Holds", "hold-list", Action.VIEW_EXPOSURE, "h", "hold list queue home"),
    Destination("orders", "Orders", "order-list", Action.VIEW, "o", "sales orders"),
    Destination("customers", "Customers", "customer-list", Action.VIEW_EXPOSURE, "c", "limits accounts"),
    Destination("journals", "Journals", "journal-list", Action.VIEW_EXPOSURE, "l", "limit adjustments temporary"),
    Destination("groups", "Credit groups", "group-list", Action.VIEW_EXPOSURE, "t", "shared limit members", bar=False),
    Destination("rules", "Rules", "rule-list", Action.VIEW, "r", "blocking rules exclusions"),
    Destination(
        "setup", "Setup", "setup", Action.VIEW, "p",
        "settings checkpoints grace reasons account statuses terms discounts ranks management groups", bar=False,
    ),
    Destination("setup", "Parameters", "parameter-list", Action.VIEW, "", "settings limits statistics", bar=False),
    Destination("jobs", "Jobs", "job-list", Action.VIEW_JOBS, "b", "runs evaluations background"),
    Destination(
        "cover", "Insurance and guarantees", "cover-register", Action.VIEW_EXPOSURE, "",
        "cover policies insurers guarantors register", bar=False,
    ),
    Destination(
        "check", "Check a document", "document-check", Action.CHECK, "",
        "free text invoice quotation point of sale call centre", bar=False,
    ),
    Destination("", "My recent actions", "hold-recent", Action.VIEW, "z", "undo history", bar=False),
    Destination("", "Notifications", "notifications", Action.VIEW, "n", "told mail unread bell", bar=False),
    Destination("", "Absence and cover", "hold-absence", Action.WORK_HOLDS, "", "out of office holiday", bar=False),
    Destination(
        "", "Preferences", "preferences", Action.VIEW, "s",
        "theme dark light density shortcuts keyboard time zone settings", bar=False,
    ),
)  # fmt: skip


def destinations(actor: Actor, *, bar: bool | None = None) -> list[Destination]:
    """The pages that `actor` may open; those of the top bar, or those outside it, where `bar` says so."""
    return [page for page in DESTINATIONS if actor.may(page.action) and bar in (None, page.bar)]
