"""What the chat asks is answered by yes, no or a number: exactly what was shown is done, once, or nothing."""

import asyncio
import contextlib
import json
import re
import time
from datetime import timedelta
from urllib.parse import urlsplit

import asyncpg
import pytest
import redis.asyncio

import bot as door
from billing import bills, deductions, operator_bills, packages, plan_pauses, plans
from bot import assent
from core import clock
from core import db as database
from members import customers
from shop import orders
from tests import factories
from tests.billing import planning

PAGES = door.Pages(app_id="wx-mini", top_up="pages/top-up", bill="pages/bill", order="pages/order")


async def a_plan(talk, name="牛奶", amount_fen=3_000, **terms):
    started = await planning.start(await customers.get(talk.customer_id), amount_fen=amount_fen, **terms)
    plan_id = getattr(started, "id", started)
    await database.execute("UPDATE plan SET name = $2 WHERE id = $1", plan_id, name)
    return plan_id


async def state_of(plan_id):
    return await database.fetchval("SELECT state FROM plan WHERE id = $1", plan_id)


async def events(plan_id):
    rows = await database.fetch("SELECT kind FROM plan_event WHERE plan_id = $1 ORDER BY id", plan_id)
    return [row["kind"] for row in rows][1:]


async def test_a_plan_is_paused_by_a_yes_once_and_undone_once(talk):
    plan_id = await a_plan(talk)
    for nothing in ("确认", "好的", "是", "撤销", "ok", "2"):
        said = await talk(nothing)
        assert "没有" in said or "nothing" in said.lower(), (nothing, said)
    asked = await talk("牛奶先停一停")
    assert f"「暂停计划 {plan_id}」" in asked and "也可以回复「确认」：暂停「牛奶」" in asked
    assert f"（编号 {plan_id}，每月 30.00 元，下次 {clock.today()}）。5 分钟内有效" in asked
    assert await talk("算了") == "好的，不办了。" and await state_of(plan_id) == "active"
    assert (await talk("确认")).startswith("现在没有等您确认的事")
    await talk("牛奶先停一停")
    assert (await talk("好的！")).startswith("「牛奶」已暂停") and await state_of(plan_id) == "paused"
    assert await talk("确认") == "刚才的事已经办过了，没有再办一次。"
    assert (await talk("好的")).startswith("不客气") and await events(plan_id) == ["paused"]
    assert await talk("撤销") == "已撤销。\n「牛奶」已恢复。" and await state_of(plan_id) == "active"
    assert await talk("撤销") == "已经撤销过了。" and await talk("undo") == "That is undone already."
    assert await events(plan_id) == ["paused", "resumed"]
    await talk(f"暂停计划 {plan_id}")  # to the letter it can be undone as well
    await plan_pauses.resume(planning.SHOP, plan_id, key=factories.key())
    assert (await talk("撤销")).startswith("之后又改过了") and await state_of(plan_id) == "active"
    assert "的 30.00 元" in await talk("下一期不扣了") and "已跳过" in await talk("确认")
    assert (await talk("撤销")).startswith("跳过的一期不能")
    assert "取消「牛奶」" in await talk("牛奶不要了，取消") and "已取消" in await talk("是的")
    assert (await talk("撤销")).startswith("取消了的计划不能恢复") and await state_of(plan_id) == "cancelled"


async def test_what_is_confirmed_on_two_devices_at_once_is_done_once(talk):
    customer_id = talk.customer_id
    plan_id = await a_plan(talk)
    bill_no = await factories.bill(customer_id, 1_500)
    paid, cancelled = [await factories.order(customer_id, fen) for fen in (900, 2_000)]

    async def twice(question, word="确认"):
        asked = await talk(question)
        assert "也可以回复「确认」" in asked, asked
        said = await asyncio.gather(*(talk(word) for _ in range(4)))
        assert len(set(said)) <= 2 and not any("抱歉" in one for one in said), said
        return said

    assert "已用余额付「学费」15.00 元，可用余额 85.00 元。" in await twice("付账单")
    assert await database.fetchval("SELECT count(*) FROM bill_payment") == 1
    assert (await bills.find(bill_no)).state == "paid"
    assert (await talk("撤销")).startswith("付出去的钱不能")
    for number in (paid.order_no, cancelled.order_no):
        assert number[-4:] in await talk("付订单")
    assert "1. " in await talk("取消订单") and "取消「龙井 ×1」20.00 元的订单" in await talk("1")
    assert "「龙井 ×1」20.00 元的订单已取消。" in await asyncio.gather(talk("确认"), talk("确认"))
    assert (await orders.get(customer_id, cancelled.order_no)).state == "cancelled"
    assert "已用余额付「龙井 ×1」9.00 元，可用余额 76.00 元。" in await twice("付订单", "好的")
    assert await factories.balance(customer_id) == (7_600, 0)
    await twice("牛奶先停一停")
    await twice("恢复牛奶")
    await twice("下一期不扣了")
    await twice("取消牛奶", "yes")
    assert await events(plan_id) == ["paused", "resumed", "skipped", "cancelled"]
    assert await factories.told(customer_id, "deducted") == 2


