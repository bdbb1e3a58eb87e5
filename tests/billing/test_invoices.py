"""Invoices asked for: never for more than came in, once, whoever asks at once; titles and tax numbers; what operators do."""

import asyncio
import contextlib
import contextvars

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing import counter, invoices, tax_numbers
from billing.invoices import Title
from core import db as database
from core import errors
from ledger import proof
from ledger.proof import marks
from shop import orders
from tests import factories
from tests.billing import refunding
from tests.ledger import breaking

CASH = counter.Taking("cash", None)
ME = Title("personal", "林小满")
TAX_NOS = ("91350100M000100Y43", "914403001922038216", "91330100799655058B", "91110000802100433B")
"""The first is found in many examples, the others are published by companies."""


async def ask(customer_id, subject, number, title=ME, **how):
    how.setdefault("key", factories.key())
    return await invoices.request(customer_id, subject, number, title, door="mini_program", **how)


async def code_of(act):
    with pytest.raises(errors.DomainError) as refused:
        await act
    return refused.value.code


@pytest.mark.parametrize("code", TAX_NOS)
def test_tax_numbers_are_checked_by_their_last_character(code):
    assert tax_numbers.usable(f" {code.lower()} ") == code
    wide = "".join(chr(ord(letter) + 0xFEE0) for letter in code)
    assert tax_numbers.usable(wide) == code
    alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    wrong = [code[:-1], f"{code}0", code[:-1] + ("I" if code[-1] != "I" else "O"), ""]
    wrong += [
        code[:place] + alphabet[(alphabet.index(code[place]) + 1) % 31] + code[place + 1 :]
        for place in range(18)
    ]
    wrong += [
        code[:place] + code[place + 1] + code[place] + code[place + 2 :]
        for place in range(17)
        if code[place] != code[place + 1]
    ]
    for bad in wrong:
        with pytest.raises(tax_numbers.TaxNumberWrong):
            tax_numbers.usable(bad)


@given(st.text(max_size=20))
def test_any_text_is_a_tax_number_or_refused(text):
    with contextlib.suppress(tax_numbers.TaxNumberWrong):
        assert len(tax_numbers.usable(text)) == 18


async def test_a_top_up_is_invoiced_once_without_its_bonus_and_what_it_pays_for_never(db):
    customer, other = await factories.customer(), await factories.customer()
    made = await factories.topped_up(customer.id, 10_000, 2_000)
    order = await factories.order(customer.id, 3_000)
    order = await orders.pay(customer.id, order.order_no, key=factories.key())
    (one,) = await invoices.open_for(customer.id)
    assert (one.subject, one.subject_no, one.left_fen) == ("top_up", made.top_up_no, 10_000)
    for subject, number in (
        ("order", order.order_no),
        ("bill", order.bill_no),
        ("top_up", "T0"),
        ("bill", made.top_up_no),
    ):
        assert await code_of(ask(customer.id, subject, number)) == "nothing_to_invoice"
    assert await code_of(ask(other.id, "top_up", made.top_up_no)) == "nothing_to_invoice"
    assert (
        await code_of(ask(customer.id, "top_up", made.top_up_no, amount_fen=10_001)) == "invoice_above_left"
    )
    key = factories.key()
    part = await ask(customer.id, "top_up", made.top_up_no, amount_fen=4_000, key=key)
    assert await ask(customer.id, "top_up", made.top_up_no, amount_fen=4_000, key=key) == part
    assert (
        await code_of(ask(customer.id, "top_up", made.top_up_no, amount_fen=4_001, key=key))
        == "idempotency_key_reused"
    )
    assert (part.state, part.tax_code, part.amount_fen) == ("requested", "601", 4_000)
    assert (await ask(customer.id, "top_up", made.top_up_no)).amount_fen == 6_000
    assert await code_of(ask(customer.id, "top_up", made.top_up_no, amount_fen=1)) == "nothing_to_invoice"
    assert await invoices.open_for(customer.id) == []


