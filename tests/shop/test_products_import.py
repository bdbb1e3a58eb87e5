"""Products from tables: hostile ones, wrong ones, and those that are taken."""

import asyncio
import io
import zipfile

import openpyxl
import pytest

from core import db as database
from shop import categories, products, products_export, products_import, search, shelf, stock
from tests import factories

HEAD = "商品编号,商品名称,商品描述,分类,状态,规格名称,规格,规格编号,条码,标价,重量（克）,库存"


def table(*lines, head=HEAD, encoding="utf-8"):
    return "\r\n".join([head, *lines]).encode(encoding)


def book(*rows, head=HEAD):
    made = openpyxl.Workbook()
    for row in (head.split(","), *rows):
        made.active.append(row)
    file = io.BytesIO()
    made.save(file)
    return file.getvalue()


async def take(file, *, is_dry=False, key=None):
    return await products_import.take(1, file, is_dry=is_dry, key=key or factories.key())


async def count():
    return await database.fetchrow(
        "SELECT (SELECT count(*) FROM product) AS products, (SELECT count(*) FROM sku) AS skus"
    )


def faults(outcome):
    return [(fault.row, fault.column, fault.kind) for fault in outcome.faults]


CUP = "CUP,茶杯,好看,茶具; 礼品,上架,,颜色=红; 尺寸=大,C-1,690,28.5,120,7"
CUP_BLUE = "CUP,,,,,,尺寸=小；颜色=蓝,C-2,,30,,"
TEA = "TEA,龙井,,,下架,50克,,,,9.90,,3"


async def made_categories():
    for name in ("茶具", "礼品"):
        await categories.add(1, categories.Terms(name), key=factories.key())


async def test_a_table_adds_products_and_the_same_once_more_changes_them(db):
    await made_categories()
    outcome = await take(table(CUP, CUP_BLUE, "", TEA))
    assert (outcome.is_taken, outcome.rows, outcome.products_added, outcome.skus_added, outcome.faults) == (
        True,
        3,
        2,
        3,
        [],
    )
    cup, tea = await products.page(off_shelf_too=True)
    assert (cup.code, cup.name, cup.state, tea.state) == ("CUP", "茶杯", "on_shelf", "off_shelf")
    assert [(axis.name, axis.values) for axis in cup.axes] == [("颜色", ("红", "蓝")), ("尺寸", ("大", "小"))]
    assert [(one.name, one.price_fen, one.weight_g) for one in cup.skus] == [
        ("红 / 大", 2_850, 120),
        ("蓝 / 小", 3_000, 0),
    ]
    assert len(cup.category_ids) == 2 and await factories.available([cup.skus[0].id]) == {cup.skus[0].id: 7}
    assert [one.by for one in await stock.movements(cup.skus[0].id)] == ["operator:1"]
    assert [one.name for one in await search.find(search.Wanted("chabei"), shelf.Looking())] == ["茶杯"]
    assert await database.fetchval("SELECT lowest_fen FROM product WHERE id = $1", cup.id) == 2_850

    again = await take(
        table("CUP,大茶杯,,,,,,C-1,,20,,99", "TEA,,,,上架,50克,,T-1,,,,", "TEA,,,,,100克,,,,18,,1")
    )
    assert (again.products_added, again.products_changed, again.skus_added, again.skus_changed) == (
        0,
        2,
        1,
        2,
    )
    cup, tea = await products.page()
    assert (cup.name, cup.description, len(cup.category_ids), cup.skus[0].price_fen) == (
        "大茶杯",
        "好看",
        2,
        2_000,
    )
    assert await factories.available([cup.skus[0].id]) == {cup.skus[0].id: 7}  # people buy it meanwhile
    assert [(one.name, one.code, one.price_fen) for one in tea.skus] == [
        ("50克", "T-1", 990),
        ("100克", None, 1_800),
    ]


