"""Pictures of products: drawn anew, in order, in the shop's store of files."""

import asyncio
import io
from datetime import timedelta

import pytest
from PIL import Image

from core import clock
from core import db as database
from gateways.objects import Directory
from shop import images, products, shelf
from tests import factories


def picture(kind="PNG", size=(1_000, 500), colour="red"):
    file = io.BytesIO()
    Image.new("RGB", size, colour).save(file, kind)
    return file.getvalue()


@pytest.fixture
async def shop(db, tmp_path):
    product = await products.add(name="茶", description="", skus=[products.NewSku("一份", 100, 5)])
    return product.id, Directory(tmp_path / "images")


async def add(shop, file=None, key=None, operator_id=1):
    product_id, store = shop
    return await images.add(store, operator_id, product_id, file or picture(), key=key or factories.key())


async def test_a_picture_is_kept_in_three_sizes(shop):
    product_id, store = shop
    (made,) = await add(shop, picture(size=(2_000, 1_000)))
    assert (made.width, made.height) == (1_600, 800)
    widths = []
    for size in images.SIZES:
        jpeg = await images.file(store, made.key, size)
        with Image.open(io.BytesIO(jpeg)) as seen:
            widths.append(seen.size)
            assert seen.format == "JPEG"
    assert widths == [(1_600, 800), (750, 375), (300, 150)]
    assert (await shelf.one(product_id, shelf.Looking())).images == [made]


async def test_pictures_are_ordered_and_removed_with_their_files(shop):
    product_id, store = shop
    for colour in ("red", "green", "blue"):
        await add(shop, picture(colour=colour))
    red, green, blue = await images.of(product_id)
    assert await images.put_order(product_id, [blue.id, red.id, green.id]) == [blue, red, green]
    for wrong in ([blue.id], [red.id, red.id, green.id], [red.id, green.id, blue.id, 404]):
        with pytest.raises(images.ImagesDiffer):
            await images.put_order(product_id, wrong)
    await images.remove(store, product_id, red.id)
    assert await images.of(product_id) == [blue, green]
    with pytest.raises(images.NoSuchImage):
        await images.file(store, red.key, "small")
    assert await store.get(f"products/{red.key}/small.jpg") is None
    with pytest.raises(images.NoSuchImage):
        await images.remove(store, product_id, red.id)
    with pytest.raises(images.NoSuchProduct):
        await images.remove(store, 404, blue.id)
    with pytest.raises(images.NoSuchImage):
        await images.file(store, "0" * 32, "small")


async def test_the_same_key_adds_one_picture_and_no_more_than_a_product_can_have(shop, monkeypatch):
    monkeypatch.setattr(images, "MAX_OF_A_PRODUCT", 2)
    file = picture()
    await asyncio.gather(*(add(shop, file, "the-same-key") for _ in range(3)))
    assert len(await images.of(shop[0])) == 1
    with pytest.raises(images.KeyReused):
        await add(shop, picture(colour="blue"), "the-same-key")
    ended = await asyncio.gather(*(add(shop) for _ in range(3)), return_exceptions=True)
    assert sorted(type(one).__name__ for one in ended) == ["TooManyImages", "TooManyImages", "list"]


class Failing(Directory):
    """A directory that fails after so many calls, and works again when told so."""

    calls = 1_000

    async def put(self, key, body, *, media_type):
        self._count()
        await super().put(key, body, media_type=media_type)

    async def delete(self, key):
        self._count()
        await super().delete(key)

    def _count(self):
        self.calls -= 1
        if self.calls < 0:
            raise OSError("no space left")


def later():
    clock.set_offset(clock.offset() + images.STRAY_FOR + timedelta(minutes=1))


async def test_files_that_no_product_has_are_removed_in_time_and_no_others(shop, tmp_path, monkeypatch):
    monkeypatch.setattr(images, "MAX_OF_A_PRODUCT", 2)
    product_id, store = shop[0], Failing(tmp_path / "images")
    kept, file = (product_id, store), picture()
    for _ in range(2):
        (one,) = await add(kept, file, "the-same-key")  # the second is kept beside the first
    store.calls = 1
    with pytest.raises(OSError):
        await add(kept)  # dies halfway
    store.calls = 1_000
    *_, two = await add(kept)
    with pytest.raises(images.TooManyImages):
        await add(kept)
    store.calls = 1
    await images.remove(store, product_id, two.id)  # only one of its files goes
    store.calls = 1_000
    assert files(tmp_path) == 3 + 3 + 1 + 3 + 2
    assert await images.sweep(store) == 0, "it is too early"
    later()
    store.calls = 4
    first = await images.sweep(store)
    assert first < 4 and await images.sweep(store) == 0, "tried again later"
    later()
    store.calls = 1_000
    assert sum(await asyncio.gather(*(images.sweep(store) for _ in range(4)))) == 4 - first
    assert files(tmp_path) == 3 and await images.of(product_id) == [one]
    assert await images.file(store, one.key, "small")
    assert await database.fetchval("SELECT count(*) FROM stray_image") == 0


async def test_an_upload_that_is_swept_away_meanwhile_is_refused_and_leaves_nothing(shop, tmp_path):
    product_id, store = shop
    waits, goes_on = asyncio.Event(), asyncio.Event()

    class Slow(Directory):
        async def put(self, key, body, *, media_type):
            if key.endswith("small.jpg"):
                waits.set()
                await goes_on.wait()
            await super().put(key, body, media_type=media_type)

    slow = asyncio.create_task(add((product_id, Slow(tmp_path / "images"))))
    await waits.wait()
    later()
    assert await images.sweep(store) == 1
    goes_on.set()
    with pytest.raises(images.UploadTooLate):
        await slow
    assert (files(tmp_path), await images.of(product_id)) == (0, [])


def files(path):
    return len(list(path.rglob("*.jpg")))


async def test_what_is_no_picture_or_has_no_product_is_refused(shop):
    for file in (b"", b"<svg xmlns='http://www.w3.org/2000/svg'/>", picture()[:60], picture("GIF")):
        with pytest.raises(images.NotAnImage):
            await images.add(shop[1], 1, shop[0], file, key=factories.key())
    with pytest.raises(images.ImageTooLarge):
        await add(shop, b"\xff\xd8" + b"0" * images.MAX_BYTES)
    with pytest.raises(images.NoSuchProduct):
        await images.add(shop[1], 1, 404, picture(), key=factories.key())


async def test_a_directory_keeps_whole_files_and_leaves_nothing_behind(tmp_path):
    store = Directory(tmp_path / "images")
    assert await store.get("products/a/small.jpg") is None
    await store.put("products/a/small.jpg", b"one", media_type="image/jpeg")
    await store.put("products/a/small.jpg", b"two", media_type="image/jpeg")
    assert await store.get("products/a/small.jpg") == b"two"
    assert (
        len(list(tmp_path.rglob("*.jpg"))) == 1 == len([one for one in tmp_path.rglob("*") if one.is_file()])
    )
    for _ in range(2):
        await store.delete("products/a/small.jpg")
    assert not list(tmp_path.rglob("a"))
    with pytest.raises(AssertionError):
        await store.get("products/../../etc/passwd")
