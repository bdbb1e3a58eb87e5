"""Topping up by every way of paying that is open, wherever the customer says they are."""

import pytest

AMOUNT = "10"
AMOUNT_FEN = 1000


def top_up(phone, client, channel, method):
    """From the home page to the button that starts it."""
    phone.act("top-up")
    if client is not None:
        phone.where(client)
    phone.at.fill("input[name=amount]", AMOUNT)
    phone.at.click(f"[data-channel={channel}][data-method={method}]")
    if phone.at.locator(".agree").count():
        phone.at.click(".agree")


def credited(phone, times):
    phone.see(".outcome-card[data-state=credited]")
    phone.act("done")
    phone.answer_messages("reject")
    phone.has_fen("available", AMOUNT_FEN * times)


WAYS = [
    ("mobile_browser", "wechat_pay", "h5", ".cashier.wechat-pay"),
    ("mobile_browser", "alipay", "wap", ".cashier.alipay"),
    ("browser", "wechat_pay", "native", ".code-sheet"),
    ("browser", "alipay", "precreate", ".code-sheet"),
    ("browser", "alipay", "page", ".cashier.alipay"),
]


@pytest.mark.timeout(400)
def test_every_way_of_paying_in_browsers(phone):
    phone.arrive()
    for times, (client, channel, method, opens) in enumerate(WAYS, 1):
        top_up(phone, client, channel, method)
        phone.picture(f"methods-{client}-{channel}-{method}")
        phone.act("start-top-up")
        phone.see(opens)
        if opens == ".code-sheet":
            phone.picture(f"methods-code-{channel}")
            phone.act("scan")
            phone.see(f".cashier.{channel.replace('_', '-')}")
        phone.act("pay")
        credited(phone, times)
    phone.act("top-up")
    phone.where("h5_in_wechat")  # not yet: the account does not know who this is
    phone.see("[data-method=jsapi] input:disabled")
    phone.accessible()


def test_the_mini_program_in_alipay(phone):
    phone.arrive()
    phone.tab("me")
    phone.act("other-app")
    phone.see(".balance [data-part=available][data-fen='0']")
    top_up(phone, None, "alipay", "create")
    phone.picture("methods-alipay-mini-program")
    phone.act("start-top-up")
    phone.see(".cashier.alipay")
    phone.act("pay")
    phone.see(".outcome-card[data-state=credited]")
    phone.accessible()


def test_a_page_inside_wechat_needs_a_follower(phone):
    phone.arrive()
    phone.act("follow")
    phone.see(".log .line.theirs .bubble:not(.waiting)")
    phone.act("top-up")
    for _ in range(20):  # the worker finds out who the new follower is
        phone.where("mini_program")
        phone.where("h5_in_wechat")
        if phone.at.locator("[data-method=jsapi] input:enabled").count():
            break
        phone.at.wait_for_timeout(1000)
    phone.at.fill("input[name=amount]", AMOUNT)
    phone.at.click(".agree")
    phone.act("start-top-up")
    phone.see(".cashier.wechat-pay")
    phone.act("pay")
    phone.see(".outcome-card[data-state=credited]")
