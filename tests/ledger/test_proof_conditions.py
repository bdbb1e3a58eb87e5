"""Each condition of a check, broken where no other condition sees it: that very check has to name it, in the whole and in what is new."""

from billing import stores
from shop import order_review, orders, shipments, stock
from tests import factories
from tests.billing import refunding
from tests.billing.test_credit_limits import bought, on_credit
from tests.ledger import breaking
from tests.ledger.test_proof import a_busy_shop


async def a_shop_with_all_of_it():
    """The busy shop; beside it an order in each state, a SKU in two stores, one sold out, two arrangements, and credit in use."""
    await a_busy_shop()
    customer = await factories.customer(principal=90_000)
    await orders_in_every_state(customer)
    await in_two_stores(customer)
    bill_no = await factories.bill(customer.id, 1_000)
    await factories.in_instalments(bill_no, 4)
    paid = await refunding.paid_by_channel(customer.id, 700, balance_fen=300)
    await refunding.refund_bill(paid, 600)
    on_loan = await on_credit(2_000)
    for price_fen in (500, 300):
        await bought(on_loan, price_fen)
    await factories.topped_up(on_loan, 100)
    await on_credit(400, principal=50)


async def orders_in_every_state(customer):
    by = order_review.By(1)
    for state in ("placed", "cancelled", "shipping", "shipped", "handed over"):
        sku = await factories.sku(1_000, stock=3)
        made = await orders.place(customer.id, [orders.Wanted(sku.id, 3)], key=factories.key())
        if state == "cancelled":
            await orders.cancel(customer.id, made.order_no)
        if state in ("placed", "cancelled"):
            continue
        await orders.pay(customer.id, made.order_no, key=factories.key())
        if state == "handed over":
            await order_review.hand_over(by, made.order_no, key=factories.key())
            continue
        parcel = shipments.Parcel("圆通", "YT0001", {sku.id: 1} if state == "shipping" else None)
        await shipments.ship(by, made.order_no, parcel, key=factories.key())


async def in_two_stores(customer):
    sku = await factories.sku(1_000, stock=7)
    await stores.put("lake", name="湖滨店")
    await stock.open_with({sku.id: 5}, store_id=await stores.id_of("lake"), by="operator:1")
    for store in ("lake", None):
        how = orders.How(store=store) if store else orders.How()
        await orders.place_and_pay(customer.id, [orders.Wanted(sku.id, 2)], how, key=factories.key())


_SUM = "a refund that is not the sum of its parts"
_PAID = "a part of a refund that was paid without its transfer"
_TOOK = "a top-up refund that took other money"
_LINE = "a line of an order that reserves or has shipped"
_PARTS = "instalments that do not come to their bill"
_DEADLINE = "an order to be paid that no deadline leads to"
_CREDIT = "money that moved between a customer and house:credit"
_USED = "a credit movement that does not follow"
_TWO_PARTS = "(SELECT refund_id FROM refund_part GROUP BY refund_id HAVING count(*) > 1)"


def _parts(first, other):
    """Refunds of two parts, in these states."""
    ended = "CASE WHEN '{0}' IN ('paid', 'failed', 'credited') THEN now() END"
    return [
        f"UPDATE refund_part SET state = '{state}', ask_at = CASE WHEN '{state}' = 'open' THEN now() END, ended_at = {ended.format(state)}"
        f" WHERE refund_id IN {_TWO_PARTS} AND id {which} (SELECT min(id) FROM refund_part GROUP BY refund_id)"
        for state, which in ((first, "IN"), (other, "NOT IN"))
    ]


def _refund(state):
    ended = "NULL" if state in ("requested", "open") else "now()"
    return f"UPDATE refund SET state = '{state}', ended_at = {ended} WHERE id IN {_TWO_PARTS}"


def _line(state, changed):
    """A line of an order in a state, with its quantities changed."""
    return (
        _LINE,
        f"UPDATE order_line SET {changed} WHERE order_id IN (SELECT id FROM shop_order WHERE state = '{state}')",
    )


