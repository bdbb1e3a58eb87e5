"""Top-ups whose end is told in other ways than by a notification that gets through, and that die halfway."""

from datetime import timedelta

from billing import inbox, payments, quarantine, top_up_attempts, top_ups
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


class PayAnotherWay(CancelTopUp):
    """A customer pays the same top-up another way: the attempt before is closed at its channel and another begun; the process dies; they
    press the button again, and what they chose is paid."""

    attempts = ("paid", "closed")

    async def act(self, made):
        return await top_up_attempts.pay(
            OPENED, made["customer"], made["top_up"], channel="wechat_pay", method="jsapi", payer="openid", key="the-other-key",
        )  # fmt: skip

    async def again(self, made):
        top_up = await self.act(made)
        if top_up.state == "pending":
            await payments.confirm(factories.trade(top_up))

    async def wrong(self, made):
        balance = await accounts.balance(made["customer"])
        top_up = await top_ups.get(made["customer"], made["top_up"])
        tried = await top_ups.attempts_of(made["customer"], made["top_up"])
        found = (balance.principal_fen, top_up.state, [one.state for one in tried])
        wanted = (12_000, "credited", list(self.attempts))
        return None if found == wanted else [found, wanted]


class PaidBefore(PayAnotherWay):
    """The same, and the attempt before had been paid: it is credited, and the other closed when the clock asks about it."""

    attempts = ("closed", "paid")

    async def before(self):
        made = await super().before()
        CHANNEL.pays((await top_ups.get(made["customer"], made["top_up"])).payment)
        return made

    async def again(self, made):
        await self.act(made)
        await top_ups.check(OPENED, made["customer"], made["top_up"])


class PaidTwice(PayAnotherWay):
    """Both attempts are paid, and the channel tells of the second: it is set aside; the process dies; the channel says so again."""

    attempts = ("quarantined", "paid")

    async def before(self):
        made = await super().before()
        first = (await top_ups.get(made["customer"], made["top_up"])).payment
        second = (await PayAnotherWay.act(self, made)).payment
        assert await payments.confirm(factories.trade_of(first)) == "credited"
        return {**made, "second": second.payment_no}

    async def act(self, made):
        await payments.confirm(factories.trade_of(await payments.get(made["second"])))

    async def again(self, made):
        await self.act(made)

    async def wrong(self, made):
        aside = [one.reason for one in await quarantine.page(customer_id=made["customer"])]
        told = (await self.told(made))["paid_twice"]
        return await super().wrong(made) or (
            None if (aside, told) == (["second_payment"], 1) else [aside, told]
        )


PATHS = {
    "pay_another_way": PayAnotherWay,
    "paid_before_another_way": PaidBefore,
    "paid_twice": PaidTwice,
    "cancel_top_up": CancelTopUp,
    "cancel_paid_top_up": CancelPaidTopUp,
    "check_top_up": CheckTopUp,
    "poll_top_up": PollTopUp,
    "notice": Notice,
}
