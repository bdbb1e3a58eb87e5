"""After-sales through both doors: asked for with photos, sent back, received, refunded."""

import io

import aiohttp
from PIL import Image


def picture(colour="red"):
    file = io.BytesIO()
    Image.new("RGB", (40, 30), colour).save(file, "PNG")
    return file.getvalue()


async def send(phone, return_no, file):
    form = aiohttp.FormData()
    form.add_field("file", file, filename="x.png", content_type="image/png")
    headers = {"Authorization": f"Bearer {phone.token}"}
    url = f"{phone.world.url}/api/v1/after-sales/{return_no}/photos"
    async with phone.world.http.post(url, headers=headers, data=form) as answer:
        return answer.status, await answer.json()


async def seen(world, who, path):
    headers = {"Authorization": f"Bearer {who.token}"}
    async with world.http.get(f"{world.url}{path}", headers=headers) as answer:
        return answer.status, answer.content_type, await answer.read()


async def test_a_customer_shows_what_is_broken_sends_it_back_and_has_the_money(world):
    phone, other, desk = await world.arrive(), await world.arrive(), await world.operator()
    await world.give(phone.customer_id, 10_000)
    sku_id = await world.sku(price_fen=2_800, stock=3)
    order_no = (await phone.post("/orders", {"lines": [{"sku_id": sku_id, "quantity": 2}]})).body["order_no"]
    await phone.post(f"/orders/{order_no}/pay")
    wish = {"kind": "return", "lines": [{"sku_id": sku_id, "quantity": 1}], "reason": "壶盖碎了"}
    assert (await phone.post(f"/orders/{order_no}/after-sales", wish)).code == "not_to_be_returned"
    sent = await desk.post(
        f"/orders/{order_no}/shipments", {"carrier": "顺丰速运", "tracking_no": "SF1234567890"}
    )
    assert sent.status in (200, 201), sent
    made = await phone.post(f"/orders/{order_no}/after-sales", wish)
    assert (made.status, made.body["state"], made.body["most_fen"]) == (201, "asked", 2_800)
    number = made.body["return_no"]
    for _ in range(2):
        assert (await send(phone, number, picture()))[1]["photos"] == 1
    assert (await send(phone, number, b"%PDF-1.7"))[1]["code"] == "not_an_image"
    assert (await send(other, number, picture()))[0] == 404
    at = f"/after-sales/{number}"
    for who, door in ((phone, "/api/v1"), (desk, "/admin/v1")):
        status, kind, body = await seen(world, who, f"{door}{at}/photos/1")
        assert (status, kind, body[:2]) == (200, "image/jpeg", b"\xff\xd8")
    assert (await seen(world, other, f"/api/v1{at}/photos/1"))[0] == 404
    (alert,) = [one for one in (await desk.get("/alerts")).body["items"] if one["kind"] == "after_sale_asked"]
    assert number in alert["text"]
    assert (await desk.get("/after-sales?state=asked")).body["items"][0]["return_no"] == number
    assert (await desk.post(f"{at}/refund", {})).code == "after_sale_state_forbids"
    assert (await desk.post(f"{at}/approve", {"note": "寄回西湖店"})).body["state"] == "approved"
    sent = await phone.post(f"{at}/parcel", {"carrier": "中通", "tracking_no": "ZT0000001"})
    assert sent.body["state"] == "sent_back"
    got = await desk.post(f"{at}/receive", {"written_off": [{"sku_id": sku_id, "quantity": 1}]})
    assert (got.body["state"], got.body["lines"][0]["written_off"]) == ("received", 1)
    done = await desk.post(f"{at}/refund", {"amount_fen": 2_500, "note": "扣运费"})
    assert (done.body["state"], done.body["refund_fen"]) == ("done", 2_500)
    assert (await phone.balance())["balance_fen"] == 10_000 - 5_600 + 2_500
    found = (await phone.get(at)).body
    assert [event["step"] for event in found["events"]] == [
        "apply",
        "approve",
        "send_back",
        "receive",
        "refund",
    ]
    assert [trail["tracking_no"] for trail in found["trails"]] == ["ZT0000001"]
    assert (await other.get(at)).code == "no_such_after_sale"
    assert [one["return_no"] for one in await phone.all("/after-sales")] == [number]
    assert (await send(phone, number, picture("blue")))[1]["code"] == "after_sale_state_forbids"


async def test_another_is_withdrawn_and_one_is_turned_down(world):
    phone, desk = await world.arrive(), await world.operator()
    await world.give(phone.customer_id, 10_000)
    sku_id = await world.sku(price_fen=2_800, stock=3)
    order_no = (await phone.post("/orders", {"lines": [{"sku_id": sku_id, "quantity": 2}]})).body["order_no"]
    await phone.post(f"/orders/{order_no}/pay")
    await desk.post(f"/orders/{order_no}/shipments", {"carrier": "顺丰速运", "tracking_no": "SF1234567890"})
    wish = {"kind": "exchange", "lines": [{"sku_id": sku_id, "quantity": 1}], "reason": "颜色不对"}
    first, second = [
        (await phone.post(f"/orders/{order_no}/after-sales", wish)).body["return_no"] for _ in range(2)
    ]
    assert (await phone.post(f"/after-sales/{first}/withdraw")).body["state"] == "withdrawn"
    refused = await desk.post(f"/after-sales/{second}/reject", {"reason": "已使用"})
    assert (refused.body["state"], refused.body["reject_reason"]) == ("rejected", "已使用")
    third = (await phone.post(f"/orders/{order_no}/after-sales", wish)).body["return_no"]
    await desk.post(f"/after-sales/{third}/approve", {})
    await desk.post(f"/after-sales/{third}/receive", {})
    anew = await desk.post(
        f"/after-sales/{third}/shipment", {"carrier": "顺丰速运", "tracking_no": "SF0000000002"}
    )
    assert (anew.body["state"], anew.body["new_tracking_no"]) == ("done", "SF0000000002")
