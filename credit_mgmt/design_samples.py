"""The figures of the component page: the worked example of the interface specification (Friday 20 November 2026).

They add up: 41,200 overdue + 111,200 not due + 18,750 delivered + 32,600 ordered + 24,300 this order = 228,050,
which is 108.6 % of a limit of 210,000.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

TODAY = dt.date(2026, 11, 20)
NOW = dt.datetime(2026, 11, 20, 9, 14, tzinfo=dt.UTC)
Shown = dict[str, Any]


def money(text: str) -> Decimal:
    """An amount as people write it (`24,300.00`), in EUR."""
    return Decimal(text.replace(",", ""))


# fmt: off
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
]
# fmt: on

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


TABS = (("Mine", 61), ("Ready", 14), ("Ships in 2 days", 23), ("Forced", 6), ("Snoozed", 11), ("All open", 312))
WHY = (("Limit used", 31), ("Days overdue", 27), ("Overdue amount", 12), ("Limit expired", 6), ("Terms raised", 3))


def lists() -> Shown:
    """Everything around and in a list."""
    return {
        "tabs": [{"label": name, "count": n, "url": "#lists", "active": name == "Mine"} for name, n in TABS],
        "facets": [{"label": name, "count": n, "url": "#lists", "active": n == 31} for name, n in WHY],
        "summary": ["61 holds", "1,204,350.00 EUR held", "418,900.00 EUR over limit"],
        "notice": {"text": "3 new, 1 changed since 09:14.", "url": "#lists"},
        "table": {
            "caption": "Holds, mine",
            "columns": COLUMNS,
            "rows": hold_rows(),
            "selectable": True,
            "name": "hold",
        },
        "pager": {
            "newer_url": "#lists",
            "older_url": "#lists",
            "text": "1–50 of 61",
            "sizes": [{"size": n, "url": "#lists", "active": n == 50} for n in (25, 50, 100, 200)],
        },
        **filters(),
        **bulk(),
    }


def filters() -> Shown:
    """A filter bar with a filter of each kind."""
    reasons_offered = [{"value": name, "label": name, "count": n, "selected": n == 31} for name, n in WHY]
    me = {"value": "me", "label": "Me"}
    return {
        "search": {"name": "q", "placeholder": "Order, customer, invoice, note"},
        "filters": [
            {"label": "Reason", "name": "reason", "options": reasons_offered},
            {"label": "Owner", "name": "owner", "summary": "me", "single": True, "options": [me]},
            {"label": "Value", "name": "value_min", "type": "number", "input_label": "At least, EUR"},
        ],
        "chips": [
            {"label": "Owner: me", "remove_url": "#lists"},
            {"label": "Reason: Limit used", "remove_url": "#lists"},
        ],
        "tools": [
            {"label": "Columns", "url": "#lists", "icon": "columns-3", "quiet": True},
            {"label": "Export", "url": "#lists", "icon": "download", "quiet": True},
        ],
    }


def bulk() -> Shown:
    """What the selection bar offers."""
    return {
        "bulk": [
            {"label": "Release…", "url": "/_design/dialog/", "shortcut": "r", "primary": True},
            {"label": "Reject…", "url": "/_design/dialog/", "shortcut": "d"},
            {"label": "Evaluate", "url": "/_design/dialog/", "shortcut": "e"},
        ],
        "select_all": {
            "label": "Select all 312 that match",
            "name": "all",
            "value": "frozen-set",
            "done": "All 312 that match are selected",
        },
    }


def exposures() -> list[Shown]:
    """Exposure bars: over the limit, within it, unlimited, no credit, not tested, with unapplied payments."""
    parts = {
        "overdue": money("41,200"),
        "not_due": money("111,200"),
        "delivered": money("18,750"),
        "ordered": money("32,600"),
    }
    base = {**parts, "this_order": money("24,300"), "currency": "EUR", "urls": {"overdue": "#objects"}}
    cases: list[tuple[str, Shown]] = [
        ("Over the limit", {"limit": money("210,000")}),
        ("Within the limit", {"limit": money("400,000")}),
        ("Unlimited", {"limit": None, "unlimited": True}),
        ("No credit", {"limit": Decimal(0)}),
        ("Limit not tested", {"limit": None}),
        (
            "With unapplied payments",
            {"limit": money("210,000"), "unapplied": money("-20,000"), "this_order": Decimal(0)},
        ),
    ]
    return [{"name": name, "id": f"bar{n}", "data": {**base, **change}} for n, (name, change) in enumerate(cases)]


def objects() -> Shown:
    """The blocks of a hold's page."""
    return {
        "figures": [
            {"label": "Total limit", "kind": "limit", "value": money("210,000")},
            {"label": "Exposure", "kind": "amount", "value": money("203,750")},
            {"label": "Free", "kind": "amount", "value": money("6,250")},
            {"label": "Used", "kind": "percent", "value": Decimal("97.0")},
            {"label": "Overdue", "kind": "amount", "value": money("41,200"), "tone": "late"},
            {"label": "Open holds", "kind": "count", "value": 5, "url": "#objects"},
        ],
        "facts": [
            {"label": "Order", "kind": "doc", "value": "SO-104233", "url": "#objects"},
            {"label": "Value", "kind": "amount", "value": money("24,300"), "unit": "EUR"},
            {"label": "Ships", "kind": "date", "value": dt.date(2026, 11, 24)},
            {"label": "Terms", "value": "N30", "hint": "2 % within 10 days"},
            {"label": "Held", "kind": "age", "value": NOW - dt.timedelta(hours=5)},
        ],
        "limit": limit(),
        "ageing": ageing(),
        "reasons": reasons(),
        "remedies": remedies(),
        "events": events(),
        "steps": trace(),
        "tiles": tiles(),
        "bars": bar_chart(),
    }


