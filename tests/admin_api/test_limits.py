"""How much a role may move alone: each operation that moves money counts its amount, by whichever door, and nobody slips by."""

import asyncio
from datetime import timedelta

import pytest

from admin_api import limited, routes
from billing import approvals, deductions, payments
from core import clock
from core import db as database
from core.http import signature
from members import amount_limits, duties
from tests import factories
from tests.admin_api.test_credit_and_rules import ordered
from tests.admin_api.test_roles import composed, holding, signed_in
from tests.miniapp_api.test_bookings import offered
from tests.miniapp_api.test_refunds import ask_for, topped_up
from tests.miniapp_api.test_vouchers import form, picture, send
from tests.reconciliation import books
from tests.reconciliation.test_resolving import one_difference

WRITES = {route.operation_id: route for route in routes.API.routes if route.method != "GET"}
NOTHING = {kind: {"most_fen": 0} for kind in amount_limits.KINDS}


def test_of_each_write_it_is_said_whether_its_amount_has_a_limit():
    tables = (limited.LIMITED, limited.TWO_PEOPLE, limited.UNLIMITED)
    for name, route in WRITES.items():
        times = sum(name in table for table in tables)
        assert times == 1 or (times == 0 and route.tag in limited.NO_MONEY), name
    assert {name for table in tables for name in table} <= WRITES.keys()
    assert {route.tag for route in WRITES.values()} >= limited.NO_MONEY
    assert set(limited.LIMITED.values()) == {*amount_limits.KINDS, "its own"}


def test_what_is_said_to_move_no_money_takes_no_amount_but_a_rules_or_a_price():
    rules = {
        "deduction_rules",
        "freight",
        "price_rules",
        "products",
        "tiers",
        "segments",
        "roles",
        "shop_settings",
    }
    for name, route in WRITES.items():
        body = signature.of(route).body
        if route.tag in limited.NO_MONEY - rules and name not in limited.LIMITED and body is not None:
            assert "_fen" not in str(body.json_schema()), name


def test_each_limited_operation_calls_for_a_duty_that_its_kind_is_counted_with():
    for name, kind in limited.LIMITED.items():
        if kind != "its own":
            assert WRITES[name].duty in duties.COUNTED[kind], name


def test_each_act_that_waits_for_a_second_person_says_of_which_limit_it_is():
    assert approvals._LIMITS.keys() == approvals._ACTS.keys()
    assert {kind for kind, limit in approvals._LIMITS.items() if limit is None} == {"broadcast"}


@pytest.fixture
async def shop(world):
    """The owner, somebody who may do everything and nothing of any amount alone, and a customer with 90 yuan."""

    class Shop:
        pass

    shop = Shop()
    shop.world, shop.boss, shop.phone = world, await world.operator(), await world.arrive()
    role = await composed(
        shop.boss, name="新人", duties=sorted(duties.DUTIES - {"people.change"}), limits=NOTHING
    )
    shop.desk = await holding(world, role, login="xinren")
    shop.role, shop.customer = role, f"/customers/{shop.phone.customer_id}"
    await world.give(shop.phone.customer_id, 9_000)
    return shop


async def _made(answer):
    assert answer.status in (200, 201, 202), answer
    return answer.body


async def _adjusted(shop):
    body = {"kind": "principal", "amount_fen": 100, "reason": "补偿"}
    return (await _made(await shop.boss.post(f"{shop.customer}/adjustments", body)))["adjustment_no"]


async def _gift(shop):
    other = await shop.world.arrive()
    return {"receiver_id": other.customer_id, "principal_fen": 100, "bonus_fen": 0, "reason": "代付"}


async def _top_up(shop):
    body = {"tender": "cash", "amount_fen": 100}
    return (await _made(await shop.boss.post(f"{shop.customer}/counter-top-ups", body)))["payment"]


async def _bill(shop, **more):
    body = {"title": "学费", "amount_fen": 1_000, **more}
    return (await _made(await shop.boss.post(f"{shop.customer}/bills", body)))["bill_no"]


async def _paid_bill(shop):
    number = await _bill(shop)
    await _made(await shop.boss.post(f"/bills/{number}/pay", {}))
    return number


async def _template(shop, **more):
    now = clock.now()
    body = {
        "name": "减一元", "kind": "amount", "off_fen": 100, "from_at": now.isoformat(),
        "until_at": (now + timedelta(days=9)).isoformat(), **more,
    }  # fmt: skip
    return body, (await _made(await shop.boss.post("/coupon-templates", body)))["id"]


