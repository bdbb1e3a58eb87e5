"""Bills of the channels, read: what real files look like, and what hostile ones try."""

import base64
import gzip
import json
from datetime import date
from pathlib import Path

import bill_files
import pytest
from bill_files import DAY, Row

from gateways import bills
from gateways.bills import files

VECTORS = Path(__file__).parents[1] / "vectors"
MERCHANTS = {"wechat_pay": "1900000001", "alipay": "2088000000000000"}


@pytest.fixture
def read(tmp_path):
    def reading(channel, content, *, kind=bills.trades, day=DAY, merchant_id=None, **limits):
        path = tmp_path / "bill"
        path.write_bytes(content)
        expected = bills.Expected(merchant_id or MERCHANTS[channel], day, **limits)
        with kind(channel, path, expected) as bill:
            return [row for batch in bill.batches() for row in batch], bill.totals

    return reading


def vector(number):
    return json.loads((VECTORS / "wechatpay_tradebill_samples.json").read_text())["cases"][number]["text"]


PAID = Row("P1", 600, fee_milli=4000)
BACK = Row("P1", 250, refund_no="R1_1", fee_milli=-1500)


def test_the_bill_of_2014_is_read_with_its_wide_colons_and_without_refund_numbers(read):
    rows, totals = read("wechat_pay", vector(1).encode(), day=date(2014, 11, 10), merchant_id="10000100")
    assert [row.payment_no for row in rows] == ["1415640626", "1415635270"]
    assert rows[0].at == "2014-11-10 16:33:45"
    assert (totals.payments, totals.payment_fen, totals.fee_milli) == (2, 2, 0)


@pytest.mark.parametrize(
    ("number", "day", "merchant_id"), [(0, date(2019, 7, 25), "XXXXXXXX"), (2, date(2019, 7, 23), "XXX")]
)
def test_published_samples_are_read_once_their_sums_are_those_of_their_rows(read, number, day, merchant_id):
    """The published samples are cut out of longer files; their sums are of rows that are not there."""
    text = vector(number)
    with pytest.raises(bills.BillUnreadable) as refused:
        read("wechat_pay", text.encode(), day=day, merchant_id=merchant_id)
    assert refused.value.reason == "summary"
    lines = text.rstrip("\n").split("\n")
    row, names = lines[1].lstrip("`").split(",`"), lines[0].split(",")
    amount, fee = row[names.index("订单金额")], row[names.index("手续费")]
    mended = "\n".join([*lines[:-1], f"`1,`{amount},`0.00,`0.00,`{fee},`{amount},`0.00"])
    rows, totals = read("wechat_pay", mended.encode(), day=day, merchant_id=merchant_id)
    assert len(rows) == totals.payments == 1
    if number == 0:
        assert (rows[0].amount_fen, rows[0].fee_milli) == (600, 4000)


def test_a_refund_bill_with_its_two_more_columns_is_read(read):
    lines = vector(3).split("\n")
    mended = "\n".join([*lines[:2], lines[2], "`1,`0.00,`0.01,`0.00,`0.00000,`0.00,`0.01"])
    rows, totals = read("wechat_pay", mended.encode(), day=date(2019, 7, 23), merchant_id="xxx")
    assert [(row.kind, row.amount_fen, row.state) for row in rows] == [("refund", 1, "paid_back")]
    assert (totals.refunds, totals.refund_fen) == (1, 1)


def test_payments_refunds_and_fees_come_in_exact_amounts(read):
    rows, totals = read("wechat_pay", bill_files.wechat([PAID, BACK], bom=True))
    assert [(row.kind, row.payment_no, row.refund_no, row.amount_fen, row.fee_milli) for row in rows] == [
        ("payment", "P1", "", 600, 4000), ("refund", "P1", "R1_1", 250, -1500),
    ]  # fmt: skip
    assert (totals.payments, totals.payment_fen, totals.refunds, totals.refund_fen, totals.fee_milli) == (
        1,
        600,
        1,
        250,
        2500,
    )


def test_columns_are_found_by_name_in_any_order(read):
    columns = ",".join(reversed(bill_files.WECHAT_COLUMNS.split(",")))
    usual, _ = read("wechat_pay", bill_files.wechat([PAID, BACK]))
    assert read("wechat_pay", bill_files.wechat([PAID, BACK], columns=columns))[0] == usual


@pytest.mark.parametrize("title", ["茶,杯,`", "a,`b,`c", "=cmd|'/c calc'!A1", "逗号,里,`", '引"号'])
def test_what_people_write_into_names_does_not_move_the_columns(read, title):
    rows, _ = read("wechat_pay", bill_files.wechat([Row("P1", 600, title=title, fee_milli=4000)]))
    assert (rows[0].payment_no, rows[0].amount_fen, rows[0].fee_milli) == ("P1", 600, 4000)


