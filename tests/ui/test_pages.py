"""The component page, the sign-in page and the error pages, as answered by the server."""

import pytest
from django.conf import settings
from django.template.loader import render_to_string
from django.test import override_settings

pytestmark = pytest.mark.django_db


def test_the_component_page_draws_every_component(client):
    response = client.get("/_design/")
    assert response.status_code == 200
    assert b"SO-104233" in response.content


@override_settings(CREDIT_TESTING=False, CREDIT_DEMO=False, DEBUG=False)
@pytest.mark.parametrize("address", ["/_design/", "/_design/dialog/"])
def test_a_deployment_does_not_have_the_component_page(client, address):
    assert client.get(address).status_code == 404


def test_a_dialog_is_a_fragment_for_htmx_and_a_page_without(client):
    fragment = client.get("/_design/dialog/", headers={"HX-Request": "true"}).content
    page = client.get("/_design/dialog/").content
    assert b"<html" not in fragment
    assert b"<html" in page
    assert b"Release 20 holds" in fragment
    assert b"Release 20 holds" in page


def test_a_refused_form_names_its_fields_and_keeps_what_was_typed(client):
    response = client.post("/_design/dialog/", {"mode": "with_posting", "amount": "1,0x", "note": "promised"})
    assert response.status_code == 422
    html = response.content.decode()
    assert 'href="#id_reason"' in html
    assert 'aria-describedby="id_reason_error"' in html
    assert "promised" in html


def test_signing_in_shows_the_form(client):
    html = client.get("/login/").content.decode()
    assert 'name="username"' in html
    assert "<title>Sign in" in html


def test_a_refused_sign_in_says_why(client):
    html = client.post("/login/", {"username": "nobody", "password": "wrong"}).content.decode()
    assert 'role="alert"' in html


@pytest.mark.parametrize("name", ["400", "403", "403_csrf", "404", "500", "errors/locked_out"])
def test_error_pages_need_no_context_and_no_database(name, django_assert_num_queries):
    with django_assert_num_queries(0):
        html = render_to_string(f"{name}.html")
    assert "<h1>" in html


def test_every_component_is_on_the_component_page(client):
    """What is not drawn there is looked at by nobody: neither axe nor the comparison of screenshots."""
    drawn = {
        template.name
        for address in ("/_design/", "/_design/dialog/")
        for template in (*client.get(address).templates, *client.get(address, headers={"HX-Request": "true"}).templates)
    }
    components = {f"components/{file.name}" for file in (settings.BASE_DIR / "templates" / "components").glob("*.html")}
    assert components - drawn == set()
