"""Limit adjustment journals (`domain 8`): numbers, lines, approval, posting, reversal, jobs."""

import datetime as dt
import itertools
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import Q
from django.db.models.expressions import RawSQL
from django_fsm import TransitionNotAllowed
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from credit_mgmt.journals import cancel_journals, create_journal
from credit_mgmt.journals.approval import (
    decide_journals,
    decide_lines,
    require_approval,
    return_to_draft,
    submit_journal,
)
from credit_mgmt.journals.jobs import KIND
from credit_mgmt.journals.lines import LineChange, change_lines, make_journal, refresh_lines, remove_lines
from credit_mgmt.journals.posting import KIND as POST_KIND
from credit_mgmt.journals.reversal import copy_journal, reverse_journal
from credit_mgmt.models import CreditAccount, LimitHistory, LimitJournal, LimitJournalLine, TemporaryLimit
from customers import jobs
from customers.access import Actor, Grant
from customers.errors import InvalidInput, Refused
from customers.models import Customer
from tests import factories as make
from tests.factories_credit import ACTOR, AT, TODAY, account_of, customer_with_limit, give_limit
from tests.factories_journals import UNTIL, a_journal, line, post, today

pytestmark = pytest.mark.django_db
SIGNED: dict[str, Any] = {"actor": ACTOR, "at": AT}
APPROVER = Actor("user", 7, "approver", (Grant("credit_manager", None),))


def refusal(call, **given) -> str:
    """The code with which a service refuses."""
    with pytest.raises(Refused) as refused:
        call(**given)
    return refused.value.code


def reload(journal: LimitJournal) -> LimitJournal:
    return LimitJournal.objects.get(pk=journal.pk)


