"""Kills a process at each step of a money path, starts another that does what a restarted shop and an impatient customer do, and
compares.

A step is the moment before or after each statement sent to PostgreSQL (begin and commit included) and each call to a channel or
platform. They are counted by wrapping ``core.db``, Tortoise's transactions and the channel, so a new statement in a path is a
new step here without anybody writing it down.

    python -m tests.crash.driver top_up postgres://… [every so many-th step; 1: all]
"""

import asyncio
import json
import os
import random
import signal
import sys
from collections import Counter

from tortoise.backends.asyncpg.client import TransactionWrapper

from app import database
from billing import (
    bill_records,
    bills,
    channels,
    combined,
    credit_limits,
    deduction_rules,
    deductions,
    due_bills,
    instalment_schedule,
    instalments,
    operator_holds,
    payments,
    reviews,
    top_ups,
)
from core import clock, db
from ledger import accounts, holds, proof
from notifications import delivery, quota, templates
from shop import channel_payments, orders
from tests import factories
from tests.crash import operator_paths, refund_paths

STEPS_AT_MOST = 400


class Stopwatch:
    """Counts steps and kills this very process at the one it was set to."""

    def __init__(self):
        self.kill_at, self.count, self.armed = None, 0, False

    def step(self):
        if not self.armed:
            return
        self.count += 1
        if self.count == self.kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    def wrap(self, function):
        async def watched(*args, **kwargs):
            self.step()
            result = await function(*args, **kwargs)
            self.step()
            return result

        return watched


WATCH = Stopwatch()
for name in ("fetch", "fetchrow", "fetchval", "execute"):
    setattr(db, name, WATCH.wrap(getattr(db, name)))
for name in ("begin", "commit", "rollback", "savepoint", "release_savepoint"):
    setattr(TransactionWrapper, name, WATCH.wrap(getattr(TransactionWrapper, name)))


class Channel(refund_paths.RememberingChannel):
    """Says that whatever it prepared was paid."""

    prepare = WATCH.wrap(factories.QuietChannel.prepare)
    refund = WATCH.wrap(refund_paths.RememberingChannel.refund)
    query_refund = WATCH.wrap(refund_paths.RememberingChannel.query_refund)


OPENED = channels.Channels(
    {"wechat_pay": channels.OpenChannel(Channel(), factories.APP_ID, factories.MERCHANT_ID)}
)
refund_paths.at.channels = OPENED


class Path:
    """What is set up before, done (and killed), done again by the restarted shop, and true in the end."""

    async def before(self):
        self.customer = await factories.customer(principal=10_000, bonus=1_000, threshold_fen=9_500)
        return {"customer": self.customer.id}

    async def act(self, made):
        raise NotImplementedError

    async def again(self, made):
        await self.act(made)

    async def wrong(self, made):
        raise NotImplementedError

    async def told(self, made):
        rows = await db.fetch("SELECT kind FROM outbox_message WHERE customer_id = $1", made["customer"])
        return Counter(row[0] for row in rows)


class TopUp(Path):
    """A customer starts a top-up; the process dies; they press the button again (same key); the money comes."""

    async def act(self, made):
        started = await top_ups.start(
            OPENED, made["customer"], package_id=None, amount_fen=2_000, channel="wechat_pay", method="native",
            payer=None, key="the-one-key",
        )  # fmt: skip
        await payments.confirm(factories.trade(started))

    async def wrong(self, made):
        balance = await accounts.balance(made["customer"])
        count = await db.fetchval("SELECT count(*) FROM top_up WHERE customer_id = $1", made["customer"])
        return (balance.principal_fen, count, (await self.told(made))["topped_up"]) != (12_000, 2, 2)


class Confirm(Path):
    """The channel's notification credits a top-up and settles an owed bill; the channel sends it again."""

    async def before(self):
        made = await super().before()
        plan = await factories.plan(made["customer"], 12_000)
        await deductions.run_due()
        started = await factories.top_up(made["customer"], 5_000, 500)
        return {**made, "top_up": started.top_up_no, "plan": plan.id}

    async def act(self, made):
        await payments.confirm(factories.trade(await top_ups.get(made["customer"], made["top_up"])))

    async def wrong(self, made):
        balance = await accounts.balance(made["customer"])
        owed = await bills.page(made["customer"], states=bills.OWED)
        told = await self.told(made)
        return (balance.balance_fen, owed, told["topped_up"], told["deducted"], told["low_balance"]) != (
            4_500, [], 2, 1, 1,
        )  # fmt: skip


