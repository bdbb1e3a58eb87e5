"""Tables that people take away, read back as a spreadsheet reads them. Names and memos are not to be trusted."""

import csv
import io
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import openpyxl
import pytest
from openpyxl.utils.escape import unescape

from core import http as kit
from core import sheets
from core.http import downloads
from core.sheets import workbook as workbooks

HOSTILE = [
    *(
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        "＝1+1",
        "＋1",
        "－1",
        "＠A1",
        " =1",
        "\u200b=1",
    ),
    *("=cmd|' /C calc'!A0", '=HYPERLINK("http://x","y")', "-2+3", "+86 138", "@小林", "-", "="),
]
HARMLESS = [
    *(
        "小林",
        "a,b",
        'say "hi"',
        "two\nlines",
        "a=b",
        "1-1",
        "'=1",
        "http://example.com",
        "0012",
        "1e5",
        "TRUE",
    ),
    *("_x0041_", "\x01\x1f", "😀", "</c><f>1</f>", "&amp;", " padded "),
]
AT = datetime(2026, 10, 31, 16, 0, 1, tzinfo=UTC)
COLUMNS = [
    *(sheets.Column("文字", "text"), sheets.Column("个数", "count")),
    *(sheets.Column("金额", "yuan"), sheets.Column("时间", "moment")),
]


def sheet(*batches, title="表", columns=COLUMNS):
    async def given():
        for batch in batches:
            yield batch

    return sheets.Sheet(title, columns, given())


async def csv_of(one):
    raw = b"".join([piece async for piece in sheets.as_csv(one)])
    return raw, list(csv.reader(io.StringIO(raw.decode("utf-8-sig"), newline="")))


async def book_of(*given):
    with await sheets.as_xlsx(given) as file:
        return openpyxl.load_workbook(io.BytesIO(file.read()))


@pytest.mark.parametrize("text", HOSTILE)
async def test_text_that_begins_like_a_formula_is_kept_from_running_in_csv(text):
    _, rows = await csv_of(sheet([[text, None, None, None]]))
    assert rows[1][0] == f"'{text}"


@pytest.mark.parametrize("text", HARMLESS)
async def test_other_text_is_written_to_csv_as_it_is(text):
    _, rows = await csv_of(sheet([[text, None, None, None]]))
    assert rows[1][0] == text


async def test_numbers_stay_numbers_in_csv_whatever_their_sign():
    amounts = [-1, 0, 1, -12_345, 10**14, -(10**14)]
    raw, rows = await csv_of(sheet([[None, -3, fen, AT] for fen in amounts]))
    assert [row[2] for row in rows[1:]] == [
        *("-0.01", "0.00", "0.01", "-123.45", "1000000000000.00", "-1000000000000.00")
    ]
    assert {(row[0], row[1], row[3]) for row in rows[1:]} == {("", "-3", "2026-11-01 00:00:01")}
    assert raw.startswith(b"\xef\xbb\xbf") and raw.count(b"\xef\xbb\xbf") == 1 and b"'" not in raw
    assert raw.count(b"\r\n") == 7


async def test_a_hostile_title_is_text_too():
    _, rows = await csv_of(sheet(columns=[sheets.Column("=1+1", "text")]))
    assert rows == [["'=1+1"]]


async def test_a_workbook_says_every_cell_as_what_it_is():
    texts = [*HOSTILE, *HARMLESS]
    amounts = [-1, 0, 99, -12_345, 10**14, 99_999_999_999_999] * 7
    rows = [[text, number, fen, AT] for number, (text, fen) in enumerate(zip(texts, amounts, strict=False))]
    book = await book_of(sheet(rows[:5], [], rows[5:], title="一"), sheet([[None] * 4], title="二"))
    assert book.sheetnames == ["一", "二"]
    read = list(book["一"].iter_rows())
    assert [cell.value for cell in read[0]] == [column.title for column in COLUMNS]
    assert len(read) == len(rows) + 1
    for row, (text, number, fen, _) in zip(read[1:], rows, strict=True):
        said, counted, amount, moment = row
        assert (said.data_type, unescape(said.value), said.hyperlink) == ("s", text, None)
        assert (counted.value, round(amount.value * 100), amount.data_type) == (number, fen, "n")
        assert moment.value == datetime(2026, 11, 1, 0, 0, 1)
        assert "0.00" in amount.number_format and moment.is_date


async def test_making_a_workbook_leaves_nothing_behind(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    file = await sheets.as_xlsx([sheet([["a", 1, 2, AT]])])
    assert list(tmp_path.iterdir()) == [] and file.read(2) == b"PK"
    file.close()

    async def broken():
        yield [["a", 1, 2, AT]]
        raise LookupError("the database went away")

    with pytest.raises(LookupError):
        await sheets.as_xlsx([sheets.Sheet("表", COLUMNS, broken())])
    with pytest.raises(RuntimeError, match="no workbook came of it"):
        await sheets.as_xlsx([sheet([["a", 1, 2, AT]] * 9, title="a title [that] no workbook can have")])
    assert list(tmp_path.iterdir()) == []
    assert workbooks._making == 0


async def test_too_many_workbooks_at_once_are_refused(monkeypatch):
    monkeypatch.setattr(workbooks, "_making", workbooks.AT_ONCE)
    with pytest.raises(sheets.WorkbooksBusy):
        await sheets.as_xlsx([sheet()])


def test_the_event_loops_process_does_not_load_the_workbook_writer():
    assert "xlsxwriter" not in Path(workbooks.__file__).read_text("utf-8").replace("workbook_process", "")
    loaded = "import sys; from core import sheets; sys.exit('xlsxwriter' in sys.modules)"  # not in this process: tests load it
    assert (
        subprocess.run([sys.executable, "-c", loaded], cwd=Path(sheets.__file__).parents[2]).returncode == 0
    )


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("明细.csv", "attachment; filename=\"file.csv\"; filename*=UTF-8''%E6%98%8E%E7%BB%86.csv"),
        ("a b.xlsx", "attachment; filename=\"a b.xlsx\"; filename*=UTF-8''a%20b.xlsx"),
        ('x"\r\nSet-Cookie: a=b', "attachment; filename=\"x_Set-Cookie_ a=b\"; filename*=UTF-8''x_Set-Cookie_%20a%3Db"),
        ("../../etc/passwd", "attachment; filename=\"etc_passwd\"; filename*=UTF-8''_.._etc_passwd"),
        ("a\u202excod.csv", "attachment; filename=\"a_xcod.csv\"; filename*=UTF-8''a_xcod.csv"),
        ("a'b;c.csv", "attachment; filename=\"a'b;c.csv\"; filename*=UTF-8''a%27b%3Bc.csv"),
        ("...", "attachment; filename=\"file\"; filename*=UTF-8''file"),
    ],
)  # fmt: skip
def test_file_names_are_written_by_rfc_5987_whatever_is_in_them(name, header):
    assert downloads.disposition(name) == header


def test_a_download_says_what_it_is():
    found = kit.download(io.BytesIO(b""), name="明细.csv", media_type=kit.CSV, locale="zh-CN")
    assert found.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert (found.headers["Content-Language"], found.headers["Vary"]) == ("zh-CN", "Accept-Language")
