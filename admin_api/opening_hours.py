"""Opening hours of the shop and its stores."""

from typing import Annotated

from pydantic import Field, StringConstraints

from admin_api.services import Operator
from billing import workdays
from core import http as kit
from shop import open_days, opening_hours

Clock = Annotated[str, StringConstraints(max_length=5, pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$")]


class Span(kit.Body):
    opens: Annotated[Clock, Field(examples=["09:00"])]
    closes: Annotated[
        Clock,
        Field(description="不晚于 opens 即次日 · not after opens: of the day after", examples=["21:00"]),
    ]


Spans = Annotated[list[Span], Field(max_length=open_days.SPANS_MOST, description="空为休息 · none: closed")]


class SingleDay(kit.Body):
    day: kit.Day
    spans: Spans
    note_zh: Annotated[kit.Text, Field(max_length=30, examples=["盘点"])] = ""
    note_en: Annotated[kit.Text, Field(max_length=60)] = ""


class HoursTerms(kit.Body):
    weekly: Annotated[
        list[Spans], Field(min_length=7, max_length=7, description="从周一起七天 · seven days from Monday")
    ]
    holidays: Annotated[
        Spans | None,
        Field(description="法定节假日；null 与平时一样 · on public holidays; null: as on such a weekday"),
    ] = None
    days: Annotated[
        list[SingleDay],
        Field(
            max_length=open_days.DAYS_MOST, description="某天例外，先于其他 · single days, before all else"
        ),
    ] = Field(default_factory=list)


class SpanRow(kit.Answer):
    opens: str
    closes: str


class SingleDayRow(kit.Answer):
    day: kit.Day
    spans: list[SpanRow]
    note_zh: str
    note_en: str


class Hours(kit.Answer):
    weekly: list[list[SpanRow]]
    holidays: list[SpanRow] | None
    days: list[SingleDayRow]
    holidays_known_through: Annotated[
        int, Field(description="已公布节假日的最后一年 · the last year whose holidays are known")
    ]


async def of_shop() -> Hours:
    """Of the shop, and of every store of which nothing is said."""
    return _shown(await opening_hours.get(None))


async def put_of_shop(body: HoursTerms, caller: Operator) -> Hours:
    """Sets all of them."""
    return _shown(await opening_hours.put(caller.id, None, _read(body)))


async def remove_of_shop() -> None:
    """Nothing is said any more."""
    await opening_hours.remove(None)


async def of_store(code: Annotated[kit.No, Field(max_length=20)]) -> Hours:
    """Of one store."""
    return _shown(await opening_hours.get(code))


async def put_of_store(
    code: Annotated[kit.No, Field(max_length=20)], body: HoursTerms, caller: Operator
) -> Hours:
    """Sets all of them."""
    return _shown(await opening_hours.put(caller.id, code, _read(body)))


async def remove_of_store(code: Annotated[kit.No, Field(max_length=20)]) -> None:
    """The store is open as the shop is."""
    await opening_hours.remove(code)


def _read(body: HoursTerms) -> open_days.Hours:
    if len({one.day for one in body.days}) < len(body.days):
        raise open_days.HoursWrong(most=open_days.SPANS_MOST, days=open_days.DAYS_MOST)
    return open_days.Hours(
        tuple(_minutes(spans) for spans in body.weekly),
        None if body.holidays is None else _minutes(body.holidays),
        {one.day: open_days.Day(_minutes(one.spans), one.note_zh, one.note_en) for one in body.days},
    )


def _minutes(spans: list[Span]) -> open_days.Spans:
    found = []
    for span in spans:
        begins, ends = _minute(span.opens), _minute(span.closes)
        found.append((begins, ends if ends > begins else ends + 24 * 60))
    return tuple(found)


def _minute(written: str) -> int:
    return int(written[:2]) * 60 + int(written[3:])


def _shown(hours: open_days.Hours) -> Hours:
    return Hours(
        weekly=[_rows(spans) for spans in hours.weekly],
        holidays=None if hours.holidays is None else _rows(hours.holidays),
        days=[
            SingleDayRow(day=day, spans=_rows(one.spans), note_zh=one.note_zh, note_en=one.note_en)
            for day, one in sorted(hours.days.items())
        ],
        holidays_known_through=workdays.known_through(),
    )


def _rows(spans: open_days.Spans) -> list[SpanRow]:
    return [
        SpanRow(opens=open_days.clockface(begins), closes=open_days.clockface(ends)) for begins, ends in spans
    ]
