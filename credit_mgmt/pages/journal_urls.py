"""Addresses of the pages of journals, below `journals/`."""

from django.urls import URLPattern, path

from credit_mgmt.journal_list import JOURNALS
from credit_mgmt.journal_list.export import EXPORT
from credit_mgmt.journals.effects import Effects
from credit_mgmt.pages.journal_adding import AddLinesPage, ChangeByJournalPage, FindOwnerPage
from credit_mgmt.pages.journal_adjusting import AdjustPage, UndoLinesDialog
from credit_mgmt.pages.journal_effects import EffectsPage
from credit_mgmt.pages.journal_files import ExportPage, PastePage
from credit_mgmt.pages.journal_generating import GeneratePage
from credit_mgmt.pages.journal_grid import CheckPage, LinePage, LinesPage, RefreshPage
from credit_mgmt.pages.journal_many import ExportChosen, ManyJournalsDialog
from credit_mgmt.pages.journal_new import NewJournalPage
from credit_mgmt.pages.journal_page import JournalPage
from credit_mgmt.pages.journal_steps import (
    CopyPage,
    DescribeDialog,
    PostDialog,
    RecallDialog,
    ReverseDialog,
    SubmitDialog,
)
from credit_mgmt.pages.journals import JournalChanges, JournalListPage, KeepJournals
from customers.listing.urls import list_urls

ONE = "<str:number>/"


def journal_urls(effects: Effects) -> list[URLPattern]:
    """The addresses. `effects` says what lines would do to holds: the room above knows, and hands it in."""
    return [
        path("", JournalListPage.as_view(), name="journal-list"),
        path("new/", NewJournalPage.as_view(), name="journal-new"),
        path("cancel/", ManyJournalsDialog.as_view(act="cancel"), name="journal-cancel"),
        path("many/<slug:act>/", ManyJournalsDialog.as_view(), name="journal-many"),
        path("selection/", KeepJournals.as_view(), name="journal-selection"),
        path("changes/", JournalChanges.as_view(), name="journal-changes"),
        path("export-chosen/", ExportChosen.as_view(), name="journal-export-chosen"),
        *list_urls(JOURNALS, "", EXPORT),
        path("change/", ChangeByJournalPage.as_view(), name="journal-change"),
        path(ONE, JournalPage.as_view(effects=effects), name="journal"),
        path(ONE + "lines/", LinesPage.as_view(effects=effects), name="journal-lines"),
        path(ONE + "lines/<int:line>/", LinePage.as_view(effects=effects), name="journal-line"),
        path(ONE + "add/", AddLinesPage.as_view(), name="journal-add"),
        path(ONE + "find/", FindOwnerPage.as_view(), name="journal-find"),
        path(ONE + "adjust/", AdjustPage.as_view(), name="journal-adjust"),
        path(ONE + "undo/", UndoLinesDialog.as_view(), name="journal-undo"),
        path(ONE + "check/", CheckPage.as_view(), name="journal-check"),
        path(ONE + "refresh/", RefreshPage.as_view(), name="journal-refresh"),
        path(ONE + "generate/", GeneratePage.as_view(), name="journal-generate"),
        path(ONE + "paste/", PastePage.as_view(), name="journal-paste"),
        path(ONE + "export/", ExportPage.as_view(), name="journal-lines-export"),
        path(ONE + "effects/", EffectsPage.as_view(effects=effects), name="journal-effects"),
        path(ONE + "description/", DescribeDialog.as_view(), name="journal-describe"),
        path(ONE + "submit/", SubmitDialog.as_view(), name="journal-submit"),
        path(ONE + "recall/", RecallDialog.as_view(), name="journal-recall"),
        path(ONE + "post/", PostDialog.as_view(effects=effects), name="journal-post"),
        path(ONE + "copy/", CopyPage.as_view(), name="journal-copy"),
        path(ONE + "reverse/", ReverseDialog.as_view(), name="journal-reverse"),
    ]
