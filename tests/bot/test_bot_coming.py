"""What comes again and what is booked, in the chat: standing orders and bookings are told, and changed by a yes to what was shown."""

import asyncio
from datetime import timedelta

from billing import plan_actors
from core import clock
from core import db as database
from members import customers
from shop import bookables, booking_ends, bookings, standing_pauses, standing_shown
from tests import factories
from tests.shop import standing


async def state_of(standing_id):
    return (await standing_shown.get(standing_id)).state


async def test_standing_orders_are_told_and_changed_by_a_yes(talk):
    assert (await talk("周期订购")).startswith("您没有周期订购")
    customer = await customers.get(talk.customer_id)
    one = await standing.started(customer, await factories.sku(1_200))
    number = getattr(one, "id", one)
    told = await talk("我的周期订购")
    assert f"（编号 {number}）：下次 " in told and "约 12.00 元" in told and f"「跳过订购 {number}」" in told
    asked = await talk("周期订购先停一停")
    assert f"「暂停订购 {number}」" in asked and "也可以回复「确认」：暂停「" in asked
    said = await asyncio.gather(talk("确认"), talk("确认"))
    assert len(set(said)) == 1 and "已暂停" in said[0] and await state_of(number) == "paused"
    assert (await talk("撤销")).startswith("已撤销。") and await state_of(number) == "active"
    assert "的一次，约 12.00 元" in await talk("周期订购这次跳过") and "已跳过" in await talk("好的")
    assert "跳过的一次不能" in await talk("撤销")
    await talk("取消周期订购")
    await standing_pauses.pause(plan_actors.by_operator(1), number, key=factories.key())
    assert (await talk("确认")).startswith("情况和刚才说的不一样了") and await state_of(number) == "paused"
    assert "已恢复" in await talk(f"恢复订购 {number}")
    assert (await talk(f"恢复订购 {number}")).startswith("· ")
    assert "is cancelled" in await talk(f"cancel delivery {number}") and await state_of(number) == "cancelled"
    events = [event.kind for event in await standing_shown.events(number)]
    assert events == ["started", "paused", "resumed", "skipped", "paused", "resumed", "cancelled"]
    assert "没有找到" in await talk(f"暂停订购 {number + 1}")


async def test_bookings_are_told_and_cancelled_for_what_was_shown(talk):
    customer_id, by = talk.customer_id, plan_actors.by_customer(talk.customer_id)
    assert (await talk("我的预约")).startswith("您没有待到的预约")
    sku = await factories.sku(2_000)
    lesson = await bookables.add(
        1, bookables.Wanted("茶艺课", sku.id, "at_booking", (), cancel_hours=2), key=factories.key()
    )
    begins = [clock.now() + timedelta(days=1, hours=hours) for hours in (0, 3)]
    slots = [await bookables.put_slot(lesson.id, at, minutes=60, capacity=2) for at in begins]
    first, second = [await bookings.book(by, customer_id, slot, key=factories.key()) for slot in slots]
    assert (await talk("我约的课")).count("茶艺课") == 2
    listed = await talk("取消预约")
    assert "\n1. 茶艺课" in listed and f"「取消预约 {first[-4:]}」" in listed
    assert "现在取消不收费，付过的退回。5 分钟内有效" in await talk("1")
    said = await asyncio.gather(*(talk("确认") for _ in range(3)))
    assert all("「茶艺课」已取消" in one or "已经办过了" in one for one in said)
    assert await factories.balance(customer_id) == (8_000, 0)
    late = await bookings_to_be_late(second)
    assert f"「取消预约 {late} 收 20.00」" in await talk("取消预约")
    assert "仍按 20.00 元计费" in await talk(f"取消预约 {late}")  # it is said first what it costs
    assert (await booking_state(second)) == "booked"
    assert (
        "已取消" in await talk(f"取消预约 {late} 收 20.00") and (await booking_state(second)) == "cancelled"
    )
    assert await factories.balance(customer_id) == (8_000, 0)
    assert await talk("撤销") == "取消了的预约不能恢复，请重新预约。"


async def test_a_booking_that_has_begun_to_cost_is_not_cancelled_by_a_yes_from_before(talk):
    customer_id, by = talk.customer_id, plan_actors.by_customer(talk.customer_id)
    sku = await factories.sku(2_000)
    lesson = await bookables.add(
        1, bookables.Wanted("茶艺课", sku.id, "at_booking", (), cancel_hours=2), key=factories.key()
    )
    slot = await bookables.put_slot(lesson.id, clock.now() + timedelta(days=1), minutes=60, capacity=2)
    number = await bookings.book(by, customer_id, slot, key=factories.key())
    assert "不收费" in await talk("取消预约")
    await bookings_to_be_late(number)
    said = await talk("确认")
    assert said.startswith("情况和刚才说的不一样了") and "仍按 20.00 元计费" in said
    assert (await booking_state(number)) == "booked" and await factories.balance(customer_id) == (8_000, 0)
    await booking_ends.cancel(plan_actors.by_operator(1), number, key=factories.key())
    assert "已经取消、开始或结束了" in await talk("确认")


async def booking_state(number):
    return await database.fetchval("SELECT state FROM booking WHERE booking_no = $1", number)


async def bookings_to_be_late(number):
    """The time in which it costs nothing is over. Returns the end of its number."""
    await database.execute(
        "UPDATE booking SET free_until = now() - interval '1 minute' WHERE booking_no = $1", number
    )
    return number[-4:]
