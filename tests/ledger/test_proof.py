"""The proof names what is wrong: what ``BREAKING`` lists is broken on purpose in test_proof_since.py, in the whole and in what is new."""

from datetime import timedelta

import asyncpg
import pytest

from billing import (
    counter,
    counter_undo,
    deduction_rules,
    deductions,
    due_bills,
    operator_holds,
    payments,
    plan_actors,
    plan_pauses,
    quarantine,
    quarantine_desk,
    vouchers,
)
from core import clock
from core import db as database
from ledger import accounts, holds, posting, proof
from ledger.proof import checks
from shop import after_sales, order_review, orders, shipments
from tests import factories
from tests.billing import refunding, remitting
from tests.ledger import breaking
from tests.shop import standing


async def a_busy_shop():
    """One of everything: a top-up with bonus, a paid, a refunded and an open order, a charged and an owed period, holds."""
    customer = await factories.customer(principal=20_000, bonus=1_000)
    sku = await factories.sku(1_000)
    numbers = []
    for _ in range(3):
        order = await orders.place(customer.id, [orders.Wanted(sku.id, 1)], key=factories.key())
        numbers.append(order.order_no)
    for order_no in numbers[:2]:
        await orders.pay(customer.id, order_no, key=factories.key())
    await orders.cancel(customer.id, numbers[1])
    await factories.plan(customer.id, 5_000)
    await factories.plan(customer.id, 90_000)
    await deductions.run_due()
    code = accounts.of_customer(customer.id)
    for reference in (f"captured:{customer.id}", f"open:{customer.id}"):
        await holds.place(code, reference=reference, amount_fen=300)
    await holds.capture(
        f"captured:{customer.id}", amount_fen=200, target=accounts.REVENUE, kind="capture", operator="clock"
    )
    await factories.top_up(customer.id, 700)
    await payments_for_bills(customer.id)
    await operator_holds.place(
        1, customer.id, amount_fen=50, title="押金", expires_at=None, key=factories.key()
    )
    bill_no = await factories.bill(customer.id, 900)
    await factories.in_instalments(bill_no)
    await due_bills.run()
    await refunding.some_refunds(customer.id, numbers[0])
    await money_set_aside(customer.id)
    await money_over_the_counter(customer.id)
    await goods_given_back(customer.id, sku.id)
    return customer


async def goods_given_back(customer_id, sku_id):
    """An order that was sent and of which one of two came back."""
    order = await orders.place(customer_id, [orders.Wanted(sku_id, 2)], key=factories.key())
    await orders.pay(customer_id, order.order_no, key=factories.key())
    await shipments.ship(
        order_review.By(1), order.order_no, shipments.Parcel("顺丰", "SF1234567890"), key=factories.key()
    )
    asked = await after_sales.apply(
        customer_id, order.order_no, "refund", {sku_id: 1}, reason="少发", key=factories.key()
    )
    await after_sales.refund(
        refunding.opened(), order_review.By(1), asked.return_no, amount_fen=100, key=factories.key()
    )


async def money_over_the_counter(customer_id):
    """A top-up and a bill paid there, one bill payment that was undone, and a voucher that was confirmed."""
    await counter.top_up(
        1, counter.TopUpWish(customer_id, amount_fen=300), counter.Taking("cash", None), key=factories.key()
    )
    for number in range(2):
        bill_no = await factories.bill(customer_id, 400)
        taking = counter.Taking("card", f"{customer_id}-{number}")
        paid = await counter.bill(1, bill_no, taking, key=factories.key())
    await counter_undo.undo(1, paid.payment.counter_no, reason="记错", key=factories.key())
    shown = await vouchers.start(customer_id, amount_fen=200, key=factories.key())
    await database.execute(
        "UPDATE voucher SET state = 'submitted', image_hash = 'x' WHERE voucher_no = $1", shown.voucher_no
    )
    await vouchers.confirm(
        1, shown.voucher_no, amount_fen=200, reference=shown.voucher_no, key=factories.key()
    )


async def money_set_aside(customer_id):
    """A sum in quarantine, and one that was credited out of it."""
    for _ in range(2):
        wish = await factories.top_up(customer_id, 500)
        assert await payments.confirm(factories.trade(wish, amount_fen=499)) == "quarantined"
    credited, *_ = await quarantine.page(customer_id=customer_id)
    await quarantine_desk.credit(
        1, credited.id, customer_id=customer_id, reason="少付一分", key=factories.key()
    )


