"""Operators keep the catalogue, and customers see it."""

import io
from datetime import timedelta

import aiohttp
from aiohttp.test_utils import TestServer
from PIL import Image

from app import config, worker
from core import clock
from sandbox.objects import Objects
from tests import factories
from tests.world import opened


async def test_a_product_on_axes_with_categories_and_prices_is_kept_and_seen(world):
    desk, phone = await world.operator(), await world.arrive()
    skus = [
        {"specs": ["红"], "price_fen": 2_800, "stock": 3, "code": "R", "weight_g": 120},
        {"specs": ["蓝"], "price_fen": 2_400, "stock": 0, "barcode": "6901234567892"},
    ]
    wish = {"name": "茶杯", "code": "CUP", "axes": [{"name": "颜色", "values": ["红", "蓝"]}], "skus": skus}
    added = await desk.post("/products", wish)
    assert added.status == 201, added
    product, (red, blue) = added.body["id"], added.body["skus"]
    assert (red["name"], red["weight_g"], blue["barcode"]) == ("红", 120, "6901234567892")
    assert (await desk.post("/products", wish)).code == "code_taken"
    assert (await desk.post("/products", {**wish, "code": "#17"})).code == "invalid_request"
    assert (await desk.patch(f"/products/{product}", {"code": "#17"})).code == "invalid_request"
    wish["skus"][0]["specs"] = ["绿"]
    assert (await desk.post("/products", {**wish, "code": None})).code == "specs_do_not_fit"

    tea = (await desk.post("/categories", {"name": "茶具"})).body
    inner = await desk.post("/categories", {"name": "茶杯", "parent_id": tea["id"], "tax_percent": 13})
    assert inner.status == 201 and (inner.body["depth"], inner.body["tax_percent"]) == (2, 13)
    assert (await desk.post("/categories", {"name": "茶", "tax_percent": 31})).code == "invalid_request"
    stands = await desk.put(f"/products/{product}/categories", {"category_ids": [inner.body["id"]]})
    assert stands.body["category_ids"] == [inner.body["id"]]
    (line,) = (await phone.post("/quotes", {"lines": [{"sku_id": red["id"], "quantity": 1}]})).body["lines"]
    assert (line["tax_percent"], line["tax_fen"]) == (13, 322)
    assert (await desk.ask("DELETE", f"/categories/{inner.body['id']}")).code == "category_in_use"
    assert [one["name"] for one in (await phone.get("/categories")).body["items"]] == ["茶具", "茶杯"]
    hidden = {"name": "茶具", "is_shown": False}
    assert (await desk.put(f"/categories/{tea['id']}", hidden)).body["is_shown"] is False
    assert (await phone.get("/categories")).body["items"] == []
    assert (
        await desk.put(f"/categories/{tea['id']}", {**hidden, "parent_id": inner.body["id"]})
    ).status == 409

    await desk.put("/stores/west-lake", {"name": "西湖店"})
    rules = f"/skus/{red['id']}/price-rules"
    rule = await desk.post(rules, {"price_fen": 2_500, "store": "west-lake"})
    assert (rule.status, rule.body["created_by"]) == (201, "operator:1")
    assert (await desk.post(rules, {"price_fen": 2_500})).code == "price_rule_for_nothing"
    seen = (await phone.get(f"/products/{product}?store=west-lake")).body
    assert [(one["price_fen"], one["list_fen"], one["price_reason"]) for one in seen["skus"]] == [
        (2_500, 2_800, "store"), (2_400, 2_400, "list"),
    ]  # fmt: skip
    assert seen["axes"] == [{"name": "颜色", "values": ["红", "蓝"]}]
    assert (await phone.get("/products?store=nowhere")).code == "no_such_store"
    ended = await desk.post(f"/price-rules/{rule.body['id']}/end")
    assert ended.body["ended_by"] == "operator:1" and len((await desk.get(rules)).body["items"]) == 1

    one_left = {"axes": [], "skus": [{"id": red["id"], "name": "红杯", "price_fen": 2_900}]}
    changed = await desk.put(f"/products/{product}/skus", one_left)
    assert [(one["id"], one["name"], one["stock"]) for one in changed.body["skus"]] == [
        (red["id"], "红杯", 3)
    ]
    assert (await desk.get(f"/products/{product}")).body == changed.body
    assert (
        await phone.post("/orders", {"lines": [{"sku_id": blue["id"], "quantity": 1}]})
    ).code == "sku_not_for_sale"


