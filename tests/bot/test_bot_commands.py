"""What the account answers, asked from a phone through the platform in plain and in safe mode."""

import re
import time
from datetime import timedelta

import pytest

from billing import adjustments, bills, collecting, credit_limits, deductions, operator_holds, packages, plans
from bot import commands, replies
from bot.asker import Asker
from bot.settings import Shop
from core import clock, words
from core import db as database
from ledger import accounts, holds
from members import customers, points_rules, sign_in, tiers
from shop import orders, products
from tests import factories
from tests.billing import planning, refunding

MINUTE = r"\d{4}-\d\d-\d\d \d\d:\d\d"


async def tea(stock=9, price_fen=3800):
    (sku,) = (
        await products.add(name="龙井", description="", skus=[products.NewSku("一盒", price_fen, stock)])
    ).skus
    return sku.id


async def speak_english(phone):
    await database.execute("UPDATE customer SET locale = 'en' WHERE id = $1", phone.customer_id)


async def test_balance_is_told_with_its_parts(chats, join):
    phone = await join(chats, principal=20000, bonus=2000)
    assert await phone.ask("余额") == "可用余额：220.00 元\n本金 200.00 元，赠送 20.00 元"


async def test_balance_tells_what_is_held_and_that_it_is_low(chats, join):
    phone = await join(chats, principal=6000)
    await holds.place(accounts.of_customer(phone.customer_id), reference="hold:1", amount_fen=1500)
    assert await phone.ask("余额") == (
        "可用余额：45.00 元\n本金 60.00 元，赠送 0.00 元\n其中 15.00 元冻结中，暂时不能使用\n"
        "可用余额已低于 50.00 元的提醒线，发送「充值」可以查看充值套餐。"
    )
    await customers.set_threshold(phone.customer_id, None)
    assert "提醒线" not in await phone.ask("余额")


async def test_holds_are_told_with_what_for_and_until_when(chats, join):
    phone = await join(chats, principal=6000)
    assert await phone.ask("冻结") == "您的余额没有冻结。"
    ends = clock.start_of(clock.today() + timedelta(days=7))
    for title, until in (("茶具押金", ends), ("包厢预订", None)):
        await operator_holds.place(
            1, phone.customer_id, amount_fen=1500, title=title, expires_at=until, key=factories.key()
        )
    day = f"{clock.now().astimezone(clock.zone()):%Y-%m-%d}"
    assert await phone.ask("押金") == (
        f"现在冻结 30.00 元：\n· 包厢预订：15.00 元，{day} 冻结，由门店结清或解冻\n"
        f"· 茶具押金：15.00 元，{day} 冻结，{clock.today() + timedelta(days=7)} 00:00 自动解冻"
    )
    await speak_english(phone)
    assert (await phone.ask("on hold")).startswith("¥30.00 are on hold now:")


async def test_top_up_lists_the_packages_and_how_to_pay(chats, join):
    phone = await join(chats)
    how = "请打开「一盏茶」小程序，点「充值」，用微信支付付款，到账后即可使用。"
    assert await phone.ask("充值") == f"目前没有充值套餐，您可以按自己需要的金额充值。\n{how}"
    await packages.add(name="畅享卡", pay_fen=20000, bonus_fen=2000)
    await packages.add(name="体验卡", pay_fen=5000, bonus_fen=0)
    assert await phone.ask("充值") == (
        f"充值套餐：\n· 体验卡：充 50.00 元\n· 畅享卡：充 200.00 元，送 20.00 元\n{how}"
    )


async def test_top_up_lists_what_this_person_can_buy_with_what_limits_it(chats, join):
    phone = await join(chats)
    rules = packages.Rules
    await tiers.put("gold", name_zh="金卡", name_en="Gold", rank=1)
    await packages.add(name="金卡", pay_fen=900, bonus_fen=0, rules=rules(tiers=["gold"]))
    until = clock.start_of(clock.today() + timedelta(days=3))
    limits = rules(first_time_only=True, per_customer=1, until_at=until)
    await packages.add(name="新客", pay_fen=1000, bonus_fen=500, bonus_days=30, rules=limits)
    line = next(line for line in (await phone.ask("充值")).splitlines() if line.startswith("·"))
    ends = f"{clock.today() + timedelta(days=3):%Y-%m-%d} 00:00"
    assert (
        line == f"· 新客：充 10.00 元，送 5.00 元（限首次充值，每人限购 1 次，{ends} 截止，赠送 30 天内有效）"
    )
    assert (
        f"(first top-up only, at most 1 per customer, until {ends}, bonus lasts 30 days)"
        in await phone.ask("top up")
    )
    assert "金卡" not in await phone.ask("充值")


