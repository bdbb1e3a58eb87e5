"""Messages through the doors: operators' lists, wordings and customers' reach; customers' own settings; the chat's words."""

from core import db as database
from notifications import delivery, outbox


async def test_operators_see_every_attempt_and_send_dead_messages_again(world):
    phone, desk = await world.arrive(), await world.operator()
    await outbox.tell(
        [
            outbox.Message(
                phone.customer_id, "adjusted", "x", {"amount_fen": 1, "reason": "r", "available_fen": 1}
            )
        ]
    )
    await delivery.run(world.runtime.outside.post)
    (listed,) = (await desk.get(f"/messages?customer_id={phone.customer_id}")).body["items"]
    assert (listed["kind"], listed["state"], listed["channel"]) == ("adjusted", "sent", "inbox")
    assert (await desk.post(f"/messages/{listed['id']}/replay")).code == "message_not_dead"
    assert (await desk.get("/messages/999999")).code == "no_such_message"
    await database.execute(
        "UPDATE outbox_message SET state = 'dead', channel = NULL, last_error = 'out' WHERE id = $1",
        listed["id"],
    )
    assert len((await desk.get("/messages?state=dead")).body["items"]) == 1
    assert (await desk.post("/dead-messages/replay")).body == {"replayed": 1}
    whole = (await desk.get(f"/messages/{listed['id']}")).body
    assert whole["message"]["state"] == "queued" and whole["attempts"][0]["result"] == "replayed"
    assert whole["params"]["amount_fen"] == 1


async def test_operators_put_a_kind_into_words_and_customers_read_it(world):
    phone, desk = await world.arrive(), await world.operator()
    known = {one["kind"]: one for one in (await desk.get("/message-kinds")).body["items"]}
    assert (
        known["low_balance"]["kind_class"] == "reminder" and "available_fen" in known["low_balance"]["values"]
    )
    place = {"kind": "adjusted", "channel": "inbox", "locale": "zh-CN"}
    content = {"title": "调整好了", "body": "{reason}：{amount_fen:yuan} 元"}
    shown = await desk.post("/message-wordings/preview", {**place, "content": content})
    assert shown.body["fields"][1] == {"name": "body", "text": "示例：123.45 元", "wrong": None}
    long = await desk.put("/message-wordings", {**place, "content": {**content, "title": "字" * 41}})
    assert long.code == "wording_wrong" and "title" in str(long.body)
    assert (await desk.put("/message-wordings", {**place, "content": content})).body["version"] == 1
    await outbox.tell(
        [
            outbox.Message(
                phone.customer_id, "adjusted", "x", {"amount_fen": 500, "reason": "补偿", "available_fen": 1}
            )
        ]
    )
    (read,) = (await phone.get("/messages")).body["items"]
    assert (read["title"], read["body"]) == ("调整好了", "补偿：5.00 元")
    assert (await desk.put("/message-wordings", {**place, "content": None})).body["version"] == 2
    (read,) = (await phone.get("/messages")).body["items"]
    assert read["title"] == "余额调整"
    history = await desk.get("/message-wordings/history?kind=adjusted&channel=inbox&locale=zh-CN")
    assert [one["version"] for one in history.body["items"]] == [2, 1]
    assert (await desk.get("/message-wordings")).body["items"][0]["content"] is None
    wrong = {**place, "kind": "wish"}
    assert (
        await desk.post("/message-wordings/preview", {**wrong, "content": content})
    ).code == "no_such_wording"


async def test_customers_choose_and_operators_see_it(world):
    phone, desk = await world.arrive(), await world.operator()
    who = f"/customers/{phone.customer_id}/messaging"
    reach = {"phone": "13800000001", "email": "x@example.com", "birthday": "1990-05-06"}
    kept = (await desk.put(f"{who}/reach", reach)).body
    assert [one["address"] for one in kept["addresses"]] == ["x***@example.com", "138****0001"]
    shown = {**reach, "phone": "138****0001", "email": "x***@example.com", "birthday": None}
    kept_again = (await desk.put(f"{who}/reach", shown)).body  # what a form was filled with changes nothing
    assert kept_again["addresses"] == kept["addresses"]
    assert (await desk.put(f"{who}/reach", {**reach, "phone": "139****0001"})).code == "address_not_usable"
    kept = (await desk.put(f"{who}/reach", reach)).body
    assert kept["birthday"] == "1990-05-06"
    assert (await desk.put(f"{who}/reach", {**reach, "phone": "12"})).code == "address_not_usable"
    assert (await desk.put(f"{who}/reach", {**reach, "birthday": "2899-01-01"})).code == "birthday_wrong"
    assert (await desk.get("/customers/999999/messaging")).code == "no_such_customer"

    settings = (await phone.get("/messages/settings")).body
    assert settings["addresses"] == {"sms": "138****0001", "email": "x***@example.com"}
    assert (settings["reminders"], settings["marketing"]) == (True, False)
    wish = {"reminders": False, "marketing": True, "quiet_from_minute": 780, "quiet_until_minute": 840}
    assert (await phone.put("/messages/settings", wish)).code == "consent_not_worded"
    assert (await phone.put("/messages/settings", {**wish, "wording": "同意接收优惠"})).body[
        "marketing"
    ] is True
    seen = (await desk.get(who)).body["preferences"]
    assert (seen["reminders"], seen["quiet_from_minute"]) == (False, 780)
    (consent,) = (await desk.get(f"{who}/consents")).body["items"]
    assert (consent["agreed"], consent["door"], consent["by"]) == (
        True,
        "mini_program",
        f"customer:{phone.customer_id}",
    )
    assert (
        await phone.put("/messages/settings", {**wish, "wording": "x", "channels": ["sms", "sms"]})
    ).code == "message_channels_wrong"
    bad = {**wish, "wording": "x", "quiet_until_minute": 780}
    assert (await phone.put("/messages/settings", bad)).code == "quiet_hours_wrong"
    told = {"reminders": True, "marketing": False}
    assert (await desk.put(f"{who}/preferences", told)).body["reminders"] is True
    assert len((await desk.get(f"{who}/consents")).body["items"]) == 2
    assert (await phone.ask("DELETE", "/messages/settings/phone")).body["addresses"] == {
        "email": "x***@example.com"
    }
    assert (await phone.ask("DELETE", "/messages/settings/email")).body["addresses"] == {}


async def test_somebody_elses_settings_are_not_to_be_seen(world):
    one, other = await world.arrive(), await world.arrive()
    await one.put("/messages/settings", {"reminders": False, "marketing": False})
    assert (await other.get("/messages/settings")).body["reminders"] is True
