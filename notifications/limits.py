"""What the platforms take: how long and of which form a value of a template may be.

Subscribe and template messages: developers.weixin.qq.com, "发送订阅消息", limits by the type of a keyword (its name without the
digits); a value beyond them is refused with 47003. Template messages of official accounts are held to the same.
SMS: help.aliyun.com, "短信模板规范" and "短信内容长度计算规则": 70 characters are one piece, longer ones are cut into pieces of 67; a
message with its signature has at most 500. A variable: "单个变量的长度限制为1~35个字符" (document_detail/44357); Alibaba Cloud lifts that for who asks
(document_detail/3041859), which we make no use of. Customer-service texts: 2,048 bytes (45002).
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping

SMS_CHARS = 500
SMS_SIGNATURE_CHARS = (2, 12)
SMS_VARIABLE_CHARS = 35
TEXT_BYTES = 2_048
SUBJECT_CHARS = 100
MAIL_CHARS = 10_000
TITLE_CHARS = 40
BODY_CHARS = 500
_PIECE_CHARS, _LONG_PIECE_CHARS = 70, 67

_DAY = r"(\d{4}年\d{1,2}月\d{1,2}日|\d{4}[-/]\d{1,2}[-/]\d{1,2})"
_CLOCK = r"\d{1,2}:\d{2}(:\d{2})?"
_MOMENT = rf"(?:{_DAY}\s?{_CLOCK}|{_DAY}|{_CLOCK})"


def _form(pattern: str) -> Callable[[str], bool]:
    compiled = re.compile(pattern)
    return lambda value: compiled.fullmatch(value) is not None


_TYPES: Mapping[str, tuple[str, Callable[[str], bool]]] = {
    "thing": ("≤ 20 字 · characters", lambda value: len(value) <= 20),
    "number": ("≤ 32 位数字，可带小数 · digits, decimals allowed", _form(r"-?(?=[\d.]{1,32}$)\d+(\.\d+)?")),
    "letter": ("≤ 32 个字母 · letters", _form(r"[A-Za-z]{1,32}")),
    "symbol": ("≤ 5 个符号 · signs", _form(r"[^\w\s]{1,5}")),
    "character_string": ("≤ 32 位数字、字母或符号 · digits, letters or signs", _form(r"[\x21-\x7e]{1,32}")),
    "time": ("24 小时制时间，可带日期，可用 ~ 连接 · 15:01, with a date, a span by ~", _form(rf"{_MOMENT}(\s?~\s?{_MOMENT})?")),
    "date": ("年月日，可带时间 · a date, a time may follow", _form(rf"{_DAY}(\s?{_CLOCK})?(\s?~\s?{_MOMENT})?")),
    "amount": ("1 个币种符号 + ≤ 10 位数字，可带小数，可以“元”结尾 · one currency sign, ≤ 10 digits", _form(r"[¥￥$€£]?\d{1,10}(\.\d+)?元?")),
    "phone_number": ("≤ 17 位数字、符号 · digits, signs", _form(r"[0-9+\-]{1,17}")),
    "car_number": ("≤ 8 位 · characters", lambda value: len(value) <= 8),
    "name": ("≤ 10 个汉字或 20 个字母 · Chinese characters, or 20 letters", _form(r"[一-鿿·]{1,10}|[A-Za-z .]{1,20}")),
    "phrase": ("≤ 5 个汉字 · Chinese characters", _form(r"[一-鿿]{1,5}")),
}  # fmt: skip
KEYWORD = re.compile(r"([a-z_]+?)(\d{1,3})")


def keyword_type(keyword: str) -> str | None:
    """The type of a template's keyword (``thing1`` → ``thing``); None: it is not one the platform has."""
    match = KEYWORD.fullmatch(keyword)
    kind = match.group(1) if match else keyword
    return kind if kind in _TYPES or kind in ("const", "enum") else None


def wrong(keyword: str, value: str) -> str | None:
    """The limit that a value breaks, in both languages; None: the platform takes it."""
    if not value.strip() or re.search(r"[\x00-\x1f]", value):
        return "不为空，没有换行 · not empty, on one line"
    kind = keyword_type(keyword)
    if kind is None or kind in ("const", "enum"):
        return None
    limit, fits = _TYPES[kind]
    return None if fits(value) else limit


def fitted(keyword: str, value: str) -> str:
    """The value on one line, cut to what the platform takes where its type may be cut."""
    one_line = " ".join(value.split()) or "-"
    most = {"thing": 20, "car_number": 8}.get(keyword_type(keyword) or "")
    return f"{one_line[: most - 1]}…" if most is not None and len(one_line) > most else one_line


def sms_pieces(text: str) -> int:
    """How many pieces an SMS is sent (and paid) as; ``text`` with its signature."""
    return 1 if len(text) <= _PIECE_CHARS else math.ceil(len(text) / _LONG_PIECE_CHARS)