def limit() -> Shown:
    """A limit whose base is replaced by a temporary one."""
    off = "temporary limit replaces it until 30 Nov"
    return {
        "currency": "EUR",
        "total": money("210,000"),
        "lines": [
            {"label": "Base", "period": "to 31 Dec", "amount": money("150,000"), "off": off},
            {"label": "Temporary", "period": "1–30 Nov", "amount": money("180,000")},
            {"label": "Insurance 40 %", "amount": money("20,000")},
            {"label": "Guarantee 100 %", "amount": money("10,000")},
        ],
        "note": "Insurance and guarantees count in addition to the base or temporary limit.",
    }


def ageing() -> Shown:
    """The customer's open items by days past due."""
    sums = {
        "Not due": "111,200.00",
        "1–30": "22,700.00",
        "31–60": "9,600.00",
        "61–90": "8,900.00",
        "> 90": "0.00",
    }
    buckets = [{"label": name, "amount": money(text), "late": name != "Not due"} for name, text in sums.items()]
    return {"currency": "EUR", "total": money("152,400"), "buckets": buckets}


def bar_chart() -> Shown:
    """A chart that is its own table."""
    return {
        "title": "Holds by reason",
        "largest": money("1,920,000"),
        "rows": [
            {"label": "Limit used", "count": 128, "value": money("1,920,000"), "url": "#objects"},
            {"label": "Days overdue", "count": 97, "value": money("1,310,000"), "tone": "late"},
            {"label": "Overdue amount", "count": 41, "value": money("740,000"), "tone": "late"},
        ],
    }


def reasons() -> list[Shown]:
    """Why a hold stands: valid, forced, failed and cleared."""
    limit = "228,050.00 of 210,000.00 = 108.6 %, over by 18,050.00."
    return [
        {
            "title": "Limit used 108.6 %",
            "sentence": limit,
            "rule": "CLU-03",
            "rule_url": "#objects",
            "level": "All customers, above 100 %",
        },
        {
            "title": "Overdue 67 d",
            "sentence": "INV-88120 is 67 days past due, 22 over the allowed 45.",
            "rule": "DO-07",
            "level": "Group Wholesale",
        },
        {
            "title": "Forced: dispute",
            "sentence": "J. Wolff forced this hold on 17 Nov: “goods returned, case 4411”.",
            "tone": "forced",
        },
        {
            "title": "Posting failed",
            "sentence": "The packing slip could not be posted: line 3 has no stock.",
            "tone": "failed",
        },
        {"title": "Overdue amount", "cleared": True, "cleared_text": "Cleared 19 Nov 11:40 by payment P-55102."},
    ]


def remedies() -> list[Shown]:
    """What would clear it."""
    ask = {"label": "Request payment", "url": "#objects"}
    return [
        {"text": "Payment of INV-88120 and INV-88274, 18,500.00", "clears": "both reasons", "action": ask},
        {"text": "Payment of INV-88120, 8,900.00", "clears": "Overdue", "action": ask},
        {
            "text": "Temporary limit 180,000 to 198,050 or more",
            "clears": "Limit",
            "action": {"label": "Add to journal", "url": "#objects"},
        },
        {"text": "Order reduced to 6,250.00 or less", "clears": "Limit"},
    ]


