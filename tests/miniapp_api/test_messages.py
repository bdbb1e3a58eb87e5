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
