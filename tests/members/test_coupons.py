"""Coupons: what they take off, who may have them, and that each is used once."""

import asyncio
from datetime import timedelta

import pytest

from core import clock
from core import db as database
from members import coupon_rules, coupon_templates, coupons
from members.coupon_rules import Line
from tests import factories

LINES = (Line(1, 11, (5,), 1, 6_000), Line(2, 12, (6,), 2, 4_000))


def terms(**how):
    now = clock.now()
    plain = {
        "name": "满减券", "kind": "amount", "off_fen": 1_000, "off_percent": None, "most_fen": None, "least_fen": 0,
        "products": None, "categories": None, "stacks": "others", "with_points": True,
        "from_at": now - timedelta(hours=1), "until_at": now + timedelta(days=9), "days": None, "per_customer": None,
        "total": None, "code": None,
    }  # fmt: skip
    return coupon_templates.Terms(**{**plain, **how})


async def kind(**how):
    return await coupon_templates.add(1, terms(**how), key=factories.key())


async def given(customer, **how):
    made = await kind(**how)
    return (await coupons.give(1, customer.id, made.id, key=factories.key())).coupon.coupon_no


async def used(customer, numbers, order_no, lines=LINES):
    async with database.transaction():
        found = await coupons.judge(customer.id, numbers, lines)
        await coupons.use(customer.id, found, order_no)
    return found


@pytest.mark.parametrize(
    ("how", "line_fen"),
    [
        ({}, (600, 400)),
        ({"off_fen": 20_000}, (6_000, 4_000)),
        ({"off_fen": 1}, (1, 0)),
        ({"products": [12]}, (0, 1_000)),
        ({"categories": [5]}, (1_000, 0)),
        ({"products": [12], "categories": [5]}, (600, 400)),
        ({"kind": "percent", "off_fen": None, "off_percent": 15}, (900, 600)),
        ({"kind": "percent", "off_fen": None, "off_percent": 50, "most_fen": 333}, (200, 133)),
    ],
)
async def test_what_one_takes_off_is_spread_over_what_it_is_for(db, how, line_fen):
    customer = await factories.customer()
    (found,) = await coupons.judge(customer.id, [await given(customer, **how)], LINES)
    assert (found.line_fen, found.off_fen) == (line_fen, sum(line_fen))


async def test_amounts_go_before_shares_and_never_more_than_there_is(db):
    customer = await factories.customer()
    share = await given(customer, kind="percent", off_fen=None, off_percent=10, name="九折券")
    amount = await given(customer, off_fen=9_000, least_fen=10_000)
    more = await given(customer, off_fen=5_000)
    found = await coupons.judge(customer.id, [share, amount, more], LINES)
    assert [(one.coupon_no, one.off_fen) for one in found] == [(amount, 9_000), (more, 1_000), (share, 0)]
    assert sum(one.off_fen for one in found) == 10_000


@pytest.mark.parametrize(
    ("how", "refusal"),
    [
        ({"least_fen": 10_001}, coupons.CouponTooLittle),
        ({"products": [12], "least_fen": 4_001}, coupons.CouponTooLittle),
        ({"products": [99]}, coupons.CouponNotForThese),
        ({"from_at": clock.now() + timedelta(days=1)}, coupons.CouponNotInTime),
        ({"with_points": False}, coupons.CouponNotWithPoints),
    ],
)
async def test_why_one_cannot_be_used(db, how, refusal):
    customer = await factories.customer()
    number = await given(customer, **how)
    with pytest.raises(refusal):
        await coupons.judge(customer.id, [number], LINES, with_points=True)
    assert [(one, type(why)) for _, one, why in await coupons.fitting(customer.id, LINES)] in (
        [(0, refusal)],
        [(1_000, type(None))],  # without points
    )


