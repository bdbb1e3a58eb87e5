"""What the demo's shop sells: tea, things to eat with it, what one drinks it from, and the writing room upstairs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from app import demo_pictures
from core import clock
from shop import bookables, categories, freight, images, price_rules, products
from shop.specs import Axis

_CATEGORIES = {
    "茗茶": ("绿茶", "红茶", "花草茶"),
    "茶点": ("糕点",),
    "茶器": ("杯盏", "壶承"),
    "书画": ("课程", "文房四宝"),
    "文创": ("礼盒", "手账书签"),
}
_TAX_PERCENT = {"课程": 6}
"""Services; everything else is taxed at the shop's own rate."""
Skus = tuple[tuple[tuple[str, ...], int, int, int], ...]
"""Each: its value of every axis, price in fen, stock, weight in grams."""


@dataclass(frozen=True, slots=True)
class Goods:
    """A product: in which category, what is drawn of it, what it is sold in."""

    code: str
    name: str
    category: str
    pictures: tuple[tuple[str, str], ...]
    description: str
    axes: tuple[Axis, ...]
    skus: Skus
    freight: str | None = None


def _sizes(*values: str) -> tuple[Axis, ...]:
    return (Axis("规格", values),)


LESSON = "茶艺体验课"
"""What is booked; a place costs the SKU TY-1."""
_LOCAL, _NONE = "同城鲜送", "无需配送"
GOODS = (
    Goods("LJ", "明前龙井", "绿茶", (("leaves", "green"), ("cup", "green")), "西湖一级产区，清明前手采，豆香清扬。",
          (Axis("等级", ("一级", "特级")), Axis("包装", ("50克", "100克礼盒"))),
          ((("一级", "50克"), 6_800, 120, 120), (("一级", "100克礼盒"), 12_800, 40, 350), (("特级", "50克"), 9_800, 36, 120), (("特级", "100克礼盒"), 18_800, 0, 350))),
    Goods("LS", "六安瓜片", "绿茶", (("tin", "green"),), "单片无芽无梗，汤色碧绿，回甘长。", _sizes("100克"), ((("100克",), 7_600, 50, 180),)),
    Goods("ZS", "正山小种", "红茶", (("tin", "red"),), "桐木关松烟香，暖胃红茶。", _sizes("75克罐装"), ((("75克罐装",), 5_800, 80, 220),)),
    Goods("JJ", "九曲红梅", "红茶", (("cup", "red"),), "杭州本地红茶，梅香细腻，宜清饮。", _sizes("50克", "150克"), ((("50克",), 4_600, 60, 120), (("150克",), 12_600, 24, 260))),
    Goods("ML", "冷泡茉莉花茶", "花草茶", (("bottle", "gold"),), "横县茉莉，六窨一提，冷水即泡。", _sizes("10包", "30包"), ((("10包",), 2_900, 200, 90), (("30包",), 7_900, 60, 240))),
    Goods("GH", "手作桂花糕", "糕点", (("cake", "gold"),), "当日现做，配茶刚好；只送杭州城区，次日达。", _sizes("一份"), ((("一份",), 1_800, 30, 320),), _LOCAL),
    Goods("LD", "绿豆冰糕", "糕点", (("cake", "green"),), "低糖细沙，冷藏两日内食用；只送杭州城区。", _sizes("六枚"), ((("六枚",), 2_600, 3, 360),), _LOCAL),
    Goods("GW", "白瓷盖碗", "杯盏", (("gaiwan", "blue"), ("gaiwan", "white")), "景德镇手拉坯，120毫升，青花点釉或素白。", (Axis("釉色", ("青花", "素白")),),
          ((("青花",), 8_800, 25, 420), (("素白",), 7_800, 18, 420))),
    Goods("ZH", "紫砂小壶", "壶承", (("teapot", "red"),), "宜兴原矿朱泥，150毫升，一手可握。", _sizes("150毫升"), ((("150毫升",), 26_800, 8, 520),)),
    Goods("TY", "茶艺体验课（单次）", "课程", (("cup", "white"),), "90分钟，含三款茶；到店上课。", _sizes("一位"), ((("一位",), 9_900, 12, 0),), _NONE),
    Goods("SF", "书法入门班", "课程", (("brush", "ink"),), "楷书起笔到成幅，小班八人，笔墨纸砚店里备好。", (Axis("时段", ("周六上午", "周日下午")), Axis("课时", ("试听一节", "十节"))),
          ((("周六上午", "试听一节"), 5_900, 6, 0), (("周六上午", "十节"), 88_000, 4, 0), (("周日下午", "试听一节"), 5_900, 8, 0), (("周日下午", "十节"), 88_000, 8, 0)), _NONE),
    Goods("YT", "歙砚小品", "文房四宝", (("inkstone", "ink"),), "龙尾石，发墨细润，附一锭油烟墨。", _sizes("四寸"), ((("四寸",), 16_800, 10, 900),)),
    Goods("SS", "山水小轴", "文房四宝", (("scroll", "blue"),), "驻店画师手绘，装裱好可直接悬挂。", _sizes("30×60厘米"), ((("30×60厘米",), 36_800, 5, 600),)),
    Goods("LH", "四时茶礼", "礼盒", (("box", "green"), ("tin", "red")), "一季一茶，龙井、红梅、茉莉与陈皮，附手写贺卡。", _sizes("标准装", "典藏装"), ((("标准装",), 23_800, 30, 900), (("典藏装",), 45_800, 10, 1_500))),
    Goods("ZS2", "手绘折扇", "礼盒", (("fan", "rose"),), "七寸素面宣纸扇，梅枝手绘，可题字。", _sizes("七寸"), ((("七寸",), 6_600, 20, 160),)),
    Goods("SZ", "线装手账本", "手账书签", (("book", "blue"),), "宣纸内页160面，靛蓝棉布封面。", (Axis("封面", ("靛蓝", "月白")),), ((("靛蓝",), 4_800, 40, 320), (("月白",), 4_800, 40, 320))),
    Goods("SQ", "茶叶书签（三枚）", "手账书签", (("bookmark", "green"),), "真茶叶脉压制，每枚都不同。", _sizes("三枚"), ((("三枚",), 1_900, 150, 30),)),
)  # fmt: skip