async def test_statement_shows_the_last_five_changes(chats, join):
    phone = await join(chats)
    assert await phone.ask("明细") == "您的账户还没有变动。充值或消费之后，发送「明细」就能看到每一笔。"
    sku = await tea()
    await gift(phone, 30000)
    for number in range(5):
        order = await orders.place(phone.customer_id, [orders.Wanted(sku, 1)], key=f"place-{number}")
        await orders.pay(phone.customer_id, order.order_no, key=f"paying-{number}")
    lines = (await phone.ask("明细")).split("\n")
    assert lines[0] == "最近 5 笔变动："
    assert len(lines) == 6
    assert re.fullmatch(MINUTE + r" 扣款（龙井） −38\.00 元，余额 110\.00 元", lines[1])
    assert re.fullmatch(MINUTE + r" 扣款（龙井） −38\.00 元，余额 262\.00 元", lines[5])
    await orders.cancel(phone.customer_id, order.order_no)
    assert re.fullmatch(
        MINUTE + r" 退款（.*） \+38\.00 元，余额 148\.00 元", (await phone.ask("明细")).split("\n")[1]
    )


async def gift(phone, amount_fen):
    await adjustments.adjust(
        1,
        phone.customer_id,
        kind="principal",
        amount_fen=amount_fen,
        reason="礼",
        key=f"gift-{amount_fen:08d}",
    )


async def test_the_last_deduction_is_told_with_the_money_it_took_and_the_rule(chats, join):
    phone = await join(chats, principal=2000, bonus=500)
    assert await phone.ask("上一笔") == "您的账户还没有扣过款。"
    order = await orders.place(
        phone.customer_id, [orders.Wanted(await tea(price_fen=1200), 1)], key="order-key-1"
    )
    await orders.pay(phone.customer_id, order.order_no, key="order-key-2")
    answer = await phone.ask("为什么扣钱")
    assert re.fullmatch(
        rf"上一笔扣款：{MINUTE}「龙井」12\.00 元。\n"
        r"· 赠送 5\.00 元，来自 [\d-]+ 的\S+\n· 本金 7\.00 元，来自 [\d-]+ 的\S+\n"
        r"扣款顺序：先用赠送，再用本金；先到期的先用。",
        answer,
    ), answer
    assert "bonus first" in await phone.ask("last deduction")


async def test_orders_shows_the_last_three_with_their_state(chats, join):
    phone = await join(chats, principal=10000)
    assert await phone.ask("订单") == "您还没有订单。打开「一盏茶」小程序就可以选购。"
    sku, other = await tea(), await tea()
    placed = [
        await orders.place(phone.customer_id, [orders.Wanted(sku, n)], key=f"place-{n}") for n in (1, 2, 3)
    ]
    await orders.pay(phone.customer_id, placed[1].order_no, key="paying-1")
    await orders.cancel(phone.customer_id, placed[2].order_no)
    both = [orders.Wanted(sku, 1), orders.Wanted(other, 1)]
    last = await orders.place(phone.customer_id, both, key="place-both")
    answer = await phone.ask("订单")
    assert answer.startswith("最近 3 笔订单：\n· 龙井 ×1 等 2 种商品，76.00 元，待付款\n")
    assert f"单号 {last.order_no}\n  请在 " in answer
    assert "· 龙井 ×3，114.00 元，已取消\n" in answer
    assert "· 龙井 ×2，76.00 元，已付款\n" in answer
    assert placed[0].order_no not in answer


