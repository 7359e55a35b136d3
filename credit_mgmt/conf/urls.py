"""The addresses of everything."""

from django.contrib import admin
from django.contrib.auth.views import LogoutView
from django.urls import include, path

from credit_mgmt import design
from customers.sessions import SessionPage
from customers.signing_in import SignIn

handler500 = "credit_mgmt.conf.api.server_error"

urlpatterns = [
    path("login/", SignIn.as_view(), name="login"),
    path("logout/", LogoutView.as_view(), name="logout"),
    path("session/", SessionPage.as_view(), name="session"),
    path("admin/", admin.site.urls),
    path("api/", include("credit_mgmt.conf.api")),
    path("", include("holds.urls")),
    path("", include("credit_mgmt.urls")),
    path("_design/", design.page, name="design"),
    path("_design/found/", design.palette, name="design-palette"),
    path("_design/dialog/", design.dialog, name="design-dialog"),
]
