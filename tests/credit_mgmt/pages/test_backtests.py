"""Backtests on pages (`ux` 3.10): asked for, followed, read, and the orders behind each figure."""

import csv
import datetime as dt
import io
import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from credit_mgmt.models import Parameters, RuleVersion
from customers import jobs
from customers.models import Job, Role
from tests import factories as make
from tests.credit_mgmt.backtests.world import (
    NOTHING,
    NOW,
    TODAY,
    a_customer,
    check,
    draft_of,
    invoice,
    orders_of,
    run,
    settle,
    start,
)
from tests.factories_credit import BlockingRuleFactory
from tests.factories_holds import a_user

pytestmark = pytest.mark.django_db

DUE = TODAY - dt.timedelta(days=69)


def signed_in(role: str = Role.CREDIT_ADMINISTRATOR, entity: str | None = None) -> Client:
    client = Client()
    actor = a_user(f"{role}-{entity or 'all'}", role, entity)
    client.force_login(get_user_model().objects.get(username=actor.name))
    return client


@pytest.fixture(autouse=True)
def today(settings: Any) -> None:
    settings.CREDIT_TODAY = TODAY


@pytest.fixture
def rule() -> RuleVersion:
    """DO-07 with a draft: 2 orders stopped by both, 4 by the draft alone; of these 3 paid on time, 1 over its limit."""
    rule: RuleVersion = BlockingRuleFactory(type="days_overdue", days=60, name="DO-07")
    BlockingRuleFactory(name="CLU-01")
    make.LegalEntityFactory(code="DEMF")
    late, new, over = a_customer(70), a_customer(45), a_customer(45, limit=NOTHING)
    orders = orders_of(late, [100, 200]) + orders_of(new, [300, 400, 500]) + orders_of(over, [600])
    check([*orders, *orders_of(a_customer(), [50])])
    for order in orders[2:5]:
        settle(invoice(order, DUE), DUE)
    draft_of(rule, days=30)
    return rule


@pytest.fixture
def finished(rule: RuleVersion) -> Job:
    job = start(rule=str(rule.rule_id))
    run(job)
    return job


def text_of(answer: Any) -> str:
    plain = re.sub(r"<[^>]+>", " ", answer.content.decode())
    return " ".join(plain.split())


class TestTheResult:
    def test_says_what_changes_and_what_it_means(self, rule: RuleVersion, finished: Job) -> None:
        said = text_of(signed_in().get(f"/rules/{rule.rule.code}/backtest/"))
        for words in (
            "Orders stopped 2 6 +4 0.02 a day, 1,800.00 USD delayed",
            "Paid on time Paid by the due date or up to 30 days after it 0 3 +3 good customers stopped",
            "Already stopped by another rule or check 0 1 +1 so new work is 3 orders",
            "7 orders: 100 % exact from stored checks, 0 % rebuilt from invoices.",
            "See the 4 newly stopped", "See the 3 good customers",
        ):  # fmt: skip
            assert words in said

    def test_stands_at_an_address_of_its_own(self, finished: Job) -> None:
        answer = signed_in().get(f"/backtests/{finished.pk}/")
        assert "Orders stopped" in text_of(answer)
        assert "DO-07" in text_of(answer)

    def test_says_when_the_draft_or_what_counts_changed_since(self, rule: RuleVersion, finished: Job) -> None:
        client, address = signed_in(), f"/backtests/{finished.pk}/"
        assert "changed since" not in text_of(client.get(address))
        parameters = Parameters.objects.get(legal_entity=None)
        parameters.decision_retention_days += 1
        parameters.save()
        assert "Rules or parameters were changed since" in text_of(client.get(address))
        draft_of(rule, days=20)
        assert "The draft was changed since" in text_of(client.get(address))

    def test_without_history_it_says_so(self) -> None:
        rule = BlockingRuleFactory(name="DO-08")
        run(start(rule=str(rule.rule_id)))
        said = text_of(signed_in().get(f"/rules/{rule.rule.code}/backtest/"))
        assert "No order was checked or invoiced in these days" in said
        assert "No checks are stored yet" in said

    def test_where_history_begins_later_it_says_so(self, rule: RuleVersion, finished: Job) -> None:
        assert "Stored checks begin on 12 Aug 2026" in text_of(signed_in().get(f"/backtests/{finished.pk}/"))


