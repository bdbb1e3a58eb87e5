"""What operators did: who looked at whom, what a write changed, from where and why; nothing of it can be changed afterwards."""

import asyncio
import csv
import io
import json
from datetime import timedelta

import asyncpg
import pytest
import yarl

from admin_api import personal, routes
from billing import staff_alerts, upkeep
from core import clock, db, sealed_columns
from members import act_files, act_seals, acts, duties, operators
from tests.world import PASSWORD, Client, new_key

TOKEN = "s1.old.c2VhbGVk"
_NAMES_NOBODY = {
    "acts_listing": "customer_ids", "acts_one": "customer_ids", "after_sales_photo": "the return", "acts_as_csv": "a file",
    "chat_words_unanswered": "what somebody wrote who is not named", "conversations_messages": "the conversation",
    "differences_listing": "the payment", "differences_one": "the payment", "due_runs_dry_run_csv": "a file",
    "notices_listing": "what a channel sent", "notices_one": "what a channel sent", "parcels_one": "the parcel",
    "plans_periods": "the plan", "plans_usage": "the plan", "receipts_page": "the receipt", "shipping_listing": "the payment",
    "vouchers_image": "the voucher",
}  # fmt: skip
"""Personal reads whose answer carries no customer's number; what names them is the path."""


def fields_of(model):
    schema, found = model.model_json_schema(), set()
    parts = [schema, *schema.get("$defs", {}).values()]
    for part in parts:
        found |= set(part.get("properties", ()))
    return found


def test_of_each_read_it_is_said_whether_it_tells_of_customers():
    reads = {route.operation_id: route for route in routes.API.routes if route.method == "GET" and route.auth}
    assert not personal.PERSONAL & personal.IMPERSONAL
    assert reads.keys() == personal.PERSONAL | personal.IMPERSONAL
    assert personal.CUSTOMERS_THEMSELVES <= personal.PERSONAL and _NAMES_NOBODY.keys() <= personal.PERSONAL
    naming = {"customer_id", "giver_id", "receiver_id", "gone_id", "kept_id"}
    for name, route in reads.items():
        names = "{customer_id}" in route.path or bool(route.answer and fields_of(route.answer) & naming)
        if name in personal.IMPERSONAL:
            assert not names, f"{name} names a customer"
        else:
            assert names or name in personal.CUSTOMERS_THEMSELVES | _NAMES_NOBODY.keys(), name


async def did(desk, operation):
    return (await desk.get(f"/acts?operation={operation}")).body["items"]


async def changes(desk, operation):
    (one, *_) = await did(desk, operation)
    return (await desk.get(f"/acts/{one['id']}")).body["changes"]


async def test_who_looked_at_whom_is_written_down_with_the_filter_and_from_where(world):
    boss, phone, other = await world.operator(), await world.arrive(), await world.arrive()
    await boss.get(f"/customers/{phone.customer_id}")
    await boss.get("/customers?query=13812345678&limit=50")
    await boss.get("/customers/999999")
    await boss.get("/packages")
    (one, missed) = reversed(await did(boss, "customers_one"))
    assert (one["kind"], one["subject"], one["customer_ids"], one["outcome"]) == (
        "read", f"customer:{phone.customer_id}", [phone.customer_id], "done",
    )  # fmt: skip
    assert (one["address"], one["user_agent"][:6]) == ("127.0.0.1", "Python")
    assert (missed["customer_ids"], missed["outcome"]) == ([999999], "no_such_customer")
    (listed,) = await did(boss, "customers_listing")
    assert listed["asked"] == {"query": {"query": "138****5678", "limit": 50}}
    assert not await did(boss, "packages_listing")
    await boss.get("/customers")
    (listed, _) = await did(boss, "customers_listing")
    assert set(listed["customer_ids"]) == {phone.customer_id, other.customer_id}


