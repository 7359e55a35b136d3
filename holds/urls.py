"""Addresses of the pages of this room: business keys, never database ids (`ux.md` 3.0, Address grammar)."""

from django.urls import include, path, re_path

from credit_mgmt.pages.journal_urls import journal_urls
from credit_mgmt.pages.rule_urls import rule_urls
from credit_mgmt.pages.setup_urls import setup_urls
from customers.listing.exports import ExportFile
from customers.listing.urls import list_urls
from holds.customer_list.columns import CUSTOMERS
from holds.customer_list.export import EXPORT as CUSTOMERS_EXPORT
from holds.group_list.columns import GROUPS
from holds.group_list.export import EXPORT as GROUPS_EXPORT
from holds.journal_effects import hold_effects
from holds.lists.columns import HOLDS
from holds.lists.export import EXPORT as HOLDS_EXPORT
from holds.pages.assigning import AbsencePage, AssignDialog, ClaimDialog
from holds.pages.changes import Changes
from holds.pages.credit_group_acts import MembersFile, RecheckDialog
from holds.pages.credit_group_forms import EditGroupDialog, GroupLimitDialog, NewGroupDialog
from holds.pages.credit_group_members import AddMembersPage, RemoveMembersPage
from holds.pages.credit_groups import GroupPage
from holds.pages.customer_bulk import AddToJournal, ManagementGroup, ReviewDates, Reviewed, StatusOfMany
from holds.pages.customer_list import CustomerListPage, KeepCustomers
from holds.pages.customers import CustomerPage
from holds.pages.decisions import RejectDialog, ReleaseDialog
from holds.pages.evaluate import EvaluateDialog
from holds.pages.fitting import FitPage
from holds.pages.forcing import ForcePage
from holds.pages.group_list import GroupLimitsDialog, GroupListPage, KeepGroups
from holds.pages.group_parts import GroupRows
from holds.pages.hold_detail import HoldPage
from holds.pages.hold_list import HoldListPage, HomePage
from holds.pages.job_badge import JobBadge
from holds.pages.jobs import JobApply, JobCancel, JobListPage, JobPage, JobRepeat, JobRestart, JobRetry
from holds.pages.limit_dialog import LimitDialog, LimitReviewDialog
from holds.pages.new_orders import NewOrdersDialog
from holds.pages.notifications import NotificationPage, NotificationsPage, NotificationsRead
from holds.pages.noting import CustomerNoteForm, FileForm, FilePage, PinForm
from holds.pages.order_actions import CancelDialog, CheckOrder, ForceDialog, PostDocument, ReopenDialog
from holds.pages.order_panel import AskCredit, OrderCreditPanel
from holds.pages.orders import OrderListPage, OrderPage
from holds.pages.panels import CustomerPanel, HoldPanel, HoldRule
from holds.pages.peek import HoldPeek
from holds.pages.preferences import PreferencesPage, ThemeSwitch
from holds.pages.recent import RecentPage, UndoJobPage, UndoPage
from holds.pages.row_menu import RowMenu
from holds.pages.schedules import ScheduleDialog, SchedulesPage
from holds.pages.search import SearchPage
from holds.pages.selecting import KeepSelection
from holds.pages.snoozing import SnoozeDialog, WakeDialog
from holds.pages.stepping import HoldPlace, HoldStep
from holds.pages.watching import HoldSeen
from holds.pages.work import NoteDialog, Reinstate, ReviewDialog
from holds.rule_counts import holds_by_rule
from holds.setup_counts import Counts

ORDER = "orders/<str:legal_entity>/<str:number>/"
CUSTOMER = "customers/<str:legal_entity>/<str:account>/"

