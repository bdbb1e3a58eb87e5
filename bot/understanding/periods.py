"""Periods and counts: 上个月, 这周, 最近三个月, 5月, 5月1日到10日, last week, 最近三笔."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from bot.understanding import numbers
from bot.understanding.spans import Span

_N = numbers.NUMBER
MOST_DAYS = 3_700
"""No account is older than this; what lies further back is no period."""


@dataclass(frozen=True, slots=True)
class Period:
    """From one day to another, both included."""

    first: date
    last: date


def find(text: str, today: date) -> Iterator[Span]:
    """Every period, as PERIOD, and how many changes are meant, as COUNT."""
    for pattern, read in _READ:
        for match in pattern.finditer(text):
            if (span := read(match, today)) is not None:
                yield span


# ── inside ──────────────────────────────────────────────────────────────────────────────────────────


def _days(first: date, last: date) -> Period | None:
    return Period(first, last) if first <= last and (last - first).days <= MOST_DAYS else None


def _month(year: int, month: int) -> Period | None:
    first = _date(year, month, 1)
    return None if first is None else Period(first, _month_after(first) - timedelta(days=1))


def _month_after(first: date, months: int = 1) -> date:
    count = first.year * 12 + first.month - 1 + months
    return date(count // 12, count % 12 + 1, 1)


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _fixed(make: Callable[[date], Period]) -> Callable[[re.Match[str], date], Span | None]:
    def read(match: re.Match[str], today: date) -> Span | None:
        return _span(match, make(today))

    return read


def _span(match: re.Match[str], period: Period | None) -> Span | None:
    return None if period is None else Span(match.start(), match.end(), "PERIOD", period)


def _week(today: date, ago: int) -> Period:
    monday = today - timedelta(days=today.weekday() + 7 * ago)
    return Period(monday, monday + timedelta(days=6))


def _months_ago(today: date, ago: int) -> Period:
    first = _month_after(today.replace(day=1), -ago)
    return Period(first, _month_after(first) - timedelta(days=1))


def _whole(text: str | None) -> int | None:
    worth = numbers.value(text) if text else None
    return int(worth) if worth is not None and worth == worth.to_integral_value() else None


def _year(text: str | None, today: date) -> int | None:
    if not text:
        return None
    if text in ("今年", "去年", "前年"):
        return today.year - ("今年", "去年", "前年").index(text)
    return int(text) if len(text) == 4 else 2000 + int(text)


def _latest(month: int, today: date) -> int:
    """The year whose month of this number began last."""
    return today.year if month <= today.month else today.year - 1


def _from_to(match: re.Match[str], today: date) -> Span | None:
    month, to_month = _whole(match["month"]), _whole(match["to_month"])
    day, to_day = _whole(match["day"]), _whole(match["to_day"])
    if month is None or day is None or to_day is None or not 1 <= month <= 12:
        return None
    year = _year(match["year"], today) or _latest(month, today)
    first, last = _date(year, month, day), _date(year, to_month or month, to_day)
    return None if first is None or last is None else _span(match, _days(first, last))


def _one_day(match: re.Match[str], today: date) -> Span | None:
    month, day = _whole(match["month"]), _whole(match["day"])
    if month is None or day is None or not 1 <= month <= 12:
        return None
    found = _date(_year(match["year"], today) or _latest(month, today), month, day)
    return None if found is None else _span(match, Period(found, found))


def _iso(match: re.Match[str], _today: date) -> Span | None:
    first = _date(*(int(part) for part in match["first"].split("-")))
    last = _date(*(int(part) for part in match["last"].split("-"))) if match["last"] else first
    return None if first is None or last is None else _span(match, _days(first, last))


def _named_month(match: re.Match[str], today: date) -> Span | None:
    month = _whole(match["month"])
    if month is None or not 1 <= month <= 12:
        return None
    return _span(match, _month(_year(match["year"], today) or _latest(month, today), month))


def _english_month(match: re.Match[str], today: date) -> Span | None:
    month = _ENGLISH_MONTHS.index(match["month"][:3]) + 1
    return _span(match, _month(int(match["year"] or _latest(month, today)), month))


def _months(match: re.Match[str], today: date) -> Span | None:
    month, to_month = _whole(match["month"]), _whole(match["to_month"])
    if month is None or to_month is None or not 1 <= month <= to_month <= 12:
        return None
    year = _year(match["year"], today) or _latest(month, today)
    first, last = _month(year, month), _month(year, to_month)
    return None if first is None or last is None else _span(match, _days(first.first, last.last))


def _english_days(match: re.Match[str], today: date) -> Span | None:
    month = _ENGLISH_MONTHS.index(match["month"][:3]) + 1
    to_month = _ENGLISH_MONTHS.index(match["to_month"][:3]) + 1 if match["to_month"] else month
    year = _latest(month, today)
    first, last = _date(year, month, int(match["day"])), _date(year, to_month, int(match["to_day"]))
    return None if first is None or last is None else _span(match, _days(first, last))


def _part_of_year(match: re.Match[str], today: date) -> Span | None:
    quarter = _whole(match["quarter"])
    first_month, months = (quarter * 3 - 2, 3) if quarter else (1 if match["half"] == "上" else 7, 6)
    first = date(_year(match["year"], today) or _latest(first_month, today), first_month, 1)
    return _span(match, Period(first, _month_after(first, months) - timedelta(days=1)))


def _last_units(match: re.Match[str], today: date) -> Span | None:
    many, unit = _whole(match["many"]), match["unit"]
    days = next(
        (days for starts, days in _UNIT_DAYS.items() if unit.removeprefix("个").startswith(starts)), 0
    )
    if not many or many * days > MOST_DAYS:
        return None
    months = {30: many, 365: 12 * many}.get(days)
    first = _same_day(today, -months) if months else today - timedelta(days=days * many - 1)
    return _span(match, _days(first, today))


_UNIT_DAYS = {
    ("天", "日", "day"): 1,
    ("周", "星期", "礼拜", "week"): 7,
    ("月", "month"): 30,
    ("年", "year"): 365,
}
"""The units that periods are counted in, with about how many days each has."""


def _same_day(today: date, months: int) -> date:
    """So many months on, one day later; the last day of a month that is too short."""
    first = _month_after(today.replace(day=1), months)
    after = _month_after(first) - timedelta(days=1)
    return first.replace(day=min(today.day, after.day)) + timedelta(days=1)


def _half_month(match: re.Match[str], today: date) -> Span | None:
    return _span(match, _days(today - timedelta(days=14), today))


def _half_year(match: re.Match[str], today: date) -> Span | None:
    return _span(match, _days(_same_day(today, -6), today))


def _count(match: re.Match[str], _today: date) -> Span | None:
    many = _whole(match["many"])
    return Span(match.start(), match.end(), "COUNT", many) if many and 2 <= many <= 1_000 else None


_ENGLISH_NAMES = "january|february|march|april|may|june|july|august|september|october|november|december|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec"
_ENGLISH_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_YEAR = r"(?P<year>(?:20)?[0-9]{2}(?=\s*[年])|今年|去年|前年)?\s*年?\s*的?"
_TO = r"\s*(?:-|~|到|至|—|–)\s*"
_READ: tuple[tuple[re.Pattern[str], Callable[[re.Match[str], date], Span | None]], ...] = (
    (re.compile(r"(?P<first>20\d\d-\d{1,2}-\d{1,2})(?:\s*(?:到|至|~|to)\s*(?P<last>20\d\d-\d{1,2}-\d{1,2}))?"), _iso),
    (re.compile(rf"{_YEAR}(?P<month>{_N})月(?P<day>{_N})[日号]?{_TO}(?:(?P<to_month>{_N})月)?(?P<to_day>{_N})[日号]?"), _from_to),
    (re.compile(r"(?<![0-9.])(?P<year>)(?P<month>[0-9]{1,2})[./](?P<day>[0-9]{1,2})(?:到|至|~|-)(?:(?P<to_month>[0-9]{1,2})[./])?(?P<to_day>[0-9]{1,2})(?![0-9.])"), _from_to),
    (re.compile(rf"{_YEAR}(?P<month>{_N})月份?{_TO}(?P<to_month>{_N})月份?(?![0-9{numbers.CHINESE}])"), _months),
    (re.compile(rf"(?:from )?(?P<month>{_ENGLISH_NAMES}) (?P<day>[0-9]{{1,2}})(?:st|nd|rd|th)? ?(?:to|until|till|through|-) ?(?:(?P<to_month>{_ENGLISH_NAMES}) )?(?P<to_day>[0-9]{{1,2}})(?:st|nd|rd|th)?\b"), _english_days),
    (re.compile(rf"{_YEAR}(?:第(?P<quarter>[1-4一二三四])季度|(?P<half>[上下])半年)"), _part_of_year),
    (re.compile(rf"{_YEAR}(?P<month>{_N})月(?:份)?(?P<day>{_N})[日号]"), _one_day),
    (re.compile(rf"{_YEAR}(?P<month>{_N})月份?(?![0-9{numbers.CHINESE}])"), _named_month),
    (re.compile(rf"(?:最近的?|近|最后|前|这)\s*(?P<many>{_N})\s*[笔条次项]"), _count),
    (re.compile(rf"(?P<many>{_N})\s*[笔条](?=[^0-9]|$)"), _count),
    (re.compile(rf"\b(?:last|latest|past|recent|previous)\s+(?P<many>{_N})\s+(?:transaction|charge|change|payment|entr|deduction|record|one)\w*"), _count),
    (re.compile(rf"(?:最近的?|近|过去的?|这|前)\s*(?P<many>{_N})\s*(?P<unit>天|日(?!子)|个?星期|个?礼拜|周|个月|年)"), _last_units),
    (re.compile(rf"\b(?:last|past|recent|previous)\s+(?P<many>{_N})\s+(?P<unit>days?|weeks?|months?|years?)\b"), _last_units),
    (re.compile(r"(?:最近|近|过去|这)半个?月"), _half_month),
    (re.compile(r"(?:最近|近|过去|这|前)半年|(?:last|past) (?:six months|half year)"), _half_year),
    (re.compile(r"上上个?月"), _fixed(lambda today: _months_ago(today, 2))),
    (re.compile(r"上个?月|last month|previous month"), _fixed(lambda today: _months_ago(today, 1))),
    (re.compile(r"这个?月|本月|当月|this month"), _fixed(lambda today: _months_ago(today, 0))),
    (re.compile(r"上上个?(?:周|星期|礼拜)"), _fixed(lambda today: _week(today, 2))),
    (re.compile(r"上个?(?:周|星期|礼拜)|last week|previous week"), _fixed(lambda today: _week(today, 1))),
    (re.compile(r"这个?(?:周|星期|礼拜)|本周|this week"), _fixed(lambda today: _week(today, 0))),
    (re.compile(r"大前天"), _fixed(lambda today: _ago(today, 3))),
    (re.compile(r"前天|the day before yesterday|day before yesterday"), _fixed(lambda today: _ago(today, 2))),
    (re.compile(r"昨天|昨日|昨儿|昨晚|yesterday|last night"), _fixed(lambda today: _ago(today, 1))),
    (re.compile(r"今天|今日|今儿|今早|today|this morning"), _fixed(lambda today: _ago(today, 0))),
    (re.compile(r"去年|last year"), _fixed(lambda today: _of_year(today.year - 1))),
    (re.compile(r"今年|本年|this year"), _fixed(lambda today: _of_year(today.year))),
    (re.compile(rf"\b(?:in |during |for )?(?P<month>(?!may\b(?! ?20))(?:{_ENGLISH_NAMES})|(?<=in )may|(?<=for )may|may(?= 20))\b(?: (?P<year>20\d\d))?"), _english_month),
)  # fmt: skip


def _ago(today: date, days: int) -> Period:
    day = today - timedelta(days=days)
    return Period(day, day)


def _of_year(year: int) -> Period:
    return Period(date(year, 1, 1), date(year, 12, 31))
