"""Small builders for tests: a customer with money, a product, a plan. Built through the desk, as the shop would."""

import itertools
import secrets
from dataclasses import replace
from datetime import timedelta

from billing import (
    channels,
    combined,
    instalment_schedule,
    instalments,
    operator_bills,
    packages,
    payments,
    plans,
    terms,
    top_ups,
)
from core import clock, db
from gateways import channel as at_channel
from ledger import accounts
from members import customers, points, settings
from shop import channel_payments, orders, products

_numbers = itertools.count(1)
DAYS = timedelta(days=1)


def key():
    """A fresh Idempotency-Key."""
    return f"key-{next(_numbers):08d}"


class QuietChannel:
    """A channel that prepares anything at once and knows of nothing: for tests that bring the channel's word themselves."""

    methods = frozenset({"jsapi", "native", "h5", "precreate", "wap", "page", "create"})

    def __init__(self, name="wechat_pay"):
        self.name = name

    async def prepare(self, method, order):
        return at_channel.Prepared(client={"package": f"prepay_id={order.out_trade_no}"}, prepay_ref=None)

    async def refund(self, order):
        return at_channel.ChannelRefund(order.out_refund_no, None, "accepted", order.amount_fen)

    async def query_refund(self, *, out_trade_no, out_refund_no):
        return at_channel.ChannelRefund(out_refund_no, None, "accepted", None)


APP_ID, MERCHANT_ID = "wx-mini", "1900000001"


def open_channels(*names):
    return channels.Channels(
        {
            name: channels.OpenChannel(QuietChannel(name), APP_ID, MERCHANT_ID)
            for name in names or ("wechat_pay", "alipay")
        }
    )


async def customer(
    name="小林", *, principal=0, bonus=0, bonus_days=None, threshold_fen=None, named=False, tier=None
):
    """A customer whose money came in by a paid top-up; with much of it they are known by name."""
    made = await customers.create(name=name)
    if named or tier or principal > terms.current().unnamed_cap_fen:
        await set_up(made.id, is_named=True, tier=tier)
    await customers.set_threshold(made.id, threshold_fen)
    if principal:
        await topped_up(made.id, principal, bonus, bonus_days=bonus_days)
    return made


async def set_up(customer_id, **chosen):
    """An operator changes these settings of a customer and leaves the others."""
    return await settings.put(1, customer_id, replace(await settings.get(customer_id), **chosen))


async def top_up(customer_id, pay_fen, bonus_fen=0, *, bonus_days=None, channel="wechat_pay"):
    """A started, unpaid top-up."""
    package = await packages.add(name="套餐", pay_fen=pay_fen, bonus_fen=bonus_fen, bonus_days=bonus_days)
    return await top_ups.start(
        open_channels(), customer_id, package_id=package.id, amount_fen=None, channel=channel, method="native",
        payer=None, key=key(),
    )  # fmt: skip


def trade(wish, **changes):
    """The channel's word that a top-up or a combined payment was paid."""
    return trade_of(wish.payment, **changes)


def trade_of(payment, **changes):
    """The same of an attempt."""
    paid = {
        "channel": payment.channel,
        "out_trade_no": payment.payment_no,
        "channel_trade_no": f"42{payment.payment_no}",
        "state": "paid",
        "amount_fen": payment.amount_fen,
        "currency": "CNY",
        "app_id": APP_ID,
        "merchant_id": MERCHANT_ID,
        "payer": None,
        "paid_at": clock.now(),
    }
    return at_channel.ChannelTrade(**{**paid, **changes})


async def topped_up(customer_id, pay_fen, bonus_fen=0, **how):
    started = await top_up(customer_id, pay_fen, bonus_fen, **how)
    assert await payments.confirm(trade(started)) == "credited"
    return await top_ups.get(customer_id, started.top_up_no)


async def sku(price_fen=1000, stock=100, name="龙井"):
    product = await products.add(name=name, description="", skus=[products.NewSku("50克", price_fen, stock)])
    return product.skus[0]


async def available(sku_ids, store_id=0):
    """What can be ordered of each SKU at a store, or of the shop."""
    rows = await db.fetch(
        "SELECT sku_id, on_hand - reserved FROM stock WHERE sku_id = ANY ($1::bigint[]) AND store_id = $2",
        sku_ids, store_id,
    )  # fmt: skip
    return dict.fromkeys(sku_ids, 0) | {sku_id: left for sku_id, left in rows}


async def order(customer_id, price_fen=1000, **stock):
    """A placed, unpaid order of one piece."""
    piece = await sku(price_fen, **stock)
    return await orders.place(customer_id, [orders.Wanted(piece.id, 1)], key=key())


async def combined_payment(order, balance_fen=None, *, channel="wechat_pay", channels=None):
    """An order being paid with a share of the balance and the rest through a channel; prepared, not paid."""
    wanted = combined.Wanted(balance_fen, channel, "native", None)
    return await channel_payments.start(
        channels or open_channels(), order.customer_id, order.order_no, wanted, key=key()
    )


async def plan(customer_id, amount_fen=9800, cycle="monthly"):
    offer = await plans.add_offer(
        name="茶艺月课", amount_fen=amount_fen, cycle=cycle, consent_version="1", consent_text="同意"
    )
    return await plans.subscribe(customer_id, offer_id=offer.id, consent_version="1", key=key())


async def bill(customer_id, amount_fen=3_000, **how):
    """The number of a bill that an operator issued; due at once unless ``due_on`` or ``due_at`` says otherwise."""
    return await operator_bills.issue(
        1, customer_id, **{"title": "学费", "amount_fen": amount_fen, "key": secrets.token_hex(16), **how}
    )


async def in_instalments(bill_no, count=3, *, every="week", automatic=True, channel="counter", **how):
    """Arranges what is owed of a bill in equal parts, the first due today; the customer agreed at the counter."""
    terms = instalments.Terms(
        instalment_schedule.EqualParts(count, how.pop("first_due_on", clock.today()), every, **how),
        automatic,
        "2026-11",
        "分期付清，到期自动扣款",
        channel,
    )
    return await instalments.arrange(1, bill_no, terms, key=secrets.token_hex(16))


async def told(customer_id, kind):
    """How many messages of a kind were queued for the customer."""
    return await db.fetchval(
        "SELECT count(*) FROM outbox_message WHERE customer_id = $1 AND kind = $2", customer_id, kind
    )


async def balance(customer_id):
    """(principal, bonus)."""
    found = await accounts.balance(customer_id)
    return found.principal_fen, found.bonus_fen


async def earn(customer_id, amount_fen, reference, *, at=None):
    """Points for an amount that was paid just now, or at an instant. Returns how many."""
    paid = points.Earned(customer_id, amount_fen, reference, at or clock.now())
    async with db.transaction():
        return (await points.earn([paid]))[0]