urlpatterns = [
    path("", HomePage.as_view(), name="home"),
    path("holds/", HoldListPage.as_view(), name="hold-list"),
    path("holds/release/", ReleaseDialog.as_view(), name="hold-release"),
    path("holds/reject/", RejectDialog.as_view(), name="hold-reject"),
    path("holds/evaluate/", EvaluateDialog.as_view(), name="hold-evaluate"),
    path("holds/assign/", AssignDialog.as_view(), name="hold-assign"),
    path("holds/claim/", ClaimDialog.as_view(), name="hold-claim"),
    path("holds/snooze/", SnoozeDialog.as_view(), name="hold-snooze"),
    path("holds/wake/", WakeDialog.as_view(), name="hold-wake"),
    path("holds/force/", ForcePage.as_view(), name="hold-force"),
    path("holds/fit/", FitPage.as_view(), name="hold-fit"),
    path("me/notifications/", NotificationsPage.as_view(), name="notifications"),
    path("me/notifications/read/", NotificationsRead.as_view(), name="notifications-read"),
    path("me/notifications/<int:ident>/", NotificationPage.as_view(), name="notification"),
    path("holds/recent/", RecentPage.as_view(), name="hold-recent"),
    path("holds/undo/<int:moment>/", UndoPage.as_view(), name="hold-undo"),
    path("holds/undo/<uuid:job>/", UndoJobPage.as_view(), name="hold-undo-job"),
    path("holds/absence/", AbsencePage.as_view(), name="hold-absence"),
    path("holds/changes/", Changes.as_view(), name="hold-changes"),
    path("holds/customer/", GroupRows.as_view(), name="hold-group"),
    *list_urls(HOLDS, "holds/", HOLDS_EXPORT),
    path("holds/selection/", KeepSelection.as_view(), name="hold-selection"),
    path("holds/<str:number>/", HoldPage.as_view(), name="hold-detail"),
    path("holds/<str:number>/actions/", RowMenu.as_view(), name="hold-actions"),
    path("holds/<str:number>/peek/", HoldPeek.as_view(), name="hold-peek"),
    path("holds/<str:number>/panels/<slug:panel>/", HoldPanel.as_view(), name="hold-panel"),
    path("holds/<str:number>/rules/<str:rule>/", HoldRule.as_view(), name="hold-rule"),
    path("holds/<str:number>/files/", FileForm.as_view(), name="hold-files"),
    path("holds/<str:number>/place/", HoldPlace.as_view(), name="hold-place"),
    re_path(r"^holds/(?P<number>[^/]+)/(?P<way>next|previous)/$", HoldStep.as_view(), name="hold-step"),
    path("holds/<str:number>/seen/", HoldSeen.as_view(), name="hold-seen"),
    path("holds/<str:number>/note/", NoteDialog.as_view(), name="hold-note"),
    path("holds/<str:number>/review/", ReviewDialog.as_view(), name="hold-review"),
    path("holds/<str:number>/reinstate/", Reinstate.as_view(), name="hold-reinstate"),
    path("orders/", OrderListPage.as_view(), name="order-list"),
    path(ORDER, OrderPage.as_view(), name="order"),
    path(ORDER + "credit-panel/", OrderCreditPanel.as_view(), name="order-credit-panel"),
    path(ORDER + "ask/", AskCredit.as_view(), name="order-ask"),
    path(ORDER + "post/", PostDocument.as_view(), name="order-post"),
    path(ORDER + "check/", CheckOrder.as_view(), name="order-check"),
    path(ORDER + "force/", ForceDialog.as_view(), name="order-force"),
    path(ORDER + "cancel/", CancelDialog.as_view(), name="order-cancel"),
    path(ORDER + "reopen/", ReopenDialog.as_view(), name="order-reopen"),
    path("customers/", CustomerListPage.as_view(), name="customer-list"),
    *list_urls(CUSTOMERS, "customers/", CUSTOMERS_EXPORT),
    path("customers/selection/", KeepCustomers.as_view(), name="customer-selection"),
    path("customers/bulk/journal/", AddToJournal.as_view(), name="customer-bulk-journal"),
    path("customers/bulk/review/", ReviewDates.as_view(), name="customer-bulk-review"),
    path("customers/bulk/reviewed/", Reviewed.as_view(), name="customer-bulk-reviewed"),
    path("customers/bulk/group/", ManagementGroup.as_view(), name="customer-bulk-group"),
    path("customers/bulk/status/", StatusOfMany.as_view(), name="customer-bulk-status"),
    path(CUSTOMER, CustomerPage.as_view(), name="customer"),
    path(CUSTOMER + "panels/<slug:panel>/", CustomerPanel.as_view(), name="customer-panel"),
    path(CUSTOMER + "notes/", CustomerNoteForm.as_view(), name="customer-note"),
    path(CUSTOMER + "pin/", PinForm.as_view(), name="customer-pin"),
    path(CUSTOMER + "new-orders/", NewOrdersDialog.as_view(), name="customer-new-orders"),
    path(CUSTOMER + "files/", FileForm.as_view(), name="customer-files"),
    path("files/<uuid:file>/", FilePage.as_view(), name="file"),
    path(CUSTOMER + "limit/", LimitDialog.as_view(), name="customer-limit"),
    path(CUSTOMER + "review/", LimitReviewDialog.as_view(), name="customer-review"),
    path("groups/", GroupListPage.as_view(), name="group-list"),
    *list_urls(GROUPS, "groups/", GROUPS_EXPORT),
    path("groups/selection/", KeepGroups.as_view(), name="group-selection"),
    path("groups/bulk/limit/", GroupLimitsDialog.as_view(), name="group-bulk-limit"),
    path("groups/new/", NewGroupDialog.as_view(), name="group-new"),
    path("groups/<str:number>/", GroupPage.as_view(), name="group"),
    path("groups/<str:number>/recheck/", RecheckDialog.as_view(), name="group-recheck"),
    path("groups/<str:number>/members.csv", MembersFile.as_view(), name="group-members-file"),
    path("groups/<str:number>/edit/", EditGroupDialog.as_view(), name="group-edit"),
    path("groups/<str:number>/limit/", GroupLimitDialog.as_view(), name="group-limit"),
    path("groups/<str:number>/members/add/", AddMembersPage.as_view(), name="group-add"),
    path("groups/<str:number>/members/remove/", RemoveMembersPage.as_view(), name="group-remove"),
    path("journals/", include(journal_urls(effects=hold_effects))),
    path("rules/", include(rule_urls(holds_by_rule=holds_by_rule))),
    path("setup/", include(setup_urls(holds=Counts()))),
    path("search/", SearchPage.as_view(), name="search"),
    path("preferences/", PreferencesPage.as_view(), name="preferences"),
    path("preferences/theme/", ThemeSwitch.as_view(), name="preferences-theme"),
    path("jobs/", JobListPage.as_view(), name="job-list"),
    path("jobs/badge/", JobBadge.as_view(), name="job-badge"),
    path("jobs/schedules/", SchedulesPage.as_view(), name="job-schedules"),
    path("jobs/schedules/<slug:slug>/", ScheduleDialog.as_view(), name="job-schedule"),
    path("jobs/<uuid:job_id>/", JobPage.as_view(), name="job"),
    path("jobs/<uuid:job_id>/file/", ExportFile.as_view(), name="job-file"),
    path("jobs/<uuid:job_id>/cancel/", JobCancel.as_view(), name="job-cancel"),
    path("jobs/<uuid:job_id>/restart/", JobRestart.as_view(), name="job-restart"),
    path("jobs/<uuid:job_id>/retry/", JobRetry.as_view(), name="job-retry"),
    path("jobs/<uuid:job_id>/apply/", JobApply.as_view(), name="job-apply"),
    path("jobs/<uuid:job_id>/repeat/", JobRepeat.as_view(), name="job-repeat"),
]
