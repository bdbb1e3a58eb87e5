"""Steps of orders, and of what is sold."""

from __future__ import annotations

from shop import order_review, orders, products
from shop import stock as stocks
from tests import factories
from tests.model.steps.step import a_key, pick, step


def place(machine, customer, a, b, c):
    skus = [*machine.skus, 10**9]
    wanted = [(skus[a % 3], 1 + b % 3)]
    if b >= 4:
        wanted.append((skus[(a + b) % (4 if c == 5 else 3)], 1 + a % 2))
    key = a_key(machine, c)

    async def call():
        order = await orders.place(customer, [orders.Wanted(*line) for line in wanted], key=key)
        return order.order_no

    return step(call, lambda model, seen: model.place(customer, wanted, key, seen))


def _order(machine, customer, a, b, state=None):
    """Mostly a recent order of the customer's own, and one in the state that the step is meant for."""
    known = machine.model.orders
    own = [number for number in known if known[number].customer == customer]
    fit = [number for number in own if known[number].state == state]
    if b == 7 or not own:
        return pick(known, a) or "S-none"
    chosen = fit if fit and b < 5 else own
    return chosen[-1 - a % len(chosen)]


def pay(machine, customer, a, b, c):
    number, key = _order(machine, customer, a % 4, b, "placed"), a_key(machine, c)

    async def call():
        return (await orders.pay(customer, number, key=key)).order_no

    return step(call, lambda model, seen: model.pay_order(customer, number, key))


def cancel(machine, customer, a, b, c):
    number = _order(machine, customer, a, b, "paid" if c % 2 else None)

    async def call():
        await orders.cancel(customer, number)

    return step(call, lambda model, seen: model.cancel(customer, number))


def complete(machine, customer, a, b, c):
    number = _order(machine, customer, a, b, "paid")
    key = a_key(machine, c)
    return step(
        lambda: order_review.hand_over(order_review.By(1), number, key=key),
        lambda model, seen: model.complete(number, key),
    )


def expire_orders(machine, customer, a, b, c):
    def parts(model):
        return [lambda now, seen, n=number: now.expire_order(n) for number in model.unpaid_in_time()] or [
            lambda now, seen: 0
        ]

    return step(orders.expire_unpaid, more_parts=parts)


def stock(machine, customer, a, b, c):
    sku, stock = machine.skus[a % 3], b

    def change(model, seen):
        model.skus[sku].stock = stock

    async def call():
        kept = (await stocks.level(sku)).reserved
        await stocks.change(1, sku, stocks.Change(counted=stock + kept), key=factories.key())

    return step(call, change)


def shelf(machine, customer, a, b, c):
    on_shelf = a != 0
    product, skus = (
        (machine.products[0], machine.skus[:2]) if b % 2 else (machine.products[1], machine.skus[2:])
    )

    def change(model, seen):
        for sku in skus:
            model.skus[sku].on_shelf = on_shelf

    async def call():
        await products.change(product, state="on_shelf" if on_shelf else "off_shelf")

    return step(call, change)


def _of_theirs(model, customer, state=None):
    return any(one.customer == customer and state in (None, one.state) for one in model.orders.values())


NEEDS = {
    "pay": (lambda model, customer: _of_theirs(model, customer, "placed"), "place"),
    "cancel": (_of_theirs, "place"),
    "complete": (lambda model, customer: _of_theirs(model, customer, "paid"), "pay"),
}
AT_ONCE = ("place", "pay", "pay", "cancel", "complete", "expire_orders")
EVERY = (*AT_ONCE, "place", "pay", "stock", "shelf")
