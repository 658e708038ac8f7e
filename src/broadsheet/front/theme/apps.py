from django.apps import AppConfig


class ThemeConfig(AppConfig):
    name = "broadsheet.front.theme"
    label = "theme"
    default_auto_field = "django.db.models.BigAutoField"