async def asked_by_bytes(desk, head, body=b""):
    """What comes back for a request as no client of ours would write it."""
    url = yarl.URL(desk._url)
    reader, writer = await asyncio.open_connection(url.host, url.port)
    more = f"Host: {url.host}\r\nAuthorization: Bearer {desk.token}\r\nContent-Type: application/json\r\nConnection: close\r\n"
    writer.write(head + f"\r\n{more}Content-Length: {len(body)}\r\n\r\n".encode() + body)
    answer = await reader.read()
    writer.close()
    return answer.split(b"\r\n", 1)[0]


async def test_a_client_that_names_itself_in_no_text_is_answered_and_written_down(world):
    boss, agent = await world.operator(), b"\r\nUser-Agent: caf\xe9"
    wrong = b'{"login": "boss", "password": "not this one"}'
    said = await asked_by_bytes(boss, b"POST /admin/v1/login HTTP/1.1" + agent, wrong)
    assert said == b"HTTP/1.1 401 Unauthorized"
    assert await asked_by_bytes(boss, b"GET /admin/v1/customers HTTP/1.1" + agent) == b"HTTP/1.1 200 OK"
    (listed,) = await did(boss, "customers_listing")
    assert listed["user_agent"] == "caf?"
    (tried, _) = (await boss.get("/sign-in-attempts")).body["items"]
    assert (tried["user_agent"], tried["outcome"]) == ("caf?", "wrong_login")


async def test_who_asks_for_what_is_not_their_duty_is_written_down_before_they_are_told(world):
    boss = await world.operator()
    await operators.create(login="li", name="小李", password=PASSWORD, posts=[duties.Post("clerk")])
    desk = Client(world.http, boss._url)
    desk.token = (await desk.post("/login", {"login": "li", "password": PASSWORD})).body["token"]
    sent = {"kind": "principal", "amount_fen": 100, "reason": "补偿"}
    assert (await desk.post("/customers/7/adjustments", sent)).code == "not_your_duty"
    assert (await desk.get("/acts")).code == "not_your_duty"
    for path in (b"%00", b"%ed%a0%80"):
        said = await asked_by_bytes(desk, b"PUT /admin/v1/tiers/" + path + b" HTTP/1.1", b"not JSON")
        assert said == b"HTTP/1.1 403 Forbidden"
    rows = (await boss.get("/acts?outcome=not_your_duty")).body["items"]
    assert [(one["kind"], one["operation"], one["asked"]) for one in rows[2:]] == [
        ("read", "acts_listing", {}), ("write", "adjustments_adjust", {}),
    ]  # fmt: skip
    assert {one["operation"] for one in rows[:2]} == {"tiers_put"}
    assert {one["operator_name"] for one in rows} == {"小李"}
    assert rows[3]["about"] == "POST /admin/v1/customers/7/adjustments"


async def test_a_write_that_cannot_be_understood_is_written_down_without_what_was_sent(world):
    boss = await world.operator()
    await boss.post("/packages", {"name": "夏", "pay_fen": "13812345678"})
    await boss.post("/packages", {"name": "夏", "pay_fen": 100, "bonus_fen": 0}, key="?")
    await boss.get("/customers?limit=none")
    for path, body, answer in (
        (b"/tiers/%00", b"{}", b"404 Not Found"),
        (b"/tiers/gold", b"not JSON", b"400 Bad Request"),
        (b"/tiers/gold", b"[" + b" " * 300_000, b"413 Request Entity Too Large"),
    ):
        said = await asked_by_bytes(boss, b"PUT /admin/v1" + path + b" HTTP/1.1", body)
        assert said == b"HTTP/1.1 " + answer
    rows = (await boss.get("/acts")).body["items"]
    assert [(one["operation"], one["outcome"]) for one in rows[:5]] == [
        ("tiers_put", "request_too_large"), ("tiers_put", "malformed_json"), ("tiers_put", "not_found"),
        ("packages_add", "invalid_idempotency_key"), ("packages_add", "invalid_request"),
    ]  # fmt: skip
    assert {(one["kind"], str(one["asked"])) for one in rows[:5]} == {("write", "{}")}


