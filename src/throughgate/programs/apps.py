from django.apps import AppConfig


class ProgramsConfig(AppConfig):
    name = "throughgate.programs"
    label = "programs"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register guarding triggers, what is asked before a message is sent, and who follows a move."""
        from throughgate.base import setup
        from throughgate.people import moves as people
        from throughgate.programs import chasing, notices  # noqa: F401 - they register their questions
        from throughgate.programs.actions import apart, moves

        setup.FUNCTION_FILES.append(("throughgate.programs", "triggers.sql"))
        setup.FUNCTION_FILES.append(("throughgate.programs", "belonging.sql"))
        setup.FUNCTION_FILES.append(("throughgate.programs", "readiness.sql"))
        setup.FUNCTION_FILES.append(("throughgate.programs", "seats.sql"))
        people.AFTER_MOVE.append(moves.follow)
        people.AFTER_KEEP_APART.append(apart.follow)
