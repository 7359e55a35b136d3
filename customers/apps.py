"""Django's entry to the room `customers`."""

from django.apps import AppConfig


class CustomersConfig(AppConfig):
    name = "customers"
    verbose_name = "Customers"

    def ready(self) -> None:
        """Register the system check of routes."""
        from customers.edge import checks  # noqa: F401, PLC0415 - needs loaded apps