async def test_customers_find_and_sort_and_what_has_not_changed_is_not_sent_again(world):
    desk, phone = await world.operator(), await world.arrive()
    for name, price_fen in (("龙井", 300), ("毛峰", 200), ("茶杯", 100)):
        sku = {"name": "一份", "price_fen": price_fen, "stock": 3}
        assert (await desk.post("/products", {"name": name, "skus": [sku]})).status == 201
    assert [one["name"] for one in (await phone.get("/products?q=lj")).body["items"]] == ["龙井"]
    first = await phone.get("/products?order=cheapest&limit=2")
    assert [one["name"] for one in first.body["items"]] == ["茶杯", "毛峰"]
    cursor = first.body["next_cursor"]
    rest = await phone.get(f"/products?order=cheapest&limit=2&cursor={cursor}")
    assert [one["name"] for one in rest.body["items"]] == ["龙井"] and rest.body["next_cursor"] is None
    assert (await phone.get(f"/products?order=sales&cursor={cursor}")).code == "invalid_cursor"
    assert (await phone.get("/products?order=best")).code == "invalid_request"

    mark = first.headers["ETag"]
    assert first.headers["Cache-Control"] == "private, no-cache"
    address = f"{world.url}/api/v1/products?order=cheapest&limit=2"

    async def again(known):
        headers = {"Authorization": f"Bearer {phone.token}", "If-None-Match": known}
        async with world.http.get(address, headers=headers) as answer:
            return answer.status, await answer.read(), answer.headers.get("ETag")

    for known in (mark, f'W/{mark}, "x"', "*"):
        assert await again(known) == (304, b"", mark)
    for other in ('"x"', "nonsense", ""):
        assert (await again(other))[0] == 200
    product = first.body["items"][0]
    assert (await desk.post(f"/skus/{product['skus'][0]['id']}/stock", {"counted": 2})).status == 200
    status, _, changed = await again(mark)
    assert status == 200 and changed != mark


async def upload(world, desk, path, file, *, key=None):
    form = aiohttp.FormData()
    form.add_field("file", file, filename="../../evil.exe", content_type="text/html")
    headers = {"Authorization": f"Bearer {desk.token}", "Idempotency-Key": key or factories.key()}
    async with world.http.post(f"{world.url}/admin/v1{path}", data=form, headers=headers) as answer:
        return answer.status, await answer.json()


async def test_pictures_are_uploaded_by_operators_and_seen_by_everybody(world):
    desk, phone = await world.operator(), await world.arrive()
    sku = {"name": "一份", "price_fen": 300, "stock": 3}
    product = (await desk.post("/products", {"name": "龙井", "skus": [sku]})).body["id"]
    file = io.BytesIO()
    Image.new("RGB", (900, 600), "green").save(file, "WEBP")
    status, made = await upload(world, desk, f"/products/{product}/images", file.getvalue())
    assert status == 201, made
    (image,) = made["items"]
    assert (await upload(world, desk, f"/products/{product}/images", b"<svg/>"))[1]["code"] == "not_an_image"
    assert (await phone.get("/products")).body["items"][0]["images"] == [
        {"key": image["key"], "width": 900, "height": 600, "alt": ""}
    ]
    async with world.http.get(f"{world.url}/api/v1/images/{image['key']}/small") as answer:
        assert (answer.status, answer.content_type) == (200, "image/jpeg")
        assert "immutable" in answer.headers["Cache-Control"] and (await answer.read())[:2] == b"\xff\xd8"
    ordered = await desk.put(f"/products/{product}/images", {"image_ids": [image["id"]]})
    assert ordered.body == made == (await desk.get(f"/products/{product}/images")).body
    assert (await desk.put(f"/products/{product}/images", {"image_ids": []})).code == "images_differ"
    assert (await desk.ask("DELETE", f"/products/{product}/images/{image['id']}")).status == 204
    async with world.http.get(f"{world.url}/api/v1/images/{image['key']}/small") as answer:
        assert (answer.status, answer.headers["Cache-Control"]) == (404, "no-store")


