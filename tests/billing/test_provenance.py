"""Where a balance came from, followed over transfers between customers, what undid them, and merges."""

from app import explanations
from billing import approvals, merges, statements, transfers
from ledger import history
from shop import orders
from tests import factories


async def give(giver, receiver, principal=0, bonus=0):
    gift = transfers.Gift(giver.id, receiver.id, principal, bonus, "r")
    await transfers.send(1, gift, key=factories.key())


async def ways(customer):
    lots = await statements.lots(customer.id)
    found = await statements.origins_of([lot.id for lot in lots])
    return {
        (lot.kind, lot.remaining_fen): [
            (step.customer_id, step.source.split(":")[0]) for step in found[lot.id]
        ]
        for lot in lots
    }


async def test_money_is_followed_to_the_top_up_it_once_was(db):
    one, two, three = [await factories.customer(name) for name in "甲乙丙"]
    await factories.topped_up(one.id, 1_000, 300, bonus_days=9)
    await factories.topped_up(two.id, 70)
    await give(one, two, 400, 200)
    asked = await merges.request(1, two.id, three.id, reason="r", key=factories.key())
    await approvals.approve(2, asked, key=factories.key())
    last = [(three.id, "merge_in"), (two.id, "transfer_in"), (one.id, "top_up")]
    assert await ways(three) == {
        ("bonus", 200): last,
        ("principal", 400): last,
        ("principal", 70): [(three.id, "merge_in"), (two.id, "top_up")],
    }
    assert await ways(one) == {("principal", 600): [(one.id, "top_up")], ("bonus", 100): [(one.id, "top_up")]}


async def test_it_is_followed_only_so_far(db, monkeypatch):
    from ledger import provenance

    one, two = await factories.customer(principal=100), await factories.customer()
    for giver, receiver in ((one, two), (two, one)) * 3:
        await give(giver, receiver, 100)
    ((_, way),) = (await ways(one)).items()
    assert len(way) == 7 and way[-1] == (one.id, "top_up")
    monkeypatch.setattr(provenance, "DEEPEST", 3)
    ((_, way),) = (await ways(one)).items()
    assert [source for _, source in way] == ["transfer_in"] * 4


async def test_a_refund_returns_to_lots_that_still_know_where_they_came_from(db):
    one, two = await factories.customer(principal=100), await factories.customer()
    await give(one, two, 100)
    sku = await factories.sku(60)
    placed = await orders.place(two.id, [orders.Wanted(sku.id, 1)], key=factories.key())
    await orders.pay(two.id, placed.order_no, key=factories.key())
    await orders.cancel(two.id, placed.order_no)
    assert await ways(two) == {("principal", 100): [(two.id, "transfer_in"), (one.id, "top_up")]}


async def test_the_command_line_says_it_a_line_a_step(db):
    one, two = await factories.customer(principal=100), await factories.customer()
    await give(one, two, 100)
    lines = await explanations.of_balance(two.id)
    assert f"← customer {one.id}: top_up:" in lines[-1]
    (newest, *_) = await history.page(two.id)
    assert f"← customer {one.id}: top_up:" in (await explanations.of_change(two.id, newest.entry_no))[-1]
