"""Confirming a phone number or an e-mail address: by a code, by WeChat's word, and nothing about money before."""

import asyncio
from datetime import timedelta

import pytest

from core import clock, words
from core import db as database
from gateways import sms, wechat
from gateways.wechat.platform import PlatformRefused, PlatformUnknown
from members import confirming, sign_in
from notifications import addresses, codes, delivery, kinds, wordings
from notifications.channels.email import CodesByMail
from notifications.channels.sms import ShortMessages
from sandbox.app import Sandbox, Settings
from tests import factories
from tests.notifications import messaging

PHONE = "13800000001"


class Sent:
    """Keeps what goes out; stands where a provider's adapter stands."""

    def __init__(self, *moods):
        self.moods, self.codes = list(moods), []

    async def send(self, address, code, *, minutes, locale, reference):
        if self.moods and (mood := self.moods.pop(0)) is not None:
            raise mood
        self.codes.append((address, code))


def asking(customer, client="192.0.2.1"):
    return confirming.Asking(customer.id, client, "zh-CN")


def later(**time):
    clock.set_offset(clock.offset() + timedelta(**time))


async def standing(customer):
    return [
        (one.channel, one.address, one.confirmed_at is not None) for one in await addresses.of(customer.id)
    ]


async def test_who_reads_the_code_has_the_address_and_the_code_is_kept_as_a_hash(db):
    customer, out = await factories.customer(), Sent()
    sent = await confirming.send({"sms": out}, asking(customer), "sms", "+86 138 0000 0001")
    ((address, code),) = out.codes
    assert address == sent.address == PHONE and len(code) == 6 and code.isdigit()
    assert await standing(customer) == [], "nothing is set before it is confirmed"
    row = await database.fetchrow("SELECT * FROM address_code")
    assert code not in str(dict(row)) and sent.ends_at - row["sent_at"] == timedelta(minutes=10)
    await confirming.confirm(customer.id, "sms", code, by="customer")
    await confirming.confirm(customer.id, "sms", code, by="customer")  # its answer was lost
    assert await standing(customer) == [("sms", PHONE, True)]
    with pytest.raises(confirming.CodeWrong):
        await confirming.confirm(customer.id, "sms", "000000" if code != "000000" else "1", by="customer")


def wrong(code):
    return f"{(int(code) + 1) % 10**6:06d}"


async def test_after_five_tries_nothing_helps_not_even_many_at_once(db):
    customer, out = await factories.customer(), Sent()
    await confirming.send({"sms": out}, asking(customer), "sms", PHONE)
    code = out.codes[0][1]
    tried = await asyncio.gather(
        *(confirming.confirm(customer.id, "sms", wrong(code), by="c") for _ in range(9)),
        return_exceptions=True,
    )
    assert [type(one).code for one in tried].count("address_code_wrong") == 4
    assert sorted(one.params["left"] for one in tried if type(one) is confirming.CodeWrong) == [1, 2, 3, 4]
    with pytest.raises(confirming.CodeTriedTooOften):
        await confirming.confirm(customer.id, "sms", code, by="c")
    assert await standing(customer) == []


async def test_a_code_is_over_after_ten_minutes_and_when_another_was_sent_or_none_was(db):
    customer, out = await factories.customer(), Sent()
    with pytest.raises(confirming.CodeOver):
        await confirming.confirm(customer.id, "email", "123456", by="c")
    await confirming.send({"sms": out}, asking(customer), "sms", PHONE)
    later(minutes=2)
    await confirming.send({"sms": out}, asking(customer), "sms", "13800000002")
    first, second = (code for _, code in out.codes)
    if first != second:
        with pytest.raises(confirming.CodeWrong):
            await confirming.confirm(customer.id, "sms", first, by="c")
    later(minutes=10)
    with pytest.raises(confirming.CodeOver):
        await confirming.confirm(customer.id, "sms", second, by="c")
    assert await standing(customer) == []


