"""The phone page's other ways: not paying, saying no, another language, a narrow screen, somebody else's phone."""

from __future__ import annotations

import re

CHINESE = re.compile("[一-鿿]")


def test_a_cancelled_payment_charges_nothing_and_can_be_taken_up_again(phone, demo):
    person = phone.arrive()
    phone.top_up(10_000)
    phone.see(".cashier")
    phone.act("cancel")
    phone.see(".outcome-card.unpaid")
    phone.picture("cancelled")
    assert demo.feed(person, "payment") == []
    phone.act("pay-again")
    phone.see(".cashier")
    phone.act("pay")
    phone.see(".outcome-card[data-state=credited]")
    assert [item["body"]["amount_fen"] for item in demo.feed(person, "payment")] == [10_000]


def test_a_top_up_goes_back_and_what_was_agreed_to_can_be_read(phone, demo):
    person = phone.arrive()
    phone.pay_with_wechat(10_000)
    phone.act("done")
    phone.answer_messages("reject")
    phone.has_fen("principal", 10_000)
    phone.tab("me")
    phone.act("top-ups")
    phone.act("agreed")
    assert "七日" in (text := phone.see(".consent-text").inner_text()) or "7 日" in text
    phone.act("close-agreement")
    phone.act("refund")
    phone.see("[data-rule=right]")
    phone.act("confirm-refund")
    phone.see("[data-refund]")
    phone.act("day")  # the channel takes its time
    phone.until(lambda: [one for one in demo.feed(person, "payment") if one["body"]["what"] == "refunded"])
    assert [one["body"]["what"] for one in demo.feed(person, "payment")] == ["paid", "refunded"]
    phone.act("back")
    phone.tab("home")
    phone.has_fen("principal", 0)


def test_a_payment_left_lying_stays_unpaid_until_it_is_closed(phone):
    phone.arrive()
    phone.top_up(10_000)
    phone.see(".cashier")
    phone.act("timeout")
    phone.see(".outcome-card.unpaid")
    phone.act("check")
    phone.see(".toast")
    phone.act("day")
    phone.see(".outcome-card[data-state=closed]")
    phone.act("done")
    phone.has_fen("available", 0)


def test_who_rejects_messages_gets_none_from_the_platform_and_reads_them_in_the_app(phone, demo):
    person = phone.arrive()
    phone.pay_with_wechat(10_000)
    phone.act("done")
    phone.answer_messages("reject")
    phone.has_fen("principal", 10_000)
    phone.tab("me")
    phone.act("messages")
    phone.at.click("[data-side=shop]")
    phone.see(".row.message[data-kind=topped_up]")
    assert demo.feed(person, "service_message") == []


def test_who_goes_on_while_an_answer_is_on_its_way_is_not_called_back(phone):
    phone.arrive()
    phone.pay_with_wechat(10_000)
    held = []
    phone.at.route(re.compile(r"/subscribe-messages$"), lambda route: held.append(route))
    phone.act("done")
    phone.answer_messages("reject")
    phone.act("back")
    phone.tab("me")
    phone.until(lambda: held)
    held[0].continue_()
    phone.see(".toast")
    assert phone.at.locator("[data-tab=me][aria-current=page]").count() == 1


def test_an_order_the_balance_cannot_pay_is_refused_in_words_and_can_be_cancelled(phone):
    phone.refusals_expected = True
    phone.arrive()
    phone.tab("mall")
    phone.at.locator(".product").first.click()
    phone.order()
    phone.act("pay-order")
    assert "余额" in phone.see(".question").inner_text()
    phone.at.keyboard.press("Escape")
    phone.act("cancel-order")
    phone.act("yes")
    phone.see(".order-state[data-state=cancelled]")


def test_balance_and_wechat_pay_an_order_together_which_may_be_left_continued_and_cancelled(phone, demo):
    phone.refusals_expected = True
    phone.arrive()
    phone.pay_with_wechat(10_000)
    phone.act("done")
    phone.answer_messages("reject")
    phone.has_fen("principal", 10_000)
    available_fen = int(phone.see(".balance-sum").get_attribute("data-fen"))
    phone.tab("mall")
    phone.at.locator(".product", has_text="冷泡茉莉花茶").click()
    for _ in range(4):
        phone.act("more")
    phone.order()
    rest_fen = 5 * 2_900 - available_fen
    assert rest_fen > 0
    phone.act("pay-order")
    phone.act("together-wechat")
    assert f"{rest_fen / 100:.2f}" in phone.see(".cashier.wechat-pay").inner_text()
    phone.picture("together-cashier")
    phone.act("cancel")
    phone.see("[data-pending]")
    phone.picture("together-under-way")
    phone.act("cancel-payment")
    phone.see("[data-act=pay-order]")
    phone.act("pay-order")
    phone.act("together-wechat")
    phone.see(".cashier.wechat-pay")
    phone.act("cancel")
    phone.act("continue-payment")
    phone.see(".cashier.wechat-pay")
    phone.act("pay")
    phone.see(".order-state[data-state=paid]")
    phone.picture("together-paid")
    phone.act("back")
    phone.tab("home")
    phone.has_fen("available", 0)
    phone.has_fen("held", 0)
    demo.prove()


def test_an_empty_balance_leaves_an_order_to_alipay_alone(phone):
    phone.refusals_expected = True
    phone.arrive()
    phone.tab("mall")
    phone.at.locator(".product").first.click()
    phone.order()
    phone.act("pay-order")
    phone.act("together-alipay")
    phone.see(".qr")
    phone.act("scan")
    phone.see(".cashier.alipay")
    phone.act("pay")
    phone.see(".order-state[data-state=paid]")


