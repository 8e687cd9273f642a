from django.apps import AppConfig


class OutcomesConfig(AppConfig):
    name = "throughgate.outcomes"
    label = "outcomes"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the triggers that keep plans and runs as they were."""
        from throughgate.base import setup

        setup.FUNCTION_FILES.append(("throughgate.outcomes", "triggers.sql"))
