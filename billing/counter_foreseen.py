"""What a top-up at the counter would come to, before the money is taken: for whoever asks the customer whether that is right."""

from __future__ import annotations

from dataclasses import dataclass

from billing import agreements, counter, package_rules, parts, top_ups
from core import clock, db
from ledger import accounts
from members import customers, limits


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What is paid and given. ``overdue_fen``: what is due of the customer's bills and will be taken from it at once;
    ``agreement_version``: what has to be signed first, None: nothing; ``waits``: a second person decides first."""

    pay_fen: int
    bonus_fen: int
    bonus_days: int | None
    balance_fen: int
    balance_after_fen: int
    overdue_fen: int
    agreement_version: str | None
    waits: bool


_OVERDUE = f"""
SELECT coalesce(sum(b.listed_fen - {parts.NOT_YET_DUE_FEN.format(instant="$2")}), 0)::bigint FROM bill b
WHERE b.customer_id = $1 AND b.listed_fen IS NOT NULL AND b.pending_no IS NULL AND b.automatic AND b.due_at <= $2
"""


async def of(operator_id: int, wish: counter.TopUpWish) -> Foreseen:
    """What the top-up would be now, if this operator took it; ``balance_after_fen`` is before bills are taken from it. Nothing is promised by it.

    Raises:
        NoSuchCustomer, CustomerHasLeft, NoSuchAccount, PackageOrAmount, AmountOutOfRange, NoSuchStore, and what ``package_rules`` says
        against it.
    """
    customers.refuse_left(await customers.get(wish.customer_id))
    async with db.transaction():
        allowance = await limits.of(operator_id, "counter", "money.take", store=wish.store or "")
        agreed = await top_ups.terms_of(wish.customer_id, wish.package_id, wish.amount_fen, wish.store)
        fits = await allowance.fits(agreed.pay_fen, accounts.of_customer(wish.customer_id))
    balance = await accounts.balance(wish.customer_id)
    overdue_fen: int = await db.fetchval(_OVERDUE, wish.customer_id, clock.now())
    return Foreseen(
        agreed.pay_fen,
        agreed.bonus_fen,
        agreed.bonus_days,
        balance.balance_fen,
        balance.balance_fen + agreed.pay_fen + agreed.bonus_fen,
        overdue_fen,
        await _to_sign(),
        counter.needs_second_person(agreed.pay_fen) or not fits,
    )


async def _to_sign() -> str | None:
    try:
        return (await agreements.current()).version
    except agreements.NoSuchAgreement:
        return None


REFUSALS = (
    counter.NoSuchCustomer, counter.CustomerHasLeft, counter.NoSuchAccount, top_ups.PackageOrAmount, top_ups.AmountOutOfRange,
    *package_rules.REFUSALS,
)  # fmt: skip
"""What ``of`` says against a wish."""
