"""What commands print of daily seals, of the books and of what operators did, and whether the answer is yes."""

from __future__ import annotations

from core import chain

Said = tuple[bool, list[str]]
"""Whether all is well, and the lines that say so."""


def sealed(done: chain.Sealed[chain.Seal], rows: str) -> Said:
    """What a run sealed; ``rows``: what a seal has so many of."""
    lines = [f"{seal.day} ✓ {getattr(seal, rows)} {rows}, hash {seal.hash.hex()}" for seal in done.seals]
    if done.is_waiting:
        lines.append("有事务尚未结束，稍后再试 · a transaction is still open, try again later")
    elif not lines:
        lines.append("没有待封存的营业日 · no day is waiting to be sealed")
    return not done.is_waiting, lines


def verified(found: chain.Verified[chain.Seal], otherwise: str) -> Said:
    """What computing all seals again found; ``otherwise``: the sentence where something differs."""
    if found.difference is not None:
        return False, [f"{otherwise}: {found.difference}"]
    if found.last is None:
        return True, ["还没有封存过 · nothing was sealed yet"]
    return True, [
        f"{found.days} 天与封存时一致 · {found.days} days are as they were sealed, to {found.last.day}",
        f"hash {found.last.hash.hex()}",
    ]
