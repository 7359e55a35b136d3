"""The component page at `/_design/`: every component in every state (ux 4.6), for debug, demonstrations and tests.

Its figures are the worked example of the interface specification (fixture day Friday 20 November 2026) and add up:
41,200 overdue + 111,200 not due + 18,750 delivered + 32,600 ordered + 24,300 this order = 228,050 of 210,000.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from django import forms
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from credit_mgmt.templatetags.credit import STATUSES

TODAY = dt.date(2026, 11, 20)
NOW = dt.datetime(2026, 11, 20, 9, 14, tzinfo=dt.UTC)
Shown = dict[str, Any]


def money(text: str) -> Decimal:
    """An amount as people write it (`24,300.00`), in EUR."""
    return Decimal(text.replace(",", ""))


class ReleaseForm(forms.Form):
    """The fields of a release, so that every kind of widget is on the page."""

    mode = forms.ChoiceField(
        label="How",
        widget=forms.RadioSelect,
        choices=[("with_posting", "Release and post"), ("without_posting", "Release only")],
    )
    reason = forms.ChoiceField(choices=[("", "Choose a reason"), ("PAID", "Payment confirmed"), ("MGR", "Manager approved")])
    review_date = forms.DateField(required=False, widget=forms.DateInput(attrs={"type": "date"}), label="Review on")
    amount = forms.DecimalField(required=False, label="Expected receipt", help_text="What the customer promised to pay.")
    note = forms.CharField(required=False, widget=forms.Textarea(attrs={"rows": 2}))
    forced = forms.BooleanField(required=False, label="Release the forced hold too", help_text="Forced by J. Wolff.")


HOLDS: list[tuple[str, str, list[Shown], str, str | None, str, str, int, int, str, str, bool]] = [
    ("SO-104233", "Harbour Lane Foods", [{"label": "Limit", "value": "109 %"}, {"label": "Overdue", "value": "67 d"}],
     "24,300.00", "18,050.00", "108.6", "41,200.00", 24, 3, "MV", "held", False),
    ("SO-104251", "Harbour Lane Foods", [{"label": "Limit", "value": "100.3 %"}, {"label": "Overdue", "value": "67 d"}],
     "6,900.00", "650.00", "100.3", "41,200.00", 24, 2, "MV", "held", False),
    ("SO-104198", "Brightwater Dental", [{"label": "Limit expired", "value": "12 d"}],
     "3,120.00", None, "64", "0.00", 25, 1, "MV", "held", False),
    ("SO-104177", "Kestrel Outdoor", [{"label": "Terms", "value": "N30 → N60"}],
     "18,400.00", None, "71", "2,150.00", 25, 2, "MV", "in_approval", False),
    ("SO-104160", "Solano Tools", [{"label": "Forced:", "value": "dispute", "tone": "forced"}],
     "9,975.50", None, "38", "0.00", 26, 5, "MV", "held", True),
    ("SO-104142", "Nordkap Marine", [{"label": "Group limit", "value": "104 %"}, {"label": "Terms:", "value": "N90"}],
     "61,000.00", "16,000.00", "104", "28,900.00", 28, 6, "MV", "in_approval", False),
    ("SO-104139", "Pelham & Sons", [{"label": "Overdue", "value": "31 d", "cleared": True}],
     "4,480.00", None, "82", "0.00", 28, 6, "MV", "ready", False),
    ("SO-104120", "Atlas Build", [{"label": "Posting failed", "value": "", "tone": "failed"}],
     "12,310.00", None, "77", "0.00", 18, 8, "JW", "failed", False),
]  # fmt: skip

COLUMNS: list[Shown] = [
    {"key": "order", "label": "Order", "sort_url": "?sort=order", "frozen": 1, "card": "title"},
    {"key": "customer", "label": "Customer", "sort_url": "?sort=customer", "card": "line"},
    {"key": "why", "label": "Why held", "wide": True, "card": "line"},
    {"key": "value", "label": "Value", "unit": "EUR", "align": "right", "sort_url": "?sort=-value", "card": "value"},
    {"key": "over", "label": "Over limit", "align": "right", "card": "hide"},
    {"key": "used", "label": "Used", "align": "right", "hint": "Exposure with this order ÷ total limit"},
    {"key": "overdue", "label": "Overdue", "align": "right", "card": "hide"},
    {"key": "ship", "label": "Ship", "sort_url": "?sort=-ship", "sort": "asc"},
    {"key": "held", "label": "Held", "align": "right"},
    {"key": "own", "label": "Own", "card": "hide"},
    {"key": "status", "label": "Status"},
]


def hold_rows() -> list[Shown]:
    """The rows of the hold list example."""
    rows: list[Shown] = []
    for order, customer, chips, value, over, used, overdue, ship, held, owner, status, forced in HOLDS:
        cells: list[Shown] = [
            {"kind": "doc", "value": order, "url": "#lists"},
            {"value": customer},
            {"kind": "chips", "value": chips},
            {"kind": "amount", "value": money(value)},
            {"kind": "amount", "value": None if over is None else money(over)},
            {"kind": "percent", "value": Decimal(used)},
            {"kind": "amount", "value": money(overdue)},
            {"kind": "date", "value": dt.date(2026, 11, ship), "past": ship < TODAY.day},
            {"kind": "days", "value": held},
            {"value": owner},
            {"kind": "status", "value": status, "forced": forced},
        ]
        rows.append({"id": order, "label": f"{order}, {customer}", "amount": money(value), "cells": cells})
    rows[0]["state"] = "selected"
    rows[3] |= {"state": "greyed", "message": "Released by Jan de Wit, 14:02"}
    rows[7] |= {"state": "error", "message": "The packing slip could not be posted: line 3 has no stock."}
    return rows


def lists() -> Shown:
    """Everything around and in a list."""
    tabs = [("Mine", 61), ("Ready", 14), ("Ships in 2 days", 23), ("Forced", 6), ("Snoozed", 11), ("All open", 312)]
    why = [("Limit used", 31), ("Days overdue", 27), ("Overdue amount", 12), ("Limit expired", 6), ("Terms raised", 3)]
    return {
        "tabs": [{"label": name, "count": n, "url": "#lists", "active": name == "Mine"} for name, n in tabs],
        "search": {"name": "q", "placeholder": "Order, customer, invoice, note"},
        "filters": [
            {
                "label": "Reason",
                "name": "reason",
                "options": [{"value": name, "label": name, "count": n, "selected": n == 31} for name, n in why],
            },
            {"label": "Owner", "name": "owner", "summary": "me", "single": True, "options": [{"value": "me", "label": "Me"}]},
            {"label": "Value", "name": "value_min", "type": "number", "input_label": "At least, EUR"},
        ],
        "chips": [{"label": "Owner: me", "remove_url": "#lists"}, {"label": "Reason: Limit used", "remove_url": "#lists"}],
        "facets": [{"label": name, "count": n, "url": "#lists", "active": n == 31} for name, n in why],
        "summary": ["61 holds", "1,204,350.00 EUR held", "418,900.00 EUR over limit"],
        "notice": {"text": "3 new, 1 changed since 09:14.", "url": "#lists"},
        "tools": [{"label": "Columns", "url": "#lists", "icon": "columns-3", "quiet": True},
                  {"label": "Export", "url": "#lists", "icon": "download", "quiet": True}],
        "table": {"caption": "Holds, mine", "columns": COLUMNS, "rows": hold_rows(), "selectable": True, "name": "hold"},
        "bulk": [{"label": "Release…", "url": "/_design/dialog/", "shortcut": "r", "primary": True},
                 {"label": "Reject…", "url": "/_design/dialog/", "shortcut": "d"},
                 {"label": "Evaluate", "url": "/_design/dialog/", "shortcut": "e"}],
        "select_all": {"label": "Select all 312 that match", "name": "all", "value": "frozen-set"},
        "pager": {"newer_url": "#lists", "older_url": "#lists", "text": "1–50 of 61",
                  "sizes": [{"size": n, "url": "#lists", "active": n == 50} for n in (25, 50, 100, 200)]},
    }  # fmt: skip


def exposures() -> list[Shown]:
    """Exposure bars: over the limit, within it, unlimited, no credit, not tested, with unapplied payments."""
    parts = {"overdue": money("41,200"), "not_due": money("111,200"), "delivered": money("18,750"), "ordered": money("32,600")}
    base = {**parts, "this_order": money("24,300"), "currency": "EUR", "urls": {"overdue": "#objects"}}
    cases = [
        ("Over the limit", {"limit": money("210,000")}),
        ("Within the limit", {"limit": money("400,000")}),
        ("Unlimited", {"limit": None, "unlimited": True}),
        ("No credit", {"limit": Decimal(0)}),
        ("Limit not tested", {"limit": None}),
        ("With unapplied payments", {"limit": money("210,000"), "unapplied": money("-20,000"), "this_order": Decimal(0)}),
    ]
    return [{"name": name, "id": f"bar{n}", "data": {**base, **change}} for n, (name, change) in enumerate(cases)]


def objects() -> Shown:
    """The blocks of a hold's page."""
    cover = "in addition to the base or temporary limit"
    buckets = [("Not due", "111,200.00"), ("1–30", "22,700.00"), ("31–60", "9,600.00"), ("61–90", "8,900.00"), ("> 90", "0.00")]
    return {
        "figures": [
            {"label": "Total limit", "kind": "limit", "value": money("210,000")},
            {"label": "Exposure", "kind": "amount", "value": money("203,750")},
            {"label": "Free", "kind": "amount", "value": money("6,250")},
            {"label": "Used", "kind": "percent", "value": Decimal("97.0")},
            {"label": "Overdue", "kind": "amount", "value": money("41,200"), "tone": "late"},
            {"label": "Open holds", "kind": "count", "value": 5, "url": "#objects"},
        ],
        "ageing": {
            "currency": "EUR",
            "total": money("152,400"),
            "buckets": [{"label": name, "amount": money(sum_), "late": name != "Not due"} for name, sum_ in buckets],
        },
        "limit": {
            "currency": "EUR",
            "total": money("210,000"),
            "lines": [
                {"label": "Base", "period": "to 31 Dec", "amount": money("150,000"), "off": "temporary limit replaces it until 30 Nov"},
                {"label": "Temporary", "period": "1–30 Nov", "amount": money("180,000")},
                {"label": "Insurance 40 %", "amount": money("20,000")},
                {"label": "Guarantee 100 %", "amount": money("10,000")},
            ],
            "note": f"Insurance and guarantees count {cover}.",
        },
        "facts": [
            {"label": "Order", "kind": "doc", "value": "SO-104233", "url": "#objects"},
            {"label": "Value", "kind": "amount", "value": money("24,300"), "unit": "EUR"},
            {"label": "Ships", "kind": "date", "value": dt.date(2026, 11, 24)},
            {"label": "Terms", "value": "N30", "hint": "2 % within 10 days"},
            {"label": "Held", "kind": "age", "value": NOW - dt.timedelta(hours=5)},
        ],
        "reasons": reasons(),
        "remedies": remedies(),
        "events": events(),
        "steps": trace(),
        "tiles": tiles(),
        "bars": {
            "title": "Holds by reason",
            "largest": money("1,920,000"),
            "rows": [
                {"label": "Limit used", "count": 128, "value": money("1,920,000"), "url": "#objects"},
                {"label": "Days overdue", "count": 97, "value": money("1,310,000"), "tone": "late"},
                {"label": "Overdue amount", "count": 41, "value": money("740,000"), "tone": "late"},
            ],
        },
    }


