"""What posting lines of an adjustment journal would do to holds (`ux.md` 3.8), and what it really does."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from credit_mgmt.journals import create_journal
from credit_mgmt.journals.effects import WholeEffect, effect_of
from credit_mgmt.journals.exposures import Consequence, consequences_of
from credit_mgmt.journals.lines import LineInput, add_lines
from credit_mgmt.journals.posting import post_journal
from credit_mgmt.models import LimitJournal
from customers.access import Actor, Grant
from customers.models import CustomerMark
from holds.journal_effects import HoldEffects, hold_effects
from holds.models import Hold
from holds.reevaluation import recheck_marked
from tests.factories_holds import (
    DAY,
    NOW,
    SYSTEM,
    a_customer,
    a_group,
    a_rule,
    an_entity,
    an_invoice,
    an_order,
    held,
    parameters,
    post,
    today,
)

pytestmark = pytest.mark.django_db
UNTIL = dt.date(2027, 12, 31)
SIGNED: dict[str, Any] = {"actor": SYSTEM, "at": NOW}


def a_journal(*lines: LineInput, type: str = "credit_limit") -> LimitJournal:
    made = create_journal(legal_entity="USMF", type=type, **SIGNED)
    return add_lines(journal=made.number, lines=lines, today=today, **SIGNED)


def a_line(customer: str, limit: str, **dates) -> LineInput:
    return LineInput(customer=f"USMF:{customer}", new_limit=Decimal(limit), new_to=UNTIL, **dates)


def effects(journal: LimitJournal) -> HoldEffects:
    return hold_effects(journal, list(journal.lines.order_by("number")), today=today)


def consequences(journal: LimitJournal) -> list[Consequence]:
    lines = list(journal.lines.order_by("number"))
    return list(consequences_of(journal, lines, today=DAY).values())


def test_a_raise_clears_the_hold_and_a_cut_stops_what_had_passed():
    a_rule()
    customer = a_customer(limit="1000")
    passed, stopped = an_order(customer, "900"), an_order(customer, "400")
    post(passed)
    held(stopped)
    raised, cut = a_journal(a_line("US-001", "1500")), a_journal(a_line("US-001", "800"))
    [effect] = effects(raised).by_line.values()
    assert (effect.cleared, effect.placed, effect.net) == ([stopped.key], [], -1)
    [effect] = effects(cut).by_line.values()
    assert (effect.cleared, effect.placed, effect.net) == ([], [passed.key], 1)


def test_what_overdue_invoices_hold_stays_held():
    """Whole holds are counted, not reasons."""
    a_rule()
    a_rule("days_overdue", days=30)
    customer = a_customer(limit="100")
    an_invoice(customer, "50", due=DAY - dt.timedelta(days=60))
    held(an_order(customer, "400"))
    [effect] = effects(a_journal(a_line("US-001", "5000"))).by_line.values()
    assert effect.net == 0


def test_a_group_line_is_counted_with_all_its_members_and_a_member_with_its_own():
    a_rule()
    parameters(check_customer_credit_groups_credit_limit=True)
    group = a_group("G1", limit="100")
    first, second = (a_customer(f"M-{n}", limit="0", credit_group=group) for n in (1, 2))
    stopped = [an_order(first, "300"), an_order(second, "300")]
    for order in stopped:
        held(order)
    of_group = LineInput(credit_group="G1", new_limit=Decimal(500), new_to=UNTIL)
    [effect] = effects(a_journal(of_group)).by_line.values()
    assert effect.cleared == [stopped[0].key]  # the first takes what the second would need
    both = effects(a_journal(of_group, a_line("M-2", "50"))).by_line
    assert (both[1].cleared, both[2].cleared) == ([stopped[0].key], [])


def test_what_is_said_is_what_happens_once_the_journal_is_posted():
    """Issue 4.7: after a posting that raises a limit, affected holds are evaluated in the background."""
    a_rule()
    customer = a_customer(limit="100")
    hold = held(an_order(customer, "400"))
    journal = a_journal(a_line("US-001", "1000"))
    assert effects(journal).by_line[1].net == -1
    post_journal(journal=journal.number, today=today, **SIGNED)
    [cause] = CustomerMark.objects.get(customer=customer).causes
    assert (cause["kind"], cause["subject"]) == ("limit_raised", "USMF:US-001")
    CustomerMark.objects.update(due_at=NOW - dt.timedelta(days=1))
    recheck_marked(at=lambda: NOW, today={"USMF": DAY})
    assert Hold.objects.get(pk=hold.pk).ready_to_release


def test_exposure_and_use_are_those_of_a_check_with_the_line_in_force():
    customer = a_customer(limit="1000")
    an_invoice(customer, "600")
    [shown] = consequences(a_journal(a_line("US-001", "800")))
    assert (shown.exposure, shown.total_after, shown.used_after) == (600, 800, 75)
    assert (shown.takes_effect, shown.falls_below, shown.now_limit) == (DAY, False, 1000)
    [shown] = consequences(a_journal(a_line("US-001", "500")))
    assert (shown.used_after, shown.falls_below) == (120, True)
    [shown] = consequences(a_journal(a_line("US-001", "0")))
    assert (shown.used_after, shown.falls_below) == (None, True)


def test_a_line_takes_effect_when_the_temporary_limit_ends():
    """`ux.md` 3.8: the cell says so."""
    customer = a_customer(limit="1000")
    an_invoice(customer, "600")
    last = DAY + dt.timedelta(days=10)
    temporary = a_line("US-001", "5000", new_from=DAY)
    temporary = LineInput(temporary.customer, None, temporary.new_limit, DAY, last)
    set_by = a_journal(temporary, type="temporary_credit_limit")
    [shown] = consequences(set_by)
    assert (shown.takes_effect, shown.used_after) == (DAY, 12)
    post_journal(journal=set_by.number, today=today, **SIGNED)
    [shown] = consequences(a_journal(a_line("US-001", "800")))
    assert (shown.takes_effect, shown.used_after) == (last + dt.timedelta(days=1), 75)


class TestTheWholeJournal:
    """`ux.md` 3.8: before posting, what all lines would do, or in words why that isn't counted."""

    @staticmethod
    def whole(journal: LimitJournal, actor: Actor = SYSTEM) -> WholeEffect:
        return effect_of(LimitJournal.objects.get(pk=journal.pk), actor=actor, today=today, holds=hold_effects)

    def test_adds_up_what_its_lines_clear_stop_and_leave_below_the_exposure(self):
        a_rule()
        orders = []
        for name, limit in (("C-1", "1000"), ("C-2", "1000"), ("C-3", "1000")):
            customer = a_customer(name, limit=limit)
            passed, stopped = an_order(customer, "900"), an_order(customer, "400")
            post(passed)
            held(stopped)
            orders.append((passed.key, stopped.key))
        effect = self.whole(a_journal(a_line("C-1", "1500"), a_line("C-2", "800"), a_line("C-3", "2000")))
        assert (effect.lines, effect.looked, effect.counted) == (3, True, True)
        assert effect.cleared == (orders[0][1], orders[2][1])
        assert effect.placed == (orders[1][0],)
        assert [(row.line.number, row.found.total_after) for row in effect.below] == [(2, 800)]

    def test_says_that_holds_are_not_counted_where_too_many_orders_draw_on_its_limits(self, monkeypatch):
        monkeypatch.setattr("holds.journal_effects.MOST_ORDERS", 0)
        a_rule()
        customer = a_customer(limit="100")
        an_invoice(customer, "60")
        held(an_order(customer, "400"))
        effect = self.whole(a_journal(a_line("US-001", "50")))
        assert (effect.looked, effect.counted, effect.cleared, len(effect.below)) == (True, False, (), 1)

    def test_is_not_looked_at_where_it_has_too_many_lines(self, monkeypatch, django_assert_num_queries):
        monkeypatch.setattr("credit_mgmt.journals.effects.MOST_LINES", 0)
        a_customer(limit="100")
        journal = a_journal(a_line("US-001", "50"))
        with django_assert_num_queries(1):
            assert not self.whole(journal).looked

    def test_leaves_out_groups_whose_figures_the_reader_does_not_see(self):
        a_rule()
        parameters(check_customer_credit_groups_credit_limit=True)
        group = a_group("G1", limit="100")
        member = a_customer("M-1", limit="0", credit_group=group)
        a_customer("M-2", entity=an_entity("DEMF"), limit="0", credit_group=group)
        held(an_order(member, "300"))
        journal = a_journal(LineInput(credit_group="G1", new_limit=Decimal(500), new_to=UNTIL))
        reader = Actor("user", 1, "reader", (Grant("credit_manager", "USMF"),))
        assert len(self.whole(journal).cleared) == 1
        effect = self.whole(journal, reader)
        assert (effect.hidden, effect.cleared, effect.below) == (1, (), ())

    def test_costs_the_same_statements_for_one_line_and_for_many(self, django_assert_max_num_queries):
        a_rule()
        for n in range(6):
            held(an_order(a_customer(f"C-{n}", limit="100"), "400"))
        journal = a_journal(*(a_line(f"C-{n}", "900") for n in range(6)))
        with django_assert_max_num_queries(24):
            assert len(self.whole(journal).cleared) == 6


def test_a_page_of_lines_costs_the_statements_of_one(django_assert_max_num_queries):
    a_rule()
    for n in range(6):
        customer = a_customer(f"C-{n}", limit="500")
        post(an_order(customer, "400"))
        held(an_order(customer, "400"))
    journal = a_journal(*(a_line(f"C-{n}", "900") for n in range(6)))
    lines = list(journal.lines.order_by("number"))
    with django_assert_max_num_queries(16):
        assert all(effect.net == -1 for effect in hold_effects(journal, lines, today=today).by_line.values())
    with django_assert_max_num_queries(8):
        consequences_of(journal, lines, today=DAY)
