"""Child processes that do not outlive us."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


class LocalServerFailed(RuntimeError):
    """A local server could not be started; the message says what to look at."""


def spawn(
    command: Sequence[str | Path],
    *,
    log: Path | None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    user: str | None = None,
    death_signal: signal.Signals = signal.SIGTERM,
    own_group: bool = True,
) -> subprocess.Popen[bytes]:
    """Starts a program that gets ``death_signal`` when this process dies, however it dies (Linux).

    ``own_group`` keeps a Ctrl-C in our terminal from reaching it, so that we choose the order in which things stop.
    ``user`` drops root's rights first. Output goes to the end of ``log``, or to ours when there is none.
    """
    assert threading.current_thread() is threading.main_thread(), "the kernel watches the starting thread"
    out = None if log is None else os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        return subprocess.Popen(  # noqa: PLW1509, RUF100 (the hook only makes two system calls)
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=None if out is None else subprocess.STDOUT,
            env=None if env is None else dict(env),
            cwd=cwd,
            start_new_session=own_group,
            user=user,
            group=_group_of(user),
            extra_groups=None if user is None else [],
            preexec_fn=_die_with_parent(death_signal),
        )
    finally:
        if out is not None:
            os.close(out)


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody used a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def end(process: subprocess.Popen[bytes], how: signal.Signals, *, patience_s: float = 30) -> int:
    """Asks a child to end, kills it when it does not within ``patience_s``, and returns its exit status."""
    if process.poll() is None:
        process.send_signal(how)
    try:
        return process.wait(patience_s)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


def tail(log: Path, lines: int = 15) -> str:
    """The last lines of a log, for an error message."""
    try:
        return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
    except OSError:
        return "(no log)"


def _group_of(user: str | None) -> int | None:
    if user is None:
        return None
    import pwd

    return pwd.getpwnam(user).pw_gid


def _die_with_parent(death_signal: signal.Signals) -> Callable[[], None] | None:
    if sys.platform != "linux":
        return None  # elsewhere a server left behind by a killed parent is found and reused by the next start
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    parent = os.getpid()

    def hook() -> None:
        prctl(_PR_SET_PDEATHSIG, int(death_signal), 0, 0, 0)
        if os.getppid() != parent:  # died between fork and prctl
            os._exit(1)

    return hook