async def test_nobody_else_s_code_helps(db):
    mine, other, out = await factories.customer(), await factories.customer(), Sent()
    await confirming.send({"sms": out}, asking(mine), "sms", PHONE)
    with pytest.raises(confirming.CodeOver):
        await confirming.confirm(other.id, "sms", out.codes[0][1], by="c")
    with pytest.raises(confirming.CodeOver):
        await confirming.confirm(mine.id, "email", out.codes[0][1], by="c")


async def test_codes_are_limited_by_customer_by_address_and_by_place(db):
    customer, out = await factories.customer(), Sent()
    many = [confirming.send({"sms": out}, asking(customer), "sms", PHONE) for _ in range(4)]
    ends = await asyncio.gather(*many, return_exceptions=True)
    assert len(out.codes) == 1 and sum(isinstance(one, confirming.CodeTooOften) for one in ends) == 3
    assert 1 <= next(one for one in ends if isinstance(one, confirming.CodeTooOften)).params["wait_s"] <= 60
    for _ in range(4):
        later(minutes=1, seconds=1)
        await confirming.send({"sms": out}, asking(await factories.customer()), "sms", PHONE)
    later(minutes=2)
    with pytest.raises(confirming.CodeTooOften) as often:
        await confirming.send({"sms": out}, asking(await factories.customer()), "sms", PHONE)
    assert often.value.params["wait_s"] > 80_000, "five a day to one address"
    later(hours=2)
    for number in range(20):
        await confirming.send({"sms": out}, asking(await factories.customer()), "sms", f"139{number:08d}")
    with pytest.raises(confirming.CodeTooOften):
        await confirming.send({"sms": out}, asking(await factories.customer()), "sms", "13700000000")
    await confirming.send({"sms": out}, asking(await factories.customer(), "192.0.2.2"), "sms", "13700000000")


async def test_what_was_not_sent_is_said_and_cannot_be_entered(db):
    customer, out = await factories.customer(), Sent(codes.NotSent())
    with pytest.raises(confirming.CodeNotSent):
        await confirming.send({"sms": out}, asking(customer), "sms", PHONE)
    with pytest.raises(confirming.CodeOver):
        await confirming.confirm(customer.id, "sms", "123456", by="c")
    with pytest.raises(confirming.AddressNotConfirmable):
        await confirming.send({"sms": out}, asking(customer), "email", "a@example.com")
    with pytest.raises(addresses.AddressNotUsable):
        await confirming.send({"sms": out}, asking(customer), "sms", "12345")


@pytest.fixture
async def stand_in():
    sandbox = await Sandbox.start(Settings(time_scale=0.001))
    yield sandbox
    await sandbox.stop()


async def test_a_code_goes_out_by_the_provider(db, stand_in):
    given = stand_in.credentials
    client = sms.Aliyun(
        sms.Settings(given.sms_key_id, given.sms_secret, stand_in.sms_url), total_timeout_s=10.0
    )
    await client.open()
    senders = {"sms": codes.ByShortMessage(client, given.sms_sign_name, "SMS_1000")}
    customer = await factories.customer()
    await confirming.send(senders, asking(customer), "sms", PHONE)
    (message,) = stand_in.sms.all()
    code = message.content.split("为")[1][:6]
    await confirming.confirm(customer.id, "sms", code, by="c")
    assert await standing(customer) == [("sms", PHONE, True)]
    for do, refused in (
        ("code:isv.MOBILE_NUMBER_ILLEGAL", True),
        ("500_after", False),
        ("drop_connection", False),
    ):
        later(minutes=2)
        stand_in.world.clock.advance(120)
        stand_in.world.faults.add({"op": "sms.send", "do": do})
        ended = await asyncio.gather(
            confirming.send(senders, asking(customer), "sms", PHONE), return_exceptions=True
        )
        assert isinstance(ended[0], confirming.CodeNotSent) is refused, do
    await client.close()