async def _quarantined(shop):
    started = await factories.top_up(shop.phone.customer_id, 1_000)
    assert await payments.confirm(factories.trade(started, amount_fen=900)) == "quarantined"
    return f"/quarantine/{await database.fetchval('SELECT max(id) FROM quarantine')}"


async def _paid_order(shop):
    number = await ordered(shop.phone, shop.boss)
    await _made(await shop.phone.post(f"/orders/{number}/pay"))
    return number


async def _booked(shop, *, begun=False):
    path, _ = await offered(shop.world, shop.boss, charges_late=False)
    soon = clock.now() + timedelta(minutes=30)
    slots = await shop.boss.put(
        f"{path}/slots", {"starts_at": soon.isoformat(), "minutes": 60, "capacity": 2}
    )
    slot = next(one for one in slots.body["items"] if one["capacity"] == 2)
    made = await _made(await shop.boss.post(f"{shop.customer}/bookings", {"slot_id": slot["id"]}))
    if begun:
        shop.world.advance(minutes=40)
    return f"/bookings/{made['booking_no']}"


async def adjustments_adjust(shop):
    body = {"kind": "bonus", "amount_fen": -1, "reason": "多送了"}
    return await shop.desk.post(f"{shop.customer}/adjustments", body)


async def reversals_of_adjustment(shop):
    return await shop.desk.post(f"/adjustments/{await _adjusted(shop)}/reversal", {"reason": "错了"})


async def transfers_send(shop):
    return await shop.desk.post(f"{shop.customer}/transfers", await _gift(shop))


async def reversals_of_transfer(shop):
    sent = await _made(await shop.boss.post(f"{shop.customer}/transfers", await _gift(shop)))
    return await shop.desk.post(f"/transfers/{sent['transfer_no']}/reversal", {"reason": "错了"})


async def points_adjust(shop):
    rule = {"per_100_yuan": 100, "off_points": 100, "bonus_points": 200, "life_days": 365}
    await _made(await shop.boss.put("/points-rules", rule))
    return await shop.desk.post(f"{shop.customer}/points/adjustments", {"points": 500, "reason": "礼"})


async def coupons_give(shop):
    _, number = await _template(shop)
    return await shop.desk.post(f"{shop.customer}/coupons", {"template_id": number})


async def coupons_add(shop):
    body, _ = await _template(shop)
    return await shop.desk.post("/coupon-templates", {**body, "code": "TEA", "total": 5})


async def coupons_change(shop):
    _, number = await _template(shop, code="TEA", total=5)
    assert (await shop.desk.patch(f"/coupon-templates/{number}", {"active": True, "total": 4})).status == 200
    return await shop.desk.patch(f"/coupon-templates/{number}", {"active": True, "total": None})


async def segments_give_coupons(shop):
    _, number = await _template(shop)
    rule = {"what": "joined", "days": 30}
    segment = await _made(await shop.boss.post("/segments", {"name": "新客", "rule": rule}))
    return await shop.desk.post(f"/segments/{segment['id']}/coupons", {"template_id": number})


async def counter_top_up(shop):
    foreseen = await shop.desk.get(f"{shop.customer}/top-up-preview?amount_fen=100")
    assert foreseen.body["waits"] is True
    return await shop.desk.post(f"{shop.customer}/counter-top-ups", {"tender": "cash", "amount_fen": 100})


async def counter_bill(shop):
    return await shop.desk.post(f"/bills/{await _bill(shop)}/counter-payments", {"tender": "cash"})


async def counter_undo(shop):
    number = (await _top_up(shop))["counter_no"]
    return await shop.desk.post(f"/counter-payments/{number}/undo", {"reason": "记错"})


async def vouchers_confirm(shop):
    made = await _made(await shop.phone.post("/vouchers", {"amount_fen": 500, "note": "尾号 1"}))
    await send(shop.phone, made["voucher_no"], data=form(picture()))
    wish = {"amount_fen": 500, "reference": "20261125000123"}
    return await shop.desk.post(f"/vouchers/{made['voucher_no']}/confirm", wish)


async def credit_set_limit(shop):
    wish = {"limit_fen": 1_000, "reason": "老顾客"}
    return await shop.desk.post(f"{shop.customer}/credit", wish)


