"""Abnormal deductions 异常扣款: before bills are taken from balances, the shop's rules look at them. What a rule wants told is
taken and told; what a rule wants held is held on the balance and waits for an operator (``billing.reviews``)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from billing import credit_draws, deduction_rules, staff_alerts
from core import clock, db, ids, words
from ledger import accounts, credit_line, habits, holds
from notifications import outbox

if TYPE_CHECKING:
    from billing import collecting

PREFIX = "Y"
"""What a review's number begins with; no other number that a bill can wait for does."""
LIFETIME = timedelta(hours=24)
"""A review nobody decided on in this time is over: nothing is taken."""
_HABIT = timedelta(days=90)
_DEBITS = ("bill_payment", "transfer_out")
_LINES = 200
"""A rule looks at deductions of so long, among so many of the account's latest lines."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule a deduction met, and the facts it saw."""

    rule_id: int
    name: str
    kind: str
    facts: Mapping[str, int]

    def text(self, locale: str) -> str:
        """Why, in a person's language."""
        return words.say(f"abnormal.{self.kind}", locale, name=self.name, **self.facts)

    def kept(self) -> dict[str, Any]:
        return {"rule_id": self.rule_id, "name": self.name, "kind": self.kind, "facts": dict(self.facts)}


@dataclass(frozen=True, slots=True)
class Judged:
    """What the rules say to a set: findings by the bill's id. Those ``held`` are to be held; the others are only told."""

    findings: Mapping[int, Sequence[Finding]] = field(default_factory=dict)
    held: frozenset[int] = frozenset()
    told: frozenset[int] = frozenset()
    """Those whose customers are to be told as well."""


async def active() -> bool:
    """Whether any rule is in force, as this process knows it; costs a statement every few seconds at most."""
    return bool(await deduction_rules.in_force())


async def judge(wanted: Sequence[credit_draws.Wanted], *, operator: str) -> Judged:
    """What the rules in force say to deductions that are about to be made, in order, each one counting for the next. Locks the
    customers' accounts, so that two at once are judged one after the other. What an operator takes is not judged."""
    return await _judge(
        [_Asked(one.bill.id, one.bill.customer_id, one.amount_fen) for one in wanted], operator=operator
    )


TRANSFER = 0
"""The only key in what is said to a transfer."""


async def judge_transfer(giver_id: int, amount_fen: int, *, operator: str) -> Judged:
    """The same for what a customer is about to give another; the caller has locked both accounts."""
    return await _judge([_Asked(TRANSFER, giver_id, amount_fen)], operator=operator)


@dataclass(frozen=True, slots=True)
class _Asked:
    key: int
    customer_id: int
    amount_fen: int


async def _judge(asked: Sequence[_Asked], *, operator: str) -> Judged:
    rules = await deduction_rules.in_force()
    if not rules or not asked or operator.startswith("operator:"):
        return Judged()
    codes = sorted({accounts.of_customer(one.customer_id) for one in asked})
    balances = await accounts.locked(codes)
    now = clock.now()
    latest = await habits.latest(codes, kinds=_DEBITS, since=now - _HABIT, lines=_LINES)
    before = {
        code: [deduction_rules.Deduction(-one.amount_fen, one.at) for one in moved if one.amount_fen < 0]
        for code, moved in latest.items()
    }
    findings, held, told = {}, set(), set()
    for one in asked:
        code = accounts.of_customer(one.customer_id)
        seen = deduction_rules.Seen(one.amount_fen, balances[code].balance_fen, now, before[code])
        met = [(rule, facts) for rule in rules if (facts := rule.test.meets(seen)) is not None]
        before[code] = [deduction_rules.Deduction(one.amount_fen, now), *before[code]]
        if met:
            findings[one.key] = [Finding(rule.id, rule.name, rule.kind, facts) for rule, facts in met]
            if any(rule.action == "hold" for rule, _ in met):
                held.add(one.key)
            elif any(rule.tells_customer for rule, _ in met):
                told.add(one.key)
    return Judged(findings, frozenset(held), frozenset(told))


async def tell(judged: Judged, taken: Sequence[collecting.Collected]) -> None:
    """Tells the shop's people of unusual deductions that were made, and their customers where a rule says so."""
    for one in taken:
        found = judged.findings.get(one.bill.id)
        if not one.taken_fen or not found:
            continue
        bill, key = one.bill, f"{one.bill.bill_no}:{one.bill.paid_fen}"
        what = {"bill_no": bill.bill_no, "title": bill.title, "amount_fen": one.taken_fen}
        await _tell(bill.customer_id, key, what, found, customer_too=bill.id in judged.told)


