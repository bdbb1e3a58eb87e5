import asyncio
from dataclasses import replace

from billing import terms
from core import db
from tests.world import new_key


async def place(phone, sku_id, quantity=1, **more):
    return await phone.post("/orders", {"lines": [{"sku_id": sku_id, "quantity": quantity}]}, **more)


async def test_an_order_is_placed_and_paid_from_the_balance(world):
    phone, sku_id = await world.arrive(), await world.sku(price_fen=2_800, stock=10)
    await world.give(phone.customer_id, 10_000)
    placed = await place(phone, sku_id, 2)
    assert placed.status == 201, placed
    assert (placed.body["state"], placed.body["total_fen"]) == ("placed", 5_600)
    (line,) = placed.body["lines"]
    assert (line["product_name"], line["quantity"], line["amount_fen"]) == ("茉莉奶绿", 2, 5_600)
    paid = await phone.post(f"/orders/{placed.body['order_no']}/pay")
    assert (paid.status, paid.body["state"]) == (200, "paid")
    assert (await phone.balance())["available_fen"] == 4_400
    bill = await phone.get(f"/bills/{placed.body['bill_no']}")
    assert (bill.body["state"], bill.body["paid_fen"]) == ("paid", 5_600)
    assert (await phone.get("/products")).body["items"][0]["skus"][0]["stock"] == 8


async def test_paying_twice_at_once_charges_once_whatever_the_keys(world):
    phone, sku_id = await world.arrive(), await world.sku(price_fen=100)
    await world.give(phone.customer_id, 1_000)
    one = f"/orders/{(await place(phone, sku_id)).body['order_no']}/pay"
    key = new_key()
    same = await asyncio.gather(*(phone.post(one, key=key) for _ in range(4)))
    assert {answer.status for answer in same} == {200}
    two = f"/orders/{(await place(phone, sku_id)).body['order_no']}/pay"
    different = await asyncio.gather(*(phone.post(two) for _ in range(4)))
    assert sorted(answer.status for answer in different) == [200, 409, 409, 409]
    assert {answer.code for answer in different} == {None, "order_state_forbids"}
    assert (await phone.balance())["available_fen"] == 800


async def test_two_spends_at_once_on_one_balance_cannot_both_succeed(world):
    phone, sku_id = await world.arrive(), await world.sku(price_fen=700)
    await world.give(phone.customer_id, 1_000)
    orders = [(await place(phone, sku_id)).body["order_no"] for _ in range(4)]
    answers = await asyncio.gather(*(phone.post(f"/orders/{order_no}/pay") for order_no in orders))
    assert sorted(answer.status for answer in answers) == [200, 409, 409, 409]
    refused = next(answer for answer in answers if answer.status == 409)
    assert refused.code == "insufficient_balance"
    assert refused.body["message"] == "余额不足：可用 3.00 元，需要 7.00 元"
    assert refused.body["params"] == {"available_fen": 300, "amount_fen": 700}
    assert (await phone.balance())["available_fen"] == 300


async def test_whoever_may_not_come_in_pays_nothing_and_is_told_why(world):
    sku_id = await world.sku(price_fen=100, stock=50)
    phones = [await world.arrive() for _ in range(5)]
    places = []
    for phone in phones:
        await world.give(phone.customer_id, 1_000)
        places.append(f"/orders/{(await place(phone, sku_id)).body['order_no']}/pay")
    states = ("active", "blocked", "closing", "closed", "merged")
    for phone, state in zip(phones, states, strict=True):
        await db.execute(
            "UPDATE customer SET state = $2::text, merged_into_id = CASE $2::text WHEN 'merged' THEN $3::bigint END WHERE id = $1",
            phone.customer_id, state, phones[0].customer_id,
        )  # fmt: skip
    paid_key = new_key()
    for _ in range(2):  # and again
        answers = await asyncio.gather(
            *(phone.post(path, key=paid_key) for phone, path in zip(phones, places, strict=True))
        )
        codes = [None, "customer_blocked", "account_closed", "account_closed", "customer_gone"]
        assert [answer.code for answer in answers] == codes
    assert await db.fetchval("SELECT count(*) FROM bill_payment") == 1
    await db.execute("UPDATE customer SET state = 'blocked' WHERE id = $1", phones[0].customer_id)
    assert (await phones[0].post(places[0], key=paid_key)).code == "customer_blocked", "even what was paid"
    await db.execute("UPDATE customer SET state = 'active', merged_into_id = NULL")
    assert [
        (await phone.post(path, key=paid_key)).status for phone, path in zip(phones, places, strict=True)
    ] == [200] * 5


async def test_refusals_are_told_in_english_when_asked(world):
    phone, sku_id = await world.arrive(), await world.sku(price_fen=700)
    order_no = (await place(phone, sku_id)).body["order_no"]
    refused = await phone.post(f"/orders/{order_no}/pay", locale="en-GB,en;q=0.8")
    assert refused.body["message"] == "Not enough balance: 0.00 yuan available, 7.00 yuan needed"
    assert refused.body["message"] == refused.body["message_en"]
    assert refused.headers["X-Request-ID"] == refused.body["request_id"]


async def test_after_a_refusal_the_same_key_may_be_used_again(world):
    phone, sku_id, key = await world.arrive(), await world.sku(price_fen=700), new_key()
    path = f"/orders/{(await place(phone, sku_id)).body['order_no']}/pay"
    assert (await phone.post(path, key=key)).code == "insufficient_balance"
    await world.give(phone.customer_id, 700)
    assert (await phone.post(path, key=key)).body["state"] == "paid"


