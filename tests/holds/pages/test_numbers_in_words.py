"""Figures in chips, sentences, remedies and outcomes are written as their reader chose; what is kept never is."""

from decimal import Decimal

import pytest

from customers import jobs, numbers
from customers.models import Preferences
from holds.evaluation import start_evaluation
from holds.models import Hold, HoldReason
from holds.outcomes import Filter, outcomes
from tests.factories_credit import give_limit
from tests.factories_holds import NOW, a_customer, a_rule, a_user, an_order, held

pytestmark = pytest.mark.django_db


def shown(answer) -> str:
    return answer.content.decode()


def reads(style: str) -> None:
    Preferences.objects.update_or_create(user_id=a_user("clerk").user_id or 0, defaults={"number_style": style})


@pytest.fixture
def hold(world):
    """Held above 50,000, with 1,005 of a limit of 1,000 used before."""
    a_rule("sales_order", amount=Decimal("50000.00"), currency_id="USD")
    return held(an_order(a_customer(limit="60000"), "60281.40", "SO-1"))


@pytest.mark.parametrize(
    ("style", "texts"),
    [
        ("comma_point", ("50,000", "100.5 %", "60,281.40 USD", "+281.40 USD")),
        ("point_comma", ("50.000", "100,5 %", "60.281,40 USD", "+281,40 USD")),
        ("apostrophe_point", ("50’000", "100.5 %", "60’281.40 USD", "+281.40 USD")),
    ],
)
def test_a_hold_reads_as_its_reader_chose(clerk, hold, style, texts):
    reads(style)
    threshold, percent, value, more = texts
    rows = shown(clerk.get("/holds/"))
    assert f"<strong>{threshold}</strong>" in rows
    assert f"<strong>{percent}</strong>" in rows
    page = shown(clerk.get(f"/holds/{hold.number}/"))
    assert f"Order value {value}" in page
    assert more in page
    assert f"Order value {value}" in shown(clerk.get("/orders/USMF/SO-1/credit-panel/"))


def test_what_is_kept_is_the_same_whoever_asked(clerk, world):
    """The order is checked in a request of somebody who writes commas before decimals."""
    reads("point_comma")
    an_order(a_customer(limit="1000"), "1234.5", "SO-1")
    clerk.post("/orders/USMF/SO-1/post/", {"document": "confirmation"})
    [hold] = Hold.objects.all()
    [reason] = HoldReason.objects.all()
    assert "1,234.50 USD" in reason.message
    assert hold.chips[0]["number"] == "123 %"


def test_files_stay_as_machines_read_them(clerk, hold):
    reads("point_comma")
    answer = clerk.get("/holds/export/?format=csv")
    assert "Order > 50,000" in shown(answer)


@pytest.mark.django_db(transaction=True)
def test_the_outcome_of_a_run_keeps_its_figures_apart(clerk, hold):
    give_limit(hold.payer, "70000")
    job = start_evaluation(parameters={}, actor=a_user("clerk"), now=NOW)
    jobs.run_job(job.pk)
    [row] = outcomes(job, Filter({})).rows
    assert "Limit 100.5 %" in row["before_words"]
    reads("point_comma")
    page = shown(clerk.get(f"/jobs/{job.pk}/"))
    assert "Limit 100,5 %" in page
    assert "Order &gt; 50.000" in page


def test_a_run_from_before_keeps_its_words():
    from holds.words import read_words

    with numbers.override("point_comma"):
        assert read_words(["Overdue 9,139", "Terms: N30"], []) == ["Overdue 9,139", "Terms: N30"]
        assert read_words(["Overdue 9,139", "Terms: N30"], ["9,139", ""]) == ["Overdue 9.139", "Terms: N30"]
