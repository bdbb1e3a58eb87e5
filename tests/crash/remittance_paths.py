"""Money sent to customers that dies halfway: the button is pressed again (same key), and the clock asks how it stands."""

from datetime import timedelta

from billing import channels, closings, refunds, remittances
from core import clock, db
from gateways import channel as at_channel
from tests import factories
from tests.billing.remitting import at_counter, closing_of, known_customer
from tests.crash.killing import WATCH
from tests.crash.path import Path, RememberingChannel


class RememberingPayouts(RememberingChannel):
    """Sends money once a number; who is asked for a second time has confirmed it, unless it was stopped before."""

    can_transfer = True

    async def transfer(self, order):
        self._note("transfers", order.out_bill_no, order.amount_fen)
        return self._word(order.out_bill_no, "waiting", "ABBQ")

    async def query_transfer(self, out_bill_no):
        if out_bill_no not in self._noted("transfers"):
            return self._word(out_bill_no, "missing")
        return self._word(out_bill_no, "cancelled" if out_bill_no in self._noted("stopped") else "paid")

    async def cancel_transfer(self, out_bill_no):
        self._note("stopped", out_bill_no, 0)
        return self._word(out_bill_no, "cancelling")

    def _word(self, number, state, package=None):
        return at_channel.ChannelTransfer(number, f"13{number}", state, None, package)


class Stopping(RememberingPayouts):
    """The same, whose customers take their time: what is not stopped waits."""

    async def query_transfer(self, out_bill_no):
        found = await super().query_transfer(out_bill_no)
        return self._word(out_bill_no, "waiting") if found.state == "paid" else found


def opened(base):
    watched = {
        name: WATCH.wrap(getattr(base, name)) for name in ("transfer", "query_transfer", "cancel_transfer")
    }
    channel = type(f"Watched{base.__name__}", (base,), watched)()
    return channels.Channels(
        {"wechat_pay": channels.OpenChannel(channel, factories.APP_ID, factories.MERCHANT_ID)}
    )


CONFIRMED, STOPPED = opened(RememberingPayouts), opened(Stopping)


class RemitClosing(Path):
    """The principal of a closing is sent to its customer, who confirms; the process dies."""

    async def before(self):
        customer = await known_customer(10_000, f"oM-{clock.now().timestamp()}")
        return {"customer": customer.id, "closing": await closing_of(customer)}

    async def act(self, made):
        await remittances.of_closing(
            CONFIRMED, 1, made["closing"], amount_fen=None, payee_name="林晓", key=made["closing"]
        )
        await self.clock()

    async def clock(self):
        clock.set_offset(clock.offset() + timedelta(minutes=10))
        await remittances.poll(CONFIRMED)

    async def wrong(self, made):
        closing, heard = await closings.get(made["closing"]), await self.told(made)
        sent = await db.fetchval(
            "SELECT count(*) FROM remittance WHERE customer_id = $1 AND state = 'paid'", made["customer"]
        )
        return (
            closing.state, closing.paid_out_fen, sent, heard["paid_out"], await factories.balance(made["customer"]),
        ) != ("closed", 10_000, 1, 1, (0, 0))  # fmt: skip


class RemitRefund(Path):
    """What the counter would pay of a refund is sent, and stopped before the customer confirms; the process dies."""

    async def before(self):
        customer = await known_customer(10_000, f"oM-{clock.now().timestamp()}")
        return {"customer": customer.id, "refund": await at_counter(STOPPED_QUIET, customer, 3_000)}

    async def act(self, made):
        sent = await remittances.of_refund(STOPPED, 1, made["refund"], payee_name=None, key=made["refund"])
        await remittances.cancel(STOPPED, 1, sent.remittance_no, key=made["refund"])
        clock.set_offset(clock.offset() + timedelta(minutes=10))
        await remittances.poll(STOPPED)

    async def wrong(self, made):
        refund, heard = await refunds.get(made["refund"]), await self.told(made)
        states = [one.state for one in await remittances.page(customer_id=made["customer"])]
        return (
            refund.state, refund.parts[0].state, states, heard["remittance_failed"], await factories.balance(made["customer"]),
        ) != ("open", "waiting", ["failed"], 1, (7_000, 0))  # fmt: skip


class _Quiet:
    """Only what ``at_counter`` asks of a channel."""

    def open(self):
        return STOPPED


STOPPED_QUIET = _Quiet()

PATHS = {"remit_closing": RemitClosing, "remit_refund": RemitRefund}
