"""Money over the counter and money set aside: recorded, undone, confirmed, credited, sent back."""

import dataclasses
import json

from billing import (
    counter,
    counter_undo,
    inbox_replays,
    payments,
    quarantine,
    quarantine_desk,
    quarantine_returns,
    vouchers,
)
from core import db
from ledger import accounts
from tests import factories
from tests.crash.path import CHANNEL, OPENED, Path


class CounterPath(Path):
    """An operator and one key; each path has a slip of its own."""

    async def before(self):
        made = await super().before()
        return {**made, "slip": f"slip-{made['customer']}", "key": f"counter-{made['customer']}"}

    async def principal(self, made):
        return (await accounts.balance(made["customer"])).principal_fen


class TopUpAtTheCounter(CounterPath):
    async def act(self, made):
        wish = counter.TopUpWish(made["customer"], amount_fen=700)
        await counter.top_up(1, wish, counter.Taking("card", made["slip"]), key=made["key"])

    async def wrong(self, made):
        told = (await self.told(made))["topped_up"]
        return (
            None if (await self.principal(made), told) == (10_700, 2) else [await self.principal(made), told]
        )


class BillAtTheCounter(CounterPath):
    async def before(self):
        made = await super().before()
        return {**made, "bill": await factories.bill(made["customer"], 900)}

    async def act(self, made):
        await counter.bill(1, made["bill"], counter.Taking("card", made["slip"]), key=made["key"])

    async def wrong(self, made):
        state = await db.fetchval("SELECT state FROM bill WHERE bill_no = $1", made["bill"])
        told = (await self.told(made))["counter_paid"]
        return None if (state, told) == ("paid", 1) else [state, told]


class CounterUndone(BillAtTheCounter):
    async def before(self):
        made = await super().before()
        await super().act(made)
        number = await db.fetchval(
            "SELECT counter_no FROM counter_payment WHERE reference = $1", made["slip"]
        )
        return {**made, "counter": number, "key": f"{made['key']}-undone"}

    async def act(self, made):
        await counter_undo.undo(1, made["counter"], reason="记错", key=made["key"])

    async def wrong(self, made):
        state = await db.fetchval("SELECT state FROM bill WHERE bill_no = $1", made["bill"])
        told = (await self.told(made))["counter_undone"]
        return None if (state, told) == ("open", 1) else [state, told]


class VoucherConfirmed(CounterPath):
    async def before(self):
        made = await super().before()
        shown = await vouchers.start(made["customer"], amount_fen=600, key=made["key"])
        await db.execute(
            "UPDATE voucher SET state = 'submitted', image_hash = 'x' WHERE voucher_no = $1", shown.voucher_no
        )
        return {**made, "voucher": shown.voucher_no}

    async def act(self, made):
        await vouchers.confirm(1, made["voucher"], amount_fen=600, reference=made["slip"], key=made["key"])

    async def wrong(self, made):
        return None if await self.principal(made) == 10_600 else [await self.principal(made)]


class SetAside(CounterPath):
    """A trade of another amount than was asked for."""

    async def before(self):
        made = await super().before()
        wish = await factories.top_up(made["customer"], 500)
        assert await payments.confirm(factories.trade(wish, amount_fen=499)) == "quarantined"
        (found,) = await quarantine.page(customer_id=made["customer"])
        return {**made, "quarantined": found.id}


class QuarantineCredited(SetAside):
    async def act(self, made):
        await quarantine_desk.credit(
            1, made["quarantined"], customer_id=made["customer"], reason="核对", key=made["key"]
        )

    async def wrong(self, made):
        told = (await self.told(made))["quarantine_credited"]
        return (
            None if (await self.principal(made), told) == (10_499, 1) else [await self.principal(made), told]
        )


class QuarantineSentBack(SetAside):
    async def act(self, made):
        await quarantine_desk.send_back(OPENED, 1, made["quarantined"], reason="退回", key=made["key"])

    async def again(self, made):
        await self.act(made)
        await db.execute("UPDATE quarantine SET ask_at = now() WHERE ask_at IS NOT NULL")
        await quarantine_returns.poll(OPENED)

    async def wrong(self, made):
        found = await quarantine.get(made["quarantined"])
        sent = [number for number in CHANNEL._noted("refunds") if number == found.refund_no]
        return None if (found.resolution, len(sent)) == ("sent_back", 1) else [found.resolution, sent]


class QuarantinePaidOut(SetAside):
    """One is paid out at the counter, another closed."""

    async def before(self):
        made = await super().before()
        wish = await factories.top_up(made["customer"], 500)
        assert await payments.confirm(factories.trade(wish, amount_fen=498)) == "quarantined"
        closed, _ = await quarantine.page(customer_id=made["customer"])
        return {**made, "closed": closed.id}

    async def act(self, made):
        await quarantine_desk.pay_out(
            1, made["quarantined"], receipt_no="SK-1", reason="退现金", key=made["key"]
        )
        await quarantine_desk.close(1, made["closed"], reason="已在渠道后台退回", key=made["key"])

    async def wrong(self, made):
        ends = [(await quarantine.get(made[name])).resolution for name in ("quarantined", "closed")]
        return None if ends == ["paid_out", "closed"] else ends


class NoticesReplayed(CounterPath):
    """Notifications that were not handled are handed in again: one by its id, then all."""

    async def before(self):
        made = await super().before()
        for amount_fen in (200, 300):
            wish = await factories.top_up(made["customer"], amount_fen)
            trade = json.dumps(dataclasses.asdict(factories.trade(wish)), default=str)
            await db.execute(
                "INSERT INTO channel_notice (channel, event_id, event_type, payment_no, headers, body, verdict, trade, receipts,"
                " attempts, received_at, act_at) VALUES ('wechat_pay', $1, '', $2, '{}', '', 'verified', $3, 1, 0, now(), now())",
                f"e-{wish.payment.payment_no}", wish.payment.payment_no, trade,
            )  # fmt: skip
        first = await db.fetchval("SELECT min(id) FROM channel_notice WHERE outcome IS NULL")
        return {**made, "first": first}

    async def act(self, made):
        await inbox_replays.replay({}, made["first"], operator="operator:1")
        await inbox_replays.replay_failed({}, operator="operator:1")

    async def wrong(self, made):
        left = await db.fetchval("SELECT count(*) FROM channel_notice WHERE outcome IS NULL")
        principal = await self.principal(made)
        return None if (principal, left) == (10_500, 0) else [principal, left]


PATHS = {
    "counter_top_up": TopUpAtTheCounter,
    "counter_bill": BillAtTheCounter,
    "counter_undo": CounterUndone,
    "confirm_voucher": VoucherConfirmed,
    "quarantine_credited": QuarantineCredited,
    "quarantine_sent_back": QuarantineSentBack,
    "quarantine_paid_out": QuarantinePaidOut,
    "notices_replayed": NoticesReplayed,
}
