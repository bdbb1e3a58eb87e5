"""Transfers, reversals, merges and closings through the operators' door."""


async def two_operators(world):
    return await world.operator(), await world.operator("second")


async def test_a_transfer_reaches_the_other_phone_and_is_undone(world):
    desk, giver, receiver = await world.operator(), await world.arrive(), await world.arrive()
    await world.give(giver.customer_id, 1_000)
    body = {"receiver_id": receiver.customer_id, "principal_fen": 400, "reason": "给孩子"}
    path = f"/customers/{giver.customer_id}/transfers"
    made = await desk.post(path, body)
    assert (made.status, made.body["approval_no"]) == (201, None)
    assert (await receiver.balance())["principal_fen"] == 400
    told = (await receiver.get("/messages")).body["items"][0]
    assert told["title"] == "收到转赠" and "4.00" in told["body"]
    number = made.body["transfer_no"]
    (listed,) = (await desk.get(f"/transfers?customer_id={receiver.customer_id}")).body["items"]
    assert (await desk.get(f"/transfers/{number}")).body == listed
    undone = await desk.post(f"/transfers/{number}/reversal", {"reason": "给错了"})
    assert undone.status == 201 and undone.body["approval_no"] is None
    assert (await giver.balance())["principal_fen"] == 1_000
    assert (await desk.post(f"/transfers/{number}/reversal", {"reason": "r"})).code == "already_reversed"
    assert (await desk.post(path, {**body, "principal_fen": 1_001})).code == "insufficient_balance"
    assert (await desk.post(path, {**body, "principal_fen": 0})).code == "nothing_to_transfer"
    assert (await desk.post(path, {**body, "receiver_id": 404})).code == "no_such_customer"


async def test_an_adjustment_is_undone(world):
    desk, phone = await world.operator(), await world.arrive()
    body = {"kind": "bonus", "amount_fen": 300, "reason": "补偿"}
    number = (await desk.post(f"/customers/{phone.customer_id}/adjustments", body)).body["adjustment_no"]
    undone = await desk.post(f"/adjustments/{number}/reversal", {"reason": "录错了"})
    assert undone.status == 201, undone
    shown = (await desk.get(f"/adjustments/{number}")).body
    assert shown["reversed_by_no"] == undone.body["number"]
    assert (await phone.balance())["balance_fen"] == 0


async def test_a_merged_persons_phone_signs_in_as_the_one_who_is_kept(world):
    asks, decides = await two_operators(world)
    gone, kept = await world.arrive(), await world.arrive()
    await world.give(gone.customer_id, 700)
    seen = (await asks.get(f"/customers/{gone.customer_id}/merge-preview?into={kept.customer_id}")).body
    assert (seen["principal_fen"], seen["identities"], seen["obstacles"]) == (700, 1, [])
    body = {"into": kept.customer_id, "reason": "同一个人"}
    number = (await asks.post(f"/customers/{gone.customer_id}/merge", body)).body["approval_no"]
    done = (await decides.post(f"/approvals/{number}/approve")).body
    assert done["state"] == "executed", done
    assert (await asks.get(f"/merges/{done['result']}")).body == (await asks.get("/merges")).body["items"][0]
    refused = await gone.get("/account")
    assert (refused.status, refused.code) == (401, "customer_gone")
    await gone.sign_in()
    assert gone.customer_id == kept.customer_id
    assert (await gone.balance())["principal_fen"] == 700
    again = await asks.post(f"/customers/{gone.customer_id}/merge", {**body, "into": gone.customer_id})
    assert again.code == "nothing_to_merge"


async def test_a_closed_account_is_told_so_at_the_door(world):
    asks, decides = await two_operators(world)
    phone = await world.arrive()
    await world.give(phone.customer_id, 700)
    await world.give(phone.customer_id, 50, kind="bonus")
    path = f"/customers/{phone.customer_id}"
    seen = (await asks.get(f"{path}/closing-preview")).body
    assert (seen["principal_fen"], seen["bonus_fen"], seen["obstacles"]) == (700, 50, [])
    number = (await asks.post(f"{path}/closing", {"reason": "搬家"})).body["approval_no"]
    closing_no = (await decides.post(f"/approvals/{number}/approve")).body["result"]
    for refused in (await phone.get("/account"), await phone.sign_in()):
        assert (refused.status, refused.code) == (403, "account_closed")
        assert refused.body["message"] == "您的账户已经销户或正在销户，如有疑问请联系商家"
    paid = await asks.post(f"/closings/{closing_no}/payouts", {"receipt_no": "SJ-1"})
    assert (paid.status, paid.body["state"], paid.body["paid_out_fen"]) == (201, "closed", 700)
    shown = (await asks.get(f"/closings/{closing_no}")).body
    assert [row["receipt_no"] for row in shown["payouts"]] == ["SJ-1"]
    seen = (await asks.get(f"{path}/closing-preview", locale="en")).body
    assert [one["code"] for one in seen["obstacles"]] == ["customer_not_active"]
    assert (await asks.post(f"{path}/closing", {"reason": "r"})).code == "cannot_close"
    again = await asks.post(f"/closings/{closing_no}/payouts", {"receipt_no": "SJ-2"})
    assert again.code == "nothing_to_pay_out"


async def test_a_balance_and_a_change_are_explained_to_operators_with_names(world):
    desk, giver, receiver = await world.operator(), await world.arrive(), await world.arrive()
    await world.give(giver.customer_id, 1_000)
    body = {"receiver_id": receiver.customer_id, "principal_fen": 400, "reason": "给孩子"}
    await desk.post(f"/customers/{giver.customer_id}/transfers", body)
    path = f"/customers/{receiver.customer_id}"
    (lot,) = (await desk.get(f"{path}/lots")).body["items"]
    assert [step["customer_id"] for step in lot["origins"]] == [receiver.customer_id, giver.customer_id]
    assert lot["origins"][-1]["source"].startswith("adjustment:")
    (change,) = (await desk.get(f"{path}/changes")).body["items"]
    why = (await desk.get(f"{path}/changes/{change['id']}")).body
    assert (why["operator_name"], why["change"], why["pieces"][0]["amount_fen"]) == ("店长", change, 400)
    assert why["pieces"][0]["origins"] == lot["origins"]
    assert (await desk.get(f"{path}/changes/99")).code == "no_such_change"
    assert (await desk.get("/customers/404/lots")).code == "no_such_customer"
