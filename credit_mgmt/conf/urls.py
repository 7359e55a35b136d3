"""The addresses of everything."""

from django.contrib import admin
from django.contrib.auth.views import LoginView, LogoutView
from django.urls import include, path

from credit_mgmt import design

handler500 = "credit_mgmt.conf.api.server_error"

urlpatterns = [
    path("login/", LoginView.as_view(redirect_authenticated_user=True), name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("admin/", admin.site.urls),
    path("api/", include("credit_mgmt.conf.api")),
    path("", include("holds.urls")),
    path("", include("credit_mgmt.urls")),
    path("_design/", design.page, name="design"),
    path("_design/dialog/", design.dialog, name="design-dialog"),
]
