"""What money paths have in common: a customer, a channel that remembers, and the questions a path answers."""

import pathlib
import tempfile
from collections import Counter

from billing import channels
from core import db
from gateways import channel as at_channel
from tests import factories
from tests.crash.killing import WATCH

REFUSED_FEN = 7
"""A refund of so much the channel refuses."""


class RememberingChannel(factories.QuietChannel):
    """Pays refunds back, once a number; what it was sent it remembers though our processes die."""

    sent = pathlib.Path(tempfile.mkdtemp(prefix="yucun-crash-")) / "refunds"

    async def refund(self, order):
        with self.sent.open("a") as numbers:
            numbers.write(f"{order.out_refund_no} {order.amount_fen}\n")
        return self._known(order.out_refund_no)

    async def query_refund(self, *, out_trade_no, out_refund_no):
        return self._known(out_refund_no)

    def _known(self, number):
        lines = self.sent.read_text().splitlines() if self.sent.exists() else []
        amounts = {name: int(fen) for name, fen in (line.split() for line in lines)}
        state = (
            "missing"
            if number not in amounts
            else "closed"
            if amounts[number] == REFUSED_FEN
            else "paid_back"
        )
        return at_channel.ChannelRefund(number, None, state, None)


class Channel(RememberingChannel):
    """Says that whatever it prepared was paid; a call of it is a step."""

    prepare = WATCH.wrap(factories.QuietChannel.prepare)
    refund = WATCH.wrap(RememberingChannel.refund)
    query_refund = WATCH.wrap(RememberingChannel.query_refund)


OPENED = channels.Channels(
    {"wechat_pay": channels.OpenChannel(Channel(), factories.APP_ID, factories.MERCHANT_ID)}
)


class Path:
    """What is set up before, done (and killed), done again by the restarted shop, and true in the end."""

    async def before(self):
        self.customer = await factories.customer(principal=10_000, bonus=1_000, threshold_fen=9_500)
        return {"customer": self.customer.id}

    async def act(self, made):
        raise NotImplementedError

    async def again(self, made):
        await self.act(made)

    async def wrong(self, made):
        raise NotImplementedError

    async def told(self, made):
        rows = await db.fetch("SELECT kind FROM outbox_message WHERE customer_id = $1", made["customer"])
        return Counter(row[0] for row in rows)
