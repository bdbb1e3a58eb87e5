"""What customers read in the history of an order: in their language, without what the shop noted for itself."""

import pytest

from core import clock
from shop import notes_told
from shop.orders_history import Event
from tests.world import new_key


async def _sent_back(phone, desk, sku_id):
    """The numbers of an order that was edited, paid, confirmed and sent, and of its after-sale, paid back less postage."""
    wish = {"lines": [{"sku_id": sku_id, "quantity": 1}]}
    order_no = (await phone.post("/orders", wish)).body["order_no"]
    at = f"/orders/{order_no}"
    assert (
        await phone.patch(at, {"lines": [{"sku_id": sku_id, "quantity": 2}]}, key=new_key())
    ).status == 200
    await phone.post(f"{at}/pay")
    assert (await desk.post(f"{at}/confirm", {"note": "电话里很凶"})).status == 200
    await desk.post(f"{at}/shipments", {"carrier": "顺丰", "tracking_no": "SF1234567890"})
    wish = {"kind": "return", "lines": [{"sku_id": sku_id, "quantity": 1}], "reason": "壶盖碎了"}
    number = (await phone.post(f"{at}/after-sales", wish)).body["return_no"]
    back = f"/after-sales/{number}"
    await desk.post(f"{back}/approve", {"note": "寄回西湖店"})
    await phone.post(f"{back}/parcel", {"carrier": "中通", "tracking_no": "ZT0000001"})
    await desk.post(f"{back}/receive", {"note": "像是自己摔的"})
    assert (await desk.post(f"{back}/refund", {"amount_fen": 2_500, "note": "扣运费"})).status == 200
    return order_no, number


async def test_a_customer_reads_each_step_in_their_language_and_not_what_the_shop_noted(world):
    phone, desk = await world.arrive(), await world.operator()
    await world.give(phone.customer_id, 10_000)
    sku_id = await world.sku(price_fen=2_800, stock=3)
    order_no, number = await _sent_back(phone, desk, sku_id)
    told = {}
    for locale in ("zh-CN", "en"):
        found = await phone.get(f"/orders/{order_no}", locale=locale)
        told[locale] = [(one["step"], one["note"]) for one in found.body["history"] if one["note"]]
    assert told["zh-CN"] == [
        ("edit", "合计由 28.00 元改为 56.00 元"),
        ("ship", "顺丰 SF1234567890"),
        ("after_sale", f"已申请（{number}）：壶盖碎了"),
        ("after_sale", f"商家已同意（{number}）：寄回西湖店"),
        ("after_sale", f"已寄回（{number}）：中通 ZT0000001"),
        ("after_sale", f"商家已收到退货（{number}）"),
        ("after_sale", f"已退款（{number}）：扣运费"),
    ]
    assert told["en"] == [
        ("edit", "The total was ¥28.00 and is ¥56.00 now"),
        ("ship", "顺丰 SF1234567890"),
        ("after_sale", f"Asked for ({number}): 壶盖碎了"),
        ("after_sale", f"Agreed to by the shop ({number}): 寄回西湖店"),
        ("after_sale", f"On its way back ({number}): 中通 ZT0000001"),
        ("after_sale", f"The shop has the goods ({number})"),
        ("after_sale", f"Paid back ({number}): 扣运费"),
    ]
    seen = [(one["step"], one["note"]) for one in (await phone.get(f"/after-sales/{number}")).body["events"]]
    assert ("receive", None) in seen and ("refund", "扣运费") in seen
    kept = [one["note"] for one in (await desk.get(f"/orders/{order_no}")).body["history"]]
    assert "电话里很凶" in kept, "the shop has its own"
    assert "像是自己摔的" in [
        one["note"] for one in (await desk.get(f"/after-sales/{number}")).body["events"]
    ]


@pytest.mark.parametrize(
    ("step", "note", "zh", "en"),
    [
        ("pay_in_parts", "3 期 · 3 parts: 12.67 / 38.00", "分 3 期，首期 12.67 元，合计 38.00 元", "In 3 parts: ¥12.67 at once, ¥38.00 in all"),
        ("after_sale", "A1 withdraw", "已撤销（A1）", "Taken back by you (A1)"),
        ("after_sale", "A1 reject: 已拆封\n不能退", "商家未同意（A1）：已拆封\n不能退", "Turned down by the shop (A1): 已拆封\n不能退"),
        ("hand_over", "给了他弟弟", None, None),
        ("close", "其余缺货", None, None),
        ("cancel", "不想要了", "不想要了", "不想要了"),
        ("refund", "R1 2500", "退款 25.00 元（R1）", "¥25.00 went back (R1)"),
        ("refund", "of another form", "of another form", "of another form"),
        ("pay", None, None, None),
    ],
)  # fmt: skip
def test_a_note_is_told_as_it_is_kept_or_in_words_or_not_at_all(step, note, zh, en):
    event = Event(step, "paid", "paid", "operator:1", note, clock.now())
    assert [notes_told.of_order(event, locale).note for locale in ("zh-CN", "en")] == [zh, en]
