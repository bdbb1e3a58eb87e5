"""Instalments: looking at how a bill would be split, arranging it, ending it."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from admin_api.bills import PlannedPart, Voiding
from admin_api.services import Operator
from billing import bill_records, instalment_schedule, instalments
from core import http as kit


class EqualParts(kit.Body):
    kind: Literal["equal"]
    count: Annotated[
        int, Field(ge=1, le=instalment_schedule.MOST_PARTS, description="期数 · how many parts", examples=[3])
    ]
    first_due_on: kit.Day
    every: Annotated[
        Literal["week", "month", "days"],
        Field(description="每周、每月，或每隔 days 天 · or every `days` days"),
    ] = "month"
    days: Annotated[int, Field(ge=1, le=366)] = 30
    down_payment_fen: Annotated[kit.Fen, Field(description="首付，立即到期 · due at once")] = 0


class AskedPart(kit.Body):
    amount_fen: kit.PositiveFen
    due_on: kit.Day


class CustomParts(kit.Body):
    kind: Literal["custom"]
    parts: Annotated[list[AskedPart], Field(min_length=1, max_length=instalment_schedule.MOST_PARTS)]


Schedule = Annotated[EqualParts | CustomParts, Field(discriminator="kind")]


class AskedInstalments(kit.Body):
    schedule: Schedule


class NewArrangement(kit.Body):
    schedule: Schedule
    automatic: Annotated[
        bool, Field(description="到期自动从余额扣，条款须写明 · taken when due; the text must say so")
    ]
    consent_version: Annotated[
        str,
        StringConstraints(min_length=1, max_length=20, pattern=r"^[\x21-\x7e]+$"),
        Field(examples=["2026-11"]),
    ]
    consent_text: Annotated[
        kit.Paragraphs, Field(min_length=1, description="顾客同意的条款 · what the customer agrees to")
    ]
    consent_channel: Annotated[
        instalments.ConsentChannel | None,
        Field(
            description="顾客已当面、电话或书面同意；不填则请顾客在小程序确认 · how the customer agreed; left out: they are "
            "asked in the mini-program"
        ),
    ] = None


class Preview(kit.Answer):
    parts: list[PlannedPart]


async def preview(bill_no: str, body: AskedInstalments) -> Preview:
    """The parts, nothing kept."""
    planned = await instalments.preview(bill_no, _schedule(body.schedule))
    return Preview(
        parts=[
            PlannedPart(part_no=number, amount_fen=part.amount_fen, due_on=part.due_on)
            for number, part in enumerate(planned, 1)
        ]
    )


async def arrange(bill_no: str, body: NewArrangement, caller: Operator, key: kit.IdempotencyKey) -> object:
    """Arranges or proposes instalments."""
    terms = instalments.Terms(
        _schedule(body.schedule),
        body.automatic,
        body.consent_version,
        body.consent_text,
        body.consent_channel,
    )
    await instalments.arrange(caller.id, bill_no, terms, key=key)
    return await bill_records.read(bill_no)


async def cancel(bill_no: str, body: Voiding, caller: Operator, key: kit.IdempotencyKey) -> object:
    """Ends the instalments; the rest is due."""
    await instalments.cancel(caller.id, bill_no, reason=body.reason, key=key)
    return await bill_records.read(bill_no)


def _schedule(asked: EqualParts | CustomParts) -> instalment_schedule.Schedule:
    if isinstance(asked, EqualParts):
        return instalment_schedule.EqualParts(
            asked.count, asked.first_due_on, asked.every, asked.days, asked.down_payment_fen
        )
    return instalment_schedule.CustomParts(
        tuple(instalment_schedule.Planned(part.amount_fen, part.due_on) for part in asked.parts)
    )
