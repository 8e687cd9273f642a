from django.apps import AppConfig


class PlacesConfig(AppConfig):
    name = "throughgate.places"
    label = "places"
    default_auto_field = "django.db.models.BigAutoField"
