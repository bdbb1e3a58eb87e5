"""Steps of top-ups: started, confirmed by the channel's word, asked about, given up."""

from __future__ import annotations

from billing import payments, top_ups
from core import clock
from gateways import channel as at_channel
from tests import factories
from tests.model.shop import TERMS, opened
from tests.model.steps.step import a_key, pick, step

FREE_AMOUNTS = (1, 1000, 99_999, 500_000, 500_001, 0, 20_000, 7)


def start(machine, customer, a, b, c):
    package, asked = None, None
    if a < 4:
        package = (machine.shop.packages[a], TERMS[a])
    elif a < 6:
        package = machine.limited[(a + b + c) % len(machine.limited)]
    else:
        asked = FREE_AMOUNTS[(a + b) % 8]
    channel, method, payer, says = (
        ("wechat_pay", "native", None, "yes"), ("alipay", "precreate", None, "yes"),
        ("wechat_pay", "jsapi", "openid-1", "yes"), ("wechat_pay", "jsapi", None, "yes"),
        ("wechat_pay", "native", None, "yes"), ("alipay", "wap", None, "yes"),
        ("wechat_pay", "native", None, "no"), ("alipay", "precreate", None, "no answer"),
    )[b]  # fmt: skip
    key, terms = a_key(machine, c), (*(package or (None, None)), asked)

    async def call():
        made = await top_ups.start(
            opened(says=says), customer, package_id=terms[0], amount_fen=asked, channel=channel, method=method,
            payer=payer, key=key,
        )  # fmt: skip
        return made.top_up_no, made.payment.payment_no

    async def newest():
        found = await top_ups.page(customer, limit=1)
        return (found[0].top_up_no, found[0].payment.payment_no) if found else None

    return step(
        call,
        lambda model, seen: model.start_top_up(customer, terms, channel, method, payer, key, says, seen),
        seen_when_refused=newest,
    )


def start_plainly(machine, customer, a, b, c):
    return start(machine, customer, a, b % 6, c)


def _trade_no(machine, number, nth):
    return f"{machine.prefix}-{number}-{nth}"


def confirm(machine, customer, a, b, c):
    known = machine.model.at_channels
    number = pick(known, a + 8 * (c % 2)) or f"{machine.prefix}-none"
    payment = known.get(number)
    said = {
        "number": number, "channel": payment.channel if payment else "alipay", "trade": _trade_no(machine, number, 0),
        "state": "paid", "amount": payment.amount if payment else 100, "right_names": True, "payer": None,
    }  # fmt: skip
    if b == 3:
        said["trade"] = _trade_no(machine, number, 1)
    elif b == 4:
        said["amount"] += (-1, 1, 100)[c % 3]
    elif b == 5:
        said |= ({"right_names": False}, {"payer": "openid-2"}, {"payer": "openid-1"})[c % 3]
    elif b == 6:
        said["state"] = ("waiting", "missing", "closed", "failed", "refunded")[c % 5]
        said["trade"] = said["trade"] if said["state"] == "refunded" else None
    elif b == 7:
        said |= (
            {"number": f"{machine.prefix}-none"},
            {"channel": "alipay" if said["channel"] == "wechat_pay" else "wechat_pay"},
            {"trade": _trade_no(machine, pick(known, c), 0)},
        )[c % 3]

    async def call():
        trade = at_channel.ChannelTrade(
            channel=said["channel"], out_trade_no=said["number"], channel_trade_no=said["trade"], state=said["state"],
            amount_fen=said["amount"], currency="CNY", app_id=factories.APP_ID,
            merchant_id=factories.MERCHANT_ID if said["right_names"] else "somebody", payer=said["payer"],
            paid_at=clock.now() if said["state"] == "paid" else None,
        )  # fmt: skip
        return await payments.confirm(trade)

    return step(call, lambda model, seen: model.confirm(**said))


def paid(machine, customer, a, b, c):
    """The usual word: the newest open payment was paid."""
    waiting = [
        number for number, one in machine.model.at_channels.items() if one.state in ("created", "prepared")
    ]
    if not waiting:
        return confirm(machine, customer, a, 0, c)
    number = waiting[-1 - a % len(waiting)]
    return confirm(machine, customer, list(machine.model.at_channels).index(number), 0, 0)


def ask(machine, customer, a, b, c):
    number = pick(machine.model.at_channels, a)
    if number is None:
        return confirm(machine, customer, a, 0, c)
    state, late = ("waiting", "missing", "paid", "closed", "failed", "waiting", "paid", "missing")[b], c >= 4
    payment, trade = machine.model.at_channels[number], _trade_no(machine, number, 0)
    scripted = {"says": state, "trade_no": trade, "paid_meanwhile": late, "amount_fen": payment.amount}
    return step(
        lambda: payments.ask(opened(**scripted), number),
        lambda model, seen: model.ask(number, trade, state, late),
    )


def cancel_top_up(machine, customer, a, b, c):
    """The customer gives a top-up up: where it is found unpaid, its channel is asked, whatever it has become meanwhile."""
    known = machine.model.at_channels
    own = [number for number in known if known[number].customer == customer]
    number = pick([one for one in own if known[one].may_be_paid] or own, a)
    if number is None:
        return start_plainly(machine, customer, a, b, c)
    payment, trade, late = known[number], _trade_no(machine, number, 0), c >= 6
    state = ("waiting", "missing", "waiting", "paid")[b % 4]
    scripted = {"says": state, "trade_no": trade, "paid_meanwhile": late, "amount_fen": payment.amount}

    async def call():
        await top_ups.cancel(opened(**scripted), customer, payment.top_up)

    def look(model, seen):
        is_open = model.payments[number].state in ("created", "prepared")
        model.found_open.setdefault(number, []).append(is_open)

    def give_up(model, seen):
        if model.found_open[number].pop():
            model.ask(number, trade, state, late, give_up=True)

    return step(call, look, give_up)


def _waiting(model, customer):
    return any(one.state in ("created", "prepared") for one in model.at_channels.values())


NEEDS = {
    "confirm": (lambda model, customer: model.at_channels, "start_plainly"),
    "ask": (lambda model, customer: model.at_channels, "start_plainly"),
    "paid": (_waiting, "start_plainly"),
}
AT_ONCE = ("start_plainly", "start_plainly", "cancel_top_up", "paid", "confirm", "confirm")
EVERY = (*AT_ONCE, "start", "paid", "paid", "ask", "cancel_top_up")
