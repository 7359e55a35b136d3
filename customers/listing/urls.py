"""The addresses of the pages that every list has."""

from django.urls import URLPattern, path

from customers.listing.arranging import ColumnsPage, DeleteView, SaveView, SaveViewDialog, ViewsPage
from customers.listing.exporting import Export
from customers.listing.exports import ExportPage
from customers.listing.kinds import ListKind


def list_urls(kind: ListKind, base: str, export: Export | None = None) -> list[URLPattern]:
    """Views, columns and, with `export`, the file of a list at `base`. They go before the addresses of its rows."""
    pages = [
        path(f"{base}views/", ViewsPage.as_view(kind=kind), name=kind.url("views")),
        path(f"{base}views/new/", SaveViewDialog.as_view(kind=kind), name=kind.url("view-new")),
        path(f"{base}views/<slug:slug>/save/", SaveView.as_view(kind=kind), name=kind.url("view-save")),
        path(f"{base}views/<slug:slug>/delete/", DeleteView.as_view(kind=kind), name=kind.url("view-delete")),
        path(f"{base}columns/", ColumnsPage.as_view(kind=kind), name=kind.url("columns")),
    ]
    if export is not None:
        pages.append(path(f"{base}export/", ExportPage.as_view(kind=kind, export=export), name=kind.url("export")))
    return pages
