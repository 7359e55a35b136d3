"""Story: somebody types one command and finds a company with real holds (issue: demonstration company)."""

import datetime as dt
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command
from django.db.models import Q

from credit_mgmt.models import Parameters, RuleVersion
from customers.models import AccessGrant, Customer, CustomerTransaction, LegalEntity, SalesOrder
from holds.demo.company import USERS
from holds.models import Hold, HoldReason

DAY = dt.date(2026, 8, 31)


@pytest.fixture
def _today(settings: Any) -> None:
    settings.CREDIT_TODAY = DAY


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("_today")
def test_the_demonstration_shows_a_believable_company_with_every_kind_of_hold() -> None:
    defaults = _default_row()
    call_command("seed_demo", stderr=StringIO())

    assert set(LegalEntity.objects.values_list("accounting_currency", flat=True)) == {"EUR", "USD"}
    assert LegalEntity.objects.count() == 3
    assert Customer.objects.count() == 400
    assert CustomerTransaction.objects.filter(kind="invoice", number__startswith="INV-").count() == 12_000
    assert SalesOrder.objects.count() == 1_500
    assert not CustomerTransaction.objects.filter(date__gt=DAY).exists()

    held = Hold.objects.filter(status=Hold.Status.ACTIVE)
    assert 100 <= held.count() <= 150
    assert set(HoldReason.objects.values_list("type", flat=True)) >= {
        *("days_overdue", "account_status", "payment_terms", "limit_expired", "overdue_amount", "sales_order"),
        *("limit_used", "limit_exceeded", "payment_terms_changed", "cannot_be_evaluated", "forced"),
    }
    assert not RuleVersion.objects.filter(legal_entity__isnull=True).exists()
    assert _default_row() == defaults

    assert set(get_user_model().objects.values_list("username", flat=True)) == {user.username for user in USERS}
    assert not AccessGrant.objects.filter(~Q(user__email__endswith="@demo.invalid")).exists()

    with pytest.raises(CommandError, match="data here already"):
        call_command("seed_demo")
    call_command("seed_demo", "--if-empty")
    assert Customer.objects.count() == 400


def test_the_logins_are_printed_with_roles_and_passwords() -> None:
    out = StringIO()
    call_command("seed_demo", "--print-users", stdout=out)
    for user in USERS:
        assert f"{user.username} " in out.getvalue()
        assert user.password in out.getvalue()
        assert user.role.label in out.getvalue()


def _default_row() -> dict[str, object]:
    [row] = Parameters.objects.filter(legal_entity__isnull=True).values()
    return dict(row)
