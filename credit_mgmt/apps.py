"""Django's entry to the room `credit_mgmt`."""

from importlib.metadata import entry_points
from operator import attrgetter

from django.apps import AppConfig

RULE_TYPES = "credit_mgmt.rule_types"
"""The group of entry points by which another package brings its rule types: each names a class of the engine's kind."""


class CreditMgmtConfig(AppConfig):
    name = "credit_mgmt"
    verbose_name = "Credit management"

    def ready(self) -> None:
        """Offer what this room feeds, register its jobs, and load the rule types of other packages: one that can't be
        loaded stops us."""
        from credit_mgmt import many_customers  # noqa: PLC0415 - models are there only now
        from credit_mgmt.backtests import jobs as backtest_jobs  # noqa: PLC0415 - models are there only now
        from credit_mgmt.cover import rows as cover_rows  # noqa: PLC0415 - models are there only now
        from credit_mgmt.engine.rules import load_rule_types  # noqa: PLC0415 - the engine is not needed to find the app
        from credit_mgmt.journal_list import export as journal_export  # noqa: PLC0415 - models are there only now
        from credit_mgmt.journals import jobs as journal_jobs  # noqa: PLC0415 - models are there only now
        from credit_mgmt.journals import many as many_journals  # noqa: PLC0415 - models are there only now
        from credit_mgmt.parameter_setup import reasons_in_parameters  # noqa: PLC0415 - models are there only now
        from customers.imports.usage import register_objection  # noqa: PLC0415 - models are there only now
        from customers.listing import exporting  # noqa: PLC0415 - models are there only now

        cover_rows.offer_resources()
        register_objection(reasons_in_parameters)
        found = sorted(entry_points(group=RULE_TYPES), key=attrgetter("name"))
        load_rule_types(entry.load for entry in found)
        journal_jobs.register()
        many_journals.register()
        exporting.register(journal_export.EXPORT)
        backtest_jobs.register()
        many_customers.register()
