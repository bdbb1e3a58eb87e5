"""Operators teach the chat over their API, and what customers write is then read and answered so."""

from core import db as database
from tests.world import new_key

SHUT = {"weekly": [[]] * 7, "holidays": []}


async def test_words_answers_and_hours_are_taught_tried_and_taken_back(world):
    desk = await world.operator()
    assert {"concept": "TOPUP"} in (await desk.get("/chat/concepts")).body["items"]
    tried = await desk.post("/chat/explanations", {"text": "加料一百", "synonyms": {"加料": "TOPUP"}})
    assert (tried.status, tried.body["intent"], tried.body["slots"]["number"]) == (200, "top_up", "100"), (
        tried
    )
    assert (await desk.post("/chat/explanations", {"text": "加料一百"})).body["intent"] != "top_up"
    wrong = {"text": "x", "synonyms": {"余额": "TOPUP"}}
    assert (await desk.post("/chat/explanations", wrong)).code == "synonym_means_something"
    key, body = new_key(), {"word": "加料", "concept": "TOPUP"}
    made = await desk.post("/chat/synonyms", body, key=key)
    assert made.status == 201 and (await desk.post("/chat/synonyms", body, key=key)).body == made.body
    for path, wrong, code in (
        ("/chat/synonyms", body, "synonym_taken"), ("/chat/synonyms", {"word": "余额", "concept": "TOPUP"}, "synonym_means_something"),
        ("/chat/synonyms", {"word": "小料", "concept": "NONE"}, "no_such_concept"),
        ("/chat/synonyms", {"word": "料", "concept": "TOPUP"}, "synonym_not_a_word"),
        ("/chat/synonyms", {"word": "小料", "concept": "TOPUP", "store": "none"}, "no_such_store"),
        ("/chat/answers", {"match": "exact", "keywords": ["停车"], "text_zh": "{x}"}, "chat_text_unfillable"),
        ("/chat/answers", {"match": "exact", "keywords": ["余额"], "text_zh": "x"}, "keyword_is_asked"),
        ("/chat/answers", {"match": "exact", "keywords": ["停车"], "text_zh": "好" * 700}, "chat_text_too_long"),
        ("/chat/answers", {"match": "exact", "keywords": [], "text_zh": "x"}, "invalid_request"),
    ):  # fmt: skip
        assert (await desk.post(path, wrong)).code == code, (path, wrong)
    tried = await desk.post("/chat/explanations", {"text": "加料 100元"})
    assert (tried.body["intent"], tried.body["slots"]) == ("top_up", {"amount_fen": "10000"})
    path = f"/chat/synonyms/{made.body['id']}"
    assert (await desk.put(path, {"word": "加料", "concept": "BALANCE"})).body["concept"] == "BALANCE"
    assert [one["word"] for one in await desk.all("/chat/synonyms", limit=1)] == ["加料"]
    assert (await desk.ask("DELETE", path)).status == 204 and (
        await desk.ask("DELETE", path)
    ).code == "no_such_synonym"

    parking = {"match": "contains", "keywords": ["停车"], "text_zh": "今天 {hours_today}，停车走东门"}
    said = await desk.post("/chat/answers", parking)
    assert (said.status, said.body["keywords"]) == (201, ["停车"]), said
    assert (await desk.post("/chat/explanations", {"text": "哪儿停车"})).body["answer_id"] == said.body["id"]
    path = f"/chat/answers/{said.body['id']}"
    assert (await desk.put(path, {**parking, "active": False})).body["active"] is False
    assert (await desk.post("/chat/explanations", {"text": "哪儿停车"})).body["answer_id"] is None
    assert len(await desk.all("/chat/answers", limit=1)) == 1
    assert (await desk.ask("DELETE", path)).status == 204 and (
        await desk.put(path, parking)
    ).code == "no_such_chat_answer"

    assert (await desk.get("/opening-hours")).code == "no_opening_hours"
    assert (await desk.get("/stores/none/opening-hours")).code == "no_such_store"
    night = {
        "weekly": [[{"opens": "18:00", "closes": "02:00"}]] * 7,
        "days": [{"day": "2026-12-31", "spans": [], "note_zh": "盘点"}],
    }
    kept = await desk.put("/opening-hours", night)
    assert kept.body["weekly"] == night["weekly"] and kept.body["days"][0]["note_zh"] == "盘点", kept
    assert kept.body == (await desk.get("/opening-hours")).body
    for wrong in (
        {"weekly": [[{"opens": "18:00", "closes": "02:00"}], *[[{"opens": "01:00", "closes": "02:00"}]] * 6]},
        {**night, "days": [*night["days"], *night["days"]]},
    ):
        assert (await desk.put("/opening-hours", wrong)).code == "opening_hours_wrong"
    assert (await desk.put("/stores/xihu", {"name": "西湖店"})).status == 200
    assert (await desk.put("/stores/xihu/opening-hours", SHUT)).body["holidays"] == []
    assert (await desk.get("/stores/xihu/opening-hours")).body["weekly"] == [[]] * 7
    for path in ("/stores/xihu/opening-hours", "/opening-hours"):
        assert (await desk.ask("DELETE", path)).status == 204
        assert (await desk.get(path)).code == "no_opening_hours"


