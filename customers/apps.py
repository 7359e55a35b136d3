"""Django's entry to the room `customers`."""

from django.apps import AppConfig


class CustomersConfig(AppConfig):
    name = "customers"
    verbose_name = "Customers"

    def ready(self) -> None:
        """Register the system check of routes, and the jobs of this room."""
        from customers.edge import checks, importing  # noqa: F401, PLC0415 - need loaded apps

        importing.register()
