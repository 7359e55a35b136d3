"""`sales-orders`: check, post, report, force, cancel, reopen (`api.md` Actions); a feed looks at held orders again."""

from collections.abc import Mapping, Sequence
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from credit_mgmt.api.flags import FlagSerializer, flags_data
from credit_mgmt.api.serializers import DecisionSerializer, decision_data
from credit_mgmt.checks import ask_about
from credit_mgmt.decisions import explained
from credit_mgmt.flags import flags_of_order
from credit_mgmt.masking import Mask
from credit_mgmt.models import DecisionRecord
from customers import clock
from customers.access import Action, authorize
from customers.api.orders import SalesOrderResource, SalesOrderSerializer
from customers.edge.fields import CodeField, DayField, FlagField, StrictSerializer, TextField
from customers.edge.routing import Router
from customers.imports import RowResult
from customers.models import Document, SalesOrder
from holds import forced
from holds.api.holds import HoldSerializer
from holds.asking import ask_credit
from holds.models import Hold
from holds.orders import cancel_order, feed_orders, report_posted, report_posting_failed
from holds.posting import Posting, post_document
from holds.rejections import reopen_order


class CheckSerializer(StrictSerializer):
    """The document about to be posted; `date` asks about another day."""

    document = serializers.ChoiceField(choices=Document.choices)
    pro_forma = FlagField(required=False, default=False)
    date = DayField(required=False)


class PostSerializer(StrictSerializer):
    """The document to post."""

    document = serializers.ChoiceField(choices=Document.choices)
    pro_forma = FlagField(required=False, default=False)


class PostedSerializer(StrictSerializer):
    """The document that the ERP has posted."""

    document = serializers.ChoiceField(choices=Document.choices)


class PostingFailedSerializer(StrictSerializer):
    """The document that the ERP could not post, and why."""

    document = serializers.ChoiceField(choices=Document.choices)
    message = TextField(max_length=2000)


class ForceHoldSerializer(StrictSerializer):
    """Why to stop the order; `reason` is the code of a hold reason. `until`: the day on which the caller is asked."""

    reason = CodeField()
    note = TextField(required=False, allow_blank=True, max_length=2000)
    until = DayField(required=False, allow_null=True)


class NoteSerializer(StrictSerializer):
    """Optionally, a remark for the history."""

    note = TextField(required=False, allow_blank=True, max_length=2000)


class QuestionSerializer(StrictSerializer):
    """What sales would like to know."""

    question = TextField(max_length=2000)


class AskedSerializer(StrictSerializer):
    """The order, and the day on which its hold is looked at again."""

    sales_order = serializers.CharField()
    review_date = serializers.DateField()


class PostingSerializer(StrictSerializer):
    """What became of it: `held` is an answer, not an error; `cleared` where the ERP posts; `refused` at the counter."""

    outcome = serializers.ChoiceField(choices=["posted", "held", "cleared", "refused"])
    message = serializers.CharField()
    decision = DecisionSerializer(allow_null=True)
    hold = HoldSerializer(allow_null=True)


