"""The shop on the phone page: from the cart to a paid order with a coupon and points, and an after-sale asked for with a photo."""

from __future__ import annotations

import json
import re
import urllib.request
from datetime import datetime, timedelta

from app import demo_pictures
from tests.e2e import desk

COUPON = "立减二十"
CART = re.compile(r"/cart$")
QUOTES = re.compile(r"/quotes$")


def test_from_the_cart_to_a_paid_order_with_a_coupon_and_points(open_phone, demo):
    phone = open_phone(width=390, height=844, still=True)
    phone.arrive()
    phone.pay_with_wechat(10_000)
    phone.act("done")
    phone.answer_messages("reject")
    _is_given_a_coupon_and_points(phone, demo)
    _searches_and_puts_into_the_cart(phone)
    _changes_what_is_in_the_cart(phone)
    phone.act("checkout")
    _says_where_to(phone)
    phone.see("[data-sum=freight] .money:has-text('8.00')")
    phone.act("pick-coupons")
    phone.at.locator(".option", has_text=COUPON).click()
    phone.act("use-coupons")
    phone.see("[data-sum=coupon]")
    phone.at.click("[name=points]")
    phone.see("[data-sum=points] .money:has-text('5.00')")
    phone.see(f"[data-total-fen='{6_800 - 2_000 - 500 + 800}']")
    phone.accessible()
    phone.picture("checkout")
    phone.at.click("[data-way=balance]")
    phone.act("place-order")
    phone.see(".order-state[data-state=paid]")
    assert _fen(phone.see(".total .money.large")) == 5_100
    phone.act("back")
    phone.see(".empty")  # what was ordered has left the cart
    demo.prove()


def _is_given_a_coupon_and_points(phone, demo):
    with urllib.request.urlopen(f"{demo.url}/world/clock") as answer:
        now = datetime.fromisoformat(json.load(answer)["now"])
    operator, customer = desk.of(phone)
    terms = {"kind": "amount", "off_fen": 2_000, "stacks": "others", "with_points": True}
    days = {"from_at": now.isoformat(), "until_at": (now + timedelta(days=9)).isoformat()}
    made = operator.post("/coupon-templates", {"name": COUPON, **terms, **days})
    operator.post(f"/customers/{customer['id']}/coupons", {"template_id": made["id"]})
    operator.post(f"/customers/{customer['id']}/points/adjustments", {"points": 500, "reason": "开业礼"})


def _says_where_to(phone):
    """Who has no address yet writes one down."""
    phone.at.click("[data-by=send]")
    _writes_an_address(phone)


def _writes_an_address(phone):
    phone.at.fill("[name=recipient]", "李小雨")
    phone.at.fill("[name=phone]", "13800138000")
    phone.at.fill("[name=detail]", "文三路 1 号")
    phone.act("save-address")


def _searches_and_puts_into_the_cart(phone):
    """By the beginnings of a name in pinyin; with a specification that is there."""
    phone.tab("mall")
    phone.at.fill("[name=q]", "longj")
    phone.at.wait_for_function("() => document.querySelectorAll('.product').length === 1")
    phone.at.click(".product")
    phone.at.locator("[data-spec=特级]").click()
    assert _fen(phone.see(".goods .product-price .money")) == 9_800
    phone.act("more")
    phone.act("into-cart")
    phone.at.locator(".goods").wait_for(state="detached")


def _changes_what_is_in_the_cart(phone):
    """One of the tea instead of two, in another specification."""
    phone.act("cart")
    phone.see("[data-sku]")
    phone.act("fewer")
    phone.at.wait_for_function("() => document.querySelector('.cart-lines output').textContent === '1'")
    phone.act("change-spec")
    phone.at.locator("[data-spec=一级]").click()
    phone.act("exchange")
    phone.see(".spec:has-text('一级 / 50克')")
    assert _fen(phone.see(".cart-sum .money")) == 6_800