async def test_a_write_before_which_its_operator_has_to_show_who_they_are_is_written_down(world):
    boss = await world.operator()
    world.advance(minutes=11)
    assert (await boss.post("/me/totp")).code == "step_up_required"
    (stale,) = await did(boss, "second_factors_begin_totp")
    assert (stale["kind"], stale["outcome"]) == ("write", "step_up_required")


async def test_what_a_provider_sent_back_is_not_among_what_was_sent(world):
    boss = await world.operator()
    sent = {"state": "s" * 32, "authorization_code": "not to be kept", "proof": "p" * 32}
    await boss.post("/me/single-sign-on/back", sent)
    (linked,) = await did(boss, "single_sign_on_link")
    assert linked["asked"]["body"]["authorization_code"] == "***"


async def test_of_a_long_list_the_first_hundred_are_kept(world):
    boss = await world.operator()
    made = await acts.began(
        acts.Deed(
            operator_id=1, operation="x", about="", asked={}, request_id="r", customer_ids=range(1, 200)
        )
    )
    await acts.ended(made, "done", range(300, 320))
    assert (await boss.get(f"/acts/{made}")).body["customer_ids"] == list(range(1, 101))


async def test_what_a_write_changed_is_kept_before_and_after(world):
    boss, phone = await world.operator(), await world.arrive()
    made = await boss.post("/packages", {"name": "夏", "pay_fen": 10_000, "bonus_fen": 500})
    assert made.status == 201, made
    (added,) = await changes(boss, "packages_add")
    assert (added["of_table"], added["row_id"], added["before"]) == (
        "recharge_package",
        made.body["id"],
        None,
    )
    assert added["after"]["pay_fen"] == 10_000
    changed = await boss.put(
        f"/packages/{made.body['id']}", {"name": "夏", "active": True, "first_time_only": True}
    )
    assert changed.status == 200, changed
    (rule,) = await changes(boss, "packages_change")
    assert (rule["before"], rule["after"]) == ({"first_time_only": False}, {"first_time_only": True})
    gold = {"name_zh": "金卡", "name_en": "Gold", "rank": 1}
    for rank in (1, 2):
        assert (await boss.put("/tiers/gold", {**gold, "rank": rank})).status == 200
    (tier,) = await changes(boss, "tiers_put")
    assert (tier["of_table"], tier["before"], tier["after"]) == ("tier", {"rank": 1}, {"rank": 2})
    sku = await world.sku(price_fen=100)
    assert (await boss.patch(f"/skus/{sku}", {"price_fen": 200})).status == 200
    priced = next(one for one in await changes(boss, "products_change_sku") if one["of_table"] == "sku")
    assert (priced["before"], priced["after"]) == ({"price_fen": 100}, {"price_fen": 200})
    chosen = {"tier": None, "is_named": True, "burn_policy": "bonus_first"}
    assert (await boss.put(f"/customers/{phone.customer_id}/settings", chosen)).status == 200
    named = [one for one in await changes(boss, "settings_put") if one["of_table"] == "customer"]
    assert named == [
        {"of_table": "customer", "row_id": phone.customer_id, "before": {"is_named": False}, "after": {"is_named": True}}
    ]  # fmt: skip


async def test_what_follows_from_other_columns_is_not_told_beside_them(world):
    boss, phone, sku = await world.operator(), await world.arrive(), await world.sku(price_fen=100)
    await world.give(phone.customer_id, 1_000)
    order = {"lines": [{"sku_id": sku, "quantity": 1}], "pay_from": "balance"}
    order_no = (await phone.post("/orders", order)).body["order_no"]
    confirmed = await boss.post(f"/orders/{order_no}/confirm", {})
    assert confirmed.status == 200, confirmed
    (told,) = [one for one in await changes(boss, "orders_confirm") if one["of_table"] == "shop_order"]
    assert (told["before"], told["after"]) == ({"state": "paid"}, {"state": "confirmed"})
    stages = await db.fetch("SELECT stage FROM shop_order WHERE order_no = $1", order_no)
    assert [one["stage"] for one in stages] == ["confirmed"], "it follows its state"


