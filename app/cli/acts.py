"""Commands about what operators did: sealing it, and whether it is as it was sealed."""

from __future__ import annotations

import argparse

from app.cli.command import Commands, asked, verdict
from app.exit_codes import ExitCode


def add(commands: Commands) -> None:
    """acts seal, acts verify."""
    group = commands.group("acts", "操作记录 · what operators did")
    group.add(
        "seal", _seal, "封存已结束的营业日的操作记录 · seal the acts of the business days that are over"
    )
    group.add("verify", _verify, "核对操作记录与封存 · compare what operators did with every seal")


def _seal(given: argparse.Namespace) -> ExitCode:
    from app import act_lines

    return asked(given, act_lines.seal, verdict)


def _verify(given: argparse.Namespace) -> ExitCode:
    from app import act_lines

    return asked(given, act_lines.verify, verdict)