def test_every_page_speaks_english_where_the_words_are_ours(open_phone):
    phone = open_phone(locale="en")
    phone.arrive()
    phone.pay_with_wechat(10_000)
    phone.act("done")
    phone.answer_messages("allow")
    named = "|".join(["一盏茶体验店", "微信用户", phone.at.inner_text("#person option:checked")[0]])
    for place in ("home", "orders", "me"):
        phone.tab(place)
        phone.see(".page > :not(.skeletons)")
        words = phone.at.locator("#mini .screen").inner_text()
        assert not CHINESE.search(re.sub(named, "", words)), words
    phone.tab("home")
    phone.picture("english")
    assert not CHINESE.search(
        phone.at.locator("#top .who-switch button, #top .world-clock").first.inner_text()
    )


def test_both_languages_have_the_same_words(phone):
    missing = phone.at.evaluate(
        """async () => {
            const [zh, en] = await Promise.all([import('/static/js/words_zh.js'), import('/static/js/words_en.js')]);
            const [a, b] = [Object.keys(zh.default), Object.keys(en.default)];
            const gaps = (text) => (text.match(/\\{\\w+\\}/g) ?? []).sort().join();
            return [...a.filter((key) => !b.includes(key)), ...b.filter((key) => !a.includes(key)),
                ...a.filter((key) => b.includes(key) && gaps(zh.default[key]) !== gaps(en.default[key]))];
        }"""
    )
    assert missing == []


def test_a_button_at_work_is_not_pressed_again_when_the_page_is_drawn_anew(phone):
    pressed = phone.at.evaluate(
        """async () => {
            const [{ h, morph }, { busyButton }] = await Promise.all([import('/static/js/dom.js'), import('/static/js/phone.js')]);
            const pressed = [];
            const page = (act) => h('div', {}, busyButton({ 'data-act': act, onclick: () => new Promise(() => pressed.push(act)) }));
            const shown = page('pay');
            shown.firstChild.click();
            for (const act of ['pay', 'cancel']) {
                morph(shown, page(act));
                shown.firstChild.click();
            }
            return pressed;
        }"""
    )
    assert pressed == ["pay", "cancel"]


def test_on_a_narrow_screen_the_phones_are_tabs_and_nothing_sticks_out(open_phone):
    phone = open_phone(width=390, height=844, locale="en")
    phone.see("#mini .balance")
    assert not phone.at.locator("#wechat").is_visible()
    phone.at.click("[data-phone=wechat]")
    phone.see("#wechat .wx-bar")
    assert not phone.at.locator("#mini").is_visible()
    assert phone.at.evaluate("document.documentElement.scrollWidth") == 390
    phone.picture("narrow")


def test_two_people_see_their_own_money_and_their_own_messages(phone):
    first = phone.arrive()
    phone.pay_with_wechat(10_000)
    phone.arrive()
    phone.has_fen("available", 0)
    phone.at.select_option("#person", first)
    phone.has_fen("principal", 10_000)


def test_the_menu_answers_and_unfollowing_ends_the_conversation(phone):
    phone.arrive()
    phone.act("follow")
    menu = phone.see(".wx-menu")
    with phone.at.expect_response(
        lambda answer: answer.url.endswith("/official/menu") and answer.request.method == "POST"
    ):
        menu.locator("button").first.click()
    phone.see(".bubble:has-text('可用余额')")
    phone.act("about")
    phone.act("unfollow")
    phone.see(".wx-foot.lone")


def test_a_threshold_can_be_set_by_keyboard_alone(phone):
    phone.arrive()
    phone.tab("me")
    phone.at.locator("[data-act=threshold]").focus()
    phone.at.keyboard.press("Enter")
    phone.see("[name=threshold]")
    assert phone.at.evaluate("document.activeElement.name") == "threshold"
    phone.at.keyboard.press("Control+A")
    phone.at.keyboard.type("88.5")
    phone.act("save-threshold")
    phone.answer_messages("reject")
    phone.see(".me-row:has-text('88.50')")


def test_everything_on_the_way_is_accessible(open_phone):
    phone = open_phone(still=True)
    phone.arrive()
    phone.accessible()
    phone.act("follow")
    phone.top_up(20_000)
    phone.see(".cashier")
    phone.accessible()
    phone.act("pay")
    phone.see(".outcome-card[data-state=credited]")
    phone.accessible()
    phone.act("done")
    phone.see(".ask-messages")
    phone.accessible()
    phone.answer_messages("allow")
    phone.tab("mall")
    phone.see(".product")
    phone.accessible()
    phone.at.locator(".product").first.click()
    phone.see(".gallery img")
    phone.accessible()
    phone.act("into-cart")
    phone.see(".cart-button .dot")
    phone.at.locator(".product").first.click()
    phone.act("order")
    phone.see("[data-act=place-order]")
    phone.accessible()
    phone.at.click("[data-way=later]")
    phone.act("place-order")
    phone.see("[data-act=pay-order]")
    phone.accessible()
    phone.act("back")
    phone.tab("plans")
    phone.see(".plan-card.offer")
    phone.accessible()
    phone.act("subscribe")
    phone.see("[data-act=confirm-plan]")
    phone.accessible()
    phone.at.keyboard.press("Escape")
    phone.tab("me")
    phone.act("messages")
    phone.see(".segments")
    phone.accessible()
    phone.at.click("[data-side=shop]")
    phone.see(".row.message")
    phone.at.click("#wechat .wx-back")
    phone.accessible()
    phone.at.click("[data-place=receipts]")
    phone.accessible()


def test_the_narrow_page_is_accessible(open_phone):
    phone = open_phone(width=390, height=844, still=True)
    phone.accessible()
    phone.at.click("[data-phone=wechat]")
    phone.accessible()