async def test_plans_shows_what_runs_and_what_is_owed(chats, join):
    phone = await join(chats, principal=1000)
    assert await phone.ask("计划") == "您没有进行中的计划。\n目前没有待付的账单。"
    offer = await plans.add_offer(
        name="每月茶礼", amount_fen=9900, cycle="monthly", consent_version="1", consent_text="每月扣款"
    )
    subscribe = {"offer_id": offer.id, "consent_version": "1"}
    number = (await plans.subscribe(phone.customer_id, **subscribe, key="subscribe-1")).id
    cancelled = await plans.subscribe(phone.customer_id, **subscribe, key="subscribe-2")
    await plans.cancel(phone.customer_id, cancelled.id)
    answer = await phone.ask("计划")
    assert answer == (
        f"进行中的计划：\n· 每月茶礼（编号 {number}）：每月 99.00 元，下次扣款 {clock.today()}\n"
        f"回复「暂停计划 {number}」「恢复计划 {number}」「跳过计划 {number}」「取消计划 {number}」可以更改。\n目前没有待付的账单。"
    )
    await deductions.run_due()
    (bill,) = await bills.page(phone.customer_id, states=bills.OWED)
    answer = await phone.ask("计划")
    assert f"下次扣款 {clock.today()}" not in answer
    assert f"现在待付 99.00 元：\n· {bill.title}：99.00 元，{clock.today()} 到期" in answer
    assert answer.endswith("计划的欠款会在充值后自动扣除；其他账单请在小程序里付款。")


async def test_a_plan_is_paused_resumed_skipped_and_cancelled_by_its_number(chats, join):
    phone, other = await join(chats, principal=20_000), await join(chats)
    plan = await factories.plan(phone.customer_id, 900, cycle="weekly")
    assert (
        await phone.ask(f"暂停计划 {plan.id}")
        == f"「茶艺月课」已暂停，回复「恢复计划 {plan.id}」之前不扣款。"
    )
    assert f"· 茶艺月课（编号 {plan.id}）：已暂停" in await phone.ask("计划")
    assert await phone.ask(f"暂停计划{plan.id}") == "该计划目前没有在执行"
    assert await other.ask(f"恢复计划 {plan.id}") == "没有找到该计划"
    assert await phone.ask(f"恢復計劃 {plan.id}。") == "「茶艺月课」已恢复。"
    assert await phone.ask(f"跳过计划 {plan.id}") == f"「茶艺月课」{clock.today()} 的一期已跳过，不扣款。"
    assert (await deductions.run_due()).due == 0
    assert "is cancelled" in await phone.ask(f"Cancel plan {plan.id}")
    assert await phone.ask(f"跳过计划 {plan.id}") == "这个计划没有待扣的期。"
    assert "You have no plan running" in await phone.ask("plans")


async def test_what_is_skipped_is_the_next_period_that_can_be_and_a_plan_by_use_says_what_a_unit_costs(
    chats, join
):
    phone = await join(chats, principal=20_000)
    customer = await customers.get(phone.customer_id)
    plan_id = await planning.start(customer, "daily", 900)
    await database.execute(
        "UPDATE plan SET started_on = started_on - 1, last_due_on = last_due_on - 1 WHERE id = $1", plan_id
    )
    await database.execute("UPDATE plan_period SET due_on = due_on - 1 WHERE plan_id = $1", plan_id)
    assert await phone.ask(f"跳过计划 {plan_id}") == f"「月课」{clock.today()} 的一期已跳过，不扣款。", (
        "what was due yesterday is still to be taken"
    )
    assert (await deductions.run_due()).due == 1
    await planning.start(customer, "monthly", 3_600, unit="小时", most_fen=36_000)
    assert "每小时 36.00 元" in await phone.ask("计划")


async def test_bills_and_instalments_say_what_is_due_when(chats, join):
    phone = await join(chats, principal=1_000)
    assert await phone.ask("账单") == "目前没有待付的账单。"
    assert await phone.ask("分期") == "您没有分期付款的账单。"
    later = clock.today() + timedelta(days=9)
    await factories.bill(phone.customer_id, 4_200, title="材料费", due_on=later)
    bill_no = await factories.bill(phone.customer_id, 1_000)
    await factories.in_instalments(bill_no, channel=None)
    assert (
        await phone.ask("分期") == "「学费」有一个分 3 期的方案等您确认，请打开「一盏茶」小程序的账单查看。"
    )
    await factories.in_instalments(bill_no)
    await collecting.pay(phone.customer_id, bill_no, amount_fen=400, key="pay-some-1")
    answer = await phone.ask("账单")
    coming = clock.today() + timedelta(days=7)
    assert (
        f"· 学费：还欠 6.00 元，第 2/3 期 2.67 元，{coming} 到期\n· 材料费：42.00 元，{later} 到期" in answer
    )
    assert "目前没有到期的款项。" in answer
    answer = await phone.ask("分期")
    assert answer.startswith("「学费」分 3 期，已付 4.00 元，还欠 6.00 元：\n· 第 1 期 ")
    assert f"· 第 2 期 {coming} 3.33 元，已付一部分\n" in answer
    assert "¥2.67, due" in await phone.ask("bills") and "partly paid" in await phone.ask("instalments")


