from django.apps import AppConfig


class ProgramsConfig(AppConfig):
    name = "throughgate.programs"
    label = "programs"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the triggers that guard this room's facts, and what is asked before a message is sent."""
        from throughgate.base import setup
        from throughgate.programs import notices  # noqa: F401 - registers its questions

        setup.FUNCTION_FILES.append(("throughgate.programs", "triggers.sql"))
        setup.FUNCTION_FILES.append(("throughgate.programs", "readiness.sql"))
        setup.FUNCTION_FILES.append(("throughgate.programs", "seats.sql"))