async def test_deliveries_repeated_in_mid_dialogue_and_a_process_that_starts_anew(
    talk, connect, join, wire, memory, platform
):
    plan_id = await a_plan(talk)
    await factories.bill(talk.customer_id, 1_500)
    asked = [await talk("付账单", number=7) for _ in range(2)]
    assert asked[0] == asked[1]
    said = await asyncio.gather(*(talk("确认", number=8) for _ in range(4)))
    assert set(said) == {"已用余额付「学费」15.00 元，可用余额 85.00 元。"}
    assert await talk("付账单", number=7) == asked[0]  # a late repeat asks nothing anew
    assert await talk("确认") == "刚才的事已经办过了，没有再办一次。"
    await talk("牛奶先停一停")
    later = await connect(
        "plain", dialogues=door.Dialogues(memory)
    )  # another process, or the same after a restart
    caller = wire(later)
    answer = await caller.plain(caller.text(talk.openid, "确认", number=9))
    assert answer.content.startswith("「牛奶」已暂停") and await state_of(plan_id) == "paused"
    await talk("恢复牛奶")
    await memory.flushdb()
    assert (await talk("确认")).startswith("现在没有等您确认的事") and await state_of(plan_id) == "paused"


async def test_what_changed_or_took_too_long_is_proposed_anew(talk):
    bill_no = await factories.bill(talk.customer_id, 3_000, collect_mode="partial")
    await talk("付账单")
    await operator_bills.pay(1, bill_no, amount_fen=500, key=factories.key())
    said = await talk("确认")
    assert said.startswith("情况和刚才说的不一样了，这次没有办理。") and "25.00 元" in said
    assert (await bills.find(bill_no)).paid_fen == 500
    clock.set_offset(timedelta(minutes=5, seconds=1))
    said = await talk("确认")
    assert said.startswith("刚才的确认已经过时了") and (await bills.find(bill_no)).paid_fen == 500
    assert await talk("确认") == "已用余额付「学费」25.00 元，可用余额 70.00 元。"
    plan_id = await a_plan(talk)
    await talk("取消牛奶")
    await plans.stop(planning.SHOP, plan_id)
    assert (await talk("确认")).endswith(f"「牛奶」（编号 {plan_id}）已取消，不再扣款。")
    order = await factories.order(talk.customer_id, 900)
    await talk("取消订单")
    await orders.pay(talk.customer_id, order.order_no, key=factories.key())
    assert "已付款" in await talk("确认")
    assert (await orders.get(talk.customer_id, order.order_no)).state == "paid"


async def test_a_yes_is_to_what_was_answered_last(talk, memory):
    plan_id, other = await a_plan(talk), await a_plan(talk, "鲜花")
    for word in ("好的", "确认"):
        assert (await talk("取消牛奶")).count("取消计划") == 1
        await talk("余额")
        assert (await talk(word)).startswith("您是要办这件事吗？") and await state_of(plan_id) == "active"
    (key,) = await memory.keys("yucun:chat:*")
    kept = await memory.get(key)
    await talk("取消鲜花")
    await memory.set(key, kept)  # as if the later proposal had not been kept
    said = await talk("确认")
    assert "取消「牛奶」" in said and {await state_of(plan_id), await state_of(other)} == {"active"}
    assert (await talk("好的")).startswith("「牛奶」已取消")
    await talk(f"暂停计划 {other}")
    await talk("余额")
    assert "恢复「鲜花」" in await talk("撤销") and await state_of(other) == "paused"
    assert (await talk("确认")).startswith("「鲜花」已恢复")


