"""The proof names what is wrong with points, coupons and what was spent."""

from billing import points_adjustments, points_bonus, refunds, spending
from core import db as database
from ledger import proof
from ledger.proof import marks
from members import coupons, leaving, points, points_rules
from shop import orders, placing
from tests import factories
from tests.ledger import breaking
from tests.members.test_coupons import LINES, given, used

OURS = ("I23", "I24", "I25")


async def busy_members():
    """Points earned, spent, given back, taken back, changed into bonus and handed over; coupons used, given back and void."""
    await points_rules.put(points_rules.Rule(100, 100, 100, 200, None, 30), by="operator:1")
    customer, other = await factories.customer(principal=9_000), await factories.customer()
    order = await factories.order(customer.id, 5_000)
    order = await orders.pay(customer.id, order.order_no, key=factories.key())
    await spending.follow()
    await refunds.of_bill(
        factories.open_channels(), 1, order.bill_no, amount_fen=2_000, reason="r", key=factories.key()
    )
    await spending.follow()
    for one in (customer, other):
        await points_adjustments.adjust(1, one.id, 100, reason="r", key=factories.key())
    await points_bonus.change(customer.id, 40, key=factories.key())
    async with database.transaction():
        await points.spend(customer.id, 30, f"order:{order.order_no}", worth_fen=30)
        await points.give_back(f"order:{order.order_no}")
    owing = await factories.customer(principal=1_000)
    bought = await factories.order(owing.id, 1_000)
    await orders.pay(owing.id, bought.order_no, key=factories.key())
    await spending.follow()
    await points_bonus.change(owing.id, 10, key=factories.key())
    await orders.cancel(owing.id, bought.order_no)
    await spending.follow()
    await points_adjustments.adjust(1, owing.id, 4, reason="r", key=factories.key())
    numbers = [await given(customer) for _ in range(3)]
    await used(customer, numbers[:1], f"{order.order_no}-1", LINES)
    await used(customer, numbers[1:2], f"{order.order_no}-2", LINES)
    await coupons.give_back(f"{order.order_no}-2")
    await coupons.void(1, customer.id, numbers[2])
    wish = placing.How(coupon_nos=(await given(customer),), points=7)
    piece = await factories.sku(4_000)
    await orders.place(customer.id, [orders.Wanted(piece.id, 1)], wish, key=factories.key())
    async with database.transaction():
        await leaving.hand_over(other.id, customer.id, operator="operator:1")


BREAKING = {
    "points out of nothing": ("I23", "UPDATE points_account SET points = points + 1"),
    "a lot more": ("I23", "UPDATE points_lot SET points = points + 1, remaining = remaining + 1"),
    "a movement is lost": ("I23", "DELETE FROM points_movement WHERE kind = 'merged_in'"),
    "a movement says more": ("I23", "UPDATE points_movement SET points = points + 1 WHERE kind = 'earned'"),
    "a part is lost": ("I23", "DELETE FROM points_part WHERE points < 0"),
    "of another customer": (
        "I23",
        "UPDATE points_lot SET customer_id = customer_id - 1 WHERE movement_id IN"
        " (SELECT id FROM points_movement WHERE kind = 'merged_in')",
    ),
    "more given back": ("I23", "UPDATE points_movement SET undoes = 'none' WHERE kind = 'given_back'"),
    "more taken back": ("I23", "UPDATE points_movement SET points = 1 WHERE kind = 'earned'"),
    "more owed than earned": ("I23", "UPDATE points_debt SET points = points + 1"),
    "less paid than taken": ("I23", "UPDATE points_debt SET paid = paid - 1, points = points - 1"),
    "points and debts": (
        "I23",
        "INSERT INTO points_debt (customer_id, reference, points, paid, changed_at)"
        " SELECT customer_id, reference, 1, 0, at FROM points_movement m WHERE kind = 'earned'"
        " AND reference NOT IN (SELECT reference FROM points_debt)",
    ),
    "bonus for nothing": ("I23", "DELETE FROM points_movement WHERE reference LIKE 'points_bonus:%'"),
    "more bonus": (
        "I23",
        "UPDATE points_movement SET worth_fen = worth_fen + 1 WHERE reference LIKE 'points_bonus:%'",
    ),
    "no bonus": ("I23", "UPDATE transfer SET kind = 'top_up' WHERE kind = 'points_bonus'"),
    "used again": (
        "I24",
        "UPDATE coupon SET state = 'unused', order_no = NULL, off_fen = NULL WHERE state = 'used'",
    ),
    "used elsewhere": ("I24", "UPDATE coupon SET order_no = 'S0' WHERE state = 'used'"),
    "took more off": ("I24", "UPDATE coupon SET off_fen = off_fen + 1 WHERE state = 'used'"),
    "used twice": (
        "I24",
        "INSERT INTO coupon_event (coupon_id, what, order_no, by, at)"
        " SELECT coupon_id, what, 'S0', by, at FROM coupon_event WHERE what = 'used'",
    ),
    "not void after all": ("I24", "UPDATE coupon SET state = 'unused' WHERE state = 'void'"),
    "an order without its points": (
        "I24",
        "UPDATE points_movement SET worth_fen = worth_fen + 1 WHERE kind = 'spent' AND points = -7",
    ),
    "an order with another's coupon": (
        "I24",
        "UPDATE shop_order SET discounts = jsonb_set(discounts, '{0,reference}', '\"K0\"') WHERE discounts IS NOT NULL",
    ),
    "of an order that is not to be": (
        "I24",
        "UPDATE shop_order SET state = 'cancelled' WHERE discounts IS NOT NULL",
    ),
    "one too many": ("I24", "UPDATE coupon_template SET issued = issued + 1"),
    "nothing spent": ("I25", "DELETE FROM spending WHERE amount_fen > 0"),
    "nothing back": ("I25", "DELETE FROM spending WHERE amount_fen < 0"),
    "more spent": ("I25", "UPDATE spending SET amount_fen = amount_fen + 1"),
    "spent instead of back": ("I25", "UPDATE spending SET amount_fen = -amount_fen"),
}


async def test_every_way_to_break_them_is_named_in_the_whole_and_in_what_is_new(db):
    mark = await breaking.marked_between(busy_members)
    assert await breaking.missed(BREAKING, mark) == []


def test_each_of_these_checks_is_broken_somewhere_here():
    assert {invariant for invariant, _ in BREAKING.values()} == set(OURS)


async def test_what_lies_on_both_sides_of_a_mark_is_no_offence(db):
    await busy_members()
    assert (await proof.run()).is_mark
    mark = await marks.last()
    await breaking.whole_on_both_sides(mark, ("points_movement", "coupon_event", "spending", "transfer"))
