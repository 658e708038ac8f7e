from django.apps import AppConfig


class MainConfig(AppConfig):
    name = "broadsheet.main"
    label = "main"

    def ready(self) -> None:
        from . import wiring  # noqa: PLC0415  The rooms' models exist only from here on.

        wiring.connect()