async def test_the_last_deduction_says_why_that_bill(chats, join):
    phone = await join(chats, principal=1_000)
    await factories.bill(phone.customer_id, 1_500, automatic=True, consent="报名表")
    await factories.topped_up(phone.customer_id, 1_000)
    assert (await phone.ask("上一笔")).endswith("有钱到账，自动结清先到期的账单。")


async def test_refunds_tells_what_may_go_back_and_how_the_last_ones_stand(chats, join):
    phone = await join(chats)
    assert await phone.ask("退款") == "您没有可以退的充值。"
    made = await factories.topped_up(phone.customer_id, 10_000, 2_000)
    assert re.fullmatch(
        "现在可以退的充值：\n"
        r"· \d{4}-\d\d-\d\d 充值 100.00 元：" + MINUTE + " 前可无理由退 100.00 元，收回赠送 20.00 元\n"
        "请打开「一盏茶」小程序，在「充值记录」里申请退款。",
        await phone.ask("能退多少"),
    )
    await refunding.ask_for(phone.customer_id, made.top_up_no)
    await speak_english(phone)
    assert re.fullmatch(
        "You have no top-up that may go back.\nYour last refunds:\n"
        r"· " + MINUTE + r" top-up refund of ¥100.00, on its way, no. R\d+",
        await phone.ask("refund status"),
    )


async def test_help_lists_the_words_and_each_of_them_is_understood(chats, join):
    phone = await join(chats)
    answer = await phone.ask("帮助")
    offered = re.findall("「(.+?)」", answer)
    assert offered == [
        "余额", "还能用多久", "充值", "明细", "上个月花了多少", "接下来扣什么", "上一笔", "冻结", "订单", "计划", "账单", "付账单", "分期", "退款",
        "积分", "优惠券", "余额低于50元提醒我", "消息设置", "退订", "接收优惠", "关闭提醒", "打开提醒", "开发票", "绑定", "解绑", "营业时间", "人工", "我的投诉", "帮助",
    ]  # fmt: skip
    told_elsewhere = {
        "pay_order",
        "standing",
        "bookings",
        "cancel_order",
        "pause_plan",
        "resume_plan",
        "skip_plan",
        "cancel_plan",
        "thanks",
    }
    for locale, quotes in (("zh-CN", "「(.+?)」"), ("en", '"(.+?)"')):
        listed = re.findall(quotes, words.say("bot.help.words", locale))
        understood = [commands.find(word).command.name for word in listed]
        assert sorted(understood) == sorted({one.name for one in commands.COMMANDS} - told_elsewhere)
        most = re.findall(quotes, words.say("bot.help.most", locale))
        assert [commands.find(word).command.name for word in most] == [
            "balance", "top_up", "statement", "upcoming", "orders", "help", "spent",
        ]  # fmt: skip


async def test_other_texts_get_a_short_help(chats, join):
    phone = await join(chats)
    answer = await phone.ask("今天天气真好")
    assert answer.startswith("抱歉，没有看懂。您可以发送：\n「余额」")
    assert await phone.ask("😀") == answer


async def test_menu_buttons_ask_the_same(chats, join):
    phone = await join(chats, principal=20000)
    for key in ("balance", "BALANCE", "余额"):
        assert (await phone.tap(key)).startswith("可用余额：200.00 元"), key
    assert (await phone.tap("top_up")).startswith("目前没有充值套餐")
    assert (await phone.tap("some-old-button")).startswith("抱歉，没有看懂")


async def test_links_in_the_menu_and_other_events_get_no_answer(chats, join):
    phone = await join(chats)
    chats.platform.platform.chat.tap_menu(phone.person, {"type": "view", "url": "https://shop.example/"})
    assert await phone.hear() == ""