async def payments_for_bills(customer_id):
    """A paid, an open and a credited combined payment."""
    paid = await factories.combined_payment(await factories.order(customer_id, 1_000), 100)
    await payments.confirm(factories.trade(paid))
    await factories.combined_payment(await factories.order(customer_id, 1_000), 100)
    order = await factories.order(customer_id, 1_000)
    late = await factories.combined_payment(order, 100)
    await payments.confirm(factories.trade(late, state="closed", channel_trade_no=None))
    await orders.cancel(customer_id, order.order_no)
    await payments.confirm(factories.trade(late))


async def broken_by(*statements):
    await breaking.rewrite(*statements)
    return {violation.invariant for violation in await proof.check()}


async def test_a_busy_shop_proves(db):
    await a_busy_shop()
    assert await proof.check() == []


BREAKING = {
    "I1 orphan": ("I1", "UPDATE posting SET transfer_id = 999999 WHERE id = 1"),
    "I1 no account": ("I1", "UPDATE posting SET source_id = 999999 WHERE id = 1"),
    "I1 no postings": ("I1", "DELETE FROM posting WHERE transfer_id = (SELECT min(id) FROM transfer)"),
    "I1 no lot": ("I1", "UPDATE posting SET target_lot_id = NULL WHERE id = 1"),
    "I2 posting": ("I2", "UPDATE posting SET amount_fen = amount_fen + 1 WHERE id = 1"),
    "I2 entry": ("I2", "UPDATE entry SET principal_fen = principal_fen + 1 WHERE id = 1"),
    "I2 chain": ("I2", "UPDATE entry SET bonus_after_fen = bonus_after_fen + 1 WHERE id = 2"),
    "I2 gap": ("I2", "UPDATE entry SET entry_no = entry_no + 100 WHERE id = 2"),
    "I2 balance": ("I2", "UPDATE account SET principal_fen = principal_fen + 1 WHERE kind = 'customer'"),
    "I2 lost entry": ("I2", "DELETE FROM entry WHERE id = (SELECT max(id) FROM entry)"),
    "I5 unanswered": ("I5", "UPDATE request_key SET answer = NULL WHERE id = 1"),
    "I6 twice": ("I6", "UPDATE payment SET amount_fen = amount_fen * 2 WHERE state = 'paid'"),
    "I6 uncredited": (
        "I6",
        "UPDATE top_up SET state = 'pending', credited_at = NULL WHERE state = 'credited'",
    ),
    "I6 other channel": ("I6", "UPDATE payment SET channel = 'alipay' WHERE state = 'paid'"),
    "I6 for a bill": (
        "I6",
        "UPDATE payment SET amount_fen = amount_fen + 1 WHERE purpose = 'bill' AND state = 'paid'",
    ),
    "I6 bill lost": (
        "I6",
        "UPDATE bill_payment SET tender = 'counter', payment_no = NULL WHERE payment_no IS NOT NULL",
    ),
    "I6 not credited": ("I6", "UPDATE transfer SET kind = 'gift' WHERE kind = 'payment_credit'"),
    "I6 combined state": ("I6", "UPDATE combined_payment SET state = 'closed' WHERE state = 'credited'"),
    "I6 not booked": ("I6", "UPDATE quarantine SET booked_fen = 0 WHERE state = 'open'"),
    "I6 not credited once dealt with": (
        "I6",
        "UPDATE quarantine SET state = 'resolved', resolution = 'closed', resolved_at = now() WHERE state = 'open'",
    ),
    "I6 credited unsaid": (
        "I6",
        "UPDATE transfer SET kind = 'quarantine_return' WHERE kind = 'quarantine_credit'",
    ),
    "I6 counter amount": (
        "I6",
        "UPDATE counter_payment SET amount_fen = amount_fen + 1 WHERE purpose = 'bill' AND state = 'taken'",
    ),
    "I6 counter top-up": (
        "I6",
        "DELETE FROM counter_payment WHERE purpose = 'top_up' AND voucher_no IS NULL",
    ),
    "I6 undone unsaid": (
        "I6",
        "UPDATE counter_payment SET state = 'taken', undone_at = NULL, undone_by = NULL WHERE state = 'undone'",
    ),
    "I6 voucher without its money": (
        "I6",
        "UPDATE voucher SET counter_no = 'N' || id WHERE state = 'confirmed'",
    ),
    "I11 counter payment lost": ("I11", "DELETE FROM bill_payment WHERE tender = 'counter'"),
    "I6 another customer's": ("I6", "UPDATE quarantine SET credited_to_id = 999 WHERE state = 'resolved'"),
    "I7 skipped": ("I7", "UPDATE plan SET next_period_no = next_period_no + 1"),
    "I7 lost period": ("I7", "DELETE FROM plan_period WHERE state = 'charged'"),
    "I7 outcome": ("I7", "UPDATE plan_period SET state = 'charged', ended_at = now() WHERE state = 'owed'"),
    "I7 nobody comes": ("I7", "UPDATE dunning_case SET state = 'paid', ended_at = now(), next_at = NULL"),
    "I7 days doubled": ("I7", "UPDATE plan_period SET covers_from = covers_from - 1 WHERE period_no > 0"),
    "I7 more than agreed": ("I7", "UPDATE plan SET consented_fen = 1"),
    "I7 ended too soon": (
        "I7",
        "UPDATE plan SET state = 'ended', next_on = NULL, next_due_on = NULL, ahead_on = NULL WHERE state = 'active'",
    ),
    "I8 refund": ("I8", "UPDATE bill_payment SET refunded_fen = 0 WHERE refunded_fen > 0"),
    "I8 lot": (
        "I8",
        "UPDATE posting SET source_lot_id = 999 WHERE transfer_id IN (SELECT reverses_id FROM transfer WHERE kind = 'bill_refund')",
    ),
    "I8 reserved": ("I8", "UPDATE bill_payment SET refunding_fen = refunding_fen + 1 WHERE refunded_fen = 0"),
    "I8 part": ("I8", "UPDATE refund_part SET amount_fen = amount_fen + 1 WHERE state = 'open'"),
    "I8 state": ("I8", "UPDATE refund SET state = 'paid', ended_at = now() WHERE state = 'open'"),
    "I8 refused": ("I8", "UPDATE refund_part SET state = 'failed' WHERE state = 'paid'"),
    "I8 top-up": ("I8", "UPDATE top_up SET refunded_fen = 0 WHERE refunded_fen > 0"),
    "I8 claw-back": ("I8", "UPDATE refund SET bonus_fen = bonus_fen + 1 WHERE kind = 'top_up'"),
    "I8 another's lot": (
        "I8",
        "UPDATE lot SET source = 'top_up:another' WHERE kind = 'bonus' AND source LIKE 'top_up:%'",
    ),
    "I9 lot": ("I9", "UPDATE lot SET remaining_fen = remaining_fen - 1 WHERE remaining_fen > 0"),
    "I10 held": ("I10", "UPDATE account SET held_fen = held_fen - 1 WHERE held_fen > 0"),
    "I10 capture": ("I10", "UPDATE hold SET captured_fen = captured_fen - 1 WHERE state = 'captured'"),
    "I10 combined": ("I10", "UPDATE combined_payment SET balance_fen = balance_fen + 1 WHERE state = 'open'"),
    "I10 hold let go": (
        "I10",
        "UPDATE hold SET state = 'released', ended_at = now() WHERE state = 'open' AND reference LIKE 'combined:%'",
    ),
    "I11 bill free": ("I11", "UPDATE bill SET pending_no = NULL WHERE pending_no IS NOT NULL"),
    "I11 bill waits": (
        "I11",
        "UPDATE bill SET pending_no = 'C1' WHERE state = 'open' AND pending_no IS NULL",
    ),
    "I11 share": ("I11", "UPDATE combined_payment SET balance_fen = balance_fen + 1 WHERE state = 'paid'"),
    "I11 paid": ("I11", "UPDATE bill_payment SET amount_fen = amount_fen + 1, refunded_fen = 0"),
    "I11 order": ("I11", "UPDATE shop_order SET state = 'paid' WHERE state = 'placed'"),
    "I11 line": ("I11", "UPDATE order_line SET quantity = quantity * 2, amount_fen = amount_fen * 2"),
    "I11 part": ("I11", "UPDATE instalment SET amount_fen = amount_fen + 1 WHERE part_no = 2"),
    "I11 sum": ("I11", "DELETE FROM instalment WHERE part_no = 3"),
    "I11 days": ("I11", "UPDATE instalment SET due_on = due_on - 400 WHERE part_no = 2"),
    "I11 next part": ("I11", "UPDATE bill SET due_at = created_at WHERE collect_mode = 'instalments'"),
    "I11 arrangement": (
        "I11",
        "UPDATE arrangement SET state = 'cancelled', ended_at = created_at WHERE state = 'running'",
    ),
    "I11 mode": ("I11", "UPDATE bill SET collect_mode = 'full' WHERE collect_mode = 'instalments'"),
    "I13 untold": ("I13", "DELETE FROM outbox_message WHERE kind = 'topped_up'"),
    "I13 hold untold": ("I13", "DELETE FROM outbox_message WHERE kind = 'held'"),
    "I13 release untold": (
        "I13",
        "UPDATE hold SET state = 'released', ended_at = now() WHERE state = 'open' AND reference LIKE 'H%'",
    ),
    "I14 ended too early": ("I14", "UPDATE top_up SET state = 'closed' WHERE state = 'pending'"),
    "I14 waits for nothing": (
        "I14",
        "UPDATE payment SET state = 'closed', ask_at = NULL WHERE state = 'prepared' AND purpose = 'top_up'",
    ),
    "I15 liability": ("I15", "UPDATE account SET bonus_fen = bonus_fen + 5 WHERE kind = 'customer'"),
    "I8 after-sale more than paid": (
        "I8",
        "WITH more AS (UPDATE after_sale_line SET most_fen = most_fen + 5000, refund_fen = refund_fen + 5000 RETURNING after_sale_id)"
        " UPDATE after_sale SET refund_fen = refund_fen + 5000 FROM more WHERE after_sale.id = more.after_sale_id",
    ),
    "I8 after-sale another amount": ("I8", "UPDATE after_sale SET refund_fen = refund_fen - 1"),
    "I11 taken off unsaid": ("I11", "UPDATE after_sale SET reduced_fen = reduced_fen + 1"),
    "I22 kept for nobody": ("I22", "UPDATE stock SET reserved = reserved - 1 WHERE reserved > 0"),
    "I22 more than moved": ("I22", "UPDATE stock SET on_hand = on_hand + 1"),
    "I22 moved more": ("I22", "UPDATE stock_movement SET change = change + 1 WHERE change > 0"),
    "I22 line lets go": ("I22", "UPDATE order_line SET reserved = reserved - 1 WHERE reserved > 0"),
    "I22 shipped unsent": (
        "I22",
        "UPDATE order_line SET shipped = reserved, reserved = 0 WHERE reserved > 0",
    ),
    "I22 of no order": ("I22", "UPDATE order_event SET order_id = order_id + 1000000 WHERE step = 'pay'"),
    "I11 of no bill": ("I11", "UPDATE bill_payment SET bill_id = bill_id + 1000000"),
    "I22 nobody comes for it": ("I22", "DELETE FROM order_deadline"),
    "I22 step unsaid": ("I22", "UPDATE order_event SET became = 'shipped' WHERE became = 'paid'"),
    "I11 discount unsaid": (
        "I11",
        "UPDATE order_line SET discount_fen = 1",
    ),
}


