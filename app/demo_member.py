"""A member of the demo's shop with a history of six weeks: somebody to look at before anything was done on the phone."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from app import demo_catalogue
from billing import (
    bills,
    collecting,
    counter,
    instalment_schedule,
    instalments,
    instalments_of_orders,
    operator_bills,
    packages,
    plan_actors,
    plans,
    schedule,
    spending,
)
from core import clock
from members import addresses, coupons, customers, profiles
from shop import (
    bookables,
    bookings,
    bookings_shown,
    cart,
    order_instalments,
    order_review,
    orders,
    shipments,
    standing_orders,
)

Arrive = Callable[[], Awaitable[int]]
"""Somebody opens the mini-program for the first time: the customer's id. Who did so already is the same one again."""
_HOME = addresses.Where(
    "林晓", "13800138000", "330106", "浙江省", "杭州市", "西湖区", "龙井路1号 听雨小筑3幢201", "家"
)
_WORK = addresses.Where(
    "林晓", "13800138000", "310115", "上海市", "上海市", "浦东新区", "世纪大道100号 环球金融中心28层", "公司"
)


@dataclass(frozen=True, slots=True)
class Days:
    """The days before ``now``, on which this process's clock can stand."""

    now: datetime

    def go_to(self, days_ago: float) -> None:
        """The clock stands so many days before the present."""
        clock.stand_at(self.now - timedelta(days=days_ago))


async def load(operator_id: int, arrive: Arrive, agreement: str, days: Days) -> int:
    """Tops up at the counter and orders four times, by three ways of getting it, once in instalments; a tea party is paid in parts, of which
    one is late. Returns the customer's id. All with keys of their own: what was done before a start was cut off is not done again."""
    days.go_to(40)
    customer_id = await arrive()
    await profiles.change(customer_id, name="林晓", locale="zh-CN", birthday=date(1992, 5, 20), by="demo")
    wish = counter.TopUpWish(customer_id, await _package("充500送100"), agreement_version=agreement)
    await counter.top_up(operator_id, wish, counter.Taking("cash", None, "开卡"), key="demo-top-up")
    home = await addresses.add(customer_id, _HOME, is_default=True, key="demo-home")
    await addresses.add(customer_id, _WORK, is_default=False, key="demo-work")
    buyer = _Buyer(operator_id, customer_id, await demo_catalogue.skus())
    days.go_to(33)
    first = await buyer.buys(("LJ-1", 1), ("GW-1", 1), address_id=home.id)
    await _party_in_parts(operator_id, customer_id)
    days.go_to(32)
    await buyer.is_sent(first, "SF1400112233445")
    days.go_to(29)
    await orders.receive(customer_id, first)
    days.go_to(20)
    lesson = await buyer.buys(("SF-1", 1), ("ML-1", 2))
    await order_review.hand_over(buyer.by, lesson, key="demo-hand-over")
    days.go_to(19)
    wish = counter.TopUpWish(customer_id, await _package("充200送30"), agreement_version=agreement)
    await counter.top_up(operator_id, wish, counter.Taking("cash", None, "续充"), key="demo-top-up-again")
    days.go_to(18)
    await buyer.buys_in_parts("ZH-1", 3)
    days.go_to(6)
    gift = await buyer.buys(("ZS-1", 1), ("SQ-1", 2), address_id=home.id)
    days.go_to(5)
    await buyer.is_sent(gift, "SF1400998877665")
    return customer_id


async def _party_in_parts(operator_id: int, customer_id: int) -> None:
    """A bill in three monthly parts that nobody takes by themselves: the first is paid, the second is late by now."""
    bill_no = await operator_bills.issue(
        operator_id, customer_id, title="暖炉茶会包场", amount_fen=9_000, collect_mode="partial", key="demo-party"
    )  # fmt: skip
    if (await bills.find(bill_no)).collect_mode != "instalments":
        terms = instalments.Terms(
            instalment_schedule.EqualParts(3, clock.today()), False, "2026-11", "分三期付清，每月一期，到期前在「分期」里付。", "counter"
        )  # fmt: skip
        await instalments.arrange(operator_id, bill_no, terms, key="demo-party-parts")
    await collecting.pay(customer_id, bill_no, amount_fen=3_000, key="demo-party-first")


