"""A burst of chat messages, as the platform pushes it: ``python -m benchmarks.bot_burst [--messages 2000] [--within 10]``.

Server processes, one per core, each on a port of its own, get messages of many people at moments of chance: questions, wishes, bills
that are paid. Some are delivered twice, to both processes at the same moment. Every message has to be answered, within the platform's five
seconds but for one in a thousand, each once: twins get the same answer, and what they asked for is done once.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import random
import signal
import sys
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

import aiohttp
import uvloop

from app.local_servers import children
from app.server import hold_port
from benchmarks import http_doors, place, seeds
from benchmarks.bot_balance import APP_ID, Platform, followers, with_account
from billing import bills
from core import clock, db, words
from ledger import proof

DEADLINE_S = 5.0
"""The platform cuts the connection then, and sends the message again."""
TWICE = 0.1
"""So many messages are delivered to two processes at once."""
QUESTIONS = (
    *("余额",) * 6, "明细", "上个月花了多少", "账单", "计划", "接下来扣什么", "订单", "积分", "帮助",
    "balance", "upcoming", "余额低于80元提醒我", "接收优惠", "今天天气怎么样",
)  # fmt: skip
_BILL_FEN = 100
PEOPLE = 500


@dataclass(slots=True)
class Told:
    """A message and what came back: after how long, and the text; None: nothing that can be read."""

    openid: str
    text: str
    took_s: list[float] = field(default_factory=list)
    answers: list[str | None] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a burst went. ``wrong``: what should not have been, by what it was."""

    messages: int
    deliveries: int
    within_s: float
    p50_ms: float
    p99_ms: float
    p999_ms: float
    longest_ms: float
    wrong: dict[str, int]

    @property
    def is_good(self) -> bool:
        return not self.wrong and self.p999_ms < DEADLINE_S * 1_000

    def __str__(self) -> str:
        wrong = (
            ", ".join(f"{many} {what}" for what, many in self.wrong.items())
            or "none lost, none answered twice"
        )
        return (
            f"messages={self.messages} deliveries={self.deliveries} within_s={self.within_s:.1f} p50_ms={self.p50_ms:.0f} "
            f"p99_ms={self.p99_ms:.0f} p99.9_ms={self.p999_ms:.0f} longest_ms={self.longest_ms:.0f}: {wrong}"
        )


async def burst(where: place.Place, *, messages: int, within_s: float, seed: int = 1) -> Outcome:
    """Sends so many messages within so long, and looks at what came of them."""
    where, chance = with_account(where), random.Random(seed)
    async with place.opened(where), _served(where) as ports:
        told = await _messages(chance, messages)
        platform = Platform()
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
            for port in ports:  # statements get prepared, catalogues read
                await asyncio.gather(
                    *(_deliver(session, platform, [port], Told("oWarm", text), 0) for text in set(QUESTIONS))
                )
            began = time.perf_counter()
            await asyncio.gather(
                *(
                    _deliver(
                        session,
                        platform,
                        ports if chance.random() < TWICE else [chance.choice(ports)],
                        one,
                        began + chance.uniform(0, within_s),
                    )
                    for one in told
                )
            )
        return await _judged(told, within_s)


@contextlib.asynccontextmanager
async def _served(where: place.Place) -> AsyncIterator[list[int]]:
    with contextlib.ExitStack() as stack:
        ports = [
            stack.enter_context(hold_port("127.0.0.1", 0)).getsockname()[1]
            for _ in range(max(2, where.processes))
        ]
        for number, port in enumerate(ports):
            stack.callback(children.end, http_doors.serve(where, port, number), signal.SIGTERM)
        await asyncio.gather(
            *(asyncio.to_thread(http_doors.wait_for_server, port, where.home) for port in ports)
        )
        yield ports


async def _messages(chance: random.Random, count: int) -> list[Told]:
    """What people write: a bill is paid by every tenth message, each by somebody else."""
    payers = await seeds.rich(max(1, count // 10))
    asking = await followers(await seeds.rich(PEOPLE))
    due = clock.now()
    issued = await bills.issue(
        [bills.NewBill(one, "学费", f"bench:burst:{one}", _BILL_FEN, due) for one in payers]
    )
    paying = [
        Told(openid, f"确认付款 {bill.bill_no[-4:]} {_BILL_FEN / 100:.2f}")
        for openid, bill in zip(await followers(payers), issued, strict=True)
    ]
    told = paying + [
        Told(chance.choice(asking), chance.choice(QUESTIONS)) for _ in range(count - len(paying))
    ]
    chance.shuffle(told)
    return told


async def _deliver(
    session: aiohttp.ClientSession, platform: Platform, ports: Sequence[int], told: Told, at: float
) -> None:
    """At this moment, the same message to each of the ports at once."""
    await asyncio.sleep(max(0.0, at - time.perf_counter()))
    address, body = platform.signed(told.openid, told.text)

    async def one(port: int) -> None:
        sent = time.perf_counter()
        try:
            async with session.post(f"http://127.0.0.1:{port}{address}", data=body.encode()) as answer:
                said = await answer.text()
        except aiohttp.ClientError:
            said = ""
        told.took_s.append(time.perf_counter() - sent)
        told.answers.append(platform.opened(said) if said.startswith("<") else None)

    await asyncio.gather(*(one(port) for port in ports))


_KEPT = "SELECT count(*) FROM chat_message WHERE app_id = $1 AND openid <> 'oWarm'"
_PAID = "SELECT count(*) FROM bill WHERE title = '学费' AND paid_fen = amount_fen"
_PAYMENTS = "SELECT count(*) FROM bill_payment p JOIN bill b ON b.id = p.bill_id WHERE b.title = '学费'"


async def _judged(told: Sequence[Told], within_s: float) -> Outcome:
    took = sorted(took_s for one in told for took_s in one.took_s)
    paying = sum(one.text.startswith("确认付款") for one in told)
    trouble = {words.say("bot.trouble", locale) for locale in words.LOCALES}
    wrong = {
        "not answered": sum(answer is None for one in told for answer in one.answers),
        "answered with an apology": sum(answer in trouble for one in told for answer in one.answers),
        "answered in two ways": sum(len({*one.answers} - {None}) > 1 for one in told),
        "kept too many or too few": await db.fetchval(_KEPT, APP_ID) - len(told),
        "bills not paid": paying - await db.fetchval(_PAID),
        "bills paid twice": await db.fetchval(_PAYMENTS) - paying,
        "later than five seconds": sum(one > DEADLINE_S for one in took[: len(took) * 999 // 1000]),
        "violations of the proof": len(await proof.check()),
    }
    return Outcome(
        messages=len(told),
        deliveries=len(took),
        within_s=within_s,
        p50_ms=_share(took, 500),
        p99_ms=_share(took, 990),
        p999_ms=_share(took, 999),
        longest_ms=took[-1] * 1_000,
        wrong={what: many for what, many in wrong.items() if many},
    )


def _share(took: Sequence[float], of_a_thousand: int) -> float:
    """So many of a thousand took no longer, in milliseconds."""
    return took[min(len(took) - 1, len(took) * of_a_thousand // 1000)] * 1_000


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bot_burst", description=__doc__)
    parser.add_argument("--messages", type=int, default=2_000)
    parser.add_argument("--within", type=float, default=10.0, metavar="SECONDS")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with place.started() as where, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        found = runner.run(burst(where, messages=given.messages, within_s=given.within, seed=given.seed))
    print(found)
    sys.exit(0 if found.is_good else 1)


if __name__ == "__main__":
    main()