def events() -> list[Shown]:
    """A hold's history, newest first."""
    hour, day = dt.timedelta(hours=1), dt.timedelta(days=1)
    return [
        {
            "icon": "refresh-cw",
            "text": "Evaluated, 2 reasons valid",
            "actor": "job Evaluate holds #812",
            "at": NOW - hour / 2,
        },
        {"icon": "banknote", "text": "Payment P-55102, 4,000.00", "at": NOW - 22 * hour, "url": "#objects"},
        {
            "icon": "message-square",
            "text": "Note",
            "actor": "M. Visser",
            "detail": "Promised payment for Thursday.",
            "at": NOW - day,
        },
        {"icon": "hand", "tone": "forced", "text": "Forced: dispute", "actor": "J. Wolff", "at": NOW - 2 * day},
        {"icon": "pause", "tone": "held", "text": "Held at confirmation", "actor": "T. Okafor", "at": NOW - 3 * day},
        {
            "icon": "check",
            "tone": "released",
            "text": "Released: payment confirmed",
            "actor": "J. Wolff",
            "at": NOW - 400 * day,
        },
    ]


def trace() -> list[Shown]:
    """Every rule that was looked at, one line for each verdict."""
    keys = ("type", "rule", "version", "level", "condition", "value", "result", "verdict")
    lines = [
        ("Days overdue", "DO-07", 3, "Group", "more than 45 days", "67 d", "Held", "held"),
        ("Days overdue", "EX-02", 1, "All", "up to 100 days", "", "Not reached", "not_reached"),
        ("Payment terms", "TP-02", 1, "All", "terms N90", "N30", "Does not match", "passed"),
        ("Overdue amount", "EX-05", 2, "Table", "up to 50,000.00", "41,200.00", "Excused", "excused"),
        ("Credit limit expired", "LE-01", 1, "All", "more than 0 days", "", "Skipped: blank date", "skipped"),
        ("Credit limit", "", None, "", "total limit 210,000.00", "228,050.00", "Warning", "warning"),
        ("Order value", "SO-01", 1, "All", "more than 50,000.00 USD", "", "No rate USD to EUR", "error"),
    ]
    return [{**dict(zip(keys, line, strict=True)), "url": "#objects" if line[1] else ""} for line in lines]


def tiles() -> list[Shown]:
    """The tiles of a dashboard."""
    return [
        {
            "label": "Value on hold",
            "value": money("4,812,345.67"),
            "money": True,
            "currency": "EUR",
            "note": "+0.22 M this week",
            "url": "#objects",
        },
        {"label": "Open holds", "value": "312", "note": "−18 this week", "url": "#objects"},
        {"label": "Ready now", "value": "14", "note": "oldest 6 d", "url": "#objects"},
        {
            "label": "Overdue",
            "value": money("6,940,000"),
            "money": True,
            "currency": "EUR",
            "tone": "late",
            "note": "24 % of open",
        },
        {"label": "DSO, 12 months", "value": "44.6 d", "note": "+0.8"},
    ]


def jobs() -> list[Shown]:
    """Runs in each state."""
    names = {"still held": 71, "ready": 6, "auto-released": 4, "new reason": 2, "skipped": 1, "errors": 0}
    tallies = [{"label": name, "value": n, "url": "#jobs"} for name, n in names.items()]
    base: Shown = {
        "title": "Evaluate holds",
        "scope": "all open, NL01 NL02 US01",
        "by": "M. Visser",
        "started": NOW - dt.timedelta(minutes=2),
        "total": 312,
    }
    running = {"done": 84, "percent": Decimal(27), "rate": "12 per s", "left": "19 s left", "tallies": tallies}
    finished = {"done": 312, "percent": Decimal(100), "took": "26 s", "tallies": tallies}
    failed = {
        "done": 120,
        "percent": Decimal(38),
        "error": "The database did not answer for 30 s. 120 holds are done and stay done.",
        "reference": "7f3a9c",
        "links": [{"label": "Retry the rest", "url": "#jobs"}],
    }
    waiting = {"done": 0, "percent": Decimal(0), "note": "Another evaluation of NL01 runs; this one starts after it."}
    return [
        {**base, **running, "number": 812, "status": "running", "cancel_url": "#jobs"},
        {**base, **finished, "number": 811, "status": "finished", "links": [{"label": "See the 6", "url": "#jobs"}]},
        {**base, **failed, "number": 810, "status": "failed"},
        {**base, **waiting, "number": 809, "status": "waiting"},
        {**base, **running, "number": 808, "status": "running", "stuck": True, "restart_url": "#jobs"},
    ]