class PayOrder(Path):
    """A customer pays an order from the balance; the process dies; they press the button again."""

    async def before(self):
        made = await super().before()
        sku = await factories.sku(2_000)
        order = await orders.place(made["customer"], [orders.Wanted(sku.id, 1)], key="place-it-1")
        return {**made, "order": order.order_no, "sku": sku.id}

    async def act(self, made):
        await orders.pay(made["customer"], made["order"], key="pay-it-01")

    async def wrong(self, made):
        balance = await accounts.balance(made["customer"])
        order = await orders.get(made["customer"], made["order"])
        told = await self.told(made)
        return (balance.balance_fen, order.state, told["deducted"], told["low_balance"]) != (
            9_000,
            "paid",
            1,
            1,
        )


class PayOrders(Path):
    """Several customers pay at once, in one statement, one of them in vain; the process dies; all press the button again."""

    async def before(self):
        sku, made = await factories.sku(2_000), []
        for principal_fen in (10_000, 10_000, 1_000):
            customer = await factories.customer(principal=principal_fen)
            order = await orders.place(customer.id, [orders.Wanted(sku.id, 1)], key="place-it-1")
            made.append({"customer": customer.id, "order": order.order_no})
        return {"everybody": made}

    async def act(self, made):
        payments = (orders.pay(one["customer"], one["order"], key="pay-it-01") for one in made["everybody"])
        await asyncio.gather(*payments, return_exceptions=True)

    async def wrong(self, made):
        left = [(await accounts.balance(one["customer"])).balance_fen for one in made["everybody"]]
        told = [(await self.told(one))["deducted"] for one in made["everybody"]]
        return (left, told) != ([8_000, 8_000, 1_000], [1, 1, 0])


class CancelOrder(PayOrder):
    """A paid order is cancelled; the process dies; it is cancelled again."""

    async def before(self):
        made = await super().before()
        await orders.pay(made["customer"], made["order"], key="pay-it-01")
        return made

    async def act(self, made):
        await orders.cancel(made["customer"], made["order"])

    async def wrong(self, made):
        balance = await accounts.balance(made["customer"])
        order = await orders.get(made["customer"], made["order"])
        stock = await db.fetchval("SELECT stock FROM sku WHERE id = $1", made["sku"])
        return (balance.principal_fen, balance.bonus_fen, order.state, stock) != (
            10_000,
            1_000,
            "cancelled",
            100,
        )


class PayOnCredit(Path):
    """An order costs more than the balance; the rest is drawn on credit, and the next top-up pays it back."""

    async def before(self):
        made = await super().before()
        await credit_limits.set_limit(
            1, made["customer"], limit_fen=5_000, automatic_only=False, reason="r", assessed=False, key=f"limit-{made['customer']}",
        )  # fmt: skip
        sku = await factories.sku(12_000)
        order = await orders.place(made["customer"], [orders.Wanted(sku.id, 1)], key="place-it-1")
        started = await factories.top_up(made["customer"], 3_000)
        return {**made, "order": order.order_no, "top_up": started.top_up_no}

    async def act(self, made):
        await orders.pay(made["customer"], made["order"], key="pay-it-01")
        await payments.confirm(factories.trade(await top_ups.get(made["customer"], made["top_up"])))

    async def wrong(self, made):
        balance = await accounts.balance(made["customer"])
        told = await self.told(made)
        return (
            balance.balance_fen, balance.credit_used_fen, told["deducted"], told["credit_drawn"], told["credit_repaid"],
        ) != (2_000, 0, 1, 1, 1)  # fmt: skip


class Review(Path):
    """An unusual payment is held for review and approved; the customer and the operator press their buttons again."""

    async def before(self):
        made = await super().before()
        if not await deduction_rules.page():
            await deduction_rules.add(
                name="大额", kind="size", params={"at_least_fen": 5_000}, action="hold", tells_customer=False
            )
        sku = await factories.sku(6_000)
        order = await orders.place(made["customer"], [orders.Wanted(sku.id, 1)], key="place-it-1")
        return {**made, "order": order.order_no}

    async def act(self, made):
        await orders.pay(made["customer"], made["order"], key="pay-it-01")
        (review,) = await reviews.page(customer_id=made["customer"])
        await reviews.approve(1, review.review_no, key=f"approve-{review.review_no}")

    async def wrong(self, made):
        balance = await accounts.balance(made["customer"])
        order = await orders.get(made["customer"], made["order"])
        told = await self.told(made)
        return (balance.balance_fen, balance.held_fen, order.state, told["under_review"], told["deducted"]) != (
            5_000, 0, "paid", 1, 1,
        )  # fmt: skip


