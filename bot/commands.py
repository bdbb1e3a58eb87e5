"""Words and menu keys → what is answered.

A text is understood when nothing but a command's word is left of it after polite words around it are taken away: "请帮我查一下
余额，谢谢！" is 余额. Simplified, traditional and English; full-width letters, spaces, signs and emoji do not matter.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from bot import (
    balance,
    bills,
    forecast,
    help,
    holds,
    instalments,
    last_deduction,
    messaging,
    orders,
    pay_bill,
    plan_changes,
    plans,
    refunds,
    statement,
    top_up,
)
from bot.asker import Asker

Answer = Callable[[Asker], Awaitable[list[str]]]


@dataclass(frozen=True, slots=True)
class Command:
    """Something that can be asked. ``name`` is its key in menus; strangers are answered only where that makes sense."""

    name: str
    answer: Answer
    chinese: tuple[str, ...]
    english: tuple[str, ...]
    for_strangers: bool = False


COMMANDS = (
    Command(
        "balance",
        balance.answer,
        ("余额", "餘額", "账户余额", "帳戶餘額", "可用余额", "剩余金额", "剩多少钱", "还有多少钱", "還有多少錢", "钱包", "錢包"),
        ("balance", "account balance", "available balance", "how much do i have", "how much money do i have", "wallet"),
    ),
    Command(
        "forecast",
        forecast.answer,
        ("还能用多久", "還能用多久", "能用多久", "还能用几天", "還能用幾天", "能用几天", "能用幾天", "预测", "預測", "余额预测", "餘額預測",
         "什么时候用完", "什麼時候用完", "够用多久", "夠用多久"),
        ("forecast", "how long will it last", "how long does it last", "when does it run out"),
    ),
    Command(
        "top_up",
        top_up.answer,
        ("充值", "儲值", "储值", "加值", "充钱", "充錢", "充值套餐", "套餐", "怎么充值", "怎麼充值", "如何充值", "续费", "續費"),
        ("top up", "recharge", "add money", "packages", "how to top up", "deposit"),
        for_strangers=True,
    ),
    Command(
        "statement",
        statement.answer,
        ("明细", "明細", "流水", "余额明细", "餘額明細", "消费记录", "消費記錄", "变动记录", "變動記錄", "扣费记录", "扣費記錄",
         "交易记录", "交易記錄", "账户明细", "帳戶明細", "充值记录", "儲值記錄"),
        ("statement", "history", "transactions", "changes", "account history"),
    ),
    Command(
        "last_deduction",
        last_deduction.answer,
        ("上一笔", "上一筆", "上次扣款", "最近一笔扣款", "最近一筆扣款", "为什么扣钱", "為什麼扣錢", "为什么扣款", "扣了什么", "扣了什麼",
         "怎么扣的", "怎麼扣的", "扣的什么钱"),
        ("last deduction", "last charge", "why was i charged", "what was taken"),
    ),
    Command(
        "holds",
        holds.answer,
        ("冻结", "凍結", "冻结明细", "凍結明細", "冻结余额", "凍結餘額", "押金", "预授权", "預授權", "为什么冻结", "為什麼凍結"),
        ("holds", "hold", "on hold", "frozen", "frozen balance", "deposit held"),
    ),
    Command(
        "orders",
        orders.answer,
        ("订单", "訂單", "订单状态", "訂單狀態", "买了什么", "買了什麼"),
        ("orders", "order", "order status", "purchases"),
    ),
    Command(
        "plans",
        plans.answer,
        ("计划", "計劃", "計畫", "订阅", "訂閱", "扣费计划", "扣費計劃", "周期扣款", "週期扣款", "自动扣款", "自動扣款"),
        ("plans", "plan", "subscriptions", "subscription"),
    ),
    Command(
        "bills",
        bills.answer,
        ("账单", "帳單", "待付账单", "待付款", "待缴费", "待繳費", "欠费", "欠費", "欠款", "欠多少钱", "欠多少錢"),
        ("bills", "bill", "due", "what do i owe"),
    ),
    Command(
        "pay_bill",
        pay_bill.answer,
        ("付账单", "付帳單", "付款", "支付账单", "支付帳單", "交账单", "缴费", "繳費", "还款", "還款", "付学费", "付學費"),
        ("pay bill", "pay bills", "pay my bill", "pay a bill", "pay"),
    ),
    Command(
        "instalments",
        instalments.answer,
        ("分期", "分期付款", "分期账单", "分期帳單", "分几期", "分幾期", "下一期"),
        ("instalments", "installments", "instalment", "installment", "next instalment"),
    ),
    Command(
        "refunds",
        refunds.answer,
        ("退款", "退錢", "退钱", "退费", "退費", "充值退款", "退充值", "怎么退款", "怎麼退款", "退款进度", "退款進度", "能退多少", "可以退多少"),
        ("refund", "refunds", "refund status", "how much can i get back", "money back"),
    ),
    Command(
        "message_settings",
        messaging.settings,
        ("消息设置", "消息設置", "消息設定", "提醒设置", "提醒設置", "通知设置", "通知設置", "免打扰", "免打擾"),
        ("message settings", "notification settings", "notifications", "do not disturb"),
    ),
    Command(
        "unsubscribe",
        messaging.unsubscribe,
        ("退订", "退訂", "td", "不再接收优惠", "不接收优惠"),
        ("unsubscribe", "stop", "opt out"),
    ),
    Command(
        "subscribe_offers",
        messaging.subscribe,
        ("接收优惠", "接收優惠", "同意接收优惠", "同意接收優惠"),
        ("receive offers", "subscribe to offers", "opt in"),
    ),
    Command(
        "reminders_off",
        messaging.reminders_off,
        ("关闭提醒", "關閉提醒", "不要提醒", "取消提醒"),
        ("reminders off", "turn off reminders", "no reminders"),
    ),
    Command(
        "reminders_on",
        messaging.reminders_on,
        ("打开提醒", "打開提醒", "开启提醒", "開啟提醒"),
        ("reminders on", "turn on reminders"),
    ),
    Command(
        "help",
        help.answer,
        ("帮助", "幫助", "说明", "說明", "菜单", "菜單", "功能", "怎么用", "怎麼用", "你好", "您好", "在吗", "在嗎"),
        ("help", "menu", "hi", "hello", "?"),
        for_strangers=True,
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Found:
    """A command that was asked for, and the language it was asked in (None: a menu was tapped)."""

    command: Command
    locale: str | None


def find(text: str) -> Found | None:
    """The command a person's text asks for; None when it is none we know."""
    if (confirmed := pay_bill.confirmed(text)) is not None:
        confirmation, locale = confirmed
        return Found(Command("confirm_payment", confirmation.answer, (), ()), locale)
    if (asked := plan_changes.asked(text)) is not None:
        change, locale = asked
        return Found(Command("change_plan", change.answer, (), ()), locale)
    return _match(_bare(text))


