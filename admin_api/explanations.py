"""Why a customer's balance is what it is."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from admin_api.customers import Change
from billing import statements
from core import http as kit
from members import customers, operators


class Origin(kit.Answer):
    customer_id: Annotated[int, Field(description="当时属于哪位顾客 · whose it was then")]
    source: Annotated[str, Field(examples=["top_up:T26112300"])]
    came_at: kit.Instant


class Lot(kit.Answer):
    id: int
    kind: Annotated[str, Field(examples=["principal", "bonus"])]
    source: Annotated[str, Field(description="来自哪一笔 · the transfer it came from")]
    original_fen: int
    remaining_fen: int
    expires_at: kit.Instant | None
    created_at: kit.Instant
    origins: Annotated[
        list[Origin],
        Field(
            description="这笔钱经过转赠、合并的来历，最后一项是最初入账 · the way it came over transfers and merges, the first credit last"
        ),
    ]


class Piece(kit.Answer):
    lot_id: int
    kind: str
    source: str
    amount_fen: Annotated[int, Field(description="带符号：扣出为负 · signed: what was taken is negative")]
    expires_at: kit.Instant | None
    came_at: kit.Instant
    origins: list[Origin]


class Explanation(kit.Answer):
    change: Change
    operator_name: Annotated[str | None, Field(description="操作员工的姓名 · the operator's name")]
    burn_policy: Annotated[str | None, Field(description="当时的扣减顺序 · the burn order it was taken by")]
    reverses: Annotated[str | None, Field(description="退回或冲正的是哪一笔 · what it undid")]
    matched_by: Annotated[
        str | None, Field(description="自动抵扣账单时按的规则 · the rule that chose the bill")
    ]
    pieces: list[Piece]


async def lots(customer_id: int) -> kit.Page[Lot]:
    """What the balance is made of, what expires first at the head."""
    customer = await customers.get(customer_id)
    rows = await statements.lots(customer.id)
    ways = await _ways([row.id for row in rows])
    items = [Lot.model_validate({**_shown(Lot, row), "origins": ways[row.id]}) for row in rows]
    return kit.Page[Lot](items=items)


async def why(customer_id: int, change_id: kit.Id) -> Explanation:
    """Which lots one change moved, why those, and who did it."""
    found = await statements.why(customer_id, change_id)
    ways = await _ways([piece.lot_id for piece in found.pieces])
    pieces = [
        Piece.model_validate({**_shown(Piece, piece), "origins": ways[piece.lot_id]})
        for piece in found.pieces
    ]
    return Explanation(
        change=Change.model_validate(found.change),
        operator_name=await _name(found.change.operator),
        burn_policy=found.burn_policy,
        reverses=found.reverses,
        matched_by=found.matched_by,
        pieces=pieces,
    )


async def _ways(lot_ids: Sequence[int]) -> dict[int, list[Origin]]:
    found = await statements.origins_of(lot_ids)
    return {lot_id: [Origin.model_validate(step) for step in way] for lot_id, way in found.items()}


async def _name(operator: str) -> str | None:
    kind, _, number = operator.partition(":")
    if kind != "operator" or not number.isdigit():
        return None
    return (await operators.names([int(number)])).get(int(number))


def _shown(answer: type[kit.Answer], row: object) -> dict[str, object]:
    return {name: getattr(row, name) for name in answer.model_fields if hasattr(row, name)}
