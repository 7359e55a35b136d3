"""A rule type that another package brings is loaded at start-up and works in a check (`architecture`, Extension)."""

from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.db import IntegrityError, transaction

from credit_mgmt import checks, decisions
from credit_mgmt.engine.decision import Decision
from credit_mgmt.engine.rules import types
from credit_mgmt.messages import reason_message
from credit_mgmt.models import BlockingRule, DecisionRecord
from credit_mgmt.rules.saving import save_rule
from customers.access import system_actor
from customers.errors import InvalidInput
from tests import factories as make
from tests.factories_credit import ACTOR, AT, TODAY, BlockingRuleFactory

MODULE = """
from credit_mgmt.engine.rules import Reading


class Large:
    '''Orders from an amount on are looked at by a person.'''

    type = "large_orders_by_hand"
    blocking_values = ("amount", "currency")
    exclusion_values = ()
    is_limit_check = False

    def read(self, rule, case):
        amount = case.convert(case.order.amount, case.order.currency, rule.currency)
        measured, threshold = case.text(amount, rule.currency), case.text(rule.amount, rule.currency)
        evidence = {"measured": measured, "threshold": threshold}
        return Reading(amount >= rule.amount, False, amount, rule.amount, None, rule.currency, evidence)
"""
ENTRY_POINTS = "[credit_mgmt.rule_types]\nlarge = large_orders:Large\n"


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Install a package that brings a rule type, and start the room again."""
    before = dict(types)

    def install(names: str = ENTRY_POINTS) -> None:
        (tmp_path / "large_orders.py").write_text(MODULE)
        about = tmp_path / "large_orders-1.0.dist-info"
        about.mkdir()
        (about / "METADATA").write_text("Metadata-Version: 2.1\nName: large-orders\nVersion: 1.0\n")
        (about / "entry_points.txt").write_text(names)
        monkeypatch.syspath_prepend(str(tmp_path))
        apps.get_app_config("credit_mgmt").ready()

    yield install
    types.clear()
    types.update(before)


@pytest.mark.django_db
def test_it_holds_orders_says_why_and_replays(
    installed: Callable[..., None], decide: Callable[..., Decision], parameters: Callable[..., None]
) -> None:
    parameters(check_credit_limit_for_sales_order=False)
    make.CurrencyFactory()
    values: dict[str, Any] = {"type": "large_orders_by_hand", "amount": Decimal(500), "currency": "USD"}
    with pytest.raises(InvalidInput, match="Use one of"):
        save_rule(values=values, actor=system_actor("tests"), at=AT)
    installed()
    rule = save_rule(values=values, actor=system_actor("tests"), at=AT)
    assert rule.name == "Large orders by hand"
    assert not decide(make.SalesOrderFactory(amount=Decimal(499))).holds
    order = make.SalesOrderFactory(amount=Decimal(500))
    [reason] = decide(order).reasons
    assert (reason.type, reason.rule) == ("large_orders_by_hand", str(rule.rule_id))
    assert reason_message(reason) == ("Large orders by hand: 500.00; rule LOBH-01 (all customers) allows 500.00.")
    checked = checks.check([checks.Request(order.pk, "confirmation")], as_of={"USMF": TODAY}, evidence=True)
    [made] = decisions.record_decisions(checked, kind="posting", actor=ACTOR, at=AT)
    record = DecisionRecord.objects.get(pk=made)
    assert decisions.replay(record) == decisions.stored_decision(record) == checked[0].decision


@pytest.mark.django_db
def test_without_its_package_such_a_rule_lets_nothing_through(decide: Callable[..., Decision]) -> None:
    BlockingRuleFactory(type="large_orders_by_hand", threshold_percent=None)
    with pytest.raises(LookupError, match="large_orders_by_hand: install its package again"):
        decide(make.SalesOrderFactory())


@pytest.mark.django_db
@pytest.mark.parametrize("type", ["", "Large", "large orders", "1st"])
def test_the_database_takes_codes_only(type: str) -> None:
    with pytest.raises(IntegrityError, match="rule_type_is_a_code"), transaction.atomic():
        BlockingRule.objects.create(code="R", type=type)


def test_a_package_that_cannot_be_loaded_keeps_the_process_from_starting(installed: Callable[[str], None]) -> None:
    with pytest.raises(ModuleNotFoundError, match="no_such_module"):
        installed("[credit_mgmt.rule_types]\nlarge = no_such_module:Large\n")


def test_a_type_that_is_taken_is_refused(installed: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(types, "large_orders_by_hand", types["sales_order"])
    with pytest.raises(ValueError, match="large_orders_by_hand is registered already"):
        installed()
