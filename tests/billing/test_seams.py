"""Where features meet: what one leaves behind is what the next one finds."""

import asyncio

import pytest

from billing import (
    approvals,
    bills,
    closings,
    combined,
    credit_limits,
    deduction_rules,
    due_bills,
    merges,
    operator_bills,
    operator_holds,
    payments,
    payouts,
    plans,
    refunds,
    reviews,
    staff_alerts,
    transfers,
)
from core import db as database
from ledger import credit_line
from members import customers
from shop import orders
from tests import factories
from tests.billing import refunding

ASKS, DECIDES = 1, 2


async def second_person(approval_no):
    done = await approvals.approve(DECIDES, approval_no, key=factories.key())
    assert done.state == "executed", done
    return done.result


async def closing_of(customer_id):
    asked = await closings.request(ASKS, customer_id, reason="搬家", key=factories.key())
    return await second_person(asked)


async def merged(gone_id, kept_id):
    asked = await merges.request(ASKS, gone_id, kept_id, reason="同一人", key=factories.key())
    return await second_person(asked)


async def rule(action="hold", at_least_fen=500):
    await deduction_rules.add(
        name="大额", kind="size", params={"at_least_fen": at_least_fen}, action=action, tells_customer=False
    )


async def refunded(bill_no, amount_fen):
    await refunds.of_bill(
        refunding.opened(), ASKS, bill_no, amount_fen=amount_fen, reason="错", key=factories.key()
    )


async def test_bonus_that_comes_back_to_a_closed_account_does_not_keep_it_closing_for_ever(db):
    customer = await factories.customer(principal=1_000, bonus=300)
    bill_no = await refunding.paid_bill(customer.id, 300)
    number = await closing_of(customer.id)
    await payouts.at_counter(ASKS, number, receipt_no="SJ-1", key=factories.key())
    await refunded(bill_no, 300)
    assert await factories.balance(customer.id) == (0, 300)
    with pytest.raises(payouts.NothingToPayOut):
        await payouts.at_counter(ASKS, number, receipt_no="SJ-2", key=factories.key())
    assert await closings.finish_paid() == 1
    assert await factories.balance(customer.id) == (0, 0)
    now = await closings.get(number)
    assert (now.state, now.bonus_fen, now.paid_out_fen) == ("closed", 300, 1_000)
    assert (await customers.get(customer.id)).state == "closed"
    assert not await staff_alerts.page(is_open=True)


async def test_an_order_cancelled_under_review_frees_its_money_for_what_is_due(db):
    customer = await factories.customer(principal=1_000)
    await rule(at_least_fen=800)
    order = await factories.order(customer.id, 900)
    assert (await orders.pay(customer.id, order.order_no, key=factories.key())).under_review
    bill_no = await factories.bill(customer.id, 300, automatic=True, consent="柜台")
    await due_bills.run()
    assert (await bills.find(bill_no)).state == "open"
    await orders.cancel(customer.id, order.order_no)
    assert (await bills.find(bill_no)).state == "paid"
    assert await factories.balance(customer.id) == (700, 0)


async def test_a_rule_that_holds_is_not_passed_by_leaving_a_fen_to_a_channel(db):
    customer = await factories.customer(principal=1_000)
    await rule()
    order = await factories.order(customer.id, 1_001)
    with pytest.raises(combined.ShareNeedsReview):
        await factories.combined_payment(order)
    assert await database.fetchval("SELECT count(*) FROM hold") == 0
    small = await factories.combined_payment(order, 499)
    assert await payments.confirm(factories.trade(small)) == "settled"


async def test_a_rule_that_tells_is_told_of_a_share_of_the_balance(db):
    customer = await factories.customer(principal=1_000)
    await rule("alert")
    made = await factories.combined_payment(await factories.order(customer.id, 1_001), 600)
    assert not await staff_alerts.page(is_open=True)
    await payments.confirm(factories.trade(made))
    (alert,) = await staff_alerts.page(is_open=True)
    assert (alert.kind, alert.params["amount_fen"]) == ("abnormal_deduction", 600)


async def test_a_share_is_not_taken_again_late_where_a_rule_would_hold_it_by_now(db):
    customer = await factories.customer(principal=1_000)
    made = await factories.combined_payment(await factories.order(customer.id, 1_001), 600)
    await payments.confirm(factories.trade(made, state="closed", channel_trade_no=None))
    await rule()
    assert await payments.confirm(factories.trade(made)) == "credited"
    assert await factories.balance(customer.id) == (1_401, 0)


async def test_what_was_drawn_for_a_reviewed_payment_is_paid_back_by_its_refunds(db):
    customer = await factories.customer(principal=500, bonus=100)
    other = await factories.customer("b", principal=100)
    await credit_limits.set_limit(
        ASKS, customer.id, limit_fen=1_000, automatic_only=False, reason="熟客", assessed=False, key=factories.key()
    )  # fmt: skip
    await rule()
    order = await factories.order(customer.id, 900)
    assert (await orders.pay(customer.id, order.order_no, key=factories.key())).under_review
    (waiting,) = await reviews.page(state="waiting", customer_id=customer.id)
    await factories.topped_up(customer.id, 50)
    await reviews.approve(ASKS, waiting.review_no, key=factories.key())
    used = []
    for _ in range(2):
        used.append((await credit_line.of(customer.id)).used_fen)
        await refunded(order.bill_no, 250)
    assert used == [250, 0]
    await orders.cancel(customer.id, order.order_no)
    assert await factories.balance(customer.id) == (550, 100)
    await merged(customer.id, other.id)
    assert await factories.balance(other.id) == (650, 100)