async def load(operator_id: int, store: images.Store) -> None:
    """Adds all of it, with freight and prices; what is there already stays. The last in the list is added first: new things come first."""
    shelves = await _categories(operator_id)
    templates = await _freight(operator_id)
    for goods in reversed(GOODS):
        product = await _add(operator_id, goods)
        await categories.put_product(product.id, [shelves[goods.category]])
        await freight.assign(product.id, templates.get(goods.freight or ""))
        for nth, (motif, palette) in enumerate(goods.pictures):
            file = demo_pictures.draw(motif, palette)
            await images.add(store, operator_id, product.id, file, key=f"demo-picture-{goods.code}-{nth}")


async def _add(operator_id: int, goods: Goods) -> products.Product:
    skus = tuple(
        products.NewSku("", price_fen, stock, values, code=f"{goods.code}-{n}", weight_g=weight_g)
        for n, (values, price_fen, stock, weight_g) in enumerate(goods.skus, start=1)
    )
    new = products.NewProduct(goods.name, goods.description, skus, code=goods.code, axes=goods.axes)
    return await products.add_once(operator_id, new, key=f"demo-product-{goods.code}")


async def _categories(operator_id: int) -> dict[str, int]:
    made: dict[str, int] = {}
    for place, (name, inner) in enumerate(_CATEGORIES.items()):
        terms = categories.Terms(name, sort_order=place)
        made[name] = (await categories.add(operator_id, terms, key=f"demo-category-{name}")).id
        for nth, within in enumerate(inner):
            terms = categories.Terms(within, made[name], nth, tax_percent=_TAX_PERCENT.get(within))
            made[within] = (await categories.add(operator_id, terms, key=f"demo-category-{within}")).id
    return made


async def _freight(operator_id: int) -> dict[str, int]:
    """By weight over the country, cakes in Hangzhou only, lessons not at all."""
    zone = freight.Zone
    wanted = (
        freight.Wanted("全国按重", "weight", (
            zone(("31", "32", "33"), first_units=1_000, first_fen=800, next_units=1_000, next_fen=200, free_from_fen=9_900),
            zone(("54", "65"), is_refused=True),
            zone((), first_units=1_000, first_fen=1_200, next_units=1_000, next_fen=600, free_from_fen=19_900),
        ), is_default=True),
        freight.Wanted(_LOCAL, "pieces", (zone(("3301",), first_units=3, first_fen=600, next_units=3, next_fen=300),)),
        freight.Wanted(_NONE, "pieces", (zone(()),)),
    )  # fmt: skip
    made = [await freight.add(operator_id, one, key=f"demo-freight-{one.name}") for one in wanted]
    return {one.name: one.id for one in made}


async def skus() -> dict[str, int]:
    """The ids of all SKUs by their codes."""
    found = [sku for product in await products.page(limit=100) for sku in product.skus]
    return {sku.code: sku.id for sku in found if sku.code is not None}


async def prices(operator_id: int) -> None:
    """Some of it is less for who has a tier, at a store, or for a while."""
    by_code = await skus()
    until = clock.start_of(clock.today() + timedelta(days=60))
    rule = price_rules.NewRule
    for code, new in (
        ("LJ-1", rule(6_200, tier="silver")),
        ("LJ-1", rule(5_800, tier="gold")),
        ("ZS-1", rule(4_900, until_at=until)),
        ("GW-1", rule(7_900, store="west-lake")),
        ("SZ-1", rule(3_900, until_at=until)),
    ):
        key = f"demo-price-{code}-{new.tier}-{new.store}"
        await price_rules.add(operator_id, by_code[code], new, key=key)


async def lessons(operator_id: int) -> None:
    """The tea lesson can be booked, three times a week, and is paid at booking; the trial with the brush, after it."""
    time = bookables.Time
    skus_by_code = await skus()
    tea_times = (time(3, "19:00", 90, 6), time(6, "14:00", 90, 8), time(7, "10:00", 90, 8))
    brush_times = (time(6, "09:30", 60, 2), time(7, "15:00", 60, 1))
    wanted = bookables.Wanted(LESSON, skus_by_code["TY-1"], "at_booking", tea_times, store="west-lake")
    await bookables.add(operator_id, wanted, key="demo-bookable")
    wanted = bookables.Wanted(
        "书法试听课", skus_by_code["SF-1"], "at_attendance", brush_times, store="wulin", charges_late=False
    )
    await bookables.add(operator_id, wanted, key="demo-bookable-brush")