async def test_posts_and_passwords_are_kept_without_what_opens_doors(world):
    boss = await world.operator()
    new = {"login": "wang", "name": "王", "password": "never to be read", "posts": [{"role": "cashier"}]}
    wang = (await boss.post("/operators", new)).body["id"]
    added = {one["of_table"]: one["after"] for one in await changes(boss, "staff_add")}
    assert (added["operator"]["login"], added["operator"]["password_hash"]) == ("wang", "***")
    await boss.put(f"/operators/{wang}/posts", {"posts": [{"role": "auditor"}]})
    gone, given = await changes(boss, "staff_post")
    assert (gone["before"]["role"], gone["after"], given["before"], given["after"]["role"]) == (
        "cashier", None, None, "auditor",
    )  # fmt: skip
    await boss.put(f"/operators/{wang}/password", {"password": "another long one"})
    (password,) = await changes(boss, "staff_password")
    assert (password["before"], password["after"]) == ({"password_hash": "***"}, {"password_hash": "***"})
    assert (await boss.post(f"/operators/{wang}/disable")).status == 200
    (off,) = await changes(boss, "staff_disable")
    assert (off["before"], off["after"]) == ({"state": "active"}, {"state": "disabled"})


async def test_what_is_kept_sealed_is_not_shown_by_what_changed_either(db):
    """A token outlives the key it was made with there: ``yucun keys rotate`` changes columns only."""
    from core import db as database

    for column in sealed_columns.COLUMNS:
        value = json.dumps({column.inner: TOKEN} if column.inner else TOKEN)
        shown = await database.fetchval("SELECT act_shown($1, $2::jsonb)::text", column.name, value)
        assert shown == '"***"', column


_UNWATCHED = {
    "acts and what is made of them": {"operator_act", "act_change", "act_seal", "act_check", "request_key", "operator_session", "list_export", "list_export_piece", "saved_view"},
    "the books, which are sealed themselves": {"account", "transfer", "posting", "entry", "lot", "seal", "seal_block", "proof_run", "carried", "liability_mark"},
    "histories that are only added to": {
        "setting_change", "plan_event", "order_event", "after_sale_event", "booking_event", "standing_event", "coupon_event",
        "stock_movement", "points_movement", "points_part", "points_lot", "points_debt", "credit_movement", "reconciliation_event",
        "parcel_event", "agreement_consent", "conversation_event", "notice_replay", "move_part",
    },
    "what is said in chats, kept there only": {
        "chat_message", "chat_outgoing", "chat_visit", "chat_code", "chat_code_try", "conversation", "conversation_message",
        "ticket", "satisfaction", "chat_language", "chat_edition",
    },
    "what customers and channels write": {
        "cart_line", "payment", "top_up", "bill_payment", "channel_notice", "channel_fee", "fund_bill", "bill_file", "delivery_report",
        "notice_refusal", "web_login", "subscribe_quota", "message_allowance",
    },
    "what follows from what is watched": {
        "bill_line", "order_line", "order_deadline", "after_sale_line", "shipment_line", "refund_part", "receipt", "spending", "spending_mark",
        "tier_standing", "plan_usage", "outbox_message", "message_attempt", "job", "due_run_share", "import_progress", "address_code",
    },
    "how operators sign in": {"operator_challenge", "operator_passkey", "operator_recovery_code", "operator_subject", "sign_in_attempt", "sign_in_limit"},
    "what follows from acts, day by day": {"limit_use"},
    "pictures": {"after_sale_photo", "voucher_image", "stray_image"},
}  # fmt: skip