async def differences_resolve(shop):
    trade = await books.paid(1_000)
    number = await one_difference(shop.tmp_path, trade, amount_fen=1_300)
    wish = {"resolution": "credit", "reason": "已核对"}
    return await shop.desk.post(f"/differences/{number}/resolution", wish)


async def due_runs_waive(shop):
    plan = await factories.plan(shop.phone.customer_id, 900)
    await factories.bill(shop.phone.customer_id, 5)
    sql = "UPDATE bill SET source = 'plan:' || $1::bigint || ':0' WHERE amount_fen = 5"
    await database.execute(sql, plan.id)
    await deductions.run_due()
    (parked,) = (await shop.boss.get("/parked-periods")).body["items"]
    await database.execute("UPDATE bill SET source = 'operator:' || bill_no WHERE amount_fen = 5")
    return await shop.desk.post(f"/parked-periods/{parked['id']}/waive", {"reason": "线下已收"})


async def orders_cancel(shop):
    return await shop.desk.post(f"/orders/{await _paid_order(shop)}/cancel", {"reason": "缺货"})


async def orders_reject(shop):
    return await shop.desk.post(f"/orders/{await _paid_order(shop)}/reject", {"reason": "缺货"})


async def after_sales_refund(shop):
    number = await _paid_order(shop)
    parcel = {"carrier": "顺丰速运", "tracking_no": "SF1234"}
    await _made(await shop.boss.post(f"/orders/{number}/shipments", parcel))
    (line,) = (await shop.phone.get(f"/orders/{number}")).body["lines"]
    wish = {"kind": "return", "lines": [{"sku_id": line["sku_id"], "quantity": 1}], "reason": "碎了"}
    at = f"/after-sales/{(await _made(await shop.phone.post(f'/orders/{number}/after-sales', wish)))['return_no']}"
    await _made(await shop.boss.post(f"{at}/approve", {}))
    await _made(await shop.boss.post(f"{at}/receive", {}))
    return await shop.desk.post(f"{at}/refund", {})


async def bookings_cancel(shop):
    return await shop.desk.post(f"{await _booked(shop)}/cancel", {"reason": "老师生病"})


async def bookings_mark(shop):
    at = await _booked(shop, begun=True)
    return await shop.desk.post(f"{at}/presence", {"came": "no_show"})


async def bookings_correct(shop):
    at = await _booked(shop, begun=True)
    await _made(await shop.boss.post(f"{at}/presence", {"came": "attended"}))
    return await shop.desk.post(f"{at}/presence/correct", {"came": "no_show", "reason": "标错"})


async def quarantine_credit(shop):
    wish = {"customer_id": shop.phone.customer_id, "reason": "核对"}
    return await shop.desk.post(f"{await _quarantined(shop)}/credit", wish)


async def quarantine_send_back(shop):
    return await shop.desk.post(f"{await _quarantined(shop)}/send-back", {"reason": "核对"})


async def quarantine_pay_out(shop):
    return await shop.desk.post(f"{await _quarantined(shop)}/pay-out", {"receipt_no": "1", "reason": "核对"})


async def quarantine_close(shop):
    return await shop.desk.post(f"{await _quarantined(shop)}/close", {"reason": "核对"})


async def refunds_of_bill(shop):
    wish = {"amount_fen": 1, "reason": "退"}
    return await shop.desk.post(f"/bills/{await _paid_bill(shop)}/refunds", wish)


async def refunds_of_top_up(shop):
    number = (await _top_up(shop))["purpose_no"]
    return await shop.desk.post(f"/top-ups/{number}/refunds", {"at_counter": True, "reason": "退"})


async def refunds_approve(shop):
    top_up = await factories.topped_up(shop.phone.customer_id, 100)
    shop.world.advance(days=8)
    await shop.phone.sign_in()
    shop.desk = await _again(shop)
    asked = await shop.phone.post(f"/top-ups/{top_up.top_up_no}/refunds", {"reason": "不用了"})
    return await shop.desk.post(f"/refunds/{(await _made(asked))['refund_no']}/approve")


async def refunds_retry(shop):
    phone, number = await topped_up(shop.world, phone=shop.phone)
    shop.world.misbehave("wechat_pay.refund_settle", "closed")
    closed = await ask_for(phone, number, 1_000)
    await shop.world.quiet()
    return await shop.desk.post(f"/refunds/{closed['refund_no']}/retry", {})