async def test_a_code_goes_out_by_mail_in_the_customer_s_language(db):
    letters = []

    class Box:
        async def send(self, letter):
            letters.append(letter)
            return "250 OK"

    customer = await factories.customer()
    for locale in words.LOCALES:
        await confirming.send(
            {"email": CodesByMail(Box(), "一盏茶")},
            confirming.Asking(customer.id, "::1", locale),
            "email",
            "A@Example.com",
        )
        later(minutes=1, seconds=1)
    first, second = letters
    assert "验证码" in first.subject and "10 分钟" in first.body and "Your code" in second.subject
    code = second.body.split("code is ")[1][:6]
    await confirming.confirm(customer.id, "email", code, by="c")
    assert await standing(customer) == [("email", "A@example.com", True)]


async def test_the_number_wechat_has_counts_as_confirmed(db, stand_in):
    given, person = stand_in.credentials, stand_in.world.people.arrive()
    async with wechat.Platform(stand_in.platform_url) as api:
        account = wechat.Account(given.mini_app_id, given.mini_app_secret)
        mini = wechat.MiniProgram(account, api, wechat.AccessTokens(account, api))
        customer = await factories.customer()
        code = stand_in.platform.login.new_phone_code(person)
        await confirming.by_wechat(mini, customer.id, code, by="c")
        assert await standing(customer) == [("sms", "13900000001", True)]
        with pytest.raises(confirming.PhoneCodeRefused):
            await confirming.by_wechat(mini, customer.id, code, by="c")
        stand_in.world.faults.add({"op": "platform.phone_number", "do": "500_after"})
        with pytest.raises(sign_in.WeChatUnavailable):
            await confirming.by_wechat(
                mini, customer.id, stand_in.platform.login.new_phone_code(person), by="c"
            )


@pytest.mark.parametrize(
    ("mood", "refusal"),
    [
        (PlatformRefused(40029, "invalid code"), confirming.PhoneCodeRefused),
        (PlatformUnknown("?"), sign_in.WeChatUnavailable),
    ],
)
async def test_what_wechat_says_instead_of_a_number(db, mood, refusal):
    class Platform:
        async def phone_number(self, code):
            raise mood

    with pytest.raises(refusal):
        await confirming.by_wechat(Platform(), (await factories.customer()).id, "x", by="c")


async def test_an_address_nobody_confirmed_gets_no_message_with_money_in_it(db, stand_in):
    given = stand_in.credentials
    client = sms.Aliyun(
        sms.Settings(given.sms_key_id, given.sms_secret, stand_in.sms_url), total_timeout_s=10.0
    )
    await client.open()
    post = messaging.Sender().post(ShortMessages(client, given.sms_sign_name))
    await wordings.save("low_balance", "sms", "zh-CN", {"template_code": "SMS_1001", "params": {"balance": "{balance}", "amount": "{amount}"}}, by="operator:1")  # fmt: skip
    customer, out = await factories.customer(), Sent()
    await addresses.put(customer.id, "sms", PHONE, by="operator:1")
    await messaging.told(customer, key="1")
    assert await delivery.run(post) == {"inbox": 1} and stand_in.sms.all() == []
    await confirming.send({"sms": out}, asking(customer), "sms", PHONE)
    await confirming.confirm(customer.id, "sms", out.codes[0][1], by="c")
    await addresses.put(
        customer.id, "sms", PHONE, by="operator:1"
    )  # the same number once more stays confirmed
    await messaging.told(customer, key="2")
    assert await delivery.run(post) == {"sms": 1}
    await addresses.put(customer.id, "sms", "13800000002", by="operator:1")
    await messaging.told(customer, key="3")
    assert await delivery.run(post) == {"inbox": 1} and len(stand_in.sms.all()) == 1
    await client.close()


@pytest.mark.parametrize("kind", sorted(kinds.WITHOUT_MONEY))
@pytest.mark.parametrize("locale", words.LOCALES)
def test_what_may_go_to_an_address_nobody_confirmed_says_nothing_of_money(kind, locale):
    for part in ("title", "body", "tip"):
        assert "fen" not in words.say(f"messages.{kind}.{part}", locale) and words.has(
            f"messages.{kind}.{part}", locale
        )
    assert kinds.class_of(kind) == "marketing"
