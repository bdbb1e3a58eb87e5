"""The pages about money that are written by hand open, tell what there is, and offer only what can be done."""

from billing import payments, vouchers
from console import raw
from core import db as database
from tests import factories
from tests.billing import remitting
from tests.billing.test_vouchers import picture, submitted
from tests.console.test_deciding import form_of


async def test_a_voucher_has_its_image_beside_the_form_and_is_confirmed_once(hired):
    browser = await hired()
    customer = await factories.customer()
    older = await submitted(customer.id, image=picture())
    voucher = await submitted((await factories.customer(name="小张")).id, 5_000, image=picture())
    page = await browser.get(f"/vouchers/{voucher.voucher_no}")
    assert f"/console/vouchers/{voucher.voucher_no}/image" in page.text
    assert "同一张图片以前提交过" in page.words and older.voucher_no in page.words
    address, hidden = form_of(page, "vouchers_confirm")
    said = {**hidden, "amount_fen": "49.00", "reference": "B-1"}
    for _ in range(2):
        after = await browser.post(address, said)
        assert after.url.endswith(voucher.voucher_no), after.words
    assert form_of(after, "vouchers_confirm")[0] is None
    confirmed = await vouchers.get(voucher.voucher_no)
    assert (confirmed.state, await factories.balance(confirmed.customer_id)) == ("confirmed", (4_900, 0))


async def test_a_payment_shows_its_notifications_with_secrets_masked_and_can_be_asked_about(world, hired):
    phone = await world.arrive()
    made = await phone.top_up(amount_fen=100)
    await phone.pay(made.body["payment"])
    await world.quiet()
    browser = await hired()
    number = made.body["payment"]["payment_no"]
    signature = await database.fetchval("SELECT headers->>'Wechatpay-Signature' FROM channel_notice")
    page = await browser.get(f"/payments/{number}")
    assert '"event_type": "TRANSACTION.SUCCESS"' in page.words
    assert "Wechatpay-Signature" in page.words and signature not in page.text
    address, hidden = form_of(page, "payments_ask")
    assert (await browser.post(address, hidden)).url.endswith(number)


def test_what_channels_send_is_shown_without_what_is_secret_in_it():
    form = raw.body(
        "sign=abcdefghijklmnop&buyer_id=2088001122334455&fund_bill_list=%5B%7B%22amount%22%3A%221.00%22%7D%5D"
    )
    assert "abcdefghijklmnop" not in form and "2088001122334455" not in form and '"amount": "1.00"' in form
    assert raw.body('{"resource": {"ciphertext": "0123456789abcdef"}}').count("0123…") == 1
    assert raw.body("\\x00 not a form") == "\\x00 not a form"


async def test_money_that_was_set_aside_offers_its_four_endings_until_one_is_chosen(hired):
    browser = await hired()
    customer = await factories.customer()
    started = await factories.top_up(customer.id, 1_000)
    assert await payments.confirm(factories.trade(started, amount_fen=900)) == "quarantined"
    number = await database.fetchval("SELECT id FROM quarantine")
    page = await browser.get(f"/quarantine/{number}")
    assert "与应付金额不符" in page.words
    for ending in ("credit", "send_back", "pay_out", "close"):
        assert form_of(page, f"quarantine_{ending}")[0], ending
    address, hidden = form_of(page, "quarantine_credit")
    said = {**hidden, "customer_id": str(customer.id), "reason": "已核对"}
    after = await browser.post(address, said)
    assert "现在没有要做的" in after.words, after.words
    assert await factories.balance(customer.id) == (900, 0)


async def test_a_refund_offers_only_the_steps_of_its_state(db, hired):
    channel, customer = remitting.Payouts(), await remitting.known_customer(20_000)
    number = await remitting.at_counter(channel, customer, 5_000)
    browser = await hired()
    page = await browser.get(f"/refunds/{number}")
    assert form_of(page, "refunds_paid_out")[0] and form_of(page, "remittances_of_refund")[0]
    for other in ("approve", "reject", "to_balance", "to_counter", "to_card", "retry"):
        assert f"/do/refunds_{other}" not in page.text, other
    address, hidden = form_of(page, "refunds_paid_out")
    after = await browser.post(address, hidden)
    assert "已全部退到" in after.words and "/do/refunds_paid_out" not in after.text
    sent = (
        await remitting.of_refund(channel, await remitting.at_counter(channel, customer, 1_000))
    ).remittance_no
    assert form_of(await browser.get(f"/remittances/{sent}"), "remittances_cancel")[0]
