"""Roles: those that always are, and those that the shop has composed."""

from typing import Annotated, Literal

from pydantic import Field

from admin_api.services import Operator
from core import http as kit
from members import amount_limits, duties, roles


class Most(kit.Body):
    most_fen: kit.Fen | None = None
    day_fen: kit.Fen | None = None


class Limits(kit.Body):
    counter: Annotated[
        Most | None, Field(description="柜台收款与撤销、付款凭证 · taken or undone at the counter, vouchers")
    ] = None
    adjustments: Annotated[
        Most | None,
        Field(
            description="调整余额、转给他人、对账差异 · of balances, from customer to customer, differences"
        ),
    ] = None
    refunds: Annotated[
        Most | None,
        Field(description="账单、充值、订单、预约的退款 · of bills, top-ups, orders and places"),
    ] = None
    write_offs: Annotated[
        Most | None, Field(description="核销、作废账单、免收一期 · what is owed and given up")
    ] = None
    credit: Annotated[
        Most | None, Field(description="调高后的信用额度 · what a credit limit is raised to")
    ] = None
    gifts: Annotated[
        Most | None, Field(description="积分与优惠券的价值 · what points and coupons are worth")
    ] = None

    def taken(self) -> dict[amount_limits.Kind, amount_limits.Most]:
        """As the desk takes them."""
        several = {kind: getattr(self, kind) for kind in amount_limits.KINDS}
        return {
            kind: amount_limits.Most(most.most_fen, most.day_fen)
            for kind, most in several.items()
            if most is not None
        }


_ALONE = (
    "独自能办的金额，按每位顾客一天、全部一天计，空为不限；超过的另请人复核，或不能办"
    " · how much may be moved alone, for each customer in a day and all together, empty: no limit; more waits for a "
    "second person, or is refused"
)


class RoleTerms(kit.Body):
    name: Annotated[kit.Name, Field(max_length=40, examples=["晚班组长"])]
    duties: Annotated[list[duties.Duty], Field(max_length=len(duties.DUTIES))]
    limits: Annotated[Limits, Field(description=_ALONE)] = Limits()


class RoleLimits(kit.Body):
    limits: Annotated[Limits, Field(description=_ALONE)]


class MostShown(kit.Answer):
    most_fen: int | None
    day_fen: int | None


class LimitsShown(kit.Answer):
    counter: MostShown | None = None
    adjustments: MostShown | None = None
    refunds: MostShown | None = None
    write_offs: MostShown | None = None
    credit: MostShown | None = None
    gifts: MostShown | None = None


class Role(kit.Answer):
    role: Annotated[str, Field(description="代码，岗位里用它 · what a post calls it", examples=["r8"])]
    name: Annotated[
        str | None, Field(description="自定义角色的名称；固有角色没有 · of one that the shop has composed")
    ]
    is_composed: bool
    holders: Annotated[int, Field(description="在职多少人有此角色 · how many who work for the shop have it")]
    state: Literal["active", "retired"]
    duties: list[str]
    unknown_duties: Annotated[
        list[str],
        Field(
            description="本版本不认识、因而不起作用的职责 · names that this version has no duty for; they allow nothing"
        ),
    ]
    limits: LimitsShown
    changed_by: Annotated[int | None, Field(description="最后修改人编号 · the operator who changed it last")]
    changed_at: kit.Instant | None


async def listing(query: kit.PageQuery) -> object:
    """All roles, those that always are first."""
    rows = await roles.page(after=query.after(int) or 0, limit=query.limit + 1)
    return kit.cut(rows, query, lambda row: row.id)


async def one(role: str) -> object:
    """One role."""
    return await roles.get(role)


async def compose(body: RoleTerms, caller: Operator, key: kit.IdempotencyKey) -> object:
    """A new role."""
    return await roles.compose(
        caller.id, name=body.name, duties=body.duties, limits=body.limits.taken(), key=key
    )


async def change(role: str, body: RoleTerms, caller: Operator) -> object:
    """Makes a role exactly this."""
    return await roles.change(caller.id, role, name=body.name, duties=body.duties, limits=body.limits.taken())


async def set_limits(role: str, body: RoleLimits, caller: Operator) -> object:
    """How much those may move on their own who have it."""
    return await roles.set_limits(caller.id, role, body.limits.taken())


async def retire(role: str, caller: Operator) -> object:
    """Nobody is given it any more."""
    return await roles.retire(caller.id, role)
