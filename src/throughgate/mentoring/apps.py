from django.apps import AppConfig


class MentoringConfig(AppConfig):
    name = "throughgate.mentoring"
    label = "mentoring"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the guarding trigger, who follows a move or a keep-apart order, and what is asked of mails."""
        from throughgate.base import setup
        from throughgate.mentoring import following, notices  # noqa: F401 - notices register their questions
        from throughgate.people import moves

        setup.FUNCTION_FILES.append(("throughgate.mentoring", "triggers.sql"))
        moves.AFTER_MOVE.append(following.follow_move)
        moves.AFTER_KEEP_APART.append(following.follow_apart)
