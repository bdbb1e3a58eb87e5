"""When a row of a bill agrees with what we have: written once, as SQL, for the import of a bill and for looking again.

``line`` is a row of the bill, ``p`` our payment of its number, ``r`` our refund part of its number, ``rate`` the line of the table of
rates it falls under. A fee given back may differ by a fen: how channels round it is theirs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from reconciliation import rates

REFUND_FEE_TOLERANCE_MILLI = 1000

EXPECTED_PAYMENT = f"1000 * {rates.charged_in_sql('line.amount_fen', 'rate')}"
EXPECTED_REFUND = f"-1000 * {rates.proportion_in_sql('line.amount_fen', 'rate')}"

PAYMENT_AGREES = f"""
coalesce(p.state = 'paid' AND p.amount_fen = line.amount_fen AND p.channel_trade_no = line.channel_trade_no
         AND coalesce({EXPECTED_PAYMENT} = line.fee_milli, true), false)
"""
REFUND_STATES_AGREE = """
(line.state = 'paid_back' AND r.state = 'paid' OR line.state = 'accepted' AND r.state IN ('open', 'paid')
 OR line.state = 'abnormal' AND r.state IN ('open', 'abnormal', 'paid') OR line.state = 'closed' AND r.state IN ('failed', 'credited'))
"""
REFUND_AGREES = f"""
coalesce(r.amount_fen = line.amount_fen AND r.payment_no = line.payment_no AND {REFUND_STATES_AGREE}
         AND coalesce(abs({EXPECTED_REFUND} - line.fee_milli) <= {REFUND_FEE_TOLERANCE_MILLI}, true), false)
"""

RATES = """
rate (method, low_fen, high_fen, rate_ppm, fixed_fen, min_fen, max_fen) AS (
    SELECT * FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[])
)
"""
"""A common table expression over the first seven parameters, ``rate_columns``."""

OF_RATE = """
LEFT JOIN rate ON {line}.amount_fen > rate.low_fen AND {line}.amount_fen <= rate.high_fen AND p.id IS NOT NULL
    AND rate.method = CASE WHEN p.method = ANY ($1::text[]) THEN p.method ELSE '' END
"""
"""``line``: what the row is called where the rate is joined."""


def rate_columns(brackets: Sequence[rates.Bracket]) -> list[list[Any]]:
    """The parameters of ``RATES``. A line for every method without lines of its own stands under the empty one."""
    return [
        [one.applies_to or "" for one in brackets],
        [one.low_fen for one in brackets],
        [one.high_fen for one in brackets],
        [one.rate.rate_ppm for one in brackets],
        [one.rate.fixed_fen for one in brackets],
        [one.rate.min_fen for one in brackets],
        [one.rate.max_fen for one in brackets],
    ]
