"""Whom a broadcast would reach, and why others not: asked before it is begun, by the rules by which messages are admitted and sent."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from core import clock, db
from members import segment_rules
from members.segment_rules import Rule
from notifications import policy, quiet


@dataclass(frozen=True, slots=True)
class Reach:
    """Customers of a segment, each counted once: those who agreed to no marketing, have had as much as they may, or can be shown it in the
    mini-program only; the others are ``reached`` by a channel. ``waits_until``: the shop's quiet hours hold it back until then."""

    customers: int
    not_agreed: int
    too_often: int
    inbox_only: int
    reached: int
    waits_until: datetime | None

    @property
    def told(self) -> int:
        """Those who are written to at all."""
        return self.customers - self.not_agreed


_REACH = """
SELECT count(*) AS customers,
       count(*) FILTER (WHERE why = 'not_agreed') AS not_agreed, count(*) FILTER (WHERE why = 'too_often') AS too_often,
       count(*) FILTER (WHERE why = 'inbox_only') AS inbox_only, count(*) FILTER (WHERE why = 'reached') AS reached
FROM (
    SELECT CASE
        WHEN NOT coalesce(p.marketing, false) THEN 'not_agreed'
        WHEN EXISTS (SELECT FROM message_allowance a
                     WHERE a.customer_id = c.id AND a.kind_class = 'marketing' AND a.began_at > $1 AND a.used >= $2) THEN 'too_often'
        WHEN EXISTS (SELECT FROM message_address d WHERE d.customer_id = c.id AND d.refused_at IS NULL
                     AND d.channel = ANY ($3::text[]) AND (p.channels IS NULL OR d.channel = ANY (p.channels))) THEN 'reached'
        ELSE 'inbox_only' END AS why
    FROM customer c LEFT JOIN message_preference p ON p.customer_id = c.id WHERE c.state = 'active' AND {rule}
) w
"""


async def of(rule: Rule) -> Reach:
    """Counts them as they are now.

    Raises:
        RuleWrong.
    """
    segment_rules.check(rule)
    chosen, now = policy.current(), clock.now()
    put = segment_rules.Parameters(3)
    row = await db.fetchrow(
        _REACH.format(rule=rule.sql(put)),
        now - timedelta(days=chosen.marketing_days),
        chosen.marketing_most,
        list(chosen.channels["marketing"]),
        *put.values,
    )
    assert row is not None, "an aggregate has one row"
    shops = quiet.of_times(chosen.quiet_from, chosen.quiet_until)
    waits_until = None if shops is None else quiet.until(now, [shops])
    return Reach(row[0], row[1], row[2], row[3], row[4], waits_until)
