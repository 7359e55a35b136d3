"""Signing in, also in the middle of something: what was typed after a session's end is kept (`ux` 5, measure 11).

A form that is sent without a session comes back as the sign-in page, which carries what was sent along. Then a page
shows it and asks whether to go on: nothing is done that a person did not press a button for, signed in.
"""

import json
from typing import Any

from django.contrib.auth import login
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView, redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme

LONGEST = 100_000
"""What is carried at most, in characters: a form is typed by a person."""
_NOT_CARRIED = frozenset({"csrfmiddlewaretoken", "carried", "password"})


def sign_in_first(request: HttpRequest) -> HttpResponse:
    """To the sign-in page: with the address to come back to, or with what was sent."""
    if request.method != "POST":
        return redirect_to_login(request.get_full_path())
    carried = json.dumps({"path": request.get_full_path(), "fields": _fields(request)})
    context = {
        "form": AuthenticationForm(request),
        "carried": carried if len(carried) <= LONGEST else "",
        "next": request.get_full_path(),
        "signed_out": True,
        "files": bool(request.FILES),
    }
    return render(request, "registration/login.html", context, status=401)


class SignIn(LoginView):
    """The sign-in page; what it carries is shown again after signing in."""

    redirect_authenticated_user = True

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Carry on what was carried, also after a wrong password."""
        return {"carried": self.request.POST.get("carried", ""), **super().get_context_data(**kwargs)}

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        """Sign in, and go on where somebody was."""
        carried = read_carried(self.request)
        if carried is None:
            return super().form_valid(form)
        login(self.request, form.get_user())
        path, fields = carried
        told = [(name, value) for name, value in fields if value.strip() and not name.startswith("_")]
        return render(self.request, "registration/go_on.html", {"path": path, "fields": fields, "told": told})


def read_carried(request: HttpRequest) -> tuple[str, list[tuple[str, str]]] | None:
    """Where a form was being sent, and its fields; None where there is none, or it leads elsewhere."""
    text = request.POST.get("carried", "")
    if not text or len(text) > LONGEST:
        return None
    try:
        carried = json.loads(text)
        path = str(carried["path"])
        fields = [(str(name), str(value)) for name, value in carried["fields"]]
    except (ValueError, KeyError, TypeError):
        return None
    here = url_has_allowed_host_and_scheme(path, allowed_hosts=None) and path.startswith("/")
    return (path, fields) if here else None


def _fields(request: HttpRequest) -> list[tuple[str, str]]:
    return [(name, str(value)) for name, values in request.POST.lists() if name not in _NOT_CARRIED for value in values]
