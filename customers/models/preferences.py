"""How one person wants pages to look and to be used. It changes no figure, no right and no decision."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from customers.models.columns import one_of


class Theme(models.TextChoices):
    """Which of the two themes."""

    SYSTEM = "system", "As the system"
    LIGHT = "light", "Light"
    DARK = "dark", "Dark"


class Density(models.TextChoices):
    """How high rows are (`ux.md` 4.2)."""

    COMPACT = "compact", "Compact"
    COMFORTABLE = "comfortable", "Comfortable"
    TOUCH = "touch", "Touch"


class Shortcuts(models.TextChoices):
    """Whether single letters are keys (WCAG 2.1.4)."""

    ON = "on", "Single letters"
    ALT = "alt", "With Alt"
    OFF = "off", "Off"


class NumberStyle(models.TextChoices):
    """What separates thousands, and what stands before the decimals (`ux.md` 4.3)."""

    COMMA_POINT = "comma_point", "1,234.50"
    POINT_COMMA = "point_comma", "1.234,50"
    SPACE_COMMA = "space_comma", "1\N{NARROW NO-BREAK SPACE}234,50"
    APOSTROPHE_POINT = "apostrophe_point", "1\N{RIGHT SINGLE QUOTATION MARK}234.50"


PAGE_SIZES = (25, 50, 100, 200)
"""Rows on a page that can be chosen (`ux.md` 3.0, Pager)."""


class Preferences(models.Model):
    """What a person chose; who chose nothing has no row, and the defaults. Written by `customers.preferences` alone."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="preferences"
    )
    theme = models.CharField(max_length=10, choices=Theme.choices, default=Theme.SYSTEM)
    density = models.CharField(max_length=12, choices=Density.choices, default=Density.COMPACT)
    shortcuts = models.CharField(max_length=4, choices=Shortcuts.choices, default=Shortcuts.ON)
    home_view = models.CharField(max_length=60, blank=True, help_text="the view of the hold list that is home")
    page_size = models.PositiveSmallIntegerField(default=50)
    time_zone = models.CharField(max_length=64, blank=True, help_text="of times; days stay those of the legal entity")

    number_style = models.CharField(max_length=16, choices=NumberStyle.choices, default=NumberStyle.COMMA_POINT)

    class Meta:
        constraints = [
            one_of("theme_is_known", "theme", Theme),
            one_of("density_is_known", "density", Density),
            one_of("shortcuts_are_known", "shortcuts", Shortcuts),
            models.CheckConstraint(condition=Q(page_size__in=PAGE_SIZES), name="page_size_is_offered"),
            one_of("number_style_is_known", "number_style", NumberStyle),
        ]

    def __str__(self) -> str:
        return f"preferences of {self.user_id}"
