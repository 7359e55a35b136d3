"""The OpenAPI document is complete and true; no route is without a right (`api.md`, `reliability.md` S02)."""

from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.http import HttpRequest, HttpResponse
from django.urls import path
from openapi_spec_validator import OpenAPIV31SpecValidator
from rest_framework.request import Request
from rest_framework.response import Response

from credit_mgmt.conf.api import assembled
from customers.edge import checks
from customers.edge.views import ApiView
from tests.api_client import Api

METHODS = {"get": "get", "post": "post", "put": "put", "patch": "patch"}


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    from drf_spectacular.generators import SchemaGenerator

    schema: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
    return schema


def test_the_document_is_valid_openapi_31_without_warnings(tmp_path: Path, document: dict[str, Any]) -> None:
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(tmp_path / "schema.yml"))
    assert document["openapi"].startswith("3.1")
    OpenAPIV31SpecValidator(document).validate()


def test_every_route_of_every_room_is_documented(document: dict[str, Any]) -> None:
    documented = {path.rstrip("/") for path in document["paths"]}
    resources: list[tuple[str, Any, str]] = assembled().registry
    for prefix, viewset, _ in resources:
        address = f"/api/v1/{prefix}" if hasattr(viewset, "list") else f"/api/v1/{prefix}/{{{viewset.lookup_field}}}"
        assert address in documented


def test_every_operation_names_problems_and_every_change_the_idempotency_key(document: dict[str, Any]) -> None:
    for address, operations in document["paths"].items():
        if "/health/" in address:
            continue
        for method, operation in operations.items():
            assert {"400", "401", "403", "503"} <= set(operation["responses"]), (address, method)
            headers = {each["name"] for each in operation.get("parameters", ()) if each["in"] == "header"}
            assert ("Idempotency-Key" in headers) is (method != "get"), (address, method)


@pytest.mark.django_db
def test_the_document_and_its_pages_are_served() -> None:
    api = Api()
    assert api.http.get("/api/schema/").status_code == 200
    assert api.http.get("/api/docs/").status_code == 200


class Nameless(ApiView):
    def get(self, request: Request) -> Response:
        return Response()


def page(request: HttpRequest) -> HttpResponse:
    return HttpResponse()


def test_a_route_without_a_right_stops_the_start() -> None:
    routes = [path("secret", Nameless.as_view()), path("page", page), path("open/", page)]
    found = [problem.msg for problem in checks.problems_of(routes, ["open/"])]
    assert found == ["/secret: Nameless.get names no right.", "/page: page names no right."]


def test_every_route_names_a_right() -> None:
    assert checks.check_every_route_names_a_right(None) == []
