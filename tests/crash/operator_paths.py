"""Acts of operators that die halfway: the second person presses the button again (same key), and all of it is done, once."""

import secrets
from abc import abstractmethod
from dataclasses import replace
from datetime import timedelta

from billing import (
    adjustments,
    approvals,
    closings,
    merges,
    payments,
    payouts,
    refunds,
    reversals,
    terms,
    top_ups,
    transfers,
)
from core import clock, db
from ledger import accounts
from members import customers
from tests import factories
from tests.crash.path import OPENED, Path

ASKS, DECIDES = 1, 2
LIMIT_FEN = terms.Terms().approval_above_fen


class ApprovedPath(Path):
    """An act that waits for the second person; killed while they agree to it."""

    right: object
    """What ``found`` must be in the end."""

    @abstractmethod
    async def before(self):
        """The act is asked for, and ``approval`` is its number."""

    async def act(self, made):
        await approvals.approve(DECIDES, made["approval"], key=made["approval"])

    @abstractmethod
    async def found(self, made):
        """What came of it."""

    async def wrong(self, made):
        state = (await approvals.get(made["approval"])).state
        if state != "executed":
            return f"the approval is {state}"
        found, right = await self.found(made), self.right
        return None if found == right else f"{found} instead of {right}"


async def balances(*customer_ids):
    return [await factories.balance(customer_id) for customer_id in customer_ids]


class AdjustApproved(ApprovedPath):
    """A large adjustment is agreed to."""

    right = ([(LIMIT_FEN + 1, 0)], 1)

    async def before(self):
        customer = await factories.customer()
        asked = await adjustments.adjust(
            ASKS,
            customer.id,
            kind="principal",
            amount_fen=LIMIT_FEN + 1,
            reason="r",
            key=secrets.token_hex(8),
        )
        return {"customer": customer.id, "approval": asked.approval_no}

    async def found(self, made):
        count = await db.fetchval("SELECT count(*) FROM adjustment WHERE customer_id = $1", made["customer"])
        return await balances(made["customer"]), count


class Transfer(Path):
    """A small transfer between customers, by one person, and its undoing."""

    async def before(self):
        giver = await factories.customer(principal=1_000, bonus=300)
        receiver = await factories.customer(principal=10)
        return {"giver": giver.id, "receiver": receiver.id, "key": secrets.token_hex(8)}

    async def act(self, made):
        gift = transfers.Gift(made["giver"], made["receiver"], 400, 200, "r")
        sent = await transfers.send(ASKS, gift, key=made["key"])
        await reversals.reverse_transfer(ASKS, sent.transfer_no, reason="r", key=made["key"])

    async def wrong(self, made):
        found = await balances(made["giver"], made["receiver"])
        moves = await db.fetchval(
            "SELECT count(*) FROM move WHERE $1 IN (giver_id, receiver_id)", made["giver"]
        )
        return None if (found, moves) == ([(1_000, 300), (10, 0)], 2) else [found, moves]


class Merge(ApprovedPath):
    """Two customers become one, then a late payment of the one who is gone comes in."""

    right = ([(0, 0), (1_760, 370)], "merged")

    async def before(self):
        gone = await factories.customer(principal=1_000, bonus=300)
        kept = await factories.customer(principal=60)
        late = await factories.top_up(gone.id, 700, 70)
        await factories.plan(gone.id, 9_000)
        number = await merges.request(ASKS, gone.id, kept.id, reason="r", key=secrets.token_hex(8))
        return {"gone": gone.id, "kept": kept.id, "approval": number, "late": late.top_up_no}

    async def act(self, made):
        await super().act(made)
        await payments.confirm(factories.trade(await top_ups.get(made["gone"], made["late"])))

    async def found(self, made):
        state = (await customers.get(made["gone"])).state
        return await balances(made["gone"], made["kept"]), state


class Close(ApprovedPath):
    """An account is closed and paid out."""

    right = ([(0, 0)], "closed", 1_000, 300)

    async def before(self):
        customer = await factories.customer(principal=1_000, bonus=300)
        number = await closings.request(ASKS, customer.id, reason="r", key=secrets.token_hex(8))
        return {"customer": customer.id, "approval": number}

    async def act(self, made):
        await super().act(made)
        number = (await approvals.get(made["approval"])).result
        await payouts.at_counter(ASKS, number, receipt_no="SJ-1", key=made["approval"])

    async def found(self, made):
        code = accounts.of_customer(made["customer"])
        paid = await db.fetchval(
            "SELECT sum(p.amount_fen) FROM posting p JOIN account s ON s.id = p.source_id JOIN account t ON t.id = p.target_id"
            " WHERE s.code = $1 AND t.code = 'house:counter'",
            code,
        )
        row = await db.fetchrow(
            "SELECT paid_out_fen, bonus_fen FROM closing WHERE customer_id = $1", made["customer"]
        )
        state = (await customers.get(made["customer"])).state
        assert int(paid) == row["paid_out_fen"]
        return await balances(made["customer"]), state, row["paid_out_fen"], row["bonus_fen"]


