from django.apps import AppConfig


class AccessConfig(AppConfig):
    name = "throughgate.access"
    label = "access"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the SQL functions and the copy of the role table that policies ask."""
        from throughgate.access.rolestore import store_role_permissions
        from throughgate.base import setup

        setup.FUNCTION_FILES.append(("throughgate.access", "functions.sql"))
        setup.AFTER_SYNC.append(store_role_permissions)
