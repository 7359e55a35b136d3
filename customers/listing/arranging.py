"""How a person arranges a list: saved views, pinned tabs, columns. All of it works without a script.

Each is one page for every list: `ColumnsPage.as_view(kind=…)`, `arranging_urls(kind, path)`.
"""

from collections.abc import Sequence
from typing import Any, ClassVar

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse

from customers.access import Action
from customers.errors import InvalidInput, Refused
from customers.listing.address import Address
from customers.listing.columns import chosen_columns
from customers.listing.forms import ViewForm
from customers.listing.kinds import ListKind
from customers.listing.parts import list_url
from customers.listing.views import MOST_PINNED, arrange, arrangement, delete_view, query_of, save_view
from customers.models import SavedView
from customers.views import PageView, add_errors

Item = dict[str, Any]


def moved(order: Sequence[str], up: str = "", down: str = "") -> list[str]:
    """`order` with one name a place further up or down; as it is where there is no further."""
    names = list(order)
    name, step = (up, -1) if up else (down, 1)
    if name in names and 0 <= names.index(name) + step < len(names):
        place = names.index(name)
        names[place], names[place + step] = names[place + step], names[place]
    return names


class ListPage(PageView):
    """What the pages about a list have in common: the list. Who doesn't see it doesn't arrange it."""

    kind: ListKind = None  # type: ignore[assignment]  # given with the address
    looks: ClassVar[Action] = Action.VIEW

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The rights and the place in the top bar are the list's."""
        self.looks, self.section = self.kind.looks, self.kind.section  # type: ignore[misc]  # of this list alone
        return super().dispatch(request, *args, **kwargs)

    def show(self, template: str, context: Item, status: int = 200) -> HttpResponse:
        """A page that knows its list."""
        frame = {"kind": self.kind, "list_url": list_url(self.kind), "list_title": self.kind.title}
        return self.page(template, {**frame, **context}, status=status)


class SaveViewDialog(ListPage):
    """`views/new/?from=…`: the list as it is, under a name; with `slug` a view of one's own is changed."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Ask for the name and who sees it."""
        given = request.GET.get("from", "")
        saved = self._own(request.GET.get("slug", ""))
        initial = {"visibility": saved.visibility, "role": saved.role, "label": saved.label} if saved else {}
        return self._show(ViewForm(publish=self.may(self.kind.publish), initial=initial), given, saved)

    def post(self, request: HttpRequest) -> HttpResponse:
        """Save it, and show it."""
        given = request.POST.get("from", "")
        saved = self._own(request.POST.get("slug", ""))
        form = ViewForm(request.POST, publish=self.may(self.kind.publish))
        if not form.is_valid():
            return self._show(form, given, saved, status=422)
        params = QueryDict(given)
        base = arrangement(self.kind, self.actor).view(params.get("view", ""))
        try:
            view = save_view(
                self.kind,
                query=query_of(params, base),
                actor=self.actor,
                at=self.now,
                slug=saved.slug if saved else "",
                **form.cleaned_data,
            )
        except InvalidInput as problem:
            add_errors(form, problem)
            return self._show(form, given, saved, status=422)
        except Refused as problem:
            form.add_error(None, problem.message)
            return self._show(form, given, saved, status=409)
        messages.success(request, f"View “{view.label}” saved.")
        return self.go(list_url(self.kind, f"view={view.slug}"))

    def _own(self, slug: str) -> SavedView | None:
        mine = SavedView.objects.filter(list=self.kind.name, owner=self.actor.user_id)
        return mine.filter(slug=slug).first() if slug else None

    def _show(self, form: ViewForm, given: str, saved: SavedView | None, status: int = 200) -> HttpResponse:
        context = {
            "form": form,
            "from": given,
            "saved": saved,
            "action_url": self.request.path,
            "cancel_url": list_url(self.kind, given),
            "dialog_heading": f"Change “{saved.label}”" if saved else "Save view",
        }
        return self.show("listing/view.html", context, status=status)


class SaveView(ListPage):
    """POST `views/<slug>/save/`: a view of one's own takes over the list as it is."""

    def post(self, request: HttpRequest, slug: str) -> HttpResponse:
        """Keep its name and who sees it."""
        params = QueryDict(request.POST.get("from", ""))
        base = arrangement(self.kind, self.actor).view(slug)
        known = SavedView.objects.filter(list=self.kind.name, slug=slug).first()
        label, visibility, role = (known.label, known.visibility, known.role) if known else ("", "", "")
        view = save_view(
            self.kind, slug=slug, label=label or slug, visibility=visibility or "me", role=role,
            query=query_of(params, base), actor=self.actor, at=self.now,
        )  # fmt: skip
        messages.success(request, f"View “{view.label}” saved.")
        return self.go(list_url(self.kind, f"view={view.slug}"))