async def bills_void(shop):
    return await shop.desk.post(f"/bills/{await _bill(shop)}/void", {"reason": "开错"})


async def approvals_approve(shop):
    number = (await _made(await shop.boss.post(f"/bills/{await _bill(shop)}/write-off", {"reason": "坏账"})))[
        "approval_no"
    ]
    return await shop.desk.post(f"/approvals/{number}/approve")


async def _again(shop):
    shop.boss = await shop.world.operator()
    return await signed_in(shop.world, "xinren")


@pytest.mark.parametrize("operation", sorted(limited.LIMITED))
async def test_who_may_do_nothing_alone_is_refused_or_waits_for_somebody(shop, tmp_path, operation):
    """By the role that has the duty: what another role would allow who has not got it there is no help."""
    shop.tmp_path, duty = tmp_path, WRITES[operation].duty
    others = await composed(shop.boss, name="其余", duties=sorted(duties.DUTIES - {duty, "people.change"}))
    just = await composed(shop.boss, name="只此", duties=[duty], limits=NOTHING)
    given = {"posts": [{"role": others}, {"role": just}]}
    assert (await shop.boss.put("/operators/2/posts", given)).status == 200
    answer = await globals()[operation](shop)
    waits = (answer.body or {}).get("approval_no")
    assert answer.code == "above_your_limit" or waits, answer
    assert await database.fetchval("SELECT count(*) FROM limit_use") == 0
    if waits:
        refused = await shop.boss.get(f"/approvals/{waits}")
        assert (refused.body["state"], refused.body["requested_by"]) == ("waiting", 2)


async def limit(shop, **limits):
    """From now on the newcomer has these limits."""
    answer = await shop.boss.put(f"/roles/{shop.role}/limits", {"limits": limits})
    assert answer.status == 200, answer


async def test_what_is_within_a_limit_is_done_at_once_and_adds_up_for_a_customer(shop):
    await limit(shop, adjustments={"most_fen": 1_000})
    path, body = f"{shop.customer}/adjustments", {"kind": "principal", "amount_fen": 600, "reason": "补偿"}
    first, second = await shop.desk.post(path, body), await shop.desk.post(path, body)
    assert (first.body["approval_no"], second.body["adjustment_no"]) == (None, None)
    other = await shop.world.arrive()
    elsewhere = await shop.desk.post(f"/customers/{other.customer_id}/adjustments", body)
    assert elsewhere.body["adjustment_no"]
    await limit(shop, adjustments={"most_fen": 1_000, "day_fen": 1_700})
    third = await shop.world.arrive()
    assert (await shop.desk.post(f"/customers/{third.customer_id}/adjustments", body)).body["approval_no"]
    shop.world.advance(days=1)
    shop.desk = await _again(shop)
    assert (await shop.desk.post(path, body)).body["adjustment_no"]


async def test_of_parts_asked_for_at_once_only_as_many_pass_as_the_limit_has_room_for(shop):
    await limit(shop, refunds={"most_fen": 500})
    number = await _paid_bill(shop)
    wish = {"amount_fen": 200, "reason": "退"}
    answers = await asyncio.gather(*(shop.desk.post(f"/bills/{number}/refunds", wish) for _ in range(5)))
    done = [one for one in answers if one.body["refund"] is not None]
    assert len(done) == 2 and all(one.body["approval_no"] for one in answers if one not in done), answers
    assert await database.fetchval("SELECT sum(amount_fen)::int FROM limit_use") == 400


async def test_an_amount_left_out_is_counted_as_what_it_comes_to(shop):
    await limit(shop, refunds={"most_fen": 99})
    number = (await _top_up(shop))["purpose_no"]
    rest = await shop.desk.post(f"/top-ups/{number}/refunds", {"at_counter": True, "reason": "退"})
    assert (rest.status, rest.body["refund"]) == (201, None) and rest.body["approval_no"]
    assert (await shop.boss.get(f"/approvals/{rest.body['approval_no']}")).body["amount_fen"] == 100


async def test_the_same_key_again_counts_once(shop):
    await limit(shop, adjustments={"most_fen": 1_000})
    body, key = {"kind": "principal", "amount_fen": 900, "reason": "补偿"}, factories.key()
    one, again = [await shop.desk.post(f"{shop.customer}/adjustments", body, key=key) for _ in range(2)]
    assert one.body == again.body and one.body["adjustment_no"]
    assert await database.fetchval("SELECT count(*) FROM limit_use") == 1


