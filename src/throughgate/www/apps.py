from django.apps import AppConfig


class WwwConfig(AppConfig):
    name = "throughgate.www"
    label = "www"
    default_auto_field = "django.db.models.BigAutoField"
