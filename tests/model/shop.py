"""The real shop under the model: its database, one event loop for all steps, and what can be seen of it in one query.

Examples come one after the other into the same tables, each with customers and numbers of its own; after some dozens the tables
are emptied, so that no step slows down with the history of examples that are over.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import asyncpg
import uvloop

from app import database
from billing import channels, packages, plans, terms
from core import clock
from gateways import channel as at_channel
from ledger import proof
from members import tiers
from tests import factories
from tests.model.books import Package
from tests.model.operator_books import AMOUNT_LIMIT_FEN

CUSTOMERS = 3
EXAMPLES_BETWEEN_CLEARINGS = 20
AMOUNTS = (1, 7, 50, 99, 100, 333, 1000, 4999)
TERMS = (Package(1000, 0, None), Package(5000, 777, None), Package(3333, 1000, 1), Package(100, 100, 2))
"""Packages for everybody."""
PLANS = ((99, "daily"), (333, "weekly"), (1000, "monthly"), (5000, "yearly"))

LOOK = """
SELECT jsonb_build_object(
'accounts', (SELECT jsonb_object_agg(substr(code, 10), jsonb_build_array(principal_fen, bonus_fen, held_fen, entry_no,
                                                                           credit_limit_fen, credit_used_fen))
             FROM account WHERE code = ANY ($2)),
'lots', (SELECT jsonb_object_agg(who, lots) FROM (
    SELECT substr(a.code, 10) AS who,
           jsonb_agg(jsonb_build_array(l.kind, l.original_fen, l.remaining_fen) ORDER BY l.kind, l.id) AS lots
    FROM account a JOIN lot l ON l.account_id = a.id WHERE a.code = ANY ($2) GROUP BY 1) x),
'told', (SELECT jsonb_object_agg(customer_id, kinds) FROM (
    SELECT customer_id, jsonb_object_agg(kind, n) AS kinds FROM (
        SELECT customer_id, kind, count(*) AS n FROM outbox_message WHERE customer_id = ANY ($1) GROUP BY 1, 2) y GROUP BY 1) x),
'bills', (SELECT jsonb_object_agg(source, jsonb_build_array(state, paid_fen, refunded_fen)) FROM bill WHERE customer_id = ANY ($1)),
'payments', (SELECT jsonb_object_agg(p.payment_no, jsonb_build_array(p.state, p.channel_trade_no, t.state))
             FROM payment p JOIN top_up t ON t.top_up_no = p.purpose_no WHERE p.customer_id = ANY ($1)),
'combined', (SELECT jsonb_object_agg(p.payment_no, jsonb_build_array(
                 c.state, p.state, p.channel_trade_no, c.balance_fen, c.channel_fen, b.pending_no IS NOT DISTINCT FROM c.combined_no))
             FROM combined_payment c JOIN payment p ON p.purpose = 'bill' AND p.purpose_no = c.combined_no
             JOIN bill b ON b.id = c.bill_id WHERE c.customer_id = ANY ($1)),
'orders', (SELECT jsonb_object_agg(order_no, state) FROM shop_order WHERE customer_id = ANY ($1)),
'plans', (SELECT jsonb_object_agg(p.id, jsonb_build_array(p.state, p.next_period_no, p.next_due_on, coalesce(
              (SELECT jsonb_agg(d.state ORDER BY d.period_no) FROM plan_period d WHERE d.plan_id = p.id), '[]')))
          FROM plan p WHERE p.customer_id = ANY ($1)),
'holds', (SELECT jsonb_object_agg(h.reference, jsonb_build_array(h.state, h.captured_fen))
          FROM hold h JOIN account a ON a.id = h.account_id
          WHERE a.code = ANY ($2) AND h.reference NOT LIKE 'combined:%'),
'stock', (SELECT jsonb_object_agg(id, stock) FROM sku WHERE id = ANY ($3)),
'approvals', (SELECT jsonb_object_agg(approval_no, state) FROM approval WHERE customer_id = ANY ($1)),
'quarantine', (SELECT count(*) FROM quarantine WHERE channel_trade_no LIKE $4),
'refunds', (SELECT jsonb_object_agg(refund_no, state) FROM refund WHERE customer_id = ANY ($1) AND kind = 'top_up'),
'bill_nos', (SELECT jsonb_object_agg(source, jsonb_build_array(bill_no, id)) FROM bill WHERE customer_id = ANY ($1))
)::text
"""


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
        self._opened = None

    def run(self, awaitable):
        return self.runner.run(awaitable) if asyncio.iscoroutine(awaitable) else awaitable

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
        await self._opened.enter_async_context(database.opened(self.url, pool_min=4, pool_max=10))
        self.eye = await asyncpg.connect(self.url)
        terms.use(replace(terms.current(), approval_above_fen=AMOUNT_LIMIT_FEN, refund_right_days=0))
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

    async def look(self, customers, skus, prefix):
        """What the model must agree with, and the numbers of the bills."""
        codes = [f"customer:{number}" for number in customers]
        seen = json.loads(await self.eye.fetchval(LOOK, customers, codes, skus, f"%{prefix}%"))
        bill_nos = seen.pop("bill_nos") or {}
        return {name: {} if value is None else value for name, value in seen.items()}, bill_nos

    async def paid_in_order(self, customers):
        """(customer, reference) of all bill payments, in the order of each account's entries."""
        rows = await self.eye.fetch(
            "SELECT b.source, b.customer_id FROM bill_payment p JOIN bill b ON b.id = p.bill_id"
            " JOIN transfer t ON t.reference = p.transfer_reference WHERE b.customer_id = ANY ($1) ORDER BY t.id",
            customers,
        )
        return [row["source"] for row in rows]

    async def prove(self):
        return await proof.check()
