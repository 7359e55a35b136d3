"""Django's entry to the room `holds`."""

from django.apps import AppConfig


class HoldsConfig(AppConfig):
    name = "holds"
    verbose_name = "Holds"

    def ready(self) -> None:
        """Register the jobs of the room, and who looks at customers of whom something changed, and who keeps names."""
        from customers import marks, notifications, people  # noqa: PLC0415 - needs loaded apps
        from customers.listing import exporting  # noqa: PLC0415 - needs loaded apps
        from holds import (  # noqa: PLC0415 - needs loaded apps
            evaluation,
            events,
            force_many,
            many,
            notification_words,
            reevaluation,
            release_job,
            retention,
            undo_job,
        )
        from holds.customer_list import export as customer_export  # noqa: PLC0415 - needs loaded apps
        from holds.group_list import export as group_export  # noqa: PLC0415 - needs loaded apps
        from holds.lists import export  # noqa: PLC0415 - needs loaded apps

        evaluation.register()
        exporting.register(export.EXPORT)
        exporting.register(customer_export.EXPORT)
        exporting.register(group_export.EXPORT)
        retention.register()
        release_job.register()
        force_many.register()
        many.register()
        undo_job.register()
        notifications.speak_with(notification_words.speak)
        people.register_recorded(events.recorded_names)
        marks.look_with(reevaluation.TASK)
