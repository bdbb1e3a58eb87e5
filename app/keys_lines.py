"""What ``yucun keys`` does and says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from typing import TypeVar

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from core import sealed, sealed_columns

Verdict = tuple[bool, list[str]]
T = TypeVar("T")


async def check(without: str | None) -> Verdict:
    """How many values stand under which key, and whether all of them can be read; with ``without``, whether they could without that key."""
    found = await sealed_columns.counts()
    ring = sealed.ring()
    used: Counter[str | None] = Counter()
    said = []
    for one in found:
        used[one.kid] += one.values
        said.append(f"{one.column}  {one.kid or '-'}  {one.values}")
    for kid in dict.fromkeys([*ring.kids, *(one.kid for one in found)]):
        said.append(f"{kid or '-'}  {used[kid]}  {_standing(kid, used[kid])}")
    wrong = [kid for kid in used if kid not in ring.kids]
    if without is None:
        return not wrong, said
    held = without == ring.sealing or used[without] > 0
    said.append(_whether(without, used[without]))
    return not (wrong or held), said


def _standing(kid: str | None, values: int) -> str:
    ring = sealed.ring()
    if kid is None:
        return "没有加密 · not sealed: yucun migrate"
    if kid not in ring.kids:
        return "设置里没有这个密钥，读不出来 · the settings do not name this key: they cannot be read"
    if kid == ring.sealing:
        return "用于加密 · seals"
    return "只用于解密，还有数据，不能删 · opens only; still used" if values else "可以删除 · may be dropped"


def _whether(kid: str, values: int) -> str:
    if kid == sealed.ring().sealing:
        return f"{kid} 用于加密，不能删 · {kid} seals; it cannot be dropped"
    if values:
        return (
            f"{kid} 还有 {values} 项数据，不能删；先运行 yucun keys rotate · {kid} cannot be dropped, {values} values need it: "
            "run yucun keys rotate first"
        )
    return f"{kid} 可以删除 · {kid} may be dropped"


async def rotate() -> Verdict:
    """Seals everything anew that stands under another key than the one that seals now."""
    now = sealed.ring().sealing
    total = sum(one.values for one in await sealed_columns.counts() if one.kid != now)
    done = await _watched(f"换用密钥 {now} · to key {now}", total, sealed_columns.turn)
    said = [f"重新加密 {done.turned} 项 · {done.turned} values sealed anew with {now}"]
    if done.unreadable:
        said.append(
            f"{done.unreadable} 项读不出来，原因见日志 · {done.unreadable} cannot be opened, the log says why"
        )
    if done.left:
        said.append(
            f"{done.left} 项正在使用，请再运行一次 · {done.left} were in use all the time: run it again"
        )
    return not (done.unreadable or done.left), said


async def index() -> list[str]:
    """Makes blind indexes anew that are not by the search key there is now."""
    total = sum(one.values for one in await sealed_columns.counts() if one.column.index is not None)
    made = await _watched("重建索引 · indexes", total, sealed_columns.index_anew)
    return [f"重建 {made} 项 · {made} made anew"]


async def _watched(title: str, total: int, work: Callable[[sealed_columns.Progress], Awaitable[T]]) -> T:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns) as progress:
        task = progress.add_task(title, total=total)
        return await work(lambda more: progress.advance(task, more))
