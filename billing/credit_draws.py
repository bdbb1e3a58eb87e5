"""Draws on credit 信用额度: paying what a balance does not cover, and paying back first of all when money comes in."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from core import clock, db, ids
from ledger import accounts, credit_line, posting
from notifications import outbox

if TYPE_CHECKING:
    from billing import bills, collecting


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is wanted for a locked bill; ``or_less``: as far as it goes."""

    bill: bills.Bill
    amount_fen: int
    or_less: bool

    def after(self, collected: collecting.Collected) -> Wanted | None:
        """What is still wanted after something was taken; None when that was all."""
        left_fen = self.amount_fen - collected.taken_fen
        return Wanted(collected.bill, left_fen, self.or_less) if left_fen else None


@dataclass(frozen=True, slots=True)
class Draw:
    """So much to be drawn, which with what is available covers what is wanted. ``number``: what it is for, where it is not the
    bill's next payment itself."""

    wanted: Wanted
    amount_fen: int
    number: str | None = None

    @property
    def reference(self) -> str:
        return f"credit_draw:{self.number or f'{self.wanted.bill.bill_no}:{self.wanted.bill.paid_fen}'}"

    def transfer(self, operator: str) -> posting.Transfer:
        bill = self.wanted.bill
        customer = accounts.of_customer(bill.customer_id)
        return credit_line.draw(
            customer, self.amount_fen, reference=self.reference, operator=operator, memo=bill.title
        )


async def plan(wanted: Sequence[Wanted], *, operator: str) -> list[Draw]:
    """What to draw for locked bills that the balances do not cover, in the given order; nothing for those whose customers have
    no credit left, or not enough of it. Their accounts are locked, and stay as they are found until the draws are posted."""
    if not wanted:
        return []
    rooms = await credit_line.rooms([accounts.of_customer(one.bill.customer_id) for one in wanted])
    draws = []
    own = {code: room.available_fen for code, room in rooms.items()}
    left = {code: room.left_fen for code, room in rooms.items()}
    for one in wanted:
        code = accounts.of_customer(one.bill.customer_id)
        if code not in rooms or (rooms[code].automatic_only and operator != "clock"):
            continue
        draw_fen = one.amount_fen - own[code]
        if one.or_less:
            draw_fen = min(draw_fen, left[code])
        if not 0 < draw_fen <= left[code]:
            continue
        draws.append(Draw(one, draw_fen))
        own[code] = 0
        left[code] -= draw_fen
    return draws


async def tell(drawn: Collection[Draw]) -> None:
    """Tells the customers what was drawn."""
    now = clock.now()
    await outbox.tell(
        [
            outbox.Message(
                draw.wanted.bill.customer_id,
                "credit_drawn",
                draw.reference,
                {"title": draw.wanted.bill.title, "amount_fen": draw.amount_fen, "at": now},
            )
            for draw in drawn
        ]
    )


async def repay(customer_id: int, *, memo: str = "") -> None:
    """Pays back used credit from available principal, as far as it goes, in the caller's transaction; tells the customer."""
    code = accounts.of_customer(customer_id)
    posted = await credit_line.repay(code, reference=ids.new_no("C"), operator="clock", memo=memo)
    if posted is None:
        return
    line = await credit_line.of(customer_id)
    params = {
        "amount_fen": posted.moved_fen,
        "used_fen": line.used_fen,
        "available_fen": posted.available_after_fen,
        "at": clock.now(),
    }
    await outbox.tell([outbox.Message(customer_id, "credit_repaid", posted.reference, params)])


async def repay_freed(*, limit: int = 200) -> int:
    """Pays back credit of customers whose principal became available otherwise than by money coming in, as when a hold ends.
    Run by the clock. Returns how many customers."""
    freed = await credit_line.owing_and_able(limit=limit)
    for code in freed:
        async with db.transaction():
            await repay(accounts.customer_of(code))
    return len(freed)
