"""Operators give credit, say what is unusual, and decide on what waits for them; customers see what becomes of it."""


async def ordered(phone, shop, price_fen=600):
    product = (
        await shop.post(
            "/products",
            {
                "name": "龙井",
                "description": "",
                "skus": [{"name": "一盒", "price_fen": price_fen, "stock": 9}],
            },
        )
    ).body
    placed = await phone.post("/orders", {"lines": [{"sku_id": product["skus"][0]["id"], "quantity": 1}]})
    return placed.body["order_no"]


async def test_credit_is_assessed_given_used_and_seen(world):
    operator, phone = await world.operator(), await world.arrive()
    who = f"/customers/{phone.customer_id}/credit"
    assessed = (await operator.get(f"{who}/assessment")).body
    assert assessed["suggested_fen"] == 0 and "暂不建议" in assessed["text"]
    assert [rule["code"] for rule in assessed["rules"]][:2] == ["tenure", "top_ups"]
    wish = {"limit_fen": 1000, "reason": "老顾客", "assessed": True}
    done = await operator.post(who, wish)
    assert (done.status, done.body["approval_no"], done.body["credit"]["limit_fen"]) == (200, None, 1000)
    paid = await phone.post(f"/orders/{await ordered(phone, operator)}/pay")
    assert paid.body["state"] == "paid"
    seen = await phone.balance()
    assert (seen["credit_limit_fen"], seen["credit_used_fen"], seen["credit_left_fen"]) == (1000, 600, 400)
    assert (await operator.get(who)).body["used_fen"] == 600
    refused = await operator.post(who, {**wish, "limit_fen": 599})
    assert (refused.status, refused.code) == (409, "credit_limit_below_used")
    too_much = await operator.post(who, {**wish, "limit_fen": 10**9})
    assert (too_much.status, too_much.code) == (422, "credit_limit_out_of_range")
    (change,) = (await operator.get(f"{who}/changes")).body["items"]
    assert change["assessment"]["points"] == assessed["points"] and change["operator"] == "operator:1"
    assert (await operator.get("/customers/999/credit")).code == "no_such_account"
    assert (await operator.get("/customers/999/credit/assessment")).code == "no_such_customer"


async def test_an_unusual_payment_waits_for_an_operator_and_the_customer_sees_it(world):
    operator, phone = await world.operator(), await world.arrive()
    await operator.post(
        f"/customers/{phone.customer_id}/adjustments",
        {"kind": "principal", "amount_fen": 2000, "reason": "r"},
    )
    rule = {"name": "大额", "test": {"kind": "size", "at_least_fen": 500}, "action": "hold"}
    made = await operator.post("/deduction-rules", rule)
    assert (made.status, made.body["active"], made.body["params"]["at_least_fen"]) == (201, True, 500)
    order_no = await ordered(phone, operator)
    waits = await phone.post(f"/orders/{order_no}/pay")
    assert (waits.status, waits.body["state"], waits.body["under_review"]) == (200, "placed", True)
    again = await phone.post(f"/orders/{order_no}/pay")
    assert (again.status, again.code) == (409, "bill_under_review")
    bill = (await phone.get(f"/bills/{waits.body['bill_no']}")).body
    assert (bill["under_review"], bill["pending_no"]) == (True, None)
    (review,) = (await operator.get("/reviews?state=waiting")).body["items"]
    assert review["findings"][0]["text"] == "大额：金额 6.00 元，当时余额 20.00 元"
    (alert,) = (await operator.get("/alerts?state=open")).body["items"]
    assert review["review_no"] in alert["text"]
    done = await operator.post(f"/reviews/{review['review_no']}/approve", {"reason": "本人"})
    assert (done.status, done.body["state"]) == (200, "approved")
    assert (await phone.get(f"/orders/{order_no}")).body["state"] == "paid"
    late = await operator.post(f"/reviews/{review['review_no']}/reject")
    assert (late.status, late.code) == (409, "review_ended")
    changed = await operator.patch(f"/deduction-rules/{made.body['id']}", {"action": "alert"})
    assert changed.body["action"] == "alert"
    await phone.post(f"/orders/{await ordered(phone, operator)}/pay")
    (alert,) = (await operator.get("/alerts?state=open")).body["items"]
    assert alert["kind"] == "abnormal_deduction"
    assert (await operator.post(f"/alerts/{alert['id']}/resolve")).body["resolved_at"] is not None
    assert (await operator.get("/alerts?state=open")).body["items"] == []
    other_kind = await operator.patch(
        f"/deduction-rules/{made.body['id']}", {"test": {"kind": "hour", "from_hour": 1, "to_hour": 2}}
    )
    assert (other_kind.status, other_kind.code) == (422, "deduction_rule_invalid")
    assert len((await operator.get("/deduction-rules")).body["items"]) == 1


async def test_how_long_the_balance_lasts_is_seen_by_both(world):
    operator, phone = await world.operator(), await world.arrive()
    seen = (await phone.get("/account/forecast")).body
    assert (seen["days"], seen["spends"], seen["parts"]) == (None, False, [])
    assert (await operator.get(f"/customers/{phone.customer_id}/forecast")).body == seen
    assert (await operator.get("/customers/999/forecast")).code == "no_such_account"
    assert (await phone.put("/plans/999/warning", {"periods": 2})).code == "no_such_plan"
