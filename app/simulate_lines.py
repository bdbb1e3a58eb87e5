"""What ``yucun simulate`` does and says: a line a day, the sum, and whether the books balance."""

from __future__ import annotations

import gc
import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from app import config, database, spare_database
from billing import terms
from core import clock, money, sealed
from members import customers, people_rules
from notifications import policy
from reports.day_digest import Digest
from simulation import days, outside, shop
from simulation.customers import Crowd

_CONNECTIONS = shop.AT_ONCE + 2


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be played: ``people`` customers of a generated shop, or a copy of the database at ``copy_of``."""

    span: days.Span
    people: int = 1_000
    seed: int = 1
    copy_of: str | None = None
    customer_id: int | None = None
    as_json: bool = False
    home: Path | None = None


def in_force(settings: config.Config | None) -> None:
    """This process goes by the shop's zone and rules, or by what a shop has that chose nothing."""
    sealed.use(sealed.made_up() if settings is None else settings.sealing.ring())
    if settings is not None:
        clock.set_zone(settings.shop.timezone)
        terms.use(settings.money.terms())
        policy.use(settings.messages.policy())
        people_rules.use(settings.people.rules())


def run(wanted: Wanted, say: Callable[[str], None]) -> bool:
    """Plays the days and says each. Whether the books balance at the end and no job failed.

    Raises:
        DaysReversed, DaysOutOfRange, BooksAreLater, NoSuchCustomer.
        LocalServerFailed: there is no database to do it in.
    """
    wanted.span.check()
    with spare_database.opened(wanted.home, copy_of=wanted.copy_of) as url:
        return spare_database.run(lambda: _run(wanted, url, say))


async def _run(wanted: Wanted, url: str, say: Callable[[str], None]) -> bool:
    gc.collect()
    gc.freeze()  # what is imported stays: nobody has to look through it a thousand times for what may go
    async with database.opened(url, pool_min=2, pool_max=_CONNECTIONS):
        return await play(wanted, say)


async def play(wanted: Wanted, say: Callable[[str], None]) -> bool:
    """The same over the database that is opened. It must be one to throw away.

    Raises:
        DaysReversed, DaysOutOfRange, BooksAreLater, NoSuchCustomer.
    """
    hashed, written = hashlib.sha256(), _in_json if wanted.as_json else _in_words

    def told(day: date, digest: Digest) -> None:
        line = written(str(day), digest)
        hashed.update(f"{line}\n".encode())
        say(line)

    channels, behind = outside.channels()
    if wanted.copy_of is not None:
        if wanted.customer_id is not None:
            await customers.get(wanted.customer_id)
        total = await days.play(wanted.span, channels, told=told, customer_id=wanted.customer_id)
        refused: Mapping[str, int] = {}
    else:
        clock.stand_at(clock.start_of(wanted.span.first))
        try:
            made = await shop.open_shop(wanted.people, wanted.seed)
        finally:
            clock.stand_at(None)
        crowd = Crowd(made, wanted.seed, channels, behind["wechat_pay"])
        total = await days.play(wanted.span, channels, told=told, act=crowd.act)
        refused = dict(sorted(crowd.refused.items()))
    for line in (_end_in_json if wanted.as_json else _end_in_words)(total, refused, hashed.hexdigest()):
        say(line)
    return total.is_well


def _in_words(day: str, digest: Digest) -> str:
    parts = [
        f"充值 · topped up {money.yuan(digest.topped_up_fen)}",
        f"扣款 · deducted {money.yuan(digest.deducted_fen)}",
        f"退款 · refunded {money.yuan(digest.refunded_fen)}",
        f"到期 · expired {money.yuan(digest.expired_fen)}",
        *([f"其他 · other {money.yuan(digest.other_fen)}"] if digest.other_fen else []),
        f"欠款 · owed {money.yuan(digest.owed_fen)} ({digest.bills_owed})",
        f"应付顾客 · liability {money.yuan(digest.liability_fen)}",
        "消息 · messages " + (", ".join(f"{kind} {n}" for kind, n in digest.messages.items()) or "0"),
    ]
    return f"{day}  {'; '.join(parts)}"


def _plain(digest: Digest) -> dict[str, Any]:
    return {
        "topped_up_fen": digest.topped_up_fen,
        "deducted_fen": digest.deducted_fen,
        "refunded_fen": digest.refunded_fen,
        "expired_fen": digest.expired_fen,
        "other_fen": digest.other_fen,
        "owed_fen": digest.owed_fen,
        "bills_owed": digest.bills_owed,
        "liability_fen": digest.liability_fen,
        "messages": digest.messages,
    }


def _in_json(day: str, digest: Digest) -> str:
    return json.dumps({"day": day, **_plain(digest)})


def _end_in_words(total: days.Total, refused: Mapping[str, int], fingerprint: str) -> list[str]:
    said = [_in_words(f"{total.days} 天合计 · days in all", total.digest)]
    if refused:
        said.append("顾客遇到的拒绝 · customers were refused: " + _counted(refused))
    if total.failures:
        said.append("任务失败 · jobs failed: " + _counted(total.failures))
    said += total.violations
    said.append("账本不平 · the books do NOT balance" if total.violations else "账本平 · the books balance")
    return [*said, f"指纹 · fingerprint {fingerprint}"]


def _counted(numbers: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {number}" for name, number in sorted(numbers.items()))


def _end_in_json(total: days.Total, refused: Mapping[str, int], fingerprint: str) -> list[str]:
    end = {
        "days": total.days,
        **_plain(total.digest),
        "refused": dict(refused),
        "jobs_failed": dict(total.failures),
        "violations": list(total.violations),
        "fingerprint": fingerprint,
    }
    return [json.dumps(end)]
