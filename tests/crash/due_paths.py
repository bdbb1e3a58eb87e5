"""What the clock does, and what is owed in parts or held, that dies halfway."""

from dataclasses import replace
from datetime import timedelta

from billing import (
    bill_records,
    collecting,
    deductions,
    due_bills,
    due_dry_runs,
    due_runs,
    dunning,
    dunning_policies,
    horizon,
    instalment_schedule,
    instalments,
    operator_holds,
    plan_pauses,
    plans,
    terms,
)
from core import clock, db
from ledger import accounts, holds
from members import customers
from notifications import delivery, quota, templates
from notifications.channels import subscribe
from tests import factories
from tests.billing import planning
from tests.crash.killing import WATCH
from tests.crash.path import CHANNEL, Path


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


class PlanGoesOn(Path):
    """A paused plan is resumed and its periods move; the process dies; the button is pressed again, and the clock comes."""

    async def before(self):
        made = await super().before()
        customer = await customers.get(made["customer"])
        plan_id = await planning.start(customer, "weekly", 4_000, on_pause="shift", periods=3)
        await plan_pauses.pause(planning.SHOP, plan_id, key=f"pause-{plan_id}")
        clock.set_offset(timedelta(days=9))
        return {**made, "plan": plan_id}

    async def act(self, made):
        clock.set_offset(timedelta(days=9))
        await plan_pauses.resume(planning.SHOP, made["plan"], key=f"resume-{made['plan']}")
        clock.set_offset(timedelta(days=17))
        await horizon.run()
        await deductions.run_due()

    async def wrong(self, made):
        balance = await accounts.balance(made["customer"])
        states = await planning.states(made["plan"])
        told = await self.told(made)
        return (balance.balance_fen, states, told["plan_resumed"]) != (
            7_000,
            ["charged", "upcoming", "upcoming"],
            1,
        )


class DueRunParks(Path):
    """One period is poison: the run dies while it looks for it, and while it sets it aside; the next one goes on."""

    async def before(self):
        made = await super().before()
        bad = await factories.plan(made["customer"], 1_000)
        await factories.plan(made["customer"], 4_000)
        await factories.bill(made["customer"], 5, due_on=clock.today() + timedelta(days=9))
        await db.execute(
            "UPDATE bill SET source = 'plan:' || $1::bigint || ':0' WHERE customer_id = $2",
            bad.id,
            made["customer"],
        )
        return {**made, "plan": bad.id}

    async def act(self, made):
        # the kills before this one set a period aside each; a run does not stop for so many here
        terms.use(replace(terms.current(), due_run_parked_most=1_000))
        await deductions.run_due()

    async def wrong(self, made):
        balance = await accounts.balance(made["customer"])
        rows = await db.fetch(
            "SELECT o.state FROM plan_period o JOIN plan p ON p.id = o.plan_id WHERE p.customer_id = $1 AND o.due_on <= $2 ORDER BY p.id",
            made["customer"], clock.today(),
        )  # fmt: skip
        run = await due_runs.get(clock.today())
        told = (await self.told(made))["deducted"]
        counts = run.claimed >= 2 and run.claimed == run.charged + run.parked + run.owed
        await db.execute("UPDATE bill SET source = 'operator:' || bill_no WHERE amount_fen = 5")
        return (balance.balance_fen, [row[0] for row in rows], told, counts) != (
            7_000,
            ["parked", "charged"],
            1,
            True,
        )


class DryRun(Path):
    """A due run is tried and undone; the process dies; it is tried again. Nothing has happened."""

    async def before(self):
        made = await super().before()
        await factories.plan(made["customer"], 4_000)
        return made

    async def act(self, made):
        await due_dry_runs.small(most=1_000_000)
        async for _ in due_dry_runs.lines():
            pass

    async def wrong(self, made):
        balance = await accounts.balance(made["customer"])
        rows = await db.fetch("SELECT 1 FROM bill WHERE customer_id = $1", made["customer"])
        return (balance.balance_fen, rows, (await self.told(made))["deducted"]) != (11_000, [], 0)


class Dunning(Path):
    """A period was not paid: it is tried again, its plan suspended and the fee issued; the clock dies; it comes again."""

    async def before(self):
        customer = await factories.customer(principal=10_000)
        made = {"customer": customer.id}
        plan = await factories.plan(customer.id, 20_000)
        rules = dunning_policies.Rules(
            (1,), partial=False, grace_days=1, suspends=True, fee_kind="fixed", fee_fen=50
        )
        policy = await dunning_policies.add(1, f"催收{customer.id}", rules, key=f"policy-{customer.id}")
        await dunning_policies.assign(plan.offer_id, policy.id)
        await deductions.run_due()
        return {**made, "plan": plan.id}

    async def act(self, made):
        clock.set_offset(timedelta(days=1))
        await dunning.run()

    async def wrong(self, made):
        balance = await accounts.balance(made["customer"])
        fees = await db.fetchval(
            "SELECT count(*) FROM bill WHERE customer_id = $1 AND amount_fen = 50", made["customer"]
        )
        plan = await plans.get(made["customer"], made["plan"])
        told = await self.told(made)
        return (balance.balance_fen, fees, plan.state, told["plan_suspended"], told["bill_issued"]) != (
            10_000, 1, "paused", 1, 1,
        )  # fmt: skip


class DunningEnds(Dunning):
    """What was owed is paid: the plan goes on; the clock dies; it comes again."""

    async def before(self):
        made = await super().before()
        await super().act(made)
        await factories.topped_up(made["customer"], 20_000)
        return made

    async def wrong(self, made):
        balance = await accounts.balance(made["customer"])
        plan = await plans.get(made["customer"], made["plan"])
        cases = await db.fetchval(
            "SELECT count(*) FROM dunning_case WHERE plan_id = $1 AND state = 'open'", made["plan"]
        )
        told = await self.told(made)
        return (balance.balance_fen, plan.state, cases, told["plan_resumed"]) != (10_000, "active", 0, 1)


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
        await collecting.pay(made["customer"], made["bill"], key="pay-part-1")

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


class Deliver(Path):
    """A message is being delivered; the worker dies; another takes over when the lease is over, and nothing is sent twice."""

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
    async def send_subscribe_message(self, **message):
        with (CHANNEL.home / "letters").open("a") as sent:  # what was sent is sent, whoever dies afterwards
            sent.write(f"{message['openid']}\n")

    async def act(self, made):
        by_kind = {"topped_up": templates.Template("template", {"thing1": "title"})}
        channel = subscribe.Subscribe("wx-mini", self, by_kind)
        await delivery.run(delivery.Post("wx-mini", {"subscribe": channel}, by_kind))

    async def again(self, made):
        clock.set_offset(delivery.LEASE * 2)
        await self.act(made)

    async def wrong(self, made):
        rows = await db.fetch(
            "SELECT state, channel FROM outbox_message WHERE customer_id = $1", made["customer"]
        )
        letters = CHANNEL.home / "letters"
        sent = letters.read_text().splitlines() if letters.exists() else []
        return sent.count(f"openid-{made['customer']}") > 1 or [tuple(row) for row in rows] != [
            ("sent", "subscribe")
        ]


PATHS = {
    "due_run": DueRun,
    "due_run_parks": DueRunParks,
    "dry_run": DryRun,
    "dunning": Dunning,
    "dunning_ends": DunningEnds,
    "plan_goes_on": PlanGoesOn,
    "due_bills": DueBills,
    "arrange": Arrange,
    "hold_expiry": HoldExpiry,
    "capture_hold": CaptureHold,
    "deliver": Deliver,
}
