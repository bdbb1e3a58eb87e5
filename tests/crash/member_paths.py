"""What members have besides money, and a process that dies: points for what was paid, points into bonus, coupons for a segment."""

import secrets

from billing import broadcasts, points_adjustments, points_bonus, spending
from core import db
from members import (
    coupons,
    points_desk,
    points_ends,
    points_rules,
    segment_rules,
    segment_runs,
    segments,
    tags,
    tiers,
)
from notifications import preferences
from shop import orders
from tests import factories
from tests.crash.path import Path
from tests.members.test_coupons import kind

RULE = points_rules.Rule(100, 100, 100, 200, None, None)


class PointsToBonus(Path):
    """A customer changes points into bonus, and presses the button again."""

    async def before(self):
        made = await super().before()
        await points_rules.put(RULE, by="operator:1")
        await points_adjustments.adjust(1, made["customer"], 500, reason="r", key=secrets.token_hex(8))
        return made

    async def act(self, made):
        await points_bonus.change(made["customer"], 400, key="to-bonus-1")

    async def wrong(self, made):
        left = (await points_desk.balance(made["customer"])).points
        found = await factories.balance(made["customer"]), left, (await self.told(made))["points_bonus"]
        return None if found == ((10_000, 1_200), 100, 1) else found


class FollowSpending(Path):
    """Orders were paid and one was cancelled; the clock counts them, gives points and a tier, dies, and comes again."""

    async def before(self):
        made = await super().before()
        await points_rules.put(RULE, by="operator:1")
        await tiers.put("gold", name_zh="金", name_en="Gold", rank=1, rule=tiers.Rule(3_000))
        await spending.follow_and_judge()
        paid = []
        for fen in (3_000, 2_000):
            order = await factories.order(made["customer"], fen)
            paid.append(await orders.pay(made["customer"], order.order_no, key=secrets.token_hex(8)))
        await orders.cancel(made["customer"], paid[1].order_no)
        return made

    async def act(self, made):
        await spending.follow_and_judge(limit=1)

    async def wrong(self, made):
        rows = await db.fetch(
            "SELECT amount_fen FROM spending WHERE customer_id = $1 ORDER BY id", made["customer"]
        )
        points = (await points_desk.balance(made["customer"])).points
        found = [row[0] for row in rows], points, (await self.told(made))["tier_up"]
        return None if found == ([3_000, 2_000, -2_000], 30, 1) else found


class GiveCoupons(Path):
    """Everybody in a segment is to get a coupon; the clock dies on the way and comes again; points that are over go as well."""

    async def before(self):
        people = [(await factories.customer()).id for _ in range(3)]
        made = await kind(total=3)
        tag = await tags.add(1, secrets.token_hex(8), key=secrets.token_hex(8))
        for one in people:
            await tags.put(1, one, [tag.id])
        rule = segment_rules.read({"what": "tag", "tag_id": tag.id})
        segment = await segments.add(1, secrets.token_hex(8), rule, key=secrets.token_hex(8))
        run = await segment_runs.give_coupons(1, segment.id, made.id, key=secrets.token_hex(8))
        await db.execute("UPDATE segment_run SET after_id = $2 WHERE run_no = $1", run.run_no, people[0] - 1)
        await points_rules.put(RULE, by="operator:1")
        await points_adjustments.adjust(1, people[0], 5, reason="r", key=secrets.token_hex(8))
        await db.execute(
            "UPDATE points_lot SET expires_at = now() - interval '1 day' WHERE customer_id = $1", people[0]
        )
        return {"people": people, "run": run.run_no}

    async def act(self, made):
        await segment_runs.advance(limit=2)
        await points_ends.expire()

    async def wrong(self, made):
        had = [len(await coupons.page(one)) for one in made["people"]]
        run = await segment_runs.get(made["run"])
        moved = [one.points for one in await points_desk.page(made["people"][0])]
        found = had, run.state, run.done, moved
        return None if found == ([1, 1, 1], "done", 3, [-5, 5]) else found


class Broadcast(Path):
    """An operator has everybody in a segment written to, presses the button again, and the clock dies on the way and comes again."""

    async def before(self):
        people = [(await factories.customer()).id for _ in range(3)]
        tag = await tags.add(1, secrets.token_hex(8), key=secrets.token_hex(8))
        for one in people:
            await tags.put(1, one, [tag.id])
            await preferences.change(one, marketing=True, wording="优惠", door="chat", by="customer")
        rule = segment_rules.read({"what": "tag", "tag_id": tag.id})
        segment = await segments.add(1, secrets.token_hex(8), rule, key=secrets.token_hex(8))
        return {"people": people, "segment": segment.id, "key": secrets.token_hex(8)}

    async def act(self, made):
        begun = await broadcasts.start(1, made["segment"], "新茶到店", key=made["key"])
        skip = "UPDATE segment_run SET after_id = $2 WHERE run_no = $1 AND after_id < $2"
        await db.execute(skip, begun.run.run_no, made["people"][0] - 1)
        await segment_runs.advance(limit=2)

    async def wrong(self, made):
        told = [await factories.told(one, "offer") for one in made["people"]]
        runs = await db.fetch(
            "SELECT state, done, expected FROM segment_run WHERE segment_id = $1", made["segment"]
        )
        found = told, [tuple(one) for one in runs]
        return None if found == ([1, 1, 1], [("done", 3, 3)]) else found


PATHS = {
    "points_to_bonus": PointsToBonus,
    "broadcast": Broadcast,
    "follow_spending": FollowSpending,
    "give_coupons": GiveCoupons,
}
