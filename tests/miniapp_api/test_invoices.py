"""Invoices over HTTP: the customer asks and takes back, operators issue and refuse."""


async def test_an_invoice_goes_through_the_doors(world):
    phone, other, desk = await world.arrive(), await world.arrive(), await world.operator()
    made = (await phone.top_up(amount_fen=5_000)).body
    await phone.pay(made["payment"])
    await world.quiet()
    (item,) = (await phone.get("/invoices/possible")).body["items"]
    assert (item["subject"], item["subject_no"], item["left_fen"]) == ("top_up", made["top_up_no"], 5_000)
    wish = {
        "subject": "top_up", "subject_no": made["top_up_no"], "amount_fen": 2_000, "title_kind": "company",
        "title": "杭州某某科技有限公司", "tax_no": "91350100M000100Y43", "email": "tax@example.com",
    }  # fmt: skip
    asked = await phone.post("/invoices", wish, key="invoice-key-1")
    assert (asked.status, asked.body["state"], asked.body["tax_code"]) == (201, "requested", "601")
    assert (await phone.post("/invoices", wish, key="invoice-key-1")).body == asked.body
    for change, status, code in (
        ({"amount_fen": 3_001}, 409, "invoice_above_left"),
        ({"tax_no": "91350100M000100Y44"}, 422, "tax_number_wrong"),
        ({"tax_no": None}, 422, "invoice_title_wrong"),
        ({"email": "nowhere"}, 422, "address_not_usable"),
        ({"amount_fen": 0}, 422, "invalid_request"),
    ):
        refused = await phone.post("/invoices", wish | change)
        assert (refused.status, refused.code) == (status, code), change
    assert (await other.post("/invoices", wish)).code == "nothing_to_invoice"
    number = asked.body["invoice_no"]
    assert (await other.get(f"/invoices/{number}")).code == "no_such_invoice"
    assert (await other.post(f"/invoices/{number}/withdraw")).code == "no_such_invoice"
    second = (await phone.post("/invoices", wish)).body["invoice_no"]
    assert (await phone.post(f"/invoices/{second}/withdraw")).body["state"] == "withdrawn"

    waiting = await desk.get("/invoices?state=requested")
    assert [one["invoice_no"] for one in waiting.body["items"]] == [number]
    issued = await desk.post(f"/invoices/{number}/issue", {"number": "25332000000012345678"})
    assert (issued.status, issued.body["state"], issued.body["over_fen"]) == (200, "issued", 0)
    assert (
        await desk.post(f"/invoices/{number}/refuse", {"reason": "抬头不符"})
    ).code == "invoice_state_forbids"
    assert (await desk.post(f"/invoices/{number}/issue", {"number": "bad number"})).status == 422
    assert (await desk.get("/invoices/FP0")).code == "no_such_invoice"
    assert (await phone.get(f"/invoices/{number}")).body["number"] == "25332000000012345678"
    told = [one for one in await phone.all("/messages") if one["kind"] == "invoice_issued"]
    assert "25332000000012345678" in told[0]["body"] and "20.00" in told[0]["body"]
