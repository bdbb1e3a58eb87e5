"""Top-ups whose end is told in other ways than by a notification that gets through, and that die halfway."""

from datetime import timedelta

from billing import inbox, payments, top_ups
from core import clock, db
from gateways import channel as at_channel
from ledger import accounts
from tests import factories
from tests.crash.path import CHANNEL, OPENED, Path


class CancelTopUp(Path):
    """A customer gives an unpaid top-up up: closed at the channel, then here; the process dies; they press the button again."""

    standing = (10_000, "closed", "closed")

    async def before(self):
        made = await super().before()
        started = await top_ups.start(
            OPENED, made["customer"], package_id=None, amount_fen=2_000, channel="wechat_pay", method="native",
            payer=None, key="the-one-key",
        )  # fmt: skip
        return {**made, "top_up": started.top_up_no}

    async def act(self, made):
        await top_ups.cancel(OPENED, made["customer"], made["top_up"])

    async def wrong(self, made):
        balance = await accounts.balance(made["customer"])
        top_up = await top_ups.get(made["customer"], made["top_up"])
        found = (balance.principal_fen, top_up.state, top_up.payment.state)
        return None if found == self.standing else [found, self.standing]


class CancelPaidTopUp(CancelTopUp):
    """The same, and somebody had paid: it is credited instead."""

    standing = (12_000, "credited", "paid")

    async def before(self):
        made = await super().before()
        CHANNEL.pays((await top_ups.get(made["customer"], made["top_up"])).payment)
        return made


class CheckTopUp(CancelPaidTopUp):
    """The customer, an operator and the clock ask how a payment stands, one after the other."""

    async def act(self, made):
        await top_ups.check(OPENED, made["customer"], made["top_up"])
        await payments.ask(OPENED, (await top_ups.get(made["customer"], made["top_up"])).payment.payment_no)


class PollTopUp(CancelPaidTopUp):
    """No notification comes: the clock asks, dies, and another asks when the lease is over."""

    async def before(self):
        made = await super().before()
        number = (await top_ups.get(made["customer"], made["top_up"])).payment.payment_no
        await db.execute(
            "UPDATE payment SET ask_at = NULL WHERE ask_at IS NOT NULL AND payment_no <> $1", number
        )
        return made

    async def act(self, made):
        clock.set_offset(timedelta(minutes=2))
        await payments.poll(OPENED)

    async def again(self, made):
        clock.set_offset(timedelta(minutes=5))
        await payments.poll(OPENED)


class Notice(CancelPaidTopUp):
    """A notification is written down and acted on; the process dies; the clock hands it in again, and the channel too."""

    async def act(self, made):
        top_up = await top_ups.get(made["customer"], made["top_up"])
        notice = at_channel.PaymentNotice(
            made["top_up"], "TRANSACTION.SUCCESS", factories.trade(top_up), None, top_up.payment.payment_no
        )
        await inbox.receive("wechat_pay", notice, headers={}, body=b"{}")

    async def again(self, made):
        clock.set_offset(timedelta(minutes=1))
        await inbox.replay_unhandled()
        await self.act(made)


PATHS = {
    "cancel_top_up": CancelTopUp,
    "cancel_paid_top_up": CancelPaidTopUp,
    "check_top_up": CheckTopUp,
    "poll_top_up": PollTopUp,
    "notice": Notice,
}
