"""The demo's shop: what a fresh database is given so that there is something to look at."""

from __future__ import annotations

from datetime import date, timedelta

from billing import agreements, packages, plan_offers, plans_ahead, schedule, stores
from core import clock
from members import coupon_templates, duties, operators, points_rules, tiers
from shop import products

OPERATOR_LOGIN = "demo"
SECOND_LOGIN = "demo2"
"""The second person: what one of the two asks for, the other approves."""
OPERATOR_PASSWORD = "yucun-demo-only"  # noqa: S105 (a demo on loopback; printed at its start)

_CONSENT = (
    "我同意「一盏茶」按所列约定从我的预存余额中扣除所列金额；按用量的计划，每期按实际用量扣款，不超过所列上限。"
    "每次扣款后我会收到通知；我可以随时在「计划」中暂停、跳过或取消，取消后不再产生新的扣款。余额不足时不扣款，充值后补扣。"
)
_CONSENT_VERSION = "2026-11"

_AGREEMENT = """「一盏茶」预付卡协议

一、您充值的本金只用于在本店消费，永不过期；赠送金额按套餐注明的期限使用。
二、充值后 7 日内，如您此前未在本店消费过，可以无理由退款：未用的本金全部退回，未用的赠送收回。
三、7 日之后退款由门店审核。未用的部分按「实付 ÷（实付＋赠送）」的比例折算应退的本金，最多退到未用的本金，并按退回的比例收回赠送。
四、退款按原支付方式退回；超过支付渠道一年期限的，在门店柜台付给您。
五、门店停业前会提前公告，并退还您的全部余额。
"""
_AGREEMENT_VERSION = "2026-11"

MENU = {
    "button": [
        {"type": "click", "name": "余额", "key": "balance"},
        {"type": "click", "name": "充值", "key": "top_up"},
        {
            "name": "更多",
            "sub_button": [
                {"type": "click", "name": "明细", "key": "statement"},
                {"type": "click", "name": "订单", "key": "orders"},
                {"type": "click", "name": "账单", "key": "bills"},
                {"type": "click", "name": "帮助", "key": "help"},
                {"type": "miniprogram", "name": "打开小程序", "pagepath": "pages/home/index"},
            ],
        },
    ]
}
"""The official account's menu, as a merchant sets it up in WeChat's console; the keys are those of bot.commands."""


async def load() -> None:
    """Writes the shop's products, packages, plans and two operators, unless they are there already."""
    if await packages.page(limit=1):
        return
    await operators.create(login=OPERATOR_LOGIN, name="店长小周", password=OPERATOR_PASSWORD)
    await operators.create(
        login=SECOND_LOGIN, name="会计老吴", password=OPERATOR_PASSWORD, posts=[duties.Post("accountant")]
    )
    await agreements.publish(_AGREEMENT_VERSION, _AGREEMENT, operator="demo")
    await _products()
    await _plans()
    await _packages()
    await _points_and_coupons()


async def _plans() -> None:
    """One of each kind: plain, weekly with its own day, with a trial, on the very dates, by use."""
    rule, terms = schedule.Schedule, plans_ahead.Terms
    for name, agreed in (
        ("茶艺月课（每月4节）", terms(schedule.of_cycle("monthly"), 9_800)),
        ("每日鲜茶", terms(schedule.of_cycle("daily"), 1_200)),
        (
            "周五茶点",
            terms(rule("week", weekdays=(5,), closed_days="after"), 2_800, on_pause="shift", notice_days=1),
        ),
        ("茶友月卡", terms(rule("month"), 5_800, trial_periods=1, on_pause="shift", notice_days=3)),
        ("茶友年会员", terms(schedule.of_cycle("yearly"), 29_900, notice_days=7)),
        ("四季茶礼", terms(rule("dates", dates=_seasons(clock.today())), 16_800, notice_days=3)),
        ("包间茶席", terms(rule("month"), 3_600, unit="小时", most_fen=36_000, notice_days=1)),
    ):
        await plan_offers.add(plan_offers.Asked(name, agreed, _CONSENT_VERSION, _CONSENT))


_SEASONS = ((2, 4), (5, 5), (8, 7), (11, 7))
"""About when the four seasons begin by the calendar of tea: 立春, 立夏, 立秋, 立冬."""


def _seasons(today: date) -> tuple[date, ...]:
    """The next four of them, in their order."""
    days = (date(year, month, day) for year in (today.year, today.year + 1) for month, day in _SEASONS)
    return tuple(day for day in days if day > today)[: len(_SEASONS)]


async def _packages() -> None:
    """Something for everybody, and something that not everybody may have."""
    for code, name_zh, name_en, rank, spend_fen, points_percent in (
        ("silver", "银卡", "Silver", 10, 50_000, 120),
        ("gold", "金卡", "Gold", 20, 200_000, 150),
    ):
        rule = tiers.Rule(spend_fen, points_percent=points_percent)
        await tiers.put(code, name_zh=name_zh, name_en=name_en, rank=rank, rule=rule)
    for code, name in (("west-lake", "西湖店"), ("wulin", "武林店")):
        await stores.put(code, name=name)
    rules = packages.Rules
    until = clock.start_of(clock.today() + timedelta(days=30))
    for name, pay_fen, bonus_fen, bonus_days, limits in (
        ("首充礼：充50送10", 5_000, 1_000, 90, rules(first_time_only=True, sort_order=-1)),
        ("充100送5", 10_000, 500, None, rules()),
        ("充200送30", 20_000, 3_000, None, rules()),
        ("充500送100", 50_000, 10_000, 365, rules()),
        ("充800送240（限时）", 80_000, 24_000, 365, rules(until_at=until, per_customer=1, stock=200)),
        ("金卡：充1000送320", 100_000, 32_000, None, rules(tiers=["gold"])),
        ("西湖店：充300送60", 30_000, 6_000, 180, rules(stores=["west-lake"])),
    ):
        await packages.add(
            name=name, pay_fen=pay_fen, bonus_fen=bonus_fen, bonus_days=bonus_days, rules=limits
        )


async def _points_and_coupons() -> None:
    """A point for a yuan, a hundred of them worth one; and a coupon that a word at the door gives away."""
    await points_rules.put(points_rules.Rule(100, 100, 50, 100, None, 365, 7), by="demo")
    now = clock.now()
    coupon = coupon_templates.Terms(
        name="满100减10", kind="amount", off_fen=1_000, off_percent=None, most_fen=None, least_fen=10_000, products=None,
        categories=None, stacks="others", with_points=True, from_at=now, until_at=now + timedelta(days=90), days=30,
        per_customer=1, total=None, code="TEA10",
    )  # fmt: skip
    await coupon_templates.add(0, coupon, key="demo-coupon")


async def _products() -> None:
    sku = products.NewSku
    for name, description, skus in (
        ("明前龙井", "西湖一级产区，清明前手采", [sku("50克", 6_800, 120), sku("100克礼盒", 12_800, 40)]),
        ("正山小种", "桐木关松烟香，暖胃红茶", [sku("75克罐装", 5_800, 80)]),
        ("冷泡茉莉花茶", "横县茉莉，六窨一提，冷水即泡", [sku("10包", 2_900, 200), sku("30包", 7_900, 60)]),
        ("手作桂花糕", "当日现做，配茶刚好", [sku("一份", 1_800, 30)]),
        ("白瓷盖碗", "景德镇手拉坯，120毫升", [sku("单只", 8_800, 25)]),
        ("茶艺体验课（单次）", "90分钟，含三款茶", [sku("一位", 9_900, 12)]),
    ):
        await products.add(name=name, description=description, skus=skus)
