"""Instalments on the phone page: an order paid in parts, some of them ahead, then cancelled; and what the demo's member has under way."""

from __future__ import annotations

import re


def test_an_order_is_paid_in_parts_ahead_and_cancelled_on_the_phone(open_phone, demo):
    phone = open_phone(width=390, height=844, still=True)
    phone.arrive()
    _orders_a_scroll(phone)
    phone.see(".notice[data-fault=insufficient_balance]")
    phone.at.locator(".consent .agree input").check(force=True)
    assert phone.see("[data-act=agree-order-parts]").is_disabled()
    phone.accessible()
    phone.picture("order-parts-refused")
    phone.at.keyboard.press("Escape")
    phone.act("back")
    phone.tab("home")
    phone.pay_with_wechat(20_000)
    phone.act("done")
    phone.answer_messages("reject")
    held = _hold_the_pages_question(phone)
    phone.tab("orders")
    phone.at.click("[data-order]")
    phone.act("pay-in-parts")  # while the page still shows what was known before the top-up
    phone.at.click("[data-parts='6']")
    assert phone.at.locator(".consent [data-part=planned]").count() == 6
    phone.at.locator(".consent .agree input").check(force=True)
    phone.accessible()
    phone.picture("order-parts")
    held[0].continue_()
    phone.act("agree-order-parts")
    phone.see(".order-state[data-state=paid]")
    assert _states(phone) == ["paid", *["open"] * 5]
    phone.act("pay-bill")
    phone.at.wait_for_function("() => document.querySelectorAll('[data-part=paid]').length === 2")
    phone.accessible()
    phone.picture("order-in-parts")
    _is_among_the_instalments(phone)
    phone.act("order-of-bill")
    phone.act("cancel-order")
    phone.act("yes")
    phone.see(".order-state[data-state=cancelled]")
    phone.act("back")
    phone.see(".page.instalmentPlans .empty")
    phone.act("back")
    phone.tab("home")
    phone.has_fen("available", 23_000)
    demo.prove()


def _hold_the_pages_question(phone):
    """The page's question about its order gets no answer until it is let go."""
    held = []

    def hold_the_first(route):
        if held:
            return route.fallback()
        held.append(route)

    phone.at.route(re.compile(r"/orders/[^/]+$"), hold_the_first)
    return held


def _orders_a_scroll(phone):
    phone.tab("mall")
    phone.at.locator(".product", has_text="山水小轴").click()
    phone.order("parts")


def _is_among_the_instalments(phone):
    phone.act("back")
    phone.tab("me")
    phone.act("instalments")
    phone.see(".page.instalmentPlans .bill-card")
    assert _states(phone) == ["paid", "paid", *["open"] * 4]


def _states(phone):
    return [one.get_attribute("data-part") for one in phone.at.locator(".page .parts > li").all()]


def test_the_demos_member_sees_what_is_under_way_and_what_is_late_in_english(open_phone):
    phone = open_phone(width=390, height=844, locale="en", still=True)
    phone.at.select_option("#person", index=0)
    phone.see(".owed-strip")
    phone.tab("me")
    phone.act("instalments")
    late = phone.see(".bill-card.late")
    assert late.locator("[data-part=paid]").count() == 1 and late.locator("[data-part=overdue]").count() > 0
    phone.accessible()
    phone.picture("instalments-en")
