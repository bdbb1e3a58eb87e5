"""Numbers at the operators' doors: masked wherever they are shown, whole to who asks for them and is written down; found when they are whole."""

import logging
from urllib.parse import quote

import pytest

from billing import tax_numbers
from core import sealed_columns
from shop import standing_deliveries
from tests import plain_text
from tests.world import new_key

PHONE, MAIL = "13812345678", "lin.sealed@example.com"
WRITTEN = "+86 138-1234-5678"
TITLE, COMPANY = "林某某", "91330106MA2H2GXW7"
COMPANY += tax_numbers.check_character(COMPANY)
HOME = {
    "recipient": "林小姐", "phone": PHONE, "region_code": "440106", "province": "广东省", "city": "广州市", "district": "天河区",
    "detail": "体育西路1号",
}  # fmt: skip
EVERYWHERE = {str(one) for one in sealed_columns.COLUMNS} - {
    "address_code.address",
    "remittance.payee_name",
    "operator_totp.secret",
}
MASKED = "138****5678"


@pytest.fixture
async def lived(world, caplog):
    """A customer who has done what leaves a number behind: told it at the counter, topped up, asked for invoices, ordered."""
    caplog.set_level(logging.DEBUG)
    phone, desk = await world.arrive(), await world.operator()
    reach = {"phone": WRITTEN, "email": MAIL, "birthday": None}
    assert (await desk.put(f"/customers/{phone.customer_id}/messaging/reach", reach)).status == 200
    made = (await phone.top_up(amount_fen=50_000)).body
    await phone.pay(made["payment"])
    await world.quiet()
    wish = {"subject": "top_up", "subject_no": made["top_up_no"], "amount_fen": 1_000}
    person = wish | {"title_kind": "personal", "title": TITLE, "email": MAIL}
    company = wish | {"title_kind": "company", "title": "某某公司", "tax_no": COMPANY}
    invoices = [(await phone.post("/invoices", body)).body["invoice_no"] for body in (person, company)]
    home = (await phone.post("/addresses", HOME, key=new_key())).body["id"]
    lines = [{"sku_id": await world.sku(price_fen=2_000), "quantity": 1}]
    order = (await phone.post("/orders", {"lines": lines, "address_id": home})).body["order_no"]
    assert (await phone.post(f"/orders/{order}/pay")).body["address"]["phone"] == PHONE, "their own"
    version = (await phone.get("/standing-order-terms")).body["version"]
    daily = {"schedule": {"every": "day"}, "most_fen": 4_000, "consent_version": version, "address_id": home}
    standing = (await phone.post("/standing-orders", {"lines": lines, **daily})).body["id"]
    parcel = {"carrier": "圆通速递", "tracking_no": "YT9693083639795"}
    line = {"sku_id": lines[0]["sku_id"], "quantity": 1}
    shipped = await desk.post(f"/orders/{order}/shipments", {**parcel, "lines": [line]})
    assert shipped.status == 201, shipped.body
    assert (
        await desk.post(f"/invoices/{invoices[0]}/issue", {"number": "25332000000012345678"})
    ).status == 200
    world.advance(days=1)
    await standing_deliveries.run()
    desk = await world.operator("late")  # the other's session is over by then
    return phone, desk, invoices, order, standing


async def test_after_a_whole_journey_no_number_stands_anywhere_in_the_database_nor_in_the_log(lived, caplog):
    phone, desk, invoices, order, _ = lived
    asked = {"reason": "送货前联系"}
    await desk.post(f"/customers/{phone.customer_id}/reveal", asked)
    await desk.post(f"/orders/{order}/reveal")
    await desk.post(f"/invoices/{invoices[1]}/reveal")
    await desk.get(f"/customers?query={PHONE}")
    assert {str(one.column) for one in await sealed_columns.counts()} == EVERYWHERE
    written = (PHONE, "138-1234-5678", "138 1234 5678", MAIL, TITLE, COMPANY)
    assert await plain_text.where(*written) == []
    records = [*caplog.get_records("setup"), *caplog.get_records("call")]
    told = "\n".join(f"{one.getMessage()} {one.__dict__}" for one in records)
    assert "operator:2" in told, "the log was looked at"
    assert [value for value in written if value in told] == []


async def test_lists_and_single_rows_show_masks(lived):
    phone, desk, invoices, order, standing = lived
    who = f"/customers/{phone.customer_id}"
    seen = [
        (await desk.get(path)).body
        for path in (
            f"{who}/messaging", f"{who}/addresses", "/orders", f"/orders/{order}", "/invoices", f"/invoices/{invoices[0]}",
            "/standing-orders", f"/standing-orders/{standing}", "/customers", who, "/messages", "/acts",
        )
    ]  # fmt: skip
    text = str(seen)
    assert [value for value in (PHONE, MAIL, TITLE, COMPANY) if value in text] == []
    assert {MASKED, "l***@example.com", "林**", f"****{COMPANY[-4:]}"} <= set(_values(seen))


def _values(found):
    if isinstance(found, dict):
        found = list(found.values())
    if isinstance(found, list):
        return [value for one in found for value in _values(one)]
    return [found]


async def test_who_may_change_customers_sees_a_number_whole_and_it_is_written_down(lived, world):
    phone, desk, invoices, order, _ = lived
    path = f"/customers/{phone.customer_id}/reveal"
    whole = await desk.post(path, {"reason": "送货前联系"})
    assert {(one["channel"], one["address"]) for one in whole.body["addresses"]} == {
        ("sms", PHONE),
        ("email", MAIL),
    }
    assert [(one["recipient"], one["phone"]) for one in whole.body["deliveries"]] == [("林小姐", PHONE)]
    assert (await desk.post(path, {"reason": ""})).code == "invalid_request"
    acts = (await desk.get("/acts?operation=customers_reveal")).body["items"]
    assert [one["outcome"] for one in acts] == ["invalid_request", "done"]
    assert acts[1]["asked"]["body"]["reason"] == "送货前联系" and "body" not in acts[0]["asked"]
    to = (await desk.post(f"/orders/{order}/reveal")).body
    assert to == {"order_no": order, "recipient": "林小姐", "phone": PHONE}
    made_out = (await desk.post(f"/invoices/{invoices[1]}/reveal")).body
    assert (made_out["title"], made_out["tax_no"]) == ("某某公司", COMPANY)
    assert (await desk.post("/customers/999999/reveal", {"reason": "x"})).code == "no_such_customer"
    assert (await desk.post("/orders/S0/reveal")).code == "no_such_order"
    assert (await desk.post("/invoices/FP0/reveal")).code == "no_such_invoice"


@pytest.mark.parametrize("written", [PHONE, WRITTEN, "138 1234 5678"])
async def test_a_customer_is_found_by_the_whole_number_and_by_no_part_of_it(world, written):
    phone, _, desk = await world.arrive(), await world.arrive(), await world.operator()
    reach = {"phone": WRITTEN, "email": None, "birthday": None}
    await desk.put(f"/customers/{phone.customer_id}/messaging/reach", reach)
    found = (await desk.get(f"/customers?query={quote(written)}")).body["items"]
    assert [one["id"] for one in found] == [phone.customer_id]
    for part in ("12345678", "5678", "1381234567", "13812345679"):
        assert (await desk.get(f"/customers?query={part}")).body["items"] == []