@pytest.mark.parametrize("title", ["茶,杯", "a,b,c"])
def test_the_same_at_alipay(read, title):
    rows, _ = read("alipay", bill_files.alipay([Row("P1", 600, title=title, fee_milli=4000)]))
    assert (rows[0].payment_no, rows[0].amount_fen, rows[0].fee_milli) == ("P1", 600, 4000)


def test_a_packed_bill_and_one_in_gbk_are_the_same_bill(read):
    content = bill_files.wechat([PAID, BACK])
    usual = read("wechat_pay", content)
    assert read("wechat_pay", gzip.compress(content)) == usual
    assert read("wechat_pay", content.decode().encode("gb18030")) == usual


def test_an_alipay_archive_with_names_in_gbk_is_read(read):
    known = json.loads((VECTORS / "alipay_bill_selfmade.json").read_text())
    rows, totals = read("alipay", base64.b64decode(known["trade_zip_base64"]), day=date(2026, 6, 5))
    assert [(row.kind, row.payment_no, row.refund_no, row.amount_fen, row.fee_milli) for row in rows] == [
        ("payment", "TOPUP0001", "", 5_000, 30_000), ("refund", "TOPUP0001", "RFD0001", 2_000, -12_000),
    ]  # fmt: skip
    assert totals.fee_milli == 18_000
    assert read("alipay", base64.b64decode(known["trade_csv_gbk_base64"]), day=date(2026, 6, 5))[0] == rows


def test_a_positive_sign_makes_no_payment_of_a_refund_at_alipay(read):
    text = bill_files.alipay_text([PAID, BACK]).replace("-2.50", "2.50")
    rows, _ = read("alipay", text.encode("gbk"))
    assert [(row.kind, row.amount_fen) for row in rows] == [("payment", 600), ("refund", 250)]


def test_movements_of_the_account_are_read(read):
    known = json.loads((VECTORS / "alipay_bill_selfmade.json").read_text())["signcustomer_csv_text"]
    rows, totals = read("alipay", known.encode("gbk"), kind=bills.funds, day=date(2026, 6, 5))
    assert [row.amount_fen for row in rows] == [5_000, -2_000]
    names = "记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额（元）,账户结余（元）,资金变更提交申请人,备注,业务凭证号"
    text = (
        f"{names}\n`{DAY} 12:00:00,`42P1,`F1,`交易,`交易,`收入,`6.00,`6.00,`system,`缺省,`\n"
        f"`{DAY} 12:00:01,`42P1,`F2,`扣除交易手续费,`扣除交易手续费,`支出,`0.04,`5.96,`system,`结算总金额:6.00 元;手续费:0.04 元,`\n"
        "资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额\n`2,`1,`6.00,`1,`0.04\n"
    )
    rows, totals = read("wechat_pay", text.encode(), kind=bills.funds)
    assert (totals.income_fen, totals.out_fen, totals.fee_fen) == (600, 4, 4)
    with pytest.raises(bills.BillUnreadable, match="summary"):
        read("wechat_pay", text.replace("`0.04\n", "`0.05\n").encode(), kind=bills.funds)


@pytest.mark.parametrize(
    ("group", "kind", "fen", "movement"),
    [
        ("交易", "交易", 600, "payment"),
        ("交易", "扣除交易手续费", -4, "fee"),
        ("退款", "退款", -250, "refund"),
        ("退款", "退款关闭", 250, "refund"),
        ("退款", "退还交易手续费", 2, "fee"),
        ("充值/提现", "提现", -100, "withdrawal"),
        ("充值/提现", "充值", 100, "other"),
        ("企业付款", "企业付款到零钱", -100, "transfer"),
        ("商家转账", "商家转账", -100, "transfer"),
        ("分账", "分账", -100, "other"),
        ("代金券/立减/折扣", "代金券", -100, "other"),
    ],
)
def test_why_money_moved_is_read_from_what_wechat_pay_calls_it(read, group, kind, fen, movement):
    content = bill_files.wechat_funds([(kind, fen)], 1_000, group=group)
    rows, totals = read("wechat_pay", content, kind=bills.funds)
    assert [(row.kind, row.movement, row.amount_fen) for row in rows] == [(kind, movement, fen)]
    assert totals.moved == {movement: fen}