def reasons() -> list[Shown]:
    """Why a hold stands: valid, forced, failed and cleared."""
    limit = "228,050.00 of 210,000.00 = 108.6 %, over by 18,050.00."
    return [
        {"title": "Limit used 108.6 %", "sentence": limit, "rule": "CLU-03", "rule_url": "#objects", "level": "All customers, above 100 %"},
        {"title": "Overdue 67 d", "sentence": "INV-88120 is 67 days past due, 22 over the allowed 45.", "rule": "DO-07", "level": "Group Wholesale"},
        {"title": "Forced: dispute", "sentence": "J. Wolff forced this hold on 17 Nov: “goods returned, case 4411”.", "tone": "forced"},
        {"title": "Posting failed", "sentence": "The packing slip could not be posted: line 3 has no stock.", "tone": "failed"},
        {"title": "Overdue amount", "cleared": True, "cleared_text": "Cleared 19 Nov 11:40 by payment P-55102."},
    ]  # fmt: skip


def remedies() -> list[Shown]:
    """What would clear it."""
    ask = {"label": "Request payment", "url": "#objects"}
    return [
        {"text": "Payment of INV-88120 and INV-88274, 18,500.00", "clears": "both reasons", "action": ask},
        {"text": "Payment of INV-88120, 8,900.00", "clears": "Overdue", "action": ask},
        {"text": "Temporary limit 180,000 to 198,050 or more", "clears": "Limit", "action": {"label": "Add to journal", "url": "#objects"}},
        {"text": "Order reduced to 6,250.00 or less", "clears": "Limit"},
    ]  # fmt: skip


