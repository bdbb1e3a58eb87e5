"""A bill is paid by a word in the chat, which names the bill and the amount; nothing else is paid by it."""

import asyncio
import contextvars

import pytest

from billing import bills, deduction_rules, operator_bills, payable, reviews
from bot import commands, pay_bill
from core import clock
from core import db as database
from ledger import accounts
from shop import orders
from tests import factories


async def test_what_can_be_paid_is_listed_with_the_words_that_pay_it(chats, join):
    phone = await join(chats, principal=5_000)
    assert await phone.ask("付账单") == "目前没有可以用余额付的账单。"
    bill_no = await factories.bill(phone.customer_id, 3_000)
    await factories.order(phone.customer_id, 900)
    code, today = bill_no[-4:], clock.today()
    assert await phone.ask("付款") == (
        "可以用余额付的账单，回复引号里的话即付款：\n"
        f"· 学费（尾号 {code}）30.00 元，{today} 到期：「确认付款 {code} 30.00」\n可用余额 50.00 元。"
    )
    assert await phone.ask(f"确认付款 {code} 30.00") == "已用余额付「学费」30.00 元，可用余额 20.00 元。"
    assert (await bills.find(bill_no)).state == "paid"
    assert "可能已经付过" in await phone.ask(f"确认付款{code}  30.00元。")
    assert await factories.balance(phone.customer_id) == (2_000, 0)


async def test_a_bill_that_is_named_by_its_last_digits_is_the_one_that_is_listed(chats, join):
    phone = await join(chats, principal=5_000)
    codes = [(await factories.bill(phone.customer_id, 1_000 + n))[-4:] for n in range(2)]
    assert codes[0] != codes[1]
    said = await phone.ask(f"付尾号{codes[1]}的账单")
    assert f"确认付款 {codes[1]} " in said and f"确认付款 {codes[0]} " not in said
    assert (await phone.ask("付账单")).count("确认付款") == 2


async def test_in_english(chats, join):
    phone = await join(chats, principal=5_000)
    bill_no = await factories.bill(phone.customer_id, 3_000, title="Tea course")
    assert f'"confirm {bill_no[-4:]} 30.00"' in await phone.ask("pay my bill")
    assert "look again" in await phone.ask(f"confirm {bill_no[-4:]} 29.99")
    said = await phone.ask(f"Confirm payment {bill_no[-4:]} ¥30")
    assert said == "¥30.00 was paid from the balance for Tea course; ¥20.00 is available now."


async def test_of_instalments_the_part_that_is_due_and_another_amount_than_was_shown_is_not_taken(
    chats, join
):
    phone = await join(chats, principal=5_000)
    bill_no = await factories.bill(phone.customer_id, 3_000)
    await factories.in_instalments(bill_no, automatic=False)
    code = bill_no[-4:]
    assert f"「确认付款 {code} 10.00」" in await phone.ask("付账单")
    assert "可能已经付过" in await phone.ask(f"确认付款 {code} 30.00")
    await phone.ask(f"确认付款 {code} 10.00")
    assert (await bills.find(bill_no)).paid_fen == 1_000
    await operator_bills.pay(1, bill_no, amount_fen=500, key=factories.key())
    assert f"「确认付款 {code} 5.00」" in await phone.ask("付账单")


async def test_what_the_balance_does_not_cover_or_is_anothers_is_refused_in_words(chats, join):
    phone, other = await join(chats, principal=1_000), await factories.customer(principal=9_000)
    theirs = await factories.bill(other.id, 3_000)
    assert "可能已经付过" in await phone.ask(f"确认付款 {theirs[-4:]} 30.00")
    own = await factories.bill(phone.customer_id, 3_000)
    assert "余额不足" in await phone.ask(f"确认付款 {own[-4:]} 30.00")
    assert await factories.balance(other.id) == (9_000, 0)


async def test_a_payment_that_is_checked_says_so(chats, join):
    phone = await join(chats, principal=5_000)
    await deduction_rules.add(
        name="大额", kind="size", params={"at_least_fen": 500}, action="hold", tells_customer=False
    )
    bill_no = await factories.bill(phone.customer_id, 3_000)
    said = await phone.ask(f"确认付款 {bill_no[-4:]} 30.00")
    assert "需要门店核实" in said and "可用余额 20.00 元" in said
    assert await phone.ask("付账单") == "目前没有可以用余额付的账单。"


async def test_after_a_payment_was_turned_down_the_same_words_pay(chats, join):
    phone = await join(chats, principal=5_000)
    await deduction_rules.add(
        name="大额", kind="size", params={"at_least_fen": 500}, action="hold", tells_customer=False
    )
    bill_no, sku = await factories.bill(phone.customer_id, 3_000), await factories.sku(600)
    order = await orders.place(phone.customer_id, [orders.Wanted(sku.id, 1)], key=factories.key())
    words = (f"确认付款 {bill_no[-4:]} 30.00", f"付订单 {order.order_no[-4:]} 6.00")
    for said in words:
        assert "需要门店核实" in await phone.ask(said)
        (waiting,) = await reviews.page(state="waiting", customer_id=phone.customer_id)
        await reviews.reject(1, waiting.review_no, key=factories.key())
        assert "需要门店核实" in await phone.ask(said), "not: paid"
        (waiting,) = await reviews.page(state="waiting", customer_id=phone.customer_id)
        await reviews.approve(1, waiting.review_no, key=factories.key())
    assert await factories.balance(phone.customer_id) == (1_400, 0)


async def test_said_while_a_yes_pays_the_same_part_the_next_one_is_not_taken(db):
    customer = await factories.customer(principal=9_000)
    bill_no = await factories.bill(customer.id, 3_000)
    await factories.in_instalments(bill_no, automatic=False)
    (shown,) = await payable.of(customer.id)
    elsewhere = contextvars.copy_context()  # a task of this transaction would be on its connection
    async with database.transaction():
        await payable.pay_as_shown(customer.id, bill_no, shown.mark, key=factories.key())
        racing = asyncio.create_task(payable.confirm(customer.id, shown.code, 1_000), context=elsewhere)
        await asyncio.wait({racing}, timeout=0.2)
    with pytest.raises(payable.NothingSoNamed):
        await racing
    assert (await bills.find(bill_no)).paid_fen == 1_000


async def test_said_twice_at_once_it_is_paid_once(db):
    customer = await factories.customer(principal=9_000)
    bill_no = await factories.bill(customer.id, 3_000, collect_mode="partial")
    done = await asyncio.gather(
        *(payable.confirm(customer.id, bill_no[-4:], 3_000) for _ in range(4)), return_exceptions=True
    )
    assert {type(one) for one in done} <= {payable.Paid, payable.NothingSoNamed}
    assert (await accounts.balance(customer.id)).balance_fen == 6_000
    assert await database.fetchval("SELECT count(*) FROM bill_payment") == 1


@pytest.mark.parametrize(
    ("text", "understood"),
    [
        ("确认付款 1234 30.00", True), ("確認付款1234 30", True), ("ＣＯＮＦＩＲＭ １２３４ ￥３０", True), ("confirm payment 1234 30.5。", True),
        ("确认付款 1234", False), ("确认付款 123 30", False), ("请不要确认付款 1234 30", False), ("确认付款 1234 30.001", False),
        ("确认付款 1234 -30", False), ("确认付款 1234 999999999", False), ("确认付款 1234 30 吗", False), ("confirm", False),
    ],
)  # fmt: skip
def test_only_these_words_confirm(text, understood):
    assert (pay_bill.confirmed(text) is not None) is understood
    found = commands.find(text)
    assert (found is not None and found.command.name == "confirm_payment") is understood
