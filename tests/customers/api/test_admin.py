"""The admin can do nothing that a service refuses, and shows nothing that the gate hides (`reliability.md` S14)."""

import pytest
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.contrib.auth.models import User
from django.test import Client

from customers import clock
from customers.admin import ReadOnlyAdmin
from customers.models import AccessGrant, ApiClient, Currency, Customer, PaymentTerms, Reason
from tests.api_client import client

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("company")]


def staff(name: str, role: str | None = None, *entities: str | None, superuser: bool = False) -> tuple[Client, User]:
    user = get_user_model().objects.create_user(name, password="a long password", is_staff=True, is_superuser=superuser)
    for entity in (entities or (None,)) if role else ():
        AccessGrant.objects.create(user=user, role=role or "", legal_entity_id=entity)
    browser = Client()
    browser.force_login(user)
    return browser, user


def test_every_table_of_the_room_is_listed_and_opens() -> None:
    browser, _ = staff("ada", "credit_administrator")
    AccessGrant.objects.create(user=User.objects.get(), role="auditor")
    AccessGrant.objects.create(user=User.objects.get(), role="integration")
    client("erp", "integration")
    models = [model for model, page in admin.site._registry.items() if isinstance(page, ReadOnlyAdmin)]
    for model in models:
        address = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
        assert browser.get(address).status_code == 200, model
        row = model._default_manager.order_by("pk").first()
        if row is not None:
            assert browser.get(f"{address}{row.pk}/change/").status_code == 200, model
    ours = {model.__name__ for model in models if model._meta.app_label == "customers"}
    assert {"Customer", "SalesOrder", "CustomerTransaction", "Job", "OutboxEvent", "AccessGrant"} <= ours


def test_a_superuser_sees_and_changes_no_business_data() -> None:
    browser, _ = staff("root", superuser=True)
    customer = Customer.objects.get(account="US-001")
    assert browser.get("/admin/customers/customer/").status_code == 403
    assert browser.get(f"/admin/customers/customer/{customer.pk}/change/").status_code in {302, 403}
    assert browser.post("/admin/customers/currency/add/", {"code": "CHF", "minor_units": 2}).status_code == 403
    assert browser.post(f"/admin/customers/customer/{customer.pk}/delete/", {"post": "yes"}).status_code == 403


def test_rows_of_other_entities_are_not_there() -> None:
    browser, _ = staff("ada", "viewer", "DEMF")
    shown = browser.get("/admin/customers/customer/").content.decode()
    assert "DE-001" in shown
    assert "US-001" not in shown
    foreign = Customer.objects.get(account="US-001")
    assert browser.get(f"/admin/customers/customer/{foreign.pk}/change/").status_code == 302  # "doesn't exist"
    assert "USMF" not in browser.get("/admin/customers/legalentity/").content.decode()


def test_setup_goes_through_the_import_service() -> None:
    browser, _ = staff("ada", "credit_administrator")
    answer = browser.post(
        "/admin/customers/paymentterms/N30/change/",
        {"description": "Thirty", "net_days": 31, "rank": 1, "uses_credit": "on"},
    )
    assert answer.status_code == 302
    assert PaymentTerms.objects.get(pk="N30").net_days == 31
    browser.post("/admin/customers/reason/add/", {"type": "hold", "code": "NEW", "description": "", "legal_entity": ""})
    assert Reason.objects.filter(type="hold", code="NEW").exists()


def test_setup_needs_the_right_that_the_service_asks_for() -> None:
    browser, _ = staff("ada", "credit_administrator", "DEMF")
    answer = browser.post("/admin/customers/currency/add/", {"code": "CHF", "minor_units": 2}, follow=True)
    assert "needs one of these roles" in answer.content.decode()
    assert not Currency.objects.filter(pk="CHF").exists()
    form = browser.get("/admin/customers/reason/add/").content.decode()
    assert "DEMF" in form
    assert "USMF" not in form


def test_roles_are_given_and_taken_by_the_service_and_never_to_oneself() -> None:
    browser, ada = staff("ada", "credit_administrator")
    bob = get_user_model().objects.create_user("bob")
    browser.post("/admin/customers/accessgrant/add/", {"user": bob.pk, "role": "viewer", "legal_entity": "DEMF"})
    grant = AccessGrant.objects.get(user=bob)
    mine = {"user": ada.pk, "role": "credit_manager", "legal_entity": ""}
    assert (
        "Nobody gives a role" in browser.post("/admin/customers/accessgrant/add/", mine, follow=True).content.decode()
    )
    assert not AccessGrant.objects.filter(role="credit_manager").exists()
    browser.post("/admin/customers/accessgrant/", {"action": "withdraw", "_selected_action": [grant.pk]})
    assert not AccessGrant.objects.filter(user=bob).exists()


def test_tokens_are_revoked_by_the_service() -> None:
    browser, _ = staff("ada", "credit_administrator")
    api = client("erp", "integration")
    made = ApiClient.objects.get()
    shown = browser.get(f"/admin/customers/apiclient/{made.pk}/change/").content.decode()
    assert made.token_digest not in shown
    browser.post("/admin/customers/apiclient/", {"action": "revoke", "_selected_action": [made.pk]})
    made.refresh_from_db()
    assert made.revoked_at is not None
    assert made.revoked_at <= clock.now()
    api.get("customers").is_(401)