class DueRun(Path):
    """The due run dies; the next one goes on."""

    async def before(self):
        made = await super().before()
        await factories.plan(made["customer"], 4_000)
        await factories.plan(made["customer"], 9_000)
        return made

    async def act(self, made):
        await deductions.run_due(batch=1)

    async def wrong(self, made):
        balance = await accounts.balance(made["customer"])
        told = await self.told(made)
        return (balance.balance_fen, told["deducted"], told["payment_due"]) != (7_000, 1, 1)


class DueBills(Path):
    """The clock takes a part of a bill on its day and reminds of another bill; the process dies; the next run goes on."""

    async def before(self):
        made = await super().before()
        await factories.in_instalments(await factories.bill(made["customer"], 9_000))
        await factories.bill(made["customer"], 9_500, automatic=True, consent="x")
        return made

    async def act(self, made):
        await due_bills.run(batch=1)

    async def wrong(self, made):
        balance = await accounts.balance(made["customer"])
        told = await self.told(made)
        left = await db.fetchval("SELECT count(*) FROM bill WHERE collect_at <= now()")
        return (balance.balance_fen, told["deducted"], told["payment_due"], left) != (8_000, 1, 1, 0)


class Arrange(Path):
    """Instalments are arranged, and the first part is paid; the process dies; both are asked for again (same keys)."""

    async def before(self):
        made = await super().before()
        return {**made, "bill": await factories.bill(made["customer"], 9_000)}

    async def act(self, made):
        schedule = instalment_schedule.EqualParts(3, clock.today())
        terms = instalments.Terms(schedule, True, "1", "同意", "counter")
        await instalments.arrange(1, made["bill"], terms, key=f"arrange-{made['bill']}")
        await bills.pay(made["customer"], made["bill"], key="pay-part-1")

    async def wrong(self, made):
        record = await bill_records.read(made["bill"])
        states = [part.state for part in record.instalments]
        return (record.paid_fen, states, len(record.history)) != (3_000, ["paid", "open", "open"], 1)


class HoldExpiry(Path):
    """A hold ends and settles a due bill; the clock dies; it comes again."""

    async def before(self):
        made = await super().before()
        code = accounts.of_customer(made["customer"])
        await holds.place(code, reference=f"h{code}", amount_fen=11_000, expires_at=clock.now())
        await factories.bill(made["customer"], 4_000, automatic=True, consent="x")
        return made

    async def act(self, made):
        await operator_holds.expire_due()

    async def wrong(self, made):
        balance = await accounts.balance(made["customer"])
        told = await self.told(made)
        return (balance.balance_fen, balance.held_fen, told["deducted"]) != (7_000, 0, 1)


class Deliver(Path):
    """A message is being delivered; the worker dies; another takes over when the lease is over."""

    sent = 0

    async def before(self):
        made = await super().before()
        await db.execute(
            "UPDATE outbox_message SET state = 'sent', next_attempt_at = NULL, ended_at = now() WHERE customer_id <> $1",
            made["customer"],
        )
        await db.execute(
            "INSERT INTO identity (customer_id, provider, app_id, subject, follows, created_at)"
            " VALUES ($1, 'mini_program', 'wx-mini', $2, false, now())",
            made["customer"],
            f"openid-{made['customer']}",
        )
        await quota.accepted("wx-mini", f"openid-{made['customer']}", "template")
        await quota.accepted("wx-mini", f"openid-{made['customer']}", "template")
        return made

    @WATCH.wrap
    async def send_subscribe_message(self, **_):
        return None

    async def act(self, made):
        template = templates.Template("template", {"thing1": "title"})
        await delivery.run(delivery.Post("wx-mini", self, {"topped_up": template}))

    async def again(self, made):
        clock.set_offset(delivery.LEASE * 2)
        await self.act(made)

    async def wrong(self, made):
        rows = await db.fetch(
            "SELECT state, channel FROM outbox_message WHERE customer_id = $1", made["customer"]
        )
        return [tuple(row) for row in rows] != [("sent", "subscribe")]


class StartCombined(Path):
    """An order is being paid from the balance and through a channel; the process dies; they press the button again; it is paid."""

    async def before(self):
        made = await super().before()
        sku = await factories.sku(12_000)
        order = await orders.place(made["customer"], [orders.Wanted(sku.id, 1)], key="place-it-1")
        return {**made, "order": order.order_no}

    async def act(self, made):
        return await channel_payments.start(
            OPENED,
            made["customer"],
            made["order"],
            combined.Wanted(None, "wechat_pay", "native", None),
            key="the-one-key",
        )

    async def again(self, made):
        await payments.confirm(factories.trade(await self.act(made)))

    async def wrong(self, made):
        balance = await accounts.balance(made["customer"])
        order = await orders.get(made["customer"], made["order"])
        told = await self.told(made)
        return (balance.balance_fen, balance.held_fen, order.state, told["bill_paid"], told["low_balance"]) != (
            0, 0, "paid", 1, 1,
        )  # fmt: skip