async def test_what_is_exported_can_be_taken_again(db):
    await made_categories()
    await take(table(CUP, CUP_BLUE, TEA))
    await products.add(name="无编号", description="", skus=[products.NewSku("一份", 100, 5)])
    await products.change((await products.page())[0].id, name="=HYPERLINK(茶杯)")
    before = await products.page(off_shelf_too=True)
    for locale in ("zh-CN", "en"):
        as_csv = b"".join([piece async for piece in products_export.as_csv(locale)])
        with await products_export.as_xlsx(locale) as file:
            as_xlsx = file.read()
        for exported in (as_csv, as_xlsx):
            outcome = await take(exported)
            assert (outcome.is_taken, outcome.products_changed, outcome.skus_changed, outcome.skus_added) == (
                True,
                3,
                4,
                0,
            )
    assert await products.page(off_shelf_too=True) == before


@pytest.mark.parametrize(
    "file",
    [
        table(TEA, encoding="gb18030"),
        table(TEA, encoding="utf-8-sig"),
        table(TEA, encoding="utf-16"),
        table(TEA.replace(",", "\t"), head=HEAD.replace(",", "\t")),
        b"\r\n,,\r\n" + table(TEA),
        book(["TEA", "龙井", None, None, "下架", "50克", None, None, None, 9.9, None, 3]),
    ],
    ids=["gbk", "bom", "utf-16", "tabs", "blank lines", "xlsx"],
)
async def test_what_spreadsheets_write_is_read(db, file):
    assert (await take(file)).is_taken
    (tea,) = await products.page(off_shelf_too=True)
    assert (tea.name, tea.skus[0].name, tea.skus[0].price_fen) == ("龙井", "50克", 990)


@pytest.mark.parametrize(
    ("lines", "wrong"),
    [
        ([",龙井,,,,x,,,,1,,"], [(2, "product_code", "needed")]),
        (["#99,龙井,,,,x,,,,1,,"], [(2, "product_code", "unknown")]),
        (["T 1,龙井,,,,x,,,,1,,"], [(2, "product_code", "code")]),
        (["T,,,,,x,,,,1,,"], [(2, "name", "needed")]),
        (["T,龙井,,,,x,,,,,,"], [(2, "price", "needed")]),
        (["T,龙井,,,,,,,,1,,"], [(2, "sku_name", "needed")]),
        ([f"T,{'长' * 61},,,,x,,,,1,,"], [(2, "name", "text")]),
        (["T,龙井,,,,x,,,,1.005,,"], [(2, "price", "amount")]),
        (["T,龙井,,,,x,,,,1,-1,1.5"], [(2, "weight", "number"), (2, "stock", "number")]),
        (["T,龙井,,,卖,x,,,,1,,"], [(2, "state", "state")]),
        (["T,龙井,,没有,,x,,,,1,,"], [(2, "categories", "category")]),
        (["T,龙井,,,,,红,,,1,,"], [(2, "specs", "specs"), (2, "sku_name", "needed")]),
        (["T,龙井,,,,,颜色=红,,,1,,", "T,,,,,,尺寸=大,,,1,,"], [(3, "specs", "axes")]),
        (["T,龙井,,,,,颜色=红,,,1,,", "T,,,,,x,,,,1,,"], [(3, "specs", "axes")]),
        (["T,龙井,,,,x,,,,1,,", "T,毛峰,,,,y,,,,1,,"], [(3, "name", "differs")]),
        (["T,龙井,,,,x,,,,1,,", "T,,,,,x,,,,1,,"], [(3, "sku_name", "twice")]),
        (["T,龙井,,,,x,,A,,1,,", "U,毛峰,,,,y,,A,,1,,"], [(3, "sku_code", "twice")]),
        (["T,龙井,,,,x,,OLD,,1,,"], [(2, "sku_code", "taken")]),
        (
            ["#A,龙井,,,,x,,,,1,,", "#0,龙井,,,,x,,,,1,,"],
            [(2, "product_code", "code"), (3, "product_code", "code")],
        ),
    ],
)
async def test_a_wrong_row_is_said_and_keeps_everything_out(db, lines, wrong):
    old = products.NewProduct("旧", "", [products.NewSku("一份", 100, 5, code="OLD")])
    await products.add_once(1, old, key=factories.key())
    good = "GOOD,好的,,,,x,,,,1,,"
    outcome = await take(table(*lines, good))
    assert faults(outcome) == wrong and not outcome.is_taken
    assert tuple(await count()) == (1, 1)
    for fault in outcome.faults:
        assert fault.sentence("zh-CN") and fault.sentence("en")


