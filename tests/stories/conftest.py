"""The stories live in the same world as the tests of subscriptions."""

from tests.subscriptions.conftest import ear, gateway, paper

__all__ = ["ear", "gateway", "paper"]
