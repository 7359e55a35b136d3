"""Addresses of the pages of this room: business keys, never database ids (`ux.md` 3.0, Address grammar)."""

from django.urls import path

from holds.pages.hold_list import HoldListPage

urlpatterns = [
    path("holds/", HoldListPage.as_view(), name="hold-list"),
]
