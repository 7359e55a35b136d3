"""One class of another package, found through its entry point: ladder, editor, API, tester, holds and remedies."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection

from credit_mgmt.engine.extending import OwnRuleType, ValueWords, label_of, own_type, value_words
from credit_mgmt.engine.facts import Rule
from credit_mgmt.engine.rules import register, types
from customers.models import Role
from tests.engine.build import check, order, policy, policy_of, position, rule, setting
from tests.engine.test_thresholds import Held
from tests.extension_package.order_share import OrderShare
from tests.factories_holds import DAY, a_customer, a_user, an_entity, an_invoice, an_order, reasons

HERE = Path(__file__).parent


def environment() -> dict[str, str]:
    """That of a process in which the package is installed, and whose database is this test's."""
    base, question, query = os.environ["DATABASE_URL"].partition("?")
    name = connection.settings_dict["NAME"]
    path = [str(HERE), str(settings.BASE_DIR), os.environ.get("PYTHONPATH", "")]
    return {
        **os.environ,
        "DATABASE_URL": f"{base.rsplit('/', 1)[0]}/{name}{question}{query}",
        "DJANGO_SETTINGS_MODULE": "credit_mgmt.conf.settings",
        "CREDIT_TESTING": "1",
        "CREDIT_TODAY": DAY.isoformat(),
        "PYTHONPATH": os.pathsep.join(filter(None, path)),
    }


@pytest.mark.django_db(transaction=True)
def test_installed_it_is_everywhere_where_rules_are() -> None:
    """architecture, Extension: one class, nothing else."""
    an_entity()
    reasons()
    a_user("administrator", Role.CREDIT_ADMINISTRATOR)
    a_user("administrator", Role.CREDIT_CLERK)
    customer = a_customer("US-001", limit="1000")
    an_invoice(customer, "100")
    an_order(customer, "500", "SO-1")
    done = subprocess.run(
        [sys.executable, "-m", "tests.extension_package.tour"],
        env=environment(), cwd=settings.BASE_DIR, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3_000:]
    assert json.loads(done.stdout.splitlines()[-1]) == {
        "among the types": True,
        "in the ladder": True,
        "in the editor": True,
        "the editor refuses": 422,
        "the editor saves": 302,
        "by the API": ["order_share", "30", "draft"],
        "as a sentence": True,
        "outcome": "held",
        "chip": ["Order share", "50 %"],
        "why": "The order is 500.00 USD of a limit of 1,000.00 USD; one order may use 30 %; "
        "rule OS-01 (all customers) holds it.",
        "on the list": True,
        "on the hold": True,
        "in the tester": True,
        "the tester passes 300": True,
        "remedies": [
            "Split into 2 orders of at most 300.00 USD each",
            "Order reduced to 300.00 USD or less",
            "Limit of customer USMF:US-001 to 1,666.67 or more, +666.67 USD",
        ],
        "remedies by the API": ["split_order", "reduce_order", "raise_limit"],
        "replays": True,
        "explained later": 3,
    }


@pytest.fixture
def order_share() -> Iterator[None]:
    """The type, registered in this process for one test."""
    register(OrderShare)
    yield
    del types["order_share"]


def share(percent: int, **values: Any) -> Rule:
    """A rule of the type."""
    return replace(rule("limit_used", threshold_percent=percent, **values), type="order_share")


@pytest.mark.parametrize(
    ("amount", "customer", "reasons_found"),
    [
        ("300", {"limit": 1_000}, ()),
        ("300.01", {"limit": 1_000}, ("order_share",)),
        ("330", {"limit": 1_000, "cover": (policy_of(100),)}, ()),
        ("300", {"limit": 10, "temporary_limit": 1_000}, ()),
        ("0.01", {"limit": 0, "mandatory": True}, ("order_share",)),
        ("9999", {"limit": 0, "unlimited": True}, ()),
    ],
)
@pytest.mark.usefixtures("order_share")
def test_it_compares_the_order_with_the_total_limit(amount: str, customer: dict, reasons_found: tuple) -> None:
    decision = check(order(amount), position(**customer), share(30))
    assert tuple(reason.type for reason in decision.reasons) == reasons_found


@pytest.mark.usefixtures("order_share")
def test_it_takes_part_in_the_sequence_as_any_type_does() -> None:
    """domain 4.4: an exclusion of a more specific level comes before."""
    excused = share(60, action="exclusion", level="table")
    assert not check(order(500), position(limit=1_000), share(30), excused).holds
    assert check(order(700), position(limit=1_000), share(30), excused).holds


@pytest.mark.usefixtures("order_share")
@pytest.mark.parametrize("foreign", [False, True])
def test_what_it_says_would_clear_it_does_and_no_more_than_that(foreign: bool) -> None:
    """Law 5 holds for types of other packages too: the check is asked whether it helps."""
    where = setting(EUR_USD="1.0837")
    facts = order("500.01", currency="EUR" if foreign else "USD")
    held = Held(facts, position(limit=1_000), known=policy(share(30)), where=where)
    assert {remedy.action for remedy in held.remedies} == {"split_order", "reduce_order", "raise_limit"}
    held.remedies = tuple(remedy for remedy in held.remedies if remedy.action != "split_order")
    held.assert_just_enough(units=2 if foreign else 1)


@pytest.mark.usefixtures("order_share")
def test_a_way_out_that_does_not_help_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """A class may say what it likes; what is shown was tried."""
    useless = OrderShare.ways_out

    def unchanged(self: OrderShare, reason: Any, facts: Any) -> Any:
        return [way._replace(facts=facts) for way in useless(self, reason, facts)]

    monkeypatch.setattr(OrderShare, "ways_out", unchanged)
    held = Held(order(500), position(limit=1_000), known=policy(share(30)), where=setting())
    assert [remedy.action for remedy in held.remedies] == ["release_by_person"]


class Plain(OwnRuleType):
    """A type that says nothing but how it decides."""

    type = "plain_one"

    def read(self, rule: Any, case: Any) -> Any:
        raise AssertionError("not asked")


def test_what_a_class_does_not_say_has_a_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(types, "plain_one", Plain())
    own = own_type("plain_one")
    assert own is not None
    assert (label_of("plain_one"), own.chip({"measured": "7"})) == ("Plain one", ("Plain one", "7"))
    assert own.sentence({"measured": "7", "threshold": "5"}) == "Plain one: 7, allowed 5"
    assert value_words("plain_one", "days") == ValueWords()
    assert own_type("days_overdue") is None
