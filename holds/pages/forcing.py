"""Forcing holds on many orders (`ux.md` 3.4): which, why, until when, and what becomes of each, said before."""

import re
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse

from customers import access
from customers.access import Action
from customers.errors import InvalidInput
from customers.models import CreditManagementGroup, CustomerCreditGroup, LegalEntity, Reason, SalesOrder
from customers.numbers import grouped
from customers.views import PageView, add_errors
from holds.each import failing
from holds.force_many import (
    BY_A_CLERK,
    WHILE_WAITING,
    Aim,
    Effect,
    customers_of,
    effects_of,
    force_chosen,
    orders_of,
    start_forcing,
)
from holds.forms import AimForm, ForceManyForm, reasons_of
from holds.models import StandingForce
from holds.pages.bulk import undo_tag
from holds.pages.selection import plural
from holds.standing_forces import in_force

Item = dict[str, Any]
SPLIT = re.compile(r"[\s,;]+")
FIELDS = {"entity": "legal_entity", "group": "credit_management_group", "credit_group": "credit_group"}
NAMED = ("order", "customer", *FIELDS)


class ForcePage(PageView):
    """`/holds/force/?customer=NL01:C-10427`, `?order=NL01:SO-1&order=NL01:SO-2`, `?group=…`, `?entity=…`."""

    looks = Action.FORCE_HOLD
    section = "holds"

    def get(self, request: HttpRequest) -> HttpResponse:
        """The orders that the address means, each with what becomes of it."""
        return self._show(request.GET)

    def post(self, request: HttpRequest) -> HttpResponse:
        """Force the ticked ones; where there are too many to show, all of them in the background."""
        aim, _ = self._aim(request.POST)
        rows = list(self._orders(aim)[: WHILE_WAITING + 1])
        form = self._form(aim, rows, request.POST)
        if not form.is_valid():
            return self._show(request.POST, form, status=422)
        try:
            if len(rows) > WHILE_WAITING:
                return self._start(aim, form)
            return self._force(aim, rows, form)
        except InvalidInput as problem:
            add_errors(form, problem)
            return self._show(request.POST, form, status=422)

    def _force(self, aim: Aim, rows: list[SalesOrder], form: ForceManyForm) -> HttpResponse:
        chosen, new_of = self._chosen(rows, form), self._new_of(aim, form)
        if not chosen and not new_of:
            raise InvalidInput.of("orders", "required", "Tick at least one order that can be held.")
        given = {name: form.cleaned_data[name] for name in ("reason", "note", "until")}
        result = force_chosen(
            orders=[order.pk for order in chosen],
            **given,
            also_new_of=new_of,
            actor=self.actor,
            at=self.now,
            today=self.today_of,
        )
        done = f"{plural(len(result.forced), 'order')} forced on hold."
        if new_of:
            done += f" New orders are stopped until {given['until']:%d %b %Y}."
        if not result.failed:
            messages.success(self.request, done, undo_tag(self.now) if result.forced else "")
            return self.go(self._next(aim, bool(result.forced)))
        causes = {order: failing(error)[1] for order, error in result.failed.items()}
        failed = [{"order": order, "message": causes[order.pk]} for order in chosen if order.pk in causes]
        said = done if result.forced or new_of else ""
        return self._show(self.request.POST, form, status=422, failed=failed, said=said)

    def _chosen(self, rows: list[SalesOrder], form: ForceManyForm) -> list[SalesOrder]:
        """The ticked orders, and with *also new orders* those that came since they were shown."""
        picked, seen = (set(self.request.POST.getlist(name)) for name in ("pick", "seen"))
        came = [order.pk for order in rows if order.key not in seen] if form.cleaned_data["also_new"] else []
        stoppable = {
            effect.order.pk for effect in effects_of(order for order in rows if order.pk in came) if effect.usual
        }
        return [order for order in rows if order.key in picked or order.pk in stoppable]

    def _new_of(self, aim: Aim, form: ForceManyForm) -> list[int]:
        """The customers whose new orders are stopped, too."""
        if not form.cleaned_data["also_new"]:
            return []
        return list(customers_of(aim, self.actor.entities(Action.FORCE_HOLD)).values_list("pk", flat=True))

    def _next(self, aim: Aim, forced: bool) -> str:
        """Where one sees what was done: among forced holds, or on the customer's card where no order was held."""
        if forced or len(aim.customers) != 1:
            return reverse("hold-list") + "?view=forced"
        entity, _, account = aim.customers[0].partition(":")
        return reverse("customer", args=[entity, account])

    def _start(self, aim: Aim, form: ForceManyForm) -> HttpResponse:
        given = form.cleaned_data
        groups = {"credit_management_group": aim.credit_management_group, "credit_group": aim.credit_group}
        parameters = {
            "reason": given["reason"],
            "note": given["note"],
            "until": given["until"].isoformat() if given["until"] else None,
            "sales_orders": list(aim.sales_orders),
            "customers": list(aim.customers),
            "legal_entity": aim.legal_entity or None,
            "filter": {name: value for name, value in groups.items() if value},
        }
        job = start_forcing(
            parameters, also_new_of=self._new_of(aim, form), actor=self.actor, at=self.now, today=self.today_of
        )
        messages.success(self.request, "Forcing the holds in the background.")
        return self.go(reverse("job", args=[job.pk]))

    def _aim(self, params: QueryDict) -> tuple[Aim, InvalidInput | None]:
        """What the address means, and what is wrong with it."""
        words = [word for text in params.getlist("order") for word in SPLIT.split(text) if word]
        aim = Aim(
            sales_orders=self._keys(words),
            customers=tuple(word for word in params.getlist("customer") if word),
            **{name: params.get(key, "") for key, name in FIELDS.items()},
        )
        try:
            return aim.checked(), None
        except InvalidInput as problem:
            return aim, problem

    def _keys(self, words: list[str]) -> tuple[str, ...]:
        """Order numbers as keys: one without its legal entity means every order of that number that is seen."""
        bare = [word for word in words if ":" not in word]
        rows = access.scoped(SalesOrder.objects.filter(number__in=bare), self.actor, Action.FORCE_HOLD) if bare else ()
        known: dict[str, list[str]] = {}
        for order in rows:
            known.setdefault(order.number, []).append(order.key)
        return tuple(dict.fromkeys(key for word in words for key in known.get(word, [word])))

    def _orders(self, aim: Aim) -> Any:
        if not aim:
            return SalesOrder.objects.none()
        rows = orders_of(aim, self.actor.entities(Action.FORCE_HOLD))
        return rows.select_related("customer", "payer", "currency")

    def _form(self, aim: Aim, rows: list[SalesOrder], data: QueryDict | None = None) -> ForceManyForm:
        customers = customers_of(aim, self.actor.entities(Action.FORCE_HOLD)) if aim.customers else ()
        named = [customer.name for customer in customers]
        entities = {order.legal_entity_id for order in rows} | {customer.legal_entity_id for customer in customers}
        return ForceManyForm(
            data,
            reasons=reasons_of(Reason.Type.HOLD, entities),
            entities=sorted(entities),
            customers=named,
        )

    def _show(
        self, params: QueryDict, form: ForceManyForm | None = None, status: int = 200, **more: Any
    ) -> HttpResponse:
        aim, problem = self._aim(params)
        asked = AimForm(params if aim else None, choices=self._choices())
        if aim and problem and asked.is_valid():
            fields = {name: key for key, name in FIELDS.items()} | {"sales_orders": "order", "customers": "customer"}
            for error in problem.errors:
                asked.add_error(fields.get(error.field, None), error.message)
        known = Aim() if problem else aim
        orders = self._orders(known)
        count = orders.count()
        effects = effects_of(orders[:WHILE_WAITING])
        picked = set(params.getlist("pick")) if form is not None else None
        context = {
            "asked": asked,
            "aim": aim,
            "form": form or self._form(known, [effect.order for effect in effects]),
            "rows": [_row(effect, picked) for effect in effects],
            "count": count,
            "in_background": count > WHILE_WAITING,
            "summary": _summary(effects) if count <= WHILE_WAITING else plural(count, "open order"),
            "hidden": [
                (key, value) for key in ("order", "customer", *FIELDS) for value in params.getlist(key) if value
            ],
            "most": None if self.may(Action.FORCE_MANY) else BY_A_CLERK,
            "may_all": self.may(Action.FORCE_MANY),
            "standing": self._standing(known),
        }
        return self.page("holds/force.html", {**context, **more}, status=status)

    def _standing(self, aim: Aim) -> list[StandingForce]:
        """What was said before of the customers that are named; saying it again takes its place."""
        if not aim.customers:
            return []
        return list(in_force(list(customers_of(aim, self.actor.entities(Action.FORCE_HOLD))), self.today_of).values())

    def _choices(self) -> dict[str, list[tuple[str, str]]]:
        entities = access.scoped(LegalEntity.objects.all(), self.actor, Action.FORCE_HOLD, path="code")
        groups = CreditManagementGroup.objects.order_by("code").values_list("code", "description")
        shared = CustomerCreditGroup.objects.order_by("number").values_list("number", "description")
        return {
            "entity": [(item.code, f"{item.code} {item.name}") for item in entities.order_by("code")],
            "group": [(code, f"{code} {text}".strip()) for code, text in groups],
            "credit_group": [(code, f"{code} {text}".strip()) for code, text in shared],
        }


def _row(effect: Effect, picked: set[str] | None) -> Item:
    """An order with what becomes of it, in words."""
    hold = effect.hold
    if effect.refused:
        words = effect.refused
    elif hold is None:
        words = f"will stop before {effect.before}"
    else:
        words = f"forced already, the note is replaced ({hold.number})" if hold.forced else f"joins hold {hold.number}"
    checked = effect.usual if picked is None else effect.order.key in picked
    stage = "Open" if effect.order.document_status == "open" else effect.order.get_document_status_display()
    return {"order": effect.order, "effect": effect, "words": words, "checked": checked, "stage": stage}


def _summary(effects: list[Effect]) -> str:
    """`6 open orders · 38,410.00 EUR`, by currency."""
    sums: dict[str, Any] = {}
    for effect in effects:
        sums[effect.order.currency_id] = sums.get(effect.order.currency_id, 0) + effect.order.amount
    values = [f"{grouped(amount, 2)} {currency}" for currency, amount in sorted(sums.items())]
    return " · ".join([plural(len(effects), "order"), *values])