async def test_an_english_customer_is_answered_in_english(chats, join):
    phone = await join(chats, principal=3000)
    await speak_english(phone)
    await packages.add(name="Gold", pay_fen=20000, bonus_fen=2000)
    sku = await tea()
    await orders.place(phone.customer_id, [orders.Wanted(sku, 1)], key="place-001")
    assert await phone.ask("余额") == (
        "Available balance: ¥30.00\nPrincipal ¥30.00, bonus ¥0.00\n"
        'Your available balance is below your alert line of ¥50.00. Send "top up" to see the packages.'
    )
    assert "· Gold: pay ¥200.00, get ¥20.00 bonus\nOpen the 一盏茶 mini-program" in await phone.ask("top up")
    assert "Adjustment by the shop (开业礼) +¥30.00, balance ¥30.00" in await phone.ask("history")
    assert "· 龙井 ×1, ¥38.00, waiting for payment" in await phone.ask("my orders")
    assert "You owe ¥38.00 now:\n· 龙井: ¥38.00, due " in await phone.tap("plans")
    assert (await phone.ask("随便说说")).startswith("Sorry, I did not understand that.")


async def test_a_question_in_english_is_answered_in_english(chats, join):
    phone = await join(chats, principal=20000)
    assert (await phone.ask("What's my balance?")).startswith("Available balance: ¥200.00")
    assert (await phone.ask("余额")).startswith("可用余额：200.00 元")


async def test_a_stranger_is_told_how_to_be_recognised(chats, arrive):
    phone = await arrive(chats)
    for text in ("余额", "明细", "订单", "计划"):
        assert await phone.ask(text) == (
            "暂时还没认出您：请先打开一次「一盏茶」小程序，稍后再发一次「余额」就可以了。\n"
            "也可以发送「绑定」，用绑定码把这个聊天和您的账户连起来。"
        )
    assert (await phone.ask("balance")).startswith("We do not know you yet")
    assert (await phone.ask("充值")).startswith("目前没有充值套餐")
    assert (await phone.ask("帮助")).startswith("您可以发送这些词：")
    assert (await phone.ask("whatever")).startswith("Sorry, I did not understand that.")


async def test_a_blocked_customer_is_refused_politely(chats, join):
    phone = await join(chats, principal=20000)
    await database.execute("UPDATE customer SET state = 'blocked' WHERE id = $1", phone.customer_id)
    for text in ("余额", "充值", "你好"):
        assert await phone.ask(text) == "抱歉，您的账户目前无法使用，如有疑问请联系门店。"


MEDIA = {
    "image": "<PicUrl><![CDATA[http://x/y]]></PicUrl><MediaId><![CDATA[m]]></MediaId>",
    "voice": "<MediaId><![CDATA[m]]></MediaId><Format><![CDATA[amr]]></Format>",
    "video": "<MediaId><![CDATA[m]]></MediaId><ThumbMediaId><![CDATA[t]]></ThumbMediaId>",
    "location": "<Location_X>23.1</Location_X><Location_Y>113.3</Location_Y><Scale>20</Scale><Label><![CDATA[x]]></Label>",
    "link": "<Title><![CDATA[t]]></Title><Description><![CDATA[d]]></Description><Url><![CDATA[http://x]]></Url>",
    "something_new": "",
}
UNREADABLE = {"image": "抱歉，我看不懂图片。", "voice": "抱歉，这段语音没有听出文字，", "video": "抱歉，我看不了视频，",
              "location": "抱歉，我看不懂位置。", "link": "抱歉，我打不开链接，"}  # fmt: skip


@pytest.mark.parametrize("kind", MEDIA)
async def test_messages_that_are_no_text_get_a_helpful_answer(connect, wire, kind):
    caller = wire(await connect("plain"))
    xml = caller.text("oA1", "", extra=MEDIA[kind]).replace("<Content><![CDATA[]]></Content>", "")
    answer = await caller.plain(xml.replace("[text]", f"[{kind}]"))
    assert answer.content.startswith(UNREADABLE.get(kind, "抱歉，我只看得懂文字。"))
    assert "您可以发送：\n「余额」" in answer.content


async def test_recognised_speech_is_understood_as_text(connect, wire):
    caller = wire(await connect("plain"))
    spoken = "<Recognition><![CDATA[帮我查一下余额。]]></Recognition>"
    answer = await caller.plain(caller.text("oA1", "", extra=spoken).replace("[text]", "[voice]"))
    assert answer.content.startswith("暂时还没认出您")