class TestAsking:
    def test_starts_a_run_and_follows_it(self, rule: RuleVersion) -> None:
        client = signed_in()
        answer = client.post(f"/rules/{rule.rule.code}/backtest/", {"days": "90", "to": TODAY.isoformat()}, follow=True)
        [job] = Job.objects.filter(kind="backtest_rules")
        assert job.parameters["days"] == 90
        panel = f"/backtests/{job.pk}/"
        assert f'hx-get="{panel}"' in answer.content.decode()
        jobs.run_job(job.pk, at=lambda: NOW)
        part = client.get(panel, headers={"HX-Request": "true"}).content.decode()
        assert "hx-get" not in part
        assert "Orders stopped" in part
        assert "<html" not in part

    @pytest.mark.parametrize(
        ("given", "said"),
        [
            ({"days": "0"}, "greater than or equal to 1"),
            ({"days": "10000"}, "less than or equal to 730"),
            ({"days": "many"}, "whole number"),
            ({"to": "2026-11-21"}, "The last day is today or before."),
            ({"to": "soon"}, "valid date"),
            ({"legal_entity": "NOPE"}, "not one of the available choices"),
        ],
    )  # fmt: skip
    def test_refuses_with_the_remedy_and_keeps_what_was_typed(
        self, rule: RuleVersion, given: dict[str, str], said: str
    ) -> None:
        values = {"days": "77", "to": TODAY.isoformat(), **given}
        answer = signed_in().post(f"/rules/{rule.rule.code}/backtest/", values)
        assert answer.status_code == 422
        assert said in text_of(answer)
        assert f'value="{values["days"]}"' in answer.content.decode()
        assert not Job.objects.filter(kind="backtest_rules").exists()

    def test_a_cancelled_run_can_be_asked_for_again(self, rule: RuleVersion) -> None:
        client, job = signed_in(), start(rule=str(rule.rule_id))
        client.post(f"/jobs/{job.pk}/cancel/")
        answer = client.get(f"/rules/{rule.rule.code}/backtest/?run={job.pk}")
        assert "Cancelled by" in text_of(answer)
        assert "Run backtest" in text_of(answer)


class TestTheOrdersBehindAFigure:
    @pytest.mark.parametrize(
        ("query", "amounts"),
        [
            ("", [600, 500, 400, 300, 200, 100]),
            ("?stopped=now", [200, 100]),
            ("?stopped=new", [600, 500, 400, 300]),
            ("?stopped=gone", []),
            ("?stopped=new&became=on_time", [500, 400, 300]),
            ("?stopped=then&otherwise=yes", [600]),
            ("?otherwise=no&sort=value", [100, 200, 300, 400, 500]),
            ("?released=then", []),
            ("?stopped=perhaps", [600, 500, 400, 300, 200, 100]),
        ],
    )
    def test_are_those_that_were_counted(self, finished: Job, query: str, amounts: list[int]) -> None:
        client = signed_in()
        answer = client.get(f"/backtests/{finished.pk}/orders/{query}")
        shown = [item["row"].value for item in answer.context["rows"]]
        assert shown == amounts
        joint = "&" if query else "?"
        content = client.get(f"/backtests/{finished.pk}/orders/{query}{joint}format=csv").getvalue()
        rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))
        assert sorted(row["value"] for row in rows) == sorted(f"{amount}.00" for amount in amounts)

    def test_every_figure_links_to_as_many(self, rule: RuleVersion, finished: Job) -> None:
        client = signed_in()
        page = client.get(f"/rules/{rule.rule.code}/backtest/").content.decode()
        links = re.findall(rf'href="(/backtests/{finished.pk}/orders/\?stopped=[^"]+)">(\d+)</a>', page)
        assert len(links) == 6
        for url, count in links:
            assert len(client.get(url.replace("&amp;", "&")).context["rows"]) == int(count), url

    def test_take_eight_queries_at_most(self, finished: Job) -> None:
        client = signed_in()
        client.get(f"/backtests/{finished.pk}/orders/")
        with CaptureQueriesContext(connection) as captured:
            client.get(f"/backtests/{finished.pk}/orders/")
        assert len(captured) <= 8, [query["sql"][:90] for query in captured]


class TestWhoMay:
    @pytest.fixture
    def addresses(self, rule: RuleVersion, finished: Job) -> list[str]:
        return [f"/rules/{rule.rule.code}/backtest/", f"/backtests/{finished.pk}/", f"/backtests/{finished.pk}/orders/"]

    @pytest.mark.parametrize(
        ("role", "status"),
        [
            (Role.VIEWER, 200), (Role.AUDITOR, 200), (Role.CREDIT_CLERK, 200), (Role.CREDIT_MANAGER, 200),
            (Role.CREDIT_ADMINISTRATOR, 200), (Role.APPROVER, 200), (Role.SALES_VIEWER, 403),
        ],
    )  # fmt: skip
    def test_reads_with_exposure_alone(self, addresses: list[str], role: str, status: int) -> None:
        client = signed_in(role)
        assert [client.get(address).status_code for address in addresses] == [status] * 3

    def test_a_run_over_more_legal_entities_than_ones_own_does_not_exist(self, addresses: list[str]) -> None:
        client = signed_in(Role.CREDIT_MANAGER, "USMF")  # the run was over all
        assert [client.get(address).status_code for address in addresses[1:]] == [404, 404]
        assert "Orders stopped" not in text_of(client.get(addresses[0]))

    @pytest.mark.parametrize("address", ["/backtests/{}/", "/backtests/{}/orders/", "/rules/{}/backtest/"])
    def test_what_there_is_not_is_not_found(self, address: str) -> None:
        assert signed_in().get(address.format(uuid.uuid4())).status_code == 404

    def test_an_unread_run_is_not_found(self, rule: RuleVersion) -> None:
        assert signed_in().get(f"/rules/{rule.rule.code}/backtest/?run=x").status_code == 404


def test_the_page_takes_few_queries(
    rule: RuleVersion, finished: Job, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    client = signed_in()
    client.get(f"/rules/{rule.rule.code}/backtest/")
    with django_assert_max_num_queries(14):
        client.get(f"/rules/{rule.rule.code}/backtest/")
