"""The component page at `/_design/`: every component in every state (ux 4.6), for debug, demonstrations and tests."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from django import forms
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from credit_mgmt.design_samples import NOW, TODAY, Shown, exposures, jobs, lists, money, objects
from credit_mgmt.engine.stack import Component, Kind
from credit_mgmt.limits.strip import period_strip
from credit_mgmt.templatetags.credit import STATUSES


class ReleaseForm(forms.Form):
    """The fields of a release, so that every kind of widget is on the page."""

    mode = forms.ChoiceField(
        label="How",
        widget=forms.RadioSelect,
        choices=[("with_posting", "Release and post"), ("without_posting", "Release only")],
    )
    reason = forms.ChoiceField(
        choices=[("", "Choose a reason"), ("PAID", "Payment confirmed"), ("MGR", "Manager approved")]
    )
    review_date = forms.DateField(required=False, widget=forms.DateInput(attrs={"type": "date"}), label="Review on")
    amount = forms.DecimalField(
        required=False, label="Expected receipt", help_text="What the customer promised to pay."
    )
    note = forms.CharField(required=False, widget=forms.Textarea(attrs={"rows": 2}))
    forced = forms.BooleanField(required=False, label="Release the forced hold too", help_text="Forced by J. Wolff.")


@dataclass(frozen=True)
class Reader:
    """Somebody who is signed in, for the account menu."""

    email: str = "mira.visser@demo.invalid"
    is_authenticated: bool = True

    def get_full_name(self) -> str:
        """What the menu calls them."""
        return "Mira Visser"

    def get_username(self) -> str:
        """What they sign in with."""
        return "mira"


@dataclass(frozen=True)
class Said:
    """A message, as `django.contrib.messages` hands it to a toast."""

    text: str
    level_tag: str
    extra_tags: str = ""

    def __str__(self) -> str:
        return self.text


def forms_shown() -> Shown:
    """A form as opened, and one that was refused."""
    return {
        "form": ReleaseForm(initial={"mode": "with_posting", "amount": Decimal("18500.00")}, prefix="new"),
        "wrong": ReleaseForm(
            {"bad-mode": "with_posting", "bad-amount": "1,0x", "bad-review_date": "soon"}, prefix="bad"
        ),
        "hints": {
            "with_posting": "14 confirmations, 6 packing slips, with the settings of the original attempt.",
            "without_posting": "Nothing is posted; the document that was stopped is cleared once.",
        },
    }


def shell() -> Shown:
    """What the shell shows around every page."""
    names = ("Holds", "Customers", "Orders", "Rules", "Parameters", "Jobs")
    return {
        "nav": [
            {"label": name, "url": "/_design/", "active": name == "Holds", "count": 61 if name == "Holds" else None}
            for name in names
        ],
        "scope": {"label": "NL01, NL02, US01"},
        "jobs": {"running": 1, "url": "#jobs"},
        "time_zone": "Europe/Amsterdam",
        "user": Reader(),
        "nav_more": [{"label": "My recent actions", "url": "#objects", "key": "z"}],
        "search_url": "/_design/found/",
        "preferences_url": "/_design/",
        "today": TODAY,
        "now": NOW,
    }


def actions() -> list[Shown]:
    """Each look of a button."""
    return [
        {"label": "Release…", "url": "/_design/dialog/", "primary": True, "dialog": True, "shortcut": "r"},
        {"label": "Reject…", "url": "/_design/dialog/", "dialog": True, "icon": "x"},
        {"label": "Cancel order", "url": "/_design/dialog/", "danger": True, "dialog": True},
        {"label": "Columns", "url": "#forms", "quiet": True, "icon": "columns-3"},
        {"label": "Release", "disabled_because": "You submitted this yourself."},
    ]


def found() -> list[tuple[str, list[Shown]]]:
    """What the palette shows: an exact match, what can be done with it, others."""
    hold = {"kind": "Hold", "label": "SO-104233", "name": "Harbour Lane Foods", "number": "H-004182", "entity": "NL01"}
    return [
        ("Exactly", [{**hold, "state": "On hold", "url": "#objects", "icon": "pause"}]),
        (
            "Actions",
            [{"kind": "Action", "label": "Release SO-104233…", "name": "Harbour Lane Foods", "entity": "NL01",
              "url": "/_design/dialog/", "icon": "check", "dialog": True}],
        ),
        ("Go to", [{"kind": "Page", "label": "Preferences", "url": "#forms", "icon": "arrow-right"}]),
    ]  # fmt: skip


def toasts() -> list[Said]:
    """One of each tone, with and without a way back."""
    return [
        Said("20 holds released.", "success", "undo:/_design/"),
        Said("1 hold was changed by somebody else.", "warning"),
        Said("The server could not answer this request.", "error"),
    ]


def periods() -> Shown:
    """A calendar of limits: a base limit that ends, a temporary one in its place for a month, a policy beside both."""
    parts = [
        Component(Kind.BASE, money("150,000.00"), last=dt.date(2026, 12, 31)),
        Component(Kind.TEMPORARY, money("180,000.00"), dt.date(2026, 11, 1), dt.date(2026, 11, 30)),
        Component(Kind.COVER, money("20,000.00"), dt.date(2026, 3, 1), dt.date(2027, 2, 28), label="Insurance 40 %"),
    ]
    labels = {Kind.BASE: "Base limit", Kind.TEMPORARY: "Temporary", Kind.COVER: "Cover"}
    return {"strip": period_strip(parts, start=dt.date(2026, 8, 1), months=15, today=TODAY), "labels": labels}


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
        "periods": periods(),
        "job_runs": jobs(),
        "forms": forms_shown(),
        "actions": actions(),
        "statuses": list(STATUSES),
        "theme": request.GET.get("theme", ""),
        "density": request.GET.get("density", ""),
        "toasts": toasts(),
        "groups": found(),
        "found_text": "3 results",
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


def palette(request: HttpRequest) -> HttpResponse:
    """What the palette gets, whatever is asked."""
    if not offered():
        raise Http404
    context = {"q": request.GET.get("q", ""), "groups": found(), "found_text": "3 results", "more_url": "#"}
    return render(request, "holds/_found.html", context)
