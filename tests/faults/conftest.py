"""The same servers as in the end-to-end tests."""

from tests.e2e.conftest import server_factory

__all__ = ("server_factory",)
