"""Steps of paying with the balance and a channel together."""

from __future__ import annotations

from billing import combined, payments
from core import clock
from gateways import channel as at_channel
from shop import channel_payments
from tests import factories
from tests.model.shop import opened
from tests.model.steps.step import a_key, pick, step


def combine(machine, customer, a, b, c, says="yes"):
    bills = machine.model.bills
    own = [source for source, one in bills.items() if one.customer == customer]
    owed = [source for source in own if bills[source].state in ("open", "partly_paid")]
    source = pick(owed if owed and b < 6 else (own or bills), a + c) or "B-none"
    available = machine.model.accounts[customer].available
    share = (0, None, 0, 1, 0, 7, available + 1, 0)[a]
    key = a_key(machine, c)
    wanted = combined.Wanted(share, "wechat_pay", "native", None)

    async def call():
        channels = opened(says=says)
        if source.startswith("order:"):
            made = await channel_payments.start(channels, customer, source[6:], wanted, key=key)
        else:
            bill_no = machine.known.get(source, ("B-none",))[0]
            made = await combined.start(channels, customer, bill_no, wanted, key=key)
        return made.payment_no

    async def newest():
        found = await combined.page(customer, limit=1)
        return found[0].payment_no if found else None

    return step(
        call,
        lambda model, seen: model.start_combined(customer, source, share, key, says, seen),
        seen_when_refused=newest,
    )


def combined_word(machine, customer, a, b, c):
    """The channel's word: mostly that the newest one under way was paid."""
    known = machine.model.combined
    if not known:
        return combine(machine, customer, a, b, c)
    under_way = [number for number, one in known.items() if one.state == "open"]
    number = pick(list(reversed(under_way)) if under_way and b < 6 else known, a)
    one = known[number]
    state = ("paid", "paid", "paid", "closed", "waiting", "paid", "paid", "closed")[b]
    amount = one.channel + (1 if c == 0 and b == 5 else 0)
    trade = f"{machine.prefix}-{number}-{1 if c == 1 else 0}" if state == "paid" else None
    return step(
        lambda: _said(number, trade, state, amount),
        lambda model, seen: model.combined_word(number, trade, state, amount),
    )


async def _said(number, trade, state, amount):
    return await payments.confirm(
        at_channel.ChannelTrade(
            channel="wechat_pay", out_trade_no=number, channel_trade_no=trade, state=state, amount_fen=amount,
            currency="CNY", app_id=factories.APP_ID, merchant_id=factories.MERCHANT_ID, payer=None,
            paid_at=clock.now() if state == "paid" else None,
        )
    )  # fmt: skip


def combine_in_vain(machine, customer, a, b, c):
    """The channel will not have it."""
    return combine(machine, customer, a, b, c, says="no")


def give_up(machine, customer, a, b, c):
    return leave_it(machine, customer, a, b, c, paid_meanwhile=c >= 5)


def leave_it(machine, customer, a, b, c, paid_meanwhile=False):
    """The customer gives it up; the channel has not heard of anything."""
    known = machine.model.combined
    if not known:
        return combine(machine, customer, a, b, c)
    number = pick([*reversed(known)] if b < 6 else known, a)
    one = known[number]
    trade = f"{machine.prefix}-{number}-0"
    scripted = {
        "says": "waiting",
        "trade_no": trade,
        "paid_meanwhile": paid_meanwhile,
        "amount_fen": one.channel,
    }

    async def call():
        combined_no = (await payments.get(number)).purpose_no
        return (await combined.cancel(opened(**scripted), one.customer, combined_no)).standing

    return step(call, lambda model, seen: model.give_up(number, trade, paid_meanwhile, seen))


def let_go(machine, customer, a, b, c):
    known = machine.model.combined
    if not known:
        return combine(machine, customer, a, b, c)
    stuck = [number for number, one in known.items() if one.payment == "quarantined"]
    number = pick(stuck if stuck and b < 7 else known, a)

    async def call():
        return (await combined.let_go((await payments.get(number)).purpose_no)).standing

    return step(call, lambda model, seen: model.let_go(number))


async def end_all(known):
    """For the end of an example: nothing stays under way."""
    for number, one in known.items():
        if one.standing == "quarantined":
            await combined.let_go((await payments.get(number)).purpose_no)
        elif one.state == "open":
            await _said(number, None, "closed", one.channel)


def _any(model, customer):
    return bool(model.combined)


NEEDS = {name: (_any, "combine") for name in ("combined_word", "give_up", "leave_it", "let_go")}
AT_ONCE = ("combine", "combine", "combined_word", "combined_word", "leave_it", "let_go")
EVERY = (*AT_ONCE, "combine", "combined_word", "combined_word", "combine_in_vain", "give_up", "give_up")
