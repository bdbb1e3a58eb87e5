"""Steps of operators: adjustments, transfers between customers, what undoes them, and the second person."""

from __future__ import annotations

from billing import adjustments, approvals, reversals, transfers
from tests.model.books.operators import AMOUNT_LIMIT_FEN
from tests.model.shop import AMOUNTS, CUSTOMERS
from tests.model.steps.step import KINDS, a_key, pick, step


def adjust(machine, customer, a, b, c):
    kind, sign = KINDS[b % 2], -1 if b >= 4 else 1
    amount = sign * (
        AMOUNTS[a] if c != 6 else (0, AMOUNT_LIMIT_FEN + 1, AMOUNT_LIMIT_FEN)[a % 3 if sign < 0 else a % 2]
    )
    key = a_key(machine, c)

    async def call():
        made = await adjustments.adjust(1, customer, kind=kind, amount_fen=amount, reason="更正", key=key)
        return made.adjustment_no, made.approval_no

    return step(call, lambda model, seen: model.adjust(customer, kind, amount, key, seen))


def ask_much(machine, customer, a, b, c):
    """An adjustment that needs a second person."""
    return adjust(machine, customer, 7, b, c if c < 6 else 5)


def transfer(machine, customer, a, b, c):
    receiver = machine.people[b % CUSTOMERS]
    principal, bonus = ((AMOUNTS[a], 0), (0, AMOUNTS[a]), (AMOUNTS[a], AMOUNTS[c]), (0, 0))[(b // 3 + c) % 4]
    key = a_key(machine, c)

    async def call():
        gift = transfers.Gift(customer, receiver, principal, bonus, "家人")
        made = await transfers.send(1, gift, key=key)
        return made.transfer_no, made.approval_no

    return step(call, lambda model, seen: model.transfer(customer, receiver, principal, bonus, key, seen))


def _undo(machine, kind, a, b, c):
    size = 3 if kind == "adjustment" else 4
    known = [
        number
        for number, act in machine.model.acts.items()
        if len(act.content) == size and (b >= 2 or (not act.undone and act.undoes is None))
    ]
    number, key = known[-1 - a % len(known)] if known else "A-none", a_key(machine, c)
    reverse = reversals.reverse_adjustment if kind == "adjustment" else reversals.reverse_transfer

    async def call():
        made = await reverse(1, number, reason="录错了", key=key)
        return made.number, made.approval_no

    return step(call, lambda model, seen: model.undo(kind, number, key, seen))


def undo_adjustment(machine, customer, a, b, c):
    return _undo(machine, "adjustment", a, b, c)


def undo_transfer(machine, customer, a, b, c):
    return _undo(machine, "transfer", a, b, c)


def decide(machine, customer, a, b, c):
    known = machine.model.approvals
    waiting = [number for number, one in known.items() if one.state == "waiting"]
    number = pick(waiting if waiting and b < 6 else known, a) or "V-none"
    how = ("approve", "approve", "approve", "reject", "withdraw")[c % 5]
    operator = 1 if (how == "withdraw") == (b != 5) else 2 + a % 2
    key = a_key(machine, c if c < 2 and b == 7 else 7)

    async def call():
        more = {} if how == "withdraw" else {"note": ""}
        ended = await getattr(approvals, how)(operator, number, key=key, **more)
        return ended.state, ended.result

    return step(call, lambda model, seen: model.decide(how, operator, number, key, seen))


def expire_approvals(machine, customer, a, b, c):
    def parts(model):
        over = [lambda now, seen, n=number: now.expire_approval(n) for number in model.approvals_over()]
        return over or [lambda now, seen: 0]

    return step(approvals.expire_old, more_parts=parts)


def _any_waits(model, customer):
    return any(one.state == "waiting" for one in model.approvals.values())


def _any_made(size):
    return lambda model, customer: any(
        len(act.content) == size and not act.undone for act in model.acts.values()
    )


NEEDS = {
    "decide": (_any_waits, "ask_much"),
    "undo_adjustment": (_any_made(3), "adjust"),
    "undo_transfer": (_any_made(4), "transfer"),
}
AT_ONCE = ("adjust", "adjust", "transfer", "transfer", "undo_adjustment", "undo_transfer", "decide", "decide")
EVERY = (*AT_ONCE, "ask_much", "decide", "expire_approvals")