async def test_a_yes_after_the_shops_people_had_the_chat_is_asked_for_again(talk):
    plan_id = await a_plan(talk)
    await talk("取消牛奶")
    await database.execute(
        "INSERT INTO conversation (provider, app_id, openid, customer_id, state, reason, context, locale, opened_at, closed_at, closed_by)"
        " VALUES ('official_account', $1, $2, $3, 'closed', 'operator', '[]', 'zh-CN', now(), now(), 'operator')",
        talk.wire.account.app_id, talk.openid, talk.customer_id,
    )  # fmt: skip
    assert (await talk("好的")).startswith("您是要办这件事吗？") and await state_of(plan_id) == "active"
    assert (await talk("好的")).startswith("「牛奶」已取消")


async def test_of_a_yes_and_a_no_at_once_one_counts(talk):
    plan_id = await a_plan(talk)
    for _ in range(4):
        await talk("牛奶先停一停")
        yes, no = await asyncio.gather(talk("确认"), talk("算了"))
        is_paused = await state_of(plan_id) == "paused"
        assert yes.startswith("「牛奶」已暂停" if is_paused else ("刚才已经说了不办", "现在没有等您确认的事"))
        assert no.startswith(("刚才的事已经办过了", "刚才的事已经办好了") if is_paused else "好的，不办了")
        if is_paused:
            await plan_pauses.resume(planning.SHOP, plan_id, key=factories.key())


async def test_who_said_no_to_offers_has_not_agreed_though_the_no_is_not_remembered(talk, memory):
    assert "5 分钟内有效" in await talk("我愿意接收你们的优惠活动")
    (key,) = [key async for key in memory.scan_iter(match=f"*{talk.openid}")]
    before = await memory.get(key)
    assert await talk("算了") == "好的，不办了。"
    await memory.set(key, before)
    assert (await talk("好")).startswith("刚才已经说了不办")
    assert await database.fetchval("SELECT count(*) FROM marketing_consent") == 0


async def test_a_number_picks_what_was_listed(talk):
    first, second = await a_plan(talk), await a_plan(talk, "鲜花")
    listed = await talk("暂停扣款")
    assert re.search(r"\n1\. 鲜花：「暂停计划 \d+」\n2\. 牛奶：", listed) and listed.endswith(
        "也可以回复序号。"
    )
    assert await talk("3") == "没有第 3 项，请回复 1 到 2 的序号。"
    assert await talk("确认") == "请回复序号，选上面的一项。"
    assert "暂停「牛奶」" in await talk("第二个") and (await talk("确认")).startswith("「牛奶」已暂停")
    assert (await state_of(first), await state_of(second)) == ("paused", "active")
    numbers = [await factories.bill(talk.customer_id, 1_000 + n) for n in range(2)]
    await talk("付账单")
    assert f"ending {numbers[1][-4:]}" in await talk("the second one")
    assert "10.01" in await talk("confirm") and (await bills.find(numbers[0])).state == "open"
    asked = await talk("how much deposit are you holding")
    assert asked.startswith("Which of these") and "\n1. " in asked and asked.endswith("with the number.")
    assert "on hold" in await talk("1") or "on hold" in await talk("2")
    assert "5 分钟内有效" in await talk("我愿意接收你们的优惠活动") and "已记录您的同意" in await talk("好")
    assert "优惠消息：不接收。" in await talk("撤销") and "已关闭提醒" in await talk("关闭提醒")
    assert "提醒：已打开。" in await talk("撤销") and "已退订" in await talk("退订")
    assert (await talk("撤销")).startswith("发送「接收优惠」即表示同意")
    assert await database.fetchval("SELECT array_agg(agreed ORDER BY id) FROM marketing_consent") == [
        True,
        False,
    ]
    assert "\n2. " in await talk("取消扣款")
    clock.set_offset(timedelta(minutes=6))
    assert await talk("2") == "上面的选项已经过时了，请再问一次。"
    assert "300.00" in await talk("余额低于300元提醒我") and "50.00" in await talk("撤销")