async def test_the_same_key_places_one_order_and_does_not_serve_another_request(world):
    phone, sku_id, key = await world.arrive(), await world.sku(stock=10), new_key()
    answers = await asyncio.gather(*(place(phone, sku_id, key=key) for _ in range(3)))
    assert len({answer.body["order_no"] for answer in answers}) == 1
    assert (await place(phone, sku_id, 2, key=key)).code == "idempotency_key_reused"
    assert (await phone.get("/products")).body["items"][0]["skus"][0]["stock"] == 9


async def test_the_last_piece_is_sold_once(world):
    phone, sku_id = await world.arrive(), await world.sku(stock=1)
    answers = await asyncio.gather(*(place(phone, sku_id) for _ in range(3)))
    assert sorted(answer.status for answer in answers) == [201, 409, 409]
    refused = next(answer for answer in answers if answer.status == 409)
    assert (refused.code, refused.body["message"]) == ("out_of_stock", "库存不足：还剩 0 件，需要 1 件")


async def test_a_cancelled_order_gives_back_stock_and_money_once(world):
    phone, sku_id = await world.arrive(), await world.sku(price_fen=700, stock=5)
    await world.give(phone.customer_id, 1_000)
    path = f"/orders/{(await place(phone, sku_id)).body['order_no']}"
    await phone.post(f"{path}/pay")
    answers = await asyncio.gather(*(phone.post(f"{path}/cancel", key=None) for _ in range(3)))
    assert {(answer.status, answer.body["state"]) for answer in answers} == {(200, "cancelled")}
    assert (await phone.balance())["available_fen"] == 1_000
    assert (await phone.get("/products")).body["items"][0]["skus"][0]["stock"] == 5
    assert (await phone.post(f"{path}/pay")).code == "order_state_forbids"


async def test_orders_that_cannot_be_are_refused(world):
    phone, sku_id = await world.arrive(), await world.sku(price_fen=10**14, stock=10_000)
    assert (await place(phone, 404)).code == "sku_not_for_sale"
    assert (await place(phone, sku_id, 999)).code == "order_too_large"
    for body in ({}, {"lines": []}, {"lines": [{"sku_id": sku_id, "quantity": 0}]}, {"lines": [{}]}, []):
        refused = await phone.post("/orders", body)
        assert (refused.status, refused.code) == (422, "invalid_request")
    assert await phone.all("/orders") == []


async def test_what_is_off_the_shelf_is_neither_shown_nor_sold(world):
    phone, sku_id = await world.arrive(), await world.sku()
    await db.execute("UPDATE product SET state = 'off_shelf'")
    assert await phone.all("/products") == []
    assert (await phone.get("/products/1")).code == "no_such_product"
    assert (await place(phone, sku_id)).code == "sku_not_for_sale"


async def test_anothers_order_does_not_exist(world):
    owner, other, sku_id = await world.arrive(), await world.arrive(), await world.sku()
    await world.give(other.customer_id, 10_000)
    placed = (await place(owner, sku_id)).body
    path = f"/orders/{placed['order_no']}"
    answers = [await other.get(path), await other.post(f"{path}/pay"), await other.post(f"{path}/cancel")]
    assert {(answer.status, answer.code) for answer in answers} == {(404, "no_such_order")}
    bills = [
        await other.get(f"/bills/{placed['bill_no']}"),
        await other.post(f"/bills/{placed['bill_no']}/pay"),
    ]
    assert {(answer.status, answer.code) for answer in bills} == {(404, "no_such_bill")}
    assert await other.all("/orders") == [] == await other.all("/bills")


async def test_an_orders_bill_is_paid_with_the_order_only(world):
    phone, sku_id = await world.arrive(), await world.sku()
    await world.give(phone.customer_id, 10_000)
    bill_no = (await place(phone, sku_id)).body["bill_no"]
    assert (await phone.post(f"/bills/{bill_no}/pay")).status == 404


async def test_an_order_is_paid_in_parts_as_it_was_offered(world):
    terms.use(replace(terms.current(), order_instalment_parts=(3,), order_instalments_from_fen=10_000))
    phone, sku_id = await world.arrive(), await world.sku(price_fen=10_000)
    await world.give(phone.customer_id, 5_000)
    for asked, counts in ((sku_id, [3]), (await world.sku(price_fen=9_999), [])):
        lines = [{"sku_id": asked, "quantity": 1}]
        assert (await phone.post("/quotes", {"lines": lines})).body["instalment_parts"] == counts
    no = (await place(phone, sku_id)).body["order_no"]
    ways = (await phone.get(f"/orders/{no}/payment-ways?client=browser")).body["items"]
    (way,) = [one for one in ways if one["kind"] == "instalments"]
    offer = way["offer"]
    assert [part["amount_fen"] for part in offer["parts"]] == [3_000, 3_500, 3_500]
    assert way["balance_fen"] == 3_000 and "30.00" in offer["consent_text"]
    wish = {"parts": 3, "consent_version": "p3-other"}
    assert (await phone.post(f"/orders/{no}/instalments", wish)).code == "consent_outdated"
    agreed = await phone.post(
        f"/orders/{no}/instalments", {**wish, "consent_version": offer["consent_version"]}
    )
    assert (agreed.status, agreed.body["state"]) == (200, "paid")
    record = (await phone.get(f"/orders/{no}")).body
    assert record["owed_fen"] == 7_000
    assert [part["state"] for part in record["instalments"]] == ["paid", "open", "open"]
    paid = await phone.post(f"/bills/{record['bill_no']}/pay", {"amount_fen": 1_000})
    assert (paid.status, paid.body["paid_fen"]) == (200, 4_000), paid
