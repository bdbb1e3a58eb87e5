async def test_a_new_account_is_empty_and_warns_below_fifty_yuan(world):
    phone = await world.arrive()
    assert await phone.balance() == {
        "currency": "CNY",
        "principal_fen": 0,
        "bonus_fen": 0,
        "balance_fen": 0,
        "held_fen": 0,
        "available_fen": 0,
        "credit_limit_fen": 0,
        "credit_used_fen": 0,
        "credit_left_fen": 0,
        "low_balance_threshold_fen": 5000,
    }


async def test_the_threshold_can_be_set_and_switched_off(world):
    phone = await world.arrive()
    for threshold_fen in (12_300, None, 0):
        answer = await phone.put("/account/threshold", {"threshold_fen": threshold_fen})
        assert answer.body["low_balance_threshold_fen"] == threshold_fen
        assert (await phone.balance())["low_balance_threshold_fen"] == threshold_fen
    for wrong in (-1, 1.5, "100", True, 10**15):
        refused = await phone.put("/account/threshold", {"threshold_fen": wrong})
        assert (refused.status, refused.code) == (422, "invalid_request")


async def test_changes_come_newest_first_in_pages_that_neither_repeat_nor_skip(world):
    phone = await world.arrive()
    for amount_fen in range(1, 8):
        await world.give(phone.customer_id, amount_fen)
    page = await phone.get("/account/changes?limit=3")
    assert [row["principal_fen"] for row in page.body["items"]] == [7, 6, 5]
    await world.give(phone.customer_id, 8)  # written between two pages
    rest = await phone.get(f"/account/changes?limit=3&cursor={page.body['next_cursor']}")
    assert [row["principal_fen"] for row in rest.body["items"]] == [4, 3, 2]
    assert [row["principal_fen"] for row in await phone.all("/account/changes", limit=3)] == list(
        range(8, 0, -1)
    )
    newest = (await phone.get("/account/changes?limit=1")).body["items"][0]
    assert (newest["kind"], newest["memo"], newest["balance_after_fen"]) == ("manual_adjustment", "测试", 36)


async def test_a_cursor_that_is_not_ours_is_refused(world):
    phone = await world.arrive()
    refused = await phone.get("/account/changes?cursor=abc")
    assert (refused.status, refused.code) == (422, "invalid_cursor")


async def test_a_change_is_explained_by_its_lots_to_its_owner_only(world):
    phone, stranger = await world.arrive(), await world.arrive()
    await world.give(phone.customer_id, 700)
    (lot,) = (await phone.get("/account/lots")).body["items"]
    assert (lot["kind"], lot["original_fen"], lot["remaining_fen"], lot["expires_at"]) == (
        "principal",
        700,
        700,
        None,
    )
    explained = (await phone.get("/account/changes/1")).body
    assert explained["change"]["principal_fen"] == 700 and explained["burn_policy"] is None
    assert [(piece["lot_id"], piece["amount_fen"]) for piece in explained["pieces"]] == [(lot["id"], 700)]
    for asker, number in ((stranger, 1), (phone, 2), (phone, 2**62)):
        refused = await asker.get(f"/account/changes/{number}")
        assert (refused.status, refused.code) == (404, "no_such_change")
