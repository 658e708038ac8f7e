from django.apps import AppConfig


class GateConfig(AppConfig):
    name = "broadsheet.gate.house"
    label = "gate"
    default_auto_field = "django.db.models.BigAutoField"
