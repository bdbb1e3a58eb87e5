"""Commands about the clock: its jobs."""

from __future__ import annotations

import argparse
from datetime import timedelta

from app.cli.command import Commands, asked, settings_of, verdict
from app.exit_codes import ExitCode


def add(commands: Commands) -> None:
    """jobs."""
    commands.add(
        "jobs",
        _jobs,
        "定时任务：上次、用时、晚点、下次 · the clock's jobs; ends with 1 if one fails or is late",
    )


def _jobs(given: argparse.Namespace) -> ExitCode:
    from app import job_lines
    from billing import job_watch

    chosen = settings_of(given).jobs
    bounds = job_watch.Bounds(chosen.alert_failures, timedelta(seconds=chosen.alert_late_s))
    return asked(given, lambda: job_lines.listing(bounds), verdict)