async def test_following_is_greeted_and_leads_to_the_account(chats, visit, platform):
    phone = visit(chats)
    person = phone.person
    welcome = await phone.follow()
    assert welcome.startswith("您好，欢迎关注一盏茶！")
    assert welcome.endswith("第一次来的话，请先打开一次「一盏茶」小程序，之后我们就能认出您的账户。")
    assert (await phone.ask("余额")).startswith("暂时还没认出您")
    assert await chats.look_up() == 1
    code = platform.platform.login.new_code(person)
    await sign_in.by_mini_program(chats.gateways.mini_program, platform.credentials.mini_app_id, code)
    assert (await phone.ask("余额")).startswith("可用余额：0.00 元")
    platform.platform.chat.unfollow(person)
    assert await phone.hear() == ""
    assert (
        await database.fetchval("SELECT follows FROM identity WHERE subject = $1", person.official_openid)
        is False
    )
    back = await phone.follow("store-1")
    assert back.startswith("您好，欢迎关注一盏茶！")
    assert "第一次来的话" not in back
    assert (
        await database.fetchval("SELECT follows FROM identity WHERE subject = $1", person.official_openid)
        is True
    )
    assert (await phone.follow("store-1")).startswith("您好，欢迎回到一盏茶！")


async def test_a_customer_who_signed_in_first_is_recognised_after_following(chats, join):
    phone = await join(chats, principal=100)
    assert (await phone.ask("余额")).startswith("可用余额：1.00 元")


async def test_a_long_answer_ends_at_a_whole_line_within_the_platforms_limit(chats, join):
    phone = await join(chats)
    for number in range(60):
        await packages.add(name=f"第{number:02}号超值充值大套餐", pay_fen=10000 + number, bonus_fen=100)
    answer = await phone.ask("充值")
    assert 1900 < len(answer.encode()) <= replies.MOST_BYTES
    *lines, last = answer.split("\n")
    assert last == "……内容较多，其余请在小程序里查看。"
    assert all(line.endswith("送 1.00 元") for line in lines[1:])


async def test_names_cannot_break_out_of_the_answer(chats, join):
    phone = await join(chats)
    await packages.add(name="]]></Content><x>&lt;\x0b", pay_fen=10000, bonus_fen=0)
    assert "· ]]></Content><x>&lt;：充 100.00 元" in await phone.ask("充值")


async def test_a_customer_without_an_account_hears_the_refusal_in_words(chats, join):
    phone = await join(chats)
    await database.execute("DELETE FROM account WHERE code = $1", accounts.of_customer(phone.customer_id))
    assert await phone.ask("余额") == words.say("errors.no_such_account", "zh-CN")


# ── understanding ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("余额", "balance"), (" 余 额 ", "balance"), ("余额？", "balance"), ("餘額", "balance"), ("查余额", "balance"),
        ("请帮我查一下余额，谢谢！", "balance"), ("我的余额还有多少", "balance"), ("BALANCE", "balance"), ("Ｂａｌａｎｃｅ", "balance"),
        ("check my balance please", "balance"), ("我还有多少钱", "balance"), ("还有多少钱", "balance"), ("余额😀", "balance"),
        ("充值", "top_up"), ("我要充值", "top_up"), ("儲值", "top_up"), ("top up", "top_up"), ("Top-up", "top_up"),
        ("怎么充值？", "top_up"), ("recharge", "top_up"),
        ("明细", "statement"), ("明細", "statement"), ("最近的消费记录", "statement"), ("最近消费记录", "statement"),
        ("statement", "statement"), ("my transactions", "statement"), ("流水", "statement"),
        ("订单", "orders"), ("訂單", "orders"), ("查看我的订单", "orders"), ("my orders", "orders"),
        ("计划", "plans"), ("計劃", "plans"), ("計畫", "plans"), ("账单", "bills"), ("我现在欠多少钱", "bills"),
        ("what do I owe?", "bills"), ("分期", "instalments"), ("next instalment", "instalments"), ("subscriptions", "plans"),
        ("帮助", "help"), ("幫助", "help"), ("help", "help"), ("?", "help"), ("？", "help"), ("你好", "help"),
        ("", None), ("查", None), ("请问", None), ("余额不足怎么办", "top_up"), ("退款", "refunds"), ("我要退款", "refunds"), ("退货", "orders"), ("balances sheet", None),
        ("余额" * 30, "balance"), ("查" * 4000, None),
    ],
)  # fmt: skip
def test_words_are_understood(text, name):
    found = commands.find(text)
    assert (found and found.command.name) == name


