"""The admin lists everything of the room and can do nothing that a service refuses (`style.md` 33)."""

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.test import Client

from credit_mgmt import checks, decisions
from credit_mgmt.models import (
    BlockingRule,
    CheckpointSetting,
    CreditAccount,
    DecisionRecord,
    LimitHistory,
    PolicyClock,
    TemporaryLimit,
)
from customers.admin import ReadOnlyAdmin
from tests import factories as make
from tests.factories_credit import ACTOR, AT, TODAY, BlockingRuleFactory, approve, customer_with_limit

pytestmark = pytest.mark.django_db


def browser(*grants: tuple[str, str | None]) -> Client:
    user = make.UserFactory(is_staff=True, grants=list(grants))
    client = Client()
    client.force_login(get_user_model().objects.get(pk=user.pk))
    return client


def test_every_table_of_the_room_is_listed_and_opens() -> None:
    order = make.SalesOrderFactory(customer=customer_with_limit("100"))
    approve(order)
    BlockingRuleFactory()
    checked = checks.check([checks.Request(order.pk, "confirmation")], as_of={"USMF": TODAY})
    decisions.record_decisions(checked, kind="posting", actor=ACTOR, at=AT)
    client = browser(("credit_administrator", None))
    models = [model for model in admin.site._registry if model._meta.app_label == "credit_mgmt"]
    elsewhere = {CheckpointSetting, PolicyClock}  # shown with the parameters; one number
    tables = set(apps.get_app_config("credit_mgmt").get_models()) - elsewhere
    assert tables >= set(models) >= {CreditAccount, LimitHistory, TemporaryLimit, DecisionRecord, BlockingRule}
    for model in models:
        assert isinstance(admin.site._registry[model], ReadOnlyAdmin)
        address = f"/admin/credit_mgmt/{model._meta.model_name}/"
        assert client.get(address).status_code == 200
        for row in model._default_manager.order_by("pk")[:1]:
            assert client.get(f"{address}{row.pk}/change/").status_code == 200


def test_limits_and_evidence_cannot_be_changed() -> None:
    account = CreditAccount.objects.get(customer=customer_with_limit("100"))
    client = browser(("credit_administrator", None), ("credit_manager", None))
    address = f"/admin/credit_mgmt/creditaccount/{account.pk}/"
    assert client.post(f"{address}change/", {"limit_amount": "999"}).status_code == 403
    assert client.post(f"{address}delete/", {"post": "yes"}).status_code == 403
    assert client.get("/admin/credit_mgmt/creditaccount/add/").status_code == 403


def test_a_rule_is_shown_with_its_versions_and_changed_on_its_page_only() -> None:
    version = BlockingRuleFactory(name="DO-07", type="days_overdue", days=60)
    client = browser(("credit_administrator", None))
    address = f"/admin/credit_mgmt/blockingrule/{version.rule_id}/"
    shown = client.get(f"{address}change/").content.decode()
    assert "DO-07" in shown
    assert "/rules/DO-07/" in shown
    assert client.post(f"{address}change/", {"code": "DO-08"}).status_code == 403
    assert client.post(f"{address}delete/", {"post": "yes"}).status_code == 403
    assert client.post("/admin/credit_mgmt/blockingrule/add/", {"code": "DO-09"}).status_code == 403


def test_rules_of_other_entities_are_not_there() -> None:
    BlockingRuleFactory(name="THEIRS", legal_entity=make.LegalEntityFactory(code="DEMF"))
    BlockingRuleFactory(name="SHARED")
    make.LegalEntityFactory()
    shown = browser(("credit_administrator", "USMF")).get("/admin/credit_mgmt/blockingrule/").content.decode()
    assert "SHARED" in shown
    assert "THEIRS" not in shown


def test_rows_of_other_entities_are_not_there() -> None:
    customer = customer_with_limit("100", account="SECRET")
    make.LegalEntityFactory(code="DEMF")
    client = browser(("viewer", "DEMF"))
    assert "SECRET" not in client.get("/admin/credit_mgmt/creditaccount/").content.decode()
    account = CreditAccount.objects.get(customer=customer)
    assert client.get(f"/admin/credit_mgmt/creditaccount/{account.pk}/change/").status_code == 302
