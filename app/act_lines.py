"""What ``yucun acts`` prints, and whether the answer is yes."""

from __future__ import annotations

from members import act_seals

Said = tuple[bool, list[str]]
"""Whether all is well, and the lines that say so."""


async def seal() -> Said:
    """Seals the acts of the business days that are over."""
    done = await act_seals.run()
    lines = [f"{seal.day} ✓ {seal.acts} acts, hash {seal.hash.hex()}" for seal in done.seals]
    if done.is_waiting:
        lines.append("有事务尚未结束，稍后再试 · a transaction is still open, try again later")
    elif not lines:
        lines.append("没有待封存的营业日 · no day is waiting to be sealed")
    return not done.is_waiting, lines


async def verify() -> Said:
    """Computes every seal again from the acts."""
    found = await act_seals.verify()
    if found.difference is not None:
        said = "封存之后操作记录被改动 · what operators did is NOT as it was sealed"
        return False, [f"{said}: {found.difference}"]
    if found.last is None:
        return True, ["还没有封存过 · nothing was sealed yet"]
    return True, [
        f"{found.days} 天与封存时一致 · {found.days} days are as they were sealed, to {found.last.day}",
        f"hash {found.last.hash.hex()}",
    ]
