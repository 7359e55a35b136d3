"""Two administrators at once: one of them wins, the other is told, and nobody's change is lost unseen.

The protection is taken away once, to see that the test would notice.
"""

import pytest

from credit_mgmt.models import Parameters
from credit_mgmt.parameter_setup import parameters_version, save_parameters
from customers import setup
from customers.access import system_actor
from customers.errors import Refused
from customers.models import AccountStatus
from customers.setup import records
from tests.factories_holds import an_entity
from tests.reliability.races import RACERS, ROUNDS, race

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
ADMINISTRATOR = system_actor("tests")
STATUS = {"kind": "account-statuses", "key": "WATCH"}


@pytest.fixture
def status() -> None:
    setup.add_record(kind="account-statuses", values={"code": "WATCH"}, actor=ADMINISTRATOR)


def describe(number: int, seen: int):
    values = {"description": f"By {number} of {seen}"}
    return lambda: setup.change_record(**STATUS, values=values, seen=seen, actor=ADMINISTRATOR)


def winners(outcomes: list) -> int:
    """How many were saved; the others were told that they came too late."""
    late = [one for one in outcomes if isinstance(one, Exception)]
    assert [one for one in late if not (isinstance(one, Refused) and one.code == "stale")] == []
    return len(outcomes) - len(late)


def test_of_many_who_change_a_record_at_once_one_wins(status):
    for _ in range(ROUNDS):
        seen = setup.version_of("account-statuses", "WATCH")
        assert winners(race([describe(number, seen) for number in range(RACERS)])) == 1
        assert setup.version_of("account-statuses", "WATCH") == seen + 1


def test_without_the_look_at_the_end_others_would_be_overwritten(status, monkeypatch):
    """sabotage"""
    monkeypatch.setattr(records, "refuse_overtaken", lambda *_, **__: None)
    seen = setup.version_of("account-statuses", "WATCH")
    assert winners(race([describe(number, seen) for number in range(RACERS)])) > 1
    assert AccountStatus.objects.get(code="WATCH").description.startswith("By ")


def test_of_two_who_change_parameters_and_checkpoints_at_once_one_wins():
    """they write different tables: what they have in common is the row's history"""
    an_entity()
    for number in range(ROUNDS):
        seen = parameters_version(None)
        days = [{"document": "invoice", "posting": True, "grace_days": number}]

        def months(seen=seen, number=number):
            return save_parameters(
                legal_entity=None, values={"dso_1_months": 20 + number}, actor=ADMINISTRATOR, seen=seen
            )

        def grace(seen=seen, days=days):
            return save_parameters(legal_entity=None, values={"checkpoints": days}, actor=ADMINISTRATOR, seen=seen)

        assert winners(race([months, grace])) == 1
    row = Parameters.objects.get(legal_entity=None)
    numbers = list(setup.history_of("parameters", "default").values_list("version", flat=True))
    assert numbers == list(range(len(numbers), 0, -1))
    assert row.checkpoints.exists()


def test_who_names_no_version_is_never_refused_and_each_change_has_its_number():
    """the API: two feeds of parameters come one after the other"""
    an_entity()
    save_parameters(legal_entity="USMF", values={}, actor=ADMINISTRATOR)
    before = parameters_version("USMF")

    def patch(number: int):
        values = {"dso_1_months": 20 + number}
        return lambda: save_parameters(legal_entity="USMF", values=values, actor=ADMINISTRATOR)

    outcomes = race([patch(number) for number in range(RACERS)])
    assert [one for one in outcomes if isinstance(one, Exception)] == []
    assert before < parameters_version("USMF") <= before + RACERS