async def test_of_a_bill_what_came_over_the_counter_or_by_a_channel_is_invoiced(db):
    customer = await factories.customer(principal=1_000)
    bill_no = await factories.bill(customer.id, 3_000, collect_mode="partial")
    assert await code_of(ask(customer.id, "bill", bill_no)) == "nothing_to_invoice"
    await counter.bill(1, bill_no, CASH, amount_fen=2_000, key=factories.key())
    company = Title("company", "福州某某（福建）有限公司", TAX_NOS[0].lower(), " Tax@Example.com ")
    made = await ask(customer.id, "bill", bill_no, company)
    assert (made.amount_fen, made.tax_no, made.title, made.tax_code) == (
        2_000,
        TAX_NOS[0],
        "福州某某（福建）有限公司",
        None,
    )
    assert made.email.endswith("@example.com")
    for title, code in (
        (Title("company", "某公司"), "invoice_title_wrong"),
        (Title("personal", "某人", TAX_NOS[0]), "invoice_title_wrong"),
        (Title("personal", "  "), "invoice_title_wrong"),
        (Title("company", "某公司", "91350100M000100Y44"), "tax_number_wrong"),
        (Title("personal", "某人", None, "not an address"), "address_not_usable"),
    ):
        assert await code_of(ask(customer.id, "bill", bill_no, title)) == code
    await database.execute("UPDATE customer SET state = 'closing' WHERE id = $1", customer.id)
    assert await code_of(ask(customer.id, "bill", bill_no)) == "customer_has_left"


async def test_many_who_ask_at_once_never_ask_for_more_than_came_in_and_a_refund_at_the_same_time_counts(db):
    customer = await factories.customer()
    made = await factories.topped_up(customer.id, 10_000)
    results = await asyncio.gather(
        *(ask(customer.id, "top_up", made.top_up_no, amount_fen=4_000) for _ in range(6)),
        refunding.ask_for(customer.id, made.top_up_no),
        return_exceptions=True,
    )
    asked = [one for one in results if isinstance(one, invoices.Invoice)]
    assert len(asked) <= 2 and all(
        isinstance(one, invoices.Invoice | errors.DomainError) for one in results[:6]
    ), results
    again = await factories.topped_up(customer.id, 10_000)
    results = await asyncio.gather(
        *(ask(customer.id, "top_up", again.top_up_no, amount_fen=3_000) for _ in range(8)),
        return_exceptions=True,
    )
    assert sum(isinstance(one, invoices.Invoice) for one in results) == 3
    assert {one.code for one in results if not isinstance(one, invoices.Invoice)} == {"invoice_above_left"}
    assert (await invoices.open_for(customer.id))[0].left_fen == 1_000


async def test_operators_note_the_number_or_refuse_once_and_the_customer_is_told(db):
    customer = await factories.customer()
    made = await factories.topped_up(customer.id, 10_000)
    one, two, three, four = [
        await ask(customer.id, "top_up", made.top_up_no, amount_fen=amount)
        for amount in (1_000, 2_000, 3_000, 4_000)
    ]
    results = await asyncio.gather(
        *(
            invoices.issue(number, one.invoice_no, f"2533200000000000000{number}", key=factories.key())
            for number in (1, 2)
        ),
        invoices.refuse(3, one.invoice_no, "抬头不符", key=factories.key()),
        invoices.withdraw(customer.id, one.invoice_no, key=factories.key()),
        return_exceptions=True,
    )
    assert sum(isinstance(result, invoices.Invoice) for result in results) == 1
    assert {result.code for result in results if isinstance(result, Exception)} == {"invoice_state_forbids"}
    issued = await invoices.issue(1, two.invoice_no, "25332000000000000009", key=(key := factories.key()))
    assert (issued.state, issued.number, issued.ended_by) == ("issued", "25332000000000000009", "operator:1")
    assert await invoices.issue(1, two.invoice_no, "25332000000000000009", key=key) == issued
    assert (
        await code_of(invoices.issue(1, three.invoice_no, "25332000000000000009", key=factories.key()))
        == "invoice_number_taken"
    )
    refused = await invoices.refuse(1, three.invoice_no, "抬头不符", key=factories.key())
    assert (refused.state, refused.reason) == ("refused", "抬头不符")
    assert (
        await code_of(invoices.withdraw(customer.id + 1, four.invoice_no, key=factories.key()))
        == "no_such_invoice"
    )
    assert (await invoices.withdraw(customer.id, four.invoice_no, key=factories.key())).state == "withdrawn"
    assert await factories.told(customer.id, "invoice_refused") in (1, 2)
    assert await factories.told(customer.id, "invoice_issued") in (1, 2)
    assert (await ask(customer.id, "top_up", made.top_up_no)).amount_fen >= 7_000, (
        "what was refused can be asked for again"
    )
    waiting = await invoices.page(state="requested")
    assert [row.customer_id for row in waiting] == [customer.id]