class SalesOrderActions(SalesOrderResource):
    """Orders of the caller's legal entities, and what can be done with them."""

    rights = {
        **SalesOrderResource.rights,
        "flags": Action.VIEW_EXPOSURE,
        "check": Action.CHECK,
        "post_document": Action.POST_DOCUMENT,
        "posted": Action.POST_DOCUMENT,
        "posting_failed": Action.POST_DOCUMENT,
        "force_hold": Action.FORCE_HOLD,
        "cancel": Action.CANCEL_ORDER,
        "reopen": Action.REOPEN,
        "ask_credit": Action.ASK_CREDIT,
    }

    def feed(self, rows: Sequence[Mapping[str, Any]], *, replace: bool, atomic: bool) -> list[RowResult]:
        """Orders that are on hold and really changed are checked again (`domain 6`)."""
        return feed_orders(rows, actor=self.actor, at=self.now, today=self.today_in, replace=replace, atomic=atomic)

    @extend_schema(responses=FlagSerializer(many=True))
    @action(detail=True, methods=["get"])
    def flags(self, request: Request, key: str) -> Response:
        """*Excluded from credit management* and *intercompany*: as they stand, who set them, when."""
        order = self.object_of(key)
        authorize(self.actor, Action.VIEW_EXPOSURE, order.legal_entity_id, f"Sales order {key}")
        return Response(flags_data(flags_of_order(order)))

    @extend_schema(request=CheckSerializer, responses=DecisionSerializer)
    @action(detail=True, methods=["post"])
    def check(self, request: Request, key: str) -> Response:
        """The credit check as a question: nothing is stored, nothing changes, no grace begins."""
        order = self.named(key)
        given = self.read(CheckSerializer)
        authorize(self.actor, Action.CHECK, order.legal_entity, f"Order {key}")
        day = given.get("date") or clock.today(order.time_zone)
        about = {"checkpoint": given["document"], "pro_forma": given["pro_forma"], "as_of": {order.legal_entity: day}}
        decision = ask_about(order.id, order_type=order.order_type, **about)
        return Response(decision_data(decision, Mask(self.actor), date=day))

    @extend_schema(request=PostSerializer, responses=PostingSerializer)
    @action(detail=True, methods=["post"], url_path="post")
    def post_document(self, request: Request, key: str) -> Response:
        """Check the order, then post the document or put the order on hold."""
        order: SalesOrder = self.object_of(key)
        given = self.read(PostSerializer)
        posting = post_document(order=order.pk, actor=self.actor, at=self.now, today=self.today_in, **given)
        return Response(self._posting(posting, order))

    @extend_schema(request=QuestionSerializer, responses=AskedSerializer)
    @action(detail=True, methods=["post"], url_path="ask-credit")
    def ask_credit(self, request: Request, key: str) -> Response:
        """Put a question about an order on hold to whoever decides it (`ux` 3.19)."""
        order: SalesOrder = self.object_of(key)
        given = self.read(QuestionSerializer)
        hold = ask_credit(
            order=order.pk, question=given["question"], actor=self.actor, at=self.now, today=self.today_in
        )
        return Response(AskedSerializer({"sales_order": key, "review_date": hold.review_date}).data)

    def _posting(self, posting: Posting, order: SalesOrder) -> dict[str, Any]:
        hold = None
        if posting.hold is not None:
            found = Hold.objects.select_related(
                "order__customer", "payer", "assignee", "release_reason", "forced_reason"
            )
            hold = HoldSerializer(found.get(pk=posting.hold.pk), context={"view": self}).data
        return {
            "outcome": posting.outcome,
            "message": posting.message,
            "decision": self._decision(posting, order),
            "hold": hold,
        }

    def _decision(self, posting: Posting, order: SalesOrder) -> dict[str, Any] | None:
        """The decision just made, or for an order that was on hold already the one that was stored with the hold.

        What holds an order comes with what would clear it.
        """
        made, mask = posting.decision, Mask(self.actor)
        if made is not None and not (made.holds and posting.decision_id):
            return decision_data(made, mask, id=posting.decision_id, date=self.today_in(order.legal_entity_id))
        record = DecisionRecord.objects.filter(pk=posting.decision_id).first() if posting.decision_id else None
        return None if record is None else decision_data(explained(record), mask, id=record.pk, date=record.date)

    @extend_schema(request=PostedSerializer, responses=SalesOrderSerializer)
    @action(detail=True, methods=["post"])
    def posted(self, request: Request, key: str) -> Response:
        """The ERP's report that it posted a document which we had cleared."""
        order: SalesOrder = self.object_of(key)
        report_posted(order=order.pk, actor=self.actor, at=self.now, **self.read(PostedSerializer))
        return self.answer(self.object_of(key))

    @extend_schema(request=PostingFailedSerializer, responses=SalesOrderSerializer)
    @action(detail=True, methods=["post"], url_path="posting-failed")
    def posting_failed(self, request: Request, key: str) -> Response:
        """The ERP's report that it could not; after a release with posting the order goes back on hold."""
        order: SalesOrder = self.object_of(key)
        given = self.read(PostingFailedSerializer)
        report_posting_failed(order=order.pk, actor=self.actor, at=self.now, today=self.today_in, **given)
        return self.answer(self.object_of(key))

    @extend_schema(request=ForceHoldSerializer, responses=HoldSerializer)
    @action(detail=True, methods=["post"], url_path="force-hold")
    def force_hold(self, request: Request, key: str) -> Response:
        """Put the order on hold for reasons outside the rules."""
        order: SalesOrder = self.object_of(key)
        given = self.read(ForceHoldSerializer)
        hold = forced.force_hold(order=order.pk, actor=self.actor, at=self.now, today=self.today_in, **given)
        return self.answer(Hold.objects.get(pk=hold.pk), HoldSerializer)

    @extend_schema(request=NoteSerializer, responses=SalesOrderSerializer)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, key: str) -> Response:
        """Cancel the order; its hold closes and its credit is free."""
        order: SalesOrder = self.object_of(key)
        cancel_order(order=order.pk, actor=self.actor, at=self.now, **self.read(NoteSerializer))
        return self.answer(self.object_of(key))

    @extend_schema(request=NoteSerializer, responses=SalesOrderSerializer)
    @action(detail=True, methods=["post"])
    def reopen(self, request: Request, key: str) -> Response:
        """Let a rejected order be posted again, after another check."""
        order: SalesOrder = self.object_of(key)
        reopen_order(order=order.pk, actor=self.actor, at=self.now, **self.read(NoteSerializer))
        return self.answer(self.object_of(key))


def register(router: Router) -> None:
    """Replace the lower room's resource."""
    router.register("sales-orders", SalesOrderActions)
