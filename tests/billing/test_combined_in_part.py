"""Only the part that is due of a bill, or a stated part of it, paid from the balance and through a channel."""

import pytest

from billing import bill_records, bills, collecting, combined, payments
from tests import factories


async def start(customer_id, bill_no, amount_fen, balance_fen=None):
    wanted = combined.Wanted(balance_fen, "wechat_pay", "native", None, amount_fen=amount_fen)
    return await combined.start(factories.open_channels(), customer_id, bill_no, wanted, key=factories.key())


async def in_thirds(principal=400):
    customer = await factories.customer(principal=principal)
    bill_no = await factories.bill(customer.id, 3_000)
    await factories.in_instalments(bill_no, automatic=False)
    return customer.id, bill_no


async def test_only_the_part_that_is_due_is_paid(db):
    customer_id, bill_no = await in_thirds()
    payment = await start(customer_id, bill_no, 1_000)
    assert (payment.balance_fen, payment.channel_fen) == (400, 600)
    assert await payments.confirm(factories.trade(payment)) == "settled"
    record = await bill_records.read(bill_no)
    assert (record.state, record.paid_fen, record.pending_no) == ("partly_paid", 1_000, None)
    assert [part.state for part in record.instalments] == ["paid", "open", "open"]
    assert record.due_at == record.instalments[1].due_at and record.due_fen == 0
    rest = await start(customer_id, bill_no, None)
    assert (rest.balance_fen, rest.channel_fen) == (0, 2_000)
    await payments.confirm(factories.trade(rest))
    assert (await bills.find(bill_no)).state == "paid"


async def test_a_part_that_comes_late_pays_what_it_still_can(db):
    customer_id, bill_no = await in_thirds(0)
    late = await start(customer_id, bill_no, 1_000)
    assert await payments.confirm(factories.trade(late, state="closed", channel_trade_no=None)) == "closed"
    assert await payments.confirm(factories.trade(late)) == "settled"
    assert (await bills.find(bill_no)).paid_fen == 1_000
    later = await start(customer_id, bill_no, 1_000)
    await payments.confirm(factories.trade(later, state="closed", channel_trade_no=None))
    await factories.topped_up(customer_id, 5_000)
    await collecting.pay(customer_id, bill_no, amount_fen=1_500, key=factories.key())
    assert await payments.confirm(factories.trade(later)) == "credited"  # it owes less than that by now
    assert await factories.balance(customer_id) == (4_500, 0)


async def test_no_more_than_is_owed_and_no_part_of_what_is_paid_in_full(db):
    customer_id, bill_no = await in_thirds()
    with pytest.raises(combined.AmountAboveOwed):
        await start(customer_id, bill_no, 3_001)
    with pytest.raises(combined.NothingForChannel):
        await start(customer_id, bill_no, 400)
    whole = await factories.bill(customer_id, 3_000)
    with pytest.raises(combined.PaidInFullOnly):
        await start(customer_id, whole, 1_000)
    assert (await start(customer_id, whole, 3_000)).channel_fen == 2_600


async def test_the_same_key_with_another_amount_is_another_request(db):
    customer_id, bill_no = await in_thirds()
    key, opened = factories.key(), factories.open_channels()
    wanted = combined.Wanted(0, "wechat_pay", "native", None, amount_fen=1_000)
    first = await combined.start(opened, customer_id, bill_no, wanted, key=key)
    assert (
        await combined.start(opened, customer_id, bill_no, wanted, key=key)
    ).combined_no == first.combined_no
    with pytest.raises(combined.KeyReused):
        other = combined.Wanted(0, "wechat_pay", "native", None, amount_fen=2_000)
        await combined.start(opened, customer_id, bill_no, other, key=key)