@pytest.mark.broken_books
async def test_a_second_open_attempt_is_refused_by_the_database_and_named(db):
    customer = await factories.customer()
    assert await factories.top_up(customer.id, 700)
    with pytest.raises(asyncpg.UniqueViolationError):
        await _copy_the_attempt()
    index = await database.fetchval("SELECT indexdef FROM pg_indexes WHERE indexname = 'payment_current'")
    await database.execute("DROP INDEX payment_current")
    try:
        await _copy_the_attempt()
        assert {violation.invariant for violation in await proof.check()} == {"I14"}
    finally:
        await database.execute("DELETE FROM payment WHERE payment_no = 'P2'")
        await database.execute(index)


async def _copy_the_attempt():
    await database.execute(
        "INSERT INTO payment (payment_no, customer_id, purpose, purpose_no, channel, method, amount_fen, currency, app_id,"
        " merchant_id, state, created_at, expires_at, ask_at, asks) SELECT 'P2', customer_id, purpose, purpose_no, channel,"
        " method, amount_fen, currency, app_id, merchant_id, state, created_at, expires_at, ask_at, asks FROM payment"
    )


@pytest.mark.broken_books
async def test_books_that_can_be_rewritten_are_named(db):
    await database.execute("ALTER TABLE entry DISABLE TRIGGER append_only")
    try:
        assert {violation.invariant for violation in await proof.check()} == {"I4"}
    finally:
        await database.execute("ALTER TABLE entry ENABLE TRIGGER append_only")