async def test_a_top_up_leads_to_the_page_where_it_is_paid(talking, memory):
    talk = await talking(memory, shop=door.Shop("一盏茶", pages=PAGES))
    await factories.topped_up(talk.customer_id, 100, 300, bonus_days=9)
    ends = clock.today() + timedelta(days=10)
    assert f"其中赠送 3.00 元 {ends} 到期" in await talk("余额")
    await database.execute("UPDATE recharge_package SET active = false")
    card = await packages.add(name="畅享卡", pay_fen=10_000, bonus_fen=1_000)
    small = await packages.add(name="体验卡", pay_fen=5_000, bonus_fen=0)
    said = await talk("充一百")
    link = '<a data-miniprogram-appid="wx-mini" data-miniprogram-path="pages/top-up{}">点这里充 {} 元</a>'
    assert said.endswith(link.format(f"?package_id={card.id}", "100.00")) and "充送 10.00 元" in said
    assert (await talk("第一个")).endswith(link.format(f"?package_id={small.id}", "50.00"))
    assert (await talk("充七十块")).endswith(link.format("?amount_fen=7000", "70.00"))
    bill_no = await factories.bill(talk.customer_id, 12_400)
    said = await talk("付账单")
    assert f'pages/bill?bill_no={bill_no}">余额还差 20.00 元' in said and "回复「确认」" not in said


async def test_nothing_of_anybody_else_is_done_whatever_is_remembered(talk, memory):
    other = await factories.customer(principal=9_000)
    theirs = await factories.bill(other.id, 3_000)
    own = await factories.bill(talk.customer_id, 3_000)
    await talk("付账单")
    (key,) = await memory.keys("yucun:chat:*")
    kept = json.loads(await memory.get(key))
    assert set(kept["proposal"]["subject"]) == {"bill_no"} and "学费" not in str(kept)
    kept["proposal"]["subject"]["bill_no"] = theirs
    await memory.set(key, json.dumps(kept))
    assert "没有找到" in await talk("确认")
    for broken in ("{", "[]", "null", '{"proposal": 1}', json.dumps(kept | {"more": 1}), json.dumps(kept | {"customer_id": other.id})):  # fmt: skip
        await memory.set(key, broken)
        assert (await talk("确认")).startswith("现在没有等您确认的事"), broken
        assert "尾号" in await talk("付账单") and await memory.get(key) != broken.encode()
    assert [(await bills.find(no)).state for no in (theirs, own)] == ["open", "open"]
    assert await factories.balance(other.id) == (9_000, 0)
    await talk("付账单")
    await database.execute("UPDATE customer SET state = 'blocked' WHERE id = $1", talk.customer_id)
    assert "目前无法使用" in await talk("确认") and (await bills.find(own)).state == "open"


async def test_without_redis_the_words_to_the_letter_do_it_and_nobody_waits(talking):
    waited_for = []

    async def hang(reader, writer):
        waited_for.append(1)
        await reader.read()
        writer.close()

    silent = await asyncio.start_server(hang, "127.0.0.1", 0)
    for port in (silent.sockets[0].getsockname()[1], 1):  # one that never answers, one that is not there
        away = redis.asyncio.Redis.from_url(f"redis://127.0.0.1:{port}", socket_timeout=2)
        talk = await talking(away)
        plan_id = await a_plan(talk)
        began = time.perf_counter()
        assert f"「暂停计划 {plan_id}」" in await talk("牛奶先停一停")
        assert (await talk("确认")).startswith("现在没有等您确认的事")
        assert "回复「确认」" not in await talk("牛奶先停一停")  # it would not be remembered
        assert (await talk(f"暂停计划 {plan_id}")).startswith("「牛奶」已暂停")
        order = await factories.order(talk.customer_id, 900)
        assert "已用余额付" in await talk(f"付订单 {order.order_no[-4:]} 9.00")
        order = await factories.order(talk.customer_id, 800)
        assert "可能已经付过" in await talk(f"付订单 {order.order_no[-4:]} 9.00")
        assert "已取消" in await talk(f"取消订单 {order.order_no[-4:]}")
        assert time.perf_counter() - began < 6
        assert len(waited_for) < 4, "once in a while, not for each of seven messages"
        await away.aclose()
    silent.close()


