from django.apps import AppConfig


class PeopleConfig(AppConfig):
    name = "throughgate.people"
    label = "people"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the look-up over every facility."""
        from throughgate.base import setup

        setup.FUNCTION_FILES.append(("throughgate.people", "functions.sql"))
