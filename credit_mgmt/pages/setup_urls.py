"""Addresses of the setup pages, below `setup/`."""

from django.urls import URLPattern, path

from credit_mgmt.pages.checkpoints import CheckpointsPage
from credit_mgmt.pages.parameters import ParameterListPage, ParametersPage
from credit_mgmt.pages.setup_index import SetupPage
from credit_mgmt.pages.setup_record import DeletePage, RecordPage, SwitchPage
from credit_mgmt.pages.setup_records import MovePage, RecordsPage
from credit_mgmt.setup.counts import HoldCounts

ONE = "<slug:kind>/<str:key>/"


def setup_urls(holds: HoldCounts) -> list[URLPattern]:
    """The addresses. `holds` counts what changes of the setup touch: the room above knows, and hands it in."""
    return [
        path("", SetupPage.as_view(), name="setup"),
        path("parameters/", ParameterListPage.as_view(), name="parameter-list"),
        path("parameters/<str:code>/", ParametersPage.as_view(holds=holds), name="parameters"),
        path("checkpoints/", CheckpointsPage.as_view(holds=holds), name="setup-checkpoints"),
        path("<slug:kind>/", RecordsPage.as_view(holds=holds), name="setup-records"),
        path(ONE, RecordPage.as_view(holds=holds), name="setup-record"),
        path(ONE + "open/", SwitchPage.as_view(), name="setup-switch"),
        path(ONE + "move/", MovePage.as_view(), name="setup-move"),
        path(ONE + "delete/", DeletePage.as_view(), name="setup-delete"),
    ]
