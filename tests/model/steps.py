"""Every step there is: the desk call the shop is asked, and what the model says to it.

``make(machine, name, who, a, b, c)`` turns drawn numbers into one step. ``parts`` are the transactions it consists of.
"""

from __future__ import annotations

from datetime import timedelta

from billing import bills, collecting, deductions, expiry, operator_holds, payments, plans, top_ups, upkeep
from core import clock, db
from gateways import channel as at_channel
from ledger import accounts, holds, posting
from members import customers, settings
from shop import orders, products
from tests import factories
from tests.model import combined_steps, credit_steps, operator_steps, refund_steps
from tests.model.shop import AMOUNTS, CUSTOMERS, PLANS, TERMS, opened
from tests.model.stepping import KINDS
from tests.model.stepping import a_key as _key
from tests.model.stepping import pick as _pick
from tests.model.stepping import step as _step

FREE_AMOUNTS = (1, 1000, 99_999, 500_000, 500_001, 0, 20_000, 7)
LASTS = (None, 10, 30, 1440, 4 * 1440, None, 60, 1)


def make(machine, name, who, a, b, c, **more):
    customer = machine.people[who % CUSTOMERS]
    if name in _NEEDS and c < 7 and not _NEEDS[name][0](machine.model, customer):
        name, c = _NEEDS[name][1], 5  # there is nothing yet that this could be done to
    rooms = (operator_steps, refund_steps, combined_steps, credit_steps)
    found = globals().get(f"_{name}") or next(getattr(room, name) for room in rooms if hasattr(room, name))
    step = found(machine, customer, a, b, c, **more)
    step.name, step.asked = name, (who, a, b, c)
    return step


def _of_theirs(of):
    return lambda model, customer: any(one.customer == customer for one in of(model).values())


def _has_unpaid_order(model, customer):
    return any(one.customer == customer and one.state == "placed" for one in model.orders.values())


def _owes(model, customer):
    return any(
        one.customer == customer and one.state in ("open", "partly_paid") for one in model.bills.values()
    )


def _has_paid_order(model, customer):
    return any(one.customer == customer and one.state == "paid" for one in model.orders.values())


_NEEDS = {
    **operator_steps.NEEDS,
    **combined_steps.NEEDS,
    "pay": (_has_unpaid_order, "place"),
    "cancel": (_of_theirs(lambda model: model.orders), "place"),
    "complete": (_has_paid_order, "pay"),
    "pay_bill": (_owes, "issue"),
    "capture": (lambda model, customer: model.holds, "hold"),
    "release": (lambda model, customer: model.holds, "hold"),
    "unsubscribe": (_of_theirs(lambda model: model.plans), "subscribe"),
    "confirm": (lambda model, customer: model.payments, "start_plainly"),
    "ask": (lambda model, customer: model.payments, "start_plainly"),
    "refund_bill": (lambda model, customer: any(one.paid for one in model.bills.values()), "pay"),
    "ask_refund": (
        lambda model, customer: any(one.top_up_state == "credited" for one in model.payments.values()),
        "paid",
    ),
    "decide_refund": (lambda model, customer: model.refunds, "ask_refund"),
    "word_on_refund": (lambda model, customer: model.refunds, "ask_refund"),
    "paid": (
        lambda model, customer: any(one.state in ("created", "prepared") for one in model.payments.values()),
        "start_plainly",
    ),
}


def _code(customer):
    return accounts.of_customer(customer)


# top-ups


def _start(machine, customer, a, b, c):
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
    key, terms = _key(machine, c), (*(package or (None, None)), asked)

    async def call():
        made = await top_ups.start(
            opened(says=says), customer, package_id=terms[0], amount_fen=asked, channel=channel, method=method,
            payer=payer, key=key,
        )  # fmt: skip
        return made.top_up_no, made.payment.payment_no

    async def newest():
        found = await top_ups.page(customer, limit=1)
        return (found[0].top_up_no, found[0].payment.payment_no) if found else None

    return _step(
        call,
        lambda model, seen: model.start_top_up(customer, terms, channel, method, payer, key, says, seen),
        seen_when_refused=newest,
    )


def _start_plainly(machine, customer, a, b, c):
    return _start(machine, customer, a, b % 6, c)


def _trade_no(machine, number, nth):
    return f"{machine.prefix}-{number}-{nth}"