async def today(operator_id: int, customer_id: int, coupon_id: int) -> None:
    """What they have at present: two coupons, a plan from tomorrow on, cake every Friday, a lesson booked, things in the cart."""
    await coupons.claim(customer_id, "TEA10", key="demo-claim")
    await coupons.give(operator_id, customer_id, coupon_id, key="demo-gift")
    offer = next(one for one in await plans.offers() if one.name == "茶友月卡")
    await plans.subscribe(
        customer_id, offer_id=offer.id, consent_version=offer.consent_version,
        starts_on=clock.today() + timedelta(days=1), key="demo-plan",
    )  # fmt: skip
    skus = await demo_catalogue.skus()
    await _cake_on_fridays(customer_id, skus["GH-1"])
    await _lesson(customer_id)
    for code, quantity in (("LH-1", 1), ("ML-1", 2), ("GH-1", 1)):
        await cart.put(customer_id, skus[code], quantity)
    await customers.set_threshold(customer_id, 5_000)


async def _cake_on_fridays(customer_id: int, sku_id: int) -> None:
    home = next(one for one in await addresses.listing(customer_id) if one.is_default)
    wish = standing_orders.Wish(
        [orders.Wanted(sku_id, 1)], schedule.Schedule("week", weekdays=(5,)), most_fen=3_000,
        consent=standing_orders.Consent(standing_orders.agreement().version), address_id=home.id, remark="放门口就好",
    )  # fmt: skip
    await standing_orders.start(plan_actors.by_customer(customer_id), customer_id, wish, key="demo-standing")


async def _lesson(customer_id: int) -> None:
    """A place in the tea lesson that can still be cancelled for nothing."""
    if await bookings_shown.page(customer_id, limit=1):
        return
    lesson = next(one for one in await bookables.page() if one.name == demo_catalogue.LESSON)
    soon = clock.today() + timedelta(days=3)
    first = (await bookables.slots(lesson.id, soon, soon + timedelta(days=7)))[0]
    await bookings.book(plan_actors.by_customer(customer_id), customer_id, first.id, key="demo-booking")


@dataclass(frozen=True, slots=True)
class _Buyer:
    """The member at the shop, and who serves them."""

    operator_id: int
    customer_id: int
    skus: dict[str, int]

    @property
    def by(self) -> order_review.By:
        return order_review.By(self.operator_id)

    async def buys(self, *wanted: tuple[str, int], address_id: int | None = None) -> str:
        """From the balance. Returns the order's number."""
        lines = [orders.Wanted(self.skus[code], quantity) for code, quantity in wanted]
        how = orders.How(address_id=address_id, pay_from="balance")
        made = await orders.place_and_pay(self.customer_id, lines, how, key=f"demo-order-{wanted[0][0]}")
        await spending.follow()  # what it brings is counted on its day
        return made.order_no

    async def buys_in_parts(self, code: str, count: int) -> None:
        """One of it, the first of ``count`` parts at once, and takes it away."""
        key = f"demo-order-{code}"
        made = await orders.place(self.customer_id, [orders.Wanted(self.skus[code], 1)], key=key)
        if made.state == "placed":
            version = instalments_of_orders.offered(made.total_fen, count).consent_version
            await order_instalments.agree(
                self.customer_id, made.order_no, count=count, consent_version=version, locale="zh-CN", key=key
            )
        await order_review.hand_over(self.by, made.order_no, key="demo-hand-over-pot")
        await spending.follow()

    async def is_sent(self, order_no: str, tracking_no: str) -> None:
        parcel = shipments.Parcel("顺丰速运", tracking_no)
        await shipments.ship(self.by, order_no, parcel, key=f"demo-parcel-{tracking_no}")


async def _package(name: str) -> int:
    return next(one.id for one in await packages.page(limit=100) if one.name == name)