def events() -> list[Shown]:
    """A hold's history, newest first."""
    hour, day = dt.timedelta(hours=1), dt.timedelta(days=1)
    return [
        {"icon": "refresh-cw", "text": "Evaluated, 2 reasons valid", "actor": "job Evaluate holds #812", "at": NOW - hour / 2},
        {"icon": "banknote", "text": "Payment P-55102, 4,000.00", "at": NOW - 22 * hour, "url": "#objects"},
        {"icon": "message-square", "text": "Note", "actor": "M. Visser", "detail": "Promised payment for Thursday.", "at": NOW - day},
        {"icon": "hand", "tone": "forced", "text": "Forced: dispute", "actor": "J. Wolff", "at": NOW - 2 * day},
        {"icon": "pause", "tone": "held", "text": "Held at confirmation", "actor": "T. Okafor", "at": NOW - 3 * day},
        {"icon": "check", "tone": "released", "text": "Released: payment confirmed", "actor": "J. Wolff", "at": NOW - 400 * day},
    ]


def trace() -> list[Shown]:
    """Every rule that was looked at, one line for each verdict."""
    return [
        {"type": "Days overdue", "rule": "DO-07", "url": "#objects", "version": 3, "level": "Group", "condition": "more than 45 days", "value": "67 d", "result": "Held", "verdict": "held"},
        {"type": "Days overdue", "rule": "EX-02", "version": 1, "level": "All", "condition": "up to 100 days", "result": "Not reached", "verdict": "not_reached"},
        {"type": "Payment terms", "rule": "TP-02", "version": 1, "level": "All", "condition": "terms N90", "value": "N30", "result": "Does not match", "verdict": "passed"},
        {"type": "Overdue amount", "rule": "EX-05", "version": 2, "level": "Table", "condition": "up to 50,000.00", "value": "41,200.00", "result": "Excused", "verdict": "excused"},
        {"type": "Credit limit expired", "rule": "LE-01", "version": 1, "level": "All", "condition": "more than 0 days", "value": "–", "result": "Skipped: blank date", "verdict": "skipped"},
        {"type": "Credit limit", "condition": "total limit 210,000.00", "value": "228,050.00", "result": "Warning", "verdict": "warning"},
        {"type": "Order value", "rule": "SO-01", "version": 1, "level": "All", "condition": "more than 50,000.00 USD", "result": "No rate USD to EUR", "verdict": "error"},
    ]  # fmt: skip


