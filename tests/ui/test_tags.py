"""The template tags of the visual language."""

import datetime as dt
from decimal import Decimal
from types import SimpleNamespace

import pytest
from django.template import Context, Template
from django.test import RequestFactory

from credit_mgmt.templatetags import bars, credit

NOW = dt.datetime(2026, 11, 20, 9, 14, tzinfo=dt.UTC)


def rendered(source, **context):
    return Template("{% load credit %}" + source).render(Context(context))


class TestExposureBar:
    # The worked example of ux 3.2: 228,050 of 210,000 = 108.6 %.
    EXAMPLE = {
        "overdue": Decimal(41200),
        "not_due": Decimal(111200),
        "delivered": Decimal(18750),
        "ordered": Decimal(32600),
        "this_order": Decimal(24300),
        "limit": Decimal(210000),
        "currency": "EUR",
    }

    def test_adds_its_parts_and_says_by_how_much_the_limit_is_exceeded(self):
        bar = bars.exposure_bar(self.EXAMPLE)
        assert (bar.total, bar.over, bar.free) == (Decimal(228050), Decimal(18050), Decimal(0))
        assert bar.used is not None
        assert round(bar.used, 1) == Decimal("108.6")

    def test_lays_segments_side_by_side_in_the_fixed_order(self):
        segments = bars.exposure_bar(self.EXAMPLE).segments
        assert [segment.key for segment in segments] == ["overdue", "not_due", "delivered", "ordered", "this_order"]
        ends = [float(segment.x[:-1]) + float(segment.width[:-1]) for segment in segments]
        assert [float(segment.x[:-1]) for segment in segments[1:]] == pytest.approx(ends[:-1], abs=0.002)
        assert ends[-1] < 100

    def test_keeps_the_tick_inside_the_drawing_when_the_limit_is_far_away(self):
        bar = bars.exposure_bar({**self.EXAMPLE, "limit": Decimal(10**9)})
        assert 90 < float(bar.tick[:-1]) < 100
        assert bar.label_anchor == "end"

    def test_has_no_tick_for_an_unlimited_customer(self):
        bar = bars.exposure_bar({**self.EXAMPLE, "limit": Decimal(5), "unlimited": True})
        assert (bar.tick, bar.over, bar.used) == ("", Decimal(0), None)

    def test_puts_the_tick_at_zero_when_there_is_no_credit(self):
        bar = bars.exposure_bar({**self.EXAMPLE, "limit": Decimal(0)})
        assert bar.no_credit
        assert bar.tick == "0.000%"
        assert bar.used is None

    def test_counts_unapplied_payments_without_drawing_them(self):
        bar = bars.exposure_bar({**self.EXAMPLE, "unapplied": Decimal(-20000)})
        assert bar.total == Decimal(208050)
        assert bar.free == Decimal(1950)

    def test_survives_a_customer_without_any_exposure(self):
        bar = bars.exposure_bar({"limit": None})
        assert bar.total == 0
        assert not bar.tested

    def test_is_drawn_with_a_table_twin_and_without_inline_style(self):
        html = rendered('{% include "components/exposure_bar.html" %}', exposure=self.EXAMPLE)
        assert "over by 18,050.00" in html
        assert html.count("41,200.00") >= 3
        assert "style=" not in html


class TestReasonChips:
    def test_make_the_number_bold_and_escape_their_words(self):
        html = rendered("{% reason_chips chips %}", chips=[{"label": "<Limit>", "value": "109 %"}])
        assert "&lt;Limit&gt; <strong>109 %</strong>" in html

    def test_put_cleared_ones_last_struck_through_and_say_so(self):
        chips = [{"label": "Overdue", "value": "31 d", "cleared": True}, {"label": "Limit", "value": "109 %"}]
        html = rendered("{% reason_chips chips %}", chips=chips)
        assert html.index("Limit") < html.index("Overdue")
        assert "cleared: </span><s>Overdue" in html

    def test_are_separated_by_commas_for_speech(self):
        chips = [{"label": "Limit"}, {"label": "Overdue"}]
        assert rendered("{% reason_chips chips %}", chips=chips).count(", </span>") == 1

    def test_take_objects_as_well_as_dicts(self):
        chip = SimpleNamespace(label="Forced:", value="dispute", tone="forced", cleared=False, title="")
        assert 'class="chip forced"' in rendered("{% reason_chips chips %}", chips=[chip])


