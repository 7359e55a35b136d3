"""Addresses of the pages of this room."""

from django.urls import path

from credit_mgmt.pages.backtest_orders import BacktestOrders
from credit_mgmt.pages.backtests import BacktestPage
from credit_mgmt.pages.cover import EndPolicyPage, NewPolicyPage, PolicyPage, RemovePolicyPage
from credit_mgmt.pages.cover_import import CoverImportPage
from credit_mgmt.pages.cover_register import ChangeDates, CoverRegister, EndPolicies
from credit_mgmt.pages.cover_types import CoverTypePage, CoverTypesPage
from credit_mgmt.pages.cover_worked import WorkedSum
from credit_mgmt.pages.document_check import DocumentCheckPage

urlpatterns = [
    path("backtests/<uuid:job_id>/", BacktestPage.as_view(), name="backtest"),
    path("backtests/<uuid:job_id>/orders/", BacktestOrders.as_view(), name="backtest-orders"),
    path("check/", DocumentCheckPage.as_view(), name="document-check"),
    path("cover/", CoverRegister.as_view(), name="cover-register"),
    path("cover/bulk/end/", EndPolicies.as_view(), name="cover-bulk-end"),
    path("cover/bulk/dates/", ChangeDates.as_view(), name="cover-bulk-dates"),
    path("cover/new/", NewPolicyPage.as_view(), name="cover-new"),
    path("cover/import/", CoverImportPage.as_view(), name="cover-import"),
    path("cover/worked/", WorkedSum.as_view(), name="cover-worked"),
    path("cover/types/", CoverTypesPage.as_view(), name="cover-types"),
    path("cover/types/<slug:kind>/new/", CoverTypePage.as_view(), name="cover-type-new"),
    path("cover/types/<slug:kind>/<str:code>/", CoverTypePage.as_view(), name="cover-type"),
    path("cover/<uuid:policy_id>/", PolicyPage.as_view(), name="cover-edit"),
    path("cover/<uuid:policy_id>/end/", EndPolicyPage.as_view(), name="cover-end"),
    path("cover/<uuid:policy_id>/remove/", RemovePolicyPage.as_view(), name="cover-remove"),
]
