"""Servers, for the journeys that are replayed to one."""

from tests.e2e.conftest import server_factory

__all__ = ["server_factory"]
