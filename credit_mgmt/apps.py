"""Django's entry to the room `credit_mgmt`."""

from django.apps import AppConfig


class CreditMgmtConfig(AppConfig):
    name = "credit_mgmt"
    verbose_name = "Credit management"
