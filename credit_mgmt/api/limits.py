"""Limits over time: their history and the temporary limits, both read-only (`api.md` Resources)."""

from collections.abc import Sequence
from typing import Any, ClassVar

from django.db.models import Q, QuerySet
from rest_framework import serializers

from credit_mgmt.limits.history import with_approver
from credit_mgmt.masking import hidden_groups
from credit_mgmt.models import LimitHistory, TemporaryLimit
from customers.access import Action, scoped
from customers.edge import filters as by
from customers.edge.fields import AmountField, FlagField, StrictSerializer
from customers.edge.people import NameOfField
from customers.edge.resources import CollectionResource
from customers.edge.routing import Router


class _OfAccounts(CollectionResource):
    """Rows of credit accounts: of customers in the caller's legal entities, and of groups all of whose members are."""

    rights = {"list": Action.VIEW_EXPOSURE}
    related: ClassVar[Sequence[str]] = ("account", "account__customer")
    filters = {
        "customer": by.key("account__customer"),
        "credit_group": by.code("account__group"),
        "legal_entity": by.code("account__customer__legal_entity"),
        "currency": by.code("account__currency"),
    }
    scope_path = None

    def rows(self) -> QuerySet[Any]:
        """What the caller may see of it."""
        rows = super().rows()
        hidden = hidden_groups(self.actor)
        if hidden is None:
            return rows
        own = scoped(rows, self.actor, self.rights["list"], path="account__customer__legal_entity")
        groups = scoped(rows, self.actor, self.rights["list"], path="account__group__members__legal_entity")
        groups = groups.exclude(account__group__in=hidden)
        return rows.filter(Q(pk__in=own.values("pk")) | Q(pk__in=groups.values("pk")))


class TemporarySerializer(StrictSerializer):
    """The temporary limit that an entry tells of, in the entry's currency."""

    limit = AmountField(source="amount", currency="account.currency_id")
    valid_from = serializers.DateField()
    valid_to = serializers.DateField()
    withdrawn_from = serializers.DateField(allow_null=True)


class LimitEntrySerializer(StrictSerializer):
    """One change of a limit; of a customer or of a customer credit group, in `currency`."""

    customer = serializers.CharField(source="account.customer.key", allow_null=True, default=None)
    credit_group = serializers.CharField(source="account.group_id", allow_null=True)
    sequence = serializers.IntegerField()
    kind = serializers.ChoiceField(choices=LimitHistory.Kind.choices)
    source = serializers.ChoiceField(choices=LimitHistory.Source.choices)  # type: ignore[assignment]
    journal = serializers.CharField()
    journal_line = serializers.IntegerField(allow_null=True)
    currency = serializers.CharField(source="account.currency_id")
    previous_limit = AmountField(currency="account.currency_id")
    limit = AmountField(source="limit_amount", currency="account.currency_id")
    previous_unlimited = FlagField()
    unlimited = FlagField()
    previous_mandatory_limit = FlagField(source="previous_mandatory")
    mandatory_limit = FlagField(source="mandatory")
    previous_expires_on = serializers.DateField(allow_null=True)
    expires_on = serializers.DateField(allow_null=True)
    temporary_limit = TemporarySerializer(allow_null=True)
    effective_on = serializers.DateField()
    actor = serializers.CharField()
    actor_name = NameOfField("actor")
    approved_by = serializers.CharField()
    approved_by_name = NameOfField("approved_by")
    at = serializers.DateTimeField()
    note = serializers.CharField()


class LimitEntries(_OfAccounts):
    """The limit history: who changed which limit, when, from, to; and who approved the journal, if anybody had to."""

    model = LimitHistory
    serializer_class = LimitEntrySerializer
    related = (*_OfAccounts.related, "temporary_limit__account")
    filters = {
        **_OfAccounts.filters,
        "kind": by.choice("kind", LimitHistory.Kind),
        "journal": by.text("journal"),
        "journal_line": by.whole("journal_line"),
        "source": by.choice("source", LimitHistory.Source),
        "effective_on": by.day("effective_on"),
        "at": by.instant("at"),
        "actor": by.text("actor"),
        "sequence": by.whole("sequence"),
        "previous_limit": by.amount("previous_limit"),
        "limit": by.amount("limit_amount"),
        "previous_unlimited": by.flag("previous_unlimited"),
        "unlimited": by.flag("unlimited"),
        "previous_mandatory_limit": by.flag("previous_mandatory"),
        "mandatory_limit": by.flag("mandatory"),
        "previous_expires_on": by.day("previous_expires_on"),
        "expires_on": by.day("expires_on"),
        "note": by.text("note"),
        "approved_by": by.text("approved_by"),
    }
    orderings = {"at": "at", "effective_on": "effective_on"}
    default_ordering = ("-at",)

    def rows(self) -> QuerySet[Any]:
        """What the caller may see, with `approved_by`."""
        return with_approver(super().rows())


class TemporaryLimitSerializer(TemporarySerializer):
    """A limit instead of the base limit from its first to its last day, unless it was taken back; in `currency`."""

    customer = serializers.CharField(source="account.customer.key", allow_null=True, default=None)
    credit_group = serializers.CharField(source="account.group_id", allow_null=True)
    currency = serializers.CharField(source="account.currency_id")
    journal = serializers.CharField()
    journal_line = serializers.IntegerField(allow_null=True)
    actor = serializers.CharField()
    actor_name = NameOfField("actor")
    at = serializers.DateTimeField()


class TemporaryLimits(_OfAccounts):
    """Temporary limits, also those that are over or were taken back; they change through journals alone."""

    model = TemporaryLimit
    serializer_class = TemporaryLimitSerializer
    filters = {
        **_OfAccounts.filters,
        "limit": by.amount("amount"),
        "valid_from": by.day("valid_from"),
        "valid_to": by.day("valid_to"),
        "withdrawn_from": by.day("withdrawn_from"),
        "journal": by.text("journal"),
        "journal_line": by.whole("journal_line"),
        "actor": by.text("actor"),
        "at": by.instant("at"),
    }
    orderings = {"valid_from": "valid_from", "valid_to": "valid_to", "at": "at"}
    default_ordering = ("-valid_from",)


def register(router: Router) -> None:
    """Add the resources."""
    router.register("limit-history", LimitEntries)
    router.register("temporary-limits", TemporaryLimits)
