"""`/me/notifications/` (`ux.md` 3.18): what a person was told, unread first to the eye, and how they are told."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse

from customers.access import Action
from customers.listing import Address, page_of, sort_keys
from customers.models import Notification
from customers.models.notifications import Channel
from customers.notifications import channels_of, choose_channels, described, mark_read, notifications_of
from customers.views import PageView
from holds.pages.selection import plural

ICONS = {
    Notification.Kind.ASSIGNED: "user",
    Notification.Kind.RETURNED: "clock",
    Notification.Kind.READY: "circle-check",
    Notification.Kind.RUN_ENDED: "refresh-cw",
    Notification.Kind.EXPIRES: "calendar",
}


class ChannelsForm(forms.Form):
    """How one is told of each kind."""

    def __init__(self, data: Mapping[str, Any] | None = None, **options: Any) -> None:
        super().__init__(data, **options)
        for kind in Notification.Kind:
            self.fields[kind.value] = forms.ChoiceField(label=kind.label, choices=Channel.choices)


class NotificationsPage(PageView):
    """The list; a POST keeps how one is told."""

    looks = Action.VIEW

    def get(self, request: HttpRequest) -> HttpResponse:
        """What the reader was told, newest first."""
        return self._show(ChannelsForm(initial=channels_of(self.actor)))

    def post(self, request: HttpRequest) -> HttpResponse:
        """Keep how the reader is told from now on."""
        form = ChannelsForm(request.POST)
        if not form.is_valid():
            return self._show(form, status=422)
        choose_channels(actor=self.actor, channels=form.cleaned_data)
        messages.success(request, "You are told like this from now on.")
        return self.go(reverse("notifications"))

    def _show(self, form: ChannelsForm, status: int = 200) -> HttpResponse:
        address = Address(self.request.GET, rows=self.rows)
        _, keys = sort_keys("", {"at": "at"}, ("-at",), "id")
        given = self.request.GET
        told = notifications_of(self.actor)
        page = page_of(told, keys, per=address.per, after=given.get("after", ""), before=given.get("before", ""))
        context = {
            "rows": [_row(each) for each in page.rows],
            "unread": told.filter(read_at=None).order_by().count(),
            "pager": address.pager(page),
            "form": form,
            "mail_to": getattr(self.request.user, "email", ""),
        }
        return self.page("holds/notifications.html", context, status=status)


class NotificationPage(PageView):
    """`/me/notifications/<id>/`: on to what it is about; then it is read."""

    looks = Action.VIEW

    def get(self, request: HttpRequest, ident: int) -> HttpResponse:
        """Read it, and on."""
        told = notifications_of(self.actor).filter(pk=ident).first()
        if told is None:
            raise Http404("There is no such notification of yours.")
        mark_read(actor=self.actor, at=self.now, only=told.pk)
        return self.go(described(told).path)


class NotificationsRead(PageView):
    """POST `/me/notifications/read/`: mark them all, or the one named, as read."""

    looks = Action.VIEW

    def get(self, request: HttpRequest) -> HttpResponse:
        """A link changes nothing: back to the list."""
        return self.go(reverse("notifications"))

    def post(self, request: HttpRequest) -> HttpResponse:
        """Mark them."""
        word = request.POST.get("one", "")
        only = int(word) if word.isdecimal() and len(word) < 19 else None
        count = mark_read(actor=self.actor, at=self.now, only=only)
        if only is None and count:
            messages.success(request, f"{plural(count, 'notification')} marked as read.")
        return self.go(reverse("notifications"))


def _row(told: Notification) -> dict[str, Any]:
    return {
        "told": told,
        "text": described(told).text,
        "url": reverse("notification", args=[told.pk]),
        "icon": ICONS[Notification.Kind(told.kind)],
    }
