"""What ends within thirty days is told once (`credit_mgmt.limits.notices`)."""

import datetime as dt
from typing import Any

import pytest

from credit_mgmt import tasks
from credit_mgmt.conf.celery import app
from credit_mgmt.limits.notices import tell_of_expiries
from credit_mgmt.limits.temporary import Withdrawal, withdraw_temporary_limits
from credit_mgmt.models import CoverPolicy, PolicyType
from customers.models import Customer, OutboxEvent
from tests import factories as make
from tests.factories_credit import ACTOR, AT, TODAY, customer_with_limit, give_limit, give_temporary_limit

pytestmark = pytest.mark.django_db


def days(number: int) -> dt.date:
    return TODAY + dt.timedelta(days=number)


def tell(day: dt.date = TODAY, **others: dt.date) -> int:
    return tell_of_expiries(today={"USMF": day, **others}, at=AT)


def told() -> list[tuple[str, dict[str, Any]]]:
    events = OutboxEvent.objects.filter(type="expires_soon").order_by("sequence")
    return [(event.subject, event.data) for event in events]


def cover(customer: Customer, expires_on: dt.date) -> CoverPolicy:
    kind, _ = PolicyType.objects.get_or_create(code="BANK", identifier="guarantee")
    return CoverPolicy.objects.create(
        customer=customer, identifier="guarantee", type=kind, effective_on=days(-100), expires_on=expires_on,
        value=500, currency_id="USD", update_percent=100,
    )  # fmt: skip


@pytest.mark.parametrize(("ends_in", "notices"), [(-1, 0), (0, 1), (30, 1), (31, 0)])
def test_a_limit_that_expires_within_thirty_days_is_told(ends_in: int, notices: int) -> None:
    customer = customer_with_limit("100")
    give_limit(customer, "100", expires_on=days(ends_in))
    assert tell() == notices
    data = {"what": "limit", "expires_on": days(ends_in).isoformat(), "amount": "100.00", "currency": "USD"}
    assert told() == [(customer.key, data)] * notices


def test_so_are_temporary_limits_cover_and_groups() -> None:
    customer = customer_with_limit("100")
    give_temporary_limit(customer, "250", days(0), days(7))
    cover(customer, days(5))
    group = make.CustomerCreditGroupFactory()
    give_limit(group, "1000")
    give_limit(group, "1000", expires_on=days(9))
    assert tell() == 3
    found = {(subject, data["what"], data["expires_on"]) for subject, data in told()}
    assert found == {
        (customer.key, "temporary_limit", days(7).isoformat()),
        (customer.key, "cover", days(5).isoformat()),
        (f"group:{group.number}", "limit", days(9).isoformat()),
    }


def test_what_has_not_begun_was_taken_back_or_never_ends_is_not_told() -> None:
    customer = customer_with_limit("100")
    give_temporary_limit(customer, "250", days(10), days(20))
    limit = give_temporary_limit(customer, "250", days(-5), days(5))
    withdraw_temporary_limits(withdrawals=[Withdrawal(limit.pk, journal="ADJ-2")], actor=ACTOR, at=AT, as_of=TODAY)
    give_limit(customer, "0", unlimited=True, expires_on=days(3))
    assert tell() == 0


def test_each_last_day_is_told_once() -> None:
    customer = customer_with_limit("100")
    give_limit(customer, "100", expires_on=days(10))
    assert (tell(), tell(), tell(days(5))) == (1, 0, 0)
    give_limit(customer, "100", expires_on=days(20))
    assert tell(days(5)) == 1


def test_each_legal_entity_has_its_own_day() -> None:
    for code in ("USMF", "JPMF"):
        customer = customer_with_limit("100", legal_entity=make.LegalEntityFactory(code=code))
        give_limit(customer, "100", expires_on=days(31))
    assert tell(JPMF=days(1)) == 1
    assert [subject.partition(":")[0] for subject, _ in told()] == ["JPMF"]


def test_it_runs_every_hour() -> None:
    entry = app.conf.beat_schedule["tell of expiries"]
    assert (entry["task"], entry["schedule"]) == (tasks.tell_of_expiries.name, 3600.0)


def test_the_task_tells_by_the_clock(settings: Any) -> None:
    settings.CREDIT_TODAY = TODAY
    give_limit(customer_with_limit("100"), "100", expires_on=days(10))
    tasks.tell_of_expiries()
    assert len(told()) == 1
