"""A shop whose customer pays one top-up by several attempts, for tests."""

from datetime import timedelta

from billing import (
    channels,
    packages,
    payments,
    quarantine,
    top_up_attempts,
    top_ups,
)
from core import clock
from gateways import channel as at_channel
from tests import factories


class ListeningChannel(factories.QuietChannel):
    """Remembers what was opened, paid and closed there; answers nothing while it is ``down``. At ``born_late`` ones a trade is there
    only once somebody has opened it."""

    def __init__(self, name, *, born_late=False):
        super().__init__(name)
        self.opened, self.states, self.down, self.born_late = [], {}, False, born_late
        self.unanswered = 0

    async def prepare(self, method, order):
        self._answers()
        self.opened.append(order.out_trade_no)
        if not self.born_late:
            self.states.setdefault(order.out_trade_no, "waiting")
        return at_channel.Prepared({"n": f"{order.out_trade_no}:{len(self.opened)}"}, None)

    async def query(self, out_trade_no):
        self._answers()
        state = self.states.get(out_trade_no, "missing")
        payment = await payments.get(out_trade_no)
        return factories.trade_of(
            payment, state=state, channel_trade_no=f"42{out_trade_no}" if state == "paid" else None
        )

    async def close(self, out_trade_no):
        self._answers()
        if self.states.get(out_trade_no) == "paid":
            raise at_channel.AlreadyPaid(out_trade_no)
        if out_trade_no in self.states:
            self.states[out_trade_no] = "closed"

    def _answers(self):
        if self.down:
            self.unanswered += 1
            raise at_channel.ResultUnknown("time-out")


class Shop:
    """A customer with a top-up of 100 yuan and 20 given, paid by WeChat's code so far."""

    @classmethod
    async def opened(cls, **rules):
        self = cls()
        self.wechat, self.alipay = ListeningChannel("wechat_pay"), ListeningChannel("alipay", born_late=True)
        self.channels = channels.Channels(
            {
                one.name: channels.OpenChannel(one, factories.APP_ID, factories.MERCHANT_ID)
                for one in (self.wechat, self.alipay)
            }
        )
        self.customer = await factories.customer()
        self.package = await packages.add(
            name="充100送20", pay_fen=10_000, bonus_fen=2_000, rules=packages.Rules(**rules)
        )
        self.top_up = await self.start()
        self.no = self.top_up.top_up_no
        return self

    async def start(self, customer=None):
        return await top_ups.start(
            self.channels, (customer or self.customer).id, package_id=self.package.id, amount_fen=None, channel="wechat_pay",
            method="native", key=factories.key(),
        )  # fmt: skip

    async def pay(self, channel="alipay", method="precreate", key=None, **how):
        return await top_up_attempts.pay(
            self.channels, self.customer.id, self.no, channel=channel, method=method, key=key or factories.key(), **how
        )  # fmt: skip

    async def tried(self):
        """(channel, state, whether it was left) of the attempts, the oldest first."""
        found = await top_ups.attempts_of(self.customer.id, self.no)
        return [(one.channel, one.state, one.left_at is not None) for one in found[::-1]]

    async def now(self):
        return await top_ups.get(self.customer.id, self.no)

    async def balance(self):
        return await factories.balance(self.customer.id)

    async def poll(self, minutes):
        clock.set_offset(timedelta(minutes=minutes))
        return await payments.poll(self.channels)


async def aside():
    return [(one.reason, one.payment_no, one.booked_fen) for one in await quarantine.page()]
