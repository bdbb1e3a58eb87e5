"""One customer through the whole main job, as a person does it on the phone page, against everything for real."""

from __future__ import annotations


def test_a_customer_tops_up_orders_asks_subscribes_is_reminded_owes_and_settles(phone, demo):
    person = phone.arrive()
    _follows_and_tops_up_with_a_package(phone)
    left_fen = 23_000 - _orders_and_pays_from_the_balance(phone)
    _asks_in_the_chat(phone, left_fen)
    fee_fen = _subscribes_to_a_monthly_plan(phone)

    # its first period is deducted by the clock
    phone.tab("home")
    left_fen -= fee_fen
    phone.has_fen("available", left_fen)
    assert demo.notices(person, "low_balance") == []

    left_fen -= fee_fen
    _is_reminded_after_a_month(phone, demo, person, left_fen)
    _owes_after_another_month(phone, demo, person, left_fen)
    left_fen += 23_000 - fee_fen
    _settles_it_by_alipay(phone, left_fen)
    _was_told_everything_once(phone, demo, person)
    demo.prove()


def _follows_and_tops_up_with_a_package(phone):
    """By WeChat Pay; the money and its bonus are there, and the account tells so."""
    phone.act("follow")
    phone.see(".log .line.theirs .bubble:not(.waiting)")
    phone.pay_with_wechat(20_000)
    phone.picture("main-1-credited")
    phone.act("done")
    phone.answer_messages("allow")
    phone.has_fen("principal", 20_000)
    phone.has_fen("bonus", 3_000)
    phone.has_fen("available", 23_000)


def _orders_and_pays_from_the_balance(phone):
    """Returns the price."""
    phone.tab("mall")
    phone.at.locator(".product", has_text="冷泡茉莉花茶").click()
    phone.order()
    price_fen = _fen(phone.see(".total .money"))
    phone.act("pay-order")
    phone.see(".order-state[data-state=paid]")
    return price_fen


def _asks_in_the_chat(phone, left_fen):
    """And gets the true answer."""
    _ask_for_the_balance(phone, left_fen)
    phone.picture("main-2-chat")
    phone.act("back")


def _subscribes_to_a_monthly_plan(phone):
    """Not before agreeing to it. Returns what a period costs."""
    phone.tab("plans")
    offer = phone.at.locator(".plan-card.offer", has_text="/ 月").first
    fee_fen = _fen(offer.locator(".money"))
    offer.locator("[data-act=subscribe]").click()
    assert phone.see("[data-act=confirm-plan]").is_disabled()
    phone.at.click(".agree")
    phone.act("confirm-plan")
    phone.answer_messages("allow")
    phone.see(".plan-card.mine[data-state=active]")
    return fee_fen


def _is_reminded_after_a_month(phone, demo, person, left_fen):
    """The clock deducts again, and the balance falls below the threshold."""
    phone.act("month")
    assert 0 < left_fen < 5_000
    phone.see(".banner:has-text('余额不足提醒')")  # it does not stay
    phone.picture("main-3-low-balance")
    phone.has_fen("available", left_fen)
    phone.until(lambda: demo.notices(person, "low_balance"))


def _owes_after_another_month(phone, demo, person, left_fen):
    """The balance does not cover the payment: a due reminder, and it stays owed."""
    phone.act("month")
    phone.until(lambda: demo.notices(person, "payment_due"))
    phone.see(".owed-strip")
    phone.act("owed")
    phone.see(".bill-card[data-state=open]")
    phone.picture("main-4-owed")
    phone.act("back")
    phone.has_fen("available", left_fen)


def _settles_it_by_alipay(phone, left_fen):
    """A top-up by Alipay's code and its asynchronous notification pays what is owed; ``left_fen`` remain."""
    phone.top_up(20_000, "alipay")
    phone.see(".qr")
    phone.picture("main-5-alipay")
    phone.act("scan")
    phone.see(".cashier.alipay")
    phone.act("pay")
    phone.see(".outcome-card[data-state=credited]")
    phone.act("done")
    phone.answer_messages("allow")
    phone.has_fen("available", left_fen)
    phone.at.locator(".owed-strip").wait_for(state="detached")
    _ask_for_the_balance(phone, left_fen)
    phone.picture("main-6-settled")


def _was_told_everything_once(phone, demo, person):
    """What was promised once came once, and the messages page shows what the platform delivered."""
    assert len(demo.notices(person, "low_balance")) == 1
    assert len(demo.notices(person, "payment_due")) == 1
    phone.tab("me")
    phone.act("messages")
    phone.see(".cards .notice[data-kind=payment_due]")
    assert phone.at.locator(".page .notice[data-kind=low_balance]").count() == 1
    assert {item["body"]["channel"] for item in demo.feed(person, "payment")} == {"wechat_pay", "alipay"}


def _fen(money):
    """The amount a money element shows."""
    return round(float(money.inner_text().replace("¥", "")) * 100)


def _ask_for_the_balance(phone, available_fen):
    """Writes 余额 in the chat; the newest answer must name the available balance."""
    answers = phone.at.locator("#wechat .line.theirs .bubble:not(.waiting)")
    if phone.at.locator(".wx-menu").count():
        phone.act("flip")

    def answer():
        before = answers.count()
        phone.at.fill("#wechat .say input", "余额")
        phone.at.keyboard.press("Enter")
        return phone.until(lambda: next(filter(_is_answer, answers.all_inner_texts()[before:]), None))

    # who has only just followed is recognised a few seconds later, and told so until then
    said = phone.until(
        lambda: said if "还没认出" not in (said := answer()) else phone.at.wait_for_timeout(1500)
    )
    assert f"可用余额：{available_fen / 100:.2f} 元" in said


def _is_answer(text):
    """Whether a line of the shop's is an answer to the question; reminders may come in between."""
    return "可用余额：" in text or "还没认出" in text
