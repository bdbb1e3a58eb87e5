"""Alibaba Cloud SMS: the published signatures, the vendor's SDK beside ours, and a stand-in that checks what it is sent."""

import asyncio
from datetime import UTC, datetime, timedelta, timezone
from types import SimpleNamespace

import pytest
from alibabacloud_dysmsapi20170525.client import Client
from alibabacloud_dysmsapi20170525.models import QuerySendDetailsRequest, SendSmsRequest
from alibabacloud_tea_openapi.utils import Utils
from alibabacloud_tea_openapi.utils_models import Config

from core import clock
from gateways import sms
from gateways.sms import signing

BEIJING = timezone(timedelta(hours=8))
TEXT = sms.Text("13800000001", "一盏茶", "SMS_1001", {"balance": "42.00元", "amount": "50.00元"}, "yucun-1")


@pytest.mark.parametrize(
    ("at", "nonce", "signature"),
    [  # the examples of "V3版本请求体&签名机制", with the page's key YourAccessKeyId / YourAccessKeySecret
        (datetime(2023, 10, 26, 10, 22, 32, tzinfo=UTC), "3156853299f313e23d1673dc12e1703d",
         "06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0"),
        (datetime(2023, 10, 26, 9, 1, 1, tzinfo=UTC), "d410180a5abf7fe235dd9b74aca91fc0",
         "e521358f7776c97df52e6b2891a8bc73026794a071b50c3323388c4e0df64804"),
    ],
)  # fmt: skip
def test_the_published_examples_are_signed_as_published(at, nonce, signature):
    made = signing.headers(
        host="ecs.cn-shanghai.aliyuncs.com", action="RunInstances", version="2014-05-26",
        query={"RegionId": "cn-shanghai", "ImageId": "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd"},
        key_id="YourAccessKeyId", secret="YourAccessKeySecret", at=at, nonce=nonce,
    )  # fmt: skip
    assert made["Authorization"].endswith(f"Signature={signature}")


def test_whatever_is_signed_the_vendors_sdk_signs_the_same():
    query = {
        "TemplateParam": '{"名":"a b+c~*\'()&=/"}',
        "SignName": "一盏茶",
        "Z": "",
        "a": "1",
        "PhoneNumbers": "+85290000000",
    }
    made = signing.headers(
        host="dysmsapi.aliyuncs.com", action="SendSms", version="2017-05-25", query=query, key_id="ak",
        secret="sk", at=datetime(2026, 11, 25, tzinfo=UTC),
    )  # fmt: skip
    signed = {name: value for name, value in made.items() if name not in ("Authorization", "Accept")}
    request = SimpleNamespace(method="POST", pathname="/", query=query, headers=signed)
    theirs = Utils.get_authorization(request, "ACS3-HMAC-SHA256", made["x-acs-content-sha256"], "ak", "sk")
    assert made["Authorization"] == theirs


@pytest.fixture
async def stand_in(start_sandbox):
    return await start_sandbox()


@pytest.fixture
async def provider(stand_in):
    account = sms.Settings(stand_in.credentials.sms_key_id, stand_in.credentials.sms_secret, stand_in.sms_url)
    client = sms.Aliyun(account, total_timeout_s=10.0)
    await client.open()
    yield client
    await client.close()


def today():
    return clock.now().astimezone(BEIJING).date()


async def test_a_message_is_sent_and_found_by_our_reference(stand_in, provider):
    number = await provider.send(TEXT)
    (message,) = stand_in.sms.all()
    assert (
        message.biz_id == number
        and message.content == "【一盏茶】您的可用余额只剩42.00元，已低于50.00元，请及时充值。"
    )
    assert await provider.find(TEXT.phone, today(), "yucun-1") == sms.Found("delivered")
    assert await provider.find(TEXT.phone, today(), "yucun-2") is None
    for nth in range(60):
        stand_in.sms._messages.put(
            f"x{nth}", type(message)(**{**vars(message), "out_id": f"yucun-{nth + 10}"})
        )
    assert await provider.find(TEXT.phone, today(), "yucun-69") == sms.Found("delivered"), (
        "on the second page"
    )


