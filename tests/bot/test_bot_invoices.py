"""开发票 in the chat: what there is to ask for, asking to the letter, and asking for too much or wrongly."""

import pytest

from billing import counter, invoices
from bot import invoices as asking
from core import db as database
from tests import factories


@pytest.mark.parametrize(
    ("text", "kind", "title", "tax_no", "email", "amount_fen", "locale"),
    [
        ("开发票 1234 个人 张三", "personal", "张三", None, None, None, "zh-CN"),
        ("开票1234  个人 张三 50元", "personal", "张三", None, None, 5_000, "zh-CN"),
        (
            "开发票 1234 公司 福州某某（福建）有限公司 91350100M000100Y43 12.5元 a@b.cn",
            "company", "福州某某（福建）有限公司", "91350100M000100Y43", "a@b.cn", 1_250, "zh-CN",
        ),
        ("Invoice 1234 company Tea & Sons Ltd 91350100m000100y43 ¥9.90", "company", "Tea & Sons Ltd", "91350100m000100y43", None, 990, "en"),
        ("invoice 1234 personal Zhang San", "personal", "Zhang San", None, None, None, "en"),
        ("开发票 1234 公司 某公司", "company", "某公司", None, None, None, "zh-CN"),
        ("开发票 1234 公司 91350100M000100Y43", "company", "91350100M000100Y43", None, None, None, "zh-CN"),
    ],
)  # fmt: skip
def test_a_request_is_read_to_the_letter(text, kind, title, tax_no, email, amount_fen, locale):
    wish, spoken = asking.asked(text)
    assert (wish._title, wish._amount_fen, spoken) == (
        invoices.Title(kind, title, tax_no, email),
        amount_fen,
        locale,
    )


@pytest.mark.parametrize(
    "text",
    [
        "开发票",
        "我要开发票",
        "开发票 1234",
        "开发票 1234 个人",
        "开发票 12345 个人 张三",
        "发票 1234 个人 张三",
        "",
    ],
)
def test_what_is_not_said_to_the_letter_asks_for_nothing(text):
    assert asking.asked(text) is None


async def test_an_invoice_is_asked_for_in_the_chat_and_noted_once(chats, join):
    phone, other = await join(chats), await join(chats)
    assert (await phone.ask("我要开发票")).startswith("目前没有可以开发票的款项")
    top_up = await factories.topped_up(phone.customer_id, 10_000, 1_000)
    bill_no = await factories.bill(phone.customer_id, 3_000)
    await counter.bill(1, bill_no, counter.Taking("cash", None), key=factories.key())
    answer = await phone.ask("开发票")
    code, of_bill = top_up.top_up_no[-4:], bill_no[-4:]
    assert (
        f"编号尾号 {code}，可开 100.00 元（预付卡，不征税）" in answer
        and f"「学费」，编号尾号 {of_bill}，可开 30.00 元" in answer
    )
    assert (
        await other.ask(f"开发票 {code} 个人 别人")
        == "没有可以开发票的款项：款项不存在、已退回、已开过，或是用余额付的（充值时已可开票）"
    )
    assert "税号不对" in await phone.ask(f"开发票 {code} 公司 某公司 91350100M000100Y44")
    assert "公司抬头需要税号" in await phone.ask(f"开发票 {code} 公司 某公司")
    assert "最长 100 字" in await phone.ask(f"开发票 {code} 个人 {'长' * 101}")
    assert await phone.ask(f"开发票 {code} 个人 张三 200元") == "超过可开票金额，最多还可开 100.00 元"
    noted = await phone.ask(f"开发票 {code} 公司 某公司（福建） 91350100m000100y43 40元 a@b.cn")
    assert (
        noted.startswith(
            "已登记：充值 40.00 元，抬头「某公司（福建）」，税号 91350100M000100Y43，申请编号 FP"
        )
        and "不再开票" in noted
    )
    assert (await phone.ask(f"invoice {of_bill} personal Zhang San")).startswith("Noted: ¥30.00 for")
    (last, first) = await invoices.page(customer_id=phone.customer_id)
    assert (first.email, first.door, first.state, last.amount_fen) == ("a@b.cn", "chat", "requested", 3_000)
    assert "up to ¥60.00, prepaid card" in await phone.ask("I need an invoice")
    assert await database.fetchval("SELECT count(*) FROM invoice_request") == 2