class ConfirmCombined(StartCombined):
    """The channel has its share; the process dies; the channel says so again."""

    async def before(self):
        made = await super().before()
        return {**made, "combined": (await StartCombined.act(self, made)).combined_no}

    async def act(self, made):
        await payments.confirm(factories.trade(await combined.get(made["customer"], made["combined"])))

    async def again(self, made):
        await self.act(made)


class CloseCombined(ConfirmCombined):
    """The customer gives up; the process dies; they give up again, and what is free settles what is due."""

    async def before(self):
        made = await super().before()
        await factories.bill(made["customer"], 4_000, automatic=True, consent="x")
        return made

    async def act(self, made):
        payment = await combined.get(made["customer"], made["combined"])
        await payments.confirm(factories.trade(payment, state="closed", channel_trade_no=None))

    async def wrong(self, made):
        balance = await accounts.balance(made["customer"])
        order = await orders.get(made["customer"], made["order"])
        return (balance.balance_fen, balance.held_fen, order.state) != (7_000, 0, "placed")


class CaptureHold(Path):
    """An operator takes part of a deposit; the process dies; they press the button again."""

    async def before(self):
        made = await super().before()
        wish = {"amount_fen": 6_000, "title": "押金", "expires_at": None, "key": f"hold-{made['customer']}"}
        return {**made, "hold": await operator_holds.place(1, made["customer"], **wish)}

    async def act(self, made):
        await operator_holds.capture(1, made["hold"], amount_fen=2_000, key=made["hold"])

    async def wrong(self, made):
        balance = await accounts.balance(made["customer"])
        told = await self.told(made)
        return (balance.balance_fen, balance.held_fen, told["held"], told["deducted"]) != (9_000, 0, 1, 1)


PATHS = {
    "start_combined": StartCombined,
    "confirm_combined": ConfirmCombined,
    "close_combined": CloseCombined,
    "capture_hold": CaptureHold,
    "top_up": TopUp,
    "confirm": Confirm,
    "pay_order": PayOrder,
    "pay_orders": PayOrders,
    "cancel_order": CancelOrder,
    "pay_on_credit": PayOnCredit,
    "review": Review,
    "due_run": DueRun,
    "due_bills": DueBills,
    "arrange": Arrange,
    "hold_expiry": HoldExpiry,
    "deliver": Deliver,
    **operator_paths.PATHS,
    **refund_paths.PATHS,
}


def in_child(work, url):
    """Runs ``work`` in a forked process with its own connections; None when it was killed, else what it returned."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        try:
            result = asyncio.run(opened(work, url))
            os.write(writing, json.dumps(result).encode())
            os._exit(0)
        except BaseException as error:
            os.write(2, f"{type(error).__name__}: {error}\n".encode())
            import traceback

            traceback.print_exc()
            os._exit(1)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        answer = pipe.read()
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return None
    assert os.WEXITSTATUS(status) == 0, "the child failed"
    return json.loads(answer)


async def opened(work, url):
    async with database.opened(url, pool_min=1, pool_max=3):
        return await work()


def run(path, url, *, every=1):
    """Counts the path's steps, then kills at each of them, or with ``every`` at each so many-th from one chosen at random."""
    made = in_child(path.before, url)

    async def counted():
        WATCH.armed = True
        await path.act(made)
        WATCH.armed = False
        return WATCH.count

    steps = in_child(counted, url)
    assert 0 < steps < STEPS_AT_MOST, f"a path of {steps} steps"
    wrong = (
        [] if not (verdict := in_child(_restarted(path, made), url)) else [{"step": None, "verdict": verdict}]
    )
    tried, killed = range(random.randint(1, min(every, steps)), steps + 1, every), 0
    for kill_at in tried:
        made = in_child(path.before, url)

        async def doomed(made=made, kill_at=kill_at):
            WATCH.kill_at, WATCH.armed = kill_at, True
            await path.act(made)
            WATCH.armed = False
            return "survived"

        killed += in_child(doomed, url) is None
        if verdict := in_child(_restarted(path, made), url):
            wrong.append({"step": kill_at, "verdict": verdict})
    return {"steps": steps, "tried": len(tried), "killed": killed, "wrong": wrong}


def _restarted(path, made):
    async def restarted():
        await path.again(made)
        violations = await proof.check()
        return [str(violation) for violation in violations] or await path.wrong(made)

    return restarted


if __name__ == "__main__":
    print(json.dumps(run(PATHS[sys.argv[1]](), sys.argv[2], every=int(sys.argv[3]) if sys.argv[3:] else 1)))
