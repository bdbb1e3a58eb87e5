"""What ``yucun`` tells the shell."""

from __future__ import annotations

import enum


class ExitCode(enum.IntEnum):
    OK = 0
    FAILED = 1
    """The command ran and the answer is no: the books do not balance, a file differs, …"""
    USAGE = 2
    SETTINGS = 3
    """The settings are missing or wrong."""
    UNAVAILABLE = 4
    """Something needed does not answer, or an address is taken."""
