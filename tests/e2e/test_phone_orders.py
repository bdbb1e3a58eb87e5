"""An order on the phone page after it was paid: the shop sends it in two parcels, the customer has it."""

from __future__ import annotations

from tests.e2e import desk


def test_an_order_is_sent_in_parcels_and_received_on_the_phone(phone, demo):
    phone.arrive()
    phone.pay_with_wechat(10_000)
    phone.act("done")
    phone.answer_messages("allow")
    phone.tab("mall")
    phone.at.locator(".product", has_text="手作桂花糕").click()
    phone.act("more")
    phone.order()
    phone.act("pay-order")
    phone.see(".order-state[data-state=paid]")
    operator, _ = desk.of(phone)
    order_no = phone.see("dd.mono").inner_text()
    sku_id = operator.get(f"/orders/{order_no}")["lines"][0]["sku_id"]

    def sends(tracking_no):
        lines = [{"sku_id": sku_id, "quantity": 1}]
        operator.post(
            f"/orders/{order_no}/shipments", {"carrier": "顺丰", "tracking_no": tracking_no, "lines": lines}
        )
        phone.act("back")
        phone.tab("orders")
        phone.at.locator(f"[data-order={order_no}]").click()

    sends("SF1234567890123")
    phone.see(".order-state[data-state=shipping]")
    sends("SF1234567890124")
    phone.see(".order-state[data-state=shipped]")
    assert phone.at.locator("[data-parcel]").count() == 2
    assert "SF1234567890124" in phone.at.locator("[data-parcel]").last.inner_text()
    phone.accessible()
    phone.picture("order-shipped")
    phone.act("receive-order")
    phone.see(".order-state[data-state=completed]")
    demo.prove()
