"""What an operator is told of their own limits, and that it is what the desk holds them to."""

import asyncio

from members import duties, operators
from tests.admin_api.test_roles import composed, holding, signed_in
from tests.world import PASSWORD

MOVER = ["customers.see", "money.see", "money.move", "orders.see", "orders.serve"]
AGREES = ["customers.see", "money.see", "money.approve"]


async def adjust(desk, customer_id, amount_fen):
    body = {"kind": "principal", "amount_fen": amount_fen, "reason": "补偿"}
    made = await desk.post(f"/customers/{customer_id}/adjustments", body)
    assert made.status in (200, 201, 202), made
    return made.body


async def test_me_tells_how_much_of_what_by_which_post_and_what_of_it_is_used(world):
    boss, phone = await world.operator(), await world.arrive()
    bounded = await composed(
        boss, duties=MOVER, limits={"adjustments": {"most_fen": 5_000, "day_fen": 8_000}}
    )
    await operators.create(
        login="li", name="小李", password=PASSWORD, posts=[duties.Post(bounded), duties.Post("clerk")]
    )
    desk = await signed_in(world, "li")

    async def told(who):
        limits = (await who.get("/me")).body["limits"]
        return {
            (one["kind"], one["role"]): (one["most_fen"], one["day_fen"], one["used_fen"]) for one in limits
        }

    mine = await told(desk)
    assert mine["adjustments", bounded] == (5_000, 8_000, 0)
    assert mine["refunds", bounded] == mine["refunds", "clerk"] == (None, None, 0)
    assert ("adjustments", "clerk") not in mine and ("counter", bounded) not in mine
    assert (await adjust(desk, phone.customer_id, 3_000))["approval_no"] is None
    assert (await told(desk))["adjustments", bounded] == (5_000, 8_000, 3_000)
    assert (await adjust(desk, phone.customer_id, 2_001))["approval_no"], "the rest of it is too little"
    assert (await told(desk))["adjustments", bounded] == (5_000, 8_000, 3_000), "what waits is not counted"
    assert set((await told(boss)).values()) == {(None, None, 0)}, "an owner has no limit"
    world.advance(days=1)
    assert (await told(await signed_in(world, "li")))["adjustments", bounded] == (5_000, 8_000, 0)


async def test_what_is_above_ones_limit_says_so_before_it_is_refused(world):
    boss = await world.operator()
    nothing = await composed(boss, name="新人", duties=MOVER, limits={"adjustments": {"most_fen": 0}})
    second = await composed(
        boss, name="组长", duties=AGREES, limits={"adjustments": {"most_fen": 5_000, "day_fen": 7_000}}
    )
    asks, agrees = await holding(world, nothing, login="xin"), await holding(world, second, login="zu")
    looks = await holding(world, "auditor", login="au")
    people = [(await world.arrive()).customer_id for _ in range(3)]
    amounts = (5_001, 4_000, 3_500)
    numbers = [
        (await adjust(asks, who, fen))["approval_no"] for who, fen in zip(people, amounts, strict=True)
    ]

    async def above(who):
        rows = {one["approval_no"]: one["above_limit"] for one in (await who.get("/approvals")).body["items"]}
        for number in numbers:
            assert (await who.get(f"/approvals/{number}")).body["above_limit"] == rows[number]
        return [rows[number] for number in numbers]

    each, day = {"per": "customer", "most_fen": 5_000}, {"per": "day", "most_fen": 7_000}
    assert await above(agrees) == [each, None, None]
    for other in (boss, asks, looks):
        assert await above(other) == [None] * 3, "no limit, their own, or no duty to decide"
    refused = await agrees.post(f"/approvals/{numbers[0]}/approve")
    assert (refused.status, refused.code) == (403, "above_your_limit")
    both = await asyncio.gather(*(agrees.post(f"/approvals/{number}/approve") for number in numbers[1:]))
    assert sorted(one.status for one in both) == [200, 403], "each fits, both together do not"
    left = next(number for number, one in zip(numbers[1:], both, strict=True) if one.status == 403)
    told = dict(zip(numbers, await above(agrees), strict=True))
    assert (told[numbers[0]], told[left]) == (each, day)
    assert (await agrees.post(f"/approvals/{left}/approve")).code == "above_your_limit"
    said_no = await agrees.post(f"/approvals/{left}/reject", {"note": "太多"})
    assert (said_no.status, said_no.body["state"], said_no.body["above_limit"]) == (200, "rejected", None)
