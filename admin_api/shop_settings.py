"""The shop's settings: what they are now, who changed them last, what they were before, and choosing them, a subject at a time."""

from collections.abc import Mapping
from typing import Annotated, Any

import pydantic
from pydantic import Field

from billing import shop_settings, term_bounds
from core import http as kit


class _Revised(pydantic.BaseModel):
    revision: Annotated[
        kit.No,
        Field(
            description="读到时的版本，修改时原样带回；期间被改过则不保存 · of what was read, sent back with a change; refused where it was changed since",
            examples=["1f0c27ab93d4e586"],
        ),
    ]


class _TopUps(_Revised):
    top_up_min_fen: Annotated[
        term_bounds.Fen, Field(description="自选金额充值最少 · the smallest top-up of a free amount")
    ]
    top_up_max_fen: Annotated[term_bounds.Fen, Field(description="自选金额充值最多 · the greatest")]
    customer_transfers: Annotated[
        bool, Field(description="顾客可以自己转赠余额 · customers may give each other balance")
    ]


class _Orders(_Revised):
    orders_need_review: Annotated[
        bool, Field(description="付款后先由店员确认 · somebody confirms an order that is paid")
    ]
    unpaid_orders_most: Annotated[
        term_bounds.UnpaidOrders,
        Field(description="每位顾客最多几张未付订单 · unpaid orders of one customer"),
    ]
    complete_after_days: Annotated[
        term_bounds.CompleteDays, Field(description="发货几天后自动完成 · days from shipping to completed")
    ]
    after_sales_days: Annotated[
        term_bounds.AfterSalesDays,
        Field(description="完成后几天内可申请售后 · days in which goods may be returned"),
    ]
    order_down_payment_percent: Annotated[
        term_bounds.DownPaymentPercent,
        Field(description="分期订单的首付比例 · paid at once of an order by instalments"),
    ]
    included_tax_percent: Annotated[
        term_bounds.TaxPercent, Field(description="价格中所含税率 · tax within prices")
    ]


class _Plans(_Revised):
    plan_price_notice_days: Annotated[
        term_bounds.NoticeDays,
        Field(description="涨价提前几天通知 · told so many days before a higher price"),
    ]
    customers_change_plans: Annotated[
        bool, Field(description="顾客可以自己暂停、跳过、结束 · customers pause, skip and end themselves")
    ]
    standing_hours_ahead: Annotated[
        term_bounds.HoursAhead, Field(description="周期订购提前几小时下单 · hours from the order to its day")
    ]
    due_soon_days: Annotated[
        term_bounds.DueSoonDays,
        Field(description="扣款前几天提醒，0 不提醒 · told so many days before; 0: never"),
    ]
    overdue_days: Annotated[
        term_bounds.OverdueDays,
        Field(description="逾期每隔几天提醒 · days between reminders of what is overdue"),
    ]


class _Dunning(_Revised):
    dunning_retry_days: Annotated[
        term_bounds.RetryDays, Field(description="扣款失败后第几天再试 · tried again after so many days")
    ]
    dunning_partial: Annotated[bool, Field(description="余额不足时先扣一部分 · takes what is there")]
    dunning_grace_days: Annotated[term_bounds.GraceDays, Field(description="宽限几天 · days of grace")]
    dunning_suspends: Annotated[bool, Field(description="宽限之后暂停计划 · suspends the plan afterwards")]


class _Care(_Revised):
    bonus_reminder_days: Annotated[
        term_bounds.NoticeDays,
        Field(description="赠送金到期前几天提醒，0 不提醒 · told before bonus ends; 0: never"),
    ]
    birthday_messages: Annotated[bool, Field(description="生日祝福 · writes on birthdays")]
    missed_after_days: Annotated[
        term_bounds.MissedDays,
        Field(description="几天没来时问候，0 不问 · writes after so many days away; 0: never"),
    ]


class TopUpTerms(_TopUps, kit.Body):
    pass


class TopUps(_TopUps, kit.Answer):
    pass


class OrderTerms(_Orders, kit.Body):
    pass


class Orders(_Orders, kit.Answer):
    pass


class PlanTerms(_Plans, kit.Body):
    pass


class Plans(_Plans, kit.Answer):
    pass


class DunningTerms(_Dunning, kit.Body):
    pass


class Dunning(_Dunning, kit.Answer):
    pass


class CareTerms(_Care, kit.Body):
    pass


class Care(_Care, kit.Answer):
    pass


class Setting(kit.Answer):
    subject: Annotated[str, Field(examples=["orders"])]
    name: Annotated[str, Field(examples=["complete_after_days"])]
    value: Any
    default: Annotated[Any, Field(description="设置文件里的值 · what the settings' file has")]
    is_chosen: Annotated[bool, Field(description="在控制台里改过 · operators chose it otherwise")]
    of_file_alone: Annotated[bool, Field(description="只能在设置文件里改 · only the file says it")]
    operator_name: str | None
    changed_at: kit.Instant | None


class RulesOfTable(kit.Answer):
    of_table: str
    rows: int
    operator_name: str | None
    changed_at: kit.Instant | None


class HistoryQuery(kit.PageQuery):
    of: Annotated[
        kit.Name,
        Field(
            max_length=60,
            description="设置或规则表的名称 · a setting, or a table of rules",
            examples=["after_sales_days"],
        ),
    ]


class SettingHistory(kit.Answer):
    id: int
    act_id: int
    row_id: int | None
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    operator_name: str
    changed_at: kit.Instant


async def listing() -> kit.Page[Setting]:
    """All of them."""
    return kit.Page[Setting](items=[Setting.model_validate(one) for one in await shop_settings.listing()])


async def rules() -> kit.Page[RulesOfTable]:
    """The tables of rules, with who changed one last."""
    return kit.Page[RulesOfTable](
        items=[RulesOfTable.model_validate(one) for one in await shop_settings.rules()]
    )


async def history(query: HistoryQuery) -> object:
    """The latest changes first."""
    rows = await shop_settings.history(query.of, before=query.after(int), limit=query.limit + 1)
    return kit.cut(rows, query, lambda row: row.id)


async def top_ups() -> Mapping[str, Any]:
    """As they are now."""
    return await shop_settings.chosen("top_ups")


async def put_top_ups(body: TopUpTerms) -> Mapping[str, Any]:
    """Sets them."""
    return await _put("top_ups", body)


async def orders() -> Mapping[str, Any]:
    """As they are now."""
    return await shop_settings.chosen("orders")


async def put_orders(body: OrderTerms) -> Mapping[str, Any]:
    """Sets them."""
    return await _put("orders", body)


async def plans() -> Mapping[str, Any]:
    """As they are now."""
    return await shop_settings.chosen("plans")


async def put_plans(body: PlanTerms) -> Mapping[str, Any]:
    """Sets them."""
    return await _put("plans", body)


async def dunning() -> Mapping[str, Any]:
    """As they are now."""
    return await shop_settings.chosen("dunning")


async def put_dunning(body: DunningTerms) -> Mapping[str, Any]:
    """Sets them."""
    return await _put("dunning", body)


async def care() -> Mapping[str, Any]:
    """As they are now."""
    return await shop_settings.chosen("care")


async def put_care(body: CareTerms) -> Mapping[str, Any]:
    """Sets them."""
    return await _put("care", body)


async def _put(subject: str, body: _Revised) -> Mapping[str, Any]:
    return await shop_settings.put(subject, body.model_dump(exclude={"revision"}), revision=body.revision)