async def test_nobody_agrees_to_more_than_they_may_and_it_waits_on_for_somebody_who_may(shop):
    await limit(shop, adjustments={"most_fen": 1_000})
    other = await holding(shop.world, shop.role, login="erhao")
    body = {"kind": "principal", "amount_fen": 1_001, "reason": "补偿"}
    number = (await shop.desk.post(f"{shop.customer}/adjustments", body)).body["approval_no"]
    refused = await other.post(f"/approvals/{number}/approve")
    assert (refused.status, refused.code, refused.body["params"]) == (
        403, "above_your_limit", {"kind": "adjustments", "per": "customer", "most_fen": 1_000, "amount_fen": 1_001},
    )  # fmt: skip
    assert (await shop.boss.get(f"/approvals/{number}")).body["state"] == "waiting"
    assert (await shop.boss.post(f"/approvals/{number}/approve")).body["state"] == "executed"
    assert (await shop.phone.balance())["balance_fen"] == 10_001
    small = {**body, "amount_fen": 600}
    await limit(shop, adjustments={"most_fen": 0})
    numbers = [
        (await shop.desk.post(f"{shop.customer}/adjustments", small)).body["approval_no"] for _ in range(2)
    ]
    await limit(shop, adjustments={"most_fen": 1_000})
    assert (await other.post(f"/approvals/{numbers[0]}/approve")).body["state"] == "executed"
    assert (await other.post(f"/approvals/{numbers[1]}/approve")).code == "above_your_limit"
    assert (await other.post(f"/approvals/{numbers[1]}/reject")).body["state"] == "rejected"


async def test_what_a_closing_comes_to_by_the_time_it_is_agreed_to_counts(shop):
    """Asked for while there was little on the account, decided when there was much."""
    await limit(shop, refunds={"most_fen": 9_500})
    asked = await shop.boss.post(f"{shop.customer}/closing", {"reason": "搬家"})
    number = (await _made(asked))["approval_no"]
    await shop.world.give(shop.phone.customer_id, 600)
    assert (await shop.desk.post(f"/approvals/{number}/approve")).code == "above_your_limit"
    await limit(shop, refunds={"most_fen": 9_600})
    assert (await shop.desk.post(f"/approvals/{number}/approve")).body["state"] == "executed"


async def test_a_limit_is_that_of_the_role_which_has_the_duty_in_the_store(shop):
    for code in ("xihu", "binjiang"):
        await shop.boss.put(f"/stores/{code}", {"name": code})
    great = await composed(
        shop.boss, name="大额收银", duties=["money.take"], limits={"counter": {"most_fen": 5_000}}
    )
    small = await composed(
        shop.boss, name="小额收银", duties=["money.take"], limits={"counter": {"most_fen": 100}}
    )
    clerk = await composed(shop.boss, name="不收银", duties=["orders.serve"])
    me = (await shop.desk.get("/me")).body["id"]
    posts = [{"role": great, "store": "xihu"}, {"role": small, "store": "binjiang"}, {"role": clerk}]
    assert (await shop.boss.put(f"/operators/{me}/posts", {"posts": posts})).status == 200
    body = {"tender": "cash", "amount_fen": 200}
    said = {
        store: (await shop.desk.post(f"{shop.customer}/counter-top-ups", {**body, "store": store})).body
        for store in ("xihu", "binjiang")
    }
    assert said["xihu"]["payment"] and said["binjiang"]["approval_no"]


async def test_the_roles_that_always_are_have_limits_too(shop):
    me = (await shop.desk.get("/me")).body["id"]
    await shop.boss.put(f"/operators/{me}/posts", {"posts": [{"role": "cashier"}]})
    assert (await counter_top_up_of(shop, 5_000)).body["payment"]
    assert (
        await shop.boss.put("/roles/cashier/limits", {"limits": {"counter": {"day_fen": 1_000}}})
    ).status == 200
    assert (await counter_top_up_of(shop, 1_001)).body["approval_no"]
    assert (await counter_top_up_of(shop, 1_000)).body["payment"]
    assert (await counter_top_up_of(shop, 1)).body["approval_no"]


async def counter_top_up_of(shop, amount_fen):
    return await shop.desk.post(
        f"{shop.customer}/counter-top-ups", {"tender": "cash", "amount_fen": amount_fen}
    )
