"""The numbers of the law, from params.toml: none stands anywhere else."""

from __future__ import annotations

import tomllib
from datetime import date, time
from functools import cache
from importlib.resources import files

import msgspec

from tracker.treaty.cite import Cite


class _Param(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    cite: Cite
    says: str
    checked_on: date


class Period(_Param, frozen=True, kw_only=True):
    """A length of time that the law sets."""

    hours: float

    @property
    def seconds(self) -> float:
        """The same in seconds."""
        return self.hours * 3600


class Night(_Param, frozen=True, kw_only=True):
    """The hours after local midnight that do not count."""

    ends_at: time


class Params(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Every number of the law."""

    written_confirmation: Period
    observation_without_consent: Period
    questioning: Period
    night: Night


@cache
def params() -> Params:
    """The shipped numbers."""
    text = files("tracker.treaty").joinpath("params.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text), Params)
