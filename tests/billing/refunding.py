"""What tests of refunds share: bills paid this way or that, and a channel that answers as it is told."""

from billing import bills, channels, collecting, refunds, top_ups
from core import clock, ids
from core import db as database
from gateways import channel as at_channel
from ledger import accounts, posting
from notifications import outbox
from shop import orders
from tests import factories

BOSS = 1


class Channel(factories.QuietChannel):
    """Answers refunds with ``answer`` (a state, or an error to raise), questions with ``known``, and remembers what was sent."""

    def __init__(self, answer="accepted", *, known=None, name="wechat_pay"):
        super().__init__(name)
        self.answer, self.known, self.sent, self.questions = answer, known, [], 0

    def open(self):
        return channels.Channels(
            {self.name: channels.OpenChannel(self, factories.APP_ID, factories.MERCHANT_ID)}
        )

    async def refund(self, order):
        self.sent.append(order)
        if isinstance(self.answer, Exception):
            raise self.answer
        return at_channel.ChannelRefund(order.out_refund_no, "50300", self.answer, order.amount_fen)

    async def query_refund(self, *, out_trade_no, out_refund_no):
        self.questions += 1
        return at_channel.ChannelRefund(out_refund_no, "50300", self.known or "missing", None)

    def says(self, state, amount_fen, nth=-1):
        return at_channel.ChannelRefund(self.sent[nth].out_refund_no, "50300", state, amount_fen)


def opened():
    return factories.open_channels()


async def issued(customer_id, amount_fen):
    async with database.transaction():
        (bill,) = await bills.issue(
            [bills.NewBill(customer_id, "茶会", f"test:{ids.new_no('X')}", amount_fen, clock.now())]
        )
    return bill


async def paid_bill(customer_id, amount_fen):
    """Number of a bill paid from the balance."""
    bill = await issued(customer_id, amount_fen)
    await collecting.pay(customer_id, bill.bill_no, key=factories.key())
    return bill.bill_no


async def paid_by_channel(customer_id, amount_fen, *, balance_fen=0, bill_no=None, channel="wechat_pay"):
    """Number of a bill paid from the balance as far as said, and for the rest through a channel."""
    bill_no = bill_no or (await issued(customer_id, amount_fen)).bill_no
    async with database.transaction():
        bill = await bills.lock(bill_no)
        rest_fen, now, payment_no = amount_fen - balance_fen, clock.now(), ids.new_no("P")
        shares = [("balance", balance_fen, None)] if balance_fen else []
        for tender, share_fen, number in [*shares, (channel, rest_fen, payment_no)]:
            source = accounts.clearing(channel)
            leg = (
                posting.between_houses(source, accounts.REVENUE, share_fen)
                if number
                else posting.debit(accounts.of_customer(customer_id), accounts.REVENUE, share_fen)
            )
            reference = f"bill:{bill_no}:{tender}"
            await posting.post_one(
                posting.Transfer(reference, "bill_payment", [leg], operator="t", memo=bill.title)
            )
            await outbox.tell([outbox.Message(customer_id, "deducted", reference, {})])
            await database.execute(
                "INSERT INTO bill_payment (bill_id, tender, amount_fen, refunded_fen, transfer_reference, payment_no, created_at)"
                " VALUES ($1, $2, $3, 0, $4, $5, $6)", bill.id, tender, share_fen, reference, number, now,
            )  # fmt: skip
        await database.execute(
            "INSERT INTO payment (payment_no, customer_id, purpose, purpose_no, channel, method, amount_fen, currency, app_id,"
            " merchant_id, state, channel_trade_no, created_at, expires_at, asks, paid_at) VALUES"
            " ($1, $2, 'bill', $3, $4, 'native', $5, 'CNY', 'a', 'm', 'paid', $7, $6, $6, 0, $6)",
            payment_no, customer_id, bill_no, channel, rest_fen, now, f"trade-{payment_no}",
        )  # fmt: skip
        await database.execute(
            "UPDATE bill SET state = 'paid', paid_fen = amount_fen, paid_at = $2 WHERE bill_no = $1",
            bill_no,
            now,
        )
    return bill_no


async def refund_bill(bill_no, amount_fen, *, channel=None, key=None):
    return await refunds.of_bill(
        channel.open() if channel else opened(), BOSS, bill_no, amount_fen=amount_fen, reason="退一部分",
        key=key or factories.key(),
    )  # fmt: skip


async def parts(bill_no):
    """(tender, paid, refunded, reserved) of a bill's payments, the oldest first."""
    rows = await database.fetch(
        "SELECT tender, p.amount_fen, p.refunded_fen, p.refunding_fen FROM bill_payment p JOIN bill b ON b.id = p.bill_id"
        " WHERE bill_no = $1 ORDER BY p.id", bill_no,
    )  # fmt: skip
    return [tuple(row) for row in rows]


async def told(customer_id, kind):
    return await database.fetchval(
        "SELECT count(*) FROM outbox_message WHERE customer_id = $1 AND kind = $2", customer_id, kind
    )


async def some_refunds(customer_id, order_no):
    """Part of a paid order; of the customer's top-up one part on its way, and one that the channel refused."""
    order = await orders.get(customer_id, order_no)
    await refund_bill(order.bill_no, 200)
    (top_up,) = [one for one in await top_ups.page(customer_id) if one.state == "credited"]
    for amount_fen in (300, 100):
        asked = await ask_for(customer_id, top_up.top_up_no, amount_fen)
    no = at_channel.ChannelRefund(asked.parts[0].part_no, None, "closed", None)
    assert await refunds.settle("wechat_pay", no) == "refused"


async def ask_for(customer_id, top_up_no, amount_fen=None, *, channel=None, key=None):
    return await refunds.ask_for(
        channel.open() if channel else opened(), customer_id, top_up_no, amount_fen=amount_fen, reason="用不完了",
        key=key or factories.key(),
    )  # fmt: skip
