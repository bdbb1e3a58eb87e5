"""What ``yucun proof`` and ``yucun seal`` print, and whether the answer is yes."""

from __future__ import annotations

from app import seal_lines
from app.seal_lines import Said
from billing import upkeep


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
    return seal_lines.sealed(await upkeep.seal(), "transfers")


async def verify() -> Said:
    """Computes every seal again from the books."""
    otherwise = "封存之后账本被改动 · the books are NOT as they were sealed"
    return seal_lines.verified(await upkeep.verify_seals(), otherwise)