async def test_each_table_is_watched_or_it_is_said_why_not(db):
    from core import db as database

    sql = "SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname = 'act_change'"
    watched = {row[0] for row in await database.fetch(sql)}
    sql = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename NOT LIKE 'tortoise%'"
    every = {row[0] for row in await database.fetch(sql)}
    unwatched = set().union(*_UNWATCHED.values())
    assert not watched & unwatched
    assert every - watched - unwatched == set()


async def test_nothing_is_noted_where_nothing_was_changed(world):
    boss, key = await world.operator(), new_key()
    body = {"name": "夏", "pay_fen": 10_000, "bonus_fen": 500}
    await boss.post("/packages", body, key=key)
    await boss.post("/packages", body, key=key)
    assert (await boss.post("/packages", {**body, "bonus_fen": 1}, key=key)).status >= 400
    refused, again, first = await did(boss, "packages_add")
    assert (first["outcome"], again["outcome"], refused["outcome"]) == (
        "done",
        "done",
        "idempotency_key_reused",
    )
    sql = "SELECT DISTINCT act_id FROM act_change WHERE of_table = 'recharge_package'"
    assert [row[0] for row in await db.fetch(sql)] == [first["id"]]
    phone = await world.arrive()  # no operator's doing
    assert not await db.fetchval("SELECT count(*) FROM act_change WHERE of_table = 'customer'")
    assert phone.customer_id


async def test_of_very_many_rows_the_first_are_kept_and_that_there_are_more(db):
    from core import db as database

    who = await operators.create(login="a", name="甲", password=PASSWORD)
    act = await acts.began(
        acts.Deed(operator_id=who.id, operation="x", about="POST /x", asked={}, request_id="r")
    )
    await database.execute(
        "INSERT INTO tag (name, saved_by, created_at) SELECT 'tag' || n, 'test', now() FROM generate_series(1, 300) n"
    )
    await acts.ended(act, "done")
    found = (await acts.changes([act]))[act]
    assert (len(found), found[-1].row_id, found[-1].after) == (201, None, {"more": True})


async def test_acts_are_found_by_what_is_known_of_them(world):
    boss, phone = await world.operator(), await world.arrive()
    sent = {"kind": "principal", "amount_fen": 100, "reason": "补偿100%"}
    await boss.post(f"/customers/{phone.customer_id}/adjustments", sent)
    await boss.post("/packages", {})
    await boss.get(f"/customers/{phone.customer_id}")
    (act,) = await did(boss, "adjustments_adjust")
    assert act["reason"] == "补偿100%"
    me = (await boss.get("/me")).body["id"]
    both = ["adjustments_adjust", "customers_one"]
    later = "2099-01-01T00:00:00Z"
    for query, found in {
        f"customer_id={phone.customer_id}": both,
        f"subject=customer:{phone.customer_id}": both,
        f"operator_id={me}&outcome=done&kind=write": ["adjustments_adjust"],
        "text=100%25": ["adjustments_adjust"],
        "text=1_0": [],
        "address=127.0.0.1&kind=write": ["adjustments_adjust", "packages_add"],
        f"address=203.0.113.7&until={later}": [],
        f"since={later}": [],
        f"kind=write&until={later}": ["adjustments_adjust", "packages_add"],
        "outcome=invalid_request": ["packages_add"],
    }.items():
        answer = await boss.get(f"/acts?{query}")
        names = sorted(
            one["operation"] for one in answer.body["items"] if not one["operation"].startswith("acts_")
        )
        assert names == found, (query, answer)


