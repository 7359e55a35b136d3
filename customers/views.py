"""What every page has in common: a signed-in actor, one clock reading, the frame, and errors in the reader's words.

A page is an edge (`architecture.md`): it reads the clock, asks one service and draws the answer.
"""

import datetime as dt
import json
from collections.abc import Mapping
from typing import Any, ClassVar

from django.forms import BaseForm
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.functional import cached_property
from django.views.generic import View
from django_htmx.http import HttpResponseClientRedirect

from customers import clock
from customers.access import Action, Actor, NotAllowed, OutOfScope, actor_of_user, authorize
from customers.errors import InvalidInput, NotDecided, NotFound, Refused
from customers.models import LegalEntity
from customers.people import whom_to_ask
from customers.preferences import preferences_of
from customers.signing_in import sign_in_first


class PageView(View):
    """A page of the application. `looks` is the right without which the page does not exist for a reader."""

    looks: ClassVar[Action]
    section: ClassVar[str] = ""
    """The destination of the top bar that is marked as current."""

    @cached_property
    def actor(self) -> Actor:
        """Who asks, with the grants that stand in the database in this very request."""
        return actor_of_user(self.request.user)

    @cached_property
    def now(self) -> dt.datetime:
        """The instant of this request."""
        return clock.now()

    @property
    def rows(self) -> int:
        """Rows on a page of a list, as the reader prefers."""
        return preferences_of(self.request.user).page_size

    def today(self, time_zone: str) -> dt.date:
        """Today in `time_zone`."""
        return clock.today(time_zone)

    def today_of(self, legal_entity: str) -> dt.date:
        """Today's business date of a legal entity (`domain 1`)."""
        return clock.today(LegalEntity.objects.values_list("time_zone", flat=True).get(code=legal_entity))

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Answer as the method says; a refusal becomes a page that says so."""
        if not request.user.is_authenticated:
            return sign_in_first(request)
        request.actor, request.section = self.actor, self.section  # type: ignore[attr-defined]
        try:
            if not self.actor.may(self.looks):
                raise NotAllowed(self.looks, None)
            return super().dispatch(request, *args, **kwargs)  # type: ignore[return-value]
        except (OutOfScope, NotFound) as problem:
            raise Http404(str(problem)) from problem
        except NotAllowed as problem:
            return self._refuse(403, "You may not do this", f"{problem} {whom_to_ask(problem.legal_entity)}")
        except Refused as problem:
            return self._refuse(409, "This cannot be done now", problem.message)
        except InvalidInput as problem:
            words = " ".join(error.message for error in problem.errors)
            return self._refuse(400, "This could not be accepted", words)
        except NotDecided as problem:
            answer = self._refuse(503, "Not decided in time", f"{problem.message} Nothing was changed; try again.")
            answer["Retry-After"] = str(problem.retry_after)
            return answer

    def may(self, action: Action, legal_entity: str | None = None) -> bool:
        """Whether the reader may do `action`; decides what is rendered, services decide again."""
        return self.actor.may(action, legal_entity)

    def require(self, action: Action, legal_entity: str | None) -> None:
        """Raise unless the reader may do `action` there."""
        authorize(self.actor, action, legal_entity)

    def page(self, template: str, context: Mapping[str, Any], status: int = 200) -> HttpResponse:
        """The page drawn, with what every frame needs. Fragments and pages share addresses, hence `Vary`."""
        frame = {"actor": self.actor, "now": self.now, "today": self.today("UTC")}
        answer = render(self.request, template, {**frame, **context}, status=status)
        answer["Vary"] = "HX-Request, Cookie"
        return answer

    def go(self, url: str) -> HttpResponse:
        """On to `url`: as a redirect, or as the instruction that htmx understands."""
        if self.request.headers.get("HX-Request"):
            return HttpResponseClientRedirect(url)
        return HttpResponseRedirect(url)

    def _refuse(self, status: int, heading: str, text: str) -> HttpResponse:
        if self.request.headers.get("HX-Request"):
            said = {"toast": {"text": f"{heading}: {text}", "tone": "error"}}
            return HttpResponse(status=204, headers={"HX-Trigger": json.dumps(said)})
        return render(self.request, "errors/refused.html", {"heading": heading, "text": text}, status=status)


def add_errors(form: BaseForm, problem: InvalidInput) -> None:
    """Show what a service found wrong beside the fields of `form`; what has no field stands above the form."""
    for error in problem.errors:
        form.add_error(error.field if error.field in form.fields else None, error.message)
