from django.apps import AppConfig


class PartnersConfig(AppConfig):
    name = "throughgate.partners"
    label = "partners"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the triggers that guard this room's facts."""
        from throughgate.base import setup

        setup.FUNCTION_FILES.append(("throughgate.partners", "triggers.sql"))