async def test_a_file_of_acts_runs_nothing_and_is_an_act_itself(world):
    boss, phone = await world.operator(), await world.arrive()
    sent = {"kind": "principal", "amount_fen": 100, "reason": "=HYPERLINK(1)"}
    await boss.post(f"/customers/{phone.customer_id}/adjustments", sent)
    answer = await boss.get("/acts.csv?kind=write", locale="en")
    head, row = csv.reader(io.StringIO(answer.body.lstrip("\ufeff")))
    cells = dict(zip(head, row, strict=True))
    assert (cells["Reason"], cells["Operation"]) == ("'=HYPERLINK(1)", "adjustments_adjust")
    assert '"table": "adjustment"' in cells["Changes"]
    (exported,) = await did(boss, "acts_as_csv")
    assert (exported["kind"], exported["asked"]["query"]) == ("read", {"kind": "write"})
    with pytest.raises(act_files.TooManyActs):
        await act_files.as_csv(acts.Wanted(), "en", most=1)


async def test_acts_are_only_added_to(world):
    boss = await world.operator()
    await boss.post("/packages", {"name": "夏", "pay_fen": 10_000, "bonus_fen": 500})
    for sql in (
        "DELETE FROM operator_act",
        "UPDATE operator_act SET asked = '{}'",
        "UPDATE operator_act SET ended_at = now(), outcome = 'done'",
        "UPDATE operator_act SET outcome = NULL, ended_at = NULL",
        "DELETE FROM act_change",
        "UPDATE act_change SET after = NULL",
    ):
        with pytest.raises(asyncpg.RestrictViolationError):
            await db.execute(sql)


async def three_days():
    who = await operators.create(login="a", name="甲", password=PASSWORD)
    made = []
    for day in (0, 0, 2):
        clock.set_offset(timedelta(days=day))
        made.append(
            await acts.began(
                acts.Deed(operator_id=who.id, operation="x", about="POST /x", asked={"a": 1}, request_id="r")
            )
        )
        await db.execute(
            "INSERT INTO tag (name, saved_by, created_at) VALUES ($1, 'test', now())", f"tag {made[-1]}"
        )
        await acts.ended(made[-1], "done")
    return made


async def rewritten(sql):
    """As a superuser would, behind the triggers."""
    async with db.transaction():
        await db.execute("SET LOCAL session_replication_role = replica")
        await db.execute(sql)


_db = pytest.mark.usefixtures("db")


@_db
async def test_a_day_is_sealed_once_when_it_is_over_and_the_days_are_chained():
    await three_days()
    clock.set_offset(timedelta(days=3, hours=1))
    made = (await act_seals.run()).seals
    assert [(seal.acts, seal.changes) for seal in made] == [(2, 2), (0, 0), (1, 1)]
    assert made[1].previous_hash == made[0].hash and made[2].previous_hash == made[1].hash
    assert (await act_seals.run()).seals == ()
    verified = await act_seals.verify()
    assert (verified.days, verified.difference) == (3, None)
    with pytest.raises(asyncpg.RestrictViolationError):
        await db.execute("UPDATE act_seal SET acts = 0")


@_db
async def test_what_was_sealed_without_an_end_gets_none():
    (first, *_) = await three_days()
    await rewritten(f"UPDATE operator_act SET ended_at = NULL, outcome = NULL WHERE id = {first}")
    clock.set_offset(timedelta(days=3, hours=1))
    await act_seals.run()
    with pytest.raises(asyncpg.RestrictViolationError):
        await acts.ended(first, "done")
    assert (await act_seals.verify()).difference is None


@pytest.mark.parametrize(
    ("sql", "act", "what"),
    [
        ("UPDATE operator_act SET asked = '{\"a\": 2}' WHERE id = 2", 2, "was changed"),
        (
            "UPDATE operator_act SET operator_id = operator_id, outcome = 'failed' WHERE id = 3",
            3,
            "was changed",
        ),
        ("UPDATE act_change SET after = '{}' WHERE act_id = 1", 1, "was changed"),
        ("DELETE FROM act_change WHERE act_id = 2", 2, "was changed"),
        ("DELETE FROM operator_act WHERE id = 2; DELETE FROM act_change WHERE act_id = 2", 2, "is gone"),
        ("UPDATE act_seal SET acts = 1 WHERE acts = 2", None, "its seal was rewritten"),
        ("DELETE FROM act_seal WHERE acts = 0", None, "its seal is missing"),
    ],
)
@_db
async def test_the_first_act_that_was_tampered_with_is_named(sql, act, what):
    await three_days()
    clock.set_offset(timedelta(days=3, hours=1))
    await act_seals.run()
    await rewritten(sql)
    found = (await act_seals.verify()).difference
    assert (found.row_id, found.what) == (act, what)