def tiles() -> list[Shown]:
    """The tiles of a dashboard."""
    return [
        {"label": "Value on hold", "value": money("4,812,345.67"), "money": True, "currency": "EUR", "note": "+0.22 M this week", "url": "#objects"},
        {"label": "Open holds", "value": "312", "note": "−18 this week", "url": "#objects"},
        {"label": "Ready now", "value": "14", "note": "oldest 6 d", "url": "#objects"},
        {"label": "Overdue", "value": money("6,940,000"), "money": True, "currency": "EUR", "tone": "late", "note": "24 % of open"},
        {"label": "DSO, 12 months", "value": "44.6 d", "note": "+0.8"},
    ]  # fmt: skip


def jobs() -> list[Shown]:
    """Runs in each state."""
    base = {"title": "Evaluate holds", "scope": "all open, NL01 NL02 US01", "by": "M. Visser", "started": NOW - dt.timedelta(minutes=2)}
    tallies = [("still held", 71, ""), ("ready", 6, ""), ("auto-released", 4, ""), ("new reason", 2, ""), ("skipped", 1, ""), ("errors", 0, "late")]
    done = [{"label": name, "value": n, "tone": tone, "url": "#jobs"} for name, n, tone in tallies]
    return [
        {**base, "number": 812, "status": "running", "done": 84, "total": 312, "percent": Decimal(27), "rate": "12 per s", "left": "19 s left", "tallies": done, "cancel_url": "#jobs"},
        {**base, "number": 811, "status": "finished", "done": 312, "total": 312, "percent": Decimal(100), "took": "26 s", "tallies": done, "links": [{"label": "See the 6 that are ready", "url": "#jobs"}]},
        {**base, "number": 810, "status": "failed", "done": 120, "total": 312, "percent": Decimal(38), "error": "The database did not answer for 30 s. 120 holds are done and stay done.", "reference": "7f3a9c", "links": [{"label": "Retry the rest", "url": "#jobs"}]},
        {**base, "number": 809, "status": "waiting", "done": 0, "total": 312, "percent": Decimal(0), "note": "Another evaluation of NL01 runs; this one starts after it."},
    ]  # fmt: skip


