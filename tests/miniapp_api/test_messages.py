async def test_messages_read_in_the_language_asked_for(world):
    phone = await world.arrive()
    await world.give(phone.customer_id, 1_000)
    (message,) = (await phone.get("/messages")).body["items"]
    assert (message["kind"], message["state"]) == ("adjusted", "queued")
    assert "10.00" in message["body"]
    (english,) = (await phone.get("/messages", locale="en")).body["items"]
    assert english["title"].isascii() and english["title"] != message["title"]


async def test_everybody_reads_only_their_own_messages(world):
    one, other = await world.arrive(), await world.arrive()
    await world.give(one.customer_id, 1_000)
    assert await other.all("/messages") == []


async def test_the_mini_program_learns_which_messages_to_ask_for(world):
    phone = await world.arrive()
    templates = (await phone.get("/message-templates")).body["items"]
    assert {"low_balance", "payment_due"} <= {template["kind"] for template in templates}
    assert all(template["template_id"] and template["title"] for template in templates)


async def test_a_phone_number_is_taken_from_wechat_and_masked_and_codes_need_a_provider(world):
    phone = await world.arrive()
    shown = await phone.at_sandbox("/phone-code")
    taken = await phone.post("/messages/settings/phone", {"code": shown.body["code"]})
    assert taken.status == 200 and taken.body["confirmed"] == ["sms"]
    assert taken.body["addresses"]["sms"].startswith("139****")
    again = await phone.post("/messages/settings/phone", {"code": shown.body["code"]})
    assert (again.status, again.code) == (422, "phone_code_refused")
    wish = {"channel": "sms", "address": "13800000001"}
    refused = await phone.post("/messages/settings/codes", wish)
    assert (refused.status, refused.code) == (409, "address_not_confirmable")
    entered = await phone.post("/messages/settings/confirmations", {"channel": "sms", "code": "123456"})
    assert (entered.status, entered.code) == (409, "address_code_over")
