"""Every error of the domain, in one tree.

DrempelloosError
├── Refused            input that cannot be accepted; names the field and the reason
│   └── IllegalMove    a command that the pursuit's phase does not allow; names the phase
└── Corrupt            stored data that is not what was written
"""

from __future__ import annotations


class DrempelloosError(Exception):
    """Base of all errors that this project raises on purpose."""


class Refused(DrempelloosError):
    """Input that cannot be accepted.

    Args:
        field: name of the offending field as the sender spelt it; `""` when it is the message as a whole.
        reason: what was received and what is allowed, in one line.
    """

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}" if field else reason)
        self.field = field
        self.reason = reason


class IllegalMove(Refused):
    """A command that the pursuit's present phase does not allow."""

    def __init__(self, command: str, phase: str, allowed: tuple[str, ...]) -> None:
        options = ", ".join(allowed) if allowed else "nothing more"
        super().__init__("phase", f"{command} is not possible while the pursuit is {phase}; possible: {options}")
        self.phase = phase


class Corrupt(DrempelloosError):
    """Stored data that is not what was written."""
