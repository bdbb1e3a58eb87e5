"""What tests of remittances share: a channel that sends money as it is told, customers known to the mini-program, and what may be
sent to them."""

from __future__ import annotations

import secrets

from billing import approvals, channels, closings, refunds, remittances, top_ups
from core import db as database
from gateways import channel as at_channel
from gateways.wechat.mini_program import Session
from members import sign_in
from tests import factories

BOSS, DECIDES = 1, 2


class Payouts(factories.QuietChannel):
    """Answers with ``says`` (a state, or an error to raise); knows a number once it was sent, unless ``forgets``."""

    can_transfer = True

    def __init__(self, says="waiting"):
        super().__init__("wechat_pay")
        self.says, self.sent, self.cancelled, self.forgets = says, {}, [], False
        self.calls = 0

    def open(self):
        return channels.Channels(
            {self.name: channels.OpenChannel(self, factories.APP_ID, factories.MERCHANT_ID)}
        )

    async def transfer(self, order):
        self.calls += 1
        if isinstance(self.says, Exception):
            raise self.says
        assert self.sent.setdefault(order.out_bill_no, order) == order
        return self.word(order.out_bill_no, package=self.says == "waiting")

    async def query_transfer(self, out_bill_no):
        if out_bill_no not in self.sent or self.forgets:
            return at_channel.ChannelTransfer(out_bill_no, None, "missing", None)
        return self.word(out_bill_no)

    async def cancel_transfer(self, out_bill_no):
        self.cancelled.append(out_bill_no)
        return self.word(out_bill_no, "cancelling")

    def word(self, number, state=None, *, package=False):
        return at_channel.ChannelTransfer(
            number,
            f"13{number}",
            state or self.says,
            self.sent[number].amount_fen,
            "ABBQ" if package else None,
        )


class Login:
    """wx.login of one person."""

    def __init__(self, openid):
        self.openid = openid

    async def code_to_session(self, code):
        return Session(self.openid, None, "")


async def known_customer(principal, openid="oM-1", **more):
    """A customer who has signed in to the mini-program and has this much."""
    who = await sign_in.by_mini_program(Login(openid), factories.APP_ID, "code")
    await factories.set_up(who.customer.id, is_named=True)
    await factories.topped_up(who.customer.id, principal, **more)
    return who.customer


async def at_counter(channel, customer, amount_fen=None):
    """Number of a refund that the counter has to pay."""
    (top_up,) = await top_ups.page(customer.id)
    made = await refunds.of_top_up(
        channel.open(), BOSS, top_up.top_up_no, amount_fen=amount_fen, at_counter=True, reason="r", key=secrets.token_hex(16)
    )  # fmt: skip
    if made.approval_no is not None:
        return (await approvals.approve(DECIDES, made.approval_no, key=secrets.token_hex(16))).result
    return made.refund.refund_no


async def closing_of(customer):
    asked = await closings.request(BOSS, customer.id, reason="搬家", key=secrets.token_hex(16))
    return (await approvals.approve(DECIDES, asked, key=secrets.token_hex(16))).result


async def of_refund(channel, refund_no, **more):
    how = {"payee_name": None, "key": factories.key(), **more}
    return await remittances.of_refund(channel.open(), BOSS, refund_no, **how)


async def of_closing(channel, closing_no, **more):
    how = {"payee_name": None, "amount_fen": None, "key": factories.key(), **more}
    return await remittances.of_closing(channel.open(), BOSS, closing_no, **how)


async def moved(code):
    """What went to a house account."""
    return int(
        await database.fetchval(
            "SELECT coalesce(sum(p.amount_fen), 0) FROM posting p JOIN account a ON a.id = p.target_id WHERE a.code = $1",
            code,
        )
    )