async def test_late_channel_money_for_a_bill_that_followed_its_customer_in_a_merge(db):
    gone, kept = (
        await factories.customer("a", principal=500),
        await factories.customer("b", principal=100),
    )
    made = []
    for share in (100, 0):
        bill_no = await factories.bill(gone.id, 300)
        wanted = combined.Wanted(share, "wechat_pay", "native", None)
        made.append(
            await combined.start(factories.open_channels(), gone.id, bill_no, wanted, key=factories.key())
        )
        await payments.confirm(factories.trade(made[-1], state="closed", channel_trade_no=None))
    await merged(gone.id, kept.id)
    assert [await payments.confirm(factories.trade(one)) for one in made] == ["credited", "settled"]
    assert [(await bills.get(kept.id, one.bill_no)).state for one in made] == ["open", "paid"]
    assert await factories.balance(gone.id) == (0, 0)
    assert await factories.balance(kept.id) == (800, 0)


async def test_late_money_of_who_was_merged_into_an_account_that_is_closed_by_now(db):
    gone, kept = await factories.customer("a"), await factories.customer("b", principal=100)
    late = await factories.top_up(gone.id, 500, 50)
    await merged(gone.id, kept.id)
    number = await closing_of(kept.id)
    await payouts.at_counter(ASKS, number, receipt_no="SJ-1", key=factories.key())
    assert await payments.confirm(factories.trade(late)) == "credited"
    assert await factories.balance(kept.id) == (500, 50)
    assert (await customers.get(kept.id)).state == "closing"
    assert {alert.kind for alert in await staff_alerts.page(is_open=True)} == {"late_money"}
    done = await payouts.at_counter(ASKS, number, receipt_no="SJ-2", key=factories.key())
    assert (done.state, done.paid_out_fen) == ("closed", 600)


async def test_the_shops_people_hear_of_a_balance_that_a_hold_or_a_transfer_made_low(db):
    held, gave, receiver = [
        await factories.customer(principal=500, threshold_fen=threshold) for threshold in (400, 400, None)
    ]
    await operator_holds.place(
        ASKS, held.id, amount_fen=200, title="押金", expires_at=None, key=factories.key()
    )
    await transfers.send(ASKS, transfers.Gift(gave.id, receiver.id, 200, 0, "家人"), key=factories.key())
    alerts = [one for one in await staff_alerts.page(is_open=True) if one.kind == "low_balance"]
    assert {one.params["customer_id"] for one in alerts} == {held.id, gave.id}


async def test_a_plan_that_begins_at_the_moment_of_a_closing_ends_with_it(db):
    customer = await factories.customer(principal=500)
    offer = await plans.add_offer(
        name="茶艺月课", amount_fen=100, cycle="monthly", consent_version="1", consent_text="同意"
    )
    asked = await closings.request(ASKS, customer.id, reason="搬家", key=factories.key())
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def subscribe():
        async with database.transaction():
            await plans.subscribe(customer.id, offer_id=offer.id, consent_version="1", key=factories.key())
            begun.set()
            await go_on.wait()

    subscribing = asyncio.create_task(subscribe())
    await begun.wait()
    closing = asyncio.create_task(second_person(asked))
    await asyncio.sleep(0.2)
    go_on.set()
    await asyncio.gather(subscribing, closing)
    assert [plan.state for plan in await plans.page(customer.id)] == ["cancelled"]
    with pytest.raises(customers.AccountClosed):
        await plans.subscribe(customer.id, offer_id=offer.id, consent_version="1", key=factories.key())


async def test_operators_begin_nothing_new_on_an_account_that_is_gone(db):
    gone, kept = await factories.customer(principal=500), await factories.customer("小周", principal=100)
    limit = {"limit_fen": 60_000, "automatic_only": False, "reason": "老顾客", "assessed": False}
    waiting = await credit_limits.set_limit(ASKS, gone.id, **limit, key=factories.key())
    await merged(gone.id, kept.id)
    decided = await approvals.approve(DECIDES, waiting.approval_no, key=factories.key())
    assert decided.state == "failed"
    with pytest.raises(customers.CustomerHasLeft):
        await credit_limits.set_limit(ASKS, gone.id, **{**limit, "limit_fen": 1_000}, key=factories.key())
    with pytest.raises(customers.CustomerHasLeft):
        await operator_bills.issue(ASKS, gone.id, title="课程", amount_fen=100, key=factories.key())
    assert (await credit_line.of(gone.id)).limit_fen == 0 and await bills.page(gone.id) == []
