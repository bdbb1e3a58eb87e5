"""Caps 限额: how much principal an account may hold by the rules for prepaid cards.

The Ministry of Commerce's measures (2012 no. 9) let a named card 记名卡 hold 5000 yuan and an unnamed one 1000. A card is named
once the shop has the buyer's name, the number of a document and a contact on file, which signing in by WeChat does not
give; so a customer counts as unnamed until an operator says otherwise.
"""

from __future__ import annotations

from billing import staff_alerts, terms
from core import db, errors
from ledger import accounts


class BalanceLimit(errors.Conflict):
    """The top-up would bring the principal above what the law lets a prepaid account hold."""

    code = "balance_limit"


_NAMED = "SELECT is_named FROM customer WHERE id = $1"


async def of(customer_id: int) -> int:
    """The most principal this customer's account may hold, in fen."""
    return for_named(bool(await db.fetchval(_NAMED, customer_id)))


def for_named(is_named: bool) -> int:
    """The cap of a customer who is known by name, or of one who is not."""
    return terms.current().named_cap_fen if is_named else terms.current().unnamed_cap_fen


MAY_BE_PAID = """
t.state = 'pending' AND EXISTS (
    SELECT FROM payment p WHERE p.purpose = 'top_up' AND p.purpose_no = t.top_up_no AND p.state IN ('created', 'prepared'))
"""
"""Of a top-up ``t``: it is unfinished. One whose money was set aside is not: an operator decides about it."""
_PROMISED = (
    f"SELECT coalesce(sum(t.pay_fen), 0)::bigint FROM top_up t WHERE t.customer_id = $1 AND {MAY_BE_PAID}"
)


async def promised_fen(customer_id: int) -> int:
    """What the customer's unfinished top-ups will bring if they are paid."""
    return int(await db.fetchval(_PROMISED, customer_id))


async def alert_if_over(customer_id: int) -> None:
    """Tells the shop's people when an account holds more than it may; part of the transaction that credited it.

    Money that was paid is always credited: it is there. An operator then has the customer named, or pays out.
    """
    principal_fen = (await accounts.balance(customer_id)).principal_fen
    if principal_fen <= min(terms.current().unnamed_cap_fen, terms.current().named_cap_fen):
        return
    limit_fen = await of(customer_id)
    if principal_fen > limit_fen:
        params = {"customer_id": customer_id, "principal_fen": principal_fen, "limit_fen": limit_fen}
        await staff_alerts.raise_once("over_cap", str(customer_id), params)


_RAISED = "SELECT params ->> 'customer_id' FROM staff_alert WHERE kind = 'over_cap' AND resolved_at IS NULL"


async def resolve_alerts() -> int:
    """Ends the alerts of accounts that hold no more than they may (any more). Returns how many."""
    ended = 0
    for row in await db.fetch(_RAISED):
        customer_id = int(row[0])
        if (await accounts.balance(customer_id)).principal_fen <= await of(customer_id):
            ended += await staff_alerts.resolve("over_cap", [str(customer_id)])
    return ended