def _confirm(machine, customer, a, b, c):
    known = machine.model.payments
    number = _pick(known, a + 8 * (c % 2)) or f"{machine.prefix}-none"
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
            {"trade": _trade_no(machine, _pick(known, c), 0)},
        )[c % 3]

    async def call():
        trade = at_channel.ChannelTrade(
            channel=said["channel"], out_trade_no=said["number"], channel_trade_no=said["trade"], state=said["state"],
            amount_fen=said["amount"], currency="CNY", app_id=factories.APP_ID,
            merchant_id=factories.MERCHANT_ID if said["right_names"] else "somebody", payer=said["payer"],
            paid_at=clock.now() if said["state"] == "paid" else None,
        )  # fmt: skip
        return await payments.confirm(trade)

    return _step(call, lambda model, seen: model.confirm(**said))


def _paid(machine, customer, a, b, c):
    """The usual word: the newest open payment was paid."""
    waiting = [
        number for number, one in machine.model.payments.items() if one.state in ("created", "prepared")
    ]
    if not waiting:
        return _confirm(machine, customer, a, 0, c)
    number = waiting[-1 - a % len(waiting)]
    step = _confirm(machine, customer, list(machine.model.payments).index(number), 0, 0)
    return step


def _ask(machine, customer, a, b, c):
    number = _pick(machine.model.payments, a)
    if number is None:
        return _confirm(machine, customer, a, 0, c)
    state, late = ("waiting", "missing", "paid", "closed", "failed", "waiting", "paid", "missing")[b], c >= 4
    payment, trade = machine.model.payments[number], _trade_no(machine, number, 0)
    scripted = {"says": state, "trade_no": trade, "paid_meanwhile": late, "amount_fen": payment.amount}
    return _step(
        lambda: payments.ask(opened(**scripted), number),
        lambda model, seen: model.ask(number, trade, state, late),
    )


def _cancel_top_up(machine, customer, a, b, c):
    """The customer gives a top-up up."""
    known = machine.model.payments
    own = [number for number in known if known[number].customer == customer]
    number = _pick([one for one in own if known[one].may_be_paid] or own, a)
    if number is None:
        return _start_plainly(machine, customer, a, b, c)
    payment, trade, late = known[number], _trade_no(machine, number, 0), c >= 6
    state = ("waiting", "missing", "waiting", "paid")[b % 4]
    scripted = {"says": state, "trade_no": trade, "paid_meanwhile": late, "amount_fen": payment.amount}

    async def call():
        await top_ups.cancel(opened(**scripted), customer, payment.top_up)

    def give_up(model, seen):
        model.ask(number, trade, state, late, give_up=True)

    return _step(call, give_up)


# orders


def _place(machine, customer, a, b, c):
    skus = [*machine.skus, 10**9]
    wanted = [(skus[a % 3], 1 + b % 3)]
    if b >= 4:
        wanted.append((skus[(a + b) % (4 if c == 5 else 3)], 1 + a % 2))
    key = _key(machine, c)

    async def call():
        order = await orders.place(customer, [orders.Wanted(*line) for line in wanted], key=key)
        return order.order_no

    return _step(call, lambda model, seen: model.place(customer, wanted, key, seen))


def _order(machine, customer, a, b, state=None):
    """Mostly a recent order of the customer's own, and one in the state that the step is meant for."""
    known = machine.model.orders
    own = [number for number in known if known[number].customer == customer]
    fit = [number for number in own if known[number].state == state]
    if b == 7 or not own:
        return _pick(known, a) or "S-none"
    chosen = fit if fit and b < 5 else own
    return chosen[-1 - a % len(chosen)]


def _pay(machine, customer, a, b, c):
    number, key = _order(machine, customer, a % 4, b, "placed"), _key(machine, c)

    async def call():
        return (await orders.pay(customer, number, key=key)).order_no

    return _step(call, lambda model, seen: model.pay_order(customer, number, key))


def _cancel(machine, customer, a, b, c):
    number = _order(machine, customer, a, b, "paid" if c % 2 else None)

    async def call():
        await orders.cancel(customer, number)

    return _step(call, lambda model, seen: model.cancel(customer, number))


def _complete(machine, customer, a, b, c):
    number = _order(machine, customer, a, b, "paid")
    return _step(lambda: orders.complete(number), lambda model, seen: model.complete(number))


