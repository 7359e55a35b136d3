"""Django's entry to the room `holds`."""

from django.apps import AppConfig


class HoldsConfig(AppConfig):
    name = "holds"
    verbose_name = "Holds"

    def ready(self) -> None:
        """Register the jobs of the room, and who looks at customers of whom something changed, and who keeps names."""
        from customers import marks, people  # noqa: PLC0415 - needs loaded apps
        from customers.listing import exporting  # noqa: PLC0415 - needs loaded apps
        from holds import (  # noqa: PLC0415 - needs loaded apps
            evaluation,
            events,
            force_many,
            many,
            reevaluation,
            release_job,
            retention,
            undo_job,
        )
        from holds.lists import export  # noqa: PLC0415 - needs loaded apps
        from holds.customer_list import export as customer_export  # noqa: PLC0415 - needs loaded apps

        evaluation.register()
        exporting.register(export.EXPORT)
        retention.register()
        exporting.register(customer_export.EXPORT)
        release_job.register()
        force_many.register()
        many.register()
        undo_job.register()
        people.register_recorded(events.recorded_names)
        marks.look_with(reevaluation.TASK)