def forms_shown() -> Shown:
    """A form as opened, and one that was refused."""
    return {
        "form": ReleaseForm(initial={"mode": "with_posting", "amount": Decimal("18500.00")}, prefix="new"),
        "wrong": ReleaseForm({"bad-mode": "with_posting", "bad-amount": "1,0x", "bad-review_date": "soon"}, prefix="bad"),
        "hints": {
            "with_posting": "14 confirmations, 6 packing slips, with the settings of the original attempt.",
            "without_posting": "Nothing is posted; the document that was stopped is cleared once.",
        },
    }


def shell() -> Shown:
    """What the shell shows around every page."""
    names = ("Holds", "Customers", "Orders", "Rules", "Parameters", "Jobs")
    return {
        "nav": [{"label": name, "url": "/_design/", "active": name == "Holds", "count": 61 if name == "Holds" else None} for name in names],
        "scope": {"label": "NL01, NL02, US01"},
        "jobs": {"running": 1, "url": "#jobs"},
        "time_zone": "Europe/Amsterdam",
        "today": TODAY,
        "now": NOW,
    }  # fmt: skip


def actions() -> list[Shown]:
    """Each look of a button."""
    return [
        {"label": "Release…", "url": "/_design/dialog/", "primary": True, "dialog": True, "shortcut": "r"},
        {"label": "Reject…", "url": "/_design/dialog/", "dialog": True, "icon": "x"},
        {"label": "Cancel order", "url": "/_design/dialog/", "danger": True, "dialog": True},
        {"label": "Columns", "url": "#forms", "quiet": True, "icon": "columns-3"},
        {"label": "Release", "disabled_because": "You submitted this yourself."},
    ]


def offered() -> bool:
    """Whether this deployment shows the page: never one that serves customers."""
    return bool(settings.DEBUG or settings.CREDIT_DEMO or settings.CREDIT_TESTING)


def page(request: HttpRequest) -> HttpResponse:
    """Draw every component in every state."""
    if not offered():
        raise Http404
    context = {
        **shell(),
        "lists": lists(),
        "objects": objects(),
        "exposures": exposures(),
        "job_runs": jobs(),
        "forms": forms_shown(),
        "actions": actions(),
        "statuses": list(STATUSES),
        "theme": request.GET.get("theme", ""),
        "density": request.GET.get("density", ""),
        "banner_tones": ("info", "success", "warning", "conflict", "failure"),
    }
    return render(request, "design.html", context)


def dialog(request: HttpRequest) -> HttpResponse:
    """The dialog, as a fragment or as a full page; a POST answers with its errors."""
    if not offered():
        raise Http404
    bound = ReleaseForm(request.POST) if request.method == "POST" else ReleaseForm(initial={"mode": "with_posting"})
    status = 422 if bound.is_bound and not bound.is_valid() else 200
    context = {**shell(), **forms_shown(), "form": bound, "action_url": "/_design/dialog/", "cancel_url": "/_design/"}
    return render(request, "design_dialog.html", context, status=status)