async def test_money_that_went_back_is_not_invoiced_and_what_was_needs_a_red_letter(db):
    customer = await factories.customer()
    before, after = [await factories.topped_up(customer.id, 5_000) for _ in range(2)]
    waits = await ask(customer.id, "top_up", before.top_up_no)
    issued = await ask(customer.id, "top_up", after.top_up_no)
    await invoices.issue(1, issued.invoice_no, "25332000000000000001", key=factories.key())
    for one in (before, after):
        await refunding.ask_for(customer.id, one.top_up_no)
    assert (
        await code_of(invoices.issue(1, waits.invoice_no, "25332000000000000002", key=factories.key()))
        == "invoice_above_left"
    )
    await invoices.refuse(1, waits.invoice_no, "已退款", key=factories.key())
    assert await code_of(ask(customer.id, "top_up", before.top_up_no)) == "nothing_to_invoice"
    assert (await invoices.get(issued.invoice_no)).over_fen == 5_000
    assert (await invoices.get(waits.invoice_no)).over_fen == 0
    partly = await factories.topped_up(customer.id, 5_000)
    kept, late = [
        await ask(customer.id, "top_up", partly.top_up_no, amount_fen=fen) for fen in (3_000, 2_000)
    ]
    await invoices.issue(1, kept.invoice_no, "25332000000000000003", key=factories.key())
    await refunding.ask_for(customer.id, partly.top_up_no, 2_000)
    assert (await invoices.get(kept.invoice_no)).over_fen == 0, "what went back is what waits"
    assert (
        await code_of(invoices.issue(1, late.invoice_no, "25332000000000000004", key=factories.key()))
        == "invoice_above_left"
    )


async def test_what_went_back_is_told_of_once_at_the_newest_invoices_first(db):
    customer = await factories.customer()
    made = await factories.topped_up(customer.id, 9_000)
    issued = []
    for number, fen in enumerate((2_000, 4_000, 3_000)):
        asked = await ask(customer.id, "top_up", made.top_up_no, amount_fen=fen)
        issued.append(asked.invoice_no)
        await invoices.issue(1, asked.invoice_no, f"2533200000000000010{number}", key=factories.key())
    for back_fen, over in (
        (1_000, [0, 0, 1_000]),
        (4_000, [0, 2_000, 3_000]),
        (4_000, [2_000, 4_000, 3_000]),
    ):
        await refunding.ask_for(customer.id, made.top_up_no, back_fen)
        assert [(await invoices.get(number)).over_fen for number in issued] == over


async def test_only_so_many_wait(db):
    customer = await factories.customer()
    made = await factories.topped_up(customer.id, 10_000)
    others = [await factories.topped_up(customer.id, 10_000) for _ in range(4)]
    for _ in range(invoices.MOST_WAITING - 1):
        await ask(customer.id, "top_up", made.top_up_no, amount_fen=1)
    elsewhere = contextvars.copy_context()  # a task of this transaction would be on its connection
    async with database.transaction():
        await ask(customer.id, "top_up", others[0].top_up_no)
        at_once = [
            asyncio.create_task(ask(customer.id, "top_up", other.top_up_no), context=elsewhere.copy())
            for other in others[1:]
        ]
        await asyncio.wait(at_once, timeout=0.5)
    assert [await code_of(one) for one in at_once] == ["too_many_invoices"] * 3
    assert await code_of(ask(customer.id, "top_up", made.top_up_no, amount_fen=1)) == "too_many_invoices"


BREAKING = {
    "more than came in": ("I29", "UPDATE invoice_request SET amount_fen = amount_fen + 1 WHERE subject = 'top_up'"),
    "more than was paid": ("I29", "UPDATE invoice_request SET amount_fen = amount_fen + 1 WHERE subject = 'bill'"),
    "for nothing": ("I29", "UPDATE invoice_request SET subject_no = 'T0' WHERE subject = 'top_up'"),
    "of another customer": (
        "I29",
        "UPDATE invoice_request SET customer_id = (SELECT max(id) FROM customer) WHERE subject = 'top_up'",
    ),
}  # fmt: skip


async def invoiced():
    customer = await factories.customer()
    made = await factories.topped_up(customer.id, 5_000)
    await ask(customer.id, "top_up", made.top_up_no)
    bill_no = await factories.bill(customer.id, 3_000)
    await counter.bill(1, bill_no, CASH, key=factories.key())
    await ask(customer.id, "bill", bill_no)
    await factories.customer()


async def test_every_way_to_break_them_is_named_in_the_whole_and_in_what_is_new(db):
    await invoiced()
    assert (await proof.run()).is_mark
    mark = await marks.last()
    await invoiced()
    assert await proof.check(since=mark) == [] == await proof.check()
    assert await breaking.missed(BREAKING, mark) == []