async def test_what_stacks_and_what_does_not(db):
    customer, other = await factories.customer(), await factories.customer()
    made = {stacks: await kind(stacks=stacks, name=stacks) for stacks in ("alone", "others", "any")}
    two = {
        stacks: [
            (await coupons.give(1, customer.id, one.id, key=factories.key())).coupon.coupon_no
            for _ in range(2)
        ]
        for stacks, one in made.items()
    }
    for numbers in (
        two["others"], [two["alone"][0], two["others"][0]], two["alone"],
    ):  # fmt: skip
        with pytest.raises(coupons.CouponsDoNotStack):
            await coupons.judge(customer.id, numbers, LINES)
    for numbers in ([], two["alone"][:1], two["any"], [two["others"][0], *two["any"]]):
        assert len(await coupons.judge(customer.id, numbers, LINES)) == len(numbers)
    with pytest.raises(coupons.NoSuchCoupon):
        await coupons.judge(other.id, two["any"], LINES)


async def test_of_eight_orders_at_once_one_has_it_and_it_may_be_used_again_when_given_back(db):
    customer = await factories.customer()
    numbers = [await given(customer), await given(customer, name="另一张")]
    done = await asyncio.gather(
        *(used(customer, numbers, f"S{nth}") for nth in range(8)), return_exceptions=True
    )
    assert sum(isinstance(one, list) for one in done) == 1
    assert {type(one) for one in done} == {list, coupons.CouponNotUsable}
    first = (await coupons.get(customer.id, numbers[0])).order_no
    async with database.transaction():
        await coupons.give_back("S-none")
    assert (await coupons.get(customer.id, numbers[0])).state == "used"
    for _ in range(2):
        await coupons.give_back(first)
    assert [one.state for one in await coupons.page(customer.id)] == ["unused", "unused"]
    await used(customer, numbers, "S9")
    events = await database.fetch("SELECT what FROM coupon_event WHERE coupon_id = 1 ORDER BY id")
    assert [row[0] for row in events] == ["issued", "used", "given_back", "used"]


async def test_one_whose_time_ends_meanwhile_is_not_used(db):
    customer = await factories.customer()
    number = await given(customer, days=1)
    found = await coupons.judge(customer.id, [number], LINES)
    held = await coupons.get(customer.id, number)
    assert held.coupon.ends_at == clock.start_of(clock.today() + timedelta(days=2))
    clock.stand_at(held.coupon.ends_at)
    with pytest.raises(coupons.CouponNotUsable):
        await coupons.use(customer.id, found, "S1")
    assert [one.state for one in await coupons.page(customer.id, state="over")] == ["over"]
    assert (
        await coupons.page(customer.id, state="unused") == [] == await coupons.page(customer.id, state="used")
    )


async def test_a_code_gives_so_many_to_everybody_and_so_many_in_all(db):
    made = await kind(code="TEA100", per_customer=1, total=3)
    people = [await factories.customer() for _ in range(5)]
    keys = [factories.key() for _ in people]
    done = await asyncio.gather(
        *(
            coupons.claim(one.id, "TEA100", key=key)
            for one, key in zip(people, keys, strict=True)
            for _ in range(2)
        ),
        return_exceptions=True,
    )
    held = {one.coupon.coupon_no for one in done if isinstance(one, coupons.Held)}
    assert len(held) == 3
    assert {type(one) for one in done} == {coupons.Held, coupons.CouponsGone}
    assert (await coupon_templates.get(made.id)).issued == 3
    await coupon_templates.change(1, made.id, active=True, total=1)
    assert (await coupon_templates.get(made.id)).terms.total == 3, "never fewer than there are"
    await coupon_templates.change(1, made.id, active=True, total=None)
    with pytest.raises(coupons.CouponHad):
        for one in people:
            await coupons.claim(one.id, "TEA100", key=factories.key())
    await coupon_templates.change(1, made.id, active=False, total=None)
    with pytest.raises(coupons.CouponsGone):
        await coupons.claim(people[4].id, "TEA100", key=factories.key())
    with pytest.raises(coupons.NoSuchCouponCode):
        await coupons.claim(people[4].id, "TEA", key=factories.key())


