from django.apps import AppConfig


class WorksConfig(AppConfig):
    name = "throughgate.base.works"
    label = "works"
    default_auto_field = "django.db.models.BigAutoField"
