"""The address is the state (`ux` 5, measure 10): whoever opens it sees the same rows, and the controls of the page give
the same address again.
"""

import datetime as dt
import re
from decimal import Decimal
from html.parser import HTMLParser
from random import Random
from urllib.parse import urlencode

import pytest
from django.test import Client

from tests.holds.pages.rows import NOW, PASSWORD, a_customer, a_hold, a_user, an_entity, an_order

pytestmark = pytest.mark.django_db

CODES = ("days_overdue", "limit_used", "limit_expired", "payment_terms", "sales_order")
WORDS: dict[str, tuple[str, ...]] = {
    "reason": CODES,
    "status": ("held", "ready", "open"),
    "forced": ("yes", "no"),
    "owner": ("me", "none"),
    "entity": ("NL01", "US01"),
    "value_min": ("100", "500.50"),
    "value_max": ("900", "5000"),
    "over_min": ("50",),
    "used_min": ("95",),
    "overdue_min": ("100",),
    "held_days_min": ("2",),
    "ship_min": ("2026-11-22", "+1d"),
    "ship_max": ("2026-12-01", "+5d"),
    "q": ("Harbour", "SO-1041"),
    "view": ("open", "mine", "ready", "ships-soon"),
    "sort": ("-value", "customer,-held", "order"),
    "per": ("25", "50"),
}


class Controls(HTMLParser):
    """What the form with the filters sends when it is submitted as it stands."""

    def __init__(self) -> None:
        super().__init__()
        self.inside = False
        self.select = ""
        self.sent: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        name, value = given.get("name") or "", given.get("value") or ""
        if tag == "form":
            self.inside = "filters" in (given.get("class") or "")
        elif self.inside and tag == "select":
            self.select = name
        elif self.inside and tag == "option" and "selected" in given:
            self.sent.append((self.select, value))
        elif self.inside and tag == "input" and name:
            chosen = given.get("type") not in {"checkbox", "radio"} or "checked" in given
            self.sent += [(name, value)] if chosen else []

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.inside = False


@pytest.fixture
def desk(settings) -> None:
    settings.CREDIT_TODAY = NOW.date()
    marta = a_user()
    random = Random(1)
    customers = []
    for code, currency in (("NL01", "EUR"), ("US01", "USD")):
        entity = an_entity(code, currency)
        customers += [
            a_customer(entity, f"C-{n}", name) for n, name in enumerate(("Harbour Lane", "Solano", "Kestrel"))
        ]
    for _ in range(40):
        ready = random.random() < 0.2
        a_hold(
            an_order(random.choice(customers), str(random.randint(50, 6000))),
            reasons=tuple(random.sample(CODES, random.randint(1, 3))),
            ready_to_release=ready,
            assignee=random.choice((None, marta)),
            ship_date=NOW.date() + dt.timedelta(days=random.randint(-3, 14)),
            held_at=NOW - dt.timedelta(days=random.randint(0, 9)),
            over_limit=random.choice((None, Decimal(random.randint(1, 900)))),
            used_percent=Decimal(random.randint(20, 140)),
            overdue_amount=Decimal(random.randint(0, 700)),
        )


def rows(page: str) -> list[str]:
    """The orders that the page lists, in their order."""
    table = page[page.index("<tbody") : page.index("</tbody")] if "<tbody" in page else ""
    return list(dict.fromkeys(re.findall(r"SO-\d+", table)))


REPEATED = frozenset({"reason", "entity", "status"})


def an_address(random: Random) -> list[tuple[str, str]]:
    """Some keys with words; those that mean *any of* have up to two."""
    asked = []
    for key in random.sample(sorted(WORDS), random.randint(1, 5)):
        count = random.randint(1, min(2, len(WORDS[key]))) if key in REPEATED else 1
        asked += [(key, word) for word in random.sample(WORDS[key], count)]
    return asked


def shown(address: list[tuple[str, str]]) -> str:
    """The page at an address, for the same person in a fresh session; what is empty is left out of it at once."""
    client = Client()
    assert client.login(username="marta", password=PASSWORD)
    page = client.get(f"/holds/?{urlencode(address)}", follow=True)
    assert page.status_code == 200
    return page.content.decode()


def test_an_address_shows_the_same_to_everybody_and_its_controls_say_the_same(desk):
    lists = set()
    for seed in range(16):
        asked = an_address(Random(seed))
        page = shown(asked)
        assert rows(shown(asked)) == rows(page), asked
        controls = Controls()
        controls.feed(page)
        assert rows(shown(controls.sent)) == rows(page), asked
        lists.add(tuple(rows(page)))
    # The addresses do narrow the list, in different ways.
    assert len(lists) > 5
