"""Template tags and filters of the visual language: `{% load credit %}`. See templates/components/README.md."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from django import template
from django.forms import BoundField
from django.http import HttpRequest
from django.template import Context
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from credit_mgmt.templatetags import bars, formats

register = template.Library()

register.filter("amount", formats.amount)
register.filter("short_amount", formats.short_amount)
register.filter("limit_amount", formats.limit_amount)
register.filter("percent", formats.percent)
register.filter("days", formats.days)
register.filter("count", formats.count)
register.filter("rate", formats.rate)
register.simple_tag(formats.short_date, name="short_date")
register.simple_tag(bars.exposure_bar, name="lay_out_exposure")
register.simple_tag(bars.meter, name="meter_width")

# Status → (word, icon, class). The words and icons of ux 3.0, section Statuses.
STATUSES = {
    "held": ("Held", "pause", "held"),
    "ready": ("Ready", "circle-check", "ready"),
    "in_approval": ("In approval", "user-check", "in_approval"),
    "forced": ("Forced", "hand", "forced"),
    "running": ("Running", "loader", "running"),
    "waiting": ("Waiting", "clock", "neutral"),
    "failed": ("Failed", "triangle-alert", "failed"),
    "rejected": ("Rejected", "x", "rejected"),
    "snoozed": ("Snoozed", "clock", "neutral"),
    "released": ("Released", "check", "neutral"),
    "cancelled": ("Cancelled", "slash", "neutral"),
    "finished": ("Finished", "check", "passed"),
    "stuck": ("Stuck", "triangle-alert", "failed"),
    "passed": ("Passed", "check", "passed"),
    "warning": ("Warning", "triangle-alert", "held"),
    "error": ("Error", "circle-x", "failed"),
    "not_checked": ("Not checked", "circle-dot", "neutral"),
    "draft": ("Draft", "pencil", "neutral"),
    "approved": ("Approved", "user-check", "ready"),
    "posted": ("Posted", "check", "passed"),
    "rule_draft": ("Draft", "pencil", "neutral"),
    "rule_shadow": ("Shadow", "eye", "in_approval"),
    "rule_active": ("Active", "check", "passed"),
    "rule_retired": ("Retired", "slash", "neutral"),
    "cover_in_force": ("In force", "shield-check", "passed"),
    "cover_expiring": ("Expires soon", "clock", "in_approval"),
    "cover_not_yet": ("Not yet", "calendar", "neutral"),
    "expired": ("Expired", "slash", "neutral"),
}  # fmt: skip
STATUS_ALIASES = {
    "active": "held",
    "ready_to_release": "ready",
    "release_failed": "failed",
    "approval": "in_approval",
    "in_workflow": "in_approval",
}

# Read by speech between chips, not seen.
COMMA = mark_safe('<span class="tr-sep">, </span>')

VERDICT_ICONS = {
    "held": "pause",
    "excused": "shield-check",
    "passed": "check",
    "not_reached": "slash",
    "skipped": "clock",
    "warning": "triangle-alert",
    "error": "circle-x",
}


@register.simple_tag
@lru_cache(maxsize=1024)
def icon(name: str, label: str = "", size: str = "") -> SafeString:
    """An icon of the sprite. Without `label` it is decoration beside a word and hidden from speech."""
    href = f"{static('credit/icons/sprite.svg')}#{name}"
    css = f"icon icon-{size}" if size else "icon"
    if label:
        return format_html('<svg class="{}" role="img" aria-label="{}"><use href="{}"/></svg>', css, label, href)
    return format_html('<svg class="{}" aria-hidden="true"><use href="{}"/></svg>', css, href)


@register.simple_tag
def status_badge(status: str, forced: bool = False, text: str = "") -> SafeString:
    """A status as icon, word and colour; `forced` adds the violet flag; `text` replaces the word.

    Raises KeyError for a status without a word: better than showing a code.
    """
    word, glyph, css = STATUSES[STATUS_ALIASES.get(status, status)]
    badge = format_html('<span class="badge {}">{}{}</span>', css, icon(glyph), text or word)
    if not forced or css == "forced":
        return badge
    return format_html('<span class="badges">{} {}</span>', badge, status_badge("forced"))


@register.simple_tag
def verdict_icon(verdict: str) -> SafeString:
    """The icon of a line of the rule trace."""
    return icon(VERDICT_ICONS.get(verdict, "circle-dot"))


@register.simple_tag
def reason_chips(chips: Iterable[Any]) -> SafeString:
    """Reason chips in the given order, cleared ones last; separated by commas for speech (ux 3.1)."""
    ordered = sorted(chips or [], key=lambda chip: bool(bars.read(chip, "cleared", False)))
    return format_html('<span class="chips">{}</span>', format_html_join(COMMA, "{}", ((_chip(c),) for c in ordered)))


def _chip(chip: Any) -> SafeString:
    """One chip: label, number in bold; a cleared reason is struck through and says so."""
    label, value = bars.read(chip, "label", ""), bars.read(chip, "value", "")
    words = format_html("{} <strong>{}</strong>", label, value) if value else format_html("{}", label)
    cleared = bool(bars.read(chip, "cleared", False))
    if cleared:
        words = format_html('<span class="sr-only">cleared: </span><s>{}</s>', words)
    css = "chip cleared" if cleared else f"chip {bars.read(chip, 'tone', '') or ''}".strip()
    title = bars.read(chip, "title", "") or ""
    if title:
        return format_html('<span class="{}" title="{}">{}</span>', css, title, words)
    return format_html('<span class="{}">{}</span>', css, words)


@register.simple_tag
def age(moment: dt.datetime | None, now: dt.datetime) -> SafeString:
    """The age of a moment (`3 d`, `5 h`), exact on hover. `now` comes from the view: templates read no clock."""
    if moment is None:
        return format_html("{}", formats.NONE)
    return _time_element(moment, formats.age(moment, now))


@register.simple_tag
def when(moment: dt.datetime | None, now: dt.datetime) -> SafeString:
    """A moment relative up to 24 h, then its date; exact on hover and for speech."""
    if moment is None:
        return format_html("{}", formats.NONE)
    zone = timezone.get_current_timezone()
    return _time_element(moment, formats.when(moment.astimezone(zone), now.astimezone(zone)))


def _time_element(moment: dt.datetime, text: str) -> SafeString:
    """A <time> with its exact form, in the reader's zone, as title."""
    local = moment.astimezone(timezone.get_current_timezone())
    exact = formats.exact_time(local)
    return format_html('<time datetime="{}" title="{}">{}</time>', local.isoformat(timespec="minutes"), exact, text)


