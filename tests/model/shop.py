"""The real shop under the model: its database, and one event loop for all steps.

Examples come one after the other into the same tables, each with customers and numbers of its own; after some dozens the tables
are emptied, so that no step slows down with the history of examples that are over.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import itertools
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import asyncpg
import uvloop

from app import database
from billing import channels, deduction_rules, packages, plans, terms
from core import clock
from gateways import channel as at_channel
from ledger import proof
from members import tiers
from tests import factories
from tests.model.books.operators import AMOUNT_LIMIT_FEN
from tests.model.books.top_ups import Package
from tests.model.look import Eye

CUSTOMERS = 3
EXAMPLES_BETWEEN_CLEARINGS = 20
STATEMENTS = 1_000
"""So many are kept prepared: all that the steps and the proof use."""
AMOUNTS = (1, 7, 50, 99, 100, 333, 1000, 4999)
TERMS = (Package(1000, 0, None), Package(5000, 777, None), Package(3333, 1000, 1), Package(100, 100, 2))
"""Packages for everybody."""
PLANS = ((99, "daily"), (333, "weekly"), (1000, "monthly"), (5000, "yearly"))


class ScriptedChannel(factories.QuietChannel):
    """Answers what the step wants it to answer."""

    says, trade_no, paid_meanwhile, amount_fen = "yes", None, False, 0

    async def prepare(self, method, order):
        if self.says == "no":
            raise at_channel.ChannelRefused("PARAM_ERROR", "no")
        if self.says == "no answer":
            raise at_channel.ResultUnknown("no answer")
        return await super().prepare(method, order)

    async def query(self, number):
        paid = self.says == "paid"
        return at_channel.ChannelTrade(
            channel=self.name, out_trade_no=number, channel_trade_no=self.trade_no if paid else None, state=self.says,
            amount_fen=self.amount_fen, currency="CNY", app_id=factories.APP_ID, merchant_id=factories.MERCHANT_ID,
            payer=None, paid_at=clock.now() if paid else None,
        )  # fmt: skip

    async def close(self, number):
        if self.paid_meanwhile:
            self.says = "paid"
            raise at_channel.AlreadyPaid("paid")
        self.says = "closed"


def opened(**scripted):
    """Both channels open, answering as scripted."""
    found = {}
    for name in ("wechat_pay", "alipay"):
        channel = ScriptedChannel(name)
        vars(channel).update(scripted)
        found[name] = channels.OpenChannel(channel, factories.APP_ID, factories.MERCHANT_ID)
    return channels.Channels(found)


class Shop:
    """An open database with what every example needs on offer."""

    def __init__(self, url, *, clear):
        self.url, self._clear = url, clear
        self.runner = asyncio.Runner(loop_factory=uvloop.new_event_loop)
        self.steps = self.examples = 0
        self.met = Counter()
        self.numbers = itertools.count(1)
        self.stopped = False
        """Somebody wants the run to end: nothing more is done."""
        self.found = None
        """What went wrong first in a seed. Examples are done again to make them small, and what is done at once may come out otherwise."""
        self._opened, self._context = None, contextvars.copy_context()

    def run(self, awaitable):
        # not Runner.run, which installs a signal handler each time
        loop = self.runner.get_loop()
        return loop.run_until_complete(loop.create_task(awaitable, context=self._context))

    def __enter__(self):
        self._open()
        return self

    def __exit__(self, *raised):
        self._close()
        self.runner.close()

    def _open(self):
        self._clear(self.url)
        self.run(self._opening())

    async def _opening(self):
        self._opened = contextlib.AsyncExitStack()
        url = f"{self.url}?statement_cache_size={STATEMENTS}"
        await self._opened.enter_async_context(database.opened(url, pool_min=4, pool_max=10))
        deduction_rules.forget()
        self.eye = Eye(
            await asyncpg.connect(self.url, server_settings={"plan_cache_mode": "force_generic_plan"})
        )
        terms.use(
            replace(
                terms.current(),
                approval_above_fen=AMOUNT_LIMIT_FEN,
                approval_window_hours=0,
            )
        )
        await tiers.put("gold", name_zh="金卡", name_en="Gold", rank=1)
        self.packages = [
            (await packages.add(name="套餐", pay_fen=one.pay, bonus_fen=one.bonus, bonus_days=one.days)).id
            for one in TERMS
        ]
        self.offers = [
            (await plans.add_offer(name="月课", amount_fen=fen, cycle=cycle, consent_version="1", consent_text="同意")).id
            for fen, cycle in PLANS
        ]  # fmt: skip

    def _close(self):
        async def closing():
            await self.eye.close()
            await self._opened.aclose()

        self.run(closing())

    def fresh(self):
        """Before an example: now and then the tables are emptied."""
        self.examples += 1
        if self.examples % EXAMPLES_BETWEEN_CLEARINGS == 0:
            self.renew()

    def renew(self):
        self._close()
        self._open()

    async def limited_packages(self, now, minute):
        """Packages of this example's own, with rules: (id, what the model knows of it)."""
        found = []
        for one in (
            Package(2000, 500, None, first_time_only=True),
            Package(700, 70, 2, per_customer=2, stock=3),
            Package(1500, 300, None, tier="gold", per_customer=1, until=minute + 1440),
        ):
            ends = None if one.until is None else now + timedelta(minutes=one.until - minute)
            rules = packages.Rules(
                tiers=one.tier and [one.tier], until_at=ends, first_time_only=one.first_time_only,
                per_customer=one.per_customer, stock=one.stock,
            )  # fmt: skip
            made = await packages.add(
                name="限购", pay_fen=one.pay, bonus_fen=one.bonus, bonus_days=one.days, rules=rules
            )
            found.append((made.id, one))
        return found

    async def prove(self):
        return await proof.check()