def test_an_after_sale_is_asked_for_with_a_photo_and_followed(phone, tmp_path, demo):
    phone.arrive()
    phone.pay_with_wechat(10_000)
    phone.act("done")
    phone.answer_messages("reject")
    phone.tab("mall")
    phone.at.locator(".product", has_text="手作桂花糕").click()
    phone.act("more")
    phone.order("balance")
    phone.see(".order-state[data-state=paid]")
    operator, _ = desk.of(phone)
    operator.post(f"/orders/{phone.see('dd.mono').inner_text()}/hand-over", {})
    phone.see("[data-act=apply-after-sale]")
    phone.act("apply-after-sale")
    phone.at.click("[data-kind=return]")
    phone.at.click("[data-sku] .pick")
    phone.act("fewer")
    phone.at.fill("[name=reason]", "有一块碎了")
    photo = tmp_path / "cake.jpg"
    photo.write_bytes(demo_pictures.draw("cake", "green"))
    phone.at.set_input_files("[name=photos]", str(photo))
    phone.see(".photo img")
    phone.accessible()
    phone.act("send-after-sale")
    phone.see(".order-state[data-state=asked]")
    phone.see(".photo img")
    assert _fen(phone.see(".total .money")) == 1_800
    operator.post(f"/after-sales/{phone.see('dd.mono').inner_text()}/approve", {})
    phone.act("back")
    phone.at.click("[data-after-sale]")
    phone.act("send-back")
    phone.at.fill("[name=tracking_no]", "YT8800112233")
    phone.act("save-parcel")
    phone.see(".order-state[data-state=sent_back]")
    demo.prove()


def test_what_the_cart_was_like_is_not_shown_after_what_it_is_like(phone):
    phone.arrive()
    phone.tab("mall")
    phone.at.locator(".product", has_text="手作桂花糕").click()
    phone.act("more")
    phone.act("into-cart")
    phone.at.locator(".goods").wait_for(state="detached")
    phone.act("cart")
    quantity = phone.see(".cart-lines output")
    phone.act("back")
    held = []

    def answer_later(route):
        if route.request.method != "GET":
            return route.fallback()
        held.append((route, route.fetch()))

    phone.at.route(CART, answer_later)
    phone.act("cart")
    phone.until(lambda: held)
    phone.act("fewer")
    phone.see(".cart-lines output:text-is('1')")
    held[0][0].fulfill(response=held[0][1])
    phone.until(lambda: len(held) > 1)  # it has been taken note of
    assert quantity.inner_text() == "1"
    held[1][0].fulfill(response=held[1][1])


def test_the_checkout_sells_at_the_price_of_what_was_chosen_only(phone):
    phone.arrive()
    _goes_to_the_checkout(phone, "手作桂花糕")
    first = _total(phone)
    phone.act("back")
    held = _hold_quotes(phone)
    _goes_to_the_checkout(phone, "冷泡茉莉花茶")
    phone.until(lambda: held)
    assert phone.at.locator("[data-total-fen]").count() == 0, "what another checkout came to is not shown"
    _let_go(phone, held)
    assert _total(phone) != first
    held = _hold_quotes(phone)
    phone.at.click("[data-by=send]")
    _writes_an_address(phone)
    phone.see("[data-act=place-order]:disabled")  # the freight is not known yet
    phone.refusals_expected = True
    phone.at.route(QUOTES, lambda route: route.abort())
    for question in held:
        question.abort()
    phone.see("[data-fault=unpriced]")
    phone.act("price-again")
    phone.see("[data-fault=unpriced]")  # nor is it said when one asks again
    phone.at.unroute(QUOTES)
    phone.see("[data-act=place-order]:enabled")
    assert phone.at.locator("[data-fault=unpriced]").count() == 0
    phone.see("[data-sum=freight] .money:has-text('8.00')")


def _goes_to_the_checkout(phone, name):
    phone.tab("mall")
    phone.at.locator(".product", has_text=name).click()
    phone.act("order")


def _total(phone):
    phone.see("[data-act=place-order]:enabled")
    return phone.see("[data-total-fen]").get_attribute("data-total-fen")


def _hold_quotes(phone):
    """What an order comes to is not said before it is let go."""
    held = []
    phone.at.route(QUOTES, lambda route: held.append(route))
    return held


def _let_go(phone, held):
    for question in held:
        question.continue_()
    phone.at.unroute(QUOTES)


def _fen(money):
    return round(float(money.inner_text().translate({ord(sign): None for sign in "¥−,"})) * 100)
