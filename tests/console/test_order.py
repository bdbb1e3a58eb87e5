"""An order's page offers what is possible now; it is shipped in parcels; the kitchen gives out what is fetched."""

import asyncio
import html
import re

from billing import refunds, stores
from core import db
from members import addresses, duties
from shop import order_changes, orders
from tests import factories

SERVES = duties.Post("manager")


async def paid_order(*, pieces=1, delivered=True):
    customer = await factories.customer("小林", principal=50_000)
    sku = await factories.sku(2_800, name="茉莉<奶绿>")
    how = orders.How()
    if delivered:
        where = addresses.Where("小林", "13800138000", "330106", "浙江省", "杭州市", "西湖区", "西湖路 1 号")
        home = await addresses.add(customer.id, where, is_default=True, key=factories.key())
        how = orders.How(address_id=home.id)
    made = await orders.place(customer.id, [orders.Wanted(sku.id, pieces)], how, key=factories.key())
    await orders.pay(customer.id, made.order_no, key=factories.key())
    return made.order_no, sku.id


async def state_of(order_no):
    return await db.fetchval("SELECT state FROM shop_order WHERE order_no = $1", order_no)


def _offered(page):
    return set(re.findall(r'action="/console/do/orders_(\w+)\?', page.text)) | (
        {"ship"} if 'class="ship"' in page.text else set()
    )


async def test_only_what_is_possible_now_is_offered_and_a_parcel_takes_part_of_it_once(hired):
    browser = await hired(SERVES)
    order_no, sku_id = await paid_order(pieces=3)
    page = await browser.get(f"/orders/{order_no}")
    assert _offered(page) == {"confirm", "hand_over", "reject", "cancel", "ship"}
    assert "茉莉<奶绿>" not in page.text and "茉莉&lt;奶绿&gt;" in page.text
    parcel = {**page.hidden, "carrier": "顺丰", "tracking_no": "SF1234567890", f"quantity.{sku_id}": "2"}
    shipped = await browser.post(f"/orders/{order_no}/ship", parcel)
    again = await browser.post(f"/orders/{order_no}/ship", parcel)
    assert shipped.status == again.status == 200 and "SF1234567890" in shipped.words
    assert "小林 138" in shipped.words, "who it goes to"
    assert await db.fetchval("SELECT count(*) FROM shipment") == 1
    assert _offered(shipped) == {"hand_over", "ship"}, "what left cannot be cancelled"
    too_many = {**again.hidden, "carrier": "顺丰", "tracking_no": "SF999999", f"quantity.{sku_id}": "5"}
    refused = await browser.post(f"/orders/{order_no}/ship", too_many)
    assert refused.status == 422 and "SF999999" in refused.text and "alert-danger" in refused.text
    nothing = await browser.post(f"/orders/{order_no}/ship", {**too_many, f"quantity.{sku_id}": ""})
    assert nothing.status == 422 and await state_of(order_no) == "shipping"


async def test_the_kitchen_accepts_and_gives_out_with_one_button_each_and_two_taps_are_one(hired):
    browser = await hired(SERVES)
    order_no, _ = await paid_order(delivered=False)
    screen = await browser.get("/kitchen")
    assert "接单" in screen.words and order_no[-4:] in screen.words
    form = {"_csrf": screen.hidden["_csrf"]}
    await browser.post(f"/kitchen/{order_no}/confirm", form)
    assert await state_of(order_no) == "confirmed"
    for _tap in range(2):
        screen = await browser.post(f"/kitchen/{order_no}/hand_over", form)
        assert screen.status == 200 and "没有要做的订单" in screen.words
    assert await state_of(order_no) == "completed"


async def test_what_is_paid_back_is_neither_offered_to_be_delivered_nor_made(hired):
    browser = await hired(SERVES)
    order_no, _ = await paid_order()
    bill_no = await db.fetchval("SELECT bill_no FROM shop_order WHERE order_no = $1", order_no)
    await refunds.of_bill(
        factories.open_channels(), 1, bill_no, amount_fen=2_800, reason="道歉", key=factories.key()
    )
    page = await browser.get(f"/orders/{order_no}")
    assert _offered(page) == {"reject", "cancel"} and "已全部退款" in page.words
    assert re.search(r"退款 店长小周 \w+ ¥28\.00", page.words), "an amount is in yuan wherever it stands"
    assert "没有要做的订单" in (await browser.get("/kitchen")).words


async def test_the_kitchen_is_told_of_an_order_as_it_is_paid(hired):
    browser = await hired(SERVES)
    async with (
        asyncio.timeout(40),
        browser.session.get(
            f"{browser.base}/live/kitchen", headers={"Accept": "text/event-stream"}
        ) as stream,
    ):
        first = (await stream.content.readuntil(b"\n\n")).decode()
        assert first.startswith("event: kitchen") and "没有要做的订单" in first
        order_no, _ = await paid_order(delivered=False)
        second = (await stream.content.readuntil(b"\n\n")).decode()
        assert order_no in second


async def test_a_kitchen_sees_its_own_store_alone(hired):
    await stores.put("west-lake", name="西湖店", state="open")
    browser = await hired(duties.Post("clerk", "west-lake"))
    order_no, _ = await paid_order()
    assert order_no[-4:] not in (await browser.get("/kitchen?store=")).words
    assert (await browser.get(f"/orders/{order_no}")).status == 404


async def test_what_went_out_in_part_and_was_paid_back_is_closed(hired):
    browser = await hired(SERVES)
    order_no, sku_id = await paid_order(pieces=3)
    page = await browser.get(f"/orders/{order_no}")
    parcel = {**page.hidden, "carrier": "顺丰", "tracking_no": "SF1234567890", f"quantity.{sku_id}": "2"}
    assert "close" not in _offered(await browser.post(f"/orders/{order_no}/ship", parcel))
    bill_no = await db.fetchval("SELECT bill_no FROM shop_order WHERE order_no = $1", order_no)
    await refunds.of_bill(
        factories.open_channels(), 1, bill_no, amount_fen=8_400, reason="断货", key=factories.key()
    )
    page = await browser.get(f"/orders/{order_no}")
    assert _offered(page) == {"close"} and "其余不发" in page.words
    action = html.unescape(re.search(r'action="/console(/do/orders_close[^"]*)"', page.text)[1])
    closed = await browser.post(action, page.hidden)
    assert closed.status == 200 and _offered(closed) == set()
    assert await state_of(order_no) == "shipped"


async def test_a_change_of_an_order_is_told_by_both_totals(hired):
    browser, customer, sku = await hired(SERVES), await factories.customer("小林"), await factories.sku(2_800)
    made = await orders.place(customer.id, [orders.Wanted(sku.id, 1)], key=factories.key())
    change = order_changes.Change(quantities={sku.id: 2})
    await order_changes.edit(customer.id, made.order_no, change, key=factories.key())
    assert "¥28.00 → ¥56.00" in (await browser.get(f"/orders/{made.order_no}")).words
