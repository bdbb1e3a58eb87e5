async def test_a_paid_top_up_is_credited_with_its_bonus(world):
    phone = await world.arrive()
    made = await phone.top_up(package_id=await world.package(pay_fen=20_000, bonus_fen=2_000))
    assert made.status == 201, made
    assert made.body["state"] == "pending"
    await phone.pay(made.body["payment"])
    await world.quiet()
    assert (await phone.get(f"/top-ups/{made.body['top_up_no']}")).body["state"] == "credited"
    balance = await phone.balance()
    assert (balance["principal_fen"], balance["bonus_fen"], balance["available_fen"]) == (20_000, 2_000, 22_000)