class TestStatusBadge:
    @pytest.mark.parametrize("status", [*credit.STATUSES, *credit.STATUS_ALIASES])
    def test_is_icon_and_word_for_every_status(self, status):
        html = credit.status_badge(status)
        assert "<svg" in html
        assert credit.STATUSES[credit.STATUS_ALIASES.get(status, status)][0] in html

    def test_shows_forced_beside_the_status(self):
        html = credit.status_badge("held", forced=True)
        assert "Held" in html
        assert "Forced" in html

    def test_refuses_a_status_without_a_word(self):
        with pytest.raises(KeyError):
            credit.status_badge("on_fire")

    def test_uses_only_icons_of_the_sprite(self, settings):
        sprite = (settings.BASE_DIR / "credit_mgmt/static/credit/icons/sprite.svg").read_text()
        names = [glyph for _, glyph, _ in credit.STATUSES.values()] + list(credit.VERDICT_ICONS.values())
        assert [name for name in names if f'id="{name}"' not in sprite] == []


class TestCell:
    @pytest.mark.parametrize(
        ("cell", "text"),
        [
            ({"kind": "amount", "value": Decimal("24300"), "unit": "EUR"}, "24,300.00"),
            ({"kind": "limit", "value": Decimal(0)}, "No credit (0.00)"),
            ({"kind": "percent", "value": Decimal("100.3")}, "100.3\N{NO-BREAK SPACE}%"),
            ({"kind": "date", "value": dt.date(2026, 11, 24)}, "24\N{NO-BREAK SPACE}Nov"),
            ({"kind": "days", "value": 3}, "3\N{NO-BREAK SPACE}d"),
            ({"value": None}, "–"),
            ({"value": "<b>"}, "&lt;b&gt;"),
            ({"kind": "doc", "value": "SO-1", "url": "/orders/SO-1/"}, '<a href="/orders/SO-1/">SO-1</a>'),
        ],
    )
    def test_writes_each_kind_in_its_form(self, cell, text):
        assert rendered("{% cell item %}", item=cell, today=NOW.date(), now=NOW) == text

    def test_refuses_an_unknown_kind(self):
        with pytest.raises(ValueError, match="kind 'colour' is unknown"):
            rendered("{% cell item %}", item={"kind": "colour", "value": "red"})

    def test_gives_times_their_exact_form_on_hover(self, settings):
        settings.TIME_ZONE = "Europe/Amsterdam"
        html = rendered("{% cell item %}", item={"kind": "time", "value": NOW - dt.timedelta(hours=5)}, now=NOW)
        assert "20 Nov 2026, 05:14 CET" in html
        assert "5\N{NO-BREAK SPACE}h ago" in html


class TestQueryWith:
    def test_replaces_repeats_and_removes_keys(self):
        request = RequestFactory().get("/holds/?reason=a&reason=b&after=x&q=ü")
        text = credit.query_with(request, reason=["c", "d"], after=None, sort="-value")
        assert text == "?reason=c&reason=d&q=%C3%BC&sort=-value"


class TestInitials:
    @pytest.mark.parametrize(
        ("name", "letters"), [("Mila Visser", "MV"), ("Jan de Wit", "JW"), ("clerk", "CL"), ("x", "XX")]
    )
    def test_are_two_letters_of_a_name(self, name, letters):
        user = SimpleNamespace(get_full_name=lambda: "", get_username=lambda: name)
        assert credit.initials(user) == letters