async def test_the_shop_takes_one_back_that_was_not_used(db):
    customer = await factories.customer()
    number, spent = await given(customer), await given(customer)
    await used(customer, [spent], "S1")
    for _ in range(2):
        assert (await coupons.void(1, customer.id, number)).state == "void"
    with pytest.raises(coupons.CouponNotUsable):
        await coupons.void(1, customer.id, spent)
    with pytest.raises(coupons.CouponNotUsable):
        await coupons.judge(customer.id, [number], LINES)
    with pytest.raises(coupons.NoSuchCoupon):
        await coupons.void(1, customer.id, "K0")


@pytest.mark.parametrize(
    "how",
    [
        {"off_percent": 10},
        {"off_fen": None},
        {"kind": "percent"},
        {"most_fen": 5},
        {"until_at": clock.now() - timedelta(days=1)},
    ],
)
async def test_terms_that_say_nothing_or_two_things_are_refused(db, how):
    with pytest.raises(coupon_templates.TermsWrong):
        await kind(**how)


async def test_a_code_is_one_kinds_and_a_kind_is_made_once(db):
    key = factories.key()
    wanted = terms(code="A1")
    made = [await coupon_templates.add(1, wanted, key=key) for _ in range(2)]
    assert made[0] == made[1] == (await coupon_templates.page())[0]
    with pytest.raises(coupon_templates.CouponCodeTaken):
        await kind(code="A1")
    with pytest.raises(coupon_templates.NoSuchTemplate):
        await coupon_templates.change(1, 404, active=True, total=None)
    with pytest.raises(coupon_templates.NoSuchTemplate):
        await coupons.give(1, (await factories.customer()).id, 404, key=factories.key())


async def test_coupons_follow_a_merge_and_end_with_a_closing(db):
    gone, kept = await factories.customer(), await factories.customer()
    number, spent = await given(gone), await given(gone)
    await used(gone, [spent], "S1")
    async with database.transaction():
        await coupons.hand_over(gone.id, kept.id)
    await coupons.give_back("S1")
    assert {one.coupon.coupon_no: one.state for one in await coupons.page(kept.id)} == {
        number: "unused",
        spent: "unused",
    }
    await used(kept, [spent], "S2")
    async with database.transaction():
        await coupons.end(kept.id)
        await database.execute("UPDATE customer SET state = 'closed' WHERE id = $1", kept.id)
    await coupons.give_back("S2")
    assert {one.state for one in await coupons.page(kept.id)} == {"void"}


@pytest.mark.parametrize("leaves_first", [True, False])
@pytest.mark.parametrize("how", ["closing", "merged"])
async def test_one_given_back_at_the_very_moment_its_customer_leaves_goes_where_the_others_went(
    db, how, leaves_first
):
    gone, kept = await factories.customer(), await factories.customer()
    number = await given(gone)
    await used(gone, [number], "S1")
    is_done, goes_on = asyncio.Event(), asyncio.Event()

    async def leave():
        if how == "closing":
            await database.execute("UPDATE customer SET state = 'closing' WHERE id = $1", gone.id)
            await coupons.end(gone.id)
        else:
            await coupons.hand_over(gone.id, kept.id)

    async def first(act):
        async with database.transaction():
            await act()
            is_done.set()
            await goes_on.wait()

    async def second(act):
        async with database.transaction():
            await act()

    async def back():
        await coupons.give_back("S1")

    acts = (leave, back) if leaves_first else (back, leave)
    one = asyncio.create_task(first(acts[0]))
    await is_done.wait()
    other = asyncio.create_task(second(acts[1]))
    while not await database.fetchval("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)"):
        assert not other.done(), "one waits for the other"
        await asyncio.sleep(0.01)
    goes_on.set()
    await asyncio.gather(one, other)
    owner, state = (gone, "void") if how == "closing" else (kept, "unused")
    assert (await coupons.get(owner.id, number)).state == state


@pytest.mark.parametrize(("amount", "weights", "parts"), [
    (10, [1, 1, 1], [4, 3, 3]), (0, [5, 5], [0, 0]), (7, [0, 7], [0, 7]), (3, [0, 0], [0, 0]), (5, [2, 3], [2, 3]),
])  # fmt: skip
def test_spreading_loses_no_fen(amount, weights, parts):
    assert coupon_rules.spread(amount, weights) == parts
