"""What ``yucun proof`` and ``yucun seal`` print, and whether the answer is yes."""

from __future__ import annotations

from billing import upkeep

Said = tuple[bool, list[str]]
"""Whether all is well, and the lines that say so."""


async def proof(*, since_last: bool) -> Said:
    """Proves the books, or what changed in them since the last successful proof."""
    found = await upkeep.prove(freshness=False, since_last=since_last)
    lines = [str(violation) for violation in found.violations]
    rows = f"{found.transfers} transfers, {found.postings} postings, {found.entries} entries"
    if found.since is not None:
        lines.append(
            f"自上次核对以来 · since the last proof, {found.since.proved_at:%Y-%m-%d %H:%M:%S} UTC: {rows}"
        )
    else:
        lines.append(f"全部账本 · the whole books: {rows}")
        if since_last:
            lines.append("没有可接续的核对 · there was no proof to go on from")
    lines.append("账本不平 · the books do NOT balance" if found.violations else "账本平 · the books balance")
    return not found.violations, lines


async def seal() -> Said:
    """Seals the business days that are over."""
    done = await upkeep.seal()
    lines = [f"{seal.day} ✓ {seal.transfers} transfers, hash {seal.hash.hex()}" for seal in done.seals]
    if done.is_waiting:
        lines.append("有事务尚未结束，稍后再试 · a transaction is still open, try again later")
    elif not lines:
        lines.append("没有待封存的营业日 · no day is waiting to be sealed")
    return not done.is_waiting, lines


async def verify() -> Said:
    """Computes every seal again from the books."""
    found = await upkeep.verify_seals()
    if found.difference is not None:
        return False, [f"封存之后账本被改动 · the books are NOT as they were sealed: {found.difference}"]
    if found.last is None:
        return True, ["还没有封存过 · nothing was sealed yet"]
    return True, [
        f"{found.days} 天与封存时一致 · {found.days} days are as they were sealed, to {found.last.day}",
        f"hash {found.last.hash.hex()}",
    ]
