import importlib
import pkgutil

import billing
from billing import approvals, terms
from core import words
from tests.admin_api.test_credit_and_rules import ordered

LIMIT_FEN = terms.Terms().approval_above_fen


async def test_one_operator_asks_and_another_agrees(world):
    asks, decides = await world.operator(), await world.operator("second")
    phone = await world.arrive()
    body = {"kind": "principal", "amount_fen": LIMIT_FEN + 1, "reason": "补偿"}
    made = await asks.post(f"/customers/{phone.customer_id}/adjustments", body)
    number = made.body["approval_no"]
    assert (made.status, made.body["adjustment_no"], made.body["balance"]["balance_fen"]) == (201, None, 0)
    (alert,) = (await decides.get("/alerts?state=open")).body["items"]
    assert alert["text"] == f"申请 {number} 等待第二人复核：500.01 元（补偿）"
    (waiting,) = (await decides.get("/approvals?state=waiting")).body["items"]
    assert (waiting["approval_no"], waiting["act"], waiting["params"]["amount_fen"]) == (
        number, "调整余额", LIMIT_FEN + 1,
    )  # fmt: skip
    own = await asks.post(f"/approvals/{number}/approve")
    assert (own.status, own.code) == (403, "own_request")
    done = (await decides.post(f"/approvals/{number}/approve", {"note": "核对过"})).body
    assert (done["state"], done["note"], done["refusal"]) == ("executed", "核对过", None)
    assert (await phone.balance())["balance_fen"] == LIMIT_FEN + 1
    again = await decides.post(f"/approvals/{number}/reject")
    assert (again.status, again.code) == (409, "approval_ended")
    (listed,) = (await asks.get(f"/adjustments?customer_id={phone.customer_id}")).body["items"]
    assert (listed["adjustment_no"], listed["approval_no"], listed["operator_id"], listed["reason"]) == (
        done["result"], number, 1, "补偿",
    )  # fmt: skip
    assert (await asks.get(f"/adjustments/{done['result']}")).body == listed
    assert (await asks.get("/adjustments?operator_id=2")).body["items"] == []
    assert (await asks.get("/adjustments/A0")).code == "no_such_adjustment"


async def test_a_request_is_rejected_or_withdrawn_and_a_failed_one_says_why(world):
    asks, decides = await world.operator(), await world.operator("second")
    phone = await world.arrive()
    await world.give(phone.customer_id, LIMIT_FEN + 1)
    path = f"/customers/{phone.customer_id}/adjustments"
    body = {"kind": "principal", "amount_fen": -LIMIT_FEN - 1, "reason": "多充了"}
    numbers = [(await asks.post(path, body)).body["approval_no"] for _ in range(4)]
    assert (await decides.post(f"/approvals/{numbers[0]}/reject", {"note": "不对"})).body[
        "state"
    ] == "rejected"
    assert (await decides.post(f"/approvals/{numbers[1]}/withdraw")).code == "not_your_request"
    assert (await asks.post(f"/approvals/{numbers[1]}/withdraw")).body["state"] == "withdrawn"
    assert (await decides.post(f"/approvals/{numbers[2]}/approve")).body["state"] == "executed"
    failed = (await decides.post(f"/approvals/{numbers[3]}/approve", locale="en")).body
    assert (failed["state"], failed["refusal_code"]) == ("failed", "insufficient_balance")
    assert failed["refusal"].startswith("Not enough") or "500.01" in failed["refusal"]
    assert (await asks.get(f"/approvals/{numbers[3]}", locale="en")).body == failed
    assert (await asks.get("/approvals/V0")).code == "no_such_approval"


def test_every_act_that_can_be_asked_for_has_a_name():
    for module in pkgutil.iter_modules(billing.__path__, "billing."):
        importlib.import_module(module.name)
    for locale in words.LOCALES:
        assert {f"approvals.{kind}" for kind in approvals._ACTS} <= words.keys(locale)


async def test_a_paid_order_above_the_limit_is_ended_by_two(world):
    asks, decides = await world.operator(), await world.operator("second")
    phone = await world.arrive()
    await world.give(phone.customer_id, LIMIT_FEN + 1)
    order_no = await ordered(phone, asks, price_fen=LIMIT_FEN + 1)
    await phone.post(f"/orders/{order_no}/pay")
    waits = await asks.post(f"/orders/{order_no}/cancel", {"reason": "缺货"})
    number = waits.body["approval_no"]
    assert (waits.status, waits.body["state"]) == (200, "paid") and number
    again = await decides.post(f"/orders/{order_no}/reject", {"reason": "缺货"})
    assert (again.status, again.code) == (409, "order_end_waits")
    done = (await decides.post(f"/approvals/{number}/approve")).body
    assert (done["state"], done["act"], done["result"]) == ("executed", "取消或拒绝已付款的订单", order_no)
    assert (await asks.get(f"/orders/{order_no}")).body["state"] == "cancelled"
    assert (await phone.balance())["balance_fen"] == LIMIT_FEN + 1
    small = await ordered(phone, asks)
    await phone.post(f"/orders/{small}/pay")
    ended = (await asks.post(f"/orders/{small}/cancel", {"reason": "缺货"})).body
    assert (ended["state"], ended["approval_no"]) == ("cancelled", None)
