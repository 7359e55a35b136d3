"""Many lines of a draft changed or removed at once, and that taken back (`ux.md` 3.8): all or none, line by line."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from credit_mgmt.journals.adjusting import LineAdjustment, adjust_lines, preview_adjustment
from credit_mgmt.journals.kept import undoable
from credit_mgmt.journals.lines import LineChange, add_lines, change_lines, remove_lines
from credit_mgmt.journals.reversal import reverse_journal
from credit_mgmt.journals.undoing import Undone, take_back
from credit_mgmt.models import LimitJournal
from customers.access import Actor, Grant, NotAllowed
from customers.errors import InvalidInput, Refused
from tests import factories as make
from tests.factories_credit import ACTOR, AT, customer_with_limit, give_limit
from tests.factories_journals import UNTIL, a_journal, line, post, today

pytestmark = pytest.mark.django_db
LATER = dt.date(2028, 6, 30)
OTHER = Actor("user", 77, "colleague", (Grant("credit_manager", None),))


@pytest.fixture
def journal() -> LimitJournal:
    """Lines 1 to 3: 100, 200.50 and 333."""
    owners = [customer_with_limit("100", account=f"C-{n}") for n in range(3)]
    return a_journal(*(line(owner, amount) for owner, amount in zip(owners, ("100", "200.50", "333"), strict=True)))


def limits(journal: LimitJournal) -> dict[int, Decimal]:
    return dict(journal.lines.order_by("number").values_list("number", "new_limit"))


def adjust(journal: LimitJournal, numbers: list[int] | None = None, actor: Actor = ACTOR, **how: Any) -> LimitJournal:
    adjustment = LineAdjustment(**how)
    return adjust_lines(journal=journal.number, adjustment=adjustment, numbers=numbers, actor=actor, at=AT, today=today)


def undo(journal: LimitJournal, actor: Actor = ACTOR, later: dt.timedelta = dt.timedelta(minutes=1)) -> Undone:
    return take_back(journal=journal.number, actor=actor, at=AT + later, today=today)


def remove(journal: LimitJournal, *numbers: int) -> None:
    remove_lines(journal=journal.number, numbers=numbers, actor=ACTOR, at=AT, today=today)


class TestChanging:
    @pytest.mark.parametrize(
        ("how", "expected"),
        [
            ({"value": Decimal(10)}, ("110", "220.55", "366.30")),
            ({"value": Decimal(-50)}, ("50", "100.25", "166.50")),
            ({"value": Decimal(25), "value_type": "fixed"}, ("125", "225.50", "358")),
            ({"round_off": Decimal(50), "rounding": "up"}, ("100", "250", "350")),
            ({"value": Decimal(10), "round_off": Decimal(10), "rounding": "down"}, ("110", "220", "360")),
            ({"new_to": LATER}, ("100", "200.50", "333")),
        ],
    )
    def test_is_by_percent_by_an_amount_rounded_or_of_dates(self, journal, how, expected):
        adjust(journal, **how)
        assert list(limits(journal).values()) == [Decimal(amount) for amount in expected]
        assert {one.new_to for one in journal.lines.all()} == {how.get("new_to", UNTIL)}

    def test_is_of_the_lines_that_are_named_and_adds_up_again(self, journal):
        changed = adjust(journal, [1, 3], value=Decimal(100))
        assert limits(journal) == {1: 200, 2: Decimal("200.50"), 3: 666}
        assert (changed.line_count, changed.increase) == (3, Decimal("766.50"))

    def test_is_what_the_preview_shows(self, journal):
        how = LineAdjustment(value=Decimal("7.5"), round_off=Decimal(5))
        shown = preview_adjustment(journal=journal.number, adjustment=how, actor=ACTOR)
        assert list(limits(journal).values()) == [100, Decimal("200.50"), 333]
        adjust_lines(journal=journal.number, adjustment=how, actor=ACTOR, at=AT, today=today)
        assert [row.new_limit for row in shown] == list(limits(journal).values())

    def test_moves_the_first_day_of_temporary_limits_too(self):
        owner = customer_with_limit("100", account="C-9")
        first = dt.date(2026, 4, 1)
        journal = a_journal(line(owner, 5, new_from=first), type="temporary_credit_limit")
        adjust(journal, new_from=dt.date(2026, 5, 1))
        [one] = journal.lines.all()
        assert (one.new_from, one.new_to) == (dt.date(2026, 5, 1), UNTIL)

    def test_that_would_fall_below_zero_changes_no_line(self, journal):
        with pytest.raises(InvalidInput) as refused:
            adjust(journal, value=Decimal(-150), value_type="fixed")
        assert [(error.field, error.message) for error in refused.value.errors] == [
            ("lines[1].new_limit", "Would fall below zero.")
        ]
        assert list(limits(journal).values()) == [100, Decimal("200.50"), 333]

    @pytest.mark.parametrize(
        ("how", "field", "code"),
        [
            ({}, "adjustment", "required"),
            ({"value": Decimal("NaN")}, "adjustment", "out_of_range"),
            ({"value": Decimal(1), "value_type": "double"}, "value_type", "invalid_choice"),
            ({"value": Decimal(1), "rounding": "away"}, "rounding_form", "invalid_choice"),
            ({"round_off": Decimal(0)}, "round_off", "out_of_range"),
            ({"new_from": LATER}, "new_from", "invalid"),
            ({"value": Decimal(1), "numbers": [1, 9]}, "lines", "not_found"),
        ],
    )
    def test_that_is_none_is_named_at_its_field(self, journal, how, field, code):
        with pytest.raises(InvalidInput) as refused:
            adjust(journal, **how)
        assert [(error.field, error.code) for error in refused.value.errors] == [(field, code)]

    def test_of_a_group_takes_its_members_legal_entities(self):
        group = make.CustomerCreditGroupFactory(number="G1")
        give_limit(group, "1000")
        customer_with_limit("0", credit_group=group)
        customer_with_limit("0", credit_group=group, legal_entity=make.LegalEntityFactory(code="DEMF"))
        journal = a_journal(line(group, 2000))
        own = Actor("user", 1, "own", (Grant("credit_manager", "USMF"),))
        with pytest.raises(InvalidInput, match="you may not change"):
            adjust(journal, actor=own, value=Decimal(1))

    def test_is_for_who_makes_journals_and_for_drafts(self, journal):
        reader = Actor("user", 2, "reader", (Grant("auditor", None),))
        with pytest.raises(NotAllowed):
            adjust(journal, actor=reader, value=Decimal(1))
        post(journal)
        with pytest.raises(Refused) as refused:
            adjust(journal, value=Decimal(1))
        assert refused.value.code == "already_posted"

    def test_costs_the_same_statements_for_one_line_and_for_many(self, journal, django_assert_max_num_queries):
        with django_assert_max_num_queries(26):
            adjust(journal, value=Decimal(1))


class TestTakingBack:
    def test_a_change_gives_every_line_its_former_values(self, journal):
        adjust(journal, value=Decimal(10), new_to=LATER)
        undone = undo(journal)
        assert (undone.lines, undone.stayed) == (3, 0)
        assert limits(journal) == {1: 100, 2: Decimal("200.50"), 3: 333}
        assert {one.new_to for one in journal.lines.all()} == {UNTIL}
        assert LimitJournal.objects.get(pk=journal.pk).increase == Decimal("333.50")

    def test_leaves_what_somebody_changed_since(self, journal):
        adjust(journal, value=Decimal(10))
        change = LineChange(number=2, new_limit=Decimal(7))
        change_lines(journal=journal.number, changes=[change], actor=OTHER, at=AT, today=today)
        undone = undo(journal)
        assert (undone.lines, undone.stayed) == (2, 1)
        assert limits(journal) == {1: 100, 2: 7, 3: 333}

    def test_lines_that_were_removed_come_back_as_they_were(self, journal):
        before = list(journal.lines.order_by("number").values())
        remove(journal, 1, 3)
        assert limits(journal) == {2: Decimal("200.50")}
        assert undo(journal).lines == 2
        after = list(journal.lines.order_by("number").values())
        assert [{**row, "id": 0} for row in after] == [{**row, "id": 0} for row in before]
        assert LimitJournal.objects.get(pk=journal.pk).line_count == 3

    def test_a_removed_line_whose_number_is_taken_gets_the_next_one(self, journal):
        remove(journal, 3)
        customer = customer_with_limit("1", account="C-9")
        add_lines(journal=journal.number, lines=[line(customer, 9)], actor=ACTOR, at=AT, today=today)
        undo(journal)
        assert limits(journal) == {1: 100, 2: Decimal("200.50"), 3: 9, 4: 333}

    def test_is_of_the_last_act_once(self, journal):
        adjust(journal, value=Decimal(10))
        remove(journal, 1)
        assert [act.kind for act in undoable(actor=ACTOR, at=AT)] == ["removed"]
        undo(journal)
        assert limits(journal)[1] == 110
        assert undoable(actor=ACTOR, at=AT) == []
        with pytest.raises(Refused) as refused:
            undo(journal)
        assert refused.value.code == "nothing_to_undo"

    def test_is_for_who_did_it_within_fifteen_minutes(self, journal):
        adjust(journal, value=Decimal(10))
        late = dt.timedelta(minutes=15, seconds=1)
        assert undoable(actor=OTHER, at=AT) == undoable(actor=ACTOR, at=AT + late) == []
        for code, call in (
            ("not_yours", lambda: undo(journal, actor=OTHER)),
            ("too_late", lambda: undo(journal, later=late)),
        ):
            with pytest.raises(Refused) as refused:
                call()
            assert refused.value.code == code
        assert limits(journal)[1] == 110
        assert undo(journal, later=dt.timedelta(minutes=15)).lines == 3

    def test_is_refused_where_every_line_changed_since_or_the_journal_is_posted(self, journal):
        adjust(journal, value=Decimal(10))
        adjust_again = [LineChange(number=number, new_limit=Decimal(5)) for number in (1, 2, 3)]
        change_lines(journal=journal.number, changes=adjust_again, actor=OTHER, at=AT, today=today)
        with pytest.raises(Refused) as refused:
            undo(journal)
        assert refused.value.code == "changed_since"
        post(journal)
        assert undoable(actor=ACTOR, at=AT) == []
        with pytest.raises(Refused) as refused:
            undo(journal)
        assert refused.value.code == "already_posted"

    def test_lines_of_a_reversal_come_back_as_such(self):
        owner = customer_with_limit("100", account="C-9")
        period = {"new_from": dt.date(2026, 3, 1), "new_to": dt.date(2026, 12, 31)}
        posted = post(a_journal(line(owner, 500, **period), type="temporary_credit_limit"))
        reversal = reverse_journal(journal=posted.number, actor=ACTOR, at=AT, today=today)
        [before] = reversal.lines.values()
        remove(reversal, 1)
        undo(reversal)
        [after] = reversal.lines.values()
        assert {**after, "id": 0} == {**before, "id": 0}
