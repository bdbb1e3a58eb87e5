"""Keeps a few processes running: starts them, starts again those that die, and ends them all, politely and then firmly."""

from __future__ import annotations

import logging
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from app.exit_codes import ExitCode
from app.local_servers import children

log = logging.getLogger(__name__)

_LOOK_EVERY_S = 0.1
_SETTLED_AFTER_S = 5.0
_MAX_PAUSE_S = 10.0


@dataclass(frozen=True, slots=True)
class Command:
    """A process to keep running. ``log``: where its output goes; None: to ours."""

    name: str
    argv: Sequence[str | Path]
    log: Path | None = None


@dataclass(slots=True)
class _Kept:
    command: Command
    process: subprocess.Popen[bytes]
    began: float
    deaths: int = 0
    again_at: float | None = None
    first_life: bool = True


class Supervisor:
    """Runs commands until told to stop. Signals must reach it in the main thread."""

    def __init__(self, *, grace_s: float) -> None:
        """``grace_s``: how long a process may take to end before it is killed."""
        self._grace_s = grace_s
        self._kept: list[_Kept] = []
        self._stopping = False

    def __enter__(self) -> Supervisor:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._ask_to_stop)
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def stopping(self) -> bool:
        """Whether somebody asked us to end."""
        return self._stopping

    def ended(self) -> list[Command]:
        """Those that are not running now."""
        return [kept.command for kept in self._kept if kept.process.poll() is not None]

    def start(self, command: Command) -> None:
        """Starts a process and keeps it running from now on."""
        self._kept.append(_Kept(command, _spawn(command), time.monotonic()))

    def wait_until(self, ready: Callable[[], bool], *, timeout_s: float) -> bool:
        """Waits for ``ready``; False when it took too long, a process ended meanwhile, or we are asked to stop."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline and not self._stopping:
            if ready():
                return True
            if self.ended():
                return False
            time.sleep(_LOOK_EVERY_S)
        return False

    def run(self) -> ExitCode:
        """Watches until SIGTERM or SIGINT, then ends everything.

        A process that says at its first start that it cannot (wrong settings, no database) is not tried again: its exit
        code becomes ours. Later the same is an outage, which passes.
        """
        while not self._stopping:
            for kept in self._kept:
                code = self._look_after(kept)
                if code is not None:
                    self.stop()
                    return code
            time.sleep(_LOOK_EVERY_S)
        self.stop()
        return ExitCode.OK

    def stop(self) -> None:
        """Ends the processes, the last started first."""
        deadline = time.monotonic() + self._grace_s
        for kept in reversed(self._kept):
            if kept.process.poll() is None:
                kept.process.terminate()
        for kept in reversed(self._kept):
            try:
                kept.process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                log.warning("%s did not end within %g s and is killed", kept.command.name, self._grace_s)
                kept.process.kill()
                kept.process.wait()
        self._kept.clear()

    def _look_after(self, kept: _Kept) -> ExitCode | None:
        now = time.monotonic()
        status = kept.process.poll()
        if status is None:
            if now - kept.began > _SETTLED_AFTER_S:
                kept.deaths = 0
            return None
        if kept.again_at is None:
            if kept.first_life and status in (ExitCode.SETTINGS, ExitCode.UNAVAILABLE, ExitCode.USAGE):
                return ExitCode(status)
            kept.deaths += 1
            pause_s = 0.0 if kept.deaths == 1 else min(_MAX_PAUSE_S, 0.5 * 2 ** (kept.deaths - 2))
            kept.again_at = now + pause_s
            log.error("%s ended with %s; starting it again in %g s", kept.command.name, status, pause_s)
        if now >= kept.again_at:
            kept.process, kept.began, kept.again_at = _spawn(kept.command), now, None
            kept.first_life = False
        return None

    def _ask_to_stop(self, _number: int, _frame: FrameType | None) -> None:
        self._stopping = True


def _spawn(command: Command) -> subprocess.Popen[bytes]:
    return children.spawn(command.argv, log=command.log, death_signal=signal.SIGTERM)