def _expire_orders(machine, customer, a, b, c):
    def parts(model):
        return [lambda now, seen, n=number: now.expire_order(n) for number in model.unpaid_in_time()] or [
            lambda now, seen: 0
        ]

    return _step(orders.expire_unpaid, more_parts=parts)


def _stock(machine, customer, a, b, c):
    sku, stock = machine.skus[a % 3], b

    def change(model, seen):
        model.skus[sku].stock = stock

    async def call():
        await products.change_sku(sku, stock=stock)

    return _step(call, change)


def _shelf(machine, customer, a, b, c):
    on_shelf = a != 0
    product, skus = (
        (machine.products[0], machine.skus[:2]) if b % 2 else (machine.products[1], machine.skus[2:])
    )

    def change(model, seen):
        for sku in skus:
            model.skus[sku].on_shelf = on_shelf

    async def call():
        await products.change(product, state="on_shelf" if on_shelf else "off_shelf")

    return _step(call, change)


# plans and bills


def _subscribe(machine, customer, a, b, c):
    nth = (2, 1, 2, 3, 0, 1, 2, 3)[a]
    offer = (10**9, None, None) if b == 7 else (machine.shop.offers[nth], *PLANS[nth])
    version, key = "2" if b == 6 else "1", _key(machine, c)

    async def call():
        return (await plans.subscribe(customer, offer_id=offer[0], consent_version=version, key=key)).id

    return _step(call, lambda model, seen: model.subscribe(customer, offer, version, key, seen))


def _unsubscribe(machine, customer, a, b, c):
    known = machine.model.plans
    own = [number for number in known if known[number].customer == customer]
    number = _pick(own if b < 7 else known, a) or 10**9

    async def call():
        await plans.cancel(customer, number)

    return _step(call, lambda model, seen: model.end_plan(customer, number))


def _due(machine, customer, a, b, c, batch=None):
    size = batch or (500, 500, 1, 2)[a % 4]

    async def call():
        run = await deductions.run_due(batch=size)
        return run.due, run.charged

    def parts(model):
        ahead, rounds = model.copy(), 0
        while ahead.charge_round(size)[0]:
            rounds += 1
        return [lambda now, seen: now.charge_round(size)] * (rounds + 1)

    return _step(call, more_parts=parts)


def _issue(machine, customer, a, b, c):
    source = f"{machine.prefix}-bill-{machine.number()}"
    amount, lasts = AMOUNTS[a], (0, 0, 30, 1440)[c % 4]
    mode, automatic = ("partial" if b % 2 else "full"), b < 5

    async def call():
        due_at = machine.now + timedelta(minutes=lasts)
        async with db.transaction():
            await bills.issue(
                [
                    bills.NewBill(
                        customer, "茶会", source, amount, due_at, collect_mode=mode, automatic=automatic
                    )
                ]
            )

    def issue(model, seen):
        model.issue(
            source, customer, amount, model.now + lasts, mode=mode, automatic=automatic, on_the_minute=False
        )

    return _step(call, issue)


def _pay_bill(machine, customer, a, b, c):
    known = machine.model.bills
    own = [
        source
        for source, one in known.items()
        if one.customer == customer and (c == 5 or not source.startswith("order:"))
        and (b >= 4 or one.state in ("open", "partly_paid"))
    ]  # fmt: skip
    source = _pick(known if b == 7 else own, a)
    bill_no, key = machine.bill_nos.get(source, ("B-none",))[0], _key(machine, c)

    async def call():
        await collecting.pay(customer, bill_no, key=key)
        return source

    return _step(call, lambda model, seen: model.pay_bill(customer, source, key))


# the operator, and the books themselves


def _about_all(machine, customer, nth):
    """What is available now, a fen more or less, or what would be if nothing were held."""
    account = machine.model.accounts[customer]
    return max(1, account.available + (0, 0, 1, 1, -1, 0, account.held, account.held)[nth])


def _reference(machine, customer, c):
    return f"{machine.prefix}-{customer}-{0 if c < 4 else 10 + machine.number()}"


def _grant(machine, customer, a, b, c):
    kind, lasts = KINDS[b % 2], LASTS[(b + c) % 8] if b % 2 else None
    reference = f"grant:{_reference(machine, customer, c)}"

    async def call():
        ends = None if lasts is None else machine.now + timedelta(minutes=lasts)
        leg = posting.credit(accounts.BONUS_COST, _code(customer), AMOUNTS[a], kind=kind, expires_at=ends)
        await posting.post_one(posting.Transfer(reference, "grant", [leg], operator="t"))

    return _step(call, lambda model, seen: model.grant(customer, kind, AMOUNTS[a], lasts, reference))


