"""Whatever order the events around a combined payment come in, every fen of the channel is a bill payment or a credit, once."""

import contextlib
import random
from datetime import timedelta

from billing import channels, combined, payments
from core import clock, errors
from core import db as database
from gateways import channel as at_channel
from ledger import accounts
from shop import orders
from tests import factories

SEEDS = 24


class Bank:
    """A channel that keeps its rules: what is closed is not paid, what is paid is not closed.

    A ``forgetful`` one is like Alipay's: a trade that nobody has opened yet counts as closed and may still be paid.
    """

    methods = frozenset({"native"})
    name = "wechat_pay"

    def __init__(self, *, forgetful, answers):
        self.forgetful, self.answers = forgetful, answers
        self.amounts, self.states = {}, {}

    async def prepare(self, method, order):
        self.amounts[order.out_trade_no] = order.amount_fen
        if not self.forgetful:
            self.states.setdefault(order.out_trade_no, "waiting")
        if not self.answers:
            raise at_channel.ResultUnknown("time-out")
        return at_channel.Prepared(client={"code_url": "weixin://"}, prepay_ref=None)

    def pay(self):
        """The customer pays the oldest trade that can be."""
        for number in self.amounts:
            if self.states.get(number, "missing") in ("waiting", "missing"):
                self.states[number] = "paid"
                return

    @property
    def paid(self):
        return [number for number, state in self.states.items() if state == "paid"]

    async def query(self, out_trade_no):
        return self.word(out_trade_no)

    async def close(self, out_trade_no):
        if self.states.get(out_trade_no) == "paid":
            raise at_channel.AlreadyPaid(out_trade_no)
        if self.states.get(out_trade_no) == "waiting":
            self.states[out_trade_no] = "closed"

    def word(self, out_trade_no):
        state = self.states.get(out_trade_no, "missing")
        known, is_paid = state != "missing", state == "paid"
        return at_channel.ChannelTrade(
            channel="wechat_pay",
            out_trade_no=out_trade_no,
            channel_trade_no=f"42{out_trade_no}" if is_paid else None,
            state=state,
            amount_fen=self.amounts[out_trade_no] if known else None,
            currency="CNY" if known else None,
            app_id=factories.APP_ID if known else None,
            merchant_id=factories.MERCHANT_ID if known else None,
            payer=None,
            paid_at=clock.now() if is_paid else None,
        )


class Story:
    """One order being paid, and everything that can happen to it."""

    def __init__(self, dice):
        self.dice = dice
        self.bank = Bank(forgetful=dice.random() < 0.4, answers=dice.random() < 0.7)
        opened = channels.OpenChannel(self.bank, factories.APP_ID, factories.MERCHANT_ID)
        self.channels = channels.Channels({"wechat_pay": opened})

    async def begin(self):
        self.customer_id = (await factories.customer(principal=self.dice.choice((300, 700, 2_000)))).id
        self.order = await factories.order(self.customer_id, 1_000)
        with contextlib.suppress(payments.ChannelUnavailable):
            await self.start()
        (self.first,) = await combined.page(self.customer_id)

    async def start(self):
        """The customer wants to pay with the channel; where that is under way already it is refused."""
        share_fen = self.dice.choice((0, 100, 300))
        await factories.combined_payment(self.order, share_fen, channels=self.channels)

    async def prepared(self):
        """The answer to a prepay comes, perhaps long after its question."""
        self.bank.answers = True
        await combined.prepared(self.channels, self.customer_id, self.first.combined_no)

    async def pays(self):
        self.bank.pay()

    async def notice(self):
        for number in self.bank.paid:
            await payments.confirm(self.bank.word(number))

    async def polled(self):
        clock.set_offset(clock.offset() + timedelta(minutes=1))
        await payments.poll(self.channels)

    async def expires(self):
        clock.set_offset(clock.offset() + timedelta(minutes=16))
        await payments.poll(self.channels)

    async def cancelled(self):
        await combined.cancel(self.channels, self.customer_id, self.first.combined_no)

    async def order_cancelled(self):
        if (await orders.get(self.customer_id, self.order.order_no)).state == "placed":
            await orders.cancel(self.customer_id, self.order.order_no)

    async def order_expires(self):
        clock.set_offset(clock.offset() + orders.UNPAID_LIFETIME)
        await orders.expire_unpaid()

    async def paid_otherwise(self):
        await orders.pay(self.customer_id, self.order.order_no, key=factories.key())

    async def spends(self):
        other = await factories.order(self.customer_id, 250)
        await orders.pay(self.customer_id, other.order_no, key=factories.key())


EVENTS = (
    Story.prepared, Story.pays, Story.notice, Story.notice, Story.polled, Story.expires, Story.cancelled,
    Story.order_cancelled, Story.order_expires, Story.paid_otherwise, Story.spends, Story.start,
)  # fmt: skip

_TOOK = """
SELECT (SELECT coalesce(sum(bp.amount_fen), 0) FROM bill_payment bp JOIN bill b ON b.id = bp.bill_id
        WHERE b.customer_id = $1 AND bp.payment_no IS NOT NULL)
     + (SELECT coalesce(sum(p.amount_fen), 0) FROM transfer t JOIN posting p ON p.transfer_id = t.id
        JOIN account a ON a.id = p.target_id WHERE t.kind = 'payment_credit' AND a.code = 'customer:' || $1::bigint)
"""


async def test_every_fen_of_the_channel_is_a_bill_payment_or_a_credit_once(db):
    ends = set()
    for seed in range(SEEDS):
        clock.set_offset(timedelta())
        ends |= await told_out(Story(random.Random(seed)), seed)
    assert ends == {"paid", "closed", "credited"}, "the stories no longer end in every way"


async def told_out(story, seed):
    """Tells a story to its end and looks at what became of the money. Returns how its payments ended."""
    await story.begin()
    for event in story.dice.sample(EVENTS, len(EVENTS)):
        with contextlib.suppress(
            errors.DomainError
        ):  # what is not possible now is refused, and has moved nothing
            await event(story)
    for _ in range(3):
        await story.expires()
    await story.notice()
    paid_fen = sum(story.bank.amounts[number] for number in story.bank.paid)
    assert await database.fetchval(_TOOK, story.customer_id) == paid_fen, seed
    assert (await accounts.balance(story.customer_id)).held_fen == 0, seed
    for hold in await database.fetch("SELECT state, ended_at FROM hold"):
        assert hold["state"] in ("captured", "released") and hold["ended_at"], seed
    return {one.state for one in await combined.page(story.customer_id)}
