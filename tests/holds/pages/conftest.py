"""What the page tests start from: a legal entity with reasons and a rule, and people who sign in."""

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from customers.models import Role
from tests.factories_holds import DAY, a_rule, a_user, an_entity, reasons


@pytest.fixture(autouse=True)
def _today(settings):
    settings.CREDIT_TODAY = DAY


@pytest.fixture
def world(db):
    """A legal entity with release and hold reasons, where credit above the limit is stopped."""
    an_entity()
    reasons()
    a_rule()


@pytest.fixture
def sign_in(world):
    """A browser in which somebody with a role has signed in."""

    def signed_in(role: str = Role.CREDIT_CLERK, entity: str | None = None, name: str = "") -> Client:
        actor = a_user(name or f"{role}-{entity or 'all'}", role, entity)
        client = Client()
        client.force_login(get_user_model().objects.get(username=actor.name))
        client.get("/holds/")  # the first request of a session writes it
        return client

    return signed_in


@pytest.fixture
def clerk(sign_in) -> Client:
    """A credit clerk of all legal entities."""
    return sign_in(name="clerk")


@pytest.fixture
def manager(sign_in) -> Client:
    """A credit manager of all legal entities."""
    return sign_in(Role.CREDIT_MANAGER, name="manager")