async def test_a_redis_that_goes_away_in_mid_dialogue_is_asked_again_when_it_is_back(
    talking, memory, redis_url
):
    address = urlsplit(redis_url)
    relayed = []

    async def relay(reader, writer):
        to_reader, to_writer = await asyncio.open_connection(address.hostname, address.port)
        relayed.extend((writer, to_writer))
        await asyncio.gather(_pass_on(reader, to_writer), _pass_on(to_reader, writer), return_exceptions=True)

    between = await asyncio.start_server(relay, "127.0.0.1", 0)
    port = between.sockets[0].getsockname()[1]
    url = address._replace(netloc=address.netloc.rpartition(":")[0] + f":{port}").geturl()
    async with redis.asyncio.Redis.from_url(url, socket_timeout=2) as away:
        talk = await talking(away)
        plan_id = await a_plan(talk)
        assert "回复「确认」" in await talk("牛奶先停一停")
        between.close()
        for writer in relayed:
            writer.close()
        began = time.perf_counter()
        assert (await talk("确认")).startswith("现在没有等您确认的事") and await state_of(plan_id) == "active"
        assert f"「暂停计划 {plan_id}」" in await talk("牛奶先停一停") and time.perf_counter() - began < 3
    (key,) = await memory.keys("yucun:chat:*")  # it is back, with what was asked before
    back = await talking(memory)
    back.phone = talk.phone
    assert (await back("确认")).startswith("您是要办这件事吗？") and await memory.exists(key)
    assert (await back("确认")).startswith("「牛奶」已暂停")


async def _pass_on(reader, writer):
    while chunk := await reader.read(4_096):
        writer.write(chunk)
    writer.close()


async def _waits(count=1):
    """Until so many statements wait for a lock."""
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    for _ in range(400):
        if await database.fetchval(waiting) >= count:
            return
        await asyncio.sleep(0.01)
    raise AssertionError("nobody waits")


async def test_a_plan_changed_in_the_chat_while_the_due_run_is_charging_it(talk, database_url):
    plan_id = await a_plan(talk)
    await talk("取消牛奶")
    async with _locked("bill", database_url):  # the run is stopped with the plan in its hands
        run = asyncio.create_task(deductions.run_due())
        await _waits(1)
        said = asyncio.create_task(talk("确认"))
        await _waits(2)
    assert (await run).charged == 1
    assert (await said).startswith("情况和刚才说的不一样了") and await state_of(plan_id) == "active"
    assert await factories.balance(talk.customer_id) == (7_000, 0)
    assert (await talk("确认")).startswith("「牛奶」已取消")
    assert f"是计划「牛奶」（编号 {plan_id}）第 1 期：{clock.today()} 至" in await talk("上一笔")
    other = await a_plan(talk, "鲜花", amount_fen=2_000)
    await talk("暂停鲜花")
    async with _locked("plan_event", database_url):  # the chat has it, the run comes by
        said = asyncio.create_task(talk("确认"))
        await _waits(1)
        assert (await deductions.run_due()).due == 0
    assert (await said).startswith("「鲜花」已暂停") and await state_of(other) == "paused"
    assert (await deductions.run_due()).due == 0 and await factories.balance(talk.customer_id) == (7_000, 0)


@contextlib.asynccontextmanager
async def _locked(table, database_url):
    """Nobody writes into a table."""
    connection = await asyncpg.connect(database_url)
    try:
        async with connection.transaction():
            await connection.execute(f"LOCK TABLE {table} IN EXCLUSIVE MODE")
            yield
    finally:
        await connection.close()


@pytest.mark.parametrize(
    ("text", "kind", "number"),
    [
        ("确认", "confirm", 0), ("確認。", "confirm", 0), ("「确认」", "confirm", 0), ("Confirm!", "confirm", 0), ("确认付款", "confirm", 0),
        ("好的", "yes", 0), ("ＯＫ", "yes", 0), ("好的，谢谢", "yes", 0), ("Yes, please", "yes", 0), ("是的～", "yes", 0),
        ("算了", "no", 0), ("取消", "no", 0), ("No thanks", "no", 0), ("不", "no", 0), ("never mind", "no", 0), ("撤销", "undo", 0), ("Undo.", "undo", 0),
        ("1", "pick", 1), ("１", "pick", 1), ("第二个", "pick", 2), ("选三", "pick", 3), ("the first one", "pick", 1), ("2nd", "pick", 2), ("last one", "pick", -1),
        ("", None, 0), ("0", None, 0), ("12", None, 0), ("确认付款 1234 30.00", None, 0), ("不确认", None, 0), ("好的奶茶", None, 0), ("是不是", None, 0),
        ("不好", None, 0), ("取消计划", None, 0), ("谢谢", None, 0), ("确认" * 20, None, 0), ("不要暂停", None, 0),
    ],
)  # fmt: skip
def test_answers_are_read_to_the_letter(text, kind, number):
    reply = assent.read(text)
    assert (reply and reply.kind, reply.number if reply else 0) == (kind, number)