GOOD = bill_files.wechat([PAID, BACK])


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"<html>404</html>\n", "no_header"),
        (GOOD[: len(GOOD) // 2], "columns"),
        (GOOD[: GOOD.index("总交易单数".encode())], "cut_short"),
        (GOOD[: GOOD.rindex(b",`")], "cut_short"),
        (GOOD + GOOD.split(b"\r\n")[1] + b"\r\n", "after_the_end"),
        (bill_files.wechat([PAID], sums=["1", "6.00", "0.00", "0.00", "0.04000", "6.01", "0.00"]), "summary"),
        (bill_files.wechat([PAID], sums=["2", "6.00", "0.00", "0.00", "0.04000", "6.00", "0.00"]), "summary"),
        (bill_files.wechat([PAID], sums=["1", "6.00", "0.00", "0.00", "0.05000", "6.00", "0.00"]), "summary"),
        (bill_files.wechat([Row("P1", 600, merchant_id="1900000002")]), "other_merchant"),
        (bill_files.wechat([Row("P1", 600, at="2026-11-23 12:00:00")]), "other_day"),
        (bill_files.wechat([Row("P1", 600, at="2026-11-24 25:00:00")]), "time"),
        (GOOD.replace(b"`6.00", b"`6.001"), "amount"),
        (GOOD.replace(b"`6.00", b"`=6+0"), "amount"),
        (GOOD.replace(b"`6.00", b"`1e3"), "amount"),
        (GOOD.replace(b"`6.00", "`６.00".encode()), "amount"),
        (GOOD.replace(b"`CNY", b"`USD"), "currency"),
        (GOOD.replace(b"`42P1", b"`4.2E+27"), "number"),
        (GOOD.replace(b"`42P1", b"`" + b"4" * 65), "number"),
        (GOOD.replace(b"`42P1", b"`42P\t1"), "number"),
        (GOOD.replace(b"`42P1", b"`42P\x001"), "encoding"),
        (GOOD.replace("商户订单号".encode(), "没有的列".encode()), "columns"),
        (b"PK\x03\x04 and then nothing", "archive"),
        (gzip.compress(GOOD, mtime=0)[:-20], "archive"),
        (b"`" * (files.MAX_LINE * 8), "line_too_long"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_what_is_no_whole_bill_of_ours_is_refused_with_its_reason(read, content, reason):
    with pytest.raises(bills.BillUnreadable) as refused:
        read("wechat_pay", content)
    assert refused.value.reason == reason


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (bill_files.alipay([PAID], account="20880000000000010156"), "other_merchant"),
        (bill_files.alipay([PAID], day=date(2026, 11, 23)), "other_day"),
        (bill_files.alipay([PAID], totals=(2, 0)), "summary"),
        (bill_files.alipay_text([PAID]).split("#交易合计")[0].split("#----")[0].encode("gbk"), "no_header"),
        (bill_files.alipay_text([PAID]).rsplit("#---", 1)[0].encode("gbk"), "cut_short"),
        (bill_files.zipped({"业务明细": "x", "业务明细2": "y"}), "archive"),
        (bill_files.zipped({"别的": "x"}), "archive"),
    ],
)
def test_the_same_for_alipay(read, content, reason):
    with pytest.raises(bills.BillUnreadable) as refused:
        read("alipay", content)
    assert refused.value.reason == reason


def test_a_file_beyond_its_limits_is_given_up_without_being_read_to_its_end(read):
    many = bill_files.wechat([Row(f"P{n}", 100) for n in range(2_000)])
    with pytest.raises(bills.BillUnreadable, match="too_many_rows"):
        read("wechat_pay", many, max_rows=100)
    with pytest.raises(bills.BillUnreadable, match="too_large"):
        read("wechat_pay", gzip.compress(b"`" + many * 50), max_bytes=len(many))
    with pytest.raises(bills.BillUnreadable, match="too_large"):
        read("alipay", bill_files.zipped({"业务明细": "#00000000\n" * 300_000}), max_bytes=1_000_000)


def test_the_line_that_is_wrong_is_named(read):
    content = bill_files.wechat([PAID, Row("P2", 1, at="2026-11-24 12:61:00")])
    with pytest.raises(bills.BillUnreadable) as refused:
        read("wechat_pay", content)
    assert (refused.value.line_no, refused.value.found) == (3, "2026-11-24 12:61:00")


def test_a_long_bill_is_read_in_bounded_memory(tmp_path):
    """Ten times the rows take no more memory: a piece of the file at a time."""
    import tracemalloc

    peaks = []
    for count in (4_000, 40_000):
        path = tmp_path / "bill"
        path.write_bytes(bill_files.wechat([Row(f"P{n}", 100 + n, fee_milli=n) for n in range(count)]))
        tracemalloc.start()
        with bills.trades("wechat_pay", path, bills.Expected(MERCHANTS["wechat_pay"], DAY)) as bill:
            assert sum(len(batch) for batch in bill.batches()) == count
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 12_000_000, "what is remembered of amounts has a limit of its own"
