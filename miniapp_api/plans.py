"""Plans: what can be subscribed to, subscribing with consent, ending it."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from billing import plans
from core import http as kit
from miniapp_api.services import Customer

Cycle = Literal["daily", "weekly", "monthly", "yearly"]


class PlanOffer(kit.Answer):
    id: int
    name: Annotated[str, Field(examples=["每月会员"])]
    amount_fen: Annotated[int, Field(examples=[3000])]
    cycle: Cycle
    consent_text: Annotated[str, Field(description="订阅即同意的条款 · what subscribing agrees to")]
    consent_version: Annotated[str, Field(examples=["2026-11"])]


class NewPlan(kit.Body):
    offer_id: Annotated[kit.Id, Field(examples=[1])]
    consent_version: Annotated[
        str,
        StringConstraints(min_length=1, max_length=20, pattern=r"^[\x21-\x7e]+$"),
        Field(description="顾客看到的条款版本 · the version the customer read", examples=["2026-11"]),
    ]


class Nothing(kit.Body):
    """An empty object: the address says everything."""


class Plan(kit.Answer):
    plan_id: Annotated[int, Field(validation_alias="id")]
    name: str
    amount_fen: int
    cycle: Cycle
    state: Annotated[str, Field(examples=["active", "paused", "cancelled"])]
    next_due_on: Annotated[date, Field(description="下次扣款日 · when the next period is deducted")]
    started_on: date
    warn_periods: Annotated[
        int | None,
        Field(
            description="余额不够几期时提醒，null 不提醒 · warn when the balance does not cover so many periods; null: never"
        ),
    ]


class Warning(kit.Body):
    periods: Annotated[int | None, Field(ge=1, le=plans.MOST_WARN_PERIODS, examples=[2])]


async def offers() -> kit.Page[PlanOffer]:
    """All plans on offer."""
    return kit.Page[PlanOffer](items=[PlanOffer.model_validate(one) for one in await plans.offers()])


async def subscribe(body: NewPlan, caller: Customer, key: kit.IdempotencyKey) -> object:
    """Starts a plan today."""
    return await plans.subscribe(
        caller.id, offer_id=body.offer_id, consent_version=body.consent_version, key=key
    )


async def listing(query: kit.PageQuery, caller: Customer) -> object:
    """The newest first."""
    rows = await plans.page(caller.id, before=query.after(int), limit=query.limit + 1)
    return kit.cut(rows, query, lambda row: row.id)


async def cancel(plan_id: int, body: Nothing, caller: Customer) -> object:
    """Ends a plan."""
    return await plans.cancel(caller.id, plan_id)


async def set_warning(plan_id: int, body: Warning, caller: Customer) -> object:
    """From now on the customer is warned when so many periods are not covered, or never."""
    return await plans.set_warning(caller.id, plan_id, body.periods)
