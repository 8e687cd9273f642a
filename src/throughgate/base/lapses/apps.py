from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class LapsesConfig(AppConfig):
    name = "throughgate.base.lapses"
    label = "lapses"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Find what every room says of its own lapses, and what is asked before a reminder is sent."""
        from throughgate.base.lapses import actions  # noqa: F401 - it registers its question

        autodiscover_modules("lapses")