async def test_pictures_are_kept_in_a_bucket_and_leave_it(db, database_url, redis_url, tmp_path):
    bucket = Objects("pictures", "key", "secret", "cn-1")
    async with (
        TestServer(bucket.application()) as server,
        opened(tmp_path, database_url=database_url, redis_url=redis_url, images=_kept_in(server)) as world,
    ):
        desk = await world.operator()
        sku = {"name": "50克", "price_fen": 990, "stock": 3}
        product = (await desk.post("/products", {"name": "龙井", "skus": [sku]})).body["id"]
        file, key = io.BytesIO(), factories.key()
        Image.new("RGB", (900, 600), "green").save(file, "PNG")
        path = f"/products/{product}/images"
        for _ in range(2):
            status, made = await upload(world, desk, path, file.getvalue(), key=key)
            assert status == 201, made
        (image,) = made["items"]
        assert {media_type for _, media_type in bucket.kept.values()} == {"image/jpeg"}
        async with world.http.get(f"{world.url}/api/v1/images/{image['key']}/medium") as answer:
            assert await answer.read() == bucket.kept[f"products/{image['key']}/medium.jpg"][0]
        bucket.refuses = 503
        assert (await upload(world, desk, path, file.getvalue()))[1]["code"] == "store_failed"
        async with world.http.get(f"{world.url}/api/v1/images/{image['key']}/medium") as answer:
            assert (answer.status, (await answer.json())["code"]) == (503, "store_failed")
        assert (await desk.ask("DELETE", f"{path}/{image['id']}")).status == 204
        bucket.refuses = None
        assert len(bucket.kept) == 6, "the picture's, and those of its second upload"
        clock.set_offset(timedelta(hours=1, minutes=1))
        (sweep,) = (job for job in worker.jobs_of(world.runtime) if job.id == "stray_pictures")
        assert (await sweep.run(), bucket.kept) == (3, {})


def _kept_in(server):
    url = str(server.make_url("")).rstrip("/")
    written = {
        "endpoint": url, "bucket": "pictures", "region": "cn-1", "access_key": "key", "secret_key": "secret",
    }  # fmt: skip
    return config.Images.model_validate({"s3": written})


async def test_products_are_brought_and_taken_as_tables(world):
    desk = await world.operator()
    file = "商品编号,商品名称,规格名称,标价,库存\nTEA,龙井,50克,9.90,3\nCUP,茶杯,一只,x,1\n".encode("gb18030")
    status, said = await upload(world, desk, "/products/import", file)
    assert (status, said["is_taken"], said["products_added"]) == (200, False, 2)
    assert said["faults"][0]["row"] == 3 and said["faults"][0]["column"] == "标价"
    good = file.replace(b",x,", b",12,")
    status, said = await upload(world, desk, "/products/import?dry_run=true", good)
    assert (said["is_taken"], said["faults"], await desk.all("/products")) == (False, [], [])
    status, said = await upload(world, desk, "/products/import", good)
    assert (status, said["is_taken"], said["skus_added"]) == (200, True, 2)
    assert (await upload(world, desk, "/products/import", b"%PDF"))[1]["code"] == "sheet_unreadable"
    for ending, begins in (("csv", "商品编号"), ("xlsx", "PK")):
        address = f"{world.url}/admin/v1/products/export/{ending}"
        async with world.http.get(address, headers={"Authorization": f"Bearer {desk.token}"}) as answer:
            assert answer.status == 200 and ending in answer.headers["Content-Disposition"]
            assert (await answer.read()).decode("utf-8-sig", "replace").startswith(begins)