def _spend(machine, customer, a, b, c):
    kind, partial = (None, None, None, None, "principal", "bonus", None, "bonus")[b], b in (3, 6, 7)
    amount = _about_all(machine, customer, a) if b in (1, 6) else AMOUNTS[a]
    reference = f"spend:{_reference(machine, customer, c)}"

    async def call():
        leg = posting.debit(_code(customer), accounts.REVENUE, amount, kind=kind, partial=partial)
        await posting.post_one(posting.Transfer(reference, "spend", [leg], operator="t"))

    return _step(call, lambda model, seen: model.spend(customer, amount, kind, partial, reference))


def _hold(machine, customer, a, b, c):
    reference, lasts = f"{machine.prefix}-hold-{b if b < 3 else 10 + machine.number()}", LASTS[c]
    amount = _about_all(machine, customer, a) if b >= 6 else AMOUNTS[a]

    async def call():
        ends = None if lasts is None else machine.now + timedelta(minutes=lasts)
        await holds.place(_code(customer), reference=reference, amount_fen=amount, expires_at=ends)

    return _step(call, lambda model, seen: model.hold(customer, reference, amount, lasts))


def _held(machine, a, b):
    known = machine.model.holds
    still = [name for name in known if known[name].state == "open"]
    return _pick(still if b < 5 and still else known, a) or f"{machine.prefix}-hold-none"


def _capture(machine, customer, a, b, c):
    reference = _held(machine, a, b)
    held = machine.model.holds[reference].amount if reference in machine.model.holds else 1
    amount = max(1, (held, held, held // 2, 1, held, held // 3, held + 1, held - 1)[c])

    async def call():
        await holds.capture(
            reference, amount_fen=amount, target=accounts.REVENUE, kind="hold_capture", operator="t"
        )

    return _step(call, lambda model, seen: model.capture(reference, amount))


def _release(machine, customer, a, b, c):
    reference = _held(machine, a, b)
    return _step(lambda: holds.release(reference), lambda model, seen: model.release(reference))


def _expire_holds(machine, customer, a, b, c):
    def parts(model):
        return [lambda now, seen, n=name: now.expire_hold(n) for name in model.holds_over()] or [
            lambda now, seen: 0
        ]

    return _step(operator_holds.expire_due, more_parts=parts)


def _expire_bonus(machine, customer, a, b, c):
    return _step(expiry.expire_bonus, lambda model, seen: model.expire_bonus())


def _settings(machine, customer, a, b, c):
    policy, named, tier = accounts.POLICIES[a % 4], b % 2 == 0, "gold" if c % 2 else None

    def change(model, seen):
        account = model.accounts[customer]
        account.policy, account.named, account.tier = policy, named, tier

    chosen = settings.Settings(tier, named, policy)

    async def call():
        await settings.put(1, customer, chosen)

    return _step(call, change)


def _threshold(machine, customer, a, b, c):
    threshold = (None, 0, 1, 100, 500, 1000, 5000, 10_000)[a]

    def change(model, seen):
        model.accounts[customer].threshold = threshold

    async def call():
        await customers.set_threshold(customer, threshold)

    return _step(call, change)


def _forget_keys(machine, customer, a, b, c):
    async def call():
        await upkeep.forget_keys()

    return _step(call, lambda model, seen: model.forget_keys())


AT_ONCE = (
    *operator_steps.AT_ONCE,
    *credit_steps.AT_ONCE,
    "start_plainly", "start_plainly", "cancel_top_up", "paid", "confirm", "confirm", "place", "pay", "pay", "cancel", "complete",
    "expire_orders", "subscribe", "unsubscribe", "due", "pay_bill", "pay_bill", "grant", "spend", "hold", "capture", "release",
    "expire_holds", "refund_bill", "ask_refund",
)  # fmt: skip
"""What may happen at the same time as anything else."""
EVERY = (*AT_ONCE, *operator_steps.EVERY, *combined_steps.EVERY, "refund_bill", "ask_refund", "decide_refund", "word_on_refund", "start", "paid", "paid", "place", "pay", "ask", "cancel_top_up", "stock", "shelf", "issue", "expire_bonus", "settings", "threshold", "forget_keys")  # fmt: skip
NOT_AGAIN = ("issue",)