async def test_what_was_not_understood_becomes_an_answer_or_a_word(world):
    desk = await world.operator()
    await database.execute(
        "INSERT INTO chat_unanswered (text, times, first_at, last_at, state) SELECT t, n, now(), now(), 'open' FROM unnest($1::text[], $2::bigint[]) u (t, n)",
        ["有wifi吗", "加料", "哈哈哈"], [5, 9, 1],
    )  # fmt: skip
    word, wifi, laugh = await desk.all("/chat/unanswered", limit=1)
    assert (word["text"], wifi["text"], laugh["times"]) == ("加料", "有wifi吗", 1)
    made = await desk.post(
        "/chat/synonyms", {"word": "加料", "concept": "TOPUP", "unanswered_id": word["id"]}
    )
    body = {"match": "contains", "keywords": ["wifi"], "text_zh": "密码在小票上", "unanswered_id": wifi["id"]}
    assert (made.status, (await desk.post("/chat/answers", body)).status) == (201, 201)
    assert (await desk.post("/chat/answers", {**body, "unanswered_id": 404})).code == "no_such_unanswered"
    assert (await desk.post(f"/chat/unanswered/{laugh['id']}/dismiss", key=None)).body["state"] == "dismissed"
    assert (await desk.post("/chat/unanswered/404/dismiss", key=None)).code == "no_such_unanswered"
    assert await desk.all("/chat/unanswered") == []
    taught = (await desk.get("/chat/unanswered?state=taught")).body["items"]
    assert [one["text"] for one in taught] == ["加料", "有wifi吗"] and taught[0]["decided_by"].startswith(
        "operator:"
    )


async def test_codes_hang_where_they_hang_and_menus_are_compared(world):
    desk = await world.operator()
    await desk.put("/stores/xihu", {"name": "西湖店"})
    body = {
        "title": "3 号桌",
        "store": "xihu",
        "table_no": "3",
        "operator_id": 1,
        "days": 7,
        "welcome_zh": "欢迎来到{store}",
    }
    key = new_key()
    made = await desk.post("/chat/scenes", body, key=key)
    assert (made.status, made.body["state"], made.body["scans"]) == (201, "ready", 0), made
    assert made.body == (await desk.post("/chat/scenes", body, key=key)).body, "the same key makes no other"
    assert made.body["picture_url"].startswith("https://mp.weixin.qq.com/cgi-bin/showqrcode?ticket=")
    for wrong, code in (
        ({"store": "none"}, "no_such_store"), ({"operator_id": 404}, "no_such_scene_operator"), ({"days": 31}, "invalid_request"),
        ({"welcome_zh": "{x}"}, "chat_text_unfillable"), ({"welcome_en": "好" * 600}, "chat_text_too_long"),
    ):  # fmt: skip
        assert (await desk.post("/chat/scenes", {**body, **wrong})).code == code, wrong
    path = f"/chat/scenes/{made.body['id']}"
    assert (await desk.put(path, {"title": "靠窗"})).body["welcome_zh"] == ""
    renewed = (await desk.post(f"{path}/renew", key=None)).body
    assert renewed["state"] == "ready" and renewed["ticket"] != made.body["ticket"]
    assert (
        len(await desk.all("/chat/scenes", limit=1)) == 1
        and (await desk.get("/chat/scenes?operator_id=2")).body["items"] == []
    )
    assert (
        (await desk.get("/chat/scenes/404")).code
        == (await desk.put("/chat/scenes/404", {"title": "x"})).code
        == "no_such_scene"
    )
    lasting = (await desk.post("/chat/scenes", {"title": "门口"})).body
    assert (await desk.post(f"/chat/scenes/{lasting['id']}/renew", key=None)).code == "scene_for_ever"
    phone = await world.arrive()
    assert (await desk.get(f"/customers/{phone.customer_id}/origin")).body == {"first": None, "last": None}
    assert (await desk.get("/customers/404/origin")).code == "no_such_customer"
    state = await desk.get("/chat/menus")
    assert (state.status, state.body["configured"]) == (200, []), state
    assert (await desk.post("/chat/menus/publish")).code == "no_menu_configured"
    assert await desk.all("/chat/menus/publications") == []
