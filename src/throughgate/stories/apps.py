from django.apps import AppConfig


class StoriesConfig(AppConfig):
    name = "throughgate.stories"
    label = "stories"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the triggers by which the database keeps to what was agreed."""
        from throughgate.base import setup

        setup.FUNCTION_FILES.append(("throughgate.stories", "triggers.sql"))
