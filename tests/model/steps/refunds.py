"""Steps of refunds; see ``steps``."""

from billing import channels, counter, refunds
from gateways import channel as at_channel
from tests import factories
from tests.model.books.operators import APPROVAL_ABOVE_FEN
from tests.model.shop import AMOUNTS
from tests.model.steps.step import a_key, pick, step

WORDS = ("paid_back", "closed", "accepted", "paid_back", "no answer", "paid_back", "closed", "no")


class Channel(factories.QuietChannel):
    """Says of a refund what the step wants it to say."""

    def __init__(self, says):
        super().__init__()
        self.says = says

    async def refund(self, order):
        if self.says == "no":
            raise at_channel.ChannelRefused("NOT_ENOUGH", "no")
        if self.says == "no answer":
            raise at_channel.ResultUnknown("no answer")
        return at_channel.ChannelRefund(order.out_refund_no, None, self.says, order.amount_fen)

    async def query_refund(self, *, out_trade_no, out_refund_no):
        return at_channel.ChannelRefund(out_refund_no, None, "missing", None)


def refund_bill(machine, customer, a, b, c):
    known = machine.model.bills
    paid = [source for source, one in known.items() if one.customer == customer and one.to_give_back]
    source = pick(known if b == 7 or not paid else paid, a)
    left = known[source].to_give_back if source in known else 1
    amount = (AMOUNTS[b], max(1, left), left + 1, max(1, left // 2))[c % 4]
    amount = min(amount, APPROVAL_ABOVE_FEN)
    bill_no, key = machine.known.get(source, ("B-none",))[0], a_key(machine, c)

    async def call():
        await refunds.of_bill(factories.open_channels(), 1, bill_no, amount_fen=amount, reason="退", key=key)

    return step(call, lambda model, seen: model.refund_bill(source, amount, key))


def ask_refund(machine, customer, a, b, c):
    known = machine.model.payments
    own = [
        number for number, one in known.items() if one.customer == customer and one.top_up_state == "credited"
    ]
    number = pick(known if b == 7 or not own else own, a)
    amount = (None, AMOUNTS[a], 1, None, AMOUNTS[b], 500_001, 100, None)[c]
    key = a_key(machine, c)

    async def call():
        asked = await refunds.ask_for(
            factories.open_channels(), customer, await _top_up_no(known, number), amount_fen=amount, reason="", key=key
        )  # fmt: skip
        return asked.refund_no

    return step(call, lambda model, seen: model.ask_refund(customer, number, amount, key, seen))


async def _top_up_no(known, number):
    if number not in known:
        return "T-none"
    return (
        (await counter.get(number)).purpose_no if known[number].channel == "counter" else known[number].top_up
    )


def decide_refund(machine, customer, a, b, c):
    known = machine.model.refunds
    waiting = [number for number, one in known.items() if one.state == "requested"]
    number = pick(waiting if waiting and b < 6 else known, a) or "R-none"
    key, says = f"decide-{machine.prefix}-{machine.number()}", WORDS[c]
    if b in (4, 5):

        async def reject():
            await refunds.reject(1, number, key=key)

        return step(reject, lambda model, seen: model.reject_refund(number, key))

    async def approve():
        opened = channels.OpenChannel(Channel(says), factories.APP_ID, factories.MERCHANT_ID)
        await refunds.approve(channels.Channels({"wechat_pay": opened, "alipay": opened}), 1, number, key=key)

    def decided(model, seen):
        model.approve_refund(number, key)
        model.word_on_refund(number, {"no": "closed", "no answer": "accepted"}.get(says, says))

    return step(approve, decided)


def word_on_refund(machine, customer, a, b, c):
    known = machine.model.refunds
    sent = [number for number, one in known.items() if one.state == "open"]
    number = pick(sent or known, a)
    said = {"no": "closed", "no answer": "accepted"}.get(WORDS[b], WORDS[b])
    if number is None:
        return ask_refund(machine, customer, a, b, c)
    if known[number].state in ("requested", "failed", "rejected"):
        said = "closed"  # nobody has sent it, or its number is used up: only a no can be said of it
    channel = machine.model.payments[known[number].payment].channel
    channel = "wechat_pay" if channel == "counter" else channel

    async def call():
        found = at_channel.ChannelRefund(f"{number}_1", None, said, None)
        await refunds.settle(channel, found)

    return step(call, lambda model, seen: model.word_on_refund(number, said))


def pay_out_refund(machine, customer, a, b, c):
    """At the counter; what it is not meant to pay it does not."""
    known = machine.model.refunds
    sent = [number for number, one in known.items() if one.state == "open"]
    number = pick(sent if sent and b < 6 else known, a) or "R-none"
    key = f"pay-out-{machine.prefix}-{machine.number()}"

    async def call():
        await refunds.paid_out(1, number, key=key)

    return step(call, lambda model, seen: model.pay_out_refund(number, key))


def _credited(model, customer):
    return any(one.top_up_state == "credited" for one in model.payments.values())


NEEDS = {
    "refund_bill": (lambda model, customer: any(one.paid for one in model.bills.values()), "pay"),
    "ask_refund": (_credited, "paid"),
    "decide_refund": (lambda model, customer: model.refunds, "ask_refund"),
    "word_on_refund": (lambda model, customer: model.refunds, "ask_refund"),
    "pay_out_refund": (lambda model, customer: model.refunds, "ask_refund"),
}
AT_ONCE = ("refund_bill", "ask_refund")
EVERY = (*AT_ONCE, "refund_bill", "ask_refund", "decide_refund", "word_on_refund", "pay_out_refund")
