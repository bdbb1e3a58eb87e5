from dataclasses import replace

from billing import terms


async def test_a_customer_gives_another_some_balance_where_the_shop_lets_them(world):
    giver, receiver = await world.arrive(), await world.arrive()
    await world.give(giver.customer_id, 1_000)
    body = {"receiver_id": receiver.customer_id, "principal_fen": 400, "reason": "生日快乐"}
    refused = await giver.post("/transfers", body)
    assert (refused.status, refused.code) == (403, "transfers_closed")
    terms.use(replace(terms.current(), customer_transfers=True))
    made = await giver.post("/transfers", body)
    assert (made.status, made.body["receiver_id"], made.body["principal_fen"]) == (
        201,
        receiver.customer_id,
        400,
    )
    assert (await receiver.balance())["principal_fen"] == 400
    assert (await giver.post("/transfers", {**body, "principal_fen": 601})).code == "insufficient_balance"
    assert (
        await giver.post("/transfers", {**body, "receiver_id": giver.customer_id})
    ).code == "nothing_to_transfer"
    newest = (await receiver.get("/account/changes?limit=1")).body["items"][0]
    assert (newest["kind"], newest["memo"]) == ("transfer_in", "生日快乐")
