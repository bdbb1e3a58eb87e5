"""The demo's shop: what a fresh database is given so that there is something to look at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from app import demo_catalogue, demo_member
from billing import agreements, packages, plan_offers, plans_ahead, schedule, stores
from core import clock
from members import coupon_templates, duties, operators, points_rules, tiers
from shop import categories, images, open_days, opening_hours

OPERATOR_LOGIN = "demo"
SECOND_LOGIN = "demo2"
"""The second person: what one of the two asks for, the other approves."""
OPERATOR_PASSWORD = "tea-house-for-two"  # noqa: S105 (a demo on loopback; printed at its start)

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


_OPEN_FOR_DAYS = 42


async def load(pictures: images.Store, arrive: demo_member.Arrive) -> None:
    """Writes what the shop sells, its packages, plans, coupons, lessons to be booked, two operators and a member, unless they are there already. What is there
    after a start that was cut off stays, and the rest is added.

    The shop opened six weeks ago: this process's clock stands there and walks up to the present, so that the member has a history.
    """
    if any(one.name == _LAST_PACKAGE[0] for one in await packages.page(limit=100)):
        return
    days = demo_member.Days(clock.now())
    days.go_to(_OPEN_FOR_DAYS)
    try:
        await _load(pictures, arrive, days)
    finally:
        clock.stand_at(None)


async def _load(pictures: images.Store, arrive: demo_member.Arrive, days: demo_member.Days) -> None:
    owner = await operators.create(login=OPERATOR_LOGIN, name="店长小周", password=OPERATOR_PASSWORD)
    await operators.create(
        login=SECOND_LOGIN, name="会计老吴", password=OPERATOR_PASSWORD, posts=[duties.Post("accountant")]
    )
    await agreements.publish(_AGREEMENT_VERSION, _AGREEMENT, operator="demo")
    await _tiers_and_stores()
    await demo_catalogue.load(owner.id, pictures)
    await _packages(_PACKAGES)
    await _points()
    given = await _coupons(owner.id)
    member = await demo_member.load(owner.id, arrive, _AGREEMENT_VERSION, days)
    days.go_to(0)
    await demo_catalogue.prices(owner.id)
    await demo_catalogue.lessons(owner.id)
    await _plans()
    await demo_member.today(owner.id, member, given)
    await opening_hours.put(owner.id, None, open_days.Hours(_WEEK, ((10 * 60, 18 * 60),)))
    await _packages([_LAST_PACKAGE])  # by it the next start knows that all of it is there


async def _plans() -> None:
    """One of each kind: plain, weekly with its own day, with a trial, on the very dates, by use."""
    rule, terms = schedule.Schedule, plans_ahead.Terms
    there = {one.name for one in await plan_offers.page(limit=100)}
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
        if name not in there:
            await plan_offers.add(plan_offers.Asked(name, agreed, _CONSENT_VERSION, _CONSENT))


_WEEK = (((9 * 60, 21 * 60),),) * 5 + (((9 * 60, 22 * 60),),) * 2
"""When the tea house is open, from Monday: 几点关门 in the chat."""

_SEASONS = ((2, 4), (5, 5), (8, 7), (11, 7))
"""About when the four seasons begin by the calendar of tea: 立春, 立夏, 立秋, 立冬."""


def _seasons(today: date) -> tuple[date, ...]:
    """The next four of them, in their order."""
    days = (date(year, month, day) for year in (today.year, today.year + 1) for month, day in _SEASONS)
    return tuple(day for day in days if day > today)[: len(_SEASONS)]


async def _tiers_and_stores() -> None:
    for code, name_zh, name_en, rank, spend_fen, points_percent in (
        ("silver", "银卡", "Silver", 10, 50_000, 120),
        ("gold", "金卡", "Gold", 20, 200_000, 150),
    ):
        rule = tiers.Rule(spend_fen, points_percent=points_percent)
        await tiers.put(code, name_zh=name_zh, name_en=name_en, rank=rank, rule=rule)
    for code, name in (("west-lake", "西湖店"), ("wulin", "武林店")):
        await stores.put(code, name=name)


_Offered = tuple[str, int, int, int | None, dict[str, Any]]
_PACKAGES: tuple[_Offered, ...] = (
    ("首充礼：充50送10", 5_000, 1_000, 90, {"first_time_only": True, "sort_order": -1}),
    ("充100送5", 10_000, 500, None, {}),
    ("充200送30", 20_000, 3_000, None, {}),
    ("充500送100", 50_000, 10_000, 365, {}),
    ("充800送240（限时）", 80_000, 24_000, 365, {"per_customer": 1, "stock": 200, "days": 72}),
    ("金卡：充1000送320", 100_000, 32_000, None, {"tiers": ["gold"]}),
)
"""Something for everybody, and something that not everybody may have: name, paid, given, how long that lasts, and the rules."""
_LAST_PACKAGE: _Offered = ("西湖店：充300送60", 30_000, 6_000, 180, {"stores": ["west-lake"]})


async def _packages(wanted: Sequence[_Offered]) -> None:
    there = {one.name for one in await packages.page(limit=100)}
    for name, pay_fen, bonus_fen, bonus_days, limits in wanted:
        days = limits.get("days")
        until = None if days is None else clock.start_of(clock.today() + timedelta(days=days))
        rules = packages.Rules(
            until_at=until, **{field: value for field, value in limits.items() if field != "days"}
        )
        if name not in there:
            await packages.add(
                name=name, pay_fen=pay_fen, bonus_fen=bonus_fen, bonus_days=bonus_days, rules=rules
            )


async def _points() -> None:
    """A point for a yuan, a hundred of them worth one."""
    if await points_rules.current() is None:
        await points_rules.put(points_rules.Rule(100, 100, 50, 100, None, 365, 7), by="demo")


async def _coupons(operator_id: int) -> int:
    """One that a word at the door gives to everybody, one for tea things, and one that is issued by hand, whose id is returned."""
    there = {one.terms.name: one.id for one in await coupon_templates.page(limit=100)}
    now = clock.now()
    amount = coupon_templates.Terms(
        name="满100减10", kind="amount", off_fen=1_000, off_percent=None, most_fen=None, least_fen=10_000, products=None,
        categories=None, stacks="others", with_points=True, from_at=now, until_at=now + timedelta(days=180), days=30,
        per_customer=1, total=None, code="TEA10",
    )  # fmt: skip
    share = replace(amount, name="书画课九折", kind="percent", off_fen=None, off_percent=10, most_fen=8_000, least_fen=5_000,
                    categories=await _within("书画"), code="INK90")  # fmt: skip
    given = replace(amount, name="生日礼：立减20", off_fen=2_000, least_fen=5_000, days=90, code=None)
    for wanted in (amount, share, given):
        if wanted.name not in there:
            made = await coupon_templates.add(operator_id, wanted, key=f"demo-coupon-{wanted.name}")
            there[wanted.name] = made.id
    return there[given.name]


async def _within(name: str) -> list[int]:
    """The category of this name."""
    return [one.id for one in await categories.listing() if one.name == name]
