"""Bills come packed: what can be wrong with that, and the one file in a ZIP that is wanted."""

from __future__ import annotations

import contextlib
import zipfile
from collections.abc import Callable, Iterator
from typing import Final

from gateways.channel import ChannelRefused, ResultUnknown

_UTF_8_NAMES: Final = 0x800
_ENCRYPTED: Final = 0x1
_MOST_MEMBERS: Final = 100


class TooLarge(Exception):
    """More bytes than a bill may have."""


class Torn(Exception):
    """Not whole, or not what it should be."""


@contextlib.contextmanager
def whole() -> Iterator[None]:
    """Turns both, while a bill arrives, into what `channel.Channel.fetch_bill` raises."""
    try:
        yield
    except TooLarge:
        raise ChannelRefused("bill_too_large", "the bill has more bytes than allowed") from None
    except Torn:
        raise ResultUnknown("the bill is torn") from None


def member(archive: zipfile.ZipFile, is_wanted: Callable[[str], bool]) -> zipfile.ZipInfo:
    """The one file whose name is wanted.

    Raises:
        ValueError: there is none, or several, or it is encrypted; says what there is.
    """
    members = archive.infolist()
    found = [one for one in members[:_MOST_MEMBERS] if not one.is_dir() and is_wanted(_name(one))]
    if len(members) > _MOST_MEMBERS or len(found) != 1 or found[0].flag_bits & _ENCRYPTED:
        raise ValueError(", ".join(_name(one) for one in members[:5]))
    return found[0]


def _name(one: zipfile.ZipInfo) -> str:
    """Without the flag that says UTF-8, zipfile takes the bytes for code page 437; they are GBK."""
    if one.flag_bits & _UTF_8_NAMES:
        return one.filename
    return one.filename.encode("cp437", "replace").decode("gb18030", "replace")
