"""Freight: by region, weight or pieces, free from an amount, refused where nothing is sent."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import db as database
from core import errors
from shop import freight, freight_rules, products
from shop.freight import Line, Wanted, Zone
from tests import factories

NEAR = Zone(
    ("31", "32", "3301"), first_units=1_000, first_fen=800, next_units=500, next_fen=200, free_from_fen=9_900
)
FAR = Zone(("54", "65"), first_units=1_000, first_fen=3_000, next_units=500, next_fen=1_500)
REST = Zone((), first_units=1_000, first_fen=1_200, next_units=1_000, next_fen=500, free_from_fen=19_900)
ISLAND = Zone(("330105", "46"), is_refused=True)


async def template(*zones, by="weight", default=False, name=None):
    return await freight.add(
        1,
        Wanted(name or factories.key(), by, zones or (NEAR, FAR, REST, ISLAND), default),
        key=factories.key(),
    )


async def test_without_a_template_sending_costs_nothing(db):
    sku = await factories.sku()
    assert await freight.fee("330106", [Line(sku.id, 3, 900)], 100) == 0


@pytest.mark.parametrize(
    ("region", "grams", "goods_fen", "fen"),
    [
        ("310101", 1, 0, 800),
        ("310101", 1_000, 9_899, 800),
        ("310101", 1_001, 0, 1_000),
        ("310101", 1_501, 0, 1_200),
        ("310101", 9_999, 9_900, 0),
        ("330106", 500, 0, 800),
        ("330206", 500, 0, 1_200),
        ("330206", 2_001, 19_899, 2_200),
        ("330206", 2_001, 19_900, 0),
        ("540102", 1_700, 10**7, 6_000),
    ],
)
async def test_the_closest_zone_counts_by_the_gram(db, region, grams, goods_fen, fen):
    sku = await factories.sku()
    await template(default=True)
    assert await freight.fee(region, [Line(sku.id, 1, grams)], goods_fen) == fen


async def test_a_district_its_zone_refuses_is_not_sent_to_though_its_city_is(db):
    sku = await factories.sku()
    await template(default=True)
    with pytest.raises(freight.NotDeliveredThere) as refused:
        await freight.fee("330105", [Line(sku.id, 1, 1)], 0)
    assert refused.value.params == {"region_code": "330105", "sku_ids": [sku.id]}


async def test_where_no_zone_reaches_nothing_is_sent(db):
    sku = await factories.sku()
    await template(NEAR, default=True)
    with pytest.raises(freight.NotDeliveredThere):
        await freight.fee("440305", [Line(sku.id, 1, 1)], 0)


@pytest.mark.parametrize("region", ["", "3301", "0", "03301060", "33010a", "３３０１０６"])
async def test_what_is_no_region_is_refused(db, region):
    with pytest.raises(freight.RegionInvalid):
        await freight.fee(region, [], 0)


async def test_each_templates_goods_travel_as_one_parcel(db):
    first, second, third = [await factories.sku() for _ in range(3)]
    await template(default=True)
    by_piece = await template(Zone((), first_units=2, first_fen=500, next_units=1, next_fen=100), by="pieces")
    await freight.assign(await product_of(third), by_piece.id)
    lines = [Line(first.id, 2, 300), Line(second.id, 1, 600), Line(third.id, 4, 99_999)]
    assert await freight.fee("310101", lines, 0) == 1_000 + 700
    assert await freight.fee("310101", lines, 10_000) == 700
    await freight.assign(await product_of(third), None)
    assert await freight.fee("310101", [Line(third.id, 4, 250)], 0) == 800


async def product_of(sku):
    return await database.fetchval("SELECT product_id FROM sku WHERE id = $1", sku.id)


async def test_a_new_default_takes_the_olds_place_also_of_two_at_once(db):
    made = await asyncio.gather(*(template(default=True) for _ in range(4)))
    assert len(made) == 4
    assert [one.is_default for one in await freight.page()].count(True) == 1
    held = next(one for one in await freight.page() if not one.is_default)
    wanted = Wanted("新的默认", "pieces", (Zone(),), True)
    for _ in range(2):
        await freight.change(1, held.id, wanted, key="the-same-key")
    assert [one.name for one in await freight.page() if one.is_default] == ["新的默认"]


async def test_one_that_is_ended_frees_its_name_and_its_products(db):
    sku = await factories.sku()
    one = await template(Zone((), first_fen=100), name="江浙沪")
    await freight.assign(await product_of(sku), one.id)
    assert await freight.fee("310101", [Line(sku.id, 1)], 0) == 100
    with pytest.raises(freight.FreightTemplateNameTaken):
        await template(name="江浙沪")
    await freight.end(1, one.id)
    assert await freight.fee("310101", [Line(sku.id, 1)], 0) == 0
    await template(name="江浙沪")
    for act in (freight.end(1, one.id), freight.get(one.id), freight.assign(await product_of(sku), one.id)):
        with pytest.raises(freight.NoSuchFreightTemplate):
            await act
    with pytest.raises(products.NoSuchProduct):
        await freight.assign(999_999, None)
    with pytest.raises(freight.NoSuchFreightTemplate):
        await freight.change(1, one.id, Wanted("x", "pieces", (Zone(),)), key=factories.key())


async def test_the_same_key_adds_one(db):
    wanted = Wanted("江浙沪", "weight", (NEAR,))
    made = await asyncio.gather(*(freight.add(1, wanted, key="the-same-key") for _ in range(3)))
    assert len({one.id for one in made}) == 1
    with pytest.raises(freight.KeyReused):
        await freight.add(1, Wanted("别的", "weight", (NEAR,)), key="the-same-key")


@pytest.mark.parametrize(
    ("zones", "field"),
    [
        ((), "zones"),
        ((Zone(("31",)), Zone(("32", "31"))), "regions"),
        ((Zone(), Zone()), "regions"),
        ((Zone(("3",)),), "regions"),
        ((Zone(("330",)),), "regions"),
        ((Zone(("03",)),), "regions"),
        ((Zone(first_units=0),), "first_units"),
        ((Zone(next_units=0),), "next_units"),
        ((Zone(next_units=2_000_000),), "next_units"),
        ((Zone(first_fen=-1),), "first_fen"),
        ((Zone(next_fen=10**15),), "next_fen"),
        ((Zone(free_from_fen=-5),), "free_from_fen"),
        (tuple(Zone((f"{n}",)) for n in range(11, 99)) * 2, "zones"),
    ],
)
def test_zones_that_do_not_fit_are_refused(zones, field):
    with pytest.raises(freight.FreightTemplateInvalid) as refused:
        freight_rules.refuse_misfit(zones)
    assert refused.value.params["field"] == field and isinstance(refused.value, errors.Invalid)


@given(
    st.integers(1, 5_000),
    st.integers(0, 9_999),
    st.integers(1, 5_000),
    st.integers(0, 9_999),
    st.integers(0, 10**6),
)
def test_more_never_costs_less_and_one_unit_more_costs_one_further_fee_at_most(
    first, first_fen, further, fen, units
):
    zone = Zone((), False, first, first_fen, further, fen)
    less, more = zone.fee(units, 0), zone.fee(units + 1, 0)
    assert less <= more <= less + fen
    assert less == first_fen + fen * len(range(first, units, further))
