"""Vouchers, counter payments and receipts through the doors."""

import io

import aiohttp
import pytest
from PIL import Image

from billing import voucher_images

BROKEN = b'--x\r\nContent-Disposition: form-data; name="\x1bfile"\r\n\r\nv\r\n--x--\r\n'


def picture():
    file = io.BytesIO()
    Image.new("RGB", (40, 30), "red").save(file, "PNG")
    return file.getvalue()


async def send(phone, voucher_no, **what):
    url = f"{phone.world.url}/api/v1/vouchers/{voucher_no}/image"
    headers = {"Authorization": f"Bearer {phone.token}"} | what.pop("headers", {})
    async with phone.world.http.post(url, headers=headers, **what) as answer:
        return answer.status, await answer.json()


def form(file, name="file"):
    made = aiohttp.FormData()
    made.add_field("note", "sent before the file")
    made.add_field(name, file, filename="凭证.png", content_type="image/png")
    return made


async def test_a_customer_shows_a_transfer_and_the_shop_credits_it(world):
    phone, desk = await world.arrive(), await world.operator()
    made = (await phone.post("/vouchers", {"amount_fen": 5_000, "note": "尾号 1234"})).body
    assert made["state"] == "started"
    status, shown = await send(phone, made["voucher_no"], data=form(picture()))
    assert (status, shown["state"]) == (200, "submitted")
    (waiting,) = (await desk.get("/vouchers?state=submitted")).body["items"]
    address, signed_in = (
        f"{world.url}/admin/v1/vouchers/{waiting['voucher_no']}/image",
        {"Authorization": f"Bearer {desk.token}"},
    )
    async with world.http.get(address, headers=signed_in) as image:
        assert (await image.read()).startswith(b"\xff\xd8")
        assert (image.content_type, image.headers["X-Content-Type-Options"]) == ("image/jpeg", "nosniff")
    wish = {"amount_fen": 5_000, "reference": "20261125000123"}
    done = (await desk.post(f"/vouchers/{waiting['voucher_no']}/confirm", wish)).body
    assert done["voucher"]["state"] == "confirmed"
    assert (await phone.balance())["principal_fen"] == 5_000
    assert (await phone.get(f"/vouchers/{made['voucher_no']}")).body["counter_no"] == done["voucher"][
        "counter_no"
    ]
    (receipt,) = await phone.all("/receipts")
    assert (receipt["amount_in_words"], receipt["tender"]) == ("伍拾元整", "transfer")
    page = await phone.get(f"/receipts/{receipt['source_no']}/page")
    assert page.headers["Content-Type"].startswith("text/html") and "伍拾元整" in page.body
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    other = await world.arrive()
    for path in (
        "receipts/" + receipt["source_no"],
        "vouchers/" + made["voucher_no"],
        f"vouchers/{made['voucher_no']}/image",
    ):
        assert (await other.get(f"/{path}")).status == 404


@pytest.mark.parametrize(
    ("what", "code"),
    [
        ({"data": b"%PDF-1.7", "headers": {"Content-Type": "application/octet-stream"}}, "not_an_image"),
        ({"data": b"{}", "headers": {"Content-Type": "application/json"}}, "unsupported_media_type"),
        ({"data": b"--x--", "headers": {"Content-Type": "multipart/form-data; boundary=x"}}, "bad_request"),
        ({"data": b"no form", "headers": {"Content-Type": "multipart/form-data"}}, "bad_request"),
        ({"data": BROKEN, "headers": {"Content-Type": "multipart/form-data; boundary=x"}}, "bad_request"),
        ({"data": form(b"x", name="another")}, "bad_request"),
        (
            {"data": b"x" * (voucher_images.MAX_BYTES + 1), "headers": {"Content-Type": "image/png"}},
            "request_too_large",
        ),
    ],
    ids=["PDF", "JSON", "empty form", "no boundary", "a broken header", "another field", "too large"],
)
async def test_an_upload_that_is_no_image_is_refused(world, what, code):
    phone = await world.arrive()
    made = (await phone.post("/vouchers", {"amount_fen": 5_000})).body
    _, answer = await send(phone, made["voucher_no"], **what)
    assert answer["code"] == code
    assert (await phone.get(f"/vouchers/{made['voucher_no']}")).body["state"] == "started"


async def test_an_operator_takes_money_at_the_counter_and_takes_a_mistake_back(world):
    phone, desk = await world.arrive(), await world.operator()
    taken = await desk.post(
        f"/customers/{phone.customer_id}/counter-top-ups", {"tender": "cash", "amount_fen": 8_800}
    )
    assert taken.status == 201 and (await phone.balance())["principal_fen"] == 8_800
    counter_no = taken.body["payment"]["counter_no"]
    printed = await desk.get(f"/receipts/{counter_no}/page", locale="en")
    assert "Cash" in printed.body and "捌拾捌元整" in printed.body
    undone = await desk.post(f"/counter-payments/{counter_no}/undo", {"reason": "记错顾客"})
    assert undone.body["payment"]["state"] == "undone" and (await phone.balance())["balance_fen"] == 0
    again = await desk.post(f"/counter-payments/{counter_no}/undo", {"reason": "记错顾客"})
    assert again.code == "counter_already_undone"
    bill = {"title": "学费", "amount_fen": 1_000}
    bill_no = (await desk.post(f"/customers/{phone.customer_id}/bills", bill)).body["bill_no"]
    paid = await desk.post(f"/bills/{bill_no}/counter-payments", {"tender": "card", "reference": "T1-9"})
    assert paid.body["payment"]["amount_fen"] == 1_000
    assert len((await desk.get("/counter-payments?tender=card")).body["items"]) == 1
    assert len(await desk.all(f"/customers/{phone.customer_id}/receipts")) == 2


async def test_quarantined_money_is_dealt_with_through_the_door(world):
    world.misbehave("wechat_pay.notify", "wrong_amount", value=99)
    phone, desk = await world.arrive(), await world.operator()
    made = (await phone.top_up(amount_fen=100)).body
    await phone.pay(made["payment"])
    await world.quiet()
    assert (await phone.get(f"/top-ups/{made['top_up_no']}")).body["state"] == "quarantined"
    (found,) = (
        await desk.get(f"/quarantine?state=open&customer_id={phone.customer_id}&reason=wrong_amount")
    ).body["items"]
    path = f"/quarantine/{found['id']}"
    assert (
        await desk.post(f"{path}/credit", {"customer_id": 999, "reason": "核对"})
    ).code == "no_such_customer"
    done = await desk.post(f"{path}/credit", {"customer_id": phone.customer_id, "reason": "核对"})
    assert (done.body["quarantined"]["resolution"], done.body["approval_no"]) == ("credited", None)
    assert (await phone.balance())["principal_fen"] == 99
    assert (await desk.post(f"{path}/close", {"reason": "再核对"})).code == "quarantine_state_forbids"
    assert (await phone.get(f"/top-ups/{made['top_up_no']}")).body["state"] == "closed"