def test_every_name_of_a_command_is_a_menu_key():
    for command in commands.COMMANDS:
        assert commands.by_menu_key(command.name).command is command
        assert commands.by_menu_key(command.name.upper()).command is command


def test_understanding_is_quick_on_anything():
    began = time.thread_time()  # not what others do on the machine
    for text in ("请帮我查询查看看看" * 5, "please" * 7, "我的" * 20, "showmethe" * 4):
        commands.find(text)
    assert time.thread_time() - began < 0.2


def test_both_languages_have_all_sentences_with_the_same_places():
    keys = {key for key in words.keys("zh-CN") if key.startswith("bot.")}
    assert keys == {key for key in words.keys("en") if key.startswith("bot.")}
    for state in ("placed", "paid", "completed", "cancelled"):
        assert f"bot.orders.state.{state}" in keys
    for cycle in ("daily", "weekly", "monthly", "yearly"):
        assert f"bot.plans.cycle.{cycle}" in keys


def test_one_endless_line_is_cut_between_characters():
    cut = replies.fit(["余" * 1000], more="……")
    assert len(cut.encode()) <= replies.MOST_BYTES
    assert cut.endswith("余…\n……")


def test_an_asker_names_the_shop():
    assert "一盏茶" in Asker(None, "en", Shop("一盏茶")).say("greeting.stranger")


async def test_forecast_tells_how_long_the_balance_lasts_and_what_it_is_spent_on(chats, join):
    phone = await join(chats, principal=20_000)
    assert await phone.ask("还能用多久") == "可用余额 200.00 元。目前没有计划、待付账单和消费习惯可供推算。"
    await customer_orders_tea(phone, 7_000)
    today = clock.today()
    assert await phone.ask("预测") == (
        f"可用余额 130.00 元，还能用 14 天，{today + timedelta(days=14)} 用完。其间：\n· 按平时的消费 14 天，约 140.00 元\n"
        "消费记录还不多，结果仅供参考。"
    )
    await speak_english(phone)
    assert (await phone.ask("forecast")).startswith("¥130.00 available: it lasts 14 more days")


async def test_balance_tells_the_credit(chats, join):
    phone = await join(chats, principal=20_000)
    await credit_limits.set_limit(
        1, phone.customer_id, limit_fen=10_000, automatic_only=False, reason="r", assessed=False, key="limit-it"
    )  # fmt: skip
    assert "信用额度 100.00 元，已用 0.00 元，还可用 100.00 元" in await phone.ask("余额")


async def customer_orders_tea(phone, price_fen):
    wanted = [orders.Wanted(await tea(price_fen=price_fen), 1)]
    placed = await orders.place(phone.customer_id, wanted, key=f"place-{price_fen}")
    return await orders.pay(phone.customer_id, placed.order_no, key=f"pay-{price_fen}")


# ── in other words ──────────────────────────────────────────────────────────────────────────────────


async def test_an_amount_that_is_named_is_taken_up(chats, join):
    phone = await join(chats)
    await packages.add(name="畅享卡", pay_fen=20000, bonus_fen=2000)
    assert (await phone.ask("我想充两百块")).startswith("您想充 200.00 元，现在充送 20.00 元。\n充值套餐：")
    assert (await phone.ask("充一百二十块五")).startswith("您想充 120.50 元。\n充值套餐：")


async def test_a_period_is_told_with_its_balances_and_in_sums(chats, join):
    phone = await join(chats)
    today = clock.today()
    assert await phone.ask("今天花了多少") == f"{today} 至 {today} 账户没有变动。"
    await gift(phone, 30000)
    await customer_orders_tea(phone, 3_800)
    assert await phone.ask("今天花了多少钱") == (
        f"{today} 至 {today} 消费 38.00 元，退回 0.00 元。各项合计：\n· 扣款 1 笔，−38.00 元\n· 门店调整 1 笔，+300.00 元"
    )
    head, sums, *lines = (await phone.ask("今天的明细")).split("\n")
    assert sums == "合计：扣款 −38.00 元；门店调整 +300.00 元"
    assert head == f"{today} 至 {today}：期初 0.00 元，期末 262.00 元"
    assert [line.split(" ", 2)[2] for line in lines] == [
        "扣款（龙井） −38.00 元，余额 262.00 元", "门店调整（礼） +300.00 元，余额 300.00 元",
    ]  # fmt: skip
    assert (await phone.ask("上个月的明细")).endswith("\n这段时间账户没有变动。")
    assert (await phone.ask("最近两笔")).startswith("最近 2 笔变动：")
    await speak_english(phone)
    assert f"{today} to {today}: ¥38.00 spent" in await phone.ask("how much did I spend today")