CONDITIONS = {
    "a refund without parts": (
        _SUM,
        "DELETE FROM refund_part WHERE refund_id = (SELECT max(id) FROM refund)",
    ),
    "requested while a part is on its way": (_SUM, *_parts("waiting", "open"), _refund("requested")),
    "rejected while a part was paid": (_SUM, *_parts("paid", "failed"), _refund("rejected")),
    "paid while a part is on its way": (_SUM, *_parts("paid", "open"), _refund("paid")),
    "paid while a part was refused": (_SUM, *_parts("paid", "failed"), _refund("paid")),
    "a part moved less": (_PAID, "UPDATE refund_part SET amount_fen = amount_fen + 1 WHERE state = 'credited' OR state = 'paid'"),
    "a part moved as another kind": (_PAID, "UPDATE transfer SET kind = 'top_up_refund_paid' WHERE kind = 'bill_refund'"),
    "money went back for no part": (_PAID, "DELETE FROM refund_part WHERE state IN ('paid', 'credited')"),
    "refunded by no refund": (
        "a top-up whose refunded amount or bonus",
        "UPDATE top_up SET refunded_fen = 1 WHERE state = 'credited' AND refunded_fen = 0",
    ),
    "a refund that took nothing": (_TOOK, "UPDATE transfer SET reference = 'x' || id WHERE kind = 'top_up_refund'"),
    "a refund that did not return all": (
        _TOOK,
        "UPDATE posting SET amount_fen = amount_fen - 1 WHERE transfer_id IN ("
        "SELECT id FROM transfer WHERE kind = 'top_up_refund_return')",
    ),
    "cancelled and kept": _line("cancelled", "reserved = 1"),
    "cancelled and sent": _line("cancelled", "shipped = 1"),
    "completed without all of it": _line("completed", "shipped = quantity - 1"),
    "shipped without all of it": _line("shipped", "shipped = quantity - 1"),
    "shipped in no parcel": (
        _LINE,
        "DELETE FROM shipment_line WHERE line_id IN ("
        "SELECT l.id FROM order_line l JOIN shop_order o ON o.id = l.order_id WHERE o.state = 'shipped')",
    ),
    "shipped in a parcel with less": (
        _LINE,
        "UPDATE shipment_line SET quantity = 2 WHERE quantity = 3",
    ),
    "on its way, and one is neither kept nor sent": _line("shipping", "reserved = reserved - 1"),
    "on its way in a parcel with more": (
        _LINE,
        "UPDATE shipment_line SET quantity = quantity + 1 WHERE line_id IN ("
        "SELECT l.id FROM order_line l JOIN shop_order o ON o.id = l.order_id WHERE o.state = 'shipping')",
    ),
    "paid, and one is not kept": _line("paid", "reserved = quantity - 1"),
    "sent before it was sent": (
        _LINE,
        "UPDATE shipment_line SET line_id = (SELECT max(l.id) FROM order_line l JOIN shop_order o ON o.id = l.order_id"
        " WHERE o.state = 'paid')",
    ),
    "an order without a history": ("an order whose history", "DELETE FROM order_event"),
    "to be paid, and nobody comes": (_DEADLINE, "DELETE FROM order_deadline"),
    "to be paid by another": (_DEADLINE, "UPDATE order_deadline SET customer_id = customer_id + 1"),
    "to be paid by another time": (_DEADLINE, "UPDATE order_deadline SET expires_at = expires_at + interval '1 second'"),
    "completed in a parcel with more": (
        _LINE,
        "UPDATE shipment_line SET line_id = (SELECT max(l.id) FROM order_line l JOIN shop_order o ON o.id = l.order_id"
        " WHERE o.state = 'completed'), quantity = 99",
    ),
    "credited by nothing": (
        "a top-up whose state, amounts and credit",
        "UPDATE transfer SET reference = 'x' || id WHERE kind = 'top_up'",
    ),
    "credited with less": (
        "a top-up whose state, amounts and credit",
        "UPDATE top_up SET bonus_fen = bonus_fen + 1 WHERE state = 'credited'",
    ),
    "less in quarantine than was said": (
        "money that came into the quarantine",
        "UPDATE posting SET amount_fen = amount_fen - 1 WHERE transfer_id IN (SELECT id FROM transfer WHERE kind = 'quarantine')",
    ),
    "quarantine from another place": (
        "money that came into the quarantine",
        "UPDATE posting SET source_id = (SELECT id FROM account WHERE code = 'house:counter')"
        " WHERE transfer_id IN (SELECT id FROM transfer WHERE kind = 'quarantine')",
    ),
    "a counter payment from another place": (
        "a counter payment for a bill",
        "UPDATE posting SET source_id = (SELECT id FROM account WHERE code = 'house:suspense')"
        " WHERE transfer_id IN (SELECT id FROM transfer WHERE kind = 'counter_payment')",
    ),
    "two parts on one day": (
        _PARTS,
        "UPDATE instalment i SET due_on = (SELECT due_on FROM instalment b WHERE b.arrangement_id = i.arrangement_id AND b.part_no = 1)"
        " WHERE part_no = 2",
    ),
    "two parts at one time": (
        _PARTS,
        "UPDATE instalment i SET due_at = (SELECT due_at FROM instalment b WHERE b.arrangement_id = i.arrangement_id AND b.part_no = 1)"
        " WHERE part_no = 2",
    ),
    "an arrangement without parts": (_PARTS, "DELETE FROM instalment"),
    "parts that come to less": (
        _PARTS,
        "UPDATE bill SET amount_fen = amount_fen + 1 WHERE collect_mode = 'instalments'",
    ),
    "drawn and not said": (_CREDIT, "DELETE FROM credit_movement WHERE id = (SELECT max(id) FROM credit_movement)"),
    "another amount was drawn": (_CREDIT, "UPDATE credit_movement SET amount_fen = amount_fen + 1"),
    "drawn by another": (
        _CREDIT,
        "UPDATE credit_movement SET account_id = (SELECT max(id) FROM account WHERE kind = 'customer')",
    ),
    "drawn and nothing moved": (
        _CREDIT,
        "DELETE FROM posting WHERE transfer_id IN (SELECT max(transfer_id) FROM credit_movement)",
    ),
    "used before as much as never": (
        _USED,
        "UPDATE credit_movement SET used_after_fen = used_after_fen + 1 WHERE id = (SELECT max(id) - 1 FROM credit_movement)",
    ),
    "the first was not from nothing": (
        _USED,
        "UPDATE credit_movement SET amount_fen = amount_fen + 1 WHERE id = (SELECT max(id) - 2 FROM credit_movement)",
    ),
    "an account that used more": (
        _USED,
        "UPDATE account SET credit_used_fen = credit_used_fen + 1 WHERE credit_used_fen > 0",
    ),
    "an account that used what no movement says": (
        _USED,
        "UPDATE account SET credit_used_fen = 1 WHERE credit_used_fen = 0 AND credit_limit_fen > 0",
    ),
}  # fmt: skip


async def test_every_condition_is_seen_by_its_own_check(db):
    mark = await breaking.marked_between(a_shop_with_all_of_it)
    assert await breaking.unseen(CONDITIONS, mark) == []