def check_now() -> None:
    """Let the deferred constraints look now instead of at commit."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")


class TestNumbers:
    def test_have_no_gaps_and_name_the_legal_entity(self) -> None:
        make.LegalEntityFactory(code="DEMF")
        first = a_journal()
        with pytest.raises(InvalidInput):
            make_journal(legal_entity="USMF", type="credit_limit", lines=[line(Customer(), 5)], today=today, **SIGNED)
        cancel_journals(journals=[first.number], **SIGNED)
        numbers = [first.number, a_journal().number, a_journal(legal_entity="DEMF").number]
        assert numbers == ["USMF-000001", "USMF-000002", "DEMF-000001"]

    def test_belong_to_a_legal_entity_that_exists(self) -> None:
        with pytest.raises(InvalidInput, match="no legal entity"):
            create_journal(legal_entity="NONE", type="credit_limit", **SIGNED)


class TestLines:
    def test_remember_what_was_in_force_and_add_up(self) -> None:
        make.ExchangeRateFactory()
        group = make.CustomerCreditGroupFactory(currency=make.CurrencyFactory(code="EUR"))
        give_limit(group, "1000")
        journal = reload(a_journal(line(customer_with_limit("100"), 250), line(group, 600)))
        assert (journal.line_count, journal.increase, journal.decrease) == (2, 150, 500)  # 400 EUR at 1.25
        assert [one.current_limit for one in journal.lines.order_by("number")] == [100, 1000]

    def test_have_no_sum_where_a_rate_is_missing(self) -> None:
        group = make.CustomerCreditGroupFactory(currency=make.CurrencyFactory(code="EUR"))
        journal = reload(a_journal(line(group, 600)))
        assert (journal.line_count, journal.increase) == (1, None)

    def test_are_changed_refreshed_and_removed(self) -> None:
        customer, other = customer_with_limit("100"), customer_with_limit("100")
        journal = a_journal(line(customer, 200), line(other, 300))
        change = LineChange(1, new_limit=Decimal(-5), new_to=TODAY)
        change_lines(journal=journal.number, changes=[change], today=today, **SIGNED)
        first = journal.lines.get(number=1)
        assert (first.new_limit, first.new_to, first.problem) == (-5, TODAY, "error")
        give_limit(customer, "150")
        refresh_lines(journal=journal.number, numbers=[1], today=today, **SIGNED)
        assert journal.lines.get(number=1).current_limit == 150
        remove_lines(journal=journal.number, numbers=[1], today=today, **SIGNED)
        assert [one.number for one in journal.lines.all()] == [2]
        for bad in (LineChange(1), LineChange(2, new_limit=None)):
            with pytest.raises(InvalidInput):
                change_lines(journal=journal.number, changes=[bad], today=today, **SIGNED)

    def test_for_one_limit_twice_say_so_until_one_goes(self) -> None:
        customer = customer_with_limit("100")
        journal = a_journal(line(customer, 200), line(customer, 300))
        assert [one.problem for one in journal.lines.all()] == ["error", "error"]
        remove_lines(journal=journal.number, numbers=[1], today=today, **SIGNED)
        assert journal.lines.get().problem == ""

    def test_cost_the_same_statements_however_many_they_are(self, count_queries) -> None:
        owners = [customer_with_limit("100") for _ in range(12)]

        def make_lines(count: int) -> Any:
            lines = [line(owner, 200) for owner in owners[:count]]
            return lambda: make_journal(legal_entity="USMF", type="credit_limit", lines=lines, today=today, **SIGNED)

        make_lines(1)()  # what is cached is read
        assert count_queries(make_lines(1)) == count_queries(make_lines(12)) < 32


class TestPosting:
    def test_puts_limits_in_force_and_is_named_in_the_history(self) -> None:
        customer = customer_with_limit("100")
        posted = post(a_journal(line(customer, 250)))
        account = account_of(customer)
        assert (account.limit_amount, account.expires_on) == (Decimal(250), UNTIL)
        entry = LimitHistory.objects.order_by("-pk")[0]
        assert (entry.source, entry.journal, entry.journal_line) == ("journal", posted.number, 1)
        assert (reload(posted).status, reload(posted).posted_by) == ("posted", ACTOR.reference)
        assert refusal(post, journal=posted) == "already_posted"

    def test_needs_no_parameter_that_allows_editing_by_hand(self, parameters) -> None:
        parameters(allow_manual_editing_of_credit_limits=False)
        post(a_journal(line(customer_with_limit("100"), 250)))

    def test_of_a_group_hands_its_date_on_unless_a_member_has_a_line(self) -> None:
        """domain 3.4: in whatever order the lines stand"""
        for turn in (0, 1):
            group = make.CustomerCreditGroupFactory()
            follower, own = (customer_with_limit("0", credit_group=group) for _ in range(2))
            lines = [line(group, 900), line(own, 50, new_to=dt.date(2026, 12, 31))]
            post(a_journal(*(reversed(lines) if turn else lines)))
            dates = [account_of(owner).expires_on for owner in (group, follower, own)]
            assert dates == [UNTIL, UNTIL, dt.date(2026, 12, 31)]

    def test_of_a_repeated_value_is_no_change(self) -> None:
        customer = make.CustomerFactory()
        give_limit(customer, "100", expires_on=UNTIL)
        before = LimitHistory.objects.count()
        post(a_journal(line(customer, 100)))
        assert LimitHistory.objects.count() == before

    def test_sets_temporary_limits_where_that_is_the_type(self) -> None:
        customer = customer_with_limit("100")
        lines = [line(customer, 500, new_from=TODAY), line(customer, 800, new_from=UNTIL + dt.timedelta(days=1),
                 new_to=UNTIL + dt.timedelta(days=31))]  # fmt: skip
        posted = post(a_journal(*lines, type="temporary_credit_limit"))
        assert account_of(customer).limit_amount == 100
        made = TemporaryLimit.objects.order_by("valid_from")
        assert [(one.amount, one.journal, one.journal_line) for one in made] == [
            (500, posted.number, 1), (800, posted.number, 2),
        ]  # fmt: skip
        overlapping = a_journal(line(customer, 5, new_from=UNTIL), type="temporary_credit_limit")
        assert refusal(post, journal=overlapping) == "lines_refused"

    def test_names_an_old_version(self) -> None:
        journal = a_journal(line(customer_with_limit("100"), 250))
        assert refusal(post, journal=journal, version=1) == "stale"
        post(journal, version=journal.version)

    def test_twenty_lines_take_the_statements_of_one(self, count_queries) -> None:
        one, twenty = (a_journal(*(line(customer_with_limit("1"), 9) for _ in range(count))) for count in (1, 20))
        assert count_queries(lambda: post(one)) == count_queries(lambda: post(twenty)) < 48


LIMITS = st.lists(st.integers(0, 9), min_size=2, max_size=5)


@settings(
    max_examples=8, deadline=None, phases=[Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(LIMITS, st.data())
def test_posting_lines_in_any_order_gives_the_same_limits(limits: list[int], data: st.DataObject) -> None:
    """A law: with two members of a group that has a line, too."""
    group = make.CustomerCreditGroupFactory()
    owners = [customer_with_limit("5", credit_group=group if n < 2 else None) for n in range(len(limits))]
    lines = [line(group, 77), *(line(*pair) for pair in zip(owners, limits, strict=True))]
    found = []
    for ordered in (lines, data.draw(st.permutations(lines))):
        with transaction.atomic():
            post(a_journal(*ordered))
            mine = Q(customer__in=owners) | Q(group=group)
            rows = CreditAccount.objects.filter(mine).order_by("customer_id")
            found.append(list(rows.values_list("customer_id", "group_id", "limit_amount", "expires_on")))
            transaction.set_rollback(True)
    assert found[0] == found[1]


class TestApproval:
    """domain 11: honoured here, moved by the room of the workflows."""

    def test_a_journal_that_needs_it_is_not_posted_without(self) -> None:
        customer = customer_with_limit("100")
        journal = a_journal(line(customer, 250))
        require_approval(subject="journal", legal_entity="USMF", required=True, actor=ACTOR)
        assert refusal(post, journal=journal) == "not_approved"
        submit_journal(journal=journal.number, today=today, **SIGNED)
        assert reload(journal).status == "in_workflow"
        assert refusal(post, journal=journal) == "in_workflow"
        remove = {"journal": journal.number, "numbers": [1], "today": today, **SIGNED}
        assert refusal(remove_lines, **remove) == "in_workflow"
        decide: dict[str, Any] = {"journals": [journal.number], "approved": True, "at": AT}
        assert refusal(decide_journals, actor=ACTOR, **decide) == "own_submission"
        decide_journals(actor=APPROVER, **decide)
        post(journal)
        assert account_of(customer).limit_amount == 250

    def test_a_rejected_journal_goes_back_to_draft_and_begins_again(self) -> None:
        require_approval(subject="journal", legal_entity=None, required=True, actor=ACTOR)
        journal = a_journal(line(customer_with_limit("100"), 250))
        submit_journal(journal=journal.number, today=today, **SIGNED)
        decide_journals(journals=[journal.number], approved=False, actor=APPROVER, at=AT)
        assert refusal(post, journal=journal) == "journal_rejected"
        return_to_draft(journals=[journal.number], **SIGNED)
        draft = reload(journal)
        assert (draft.status, draft.submitted_by, draft.decided_by) == ("draft", "", "")

    def test_is_recalled_by_who_submitted(self) -> None:
        require_approval(subject="journal", legal_entity="USMF", required=True, actor=ACTOR)
        journal = a_journal(line(customer_with_limit("100"), 250))
        submit_journal(journal=journal.number, today=today, **(SIGNED | {"actor": APPROVER}))
        other = Actor("user", 8, "other", APPROVER.grants)
        assert refusal(return_to_draft, journals=[journal.number], actor=other, at=AT) == "not_your_submission"
        return_to_draft(journals=[journal.number], actor=APPROVER, at=AT)

    def test_line_by_line_each_line_needs_it(self) -> None:
        require_approval(subject="line", legal_entity="USMF", required=True, actor=ACTOR)
        journal = a_journal(*(line(customer_with_limit("100"), 250) for _ in range(2)))
        submit_journal(journal=journal.number, today=today, **SIGNED)
        decide: dict[str, Any] = {"journal": journal.number, "actor": APPROVER, "at": AT}
        decide_lines(numbers=[1], approved=True, **decide)
        whole: dict[str, Any] = {"journals": [journal.number], "approved": True, "actor": APPROVER, "at": AT}
        assert refusal(decide_journals, **whole) == "lines_wait"
        decide_lines(numbers=[2], approved=False, **decide)
        assert reload(journal).status == "approved"
        assert refusal(post, journal=journal) == "not_approved"

    def test_where_none_is_required_submitting_approves(self) -> None:
        journal = a_journal(line(customer_with_limit("100"), 250))
        assert submit_journal(journal=journal.number, today=today, **SIGNED).status == "approved"
        assert refusal(cancel_journals, journals=[journal.number], **SIGNED) == "journal_approved"

    def test_what_has_errors_or_no_lines_is_not_submitted(self) -> None:
        bad, empty = a_journal(line(customer_with_limit("100"), -1)), a_journal()
        codes = [refusal(submit_journal, journal=one.number, today=today, **SIGNED) for one in (bad, empty)]
        assert codes == ["lines_refused", "journal_is_empty"]
        assert [found["code"] for found in bad.lines.get().findings] == ["negative"]


class TestReversal:
    def test_restores_the_former_limits_with_their_dates(self) -> None:
        dated = make.CustomerFactory()
        give_limit(dated, "100", expires_on=dt.date(2026, 1, 31))
        blank = customer_with_limit("50")
        posted = post(a_journal(line(dated, 250), line(blank, 70)))
        reversal = reverse_journal(journal=posted.number, today=today, **SIGNED)
        assert refusal(reverse_journal, journal=posted.number, today=today, **SIGNED) == "already_reversed"
        post(reversal)
        found = [(account_of(one).limit_amount, account_of(one).expires_on) for one in (dated, blank)]
        assert found == [(100, dt.date(2026, 1, 31)), (50, None)]

    def test_takes_temporary_limits_back_from_today_on(self) -> None:
        customer = customer_with_limit("100")
        begun = line(customer, 500, new_from=TODAY - dt.timedelta(days=9), new_to=TODAY + dt.timedelta(days=9))
        posted = post(a_journal(begun, type="temporary_credit_limit"))
        post(reverse_journal(journal=posted.number, today=today, **SIGNED))
        assert TemporaryLimit.objects.get().withdrawn_from == TODAY

    def test_is_of_posted_journals_only_and_a_copy_of_any(self) -> None:
        customer = customer_with_limit("100")
        draft = a_journal(line(customer, 250))
        assert refusal(reverse_journal, journal=draft.number, today=today, **SIGNED) == "journal_not_posted"
        give_limit(customer, "120")
        copied = copy_journal(journal=draft.number, today=today, **SIGNED)
        [made] = copied.lines.all()
        assert (copied.origin, made.current_limit, made.new_limit) == ("copy", 120, 250)


class TestTheDatabase:
    def test_knows_the_edges_of_the_transition_methods(self) -> None:
        steps = ("submit", "approve", "reject", "reopen", "post", "cancel")
        for before, step in itertools.product(LimitJournal.Status.values, steps):
            journal = a_journal()
            with transaction.atomic():
                with connection.cursor() as cursor:
                    cursor.execute("SET LOCAL session_replication_role = replica")
                    LimitJournal.objects.filter(pk=journal.pk).update(status=before, posted_by="x", posted_at=AT)
                    cursor.execute("SET LOCAL session_replication_role = origin")
                journal = LimitJournal.objects.get(pk=journal.pk)
                try:
                    getattr(journal, step)()
                except TransitionNotAllowed:
                    continue
                LimitJournal.objects.filter(pk=journal.pk).update(status=journal.status)

    @pytest.mark.parametrize(
        ("statement", "constraint"),
        [
            ("UPDATE credit_mgmt_limitjournal SET description = 'x'", "never changes"),
            ("UPDATE credit_mgmt_limitjournalline SET new_limit = 5", "change in drafts"),
            ("DELETE FROM credit_mgmt_limitjournalline", "change in drafts"),
            ("DELETE FROM credit_mgmt_limitjournal", "append-only"),
            ("TRUNCATE credit_mgmt_limitjournal CASCADE", "append-only"),
        ],
    )
    def test_never_changes_what_is_posted(self, statement: str, constraint: str) -> None:
        post(a_journal(line(customer_with_limit("100"), 250)))
        check_now()
        with pytest.raises(IntegrityError, match=constraint), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)

    @pytest.mark.parametrize(
        ("change", "constraint"),
        [
            ({"group_id": "G1"}, "journal_line_for_a_customer_or_a_group"),
            ({"customer_id": None}, "journal_line_for_a_customer_or_a_group"),
            ({"new_to": None}, "journal_line_says_until_when"),
            ({"new_limit": RawSQL("'NaN'::numeric", ())}, "journal_line_new_limit_is_a_number"),
            ({"legal_entity_id": "DEMF"}, "within_entity"),
        ],
    )
    def test_refuses_what_is_no_line(self, change: dict[str, Any], constraint: str) -> None:
        make.LegalEntityFactory(code="DEMF")
        make.CustomerCreditGroupFactory(number="G1")
        journal = a_journal(line(customer_with_limit("100"), 250))
        check_now()
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
            LimitJournalLine.objects.filter(journal=journal).update(**change)

    def test_goes_along_no_other_edge_and_knows_four_eyes(self) -> None:
        journal = a_journal()
        for change, constraint in (
            ({"status": "rejected"}, "does not go from draft to rejected"),
            ({"number": "X-1"}, "keeps its number"),
            ({"submitted_by": "user:1", "decided_by": "user:1"}, "nobody_approves_a_journal_that_they_submitted"),
        ):
            with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
                LimitJournal.objects.filter(pk=journal.pk).update(**change)


@pytest.mark.django_db(transaction=True)
class TestJobs:
    """Thousands of lines are made and posted in the background, with progress."""

    HOW = {"source": "customers", "adjustment": "10", "value_type": "percentage", "new_to": "2027-12-31"}

    @pytest.fixture(autouse=True)
    def _day(self, settings) -> None:
        settings.CREDIT_TODAY = TODAY

    def run(self, kind: str, **parameters: Any) -> dict[str, Any]:
        job = jobs.start_job(kind, parameters, actor=ACTOR, now=AT)
        jobs.run_job(job.pk)
        job.refresh_from_db()
        assert job.status == "finished", job.message
        return dict(jobs.result(job))

    def test_generate_and_post(self, monkeypatch) -> None:
        monkeypatch.setattr("credit_mgmt.journals.jobs.PIECE", 2)
        owners = [customer_with_limit("100") for _ in range(5)]
        customer_with_limit("100", excluded=True)
        journal = a_journal()
        made = self.run(KIND, journal=journal.number, **self.HOW)
        assert made == {"added": 5, "left_out": {"excluded": 1}}
        assert self.run(KIND, journal=journal.number, **self.HOW)["left_out"] == {"in_journal": 5, "excluded": 1}
        assert self.run(POST_KIND, journal=journal.number) == {"posted": 5, "failed": []}
        assert {account_of(owner).limit_amount for owner in owners} == {110}
        [failed] = self.run(POST_KIND, journal=journal.number)["failed"]
        assert (failed["id"], failed["code"]) == (journal.number, "already_posted")

    def test_parameters_that_make_no_sense_start_nothing(self) -> None:
        journal = a_journal().number
        for kind, parameters in (
            (KIND, {"journal": journal}),
            (KIND, {"journal": journal, **self.HOW, "adjustment": "much"}),
            (KIND, {"journal": "NONE", **self.HOW}),
            (POST_KIND, {"journal": journal, "colour": "red"}),
        ):
            with pytest.raises(InvalidInput):
                jobs.start_job(kind, parameters, actor=ACTOR, now=AT)