@register.simple_tag(takes_context=True)
def cell(context: Context, item: Any) -> SafeString:
    """The content of one cell or figure, by its `kind` (components/README.md). Dates need `today`, times `now`."""
    value, kind = bars.read(item, "value"), bars.read(item, "kind") or "text"
    if kind == "status":
        return status_badge(value, forced=bool(bars.read(item, "forced", False)))
    if kind == "chips":
        return reason_chips(value)
    if kind == "time":
        return when(value, context["now"])
    if kind == "age":
        return age(value, context["now"])
    text = _cell_text(context, item, kind, value)
    url = bars.read(item, "url", "")
    return format_html('<a href="{}">{}</a>', url, text) if url else format_html("{}", text)


def _cell_text(context: Context, item: Any, kind: str, value: Any) -> str:
    """The words of a cell that is plain text once formatted."""
    unit = bars.read(item, "unit", "") or ""
    if kind == "date":
        return formats.short_date(value, context["today"])
    if kind in ("amount", "limit"):
        written = formats.amount if kind == "amount" else formats.limit_amount
        return written(value, unit)
    if kind in ("percent", "days", "count"):
        return {"percent": formats.percent, "days": formats.days, "count": formats.count}[kind](value)
    if kind in ("text", "doc", "code", "entity"):
        return formats.NONE if value in (None, "") else str(value)
    raise ValueError(f"cell kind {kind!r} is unknown; components/README.md lists the kinds")


@register.filter
def is_number(kind: str | None) -> bool:
    """Whether a cell of this kind is set flush right."""
    return kind in ("amount", "limit", "percent", "days", "count", "age")


@register.filter
def iso_date(day: dt.date | None) -> str:
    """A date as ISO text; `–` for none."""
    return day.isoformat() if day else formats.NONE


@register.simple_tag
def query_with(request: HttpRequest, **changes: Any) -> str:
    """This page's query string with keys replaced; None removes a key, a list repeats it (ux address grammar)."""
    query = request.GET.copy()
    for key, value in changes.items():
        if value is None:
            query.pop(key, None)
        else:
            query.setlist(key, [str(item) for item in value] if isinstance(value, list | tuple) else [str(value)])
    return f"?{query.urlencode()}"


@register.simple_tag
def field_input(field: BoundField, **attrs: Any) -> SafeString:
    """The field's widget, tied to its help and error text for speech."""
    described = []
    if field.help_text:
        described.append(f"{field.auto_id}_helptext")
    if field.errors:
        described.append(f"{field.auto_id}_error")
        attrs["aria-invalid"] = "true"
    if described:
        attrs["aria-describedby"] = " ".join(described)
    return field.as_widget(attrs=attrs)


@register.filter
def is_checkbox(field: BoundField) -> bool:
    """Whether the field is a single box, which has its label behind it."""
    return getattr(field.field.widget, "input_type", "") == "checkbox" and not is_group(field)


@register.filter
def is_group(field: BoundField) -> bool:
    """Whether the field is several boxes or radios, which need a <fieldset>."""
    return bool(field.use_fieldset)


@register.filter
def lookup(mapping: Mapping[str, Any] | None, key: object) -> Any:
    """`mapping[key]`, or an empty text."""
    return (mapping or {}).get(str(key), "")


@register.filter
def undo_url(tags: str | None) -> str:
    """The address in a message's extra tag `undo:<url>`, or empty."""
    for tag in (tags or "").split():
        if tag.startswith("undo:"):
            return tag.removeprefix("undo:")
    return ""


@register.filter
def at(items: Sequence[Any], index: int) -> Any:
    """The item at a position, or an empty text: cells are matched to columns by it."""
    return items[index] if 0 <= index < len(items) else ""


@register.filter
def initials(user: Any) -> str:
    """Two letters for a person: of their names, else of their user name."""
    names = (user.get_full_name() or user.get_username()).replace(".", " ").replace("-", " ").split()
    letters: list[str] = [name[0] for name in names] if len(names) > 1 else list(names[0][:2])
    return (letters[0] + letters[-1]).upper()


@register.filter
def joined(items: Iterable[object]) -> SafeString:
    """Texts joined by commas, each escaped."""
    return format_html_join(", ", "{}", ((item,) for item in items or []))