async def tell_of_transfer(
    judged: Judged, giver_id: int, transfer_no: str, amount_fen: int, title: str
) -> None:
    """The same of a transfer that was made."""
    if found := judged.findings.get(TRANSFER):
        what = {"bill_no": transfer_no, "title": title, "amount_fen": amount_fen}
        await _tell(giver_id, transfer_no, what, found, customer_too=TRANSFER in judged.told)


async def _tell(
    customer_id: int, key: str, what: Mapping[str, Any], found: Sequence[Finding], *, customer_too: bool
) -> None:
    rules = ", ".join(finding.name for finding in found)
    await staff_alerts.raise_once(
        "abnormal_deduction", key, {**what, "customer_id": customer_id, "rules": rules}
    )
    if customer_too:
        told = {"title": what["title"], "amount_fen": what["amount_fen"], "at": clock.now()}
        await outbox.tell(
            [outbox.Message(customer_id, "abnormal_deduction", f"abnormal_deduction:{key}", told)]
        )


_WAIT = """
WITH waiting AS (
    INSERT INTO deduction_review
        (review_no, bill_id, customer_id, amount_fen, drawn_fen, findings, asked_by, state, reason, created_at, expires_at)
    VALUES ($1, $2, $3, $4, $5, $6::jsonb, $7, 'waiting', '', $8, $9)
)
UPDATE bill SET pending_no = $1 WHERE id = $2
"""


async def hold(wanted: credit_draws.Wanted, findings: Sequence[Finding], *, operator: str) -> str | None:
    """Holds what is wanted for a locked bill, drawn on credit where the balance does not cover it, until an operator decides.
    Returns the review's number; None when it is not covered, and nothing is held then."""
    bill = wanted.bill
    code = accounts.of_customer(bill.customer_id)
    review_no, now = ids.new_no(PREFIX), clock.now()
    available_fen = (await accounts.balance(bill.customer_id)).available_fen
    draws = await credit_draws.plan([wanted], operator=operator) if available_fen < wanted.amount_fen else []
    drawn_fen = sum(draw.amount_fen for draw in draws)
    amount_fen = min(wanted.amount_fen, available_fen + drawn_fen)
    if not amount_fen or (amount_fen < wanted.amount_fen and not wanted.or_less):
        return None
    for draw in draws:
        named = credit_draws.Draw(draw.wanted, draw.amount_fen, number=review_no)
        await credit_line.post([named.transfer(operator)])
        await credit_draws.tell([named])
    await holds.place(
        code, reference=hold_of(review_no), amount_fen=amount_fen, title=bill.title, operator=operator
    )
    await db.execute(
        _WAIT, review_no, bill.id, bill.customer_id, amount_fen, drawn_fen,
        json.dumps([finding.kept() for finding in findings], ensure_ascii=False), operator, now, now + LIFETIME,
    )  # fmt: skip
    told = {"title": bill.title, "bill_no": bill.bill_no, "amount_fen": amount_fen, "at": now}
    await outbox.tell([outbox.Message(bill.customer_id, "under_review", f"under_review:{review_no}", told)])
    rules = ", ".join(finding.name for finding in findings)
    alerted = {
        "review_no": review_no, "customer_id": bill.customer_id, "title": bill.title, "amount_fen": amount_fen, "rules": rules,
    }  # fmt: skip
    await staff_alerts.raise_once("deduction_review", review_no, alerted)
    return review_no


def hold_of(review_no: str) -> str:
    """The reference of the hold a review has on the balance."""
    return f"review:{review_no}"


_END = """
UPDATE deduction_review SET state = $2, decided_by = $3, reason = $4, decided_at = $5
WHERE review_no = $1 AND state = 'waiting'
"""
_GO_ON = "UPDATE bill SET pending_no = NULL WHERE id = $1"


async def end(bill_id: int, review_no: str, state: str, *, by: str, reason: str = "") -> None:
    """Ends the waiting review of a locked bill, which goes on as if it had not been. What is held is the caller's to capture or
    release, before."""
    ended = await db.execute(_END, review_no, state, by, reason, clock.now())
    assert ended, f"review {review_no} does not wait"
    await db.execute(_GO_ON, bill_id)
    await staff_alerts.resolve("deduction_review", [review_no])


async def withdraw(bill_id: int, review_no: str, *, by: str) -> None:
    """What was to be paid is called off and its money free again; what was drawn for it is the caller's to pay back."""
    await holds.release(hold_of(review_no))
    await end(bill_id, review_no, "withdrawn", by=by)
