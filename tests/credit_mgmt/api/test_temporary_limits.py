"""Temporary limits and the limit history, as a client of `api.md` meets them."""

import datetime as dt

import pytest

from credit_mgmt.models import TemporaryLimit
from tests import factories as make
from tests import factories_credit as credit
from tests.api_client import Api, client, everything

pytestmark = pytest.mark.django_db
MARCH = (dt.date(2026, 3, 1), dt.date(2026, 3, 31))


@pytest.fixture
def api(settings: object) -> Api:
    settings.CREDIT_TODAY = credit.TODAY  # type: ignore[attr-defined]
    customer = credit.customer_with_limit("10000", legal_entity=make.LegalEntityFactory(), account="US-1")
    credit.give_temporary_limit(customer, "12500", *MARCH)
    return everything()


def test_they_are_listed_with_period_and_journal(api: Api) -> None:
    [limit] = api.get("temporary-limits?customer=USMF:US-1").is_(200)["results"]
    assert (limit["limit"], limit["currency"], limit["valid_from"], limit["valid_to"]) == (
        "12500.00", "USD", "2026-03-01", "2026-03-31",
    )  # fmt: skip
    assert (limit["journal"], limit["journal_line"], limit["withdrawn_from"]) == ("ADJ-1", 1, None)
    assert api.get("temporary-limits?valid_to_min=2026-04-01").is_(200)["results"] == []


def test_nothing_but_a_journal_writes_them(api: Api) -> None:
    limit = {"customer": "USMF:US-1", "limit": "1.00", "valid_from": "2026-05-01", "valid_to": "2026-05-31"}
    assert api.post("temporary-limits", limit).status == 405
    assert TemporaryLimit.objects.count() == 1


def test_the_history_tells_of_them(api: Api) -> None:
    [entry] = api.get("limit-history?kind=temporary").is_(200)["results"]
    assert (entry["source"], entry["journal"], entry["journal_line"], entry["limit"]) == (
        "journal", "ADJ-1", 1, "10000.00",
    )  # fmt: skip
    assert entry["temporary_limit"] == {
        "limit": "12500.00", "valid_from": "2026-03-01", "valid_to": "2026-03-31", "withdrawn_from": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("day", "temporary", "total"), [("31", "12500.00", "12500.00"), ("01", "12500.00", "12500.00")]
)
def test_the_position_shows_base_and_temporary(api: Api, day: str, temporary: str, total: str) -> None:
    shown = api.get(f"customers/USMF:US-1/credit?date=2026-03-{day}").is_(200)
    assert (shown["base_limit"], shown["temporary_limit"], shown["total_limit"]) == ("10000.00", temporary, total)
    after = api.get("customers/USMF:US-1/credit?date=2026-04-01").is_(200)
    assert (after["temporary_limit"], after["total_limit"]) == (None, "10000.00")


def test_those_of_other_legal_entities_and_of_groups_with_a_member_there_do_not_exist(api: Api) -> None:
    germany = make.LegalEntityFactory(code="DEMF")
    group = make.CustomerCreditGroupFactory()
    for entity in (germany, make.LegalEntityFactory(code="FRMF")):
        make.CustomerFactory(legal_entity=entity, credit_group=group)
    credit.give_limit(group, "1")
    credit.give_temporary_limit(group, "2", *MARCH)

    def seen(*entities: str) -> list[str | None]:
        rows = client("-".join(entities), "auditor", *entities).get("temporary-limits").is_(200)["results"]
        return [row["credit_group"] or row["customer"] for row in rows]

    assert seen("DEMF") == []
    assert seen("DEMF", "FRMF") == [group.number]
    assert seen("USMF") == ["USMF:US-1"]