async def test_the_vendors_sdk_is_let_in_by_the_same_stand_in(stand_in):
    given = stand_in.credentials
    config = Config(
        access_key_id=given.sms_key_id, access_key_secret=given.sms_secret, protocol="HTTP",
        endpoint=stand_in.sms_url.removeprefix("http://"),
    )  # fmt: skip
    client = Client(config)
    request = SendSmsRequest(
        phone_numbers="13800000009", sign_name="一盏茶", template_code="SMS_1001",
        template_param='{"balance":"1.00元","amount":"2.00元"}', out_id="theirs",
    )  # fmt: skip
    answer = await asyncio.to_thread(client.send_sms, request)
    assert answer.body.code == "OK" and answer.body.biz_id
    asked = QuerySendDetailsRequest(
        phone_number="13800000009", send_date=f"{today():%Y%m%d}", page_size=10, current_page=1
    )
    details = await asyncio.to_thread(client.query_send_details, asked)
    (row,) = details.body.sms_send_detail_dtos.sms_send_detail_dto
    assert (row.out_id, row.send_status) == ("theirs", 3)


@pytest.mark.parametrize(
    ("change", "code", "is_number"),
    [
        ({"phone": "12"}, "isv.MOBILE_NUMBER_ILLEGAL", True),
        ({"sign_name": "别家"}, "isv.SMS_SIGNATURE_ILLEGAL", False),
        ({"template_code": "SMS_9"}, "isv.SMS_TEMPLATE_ILLEGAL", False),
        ({"params": {"balance": "1"}}, "isv.TEMPLATE_MISSING_PARAMETERS", False),
        ({"params": {"balance": "1" * 36, "amount": "2"}}, "isv.PARAM_LENGTH_LIMIT", False),
    ],
)
async def test_what_the_service_refuses_is_for_good(stand_in, provider, change, code, is_number):
    fields = {name: getattr(TEXT, name) for name in TEXT.__slots__}
    with pytest.raises(sms.SmsRefused) as refused:
        await provider.send(sms.Text(**{**fields, **change}))
    assert (refused.value.code, refused.value.is_number) == (code, is_number)
    assert stand_in.sms.all() == []


@pytest.mark.parametrize(
    ("do", "raised", "maybe", "sent"),
    [
        ("code:isv.BUSINESS_LIMIT_CONTROL", sms.Shortage, None, 0),
        ("code:isv.DAY_LIMIT_CONTROL", sms.Shortage, None, 0),
        ("code:isv.OUT_OF_SERVICE", sms.Shortage, None, 0),
        ("code:isp.SYSTEM_ERROR", sms.SmsUnknown, True, 0),
        ("429", sms.Shortage, None, 0),
        ("500_before", sms.SmsUnknown, True, 0),
        ("500_after", sms.SmsUnknown, True, 1),
        ("drop_before", sms.SmsUnknown, True, 0),
        ("drop_connection", sms.SmsUnknown, True, 1),
        ("garbage", sms.SmsUnknown, True, 1),
    ],
)
async def test_what_is_not_known_is_not_taken_for_refused(stand_in, provider, do, raised, maybe, sent):
    stand_in.world.faults.add({"op": "sms.send", "do": do})
    with pytest.raises(raised) as fault:
        await provider.send(TEXT)
    assert maybe is None or fault.value.maybe_executed is maybe
    assert len(stand_in.sms.all()) == sent


async def test_nobody_at_the_address_is_certainly_not_sent():
    client = sms.Aliyun(sms.Settings("ak", "sk", "http://127.0.0.1:9"))
    await client.open()
    with pytest.raises(sms.SmsUnknown) as unknown:
        await client.send(TEXT)
    await client.close()
    assert unknown.value.maybe_executed is False


async def test_the_stand_in_lets_nobody_in_who_does_not_sign_right(stand_in):
    given = stand_in.credentials
    for key_id, secret, code in (
        ("somebody", given.sms_secret, "InvalidAccessKeyId.NotFound"),
        (given.sms_key_id, "wrong", "SignatureDoesNotMatch"),
    ):
        client = sms.Aliyun(sms.Settings(key_id, secret, stand_in.sms_url))
        await client.open()
        with pytest.raises(sms.SmsRefused) as refused:
            await client.send(TEXT)
        assert refused.value.code == code
        await client.close()
    clock.set_offset(timedelta(hours=1))
    client = sms.Aliyun(sms.Settings(given.sms_key_id, given.sms_secret, stand_in.sms_url))
    await client.open()
    with pytest.raises(sms.Shortage):
        await client.send(TEXT)
    await client.close()
    assert stand_in.sms.all() == []