@pytest.mark.broken_books
async def test_an_overdrawn_account_cannot_even_be_written_and_would_be_named(db):
    await factories.customer(principal=100)
    with pytest.raises(Exception, match="account_available"):
        await database.execute("UPDATE account SET held_fen = 101 WHERE kind = 'customer'")
    await database.execute("ALTER TABLE account DROP CONSTRAINT account_available")
    try:
        assert "I3" in await broken_by("UPDATE account SET held_fen = 101 WHERE kind = 'customer'")
        await database.execute("UPDATE account SET held_fen = 0")
    finally:
        await database.execute(
            "ALTER TABLE account ADD CONSTRAINT account_available"
            " CHECK (principal_fen + bonus_fen - held_fen >= -credit_limit_fen)"
        )


@pytest.mark.parametrize("hour", [1, 23], ids=["after the shop's midnight", "before it"])
async def test_due_work_left_undone_is_named_only_where_freshness_is_asked_for(db, hour):
    clock.set_offset(clock.start_of(clock.today()) + timedelta(days=1, hours=hour) - clock.now())
    customer = await factories.customer()
    await factories.plan(customer.id, 100)
    paused = await factories.plan(customer.id, 100)
    until = clock.today() + timedelta(days=1)
    await plan_pauses.pause(plan_actors.by_operator(1), paused.id, until=until, key=factories.key())
    await factories.bill(customer.id)
    await factories.topped_up(customer.id, 700)
    await factories.top_up(customer.id, 700)
    await holds.place(
        accounts.of_customer(customer.id),
        reference="old",
        amount_fen=1,
        expires_at=clock.now() + timedelta(minutes=1),
    )
    await factories.customer(principal=700, bonus=70, bonus_days=1)
    other = await factories.customer()
    await refunding.ask_for(other.id, (await factories.topped_up(other.id, 700)).top_up_no)
    await _under_review()
    channel, receiver = remitting.Payouts(), await remitting.known_customer(20_000)
    await remitting.of_refund(channel, await remitting.at_counter(channel, receiver, 5_000))
    await standing.started(customer, await factories.sku())
    assert await proof.check(freshness=True) == []
    clock.set_offset(clock.offset() + timedelta(days=3))
    titles = {violation.title for violation in await proof.check(freshness=True)}
    assert titles == {one.title for one in checks.ALL if one.invariant == "I16"}
    assert await proof.check() == []


async def _under_review():
    """A payment that a rule holds back until an operator decides."""
    customer = await factories.customer(principal=700)
    await deduction_rules.add(
        name="大额", kind="size", params={"at_least_fen": 500}, action="hold", tells_customer=False
    )
    sku = await factories.sku(600)
    order = await orders.place(customer.id, [orders.Wanted(sku.id, 1)], key=factories.key())
    assert (await orders.pay(customer.id, order.order_no, key=factories.key())).under_review


def test_every_check_is_broken_somewhere_here():
    elsewhere = {
        "I3",
        "I4",
        "I14",
        "I16",
        "I17",
        "I18",
        "I19",
        "I20",
        "I21",
        "I23",
        "I24",
        "I25",
        "I26",
        "I27",
        "I28",
        "I29",
    }
    broken = {invariant for invariant, _ in BREAKING.values()} | elsewhere
    assert broken == {one.invariant for one in checks.ALL}


async def test_a_violation_reads_well(db):
    violation = proof.Violation("I9", "a lot is wrong", ("lot 1", "lot 2"), 7)
    assert str(violation) == "I9 a lot is wrong: 7 (lot 1, lot 2)"
    assert posting.Posted("r", "posted", 1).is_done