async def test_of_many_changes_in_a_period_the_last_are_told(chats, join):
    phone = await join(chats)
    for number in range(17):
        await gift(phone, 100 + number)
    lines = (await phone.ask("今天的明细")).split("\n")
    assert lines.pop(1) == f"合计：门店调整 +{sum(range(100, 117)) / 100:.2f} 元"
    assert len(lines) == 17 and lines[-1] == "只列出最近 15 笔，完整对账单请在小程序里下载。"
    assert "+1.16 元" in lines[1] and "+1.02 元" in lines[15]


async def test_what_comes_next_is_told_with_whether_it_is_covered(chats, join):
    phone = await join(chats, principal=5_000)
    assert await phone.ask("接下来要扣什么") == "接下来没有要扣的款，也没有待付的账单。"
    await planning.start(
        await customers.get(phone.customer_id), amount_fen=12_000, trial_periods=1, trial_fen=600
    )
    (plan,) = await plans.page(phone.customer_id)
    await database.execute("UPDATE plan SET name = '牛奶月订' WHERE id = $1", plan.id)
    asked = await phone.ask("下次什么时候扣钱")
    assert asked.startswith("接下来要扣或要付的：\n· ") and "牛奶月订：6.00 元" in asked
    assert asked.endswith("共 6.00 元，可用余额 50.00 元，够付。")
    await factories.bill(phone.customer_id, 6_000)
    assert (await phone.ask("接下来扣什么")).endswith("共 66.00 元，可用余额 50.00 元，还差 16.00 元。")
    for words_for_it, verb in (
        ("牛奶月订先停一阵", "暂停"),
        ("不想再扣钱了", "取消"),
        ("这个月先不扣", "跳过"),
    ):
        said = await phone.ask(words_for_it)
        assert f"· 牛奶月订：「{verb}计划 {plan.id}」" in said, said
    assert (await plans.get(phone.customer_id, plan.id)).state == "active"
    assert await phone.ask("恢复扣款") == "您没有已暂停的计划。"
    await phone.ask(f"暂停计划 {plan.id}")
    assert f"「恢复计划 {plan.id}」" in await phone.ask("继续送牛奶月订吧")


async def test_points_and_coupons_are_told(chats, join):
    phone = await join(chats)
    assert await phone.ask("我有多少积分") == "这家店没有积分。"
    assert await phone.ask("有没有优惠券可以用") == "您现在没有可用的优惠券。"
    await points_rules.put(points_rules.Rule(100, 100, 50, 200, None, 30), by="operator:1")
    assert (
        await phone.ask("积分") == "可用积分：0\n下单时每 100 分抵 1 元\n每 200 分可在小程序里换 1 元赠送金"
    )


async def test_the_alert_is_set_by_words(chats, join):
    phone = await join(chats, principal=6_000)
    assert (await phone.ask("余额提醒")).startswith("现在可用余额低于 50.00 元时提醒您。")
    assert await phone.ask("余额低于三十块提醒我") == "好的，可用余额低于 30.00 元时提醒您。"
    assert (await customers.get(phone.customer_id)).low_balance_threshold_fen == 3_000
    assert (await phone.ask("余额低于50块不要提醒我")).startswith("现在可用余额低于 30.00 元时提醒您。")
    assert await phone.ask("不要余额提醒") == "好的，余额不足不再提醒您。"
    assert (await customers.get(phone.customer_id)).low_balance_threshold_fen is None


async def test_what_is_not_sure_is_asked_back_and_people_are_named(chats, join):
    phone = await join(chats)
    await speak_english(phone)
    asked = await phone.ask("how much deposit are you holding")
    assert asked.startswith("Which of these do you mean?") and asked.count('· "') == 2
    assert "asked our people to join" in await phone.ask("I want to talk to a human")
    assert await phone.ask("back") == 'I am back. Send "help" to see what I can do.'
    assert await phone.ask("thanks a lot") == "You are welcome. Send us a message whenever you need us."
    await gift(phone, 3_800)
    await customer_orders_tea(phone, 3_800)
    assert "ask for an after-sale" in await phone.ask("my order arrived broken")
