from django.apps import AppConfig


class VisitorsConfig(AppConfig):
    name = "throughgate.visitors"
    label = "visitors"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the rule of the gate in the database."""
        from throughgate.base import setup

        setup.FUNCTION_FILES.append(("throughgate.visitors", "steps.sql"))