def by_menu_key(key: str) -> Found | None:
    """The command of a menu button, by its name or any word of it."""
    found = _KEYS.get(_bare(key)) or _match(_bare(key))
    return Found(found.command, None) if found else None


# ── inside ──────────────────────────────────────────────────────────────────────────────────────────

_BEFORE = (
    "请", "請", "麻烦", "麻煩", "帮我", "幫我", "帮", "幫", "给我", "給我", "我想", "我要", "我的", "我", "想", "要", "查询", "查詢",
    "查看", "查一下", "查下", "查", "看一下", "看下", "看看", "看", "问一下", "問一下", "一下", "显示", "顯示", "现在", "現在", "目前",
    "最近", "还有", "還有", "please", "check", "show", "see", "view", "get", "me", "my", "the", "whats", "whatis", "whatare",
    "iwantto", "iwant", "canisee", "latest", "recent", "current",
)  # fmt: skip
_AFTER = (
    "查询", "查詢", "查看", "是多少", "有多少", "还有多少", "還有多少", "多少", "有哪些", "是什么", "是什麼", "情况", "情況", "一下", "吗",
    "嗎", "呢", "吧", "啊", "呀", "了", "谢谢", "謝謝", "please", "thanks", "thankyou", "now",
)  # fmt: skip
_MOST_CHARS = 40


def _bare(text: str) -> str:
    """Letters, digits and Chinese characters only, in one width and case."""
    folded = unicodedata.normalize("NFKC", text[: _MOST_CHARS * 4]).casefold()
    bare = "".join(char for char in folded if unicodedata.category(char)[0] in "LN")
    return bare or ("?" if "?" in folded else "")


def _match(bare: str) -> Found | None:
    """Takes polite words off until a word is left; every way of taking them off is tried, the shortest rest first."""
    if not bare or len(bare) > _MOST_CHARS:
        return None
    waiting, seen = [bare], {bare}
    while waiting:
        text = waiting.pop(0)
        if text in _WORDS:
            return _WORDS[text]
        shorter = {text.removeprefix(word) for word in _BEFORE} | {text.removesuffix(word) for word in _AFTER}
        fresh = shorter - seen - {""}
        seen |= fresh
        waiting.extend(sorted(fresh, key=lambda rest: (len(rest), rest)))
    return None


def _table() -> dict[str, Found]:
    table: dict[str, Found] = {}
    for command in COMMANDS:
        for locale, listed in (("zh-CN", command.chinese), ("en", command.english)):
            for word in listed:
                assert _bare(word) not in table, f"{word} means two things"
                table[_bare(word)] = Found(command, locale)
    return table


_WORDS: Mapping[str, Found] = _table()
_KEYS: Mapping[str, Found] = {_bare(command.name): Found(command, None) for command in COMMANDS}
