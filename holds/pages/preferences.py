"""Preferences (`ux.md` 3.18): theme, density, keys, home, rows, times and numbers, kept with the person."""

import zoneinfo
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from customers.access import Action
from customers.errors import InvalidInput
from customers.listing.views import arrangement
from customers.models.preferences import PAGE_SIZES, Density, NumberStyle, Shortcuts, Theme
from customers.preferences import preferences_of, set_preferences
from customers.views import PageView, add_errors
from holds.lists.columns import HOLDS

HINTS = {
    "theme": {
        "system": "Light by day and dark by night, where your system does so.",
        "light": "Always light.",
        "dark": "Always dark.",
    },
    "density": {
        "compact": "As many rows as fit. On a touch screen they are higher by themselves.",
        "comfortable": "A little more air.",
        "touch": "Rows and buttons for fingers.",
    },
    "shortcuts": {
        "on": "j, k, r, / and the rest, while no field has the focus.",
        "alt": "The same letters, held together with Alt: for speech input, and for hands that touch keys by accident.",
        "off": "Only keys with Ctrl, and Escape.",
    },
}
FIELDS = ("theme", "density", "shortcuts", "home_view", "page_size", "time_zone", "number_style")


class PreferencesForm(forms.Form):
    """What a person can choose."""

    theme = forms.ChoiceField(choices=Theme.choices, widget=forms.RadioSelect)
    density = forms.ChoiceField(choices=Density.choices, widget=forms.RadioSelect)
    shortcuts = forms.ChoiceField(label="Single-key shortcuts", choices=Shortcuts.choices, widget=forms.RadioSelect)
    home_view = forms.ChoiceField(label="Home", required=False, help_text="What “Holds” and the mark lead to.")
    page_size = forms.TypedChoiceField(
        label="Rows on a page", coerce=int, choices=[(size, str(size)) for size in PAGE_SIZES]
    )
    number_style = forms.ChoiceField(
        label="Numbers",
        choices=NumberStyle.choices,
        help_text="As pages show them. Exports and messages stay at 1,234.50; fields read 1234.50 too.",
    )
    time_zone = forms.ChoiceField(
        label="Time zone",
        required=False,
        help_text="Of times. Days, such as due or ship dates, are those of the legal entity.",
    )

    def __init__(self, *args: Any, views: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        zones = sorted(zone for zone in zoneinfo.available_timezones() if "/" in zone and not zone.startswith("Etc/"))
        self.fields["home_view"].choices = [("", "All open"), *views]  # type: ignore[attr-defined]
        self.fields["time_zone"].choices = [("", "UTC"), *((zone, zone) for zone in zones)]  # type: ignore[attr-defined]


class PreferencesPage(PageView):
    """`/preferences/`: everything in one form, which needs no script."""

    looks = Action.VIEW

    def get(self, request: HttpRequest) -> HttpResponse:
        """What is chosen now."""
        chosen = preferences_of(request.user)
        return self._show(self._form(initial={name: getattr(chosen, name) for name in FIELDS}))

    def post(self, request: HttpRequest) -> HttpResponse:
        """Keep it, and show the page as it looks from now on."""
        form = self._form(request.POST)
        if not form.is_valid():
            return self._show(form, status=422)
        try:
            set_preferences(actor=self.actor, **form.cleaned_data)
        except InvalidInput as problem:
            add_errors(form, problem)
            return self._show(form, status=422)
        messages.success(request, "Preferences saved.")
        return self.go(reverse("preferences"))

    def _form(self, *args: Any, **kwargs: Any) -> PreferencesForm:
        views = [(view.slug, view.label) for view in arrangement(HOLDS, self.actor).views if view.slug != "open"]
        return PreferencesForm(*args, views=views, **kwargs)

    def _show(self, form: PreferencesForm, status: int = 200) -> HttpResponse:
        context = {"form": form, "hints": HINTS}
        return self.page("holds/preferences.html", context, status=status)


class ThemeSwitch(PageView):
    """POST `/preferences/theme/`: the switch of the account menu; back to the page that it was used on."""

    looks = Action.VIEW

    def get(self, request: HttpRequest) -> HttpResponse:
        """A link changes nothing: on to the form."""
        return self.go(reverse("preferences"))

    def post(self, request: HttpRequest) -> HttpResponse:
        """Keep the theme alone. Raises `InvalidInput` for one that there is not."""
        set_preferences(actor=self.actor, theme=request.POST.get("theme", ""))
        back = request.POST.get("next", "")
        known = url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()})
        return self.go(back if known else reverse("preferences"))