async def alerts_of_acts():
    return [
        (one.params["what"].split(": ")[-1], one.resolved_at is None)
        for one in await staff_alerts.page()
        if one.kind == "acts_changed"
    ]


@_db
async def test_acts_that_were_tampered_with_alert_the_shop_until_they_are_as_they_were():
    await three_days()
    clock.set_offset(timedelta(days=3, hours=1))
    await act_seals.run()
    assert len((await upkeep.check_acts()).days) == 3
    await rewritten("UPDATE operator_act SET reason = 'none' WHERE id = 3")
    assert (await upkeep.check_acts()).days == (), "each day once a day"
    assert await alerts_of_acts() == []
    for hours in (25, 49):
        clock.set_offset(timedelta(days=3, hours=hours))
        assert len((await upkeep.check_acts()).differences) == 1
        assert await alerts_of_acts() == [("was changed", True)]
    await rewritten("UPDATE operator_act SET reason = NULL WHERE id = 3")
    clock.set_offset(timedelta(days=3, hours=73))
    await upkeep.check_acts()
    assert await alerts_of_acts() == [("was changed", False)]


@pytest.mark.parametrize(
    ("sql", "what"),
    [
        ("DELETE FROM act_seal WHERE acts = 0", "its seal is missing"),
        ("DELETE FROM act_seal WHERE day = (SELECT max(day) FROM act_seal)", "its seal is missing"),
        (
            "UPDATE act_seal SET previous_hash = hash WHERE acts = 1",
            "its seal does not go on from the day before",
        ),
    ],
)
@_db
async def test_seals_that_are_gone_or_go_on_from_nothing_alert_at_the_next_look(sql, what):
    await three_days()
    clock.set_offset(timedelta(days=3, hours=1))
    await act_seals.run()
    await upkeep.check_acts()
    await rewritten(sql)
    await upkeep.check_acts()
    assert await alerts_of_acts() == [(what, True)]


@_db
async def test_who_rewrites_an_act_and_seals_all_anew_is_found_out():
    await three_days()
    clock.set_offset(timedelta(days=3, hours=1))
    await act_seals.run()
    await upkeep.check_acts()
    await rewritten("UPDATE operator_act SET reason = 'none' WHERE id = 3; DELETE FROM act_seal")
    await act_seals.run()
    assert (await upkeep.verify_acts()).difference is None, "the chain alone cannot tell"
    await upkeep.check_acts()
    assert await alerts_of_acts() == [("its seal was rewritten", True)]


@_db
async def test_a_look_computes_so_many_acts_again_and_goes_on_at_the_next():
    await three_days()
    clock.set_offset(timedelta(days=3, hours=1))
    await act_seals.run()
    looked_at = [[day.day for day in (await act_seals.check(most_acts=1)).days] for _ in range(4)]
    assert [len(days) for days in looked_at] == [1, 2, 0, 0]


@_db
async def test_verifying_all_of_it_raises_and_ends_the_alert_too():
    await three_days()
    clock.set_offset(timedelta(days=3, hours=1))
    await act_seals.run()
    await rewritten("UPDATE operator_act SET reason = 'none' WHERE id = 1")
    await upkeep.verify_acts()
    assert await alerts_of_acts() == [("was changed", True)]
    await rewritten("UPDATE operator_act SET reason = NULL WHERE id = 1")
    await upkeep.verify_acts()
    assert await alerts_of_acts() == [("was changed", False)]
