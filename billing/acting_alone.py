"""What one operator does alone with one customer's money: it adds up, and above the shop's limit a second person agrees (``billing.approvals``)."""

from __future__ import annotations

from datetime import timedelta

from billing import standing, terms
from core import clock, db
from ledger import accounts
from members import customers, limits


def needed(amount_fen: int) -> bool:
    """Whether an act that moves so much needs a second person whatever else was done."""
    return abs(amount_fen) > terms.current().approval_above_fen


_ACTING = 0x5975_0001


async def one_by_one(operator_id: int, customer_id: int) -> None:
    """Lets acts of one operator on one customer wait for each other until the transaction ends, so that ``adds_up`` finds what was
    done before. It comes before every other lock."""
    whose = await standing.heir(customer_id)
    await db.execute("SELECT pg_advisory_xact_lock($1, hashtext($2))", _ACTING, f"{operator_id}:{whose}")


_ALONE = f"""
WITH numbers AS MATERIALIZED (SELECT {customers.NUMBERS.format("$1")} AS all_of)
SELECT (SELECT coalesce(sum(abs(a.amount_fen)), 0) FROM adjustment a
        WHERE a.customer_id = ANY ((TABLE numbers)::bigint[]) AND a.operator_id = $2 AND a.created_at > $4 AND a.approval_no IS NULL AND a.reverses_no IS NULL
          AND NOT EXISTS (SELECT FROM adjustment r WHERE r.reverses_no = a.adjustment_no))
     + (SELECT coalesce(sum(p.amount_fen), 0) FROM refund r JOIN refund_part p ON p.refund_id = r.id AND p.state <> 'failed'
        WHERE r.customer_id = ANY ((TABLE numbers)::bigint[]) AND r.operator = $3 AND r.decided_by = $3 AND r.created_at > $4
          AND NOT EXISTS (SELECT FROM counter_payment c
                          WHERE c.purpose = 'top_up' AND c.purpose_no = r.subject_no AND c.state = 'undone'))
     + (SELECT coalesce(sum(m.principal_fen + m.bonus_fen), 0) FROM move m
        WHERE m.giver_id = ANY ((TABLE numbers)::bigint[]) AND m.operator = $3 AND m.created_at > $4 AND m.kind = 'gift' AND m.approval_no IS NULL
          AND m.reverses_no IS NULL AND NOT EXISTS (SELECT FROM move r WHERE r.reverses_no = m.move_no))
     + (SELECT coalesce(sum(worth_fen), 0) FROM points_movement
        WHERE customer_id = ANY ((TABLE numbers)::bigint[]) AND operator = $3 AND at > $4 AND kind = 'adjusted' AND reference NOT LIKE 'adjusted:V%')
"""


async def adds_up(amount_fen: int, *, operator_id: int, customer_id: int) -> bool:
    """Whether an act that moves so much needs a second person: by itself, or together with what the same operator has adjusted,
    refunded, given up and transferred of the same customer's money, and given or taken of their points, alone within the shop's window,
    under any number they have had. The caller has called ``one_by_one``."""
    hours = terms.current().approval_window_hours
    if needed(amount_fen) or not hours:
        return needed(amount_fen)
    since = clock.now() - timedelta(hours=hours)
    whose = await standing.heir(customer_id)
    label = f"operator:{operator_id}"
    alone_fen = int(await db.fetchval(_ALONE, whose, operator_id, label, since))
    for statement in _ALSO_ALONE:
        alone_fen += int(await db.fetchval(statement, whose, label, since))
    return needed(abs(amount_fen) + alone_fen)


_ALSO_ALONE: list[str] = []


def counts_too(statement: str) -> None:
    """What else an operator does alone adds up, in tables that are not ours. The statement gives fen, 0 where there is nothing;
    ``$1`` is the number the customer has now, ``$2`` the operator as books name them, ``$3`` since when. Called once, where the desk is
    defined."""
    assert statement not in _ALSO_ALONE, "counted twice"
    _ALSO_ALONE.append(statement)


async def alone(allowance: limits.Allowance, amount_fen: int, *, customer_id: int) -> bool:
    """Whether who has this allowance moves so much of a customer's money without a second person: neither the shop's rule asks for one
    (``adds_up``) nor is it above their limit. If so it is counted. The caller has called ``one_by_one``."""
    if await adds_up(amount_fen, operator_id=allowance.operator_id, customer_id=customer_id):
        return False
    return await allowance.takes(amount_fen, accounts.of_customer(customer_id))