class ReverseAdjustment(Path):
    """A small adjustment, by one person, and its undoing."""

    async def before(self):
        customer = await factories.customer(principal=1_000)
        return {"customer": customer.id, "key": secrets.token_hex(8)}

    async def act(self, made):
        given = await adjustments.adjust(
            ASKS, made["customer"], kind="principal", amount_fen=300, reason="r", key=made["key"]
        )
        await reversals.reverse_adjustment(ASKS, given.adjustment_no, reason="r", key=made["key"])

    async def wrong(self, made):
        count = await db.fetchval("SELECT count(*) FROM adjustment WHERE customer_id = $1", made["customer"])
        found = (await balances(made["customer"]), count)
        return None if found == ([(1_000, 0)], 2) else found


class OwnTransfer(Path):
    """A customer gives another some of their balance, which settles what that one owes; they press the button again."""

    async def before(self):
        giver, receiver = await factories.customer(principal=1_000), await factories.customer()
        await factories.bill(receiver.id, 300, automatic=True, consent="x")
        return {"giver": giver.id, "receiver": receiver.id}

    async def act(self, made):
        terms.use(replace(terms.current(), customer_transfers=True))
        await transfers.send_own(
            transfers.Gift(made["giver"], made["receiver"], 400, 0, "r"), key="give-it-1"
        )

    async def wrong(self, made):
        found = await balances(made["giver"], made["receiver"])
        return None if found == [(600, 0), (100, 0)] else found


class CloseByChannel(ApprovedPath):
    """An account is given up: one part goes back by its channel, the clock takes it there, the counter pays the other."""

    right = ([(0, 0)], "closed", 200, ["paid"])

    async def before(self):
        customer = await factories.customer(principal=1_000, bonus=300)
        await adjustments.adjust(
            ASKS, customer.id, kind="principal", amount_fen=200, reason="r", key=secrets.token_hex(8)
        )
        number = await closings.request(
            ASKS, customer.id, reason="r", by_channel=True, key=secrets.token_hex(8)
        )
        return {"customer": customer.id, "approval": number}

    async def act(self, made):
        await super().act(made)
        number = (await approvals.get(made["approval"])).result
        await payouts.at_counter(ASKS, number, receipt_no="SJ-1", key=made["approval"])
        await refunds.poll(OPENED)
        await closings.finish_paid()

    async def again(self, made):
        clock.set_offset(timedelta(minutes=10))
        await self.act(made)

    async def found(self, made):
        (closing,) = [one for one in await closings.page() if one.customer_id == made["customer"]]
        states = [one.state for one in await closings.refunds(closing.closing_no)]
        state = (await customers.get(made["customer"])).state
        return await balances(made["customer"]), state, closing.paid_out_fen, states


class FinishClosing(Path):
    """The last money of an account that is being closed left by other means; the clock closes it, dies, and comes again."""

    async def before(self):
        customer = await factories.customer(principal=1_000, bonus=300)
        (top_up,) = await top_ups.page(customer.id)
        number = await closings.request(ASKS, customer.id, reason="r", key=secrets.token_hex(8))
        closing_no = (await approvals.approve(DECIDES, number, key=number)).result
        await refunds.of_top_up(
            OPENED, ASKS, top_up.top_up_no, amount_fen=None, at_counter=False, reason="r", key=number
        )
        return {"customer": customer.id, "closing": closing_no}

    async def act(self, made):
        await closings.finish_paid()

    async def wrong(self, made):
        found = (await customers.get(made["customer"])).state
        return None if found == "closed" else found


PATHS = {
    "reverse_adjustment": ReverseAdjustment,
    "own_transfer": OwnTransfer,
    "finish_closing": FinishClosing,
    "close_by_channel": CloseByChannel,
    "adjust_approved": AdjustApproved,
    "transfer": Transfer,
    "merge": Merge,
    "close": Close,
}