class DeleteView(ListPage):
    """POST `views/<slug>/delete/`."""

    def post(self, request: HttpRequest, slug: str) -> HttpResponse:
        """Delete a view of one's own."""
        messages.success(request, f"View “{delete_view(self.kind, slug=slug, actor=self.actor)}” deleted.")
        return self.go(reverse(self.kind.url("views")))


class ViewsPage(ListPage):
    """`views/`: which views have a tab, in which order; those of one's own can be changed and deleted here."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """The views, pinned ones first."""
        found = arrangement(self.kind, self.actor)
        pinned = [view.slug for view in found.pinned]
        return self._show([*pinned, *(view.slug for view in found.views if view.slug not in pinned)], pinned)

    def post(self, request: HttpRequest) -> HttpResponse:
        """Move one up or down, or keep the order."""
        order, pinned = request.POST.getlist("order"), request.POST.getlist("pin")
        up, down = request.POST.get("up", ""), request.POST.get("down", "")
        if up or down:
            return self._show(moved(order, up, down), pinned)
        known = {view.slug for view in arrangement(self.kind, self.actor).views}
        wanted = [slug for slug in order if slug in pinned and slug in known]
        if not 1 <= len(wanted) <= MOST_PINNED:
            return self._show(order, pinned, problem=f"Pin 1 to {MOST_PINNED} views; the rest stands under More.")
        arrange(self.kind, pinned=wanted, actor=self.actor)
        messages.success(request, "The tabs are arranged.")
        return self.go(list_url(self.kind))

    def _show(self, order: Sequence[str], pinned: Sequence[str], problem: str = "") -> HttpResponse:
        views = {view.slug: view for view in arrangement(self.kind, self.actor).views}
        names = [slug for slug in dict.fromkeys(order) if slug in views]
        rows = [
            {
                "view": views[slug],
                "pinned": slug in pinned,
                "shipped": slug in self.kind.shipped,
                "first": place == 0,
                "last": place == len(names) - 1,
                "url": list_url(self.kind, f"view={slug}"),
                "delete_url": reverse(self.kind.url("view-delete"), args=[slug]) if views[slug].mine else "",
            }
            for place, slug in enumerate(names)
        ]
        context = {"rows": rows, "problem": problem, "most": MOST_PINNED, "form": None}
        return self.show("listing/views.html", context, status=422 if problem else 200)


class ColumnsPage(ListPage):
    """`columns/?from=…`: which columns the list has, in which order; kept for the person."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """The columns as they are, then the others."""
        given, kind = request.GET.get("from", ""), self.kind
        params, found = QueryDict(given), arrangement(self.kind, self.actor)
        address = Address(params, found.view(params.get("view", "")).defaults)
        layout = found.layout.get("cols", ())
        columns = chosen_columns(kind.columns, address, layout, fixed=kind.fixed, default=kind.default(address))
        shown = [column.name for column in columns]
        return self._show([*shown, *(name for name in kind.columns if name not in shown)], shown, given)

    def post(self, request: HttpRequest) -> HttpResponse:
        """Move one up or down, go back to the default, or keep them."""
        given, chosen = request.POST.get("from", ""), request.POST.getlist("cols")
        order = [name for name in dict.fromkeys(request.POST.getlist("order")) if name in self.kind.columns]
        up, down = request.POST.get("up", ""), request.POST.get("down", "")
        if up or down:
            return self._show(moved(order, up, down), chosen, given)
        params = QueryDict(given, mutable=True)
        params.pop("cols", None)
        wanted = [name for name in order if name in chosen or name == self.kind.fixed]
        view = arrangement(self.kind, self.actor).view(params.get("view", ""))
        if request.POST.get("default"):
            arrange(self.kind, columns=(), actor=self.actor)
        elif "cols" in view.defaults:
            # The view has columns of its own: others are a change of the view, which can be saved or reset.
            params.setlist("cols", [",".join(wanted)])
        else:
            arrange(self.kind, columns=wanted, actor=self.actor)
        return self.go(list_url(self.kind, params.urlencode()))

    def _show(self, order: Sequence[str], chosen: Sequence[str], given: str) -> HttpResponse:
        rows = [
            {
                "name": name,
                "label": self.kind.columns[name].label,
                "chosen": name in chosen or name == self.kind.fixed,
                "fixed": name == self.kind.fixed,
                "first": place <= 1,
                "last": place == len(order) - 1,
            }
            for place, name in enumerate(order)
        ]
        context = {
            "form": None,
            "rows": rows,
            "from": given,
            "action_url": self.request.path,
            "cancel_url": list_url(self.kind, given),
            "dialog_heading": "Columns",
        }
        return self.show("listing/columns.html", context)
