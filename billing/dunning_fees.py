"""Late fees 逾期费: what a bill costs that was paid late, by the rules of its case. A bill of its own, once.

A fixed fee is issued when the grace is over. A daily one is known when the bill is paid: for each payment that came after the grace, so
many millionths of it for each of the days; the sum is cut to whole fen, and never above what the rules allow.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from billing import bills, dunning_policies
from core import clock, db, words
from notifications import outbox

COLUMNS = """d.opened_on, d.grace_days, d.fee_kind, d.fee_fen, d.fee_ppm, d.fee_consent, d.fee_bill_no, b.state AS bill_state,
b.id AS bill_id, b.bill_no, b.customer_id, b.title"""
"""What ``daily`` wants to know of a case ``d`` and its bill ``b``."""
_PER = 1_000_000
_TITLE_CHARS = 100


async def fixed(
    beyond: Sequence[tuple[int, bills.Bill, dunning_policies.Rules]],
) -> int:
    """Issues the fee of each of these cases, given by id with its bill, which is beyond the grace. Returns how many."""
    wanted = [
        (case_id, bill.customer_id, bill.bill_no, bill.title, rules.fee_fen, rules.fee_consent)
        for case_id, bill, rules in beyond
    ]
    return await _issue(wanted)


_PAYMENTS = "SELECT bill_id, amount_fen, created_at FROM bill_payment WHERE bill_id = ANY ($1::bigint[])"


async def daily(paid: Sequence[Mapping[str, Any]]) -> int:
    """Issues the fee of each of these cases whose fee is daily and whose bill is paid now, unless it was issued when the bill was paid
    before. Returns how many."""
    cases = {row["bill_id"]: row for row in paid if row["fee_kind"] == "daily" and row["fee_bill_no"] is None}
    if not cases:
        return 0
    parts: dict[int, int] = dict.fromkeys(cases, 0)
    for payment in await db.fetch(_PAYMENTS, list(cases)):
        case = cases[payment["bill_id"]]
        from_on = case["opened_on"] + timedelta(days=case["grace_days"])
        days = max(0, (clock.day_of(payment["created_at"]) - from_on).days)
        parts[payment["bill_id"]] += payment["amount_fen"] * case["fee_ppm"] * days
    fees = {bill_id: min(part // _PER, cases[bill_id]["fee_fen"]) for bill_id, part in parts.items()}
    return await _issue(
        [
            (row["id"], row["customer_id"], row["bill_no"], row["title"], fees[bill_id], row["fee_consent"])
            for bill_id, row in cases.items()
            if fees[bill_id]
        ]
    )


_NOTE = """
UPDATE dunning_case SET fee_bill_no = f.bill_no FROM unnest($1::bigint[], $2::text[]) AS f (case_id, bill_no)
WHERE dunning_case.id = f.case_id
"""
_LOCALES = "SELECT id, locale FROM customer WHERE id = ANY ($1::bigint[])"


async def _issue(wanted: Sequence[tuple[int, int, str, str, int, str | None]]) -> int:
    if not wanted:
        return 0
    now = clock.now()
    locales = {row["id"]: row["locale"] for row in await db.fetch(_LOCALES, [one[1] for one in wanted])}
    issued = await bills.issue(
        [
            bills.NewBill(
                customer_id,
                words.say("due.late_fee", locales[customer_id], title=title)[:_TITLE_CHARS],
                f"late_fee:{bill_no}",
                fee_fen,
                now,
                automatic=consent is not None,
                collect_at=now,
                consent=consent,
            )
            for _, customer_id, bill_no, title, fee_fen, consent in wanted
        ]
    )
    await db.execute(_NOTE, [one[0] for one in wanted], [bill.bill_no for bill in issued])
    await outbox.tell(
        [
            outbox.Message(
                bill.customer_id,
                "bill_issued",
                f"bill_issued:{bill.bill_no}",
                {
                    "title": bill.title,
                    "bill_no": bill.bill_no,
                    "amount_fen": bill.amount_fen,
                    "at": bill.due_at,
                },
            )
            for bill in issued
        ]
    )
    return len(issued)