async def test_one_sku_said_twice_by_its_code_and_its_name_is_refused(db):
    assert (await take(table("T,龙井,,,,50克,,A,,1,,"))).is_taken
    outcome = await take(table("T,,,,,,,A,,2,,", "T,,,,,50克,,,,3,,"))
    assert faults(outcome) == [(3, "sku_name", "twice")]


async def test_a_dry_run_takes_nothing_and_leaves_the_key(db):
    dry = await take(table(TEA), is_dry=True, key="the-same-key")
    assert (dry.products_added, dry.skus_added, dry.is_taken, dry.faults) == (1, 1, False, [])
    assert tuple(await count()) == (0, 0)
    done = await take(table(TEA), key="the-same-key")
    assert done.is_taken and await take(table(TEA), key="the-same-key") == done
    assert tuple(await count()) == (1, 1)
    with pytest.raises(products_import.KeyReused):
        await take(table(CUP), key="the-same-key")


async def test_two_imports_at_once_take_everything_once(db):
    lines = [f"P{n},商品{n},,,,一份,,S{n},,1,,5" for n in range(40)]
    ended = await asyncio.gather(*(take(table(*lines)) for _ in range(3)), return_exceptions=True)
    assert {type(one).__name__ for one in ended} <= {"Outcome", "ImportUnderWay"}
    assert sum(getattr(one, "products_added", 0) for one in ended) == 40
    assert tuple(await count()) == (40, 40)


def bomb():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/worksheets/sheet1.xml", b"0" * (80 * 1024 * 1024))
    return file.getvalue()


@pytest.mark.parametrize(
    ("file", "refusal"),
    [
        (b"", products_import.SheetUnreadable),
        (b"\xff\xfe\x00", products_import.SheetUnreadable),
        (b"\x80\x81\xff", products_import.SheetUnreadable),
        (b"PK\x03\x04 nothing of the kind", products_import.SheetUnreadable),
        (b"%PDF-1.7", products_import.SheetUnreadable),
        (table(TEA, head="a,b"), products_import.SheetUnreadable),
        (table(TEA, head=HEAD.replace("商品编号", "别的")), products_import.SheetUnreadable),
        (table(TEA, head=HEAD + ",标价"), products_import.SheetUnreadable),
        (table(TEA).replace(b"50", b"\0"), products_import.SheetUnreadable),
        (bomb(), products_import.SheetTooLarge),
        (table(*[TEA] * (products_import.MAX_ROWS + 1)), products_import.SheetTooLarge),
        (b"x" * (products_import.MAX_BYTES + 1), products_import.SheetTooLarge),
    ],
    ids=lambda given: given.__name__ if isinstance(given, type) else f"{len(given)} bytes",
)
async def test_files_that_are_no_tables_or_too_large_are_refused(db, file, refusal):
    with pytest.raises(refusal):
        await take(file)
    assert tuple(await count()) == (0, 0)


async def test_formulas_are_refused_and_what_looks_like_one_is_text(db):
    row = ["T", "=1+1", None, None, None, "一份", None, None, None, '=HYPERLINK("http://x")', None, 3]
    assert faults(await take(book(row)))[:2] == [(2, "name", "formula"), (2, "price", "formula")]
    assert (await take(table("T,=1+1,,,,一份,,,,1,,"))).is_taken
    assert [one.name for one in await products.page()] == ["=1+1"]
    assert faults(await take(table(f"T,{'x' * 6000},,,,一份,,,,1,,"))) == [(2, "name", "too_long")]
